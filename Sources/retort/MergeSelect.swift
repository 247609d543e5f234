import Agents
import ArgumentParser
import Evaluation
import Foundation
import Groundwork
import Merging
import Pipeline
import Questions
import Torch
import Transformers

/// `retort merge --select`: which merge is kept, decided by questions.
struct SelectOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Held-out questions, JSONL or a JSON array: try many merges on them and keep the best.", valueName: "file"))
    var select: String?

    @Option(help: "The base: a GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String?

    @Option(help: "letter, answer-first or reason-first. (default: letter)")
    var mode: AnswerMode?

    @Option(help: ArgumentHelp("What competes, separated by commas, or default. (default: \(MergeCandidate.standard.joined(separator: ",")); with --start also \(MergeCandidate.relative.joined(separator: ",")))", valueName: "list"))
    var candidates: String?

    @Option(help: ArgumentHelp("Questions that the last round asks at most. (default: all)", valueName: "questions"))
    var budget: Int?

    @Option(help: ArgumentHelp("An adapter that no merge made, such as one trained on the mixed data, to be beaten too; repeatable.", valueName: "dir"))
    var baseline: [String] = []

    @Option(help: ArgumentHelp("The domain or subject of each adapter, in their order, separated by commas: an adapter that is not better than the base on its own questions is left out. (default: the one in its folder's name, else all questions)", valueName: "names"))
    var own: String?

    @Flag(help: "Merge adapters that are not better than the base too.")
    var keepAll = false

    @Option(help: "Tokens of a reply at most, in modes that write. (default: 150)")
    var maxTokens: Int?

    @Option(help: "Questions answered side by side. (default: 16)")
    var slots: Int?

    @Option(help: "cpu, cuda, cuda:N, or auto. (default: auto)")
    var device: String?

    @Option(help: "The type to compute in: float32, bfloat16 or float16. (default: float32 on a CPU, bfloat16 on a GPU)")
    var dtype: ComputeOptions.Precision?

    @Option(help: "Keep the base's weights as int8 or nf4. (default: as --dtype says)")
    var quantization: Quantization?

    /// - Parameter given: options of a single merge that a candidate carries itself, and whether they were written.
    func validate(given: [(name: String, isGiven: Bool)], seed: UInt64) throws {
        let mine = [
            ("model", model != nil), ("mode", mode != nil), ("candidates", candidates != nil), ("budget", budget != nil), ("baseline", !baseline.isEmpty),
            ("own", own != nil), ("keep-all", keepAll), ("max-tokens", maxTokens != nil), ("slots", slots != nil), ("device", device != nil),
            ("dtype", dtype != nil), ("quantization", quantization != nil),
        ]
        guard select != nil else {
            if let name = mine.first(where: \.1)?.0 { throw ValidationError("--\(name) needs --select FILE with held-out questions.") }
            return
        }
        if let name = given.first(where: \.isGiven)?.name {
            throw ValidationError("--\(name) is of a single merge; with --select write it into a candidate: --candidates core:ties:density=0.5,linear.")
        }
        guard model != nil else { throw ValidationError("--select needs --model, which answers the questions.") }
        if mode == .vote { throw ValidationError("Merges race with one answer a question: letter, answer-first or reason-first.") }
        if mode == nil || mode == .letter, maxTokens != nil { throw ValidationError("--max-tokens needs a --mode that writes, such as reason-first.") }
        for (name, value) in [("budget", budget), ("max-tokens", maxTokens), ("slots", slots)] {
            if let value, value < 1 { throw ValidationError("--\(name) is a number of at least 1.") }
        }
        if let device, device != "auto", Device(device) == nil {
            throw ValidationError("'\(device)' is no device: write cpu, cuda, cuda:N or auto.")
        }
        do {
            _ = try chosen(start: nil, seed: seed)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private var isDefault: Bool { candidates == nil || candidates == "default" }

    private func chosen(start: String?, seed: UInt64) throws -> [MergeCandidate] {
        let names = isDefault
            ? MergeCandidate.standard + (start == nil ? [] : MergeCandidate.relative)
            : (candidates ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        return try names.map { try MergeCandidate($0, seed: seed) }
    }

    func run(_ path: String, _ inputs: [MergeInput], start: String?, seed: UInt64, threads: Int, output: String) throws -> SelectionReport {
        let owns = own.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
        if let owns, owns.count != inputs.count {
            throw ValidationError("--own has \(owns.count) names for \(inputs.count) adapters; give one for each, or none.")
        }
        let questions = try QuestionFile.read(path)
        let reference = model ?? ""
        let mode = mode ?? .letter
        let limits = AnswerLimits(newTokens: maxTokens ?? 150)
        var loaded: (model: LanguageModel, style: ChatStyle)?
        func base() throws -> (model: LanguageModel, style: ChatStyle) {
            if let loaded { return loaded }
            Console.note("loading \(reference)")
            let chosenDevice = try device.flatMap(Device.init) ?? .best()
            let model = try LanguageModel.load(reference, device: chosenDevice, dtype: dtype?.type, quantization: quantization)
            let made = (model, try ChatStyle(tokenizer: model.tokenizer, mode: mode, limits: limits))
            loaded = made
            return made
        }
        let precision = [quantization?.rawValue, dtype?.rawValue].compactMap { $0 }.joined(separator: " ")
        var selection = MergeSelection(
            specialists: inputs.enumerated().map { .init(folder: $1.folder, weight: $1.weight, own: owns?[$0]) },
            candidates: try chosen(start: start, seed: seed), questions: questions, output: output,
            model: try ModelIdentity.of(reference) + (precision.isEmpty ? "" : " \(precision)"),
            style: mode == .letter ? "chat letter" : "chat \(mode.rawValue), \(limits.newTokens) tokens",
            examine: { folder in
                let (model, style) = try base()
                let decoder = try Decoder(model: model, adapter: folder.map { try Adapter.load($0, for: model, onlyInference: true) }, slots: slots ?? 16)
                let evaluator = Evaluator(style: style, decoder: decoder)
                return { try evaluator.run($0, progress: $1) }
            },
            say: Console.note)
        selection.baselines = baseline
        selection.start = start
        selection.isStrict = !isDefault
        selection.keepsAll = keepAll
        selection.budget = budget
        selection.threads = threads
        let report = try selection.run()
        print(report.text)
        print("adapter in \(output)")
        return report
    }
}
