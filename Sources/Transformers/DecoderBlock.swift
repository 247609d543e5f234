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
    /// Dropout masks by projection; empty without dropout.
    var masks: [Projection: Tensor] = [:]
}

/// One block of the decoder: attention and SwiGLU, each behind a norm and beside a residual.
struct DecoderBlock {
    let configuration: ModelConfiguration
    let weights: BlockWeights

    /// Everything the backward pass reads again. All of it is [tokens, …].
    struct Saved {
        let x, inputRstd: Tensor
        let query, key: SavedHeads
        let attention: [PackedAttention.Saved]
        let middle, middleRstd: Tensor
        let gate, up: Tensor
        var projections: [Projection: SavedProjection]
    }

    /// Queries or keys before their head norm, where the family has one.
    struct SavedHeads {
        let normInput, rstd: Tensor?
    }

    /// Attention for inference: gets queries, keys and values [tokens, heads, size] and gives [tokens, heads · size].
    typealias CachedAttention = (_ query: Tensor, _ key: Tensor, _ value: Tensor) throws -> Tensor

    /// - Parameters:
    ///   - x: [tokens, hidden]
    ///   - table: cosines and sines of the tokens' positions.
    /// - Returns: the block's output and, for `backward`, what it saved.
    func forward(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: (cosines: Tensor, sines: Tensor), _ attention: PackedAttention
    ) throws -> (output: Tensor, saved: Saved) {
        var projections: [Projection: SavedProjection] = [:]
        let (normal, inputRstd) = try x.rmsNorm(weights.inputNorm, epsilon: configuration.normEpsilon)
        let (query, savedQuery) = try heads(.query, normal, weights.queryNorm, adapter, table, &projections)
        let (key, savedKey) = try heads(.key, normal, weights.keyNorm, adapter, table, &projections)
        let value = try split(project(.value, normal, adapter, &projections))
        let (mixed, savedAttention) = try attention.forward(query, key, value)
        let middle = try project(.output, mixed, adapter, residual: x, &projections)
        let (normalMiddle, middleRstd) = try middle.rmsNorm(weights.outputNorm, epsilon: configuration.normEpsilon)
        let gate = try project(.gate, normalMiddle, adapter, &projections)
        let up = try project(.up, normalMiddle, adapter, &projections)
        let output = try project(.down, SwiGLU.forward(gate, up), adapter, residual: middle, &projections)
        let saved = Saved(
            x: x, inputRstd: inputRstd, query: savedQuery, key: savedKey, attention: savedAttention, middle: middle,
            middleRstd: middleRstd, gate: gate, up: up, projections: projections)
        return (output, saved)
    }

    /// The same without saving, over whatever attention the cache gives.
    func infer(
        _ x: Tensor, _ adapter: BlockAdapter?, _ table: (cosines: Tensor, sines: Tensor), _ attention: CachedAttention
    ) throws -> Tensor {
        var unused: [Projection: SavedProjection] = [:]
        let normal = try x.rmsNorm(weights.inputNorm, epsilon: configuration.normEpsilon).output
        let query = try heads(.query, normal, weights.queryNorm, adapter, table, &unused).rotated
        let key = try heads(.key, normal, weights.keyNorm, adapter, table, &unused).rotated
        let value = try split(project(.value, normal, adapter, &unused))
        let middle = try project(.output, attention(query, key, value), adapter, residual: x, &unused)
        let normalMiddle = try middle.rmsNorm(weights.outputNorm, epsilon: configuration.normEpsilon).output
        let gate = try project(.gate, normalMiddle, adapter, &unused)
        let up = try project(.up, normalMiddle, adapter, &unused)
        return try project(.down, SwiGLU.forward(gate, up), adapter, residual: middle, &unused)
    }

    /// Sends `dY` [tokens, hidden] back to `x` and adds to the adapter's gradients on the way.
    func backward(
        _ dY: Tensor, _ saved: Saved, _ adapter: BlockAdapter, _ table: (cosines: Tensor, sines: Tensor), _ attention: PackedAttention
    ) throws -> Tensor {
        func back(_ projection: Projection, _ dY: Tensor, adding sum: Tensor? = nil) throws -> Tensor {
            try weights[projection].backward(
                dY, saved.projections[projection], adapter.factors[projection], adapter.gradients[projection], adding: sum)
        }
        let product = try back(.down, dY)
        let (dGate, dUp) = try SwiGLU.backward(product, gate: saved.gate, up: saved.up)
        let dNormalMiddle = try back(.gate, dGate, adding: back(.up, dUp))
        let dMiddle = try RMSNorm.backward(
            dNormalMiddle, x: saved.middle, rstd: saved.middleRstd, weight: weights.outputNorm, adding: dY)

        let (dQuery, dKey, dValue) = try attention.backward(back(.output, dMiddle), saved.attention)
        let tokens = dY.shape[0]
        var dNormal = try back(.value, dValue.reshaped([tokens, -1]))
        dNormal = try back(.key, headsBackward(dKey, saved.key, weights.keyNorm, table), adding: dNormal)
        dNormal = try back(.query, headsBackward(dQuery, saved.query, weights.queryNorm, table), adding: dNormal)
        return try RMSNorm.backward(dNormal, x: saved.x, rstd: saved.inputRstd, weight: weights.inputNorm, adding: dMiddle)
    }

    private func project(
        _ projection: Projection, _ x: Tensor, _ adapter: BlockAdapter?, residual: Tensor? = nil,
        _ saved: inout [Projection: SavedProjection]
    ) throws -> Tensor {
        try weights[projection].forward(
            x, adapter?.factors[projection], residual: residual, mask: adapter?.masks[projection], saved: &saved[projection])
    }

    private func split(_ x: Tensor) throws -> Tensor { try x.reshaped([x.shape[0], -1, configuration.headSize]) }

    private func heads(
        _ projection: Projection, _ x: Tensor, _ norm: Tensor?, _ adapter: BlockAdapter?, _ table: (cosines: Tensor, sines: Tensor),
        _ saved: inout [Projection: SavedProjection]
    ) throws -> (rotated: Tensor, saved: SavedHeads) {
        let y = try split(project(projection, x, adapter, &saved))
        guard let norm else { return (try RotaryEmbedding.rotate(y, table), SavedHeads(normInput: nil, rstd: nil)) }
        let (normal, rstd) = try y.rmsNorm(norm, epsilon: configuration.normEpsilon)
        return (try RotaryEmbedding.rotate(normal, table), SavedHeads(normInput: y, rstd: rstd))
    }

    private func headsBackward(
        _ gradient: Tensor, _ saved: SavedHeads, _ norm: Tensor?, _ table: (cosines: Tensor, sines: Tensor)
    ) throws -> Tensor {
        var gradient = try RotaryEmbedding.rotate(gradient, table, inverse: true)
        if let norm, let input = saved.normInput, let rstd = saved.rstd {
            gradient = try RMSNorm.backward(gradient, x: input, rstd: rstd, weight: norm)
        }
        return try gradient.reshaped([gradient.shape[0], -1])
    }
}

/// `silu(gate) · up` (Shazeer 2020).
enum SwiGLU {
    static func forward(_ gate: Tensor, _ up: Tensor) throws -> Tensor {
        let result = try gate.silu()
        try result.multiply_(by: up)
        return result
    }

    /// `dUp = dY · silu(gate)`, `dGate = dY · up · silu′(gate)`.
    static func backward(_ dY: Tensor, gate: Tensor, up: Tensor) throws -> (gate: Tensor, up: Tensor) {
        let dUp = try gate.silu()
        try dUp.multiply_(by: dY)
        return (try gate.siluBackward(dY.multiplied(by: up)), dUp)
    }
}
