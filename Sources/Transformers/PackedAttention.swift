import Torch

/// Causal attention over packed sequences, forward and backward: each piece is one call of the device's flash kernel.
///
/// A piece that goes on from a shared beginning attends to the beginning's keys and values and its own; in the backward pass the
/// beginning's keys and values gather what all of their readers send back.
struct PackedAttention {
    let heads: Int
    let groups: Int
    let size: Int
    private let pieces: [PackedSequences.Piece]
    private let starts: [Int]
    private let ancestors: [[Int]]
    /// Tokens that stand before each piece in its sequence.
    private let before: [Int]
    /// Rows of pieces that go on from another see all of that one and, of their own, what is not behind them:
    /// 0 there and −∞ elsewhere, [1, 1, count, before + count or more] for the longest piece; by the length before.
    private let masks: [Int: Tensor]

    /// What one piece leaves for its backward.
    struct Saved {
        let query, key, value, output, logSumExp: Tensor  // [1, heads, length, size]; logSumExp as the kernel gives it
        let random: (seed: Tensor, offset: Tensor)?
    }

    init(_ batch: PackedSequences, model: LanguageModel) throws {
        (heads, groups, size) = model.attentionShape
        pieces = batch.pieces
        starts = batch.starts
        ancestors = batch.ancestors
        before = ancestors.map { chain in chain.reduce(0) { $0 + batch.pieces[$1].count } }
        let longest = Dictionary(zip(before, pieces.map(\.count)), uniquingKeysWith: max)
        var masks: [Int: Tensor] = [:]
        for (before, count) in longest where before > 0 {
            let width = before + count, stride = (width + 15) / 16 * 16  // GPU kernels want aligned rows
            var values = [Float](repeating: 0, count: count * stride)
            for row in 0..<count {
                for column in (before + row + 1)..<max(before + row + 1, width) { values[row * stride + column] = -.infinity }
            }
            masks[before] = try Tensor(values, [1, 1, count, stride], dtype: model.dtype, device: model.device)
        }
        self.masks = masks
    }

    private var scale: Double { 1 / Double(size).squareRoot() }

    /// - Parameters: `query` [tokens, heads, size]; `key`, `value` [tokens, groups, size].
    /// - Returns: [tokens, heads · size].
    func forward(_ query: Tensor, _ key: Tensor, _ value: Tensor) throws -> (output: Tensor, saved: [Saved]) {
        let key = try repeated(key), value = try repeated(value)
        var outputs: [Tensor] = [], saved: [Saved] = []
        for index in pieces.indices {
            let q = try rows(query, of: index), mask = try mask(of: index)
            let k = try seen(key, by: index), v = try seen(value, by: index)
            let one: Saved
            if q.device == .cpu {
                let (output, logSumExp) = try q.flashAttentionCPU(key: k, value: v, causal: mask == nil, mask: mask, scale: scale)
                one = Saved(query: q, key: k, value: v, output: output, logSumExp: logSumExp, random: nil)
            } else {
                let result = try q.efficientAttention(key: k, value: v, causal: mask == nil, mask: mask, scale: scale)
                one = Saved(query: q, key: k, value: v, output: result.output, logSumExp: result.logSumExp, random: result.random)
            }
            outputs.append(try one.output.permuted([0, 2, 1, 3]).reshaped([pieces[index].count, heads * size]))
            saved.append(one)
        }
        return (try Tensor.concatenated(outputs), saved)
    }

    /// - Parameter gradient: [tokens, heads · size].
    /// - Returns: gradients in the shapes of `forward`'s arguments.
    func backward(_ gradient: Tensor, _ saved: [Saved]) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        var dQuery: [Tensor] = [], dKey: [Tensor] = [], dValue: [Tensor] = []  // [1, heads, length, size] of each piece
        let gradient = try gradient.reshaped([gradient.shape[0], heads, size])
        for (index, one) in saved.enumerated() {
            let g = try rows(gradient, of: index), mask = try mask(of: index)
            let (q, k, v) = g.device == .cpu
                ? try one.query.flashAttentionCPUBackward(
                    gradient: g, key: one.key, value: one.value, output: one.output, logSumExp: one.logSumExp, causal: mask == nil,
                    mask: mask, scale: scale)
                : try one.query.efficientAttentionBackward(
                    gradient: g, key: one.key, value: one.value, output: one.output, logSumExp: one.logSumExp,
                    random: one.random!, causal: mask == nil, mask: mask, scale: scale)
            dQuery.append(q)
            var start = 0
            for ancestor in ancestors[index] {
                let count = pieces[ancestor].count
                dKey[ancestor] = try dKey[ancestor].adding(k.narrow(2, start, count))
                dValue[ancestor] = try dValue[ancestor].adding(v.narrow(2, start, count))
                start += count
            }
            dKey.append(try k.narrow(2, start, pieces[index].count))
            dValue.append(try v.narrow(2, start, pieces[index].count))
        }
        func joined(_ parts: [Tensor]) throws -> Tensor {
            try Tensor.concatenated(parts.map { try $0.permuted([0, 2, 1, 3]).reshaped([$0.shape[2], heads, size]) })
        }
        return (
            try joined(dQuery).contiguous(), try summed(joined(dKey)).contiguous(), try summed(joined(dValue)).contiguous()
        )
    }

    /// [tokens, heads, size] → the view [1, heads, length, size] of one piece.
    private func rows(_ x: Tensor, of index: Int) throws -> Tensor {
        try x.narrow(0, starts[index], pieces[index].count).permuted([1, 0, 2]).unsqueezed(0)
    }

    /// The same with what the piece goes on from in front.
    private func seen(_ x: Tensor, by index: Int) throws -> Tensor {
        if before[index] == 0 { return try rows(x, of: index) }
        let parts = try (ancestors[index] + [index]).map { try x.narrow(0, starts[$0], pieces[$0].count) }
        return try Tensor.concatenated(parts).permuted([1, 0, 2]).unsqueezed(0)
    }

    /// Nil where the kernel's own causal mask is the right one.
    private func mask(of index: Int) throws -> Tensor? {
        let count = pieces[index].count, width = before[index] + count
        return try masks[before[index]]?.narrow(2, 0, count).narrow(3, 0, width).expanded([1, heads, count, width])
    }

    /// Grouped-query attention: every key and value head serves `heads / groups` query heads.
    private func repeated(_ x: Tensor) throws -> Tensor {
        if groups == heads { return x }
        let tokens = x.shape[0]
        return try x.unsqueezed(2).expanded([tokens, groups, heads / groups, size]).reshaped([tokens, heads, size])
    }

    private func summed(_ x: Tensor) throws -> Tensor {
        if groups == heads { return x }
        return try x.reshaped([x.shape[0], groups, heads / groups, size]).sum([2])
    }
}
