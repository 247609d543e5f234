import Groundwork
import Synchronization
import Torch

/// Causal attention of whole sequences on the processor, forward and backward, in float32: every group of heads of every sequence is a
/// `HostHeadGroup`, and libtorch's threads share them out among themselves.
package struct HostSequenceAttention {
    /// Queries of one sequence, each of which sees the keys up to its own place: the last query sees all of them.
    package struct Sequence {
        package let firstQuery, queries, firstKey, keys: Int

        package init(firstQuery: Int, queries: Int, firstKey: Int, keys: Int) {
            (self.firstQuery, self.queries, self.firstKey, self.keys) = (firstQuery, queries, firstKey, keys)
        }
    }

    private let heads, groups, size: Int
    private let loops: HostHeadGroup.Loops

    /// Nil where these loops do not serve.
    /// - Parameter inWideVectors: products go in vectors of sixteen numbers, which the processor must have.
    package init?(
        _ shape: (heads: Int, groups: Int, size: Int), _ dtype: DType, _ device: Device, inWideVectors: Bool = Processor.hasWideVectors
    ) {
        guard device == .cpu, dtype == .float32, HostHeadGroup.serves(size: shape.size) else { return nil }
        (heads, groups, size) = shape
        loops = HostHeadGroup.Loops(inWideVectors: inWideVectors)
    }

    /// - Parameters:
    ///   - query: [queries, heads, size]
    ///   - key, value: [keys, groups, size] or [keys, groups · size]; sequences may lie anywhere in them.
    /// - Returns: `output` [queries, heads, size], `logSumExp` [queries, heads].
    package func forward(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ sequences: [Sequence], scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor) {
        check(query, key, value, sequences)
        let (query, key, value) = (try query.contiguous(), try key.contiguous(), try value.contiguous())
        let output = try Tensor.empty(query.shape), logSumExp = try Tensor.empty([query.shape[0], heads])
        try withExtendedLifetime((query, key, value, output, logSumExp)) {
            let (q, k, v, o, l) = (Lane(query).start, Lane(key).start, Lane(value).start, Lane(output).start, Lane(logSumExp).start)
            // Later parts of a sequence see more keys than earlier ones; the smaller they are, the more evenly they go round.
            let parts = try 2 * Libtorch.open().threads / max(1, sequences.count * groups) + 1
            try spread(sequences, parts: parts, backward: false) { sequence, number, rows, room in
                group(number, of: sequence, q, k, v, Float(scale)).forward(rows, to: o, l, room)
            }
        }
        return (output, logSumExp)
    }

    /// - Parameters: what `forward` got and gave, and the gradient of its output.
    /// - Returns: gradients in the shapes of `forward`'s arguments; keys that no sequence has get zero. Sequences share no keys.
    package func backward(
        _ gradient: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, output: Tensor, logSumExp: Tensor, _ sequences: [Sequence],
        scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        check(query, key, value, sequences)
        let (query, key, value) = (try query.contiguous(), try key.contiguous(), try value.contiguous())
        let (gradient, output) = (try gradient.contiguous(), try output.contiguous())
        let isCovered = sequences.reduce(0) { $0 + $1.keys } == key.shape[0]
        func space(_ shape: [Int]) throws -> Tensor { isCovered ? try .empty(shape) : try .zeros(shape) }
        let dQuery = try Tensor.empty(query.shape), dKey = try space(key.shape), dValue = try space(value.shape)
        let kept = (gradient, query, key, value, output, logSumExp, dQuery, dKey, dValue)
        try withExtendedLifetime(kept) {
            let (q, k, v) = (Lane(query).start, Lane(key).start, Lane(value).start)
            let past = HostHeadGroup.Past(gradient: Lane(gradient).start, output: Lane(output).start, logSumExp: Lane(logSumExp).start)
            let results = (Lane(dQuery).start, Lane(dKey).start, Lane(dValue).start)
            try spread(sequences, parts: 1, backward: true) { sequence, number, _, room in
                group(number, of: sequence, q, k, v, Float(scale)).backward(past, to: results, room)
            }
        }
        return (dQuery, dKey, dValue)
    }

    private func check(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ sequences: [Sequence]) {
        precondition([query, key, value].allSatisfy { $0.dtype == .float32 && $0.device == .cpu }, "float32 on the CPU")
        precondition(
            sequences.allSatisfy { $0.queries > 0 && $0.queries <= $0.keys } && sequences.reduce(0) { $0 + $1.queries } == query.shape[0],
            "every query belongs to a sequence, which has keys for all of them")
    }

    private func group(
        _ number: Int, of sequence: Sequence, _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>,
        _ scale: Float
    ) -> HostHeadGroup {
        let each = heads / groups, first = sequence.firstQuery * heads + number * each, firstKey = (sequence.firstKey * groups + number) * size
        return HostHeadGroup(
            query: query + first * size, key: key + firstKey, value: value + firstKey, firstHead: first, firstKey: firstKey, each: each, size: size,
            heads: heads, keyStride: groups * size, rows: sequence.queries * each, keys: sequence.keys,
            before: sequence.keys - sequence.queries, scale: scale, loops: loops)
    }

    /// Gives every group of heads of every sequence, its rows in so many parts, to whichever of libtorch's threads is free, each with room of its own.
    private func spread(
        _ sequences: [Sequence], parts: Int, backward: Bool,
        _ body: (_ sequence: Sequence, _ group: Int, _ rows: Range<Int>, _ room: HostHeadGroup.Room) -> Void
    ) throws {
        let block = HostHeadGroup.rowsAtOnce
        let work = sequences.flatMap { sequence in
            (0..<groups).flatMap { number in
                let rows = sequence.queries * (heads / groups), step = HostHeadGroup.rounded((rows + parts - 1) / parts, to: block)
                return stride(from: 0, to: rows, by: step).map { (sequence: sequence, group: number, rows: $0..<min($0 + step, rows)) }
            }
        }
        let longest = sequences.map(\.keys).max() ?? 0, library = try Libtorch.open(), next = Atomic(0)
        let rooms = try (0..<min(library.threads, work.count)).map { _ in
            try HostHeadGroup.Room(keys: longest, size: size, backward: backward)
        }
        library.parallel(rooms.count, grain: 1) { range in
            for room in rooms[range] {
                while true {
                    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    if number >= work.count { break }
                    body(work[number].sequence, work[number].group, work[number].rows, room)
                }
            }
        }
    }
}

extension HostSequenceAttention: UnequalLengthAttention {
    private func sequences(_ lengths: SequenceLengths) -> [Sequence] {
        var (query, key) = (0, 0)
        return zip(lengths.queries, lengths.keys).map { queries, keys in
            defer { (query, key) = (query + queries, key + keys) }
            return Sequence(firstQuery: query, queries: queries, firstKey: key, keys: keys)
        }
    }

    package func forward(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ lengths: SequenceLengths, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom?) {
        let result = try forward(query, key, value, sequences(lengths), scale: scale)
        return (result.output, result.logSumExp, nil)
    }

    package func backward(
        _ gradient: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom?,
        _ lengths: SequenceLengths, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        try backward(gradient, query, key, value, output: output, logSumExp: logSumExp, sequences(lengths), scale: scale)
    }
}
