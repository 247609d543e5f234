import Foundation

/// Reads Hugging Face's `config.json`, in the layouts of transformers 4 (`rope_theta`, `rope_scaling`) and 5 (`rope_parameters`).
extension ModelConfiguration {
    /// - Throws: `CheckpointError`: `.unsupported` for another architecture or for a feature that would change the results,
    ///   `.malformed` for missing or impossible values.
    public static func read(configJSON path: String) throws -> ModelConfiguration {
        let file = try JSONFile(path: path)
        let kind = try file.required("model_type", file.string("model_type"))
        guard let family = Family(rawValue: kind) else { throw Family.unsupported(kind, path: path) }
        try refuseUnsupported(file)

        let hiddenSize = try file.required("hidden_size", file.size("hidden_size"))
        let headCount = try file.required("num_attention_heads", file.size("num_attention_heads"))
        // Qwen3 fixes its head size; the others divide the hidden size.
        let headSize = try file.size("head_dim") ?? (family == .qwen3 ? 128 : hiddenSize / headCount)
        let rope = try file.object("rope_parameters") ?? file.object("rope_scaling")
        let contextLength = try file.int("max_position_embeddings") ?? 2048
        let bias = try file.flag("attention_bias") ?? false
        let configuration = ModelConfiguration(
            family: family,
            vocabularySize: try file.required("vocab_size", file.size("vocab_size")),
            hiddenSize: hiddenSize,
            intermediateSize: try file.required("intermediate_size", file.size("intermediate_size")),
            layerCount: try file.required("num_hidden_layers", file.size("num_hidden_layers")),
            headCount: headCount,
            keyValueHeadCount: try file.size("num_key_value_heads") ?? headCount,
            headSize: headSize,
            normEpsilon: try file.number("rms_norm_eps") ?? 1e-6,
            ropeTheta: try rope?.number("rope_theta") ?? file.number("rope_theta") ?? 10_000,
            ropeScaling: try ropeScaling(rope, contextLength: contextLength),
            contextLength: contextLength,
            tiesEmbeddings: try file.flag("tie_word_embeddings") ?? false,
            attentionBias: family == .qwen2 || bias,
            attentionOutputBias: family != .qwen2 && bias,
            usesQueryKeyNorm: family == .qwen3,
            bosToken: try file.int("bos_token_id"),
            eosTokens: try tokens(file, "eos_token_id"),
            padToken: try file.int("pad_token_id"))
        try configuration.check(path: path)
        return configuration
    }

    /// The tokens under a key that holds one, a list of them, or nothing.
    static func tokens(_ file: JSONFile, _ key: String) throws -> [Int] {
        guard case .array(let elements)? = file.value(key) else { return try file.int(key).map { [$0] } ?? [] }
        return try elements.map {
            guard case .integer(let token) = $0 else { throw file.malformed(key, "expected token ids, found \($0.kind) among them") }
            return token
        }
    }

    /// Features that the three families' configurations can ask for and that change what the model computes.
    private static func refuseUnsupported(_ file: JSONFile) throws {
        func refuse(_ what: String, _ remedy: String) -> CheckpointError {
            .unsupported(path: file.path, what: what, remedy: remedy)
        }
        if let activation = try file.string("hidden_act"), activation != "silu" {
            throw refuse("hidden_act \(quoted(activation))", "the feed-forward block is SwiGLU, hidden_act “silu”")
        }
        if try file.flag("mlp_bias") == true { throw refuse("mlp_bias", "only feed-forward layers without biases are") }
        if try file.flag("use_sliding_window") == true {
            throw refuse("sliding-window attention (use_sliding_window)", "only full attention is")
        }
        if try file.array("layer_types")?.contains(where: { $0 != .string("full_attention") }) == true {
            throw refuse("a layer type other than “full_attention”", "only full attention is")
        }
        let partial = try file.number("partial_rotary_factor") ?? file.object("rope_parameters")?.number("partial_rotary_factor")
        if let partial, partial != 1 { throw refuse("a partial rotary embedding", "only whole heads are turned") }
    }

    private static func ropeScaling(_ rope: JSONFile?, contextLength: Int) throws -> RopeScaling {
        guard let rope else { return .none }
        switch try rope.string("rope_type") ?? rope.string("type") {
        case nil, "default": return .none
        case "linear": return .linear(factor: try rope.required("factor", rope.number("factor")))
        case "llama3":
            return .llama3(
                factor: try rope.required("factor", rope.number("factor")),
                lowFrequencyFactor: try rope.required("low_freq_factor", rope.number("low_freq_factor")),
                highFrequencyFactor: try rope.required("high_freq_factor", rope.number("high_freq_factor")),
                originalContext: try rope.int("original_max_position_embeddings") ?? contextLength)
        case .some(let kind):
            throw CheckpointError.unsupported(
                path: rope.path, what: "RoPE scaling \(quoted(kind))", remedy: "none, “linear” and “llama3” are")
        }
    }

    /// The relations that any sound configuration keeps, whatever file it came from.
    func check(path: String) throws {
        func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws {
            if !holds { throw CheckpointError.malformed(path: path, place: "configuration", reason: reason()) }
        }
        let sizes = [
            ("vocabulary", vocabularySize), ("hidden size", hiddenSize), ("intermediate size", intermediateSize),
            ("number of heads", headCount), ("number of key-value heads", keyValueHeadCount), ("head size", headSize),
        ]
        for (name, size) in sizes { try require((1...1 << 20).contains(size), "a \(name) of \(size) is not between 1 and \(1 << 20)") }
        try require((1...4096).contains(layerCount), "\(layerCount) layers; 1 to 4096 are allowed")
        try require(headSize % 2 == 0, "a head size of \(headSize) cannot be split into rotary pairs")
        try require(headCount * headSize <= 1 << 20, "\(headCount) heads of \(headSize) are beyond any model")
        try require(
            headCount % keyValueHeadCount == 0, "\(headCount) heads cannot share \(keyValueHeadCount) key-value heads evenly")
        try require(normEpsilon >= 0 && normEpsilon < 1, "a norm epsilon of \(normEpsilon)")
        try require(ropeTheta > 1 && ropeTheta.isFinite, "a RoPE base of \(ropeTheta)")
        try require((1...1 << 30).contains(contextLength), "a context of \(contextLength) tokens")
        switch ropeScaling {
        case .none: break
        case .linear(let factor): try require(factor > 0 && factor.isFinite, "a RoPE factor of \(factor)")
        case .llama3(let factor, let low, let high, let context):
            try require(
                factor > 0 && factor.isFinite && low > 0 && high > low && high.isFinite && (1...1 << 30).contains(context),
                "RoPE scaling with factor \(factor), frequency factors \(low) and \(high), context \(context)")
        case .divisors(let divisors):
            try require(
                divisors.count == headSize / 2 && divisors.allSatisfy { $0 > 0 && $0.isFinite },
                "the RoPE divisors are not \(headSize / 2) positive numbers")
        }
        for token in [bosToken, padToken].compactMap({ $0 }) + eosTokens {
            // Some files say "none" with -1; ids beyond the vocabulary never occur, so neither does harm.
            try require(token >= -1 && token <= 1 << 30, "token id \(token)")
        }
    }
}

extension ModelConfiguration.Family {
    static func unsupported(_ kind: String, path: String) -> CheckpointError {
        .unsupported(
            path: path, what: "the architecture \(quoted(kind))",
            remedy: "Retort runs \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
}
