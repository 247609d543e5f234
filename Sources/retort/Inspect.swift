import ArgumentParser
import Checkpoints
import Foundation
import Pipeline
import Tokenizers

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model or an adapter consists of: configuration, tensors, scale, tokenizer, template.")

    @Argument(help: "A GGUF file, a safetensors file, a Hugging Face folder or repository id, or a PEFT adapter folder.")
    var path: String

    @Flag(help: "List every tensor.")
    var tensors = false

    @OptionGroup var json: JSONOptions

    /// What is printed, in order; the machine-readable result is the same, as an object.
    private struct Result: Encodable {
        var kind: String
        var facts: [Fact]
        var tensors: [TensorLine]

        struct Fact: Encodable {
            let name: String
            let value: String
        }
        struct TensorLine: Encodable {
            let name: String
            let type: String
            let shape: [Int]
        }

        mutating func add(_ name: String, _ value: String) { facts.append(Fact(name: name, value: value)) }
    }

    func run() throws {
        let result: Result
        if FileManager.default.fileExists(atPath: path + "/" + AdapterFile.configurationName) {
            result = try adapter()
        } else if path.hasSuffix(".safetensors") {
            result = try safetensors()
        } else {
            result = try model()
        }
        print("\(path): \(result.kind)")
        let width = result.facts.map(\.name.count).max() ?? 0
        for fact in result.facts {
            print("  " + fact.name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + fact.value)
        }
        if tensors { for line in result.tensors { print("  \(line.name)  \(line.type)  \(line.shape)") } }
        try json.write(result)
    }

    private func adapter() throws -> Result {
        let file = try AdapterFile.read(path)
        let configuration = file.configuration
        var result = Result(kind: "PEFT adapter", facts: [], tensors: [])
        result.add("rank", "\(configuration.rank)")
        result.add("alpha", "\(configuration.alpha)")
        let scale = configuration.useRSLoRA
            ? configuration.alpha / Double(configuration.rank).squareRoot() : configuration.alpha / Double(configuration.rank)
        result.add(
            "scale", "\(number(scale)) (" + (configuration.useRSLoRA ? "rank-stabilised, alpha/√rank" : "alpha/rank") + ")")
        result.add("targets", file.targetNames.joined(separator: ", "))
        if configuration.layers != nil || configuration.targetsWholePaths { result.add("blocks", file.blocks.map(String.init).joined(separator: ", ")) }
        if !configuration.rankPattern.isEmpty || !configuration.alphaPattern.isEmpty {
            let scales = Set(file.modules.map { configuration.scale(of: $0) }).sorted()
            result.add("patterns", "ranks or alphas differ by module; scales \(scales.map(number).joined(separator: ", "))")
        }
        result.add("dropout", "\(configuration.dropout)")
        if let base = configuration.baseModel { result.add("base model", base) }
        result.add("modules", "\(file.modules.count)")
        let count = file.tensors.values.reduce(0) { $0 + $1.a.elementCount + $1.b.elementCount }
        result.add("parameters", "\(count) (\(AdapterSize.short(count)))")
        for module in file.modules {
            guard let factors = file.tensors[module] else { continue }
            for (factor, tensor) in [(AdapterFile.Factor.a, factors.a), (.b, factors.b)] {
                result.tensors.append(Result.TensorLine(
                    name: AdapterFile.tensorName(module, factor), type: "\(tensor.type)", shape: tensor.shape))
            }
        }
        return result
    }

    private func safetensors() throws -> Result {
        let file = try Safetensors(path: path)
        var result = Result(kind: "safetensors", facts: [], tensors: [])
        result.add("tensors", "\(file.tensors.count)")
        result.add("elements", "\(file.tensors.values.reduce(0) { $0 + $1.elementCount })")
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) { result.add(key, value) }
        result.tensors = lines(file.tensors)
        return result
    }

    private func model() throws -> Result {
        let checkpoint = try Checkpoint.open(path)
        let configuration = checkpoint.configuration
        let shape = ModelShape(configuration)
        var result = Result(kind: checkpoint.gguf == nil ? "Hugging Face model" : "GGUF model", facts: [], tensors: [])
        result.add("files", checkpoint.files.joined(separator: ", "))
        result.add("family", configuration.family.rawValue)
        let count = AdapterSize.baseParameters(shape)
        result.add("parameters", "\(count) (\(AdapterSize.short(count)))")
        result.add("layers", "\(configuration.layerCount)")
        result.add("hidden", "\(configuration.hiddenSize), feed-forward \(configuration.intermediateSize)")
        result.add(
            "heads", "\(configuration.headCount) of \(configuration.headSize), key/value heads \(configuration.keyValueHeadCount)")
        result.add("vocabulary", "\(configuration.vocabularySize), head \(configuration.tiesEmbeddings ? "tied to the embedding" : "of its own")")
        result.add("context", "\(configuration.contextLength)")
        result.add("RoPE", "theta \(number(configuration.ropeTheta)), scaling \(configuration.ropeScaling)")
        result.add("RMSNorm", "epsilon \(configuration.normEpsilon)")
        result.add("biases", configuration.attentionBias ? "on q, k and v" : "none")
        result.add("q/k norms", configuration.usesQueryKeyNorm ? "yes" : "no")
        if checkpoint.isFourBit { result.add("weights", "4 bits, quantised by bitsandbytes") }
        if let gguf = checkpoint.gguf {
            result.add("GGUF", "version \(gguf.version), \(gguf.tensors.count) tensors, \(gguf.metadata.count) metadata keys")
            let types = Dictionary(gguf.tensors.values.map { ("\($0.type)", 1) }, uniquingKeysWith: +)
            result.add("types", types.sorted { $0.key < $1.key }.map { "\($0.key) × \($0.value)" }.joined(separator: ", "))
            result.tensors = lines(gguf.tensors)
        }
        do {
            let tokenizer = try Tokenizer.load(from: checkpoint)
            result.add("tokenizer", "\(tokenizer.vocabularySize) tokens, ends a turn with "
                + tokenizer.endTokens.sorted().map { tokenizer.decode([$0]) }.joined(separator: ", "))
            do {
                let template = try tokenizer.chatTemplate()
                result.add("template", "\(template.kind.rawValue), a turn ends with \(template.endOfTurn)")
                if let system = template.defaultSystem { result.add("default system", system) }
            } catch {
                result.add("template", "\(error)")
            }
        } catch {
            result.add("tokenizer", "\(error)")
        }
        let rank = 16
        let adapter = AdapterSize.parameters(rank: rank, modules: AdapterConfiguration.allProjections, shape: shape)
        result.add("an adapter", "of rank \(rank) on all projections has \(AdapterSize.short(adapter)) parameters")
        return result
    }

    private func lines(_ tensors: [String: StoredTensor]) -> [Result.TensorLine] {
        tensors.sorted { $0.key < $1.key }.map {
            Result.TensorLine(name: $0.key, type: "\($0.value.type)", shape: $0.value.shape)
        }
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(format: "%.4g", value)
    }
}
