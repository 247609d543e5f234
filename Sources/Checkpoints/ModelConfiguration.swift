import Foundation

/// The shape of a decoder: all that is needed to run one beyond its weights.
public struct ModelConfiguration: Sendable, Equatable {
    /// The architectures that Retort runs. They share the block (RMSNorm, grouped-query attention with RoPE, SwiGLU);
    /// Qwen2 has biases on q, k and v, Qwen3 a norm over each head of q and k.
    public enum Family: String, Sendable, CaseIterable, Codable {
        case llama, qwen2, qwen3
    }

    public var family: Family
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var headSize: Int
    public var normEpsilon: Double
    public var ropeTheta: Double
    public var ropeScaling: RopeScaling
    public var contextLength: Int
    public var tiesEmbeddings: Bool
    /// q, k and v have biases.
    public var attentionBias: Bool
    /// The attention's output projection has one too (Llama files with `attention_bias`).
    public var attentionOutputBias: Bool
    public var usesQueryKeyNorm: Bool
    public var bosToken: Int?
    /// Every token that ends a generation, from all of the checkpoint's files.
    public var eosTokens: [Int]
    public var padToken: Int?

    public init(
        family: Family, vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
        keyValueHeadCount: Int, headSize: Int, normEpsilon: Double, ropeTheta: Double, ropeScaling: RopeScaling = .none,
        contextLength: Int, tiesEmbeddings: Bool, attentionBias: Bool, attentionOutputBias: Bool = false,
        usesQueryKeyNorm: Bool, bosToken: Int? = nil, eosTokens: [Int] = [], padToken: Int? = nil
    ) {
        self.family = family
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.normEpsilon = normEpsilon
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.attentionBias = attentionBias
        self.attentionOutputBias = attentionOutputBias
        self.usesQueryKeyNorm = usesQueryKeyNorm
        self.bosToken = bosToken
        self.eosTokens = eosTokens
        self.padToken = padToken
    }
}

/// How rotary embeddings are stretched beyond the context of pre-training.
public enum RopeScaling: Sendable, Equatable {
    case none
    case linear(factor: Double)
    /// Llama 3.1's: low frequencies divided by `factor`, high ones kept, a smooth passage between.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int)
    /// A divisor for each of the headSize/2 frequencies, the way GGUF files keep Llama 3.1's (tensor `rope_freqs.weight`).
    case divisors([Float])
}

extension ModelConfiguration {
    /// The angle per position, in radians, of each of the headSize/2 rotary pairs, scaling included: the `inv_freq` of
    /// transformers. Pair i turns elements i and i + headSize/2 of a head (canonical row order).
    public func rotaryFrequencies() -> [Float] {
        let plain = (0..<headSize / 2).map { pow(ropeTheta, -2 * Double($0) / Double(headSize)) }
        switch ropeScaling {
        case .none:
            return plain.map { Float($0) }
        case .linear(let factor):
            return plain.map { Float($0 / factor) }
        case .divisors(let divisors):
            return zip(plain, divisors).map { Float($0 / Double($1)) }
        case .llama3(let factor, let low, let high, let context):
            return plain.map { frequency in
                let turns = Double(context) * frequency / (2 * .pi)  // full turns within the original context
                let kept = min(1, max(0, (turns - low) / (high - low)))
                return Float((1 - kept) * frequency / factor + kept * frequency)
            }
        }
    }

    /// Every tensor of the model by its Hugging Face name, with its shape, outermost dimension first: linear weights are
    /// `[out, in]`. A tied head is not listed.
    public func tensorShapes() -> [(name: String, shape: [Int])] {
        let (queries, keys) = (headCount * headSize, keyValueHeadCount * headSize)
        var shapes: [(String, [Int])] = [("model.embed_tokens.weight", [vocabularySize, hiddenSize])]
        for layer in 0..<layerCount {
            let prefix = "model.layers.\(layer)."
            func add(_ name: String, _ shape: Int...) { shapes.append((prefix + name, shape)) }
            add("input_layernorm.weight", hiddenSize)
            for (name, rows) in [("q_proj", queries), ("k_proj", keys), ("v_proj", keys)] {
                add("self_attn.\(name).weight", rows, hiddenSize)
                if attentionBias { add("self_attn.\(name).bias", rows) }
            }
            if usesQueryKeyNorm {
                add("self_attn.q_norm.weight", headSize)
                add("self_attn.k_norm.weight", headSize)
            }
            add("self_attn.o_proj.weight", hiddenSize, queries)
            if attentionOutputBias { add("self_attn.o_proj.bias", hiddenSize) }
            add("post_attention_layernorm.weight", hiddenSize)
            add("mlp.gate_proj.weight", intermediateSize, hiddenSize)
            add("mlp.up_proj.weight", intermediateSize, hiddenSize)
            add("mlp.down_proj.weight", hiddenSize, intermediateSize)
        }
        shapes.append(("model.norm.weight", [hiddenSize]))
        if !tiesEmbeddings { shapes.append(("lm_head.weight", [vocabularySize, hiddenSize])) }
        return shapes
    }

    /// Module paths of all linear layers, in the order of the computation.
    public var linearLayers: [String] {
        (0..<layerCount).flatMap { layer in
            AdapterConfiguration.allProjections.map { name in
                "model.layers.\(layer).\(["gate_proj", "up_proj", "down_proj"].contains(name) ? "mlp" : "self_attn").\(name)"
            }
        }
    }

    /// The shape `[out, in]` of the linear layer that a module path names ("model.layers.3.mlp.up_proj"); nil for others.
    public func linearShape(_ module: String) -> [Int]? {
        let parts = module.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "model", parts[1] == "layers", let layer = Int(parts[2]),
            (0..<layerCount).contains(layer), String(layer) == parts[2]
        else { return nil }
        switch (parts[3], parts[4]) {
        case ("self_attn", "q_proj"): return [headCount * headSize, hiddenSize]
        case ("self_attn", "k_proj"), ("self_attn", "v_proj"): return [keyValueHeadCount * headSize, hiddenSize]
        case ("self_attn", "o_proj"): return [hiddenSize, headCount * headSize]
        case ("mlp", "gate_proj"), ("mlp", "up_proj"): return [intermediateSize, hiddenSize]
        case ("mlp", "down_proj"): return [hiddenSize, intermediateSize]
        default: return nil
        }
    }
}
