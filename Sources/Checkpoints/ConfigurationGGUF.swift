/// Reads the configuration from GGUF metadata, and from the tensors for what the metadata leaves unsaid.
extension ModelConfiguration {
    /// - Throws: as `read(configJSON:)`.
    public init(gguf: GGUF) throws {
        func required<T>(_ key: String, _ value: T?) throws -> T {
            guard let value else { throw CheckpointError.malformed(path: gguf.path, place: key, reason: "the key is missing") }
            return value
        }
        let kind = try required("general.architecture", gguf.string("general.architecture"))
        guard let family = Family(rawValue: kind) else { throw Family.unsupported(kind, path: gguf.path) }
        func int(_ key: String) throws -> Int? { try gguf.int("\(kind).\(key)") }
        func size(_ key: String) throws -> Int { try required("\(kind).\(key)", int(key)) }
        func refuse(_ what: String, _ remedy: String) -> CheckpointError {
            .unsupported(path: gguf.path, what: what, remedy: remedy)
        }

        if try int("expert_count") ?? 0 > 0 { throw refuse("a mixture of experts", "only dense models are") }
        let hiddenSize = try size("embedding_length")
        let headCount = try size("attention.head_count")
        let headSize = try int("attention.key_length") ?? hiddenSize / max(1, headCount)
        if let valueSize = try int("attention.value_length"), valueSize != headSize {
            throw refuse("a head size of \(valueSize) for values beside \(headSize) for keys", "they must be equal")
        }
        if let turned = try int("rope.dimension_count"), turned != headSize {
            throw refuse("a partial rotary embedding", "only whole heads are turned")
        }
        guard let embedding = gguf.tensors["token_embd.weight"] else {
            throw CheckpointError.missingTensor(path: gguf.path, name: "token_embd.weight", reason: "every model has one")
        }
        self.init(
            family: family,
            vocabularySize: embedding.shape.first ?? 0,
            hiddenSize: hiddenSize,
            intermediateSize: try size("feed_forward_length"),
            layerCount: try size("block_count"),
            headCount: headCount,
            keyValueHeadCount: try int("attention.head_count_kv") ?? headCount,
            headSize: headSize,
            normEpsilon: try required(
                "\(kind).attention.layer_norm_rms_epsilon", gguf.float("\(kind).attention.layer_norm_rms_epsilon")),
            ropeTheta: try gguf.float("\(kind).rope.freq_base") ?? 10_000,
            ropeScaling: try Self.ropeScaling(gguf, kind: kind),
            contextLength: try int("context_length") ?? 2048,
            tiesEmbeddings: gguf.tensors["output.weight"] == nil,
            attentionBias: gguf.tensors["blk.0.attn_q.bias"] != nil,
            attentionOutputBias: gguf.tensors["blk.0.attn_output.bias"] != nil,
            usesQueryKeyNorm: family == .qwen3,
            bosToken: try gguf.int("tokenizer.ggml.bos_token_id"),
            eosTokens: try ["eos", "eot", "eom"].compactMap { try gguf.int("tokenizer.ggml.\($0)_token_id") },
            padToken: try gguf.int("tokenizer.ggml.padding_token_id"))
        try check(path: gguf.path)
    }

    private static func ropeScaling(_ gguf: GGUF, kind: String) throws -> RopeScaling {
        if let divisors = gguf.tensors["rope_freqs.weight"] {
            guard divisors.elementCount <= 1 << 16 else {
                throw CheckpointError.malformed(path: gguf.path, place: "rope_freqs.weight", reason: "shape \(divisors.shape)")
            }
            return .divisors(try divisors.floats())
        }
        switch try gguf.string("\(kind).rope.scaling.type") {
        case nil, "none": return .none
        case "linear":
            guard let factor = try gguf.float("\(kind).rope.scaling.factor") else { return .none }
            return .linear(factor: factor)
        case .some(let scaling):
            throw CheckpointError.unsupported(
                path: gguf.path, what: "RoPE scaling \(quoted(scaling))",
                remedy: "none, “linear” and Llama 3's rope_freqs.weight are")
        }
    }
}
