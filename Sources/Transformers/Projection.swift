import Checkpoints

/// The seven linear maps of a block that an adapter can sit on.
public enum Projection: String, CaseIterable, Sendable {
    case query = "q_proj"
    case key = "k_proj"
    case value = "v_proj"
    case output = "o_proj"
    case gate = "gate_proj"
    case up = "up_proj"
    case down = "down_proj"

    /// What attention mixes; the others only see one token at a time.
    static let ofAttention: Set<Projection> = [.query, .key, .value]

    /// The module path that Hugging Face checkpoints and PEFT adapters use.
    public func path(layer: Int) -> String {
        switch self {
        case .query, .key, .value, .output: "model.layers.\(layer).self_attn.\(rawValue)"
        case .gate, .up, .down: "model.layers.\(layer).mlp.\(rawValue)"
        }
    }

    /// Columns and rows of the weight [out, in].
    public func size(in configuration: ModelConfiguration) -> (input: Int, output: Int) {
        let queries = configuration.headCount * configuration.headSize
        let keys = configuration.keyValueHeadCount * configuration.headSize
        return switch self {
        case .query: (configuration.hiddenSize, queries)
        case .key, .value: (configuration.hiddenSize, keys)
        case .output: (queries, configuration.hiddenSize)
        case .gate, .up: (configuration.hiddenSize, configuration.intermediateSize)
        case .down: (configuration.intermediateSize, configuration.hiddenSize)
        }
    }
}
