import Torch

/// Causal attention over packed sequences, forward and backward: each sequence is one call of the device's flash kernel.
struct PackedAttention {
    let lengths: [Int]
    let heads: Int
    let groups: Int
    let size: Int

    /// What one sequence leaves for its backward.
    struct Saved {
        let query, key, value, output, logSumExp: Tensor  // [1, heads, length, size]; logSumExp as the kernel gives it
        let random: (seed: Tensor, offset: Tensor)?
    }

    private var scale: Double { 1 / Double(size).squareRoot() }

    /// - Parameters: `query` [tokens, heads, size]; `key`, `value` [tokens, groups, size].
    /// - Returns: [tokens, heads · size].
    func forward(_ query: Tensor, _ key: Tensor, _ value: Tensor) throws -> (output: Tensor, saved: [Saved]) {
        let key = try repeated(key), value = try repeated(value)
        var start = 0
        var outputs: [Tensor] = [], saved: [Saved] = []
        for length in lengths {
            let q = try sequence(query, start, length), k = try sequence(key, start, length), v = try sequence(value, start, length)
            let one: Saved
            if q.device == .cpu {
                let (output, logSumExp) = try q.flashAttentionCPU(key: k, value: v, causal: true, scale: scale)
                one = Saved(query: q, key: k, value: v, output: output, logSumExp: logSumExp, random: nil)
            } else {
                let result = try q.efficientAttention(key: k, value: v, causal: true, scale: scale)
                one = Saved(query: q, key: k, value: v, output: result.output, logSumExp: result.logSumExp, random: result.random)
            }
            outputs.append(try one.output.permuted([0, 2, 1, 3]).reshaped([length, heads * size]))
            saved.append(one)
            start += length
        }
        return (try Tensor.concatenated(outputs), saved)
    }

    /// - Parameter gradient: [tokens, heads · size].
    /// - Returns: gradients in the shapes of `forward`'s arguments.
    func backward(_ gradient: Tensor, _ saved: [Saved]) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        var start = 0
        var parts: [(Tensor, Tensor, Tensor)] = []
        let gradient = try gradient.reshaped([gradient.shape[0], heads, size])
        for (length, one) in zip(lengths, saved) {
            let g = try sequence(gradient, start, length)
            if g.device == .cpu {
                let (q, k, v) = try one.query.flashAttentionCPUBackward(
                    gradient: g, key: one.key, value: one.value, output: one.output, logSumExp: one.logSumExp, causal: true, scale: scale)
                parts.append((q, k, v))
            } else {
                let (q, k, v) = try one.query.efficientAttentionBackward(
                    gradient: g, key: one.key, value: one.value, output: one.output, logSumExp: one.logSumExp,
                    random: one.random!, causal: true, scale: scale)
                parts.append((q, k, v))
            }
            start += length
        }
        func joined(_ parts: [Tensor]) throws -> Tensor {
            try Tensor.concatenated(parts.map { try $0.permuted([0, 2, 1, 3]).reshaped([$0.shape[2], heads, size]) })
        }
        return (
            try joined(parts.map(\.0)).contiguous(), try summed(joined(parts.map(\.1))).contiguous(),
            try summed(joined(parts.map(\.2))).contiguous()
        )
    }

    /// [tokens, heads, size] → the view [1, heads, length, size] of one sequence.
    private func sequence(_ x: Tensor, _ start: Int, _ length: Int) throws -> Tensor {
        try x.narrow(0, start, length).permuted([1, 0, 2]).unsqueezed(0)
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
