import Torch

/// Causal attention over sequences of unequal length in one call; the mask is laid at the sequences' ends, so that what stands before a
/// sequence's queries is seen by all of them.
package protocol UnequalLengthAttention {
    /// - Parameters: `query` [queries, heads, size]; `key`, `value` [keys, groups, size]; all sequences one after another.
    func forward(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ lengths: SequenceLengths, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom?)

    /// - Returns: gradients in the shapes of `forward`'s arguments.
    func backward(
        _ gradient: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom?,
        _ lengths: SequenceLengths, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor)
}

/// The flash kernel of a GPU.
struct FlashAttention: UnequalLengthAttention {
    /// - Returns: no kernel where the type has none on this device, this PyTorch lacks it, or it lays the causal mask elsewhere, which builds for
    ///   other GPUs do: it is tried on two small sequences beside attention with a mask. The note says so where a kernel was to be expected.
    static func find(on device: Device, dtype: DType) -> (kernel: FlashAttention?, note: String?) {
        guard device != .cpu, dtype == .bfloat16 || dtype == .float16 else { return (nil, nil) }
        let consequence = "sequences are attended one by one, which is slower"
        do {
            if try agrees(on: device, dtype) { return (FlashAttention(), nil) }
            return (nil, "this PyTorch's flash attention for unequal lengths gives other results than attention with a mask; \(consequence)")
        } catch {
            return (nil, "this PyTorch has no flash attention for unequal lengths on \(device) (\(error)); \(consequence)")
        }
    }

    private static func agrees(on device: Device, _ dtype: DType) throws -> Bool {
        let heads = 4, groups = 2, size = 64, queries = [3, 5], keys = [9, 5]
        func wave(_ tokens: Int, _ heads: Int, _ pace: Float) throws -> Tensor {
            let values = (0..<tokens * heads * size).map { index in ((Float(index) * pace).truncatingRemainder(dividingBy: 2) - 1) }
            return try Tensor(values, [tokens, heads, size], dtype: dtype, device: device)
        }
        let query = try wave(8, heads, 0.37), key = try wave(14, groups, 0.71), value = try wave(14, groups, 0.53)
        let lengths = try SequenceLengths(queries: queries, keys: keys, device: device)
        let output = try query.flashAttention(key: key, value: value, lengths: lengths, scale: 0.125).output.to(dtype: .float32, device: .cpu).floats()
        var expected: [Float] = []
        for (index, (count, width)) in zip(queries, keys).enumerated() {
            func part(_ x: Tensor, _ start: Int, _ count: Int) throws -> Tensor {
                let rows = try x.to(dtype: .float32, device: .cpu).narrow(0, start, count).permuted([1, 0, 2])
                let own = rows.shape[0]
                return try rows.unsqueezed(1).expanded([own, heads / own, count, size]).reshaped([1, heads, count, size])
            }
            let mask = (0..<count * width).map { $0 % width > width - count + $0 / width ? -Float.infinity : 0 }
            let result = try part(query, index * queries[0], count).attention(
                key: part(key, index * keys[0], width), value: part(value, index * keys[0], width), causal: false,
                mask: Tensor(mask, [1, 1, count, width]), scale: 0.125)
            expected += try result.permuted([0, 2, 1, 3]).contiguous().floats()
        }
        // Half precision keeps eight bits or more of values up to 1.
        return zip(output, expected).allSatisfy { abs($0 - $1) < 0.03 }
    }

    func forward(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ lengths: SequenceLengths, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom?) {
        let result = try query.flashAttention(key: key, value: value, lengths: lengths, scale: scale)
        return (result.output, result.logSumExp, result.random)
    }

    func backward(
        _ gradient: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom?,
        _ lengths: SequenceLengths, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        try query.flashAttentionBackward(
            gradient: gradient, key: key, value: value, output: output, logSumExp: logSumExp, random: random!, lengths: lengths, scale: scale)
    }
}
