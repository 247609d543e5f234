import Torch

/// Causal attention over packed sequences, forward and backward: one call of a kernel that takes sequences of unequal length where
/// the device has one, else one call of its kernel for equal lengths for each piece.
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
    private let wholeBatch: WholeBatch?

    /// What one call for the whole batch needs.
    private struct WholeBatch {
        let kernel: any UnequalLengthAttention
        let lengths: SequenceLengths
        /// For every key that is seen, its row, int64: of each piece, what it goes on from and then itself. Nil where none goes on.
        let seen: Tensor?
    }

    /// What the backward pass needs.
    struct Saved {
        /// [tokens, heads · size]
        var output: Tensor
        let pieces: [SavedPiece]
    }

    /// Shaped [groups, heads / groups, length, size], of a whole batch as `UnequalLengthAttention` has it; `logSumExp` is as the kernel gives it.
    struct SavedPiece {
        let query, key, value, logSumExp: Tensor
        let random: AttentionRandom?
    }

    init(_ batch: PackedSequences, model: LanguageModel) throws {
        (heads, groups, size) = model.attentionShape
        pieces = batch.pieces
        starts = batch.starts
        ancestors = batch.ancestors
        before = ancestors.map { chain in chain.reduce(0) { $0 + batch.pieces[$1].count } }
        if let kernel = model.unequalLengthAttention {
            let counts = pieces.map(\.count)
            var seen: Tensor?
            if before.contains(where: { $0 > 0 }) {
                let rows = pieces.indices.flatMap { index in
                    (batch.ancestors[index] + [index]).flatMap { Int64(batch.starts[$0])..<Int64(batch.starts[$0] + counts[$0]) }
                }
                seen = try Tensor(rows, [rows.count], device: model.device)
            }
            wholeBatch = WholeBatch(
                kernel: kernel, lengths: try SequenceLengths(queries: counts, keys: zip(before, counts).map(+), device: model.device), seen: seen)
            masks = [:]
            return
        }
        wholeBatch = nil
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

    /// - Parameters:
    ///   - query: [tokens, heads, size]
    ///   - key, value: [tokens, groups, size]
    ///   - keep: where what is saved of them goes.
    func forward(_ query: Tensor, _ key: Tensor, _ value: Tensor, keep: (Tensor) throws -> Tensor = { $0 }) throws -> Saved {
        let query = try keep(query)
        if let wholeBatch {
            let k = try keep(wholeBatch.seen.map { try key.rows($0) } ?? key), v = try keep(wholeBatch.seen.map { try value.rows($0) } ?? value)
            let result = try wholeBatch.kernel.forward(query, k, v, wholeBatch.lengths, scale: scale)
            let saved = SavedPiece(query: query, key: k, value: v, logSumExp: result.logSumExp, random: result.random)
            return Saved(output: try result.output.reshaped([-1, heads * size]), pieces: [saved])
        }
        let (key, value) = (try keep(key), try keep(value))
        var outputs: [Tensor] = [], saved: [SavedPiece] = []
        for index in pieces.indices {
            let q = try rows(query, of: index), mask = try mask(of: index)
            let k = try seen(key, by: index), v = try seen(value, by: index)
            let output: Tensor
            if q.device == .cpu {
                let result = try q.flashAttentionCPU(key: k, value: v, causal: mask == nil, mask: mask, scale: scale)
                output = result.output
                saved.append(SavedPiece(query: q, key: k, value: v, logSumExp: result.logSumExp, random: nil))
            } else {
                let result = try q.efficientAttention(key: k, value: v, causal: mask == nil, mask: mask, scale: scale)
                output = result.output
                saved.append(SavedPiece(query: q, key: k, value: v, logSumExp: result.logSumExp, random: result.random))
            }
            outputs.append(try output.permuted([2, 0, 1, 3]).reshaped([pieces[index].count, heads * size]))
        }
        return Saved(output: try Tensor.concatenated(outputs), pieces: saved)
    }

    /// - Parameter gradient: [tokens, heads · size].
    /// - Returns: gradients in the shapes of `forward`'s arguments.
    func backward(_ gradient: Tensor, _ saved: Saved) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let gradient = try gradient.reshaped([-1, heads, size]), output = try saved.output.reshaped([-1, heads, size])
        if let wholeBatch {
            let one = saved.pieces[0]
            let result = try wholeBatch.kernel.backward(
                gradient, one.query, one.key, one.value, output: output, logSumExp: one.logSumExp, random: one.random, wholeBatch.lengths,
                scale: scale)
            guard wholeBatch.seen != nil else { return result }
            var start = 0
            let parts = try zip(before, pieces).map { before, piece in
                defer { start += before + piece.count }
                return (try result.key.narrow(0, start, before + piece.count), try result.value.narrow(0, start, before + piece.count))
            }
            let gathered = try gather(parts)
            return (result.query, gathered.key, gathered.value)
        }
        var dQuery: [Tensor] = [], parts: [(key: Tensor, value: Tensor)] = []
        for (index, one) in saved.pieces.enumerated() {
            let g = try rows(gradient, of: index), mask = try mask(of: index)
            var out = try rows(output, of: index)
            // In half precision the GPU's kernel reads the output as [groups, length, heads / groups, size] without gaps, whatever its strides say.
            if g.device != .cpu { out = try out.permuted([0, 2, 1, 3]).contiguous().permuted([0, 2, 1, 3]) }
            let (q, k, v) = g.device == .cpu
                ? try one.query.flashAttentionCPUBackward(
                    gradient: g, key: one.key, value: one.value, output: out, logSumExp: one.logSumExp, causal: mask == nil,
                    mask: mask, scale: scale)
                : try one.query.efficientAttentionBackward(
                    gradient: g, key: one.key, value: one.value, output: out, logSumExp: one.logSumExp,
                    random: one.random!, causal: mask == nil, mask: mask, scale: scale)
            dQuery.append(try q.permuted([2, 0, 1, 3]).reshaped([pieces[index].count, heads, size]))
            // Every key and value head gathers what the query heads of its group send back.
            parts.append((try k.sum([1]).permuted([1, 0, 2]), try v.sum([1]).permuted([1, 0, 2])))
        }
        let gathered = try gather(parts)
        return (try Tensor.concatenated(dQuery).contiguous(), gathered.key, gathered.value)
    }

    /// - Parameter parts: of each piece, the gradients of the keys and values that it sees, [before + count, groups, size].
    /// - Returns: those of all keys and values, [tokens, groups, size].
    private func gather(_ parts: [(key: Tensor, value: Tensor)]) throws -> (key: Tensor, value: Tensor) {
        var dKey: [Tensor] = [], dValue: [Tensor] = []
        for (index, part) in parts.enumerated() {
            var start = 0
            for ancestor in ancestors[index] {
                let count = pieces[ancestor].count
                dKey[ancestor] = try dKey[ancestor].adding(part.key.narrow(0, start, count))
                dValue[ancestor] = try dValue[ancestor].adding(part.value.narrow(0, start, count))
                start += count
            }
            dKey.append(try part.key.narrow(0, start, pieces[index].count))
            dValue.append(try part.value.narrow(0, start, pieces[index].count))
        }
        return (try Tensor.concatenated(dKey).contiguous(), try Tensor.concatenated(dValue).contiguous())
    }

    /// [tokens, heads, size] → the view [groups, heads / groups, length, size] of one piece.
    private func rows(_ x: Tensor, of index: Int) throws -> Tensor {
        try x.narrow(0, starts[index], pieces[index].count).reshaped([pieces[index].count, groups, heads / groups, size]).permuted([1, 2, 0, 3])
    }

    /// Keys or values [tokens, groups, size] of one piece and of what it goes on from: a view of the same shape as `rows`, in which
    /// the heads of a group share theirs.
    private func seen(_ x: Tensor, by index: Int) throws -> Tensor {
        let parts = try (ancestors[index] + [index]).map { try x.narrow(0, starts[$0], pieces[$0].count) }
        let width = before[index] + pieces[index].count
        let shared = try Tensor.concatenated(parts).permuted([1, 0, 2]).unsqueezed(1).expanded([groups, heads / groups, width, size])
        // GPU kernels are not promised to take heads that lie on one another.
        return x.device == .cpu ? shared : try shared.contiguous()
    }

    /// Nil where the kernel's own causal mask is the right one.
    private func mask(of index: Int) throws -> Tensor? {
        let count = pieces[index].count, width = before[index] + count
        return try masks[before[index]]?.narrow(2, 0, count).narrow(3, 0, width).expanded([groups, heads / groups, count, width])
    }
}
