import Checkpoints
import Torch

/// The weights of one block.
struct BlockWeights {
    let inputNorm: Tensor
    var projections: [Projection: Linear]
    /// Qwen3 normalises every head of queries and keys before the rotation, [size].
    let queryNorm, keyNorm: Tensor?
    let outputNorm: Tensor

    subscript(_ projection: Projection) -> Linear { projections[projection]! }
}

/// What an adapter adds to one block, with the place for its gradients in training.
struct BlockAdapter {
    var factors: [Projection: LoRAFactors] = [:]
    var gradients: [Projection: LoRAGradients] = [:]
    /// In a pass with dropout.
    var dropout: [Projection: InputDropout] = [:]
}

/// One block of the decoder: attention and SwiGLU, each behind a norm and beside a residual.
struct DecoderBlock {
    let configuration: ModelConfiguration
    let weights: BlockWeights

    /// What the backward pass cannot compute again for a pass over memory. All of it is [tokens, …].
    struct Saved {
        let x: Tensor
        /// Queries and keys before their head norm, where the family has one.
        let query, key: Tensor?
        let attention: PackedAttention.Saved
        let middle, gate, up: Tensor
        /// `x Aᵀ` of each projection with an adapter; where down's is missing, the backward pass computes it.
        var reduced: [Projection: Tensor]
    }

    /// Attention for inference: gets queries, keys and values [tokens, heads, size] and gives [tokens, heads · size].
    typealias CachedAttention = (_ query: Tensor, _ key: Tensor, _ value: Tensor) throws -> Tensor

    /// - Parameters:
    ///   - x: [tokens, hidden]
    ///   - table: cosines and sines of the tokens' positions.
    ///   - rows: the tokens whose output is wanted, where that is not all: the others only serve as keys and values.
    ///   - arena: where to keep what is saved.
    /// - Returns: the block's output and, for `backward`, what it saved.
    func forward(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: RotaryEmbedding.Table, _ attention: PackedAttention, rows: Tensor? = nil,
        arena: ActivationArena? = nil
    ) throws -> (output: Tensor, saved: Saved) {
        var saved = try activations(x, adapter, table, attention, rows: rows, arena: arena), reduced: [Projection: Tensor] = [:]
        let output = try project(.down, SwiGLU.forward(saved.gate, saved.up), adapter, residual: saved.middle, &reduced)
        saved.reduced[.down] = try reduced[.down].map { try arena?.keep($0) ?? $0 }
        return (output, saved)
    }

    /// What `backward` reads, without the block's output: a block that is computed again in the backward pass needs no more, and its last
    /// product is a quarter of its work.
    func activations(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: RotaryEmbedding.Table, _ attention: PackedAttention, rows: Tensor? = nil,
        arena: ActivationArena? = nil
    ) throws -> Saved {
        func kept(_ tensor: Tensor) throws -> Tensor { try arena?.keep(tensor) ?? tensor }
        var reduced: [Projection: Tensor] = [:]
        let x = try kept(x)
        let normal = try RMSNorm.forward(x, weights.inputNorm, epsilon: configuration.normEpsilon).output
        let (query, queryInput) = try heads(.query, normal, weights.queryNorm, adapter, table, &reduced)
        let (key, keyInput) = try heads(.key, normal, weights.keyNorm, adapter, table, &reduced)
        let value = try split(project(.value, normal, adapter, &reduced))
        var savedAttention = try attention.forward(query, key, value, keep: kept)
        savedAttention.output = try kept(savedAttention.output)
        let (mixed, past) = try (savedAttention.output.chosen(rows), x.chosen(rows))
        let middle = try kept(project(.output, mixed, adapter, residual: past, &reduced))
        let normalMiddle = try RMSNorm.forward(middle, weights.outputNorm, epsilon: configuration.normEpsilon).output
        let gate = try kept(project(.gate, normalMiddle, adapter, &reduced))
        let up = try kept(project(.up, normalMiddle, adapter, &reduced))
        return Saved(
            x: x, query: try queryInput.map(kept), key: try keyInput.map(kept), attention: savedAttention, middle: middle, gate: gate, up: up,
            reduced: try reduced.mapValues(kept))
    }

    /// The same without saving, over whatever attention the cache gives.
    func infer(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: RotaryEmbedding.Table, rows: Tensor? = nil, _ attention: CachedAttention
    ) throws -> Tensor {
        var unused: [Projection: Tensor] = [:]
        let normal = try RMSNorm.forward(x, weights.inputNorm, epsilon: configuration.normEpsilon).output
        let (query, key, value) = try attentionInputs(normal, adapter, table)
        let middle = try project(.output, attention(query, key, value).chosen(rows), adapter, residual: x.chosen(rows), &unused)
        let normalMiddle = try RMSNorm.forward(middle, weights.outputNorm, epsilon: configuration.normEpsilon).output
        let gated: Tensor
        if let both = try together([.gate, .up], normalMiddle, adapter) {
            gated = try SwiGLU.forward(both.narrow(1, 0, both.shape[1] / 2), both.narrow(1, both.shape[1] / 2, both.shape[1] / 2))
        } else {
            gated = try SwiGLU.forward(project(.gate, normalMiddle, adapter, &unused), project(.up, normalMiddle, adapter, &unused))
        }
        return try project(.down, gated, adapter, residual: middle, &unused)
    }

    /// Sends `dY` [tokens or rows, hidden] back to `x` and adds to the adapter's gradients on the way.
    func backward(
        _ dY: Tensor, _ saved: Saved, _ adapter: BlockAdapter, _ table: RotaryEmbedding.Table, _ attention: PackedAttention,
        rows: Tensor? = nil
    ) throws -> Tensor {
        func back(_ projection: Projection, _ dY: Tensor, from x: Tensor, adding sum: Tensor? = nil) throws -> Tensor {
            try weights[projection].backward(
                dY, x, saved.reduced[projection], adapter.factors[projection], adapter.gradients[projection],
                dropout: adapter.dropout[projection], adding: sum)
        }
        let (normalMiddle, middleRstd) = try RMSNorm.forward(saved.middle, weights.outputNorm, epsilon: configuration.normEpsilon)
        let product = try back(.down, dY, from: SwiGLU.forward(saved.gate, saved.up))
        let (dGate, dUp) = try SwiGLU.backward(product, gate: saved.gate, up: saved.up)
        let dNormalMiddle = try back(.gate, dGate, from: normalMiddle, adding: back(.up, dUp, from: normalMiddle))
        let dMiddle = try RMSNorm.backward(dNormalMiddle, x: saved.middle, rstd: middleRstd, weight: weights.outputNorm, adding: dY)

        let tokens = saved.x.shape[0]
        let dMixed = try back(.output, dMiddle, from: saved.attention.output.chosen(rows)).spread(rows, over: tokens)
        let (dQuery, dKey, dValue) = try attention.backward(dMixed, saved.attention)
        let (normal, rstd) = try RMSNorm.forward(saved.x, weights.inputNorm, epsilon: configuration.normEpsilon)
        var dNormal = try back(.value, dValue.reshaped([tokens, -1]), from: normal)
        dNormal = try back(.key, headsBackward(dKey, saved.key, weights.keyNorm, table), from: normal, adding: dNormal)
        dNormal = try back(.query, headsBackward(dQuery, saved.query, weights.queryNorm, table), from: normal, adding: dNormal)
        return try RMSNorm.backward(dNormal, x: saved.x, rstd: rstd, weight: weights.inputNorm, adding: dMiddle.spread(rows, over: tokens))
    }

    private func project(
        _ projection: Projection, _ x: Tensor, _ adapter: BlockAdapter?, residual: Tensor? = nil, _ reduced: inout [Projection: Tensor]
    ) throws -> Tensor {
        try weights[projection].forward(
            x, adapter?.factors[projection], residual: residual, dropout: adapter?.dropout[projection], reduced: &reduced[projection])
    }

    private func split(_ x: Tensor) throws -> Tensor { try x.reshaped([x.shape[0], -1, configuration.headSize]) }

    private func heads(
        _ projection: Projection, _ x: Tensor, _ norm: Tensor?, _ adapter: BlockAdapter?, _ table: RotaryEmbedding.Table,
        _ reduced: inout [Projection: Tensor]
    ) throws -> (rotated: Tensor, normInput: Tensor?) {
        let y = try split(project(projection, x, adapter, &reduced))
        guard let norm else { return (try RotaryEmbedding.rotate(y, table), nil) }
        return (try RotaryEmbedding.rotate(RMSNorm.forward(y, norm, epsilon: configuration.normEpsilon).output, table), y)
    }

    /// Several projections of one input side by side [tokens, all outputs], where the device does them at once.
    private func together(_ projections: [Projection], _ x: Tensor, _ adapter: BlockAdapter?) throws -> Tensor? {
        guard let y = try Linear.products(projections.map { weights[$0] }, x) else { return nil }
        var column = 0
        for projection in projections {
            let outputs = weights[projection].shape[0]
            if let factors = adapter?.factors[projection] { _ = try factors.add(x, to: y.narrow(1, column, outputs)) }
            column += outputs
        }
        return y
    }

    /// Queries and keys after the rotation, and values, [tokens, heads, size], for inference. On a GPU as few kernels as can be: of few tokens
    /// every kernel takes the same time.
    private func attentionInputs(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: RotaryEmbedding.Table
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let (heads, groups) = (configuration.headCount, configuration.keyValueHeadCount)
        if let all = try together([.query, .key, .value], x, adapter).map(split) {
            var (query, key) = (try all.narrow(1, 0, heads), try all.narrow(1, heads, groups))
            let value = try all.narrow(1, heads + groups, groups)
            var both = try all.narrow(1, 0, heads + groups)
            if let queryNorm = weights.queryNorm, let keyNorm = weights.keyNorm {
                query = try RMSNorm.forward(query, queryNorm, epsilon: configuration.normEpsilon).output
                key = try RMSNorm.forward(key, keyNorm, epsilon: configuration.normEpsilon).output
                both = try Tensor.concatenated([query, key], 1)
            }
            let turned = try RotaryEmbedding.rotate(both, table)
            return (try turned.narrow(1, 0, heads), try turned.narrow(1, heads, groups), value)
        }
        var unused: [Projection: Tensor] = [:]
        let query = try self.heads(.query, x, weights.queryNorm, adapter, table, &unused).rotated
        let key = try self.heads(.key, x, weights.keyNorm, adapter, table, &unused).rotated
        return (query, key, try split(project(.value, x, adapter, &unused)))
    }

    private func headsBackward(
        _ gradient: Tensor, _ normInput: Tensor?, _ norm: Tensor?, _ table: RotaryEmbedding.Table
    ) throws -> Tensor {
        var gradient = try RotaryEmbedding.rotate(gradient, table, inverse: true)
        if let norm, let normInput {
            let rstd = try RMSNorm.forward(normInput, norm, epsilon: configuration.normEpsilon).rstd
            gradient = try RMSNorm.backward(gradient, x: normInput, rstd: rstd, weight: norm)
        }
        return try gradient.reshaped([gradient.shape[0], -1])
    }
}

extension Tensor {
    /// The given rows; all of them for nil.
    fileprivate func chosen(_ rows: Tensor?) throws -> Tensor { try rows.map { try self.rows($0) } ?? self }

    /// The way back from `chosen`: rows that were not chosen are zero.
    fileprivate func spread(_ rows: Tensor?, over count: Int) throws -> Tensor {
        guard let rows else { return self }
        let all = try Tensor.zeros([count] + shape.dropFirst(), dtype, device)
        try all.indexCopy_(0, rows, self)
        return all
    }
}
