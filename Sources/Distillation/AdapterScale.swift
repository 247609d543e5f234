import Checkpoints
import Foundation

extension AdapterConfiguration {
    /// The factor of B·A, spelled out: α/√r (rank-stabilised, Kalajdzievski 2023) and α/r train very differently,
    /// and libraries confuse them, so both are said.
    public var scaleNotice: String {
        let stabilised = alpha / Double(rank).squareRoot(), plain = alpha / Double(rank)
        func text(_ value: Double) -> String { String(format: "%.4g", value) }
        let base = "rank \(rank), alpha \(text(alpha)): "
        return useRSLoRA
            ? base + "rank-stabilised scale α/√r = \(text(stabilised)) (plain α/r would be \(text(plain)))"
            : base + "plain scale α/r = \(text(plain)) (rank-stabilised α/√r would be \(text(stabilised)))"
    }
}
