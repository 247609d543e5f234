import Groundwork
import Torch

extension AdapterFile {
    /// Writes the adapter as llama.cpp reads it (`--lora`).
    ///
    /// llama.cpp knows one alpha for the whole file and computes alpha / rank, whatever the rank of a tensor, and nothing of rank
    /// stabilisation. So alpha is written times √r where the adapter is rank-stabilised, and where patterns give a layer another scale,
    /// its B is multiplied by what is missing. Rows of B at q and k stand in the order in which llama.cpp keeps those weights
    /// in the llama architecture.
    ///
    /// - Parameters:
    ///   - model: the base, whose architecture is written and whose heads order the rows.
    ///   - type: of the factors; nil for their own, float32 if that is another.
    /// - Throws: `CheckpointError` for modules that the model does not have; `FileError`.
    public func writeGGUF(to path: String, for model: ModelConfiguration, type: DType? = nil) throws {
        try check(against: model)
        let alpha = configuration.scale * Double(configuration.rank)
        guard alpha.isFinite, alpha != 0, Float(alpha).isFinite else {
            throw CheckpointError.unwritable(path: path, reason: "the adapter's scale is \(configuration.scale), which llama.cpp takes for 1")
        }
        var entries: [Safetensors.Entry] = [], sources: [String: (module: String, factor: Factor, tensor: StoredTensor)] = [:]
        for module in modules {
            guard let factors = tensors[module], let name = TensorNames.gguf(module + ".weight") else {
                throw CheckpointError.unwritable(path: path, reason: "llama.cpp has no name for \(module)")
            }
            for (factor, tensor, suffix) in [(Factor.a, factors.a, "lora_a"), (.b, factors.b, "lora_b")] {
                entries.append(Safetensors.Entry("\(name).\(suffix)", type ?? Self.halfOrFloat(tensor), tensor.shape))
                sources["\(name).\(suffix)"] = (module, factor, tensor)
            }
        }
        let metadata: [(String, GGUF.Scalar)] = [
            ("general.architecture", .string(model.family.rawValue)), ("general.type", .string("adapter")),
            ("general.file_type", .uint32(entries[0].type == .float32 ? 0 : entries[0].type == .float16 ? 1 : 32)),
            ("adapter.type", .string("lora")), ("adapter.lora.alpha", .float32(Float(alpha))),
        ]
        try GGUF.write(metadata, entries, to: path) { entry, sink in
            guard let source = sources[entry.name] else { return }
            var values = try source.tensor.finiteFloats()
            if source.factor == .b {
                let own = configuration.scale(of: source.module) * Double(configuration.rank(of: source.module))
                if own != alpha { for index in values.indices { values[index] *= Float(own / alpha) } }
                values = Self.inStoredOrder(values, rows: entry.shape[0], module: source.module, model)
            }
            if let index = values.firstNotFinite(as: entry.type) {
                throw CheckpointError.unwritable(
                    path: path, reason: "\(entry.name) holds \(values[index]), too large for \(entry.type); choose float32 or bfloat16")
            }
            switch entry.type {
            case .bfloat16: try values.map(HalfPrecision.bfloat16).withUnsafeBytes(sink)
            case .float16: try values.map(HalfPrecision.float16).withUnsafeBytes(sink)
            default: try values.withUnsafeBytes(sink)
            }
        }
    }

    private static func halfOrFloat(_ tensor: StoredTensor) -> DType {
        if case .dense(let type) = tensor.type, type == .float16 || type == .bfloat16 { return type }
        return .float32
    }

    private static func inStoredOrder(_ values: [Float], rows: Int, module: String, _ model: ModelConfiguration) -> [Float] {
        guard model.family == .llama, module.hasSuffix(".q_proj") || module.hasSuffix(".k_proj") else { return values }
        let order = RowOrder(rows: rows, heads: module.hasSuffix(".q_proj") ? model.headCount : model.keyValueHeadCount)
        let width = values.count / rows
        var stored = values
        for row in 0..<rows {
            stored.replaceSubrange(order.stored(row) * width..<(order.stored(row) + 1) * width, with: values[row * width..<(row + 1) * width])
        }
        return stored
    }
}
