import Checkpoints
import Foundation
import Groundwork
import Torch

/// A model with an adapter merged into its weights, as a Hugging Face folder that needs no adapter any more.
public enum CheckpointExport {
    /// What stands in a model's folder beside its weights and belongs to the exported one too.
    private static let companions = [
        "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "tokenizer.model", "chat_template.jinja",
    ]

    /// Writes `config.json`, the weights in shards, and the tokenizer's files, one weight in memory at a time.
    ///
    /// A base of four bits is dequantised, so the export is of 16 bits: what the adapter was trained on, exactly. (Merged into the
    /// 16-bit original instead, the same adapter meets other weights than those that it was trained on.)
    ///
    /// - Parameters:
    ///   - type: of the weights; nil for the base's own, bfloat16 where that is four bits.
    ///   - shardBytes: at most so many in a file, if a single weight is not more.
    ///   - progress: called after each weight, with the number of all.
    /// - Throws: `CheckpointError`, `FileError`, `TorchError`, `Interrupted`. `config.json` is written last: a folder with one is whole.
    public static func run(
        _ base: Checkpoint, _ adapter: AdapterFile, to folder: String, type: DType? = nil, shardBytes: Int = 5_000_000_000,
        progress: ((_ done: Int, _ all: Int) -> Void)? = nil
    ) throws {
        guard let source = base.folder else {
            throw CheckpointError.unsupported(
                path: base.path, what: "a GGUF file as the base of a merged checkpoint",
                remedy: "give the model's Hugging Face folder, or export the adapter as gguf, which llama.cpp applies to the GGUF file")
        }
        for (taken, owner) in [(source, "base model"), (adapter.folder, "adapter")] where Paths.areSame(taken, folder) {
            throw CheckpointError.unwritable(path: folder, reason: "it is the \(owner)'s own folder; choose another")
        }
        try adapter.check(against: base.configuration)
        let weights = Weights(base: base, adapter: adapter, type: type)
        let entries = try base.configuration.tensorShapes().map { name, shape in Safetensors.Entry(name, try weights.type(of: name), shape) }
        let shards = split(entries, shardBytes)
        try WholeFile.makeFolder(folder)
        // What an earlier export left is no whole model from here on.
        try? FileManager.default.removeItem(atPath: "\(folder)/config.json")
        var done = 0
        for (index, shard) in shards.enumerated() {
            try Safetensors.write(shard, metadata: ["format": "pt"], to: "\(folder)/\(name(index, of: shards.count))") { entry, sink in
                try Interruption.check(keepsWork: false)
                let tensor = try weights.tensor(entry)
                try withExtendedLifetime(tensor) {
                    try sink(UnsafeRawBufferPointer(start: tensor.dataPointer, count: tensor.count * entry.type.size))
                }
                done += 1
                progress?(done, entries.count)
            }
        }
        if shards.count > 1 { try WholeFile.write(index(of: shards), to: "\(folder)/model.safetensors.index.json") }
        try removeOtherWeights(in: folder, than: shards.indices.map { name($0, of: shards.count) })
        for companion in companions where FileManager.default.fileExists(atPath: "\(source)/\(companion)") {
            try WholeFile.write(WholeFile.read("\(source)/\(companion)"), to: "\(folder)/\(companion)")
        }
        var configuration = JSONObject()
        for (key, value) in try JSONFile(path: "\(source)/config.json").object.pairs where key != "quantization_config" {
            configuration[key] = key == "torch_dtype" || key == "dtype" ? .string(entries[0].type.rawValue) : value
        }
        try WholeFile.write(JSONValue.object(configuration).text(indented: true) + "\n", to: "\(folder)/config.json")
    }

    /// An earlier export's files of weights: readers would take some of them for this one's.
    private static func removeOtherWeights(in folder: String, than shards: [String]) throws {
        let kept = Set(shards + (shards.count > 1 ? ["model.safetensors.index.json"] : []))
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix("model") && (name.hasSuffix(".safetensors") || name == "model.safetensors.index.json") && !kept.contains(name) {
            do { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") } catch {
                throw FileError(path: "\(folder)/\(name)", action: "remove", reason: error.localizedDescription)
            }
        }
    }

    private static func split(_ entries: [Safetensors.Entry], _ limit: Int) -> [[Safetensors.Entry]] {
        var shards: [[Safetensors.Entry]] = [[]], size = 0
        for entry in entries {
            let bytes = entry.shape.reduce(1, *) * entry.type.size
            if size + bytes > limit, size > 0 {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(entry)
            size += bytes
        }
        return shards
    }

    private static func name(_ shard: Int, of count: Int) -> String {
        count == 1 ? "model.safetensors" : String(format: "model-%05d-of-%05d.safetensors", shard + 1, count)
    }

    private static func index(of shards: [[Safetensors.Entry]]) -> String {
        let places = shards.enumerated().flatMap { number, shard in shard.map { ($0.name, JSONValue.string(name(number, of: shards.count))) } }
        let bytes = shards.joined().reduce(0) { $0 + $1.shape.reduce(1, *) * $1.type.size }
        return JSONValue.object(JSONObject([
            ("metadata", .object(JSONObject([("total_size", .integer(bytes))]))),
            ("weight_map", .object(JSONObject(places.sorted { $0.0 < $1.0 }))),
        ])).text(indented: true) + "\n"
    }
}

/// The weights of a base with an adapter in them.
private struct Weights {
    let base: Checkpoint
    let adapter: AdapterFile
    let type: DType?

    func type(of name: String) throws -> DType {
        if let type { return type }
        if base.isFourBit { return .bfloat16 }
        if case .dense(let type) = try base.tensor(name).type, type.isFloatingPoint { return type }
        return .bfloat16
    }

    /// On the CPU, contiguous, of the entry's type.
    func tensor(_ entry: Safetensors.Entry) throws -> Tensor {
        let module = entry.name.hasSuffix(".weight") ? String(entry.name.dropLast(".weight".count)) : entry.name
        guard let factors = adapter.tensors[module], entry.name != module else {
            return try plain(entry.name).to(dtype: entry.type).contiguous()
        }
        // A copy of its own: the file's bytes are mapped read-only.
        let sum = try Tensor.empty(entry.shape, .float32)
        try sum.copy_(plain(entry.name))
        let (a, b) = (try Tensor(factors.a.finiteFloats(), factors.a.shape), try Tensor(factors.b.finiteFloats(), factors.b.shape))
        try sum.addProduct_(b, a, times: adapter.configuration.scale(of: module))
        return try sum.to(dtype: entry.type).contiguous()
    }

    private func plain(_ name: String) throws -> Tensor {
        if let fourBit = base.fourBitTensor(name) { return try FourBitMatrix(fourBit).dequantized(to: .float32) }
        return try Tensor(stored: base.tensor(name))
    }
}
