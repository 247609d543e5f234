/// How a model's projections are kept where `dtype` would take too much memory, or too long to read for every token.
public enum Quantization: String, CaseIterable, Sendable {
    /// Bytes on an even grid of its own for every 32 weights, for decoding on a CPU; an adapter stays beside them, written likewise.
    case int8
    /// 4-bit NormalFloat as bitsandbytes keeps it (Dettmers et al. 2023), for training and decoding.
    case nf4
}
