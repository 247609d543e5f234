import Checkpoints
import Torch
import Transformers

/// A LoRA adapter on a frozen model, as something to train.
public final class AdapterSource: GradientSource {
    private let adapter: Adapter
    private let pass: TrainingPass
    private let base: String
    private let start: String?

    /// - Parameters:
    ///   - base: names the frozen weights with whatever fixes their content; a run is continued only on the same ones.
    ///   - start: names the trained adapter that `adapter` was read from, in the same way; nil for a fresh one, which its seed fixes.
    ///   - activations: what blocks keep for their backward; changes time and memory, not results.
    public init(
        model: LanguageModel, adapter: Adapter, base: String, start: String? = nil, activations: ActivationChoice = .everything
    ) throws {
        self.adapter = adapter
        self.base = base
        self.start = start
        pass = try TrainingPass(model: model, adapter: adapter, activations: activations)
    }

    public var parameters: [(name: String, tensor: Tensor)] { adapter.parameters }
    public var gradients: [Tensor] { pass.gradients }

    public func zeroGradients() throws { try pass.zeroGradients() }

    public func accumulate(
        _ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor
    ) throws {
        try pass.accumulate(batch.sequences, rows: batch.rows, dropout: dropout, loss: loss)
    }

    public func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws {
        try pass.measure(batch.sequences, rows: batch.rows, loss: loss)
    }

    /// s·B·A stays the same where B grows as s shrinks.
    public func multiplyScale(by factor: Double) -> [Double]? {
        adapter.multiplyScale(by: factor)
        pass.readScales()
        return parameters.map { $0.name.hasSuffix("lora_B.weight") ? 1 / factor : 1 }
    }

    public func firstNotFinite(in batch: PackedExamples) throws -> String? { try pass.firstNotFinite(in: batch.sequences) }

    public func lowerActivations() -> String? { pass.lowerActivations() }

    public func save(to folder: String) throws { try adapter.save(to: folder) }

    public var identity: [String: String] {
        let configuration = adapter.configuration
        // Named only where it says something, so that runs on plain weights stay what they were.
        var kept = pass.model.quantization.map { ["weights kept as": $0.rawValue] } ?? [:]
        if pass.model.dtype != .float32 { kept["computes in"] = pass.model.dtype.rawValue }
        return kept.merging([
            "base model": base, "starts from": start ?? "nothing", "rank": "\(configuration.rank)", "alpha": "\(configuration.alpha)",
            "rank-stabilised": "\(configuration.useRSLoRA)", "dropout": "\(configuration.dropout)",
            "modules": configuration.targetModules.joined(separator: " "),
            "rank pattern": configuration.rankPattern.entries.map { "\($0.pattern)=\($0.value)" }.joined(separator: " "),
            "alpha pattern": configuration.alphaPattern.entries.map { "\($0.pattern)=\($0.value)" }.joined(separator: " "),
        ]) { $1 }
    }

    public var notices: [String] {
        [adapter.configuration.scaleNotice, "\(adapter.parameterCount) trainable parameters in \(adapter.parameters.count) tensors"]
    }
}
