import Foundation
import Groundwork
import PanelKernels
import Synchronization
import Torch
import WidePanelKernels

/// Causal attention of whole sequences on the processor, forward and backward, in float32.
///
/// The query heads that share a key head are rows of one matrix, a token's beside each other, and 96 rows at a time meet the keys that they
/// see. Scores stand key by key with these rows side by side: no sum of the softmax runs across lanes, a key's scores are columns of the
/// products that follow, and keys, values and gradients are read as they lie in memory. What is not seen is not computed.
package struct HostSequenceAttention {
    /// Queries of one sequence, each of which sees the keys up to its own place: the last query sees all of them.
    package struct Sequence {
        package let firstQuery, queries, firstKey, keys: Int

        package init(firstQuery: Int, queries: Int, firstKey: Int, keys: Int) {
            (self.firstQuery, self.queries, self.firstKey, self.keys) = (firstQuery, queries, firstKey, keys)
        }
    }

    private let heads, groups, size: Int
    private let strip: PanelKernels.PanelProduct.StripFunction
    private let lyingStrip: PanelKernels.PanelProduct.StripFunction

    /// Nil where these loops do not serve.
    /// - Parameter inWideVectors: products go in vectors of sixteen numbers, which the processor must have.
    package init?(
        _ shape: (heads: Int, groups: Int, size: Int), _ dtype: DType, _ device: Device, inWideVectors: Bool = Processor.hasWideVectors
    ) {
        guard device == .cpu, dtype == .float32, shape.size.isMultiple(of: PanelKernels.PanelProduct.stripColumns) else { return nil }
        (heads, groups, size) = shape
        strip = inWideVectors ? WidePanelKernels.PanelProduct.strip : PanelKernels.PanelProduct.strip
        lyingStrip = inWideVectors ? WidePanelKernels.PanelProduct.lyingStrip : PanelKernels.PanelProduct.lyingStrip
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
            let threads = try Libtorch.open().threads
            // Later parts of a sequence see more keys than earlier ones; the smaller they are, the more evenly they go round.
            let parts = max(1, (2 * threads + sequences.count * groups - 1) / max(1, sequences.count * groups))
            try spread(sequences, parts: parts, backward: false) { work, room in
                forward(of: work.group(q, k, v, self, Float(scale)), rows: work.rows, to: o, l, room)
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
            let past = Past(gradient: Lane(gradient).start, output: Lane(output).start, logSumExp: Lane(logSumExp).start)
            let results = (Lane(dQuery).start, Lane(dKey).start, Lane(dValue).start)
            try spread(sequences, parts: 1, backward: true) { work, room in
                backward(of: work.group(q, k, v, self, Float(scale)), past, to: results, room)
            }
        }
        return (dQuery, dKey, dValue)
    }

    private func check(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ sequences: [Sequence]) {
        precondition([query, key, value].allSatisfy { $0.dtype == .float32 && $0.device == .cpu }, "float32 on the CPU")
        precondition(
            sequences.allSatisfy { (1...$0.keys).contains($0.queries) } && sequences.reduce(0) { $0 + $1.queries } == query.shape[0],
            "every query belongs to a sequence, which has keys for all of them")
    }

    // MARK: Work

    private static let rowsAtOnce = PanelKernels.PanelProduct.lyingStride
    private static let tileRows = PanelKernels.PanelProduct.stripRows
    private static let columns = PanelKernels.PanelProduct.stripColumns
    /// Keys that a product of scores and values takes at once: their values stay in the first cache.
    private static let keysAtOnce = 128

    private static func rounded(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }

    /// One group of heads of a sequence, or some of its rows.
    private struct Work {
        let sequence: Sequence
        let number: Int
        let rows: Range<Int>

        func group(
            _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>, _ attention: HostSequenceAttention,
            _ scale: Float
        ) -> Group {
            let (groups, size) = (attention.groups, attention.size), each = attention.heads / groups
            let (queryStride, keyStride) = (attention.heads * size, groups * size)
            let firstQuery = sequence.firstQuery * queryStride + number * each * size, firstKey = sequence.firstKey * keyStride + number * size
            return Group(
                query: query + firstQuery, key: key + firstKey, value: value + firstKey, firstQuery: firstQuery, firstKey: firstKey,
                firstSum: sequence.firstQuery * attention.heads + number * each, each: each, size: size, heads: attention.heads,
                queryStride: queryStride, keyStride: keyStride, rows: sequence.queries * each, keys: sequence.keys,
                before: sequence.keys - sequence.queries, scale: scale)
        }
    }

    private struct Group {
        let query, key, value: UnsafePointer<Float>
        /// Where these stand in their tensors, and the first row's log-sum-exp in its own.
        let firstQuery, firstKey, firstSum: Int
        let each, size, heads, queryStride, keyStride, rows, keys, before: Int
        let scale: Float

        /// Keys that a row sees.
        @inline(__always)
        func seen(by row: Int) -> Int { before + row / each + 1 }

        /// From the first number of the group's queries, or what has their shape, to those of a row.
        @inline(__always)
        func place(of row: Int) -> Int { row / each * queryStride + row % each * size }

        @inline(__always)
        func sumPlace(of row: Int) -> Int { firstSum + row / each * heads + row % each }
    }

    /// What a backward pass reads of the forward one, and the gradient of its output; whole tensors.
    private struct Past {
        let gradient, output, logSumExp: UnsafePointer<Float>
    }

    /// Gives every group of heads of every sequence, in so many parts, to whichever of libtorch's threads is free, each with room of its own.
    private func spread(_ sequences: [Sequence], parts: Int, backward: Bool, _ body: (Work, Room) -> Void) throws {
        let each = heads / groups
        let work = sequences.flatMap { sequence in
            (0..<groups).flatMap { number in
                let rows = sequence.queries * each, step = max(Self.rowsAtOnce, Self.rounded((rows + parts - 1) / parts, to: Self.rowsAtOnce))
                return stride(from: 0, to: rows, by: step).map { Work(sequence: sequence, number: number, rows: $0..<min($0 + step, rows)) }
            }
        }
        let longest = sequences.map(\.keys).max() ?? 0, library = try Libtorch.open(), threads = min(library.threads, work.count)
        let numbers = Room(at: nil, keys: longest, size: size, backward: backward).count
        let rooms = try Tensor.empty([threads, numbers]), next = Atomic(0)
        withExtendedLifetime(rooms) {
            let start = Lane(rooms).start
            library.parallel(threads, grain: 1) { range in
                for thread in range {
                    let room = Room(at: start + thread * numbers, keys: longest, size: size, backward: backward)
                    while true {
                        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                        if number >= work.count { break }
                        body(work[number], room)
                    }
                }
            }
        }
    }

    /// One thread's memory.
    private struct Room {
        /// Keys and values in tiles: of twelve keys, for each of the head's elements, their numbers.
        let keyTiles, valueTiles: UnsafeMutablePointer<Float>
        /// [keys, rowsAtOnce]: scores, then their shares; the shares' gradients.
        let scores, changes: UnsafeMutablePointer<Float>
        /// [size, rowsAtOnce]: queries and the output's gradients, row beside row.
        let queries, gradients: UnsafeMutablePointer<Float>
        /// [rowsAtOnce, size]: the same row by row, and a product's rows.
        let queryRows, gradientRows, products: UnsafeMutablePointer<Float>
        /// [keys, size]: gradients of keys and values.
        let dKeys, dValues: UnsafeMutablePointer<Float>
        /// [rowsAtOnce]
        let sums, shifts: UnsafeMutablePointer<Float>
        /// Numbers that it takes.
        let count: Int

        /// - Parameter start: nil to learn `count` alone.
        init(at start: UnsafeMutablePointer<Float>?, keys: Int, size: Int, backward: Bool) {
            let keys = rounded(keys, to: tileRows), nowhere = UnsafeMutablePointer<Float>(bitPattern: 64)!
            var taken = 0
            func take(_ count: Int, _ isNeeded: Bool = true) -> UnsafeMutablePointer<Float> {
                defer { taken += isNeeded ? count : 0 }
                return start.map { $0 + taken } ?? nowhere
            }
            (keyTiles, valueTiles) = (take(keys * size), take(keys * size, backward))
            (scores, changes) = (take(keys * rowsAtOnce), take(keys * rowsAtOnce, backward))
            (queries, gradients) = (take(size * rowsAtOnce), take(size * rowsAtOnce, backward))
            (queryRows, gradientRows) = (take(rowsAtOnce * size, backward), take(rowsAtOnce * size, backward))
            products = take(rowsAtOnce * size)
            (dKeys, dValues) = (take(keys * size, backward), take(keys * size, backward))
            (sums, shifts) = (take(rowsAtOnce), take(rowsAtOnce))
            count = taken
        }
    }

    // MARK: Forward

    private func forward(
        of group: Group, rows all: Range<Int>, to output: UnsafeMutablePointer<Float>, _ logSumExp: UnsafeMutablePointer<Float>, _ room: Room
    ) {
        layTiles(group.key, group, count: group.seen(by: all.upperBound - 1), room.keyTiles)
        for start in stride(from: all.lowerBound, to: all.upperBound, by: Self.rowsAtOnce) {
            let rows = start..<min(start + Self.rowsAtOnce, all.upperBound), keys = group.seen(by: rows.upperBound - 1)
            layRows(group.query, group, rows, room.queries)
            score(room.keyTiles, room.queries, group, rows, to: room.scores)
            for first in stride(from: 0, to: rows.count, by: 16) {
                exponentials(room.scores + first, SeenKeys(group, rows, first), group.scale, keys, room.sums + first, room.shifts + first)
            }
            mix(room.scores, group.value, group, rows, keys, to: room.products)
            for row in rows {
                let to = output + group.firstQuery + group.place(of: row), from = room.products + (row - start) * size
                let factor = 1 / room.sums[row - start]
                for index in 0..<size { to[index] = from[index] * factor }
                logSumExp[group.sumPlace(of: row)] = room.shifts[row - start] + log(room.sums[row - start])
            }
        }
    }

    /// Sixteen rows that stand side by side: the keys that each of them sees, and the least and the greatest number of these.
    private struct SeenKeys {
        let seen: SIMD16<Int32>
        let least, most: Int

        init(_ group: Group, _ rows: Range<Int>, _ first: Int) {
            var seen = SIMD16<Int32>()
            for lane in 0..<16 { seen[lane] = Int32(truncatingIfNeeded: group.seen(by: min(rows.lowerBound + first + lane, rows.upperBound - 1))) }
            self.seen = seen
            (least, most) = (Int(seen[0]), Int(seen[15]))
        }
    }

    /// `exp(scale · score − highest)` in place of scores, with zeros for keys that a row does not see.
    /// - Parameters: `sums` gets each row's sum, `shifts` the highest scaled score.
    private func exponentials(
        _ scores: UnsafeMutablePointer<Float>, _ rows: SeenKeys, _ scale: Float, _ keys: Int, _ sums: UnsafeMutablePointer<Float>,
        _ shifts: UnsafeMutablePointer<Float>
    ) {
        let stride = Self.rowsAtOnce
        var highest = Lanes(at: scores)  // every row sees the first key
        for key in 1..<max(1, rows.least) {
            let score = Lanes(at: scores + key * stride)
            highest.replace(with: score, where: score .> highest)
        }
        for key in rows.least..<rows.most {
            let score = Lanes(at: scores + key * stride)
            highest.replace(with: score, where: (score .> highest) .& (rows.seen .> Int32(truncatingIfNeeded: key)))
        }
        highest *= scale
        var sum = Lanes.zero
        for key in 0..<rows.least {
            let share = (-highest).addingProduct(Lanes(at: scores + key * stride), Lanes(repeating: scale)).exponential
            sum += share
            share.store(to: scores + key * stride)
        }
        for key in rows.least..<rows.most {
            var share = (-highest).addingProduct(Lanes(at: scores + key * stride), Lanes(repeating: scale)).exponential
            share.replace(with: 0, where: rows.seen .<= Int32(truncatingIfNeeded: key))
            sum += share
            share.store(to: scores + key * stride)
        }
        for key in rows.most..<keys { Lanes.zero.store(to: scores + key * stride) }
        sum.store(to: sums)
        highest.store(to: shifts)
    }

    // MARK: Backward

    /// With P the shares, from the chain rule (Dao et al. 2022, appendix B):
    ///
    ///     dV = Pᵀ dO                      dP = dO Vᵀ
    ///     dS = P ∘ (dP − rowsum(dO ∘ O))
    ///     dQ = scale · dS K               dK = scale · dSᵀ Q
    private func backward(
        of group: Group, _ past: Past,
        to results: (query: UnsafeMutablePointer<Float>, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>), _ room: Room
    ) {
        layTiles(group.key, group, count: group.keys, room.keyTiles)
        layTiles(group.value, group, count: group.keys, room.valueTiles)
        let numbers = Self.rounded(group.keys, to: Self.tileRows) * size
        room.dKeys.update(repeating: 0, count: numbers)
        room.dValues.update(repeating: 0, count: numbers)
        let gradient = past.gradient + group.firstQuery, output = past.output + group.firstQuery
        for start in stride(from: 0, to: group.rows, by: Self.rowsAtOnce) {
            let rows = start..<min(start + Self.rowsAtOnce, group.rows), keys = group.seen(by: rows.upperBound - 1)
            layRows(group.query, group, rows, room.queries)
            layRows(gradient, group, rows, room.gradients)
            for row in rows {
                let place = group.place(of: row), number = row - start
                let (q, g, o) = (group.query + place, gradient + place, output + place)
                let (queryRow, gradientRow) = (room.queryRows + number * size, room.gradientRows + number * size)
                var sum = Lanes.zero
                for index in stride(from: 0, to: size, by: 16) {
                    (Lanes(at: q + index) * group.scale).store(to: queryRow + index)
                    let lanes = Lanes(at: g + index)
                    lanes.store(to: gradientRow + index)
                    sum.addProduct(lanes, Lanes(at: o + index))
                }
                room.sums[number] = sum.total
                room.shifts[number] = past.logSumExp[group.sumPlace(of: row)]
            }
            for number in rows.count..<Self.rounded(rows.count, to: 16) { (room.sums[number], room.shifts[number]) = (0, 0) }
            score(room.keyTiles, room.queries, group, rows, to: room.scores)
            score(room.valueTiles, room.gradients, group, rows, to: room.changes)
            let padded = Self.rounded(keys, to: Self.tileRows)
            for first in stride(from: 0, to: rows.count, by: 16) {
                sharesAndChanges(
                    room.scores + first, room.changes + first, SeenKeys(group, rows, first), group.scale, padded, room.sums + first, room.shifts + first)
            }
            for tile in stride(from: 0, to: keys, by: Self.tileRows) {
                for column in stride(from: 0, to: size, by: Self.columns) {
                    let to = tile * size + column
                    lyingStrip(room.scores + tile * Self.rowsAtOnce, 1, room.gradientRows + column, size, rows.count, room.dValues + to, size, true)
                    lyingStrip(room.changes + tile * Self.rowsAtOnce, 1, room.queryRows + column, size, rows.count, room.dKeys + to, size, true)
                }
            }
            mix(room.changes, group.key, group, rows, keys, to: room.products)
            for row in rows {
                let to = results.query + group.firstQuery + group.place(of: row), from = room.products + (row - start) * size
                for index in 0..<size { to[index] = from[index] * group.scale }
            }
        }
        for key in 0..<group.keys {
            let place = group.firstKey + key * group.keyStride
            (results.key + place).update(from: room.dKeys + key * size, count: size)
            (results.value + place).update(from: room.dValues + key * size, count: size)
        }
    }

    /// Shares in place of scores, and the scores' gradients in place of the shares'.
    /// - Parameters: `sums` holds rowsum(dO ∘ O), `shifts` the log-sum-exp.
    private func sharesAndChanges(
        _ scores: UnsafeMutablePointer<Float>, _ changes: UnsafeMutablePointer<Float>, _ rows: SeenKeys, _ scale: Float, _ keys: Int,
        _ sums: UnsafePointer<Float>, _ shifts: UnsafePointer<Float>
    ) {
        let (sum, shift) = (Lanes(at: sums), -Lanes(at: shifts)), stride = Self.rowsAtOnce
        for key in 0..<rows.most {
            let (score, change) = (scores + key * stride, changes + key * stride)
            var share = shift.addingProduct(Lanes(at: score), Lanes(repeating: scale)).exponential
            if key >= rows.least { share.replace(with: 0, where: rows.seen .<= Int32(truncatingIfNeeded: key)) }
            share.store(to: score)
            (share * (Lanes(at: change) - sum)).store(to: change)
        }
        for key in rows.most..<max(rows.most, keys) {
            Lanes.zero.store(to: scores + key * stride)
            Lanes.zero.store(to: changes + key * stride)
        }
    }

    // MARK: Products

    /// Products of tiles with rows side by side, [keys, rowsAtOnce], as far as one of 32 rows sees the keys.
    private func score(
        _ tiles: UnsafePointer<Float>, _ laid: UnsafePointer<Float>, _ group: Group, _ rows: Range<Int>, to result: UnsafeMutablePointer<Float>
    ) {
        for column in stride(from: 0, to: rows.count, by: Self.columns) {
            let keys = group.seen(by: min(rows.lowerBound + column + Self.columns, rows.upperBound) - 1)
            for tile in stride(from: 0, to: keys, by: Self.tileRows) {
                strip(
                    tiles + tile * size, Self.tileRows, laid + column, Self.rowsAtOnce, size, result + tile * Self.rowsAtOnce + column,
                    Self.rowsAtOnce, false)
            }
        }
    }

    /// Products of the rows' numbers for each key [keys, rowsAtOnce] with keys or values as they lie, [rowsAtOnce, size].
    private func mix(
        _ numbers: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ group: Group, _ rows: Range<Int>, _ keys: Int,
        to result: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: keys, by: Self.keysAtOnce) {
            for row in stride(from: 0, to: rows.count, by: Self.tileRows) {
                for column in stride(from: 0, to: size, by: Self.columns) {
                    strip(
                        numbers + start * Self.rowsAtOnce + row, Self.rowsAtOnce, values + start * group.keyStride + column, group.keyStride,
                        min(Self.keysAtOnce, keys - start), result + row * size + column, size, start > 0)
                }
            }
        }
    }

    /// Rows side by side, [size, rowsAtOnce]; what is missing of the last 32 is zero.
    private func layRows(_ from: UnsafePointer<Float>, _ group: Group, _ rows: Range<Int>, _ to: UnsafeMutablePointer<Float>) {
        lay(Self.rounded(rows.count, to: Self.columns), to, stride: Self.rowsAtOnce) { number in
            number < rows.count ? from + group.place(of: rows.lowerBound + number) : nil
        }
    }

    /// Keys or values in tiles; what is missing of the last is zero.
    private func layTiles(_ from: UnsafePointer<Float>, _ group: Group, count: Int, _ to: UnsafeMutablePointer<Float>) {
        for first in stride(from: 0, to: count, by: Self.tileRows) {
            lay(Self.tileRows, to + first * size, stride: Self.tileRows) { number in
                first + number < count ? from + (first + number) * group.keyStride : nil
            }
        }
    }

    /// Element by element the numbers of `count` rows, a multiple of four.
    @inline(__always)
    private func lay(_ count: Int, _ to: UnsafeMutablePointer<Float>, stride: Int, _ row: (Int) -> UnsafePointer<Float>?) {
        for number in Swift.stride(from: 0, to: count, by: 4) {
            let target = UnsafeMutableRawPointer(to + number)
            if let a = row(number), let b = row(number + 1), let c = row(number + 2), let d = row(number + 3) {
                // Four numbers a store: it is stores that this waits for.
                for index in 0..<size {
                    target.storeBytes(of: SIMD4(a[index], b[index], c[index], d[index]), toByteOffset: 4 * stride * index, as: SIMD4<Float>.self)
                }
            } else {
                let rows = (row(number), row(number + 1), row(number + 2), row(number + 3))
                for index in 0..<size {
                    let numbers = SIMD4(rows.0?[index] ?? 0, rows.1?[index] ?? 0, rows.2?[index] ?? 0, rows.3?[index] ?? 0)
                    target.storeBytes(of: numbers, toByteOffset: 4 * stride * index, as: SIMD4<Float>.self)
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
