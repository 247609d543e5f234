/// The random numbers of an attention kernel as its backward wants them back, though nothing is dropped.
public struct AttentionRandom {
    let first, second: OpaqueTensor
}

/// Memory-efficient attention (Rabe & Staats 2021), which GPUs have with a backward pass in every type.
extension Tensor {
    /// Shapes as in `flashAttentionCPU`.
    public func efficientAttention(
        key: Tensor, value: Tensor, causal: Bool, mask: Tensor? = nil, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom) {
        let results = try library.handles(
            "aten::_scaled_dot_product_efficient_attention", results: 4,
            with: [.tensor(self), .tensor(key), .tensor(value), .optionalTensor(mask), .bool(true), .double(0), .bool(causal), .optionalDouble(scale)])
        return try library.attention(results)
    }

    /// Gradients of `efficientAttention` for queries (`self`), keys and values.
    public func efficientAttentionBackward(
        gradient: Tensor, key: Tensor, value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom,
        causal: Bool, mask: Tensor? = nil, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let results = try library.handles(
            "aten::_scaled_dot_product_efficient_attention_backward", results: 4,
            with: [.tensor(gradient), .tensor(self), .tensor(key), .tensor(value), mask.map { .tensor($0) } ?? .undefined, .tensor(output),
             .tensor(logSumExp), .opaque(random.first), .opaque(random.second), .double(0), .bools([true, true, true, false]), .bool(causal),
             .optionalDouble(scale)])
        _ = OpaqueTensor(adopting: results[3], of: library)  // the mask's gradient, which was not asked for
        let gradients = try results.prefix(3).map { try Tensor(adopting: $0, of: library) }
        return (gradients[0], gradients[1], gradients[2])
    }
}

/// Sequences of unequal length that lie one after another, as kernels are told of them.
public struct SequenceLengths {
    /// Tokens of each sequence's queries and keys.
    public let queries, keys: [Int]
    /// Where each begins and, at last, where the last ends: int32 [sequences + 1].
    let queryStarts, keyStarts: Tensor

    public init(queries: [Int], keys: [Int], device: Device) throws {
        precondition(queries.count == keys.count && !queries.isEmpty, "every sequence has queries and keys")
        func starts(_ counts: [Int]) throws -> Tensor {
            let sums = counts.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1)) }
            return try Tensor(sums, [sums.count], device: device)
        }
        self.queries = queries
        self.keys = keys
        queryStarts = try starts(queries)
        keyStarts = try starts(keys)
    }
}

/// Flash attention over sequences of unequal length in one call (Dao 2023), which GPUs have for bfloat16 and float16.
///
/// The causal mask is laid at the sequences' ends: the last query sees all keys, the one before it all but the last.
extension Tensor {
    /// - Parameters: `self` [queries, heads, size]; `key`, `value` [keys, groups, size]; all sequences one after another.
    public func flashAttention(
        key: Tensor, value: Tensor, lengths: SequenceLengths, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom) {
        // A schema of 15 arguments became one of 17 on the way to PyTorch 2.13; what is given beyond a schema's end is not read.
        let defaults = [Argument](repeating: .none, count: 6)
        let results = try library.handles(
            "aten::_flash_attention_forward", results: 5,
            with: [.tensor(self), .tensor(key), .tensor(value), .optionalTensor(lengths.queryStarts), .optionalTensor(lengths.keyStarts),
             .integer(lengths.queries.max() ?? 0), .integer(lengths.keys.max() ?? 0), .double(0), .bool(true), .bool(false),
             .optionalDouble(scale)] + defaults)
        _ = OpaqueTensor(adopting: results[4], of: library)  // a mask for debugging, which was not asked for
        return try library.attention(Array(results.prefix(4)))
    }

    /// Gradients of `flashAttention` for queries (`self`), keys and values.
    public func flashAttentionBackward(
        gradient: Tensor, key: Tensor, value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom,
        lengths: SequenceLengths, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let results = try library.call(
            "aten::_flash_attention_backward", results: 3,
            with: [.tensor(gradient), .tensor(self), .tensor(key), .tensor(value), .tensor(output), .tensor(logSumExp),
             .tensor(lengths.queryStarts), .tensor(lengths.keyStarts), .integer(lengths.queries.max() ?? 0), .integer(lengths.keys.max() ?? 0),
             .double(0), .bool(true), .opaque(random.first), .opaque(random.second), .optionalDouble(scale), .none, .none])
        return (results[0], results[1], results[2])
    }
}

extension Libtorch {
    /// Output, log-sum-exp and two opaque results, in this order.
    fileprivate func attention(_ results: [Handle]) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom) {
        let random = AttentionRandom(first: OpaqueTensor(adopting: results[2], of: self), second: OpaqueTensor(adopting: results[3], of: self))
        return (try Tensor(adopting: results[0], of: self), try Tensor(adopting: results[1], of: self), random)
    }
}
