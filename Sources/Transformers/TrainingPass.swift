import Checkpoints
import Groundwork
import Torch

/// Forward and backward through a frozen model with an adapter: calls a loss where it is carried and sums the adapter's gradients.
public final class TrainingPass {
    /// Where the random numbers of dropout stand: the run's seed and the number of the pass.
    public struct Dropout: Sendable {
        public let seed: UInt64
        public let step: UInt64

        public init(seed: UInt64, step: UInt64) {
            self.seed = seed
            self.step = step
        }
    }

    public let model: LanguageModel
    public let adapter: Adapter
    let budget: ActivationBudget
    private var layers: [BlockAdapter]
    /// On a GPU libtorch's allocator keeps memory for the next pass by itself.
    private let arena: ActivationArena?

    /// Logits of one piece of rows stay under this many bytes.
    static let logitBytes = 96 << 20

    /// - Parameter activations: what blocks keep for their backward.
    public init(model: LanguageModel, adapter: Adapter, activations: ActivationChoice = .everything) throws {
        self.model = model
        self.adapter = adapter
        budget = ActivationBudget(
            activations, TrainingFootprint(model: model, adapter: adapter), free: { DeviceMemory.free(on: model.device) },
            note: { Console.note("warning: \($0)") })
        arena = model.device == .cpu ? ActivationArena() : nil
        layers = try adapter.layers.map { factors in
            BlockAdapter(factors: factors, gradients: try factors.mapValues { try LoRAGradients(for: $0) })
        }
    }

    /// What was kept by a pass that is over, or that failed, goes back to the system.
    func releaseRoom() { arena?.release() }

    /// In the order of `adapter.parameters`.
    public var gradients: [Tensor] {
        layers.flatMap { layer in
            Projection.allCases.flatMap { projection in layer.gradients[projection].map { [$0.a, $0.b] } ?? [] }
        }
    }

    /// Takes over the scales of an adapter that were changed since.
    public func readScales() {
        for layer in layers.indices { layers[layer].factors = adapter.layers[layer] }
    }

    public func zeroGradients() throws { for gradient in gradients { try gradient.zero_() } }

    /// One forward and backward pass; its gradients are added to `gradients`.
    ///
    /// - Parameters:
    ///   - rows: places in `batch.tokens`, each once, where the loss wants logits; only these reach the head.
    ///   - loss: gets a range of `rows` and their logits [range, vocabulary] in float32 and returns the gradient of the
    ///     loss with respect to them, in the same shape. It is called for one piece of the rows after another.
    public func accumulate(
        _ batch: PackedSequences, rows: [Int], dropout: Dropout? = nil, loss: (_ rows: Range<Int>, _ logits: Tensor) throws -> Tensor
    ) throws {
        precondition(Set(rows).count == rows.count && rows.allSatisfy(batch.tokens.indices.contains), "rows are places in the batch, each once")
        if rows.isEmpty { return }
        let attention = try PackedAttention(batch, model: model)
        let table = try model.rotary.table(batch.positions)
        set(dropout)

        let wanted = try Tensor(rows.map(Int64.init), [rows.count], device: model.device)
        // Behind the last block's attention only the rows with loss go on.
        func rowsBehind(_ layer: Int) -> Tensor? { layer == model.blocks.count - 1 ? wanted : nil }
        var x = try model.embed(batch.tokens)
        let size = PassSize(batch, rows: rows.count), choice = budget.plan(for: size), plan = choice.layers
        try arena?.begin(budget.keptBytes(size, choice))
        var inputs: [Tensor] = [], saved: [DecoderBlock.Saved] = []
        for (layer, block) in model.blocks.enumerated() {
            if plan[layer] == .input {
                inputs.append(try arena?.keep(x) ?? x)
                x = try block.forward(x, layers[layer], table, attention, rows: rowsBehind(layer)).output
            } else {
                let result = try block.forward(x, layers[layer], table, attention, rows: rowsBehind(layer), arena: arena)
                saved.append(result.saved)
                x = result.output
            }
        }
        var dX = try headBackward(x, loss)
        for layer in model.blocks.indices.reversed() {
            let block = model.blocks[layer]
            // Nothing below needs this layer's activations once its backward has read them.
            let kept = try plan[layer] == .input
                ? block.activations(inputs.removeLast(), layers[layer], table, attention, rows: rowsBehind(layer)) : saved.removeLast()
            dX = try block.backward(dX, kept, layers[layer], table, attention, rows: rowsBehind(layer))
        }
    }

    private func set(_ dropout: Dropout?) {
        let probability = adapter.configuration.dropout, dropout = probability > 0 ? dropout : nil
        for layer in layers.indices {
            let drawn = dropout.map { dropout in
                layers[layer].factors.keys.map { ($0, InputDropout(dropout, path: $0.path(layer: layer), probability: probability)) }
            }
            layers[layer].dropout = Dictionary(uniqueKeysWithValues: drawn ?? [])
        }
    }

    /// The loss over all rows of `x` [rows, hidden], in pieces, and its gradient with respect to them.
    private func headBackward(_ x: Tensor, _ loss: (Range<Int>, Tensor) throws -> Tensor) throws -> Tensor {
        let gradients = try pieces(of: x.shape[0]).map { range in
            let chosen = try x.narrow(0, range.lowerBound, range.count)
            let (normal, rstd) = try RMSNorm.forward(chosen, model.finalNorm, epsilon: model.configuration.normEpsilon)
            let dLogits = try loss(range, model.head.product(normal).to(dtype: exactType))
            let dNormal = try model.head.backProduct(dLogits.to(dtype: x.dtype))
            return try RMSNorm.backward(dNormal, x: chosen, rstd: rstd, weight: model.finalNorm)
        }
        return try Tensor.concatenated(gradients)
    }

    /// What losses are computed in.
    private var exactType: DType { model.dtype == .float64 ? .float64 : .float32 }

    private func pieces(of rows: Int) -> [Range<Int>] {
        let piece = max(1, Self.logitBytes / (model.configuration.vocabularySize * exactType.size))
        return stride(from: 0, to: rows, by: piece).map { $0..<min($0 + piece, rows) }
    }

    /// A forward pass alone, without dropout: `loss` is called as in `accumulate`, and no gradient changes.
    public func measure(_ batch: PackedSequences, rows: [Int], loss: (_ rows: Range<Int>, _ logits: Tensor) throws -> Void) throws {
        if rows.isEmpty { return }
        let attention = try PackedAttention(batch, model: model)
        let table = try model.rotary.table(batch.positions)
        let wanted = try Tensor(rows.map(Int64.init), [rows.count], device: model.device)
        var x = try model.embed(batch.tokens)
        for (layer, block) in model.blocks.enumerated() {
            x = try block.forward(
                x, adapter.block(layer), table, attention, rows: layer == model.blocks.count - 1 ? wanted : nil).output
        }
        for range in pieces(of: rows.count) {
            let normal = try RMSNorm.forward(x.narrow(0, range.lowerBound, range.count), model.finalNorm, epsilon: model.configuration.normEpsilon).output
            try loss(range, model.head.product(normal).to(dtype: exactType))
        }
    }
}
