import Foundation
import PanelKernels
import Torch
import WidePanelKernels

/// Attention of the query heads of one sequence that share a key head, over raw memory.
///
/// They are rows of one matrix, a token's beside each other, and 96 rows at a time meet the keys that they see. Scores stand key by key
/// with these rows side by side: no sum of the softmax runs across lanes, and a key's scores are columns of the products that follow, which
/// read values, and on the way back keys, as they lie in memory. What is not seen is not computed.
struct HostHeadGroup {
    /// The first numbers of the group's queries, keys and values.
    let query, key, value: UnsafePointer<Float>
    /// Heads of all queries before the group's first; numbers before its first key.
    let firstHead, firstKey: Int
    /// Heads of the group, numbers of a head, heads of a token, numbers from a token's keys to the next one's.
    let each, size, heads, keyStride: Int
    /// Queries times heads, keys of the sequence, keys before the first query's own.
    let rows, keys, before: Int
    let scale: Float
    let loops: Loops

    /// The products, in vectors of eight or sixteen numbers.
    struct Loops {
        let strip, lyingStrip: PanelKernels.PanelProduct.StripFunction

        init(inWideVectors: Bool) {
            strip = inWideVectors ? WidePanelKernels.PanelProduct.strip : PanelKernels.PanelProduct.strip
            lyingStrip = inWideVectors ? WidePanelKernels.PanelProduct.lyingStrip : PanelKernels.PanelProduct.lyingStrip
        }
    }

    /// What a backward pass reads of the forward one, and the gradient of its output; whole tensors.
    struct Past {
        let gradient, output, logSumExp: UnsafePointer<Float>
    }

    static let rowsAtOnce = PanelKernels.PanelProduct.lyingStride
    private static let tileRows = PanelKernels.PanelProduct.stripRows
    private static let columns = PanelKernels.PanelProduct.stripColumns
    /// Keys that a product of scores and values takes at once: their values stay in the first cache.
    private static let keysAtOnce = 128

    /// Whether there are loops for heads of so many numbers.
    static func serves(size: Int) -> Bool { size.isMultiple(of: columns) }

    static func rounded(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }

    /// Keys that a row sees.
    @inline(__always)
    private func seen(by row: Int) -> Int { before + row / each + 1 }

    /// Heads of all queries before a row's: its place in the log-sum-exps, and times `size` in queries and outputs.
    @inline(__always)
    private func head(of row: Int) -> Int { firstHead + row / each * heads + row % each }

    /// One thread's memory.
    struct Room {
        /// Keys and values in tiles: of twelve keys, for each of the head's elements, their numbers.
        fileprivate let keyTiles, valueTiles: UnsafeMutablePointer<Float>
        /// [keys, rowsAtOnce]: scores, then their shares; the shares' gradients.
        fileprivate let scores, changes: UnsafeMutablePointer<Float>
        /// [size, rowsAtOnce]: queries and the output's gradients, row beside row.
        fileprivate let queries, gradients: UnsafeMutablePointer<Float>
        /// [rowsAtOnce, size]: the same row by row, and a product's rows.
        fileprivate let queryRows, gradientRows, products: UnsafeMutablePointer<Float>
        /// [keys, size]: gradients of keys and values.
        fileprivate let dKeys, dValues: UnsafeMutablePointer<Float>
        /// [rowsAtOnce]
        fileprivate let sums, shifts: UnsafeMutablePointer<Float>
        private let memory: Tensor

        /// - Parameter keys: of the longest sequence.
        init(keys: Int, size: Int, backward: Bool) throws {
            let keys = rounded(keys, to: tileRows), (tiles, block) = (keys * size, rowsAtOnce * size)
            let total = (backward ? 4 * tiles + 2 * keys * rowsAtOnce + 5 * block : tiles + keys * rowsAtOnce + 2 * block) + 2 * rowsAtOnce
            memory = try Tensor.empty([total])
            let start = Lane(memory).start
            var taken = 0
            func take(_ count: Int, _ isNeeded: Bool = true) -> UnsafeMutablePointer<Float> {
                defer { taken += isNeeded ? count : 0 }
                return start + taken
            }
            (keyTiles, valueTiles) = (take(tiles), take(tiles, backward))
            (scores, changes) = (take(keys * rowsAtOnce), take(keys * rowsAtOnce, backward))
            (queries, gradients) = (take(block), take(block, backward))
            (queryRows, gradientRows, products) = (take(block, backward), take(block, backward), take(block))
            (dKeys, dValues) = (take(tiles, backward), take(tiles, backward))
            (sums, shifts) = (take(rowsAtOnce), take(rowsAtOnce))
            precondition(taken == total, "a room is as large as its parts")
        }
    }

    // MARK: Forward

    /// - Parameters: whole tensors.
    func forward(_ all: Range<Int>, to output: UnsafeMutablePointer<Float>, _ logSumExp: UnsafeMutablePointer<Float>, _ room: Room) {
        layTiles(key, count: seen(by: all.upperBound - 1), room.keyTiles)
        for start in stride(from: all.lowerBound, to: all.upperBound, by: Self.rowsAtOnce) {
            let rows = start..<min(start + Self.rowsAtOnce, all.upperBound), keys = seen(by: rows.upperBound - 1)
            layRows(query, rows, room.queries)
            score(room.keyTiles, room.queries, rows, to: room.scores)
            for first in stride(from: 0, to: rows.count, by: 16) {
                exponentials(room.scores + first, SeenKeys(self, rows, first), keys, room.sums + first, room.shifts + first)
            }
            mix(room.scores, value, rows, keys, to: room.products)
            for row in rows {
                let number = row - start, to = output + head(of: row) * size, from = room.products + number * size
                let factor = 1 / room.sums[number]
                for index in 0..<size { to[index] = from[index] * factor }
                logSumExp[head(of: row)] = room.shifts[number] + log(room.sums[number])
            }
        }
    }

    /// Sixteen rows that stand side by side: the keys that each of them sees, and the least and the greatest number of these.
    private struct SeenKeys {
        let seen: SIMD16<Int32>
        let least, most: Int

        init(_ group: HostHeadGroup, _ rows: Range<Int>, _ first: Int) {
            var seen = SIMD16<Int32>()
            for lane in 0..<16 { seen[lane] = Int32(truncatingIfNeeded: group.seen(by: min(rows.lowerBound + first + lane, rows.upperBound - 1))) }
            self.seen = seen
            (least, most) = (Int(seen[0]), Int(seen[15]))
        }
    }

    /// `exp(scale · score − highest)` in place of scores, with zeros for keys that a row does not see.
    /// - Parameters: `sums` gets each row's sum, `shifts` the highest scaled score.
    private func exponentials(
        _ scores: UnsafeMutablePointer<Float>, _ rows: SeenKeys, _ keys: Int, _ sums: UnsafeMutablePointer<Float>,
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
        for key in 0..<rows.most {
            var share = (-highest).addingProduct(Lanes(at: scores + key * stride), Lanes(repeating: scale)).exponential
            if key >= rows.least { share.replace(with: 0, where: rows.seen .<= Int32(truncatingIfNeeded: key)) }
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
    func backward(
        _ past: Past,
        to results: (query: UnsafeMutablePointer<Float>, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>), _ room: Room
    ) {
        layTiles(key, count: keys, room.keyTiles)
        layTiles(value, count: keys, room.valueTiles)
        let numbers = Self.rounded(keys, to: Self.tileRows) * size
        room.dKeys.update(repeating: 0, count: numbers)
        room.dValues.update(repeating: 0, count: numbers)
        let first = firstHead * size, gradient = past.gradient + first
        for start in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
            let rows = start..<min(start + Self.rowsAtOnce, self.rows), keys = seen(by: rows.upperBound - 1)
            layRows(query, rows, room.queries)
            layRows(gradient, rows, room.gradients)
            for row in rows {
                let place = head(of: row) * size, number = row - start
                let (q, g, o) = (query + place - first, past.gradient + place, past.output + place)
                let (queryRow, gradientRow) = (room.queryRows + number * size, room.gradientRows + number * size)
                var sum = Lanes.zero
                for index in stride(from: 0, to: size, by: 16) {
                    (Lanes(at: q + index) * scale).store(to: queryRow + index)
                    let lanes = Lanes(at: g + index)
                    lanes.store(to: gradientRow + index)
                    sum.addProduct(lanes, Lanes(at: o + index))
                }
                room.sums[number] = sum.total
                room.shifts[number] = past.logSumExp[head(of: row)]
            }
            for number in rows.count..<Self.rounded(rows.count, to: 16) { (room.sums[number], room.shifts[number]) = (0, 0) }
            score(room.keyTiles, room.queries, rows, to: room.scores)
            score(room.valueTiles, room.gradients, rows, to: room.changes)
            let padded = Self.rounded(keys, to: Self.tileRows)
            for lane in stride(from: 0, to: rows.count, by: 16) {
                sharesAndChanges(
                    room.scores + lane, room.changes + lane, SeenKeys(self, rows, lane), padded, room.sums + lane, room.shifts + lane)
            }
            for tile in stride(from: 0, to: keys, by: Self.tileRows) {
                for column in stride(from: 0, to: size, by: Self.columns) {
                    let to = tile * size + column
                    loops.lyingStrip(room.scores + tile * Self.rowsAtOnce, 1, room.gradientRows + column, size, rows.count, room.dValues + to, size, true)
                    loops.lyingStrip(room.changes + tile * Self.rowsAtOnce, 1, room.queryRows + column, size, rows.count, room.dKeys + to, size, true)
                }
            }
            mix(room.changes, key, rows, keys, to: room.products)
            for row in rows {
                let to = results.query + head(of: row) * size, from = room.products + (row - start) * size
                for index in 0..<size { to[index] = from[index] * scale }
            }
        }
        for key in 0..<keys {
            let place = firstKey + key * keyStride
            (results.key + place).update(from: room.dKeys + key * size, count: size)
            (results.value + place).update(from: room.dValues + key * size, count: size)
        }
    }

    /// Shares in place of scores, and the scores' gradients in place of the shares'.
    /// - Parameters: `sums` holds rowsum(dO ∘ O), `shifts` the log-sum-exp.
    private func sharesAndChanges(
        _ scores: UnsafeMutablePointer<Float>, _ changes: UnsafeMutablePointer<Float>, _ rows: SeenKeys, _ keys: Int,
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
        _ tiles: UnsafePointer<Float>, _ laid: UnsafePointer<Float>, _ rows: Range<Int>, to result: UnsafeMutablePointer<Float>
    ) {
        for column in stride(from: 0, to: rows.count, by: Self.columns) {
            let keys = seen(by: min(rows.lowerBound + column + Self.columns, rows.upperBound) - 1)
            for tile in stride(from: 0, to: keys, by: Self.tileRows) {
                loops.strip(
                    tiles + tile * size, Self.tileRows, laid + column, Self.rowsAtOnce, size, result + tile * Self.rowsAtOnce + column,
                    Self.rowsAtOnce, false)
            }
        }
    }

    /// Products of the rows' numbers for each key [keys, rowsAtOnce] with keys or values as they lie, [rowsAtOnce, size].
    private func mix(
        _ numbers: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ rows: Range<Int>, _ keys: Int,
        to result: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: keys, by: Self.keysAtOnce) {
            for row in stride(from: 0, to: rows.count, by: Self.tileRows) {
                for column in stride(from: 0, to: size, by: Self.columns) {
                    loops.strip(
                        numbers + start * Self.rowsAtOnce + row, Self.rowsAtOnce, values + start * keyStride + column, keyStride,
                        min(Self.keysAtOnce, keys - start), result + row * size + column, size, start > 0)
                }
            }
        }
    }

    /// Rows side by side, [size, rowsAtOnce]; what is missing of the last 32 is zero.
    private func layRows(_ from: UnsafePointer<Float>, _ rows: Range<Int>, _ to: UnsafeMutablePointer<Float>) {
        lay(Self.rounded(rows.count, to: Self.columns), to, stride: Self.rowsAtOnce) { number in
            number < rows.count ? from + (head(of: rows.lowerBound + number) - firstHead) * size : nil
        }
    }

    /// Keys or values in tiles; what is missing of the last is zero.
    private func layTiles(_ from: UnsafePointer<Float>, count: Int, _ to: UnsafeMutablePointer<Float>) {
        for first in stride(from: 0, to: count, by: Self.tileRows) {
            lay(Self.tileRows, to + first * size, stride: Self.tileRows) { number in
                first + number < count ? from + (first + number) * keyStride : nil
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
