/// Products of a tall matrix's transpose with another, Xᵀ·Y, whose result is small: the rows of both are gone through in blocks that
/// stay in the cache, and tiles of the result are kept in registers.
package enum GramProduct {
    /// The dot products of the rows of `left` `[ranks.0, n]` and of `right` `[ranks.1, n]`: `[ranks.0, ranks.1]`.
    /// - Parameter isSymmetric: both are the same matrix, so half the products need no computing.
    package static func rows(_ left: [Float], _ right: [Float], _ ranks: (Int, Int), isSymmetric: Bool = false) -> [Float] {
        product(left, right, ranks, isSymmetric) { matrix, rank, range, block, stride in
            let length = matrix.count / rank
            // Sixteen rows at once, which fill a line of the cache.
            for first in Swift.stride(from: 0, to: rank, by: 16) {
                let source = matrix.baseAddress! + first * length + range.lowerBound
                let rows = min(16, rank - first)
                for index in 0..<range.count {
                    let line = block + index * stride + first
                    for row in 0..<rows { line[row] = source[row * length + index] }
                }
            }
        }
    }

    /// The dot products of the columns of `left` `[n, ranks.0]` and of `right` `[n, ranks.1]`: `[ranks.0, ranks.1]`.
    package static func columns(_ left: [Float], _ right: [Float], _ ranks: (Int, Int), isSymmetric: Bool = false) -> [Float] {
        product(left, right, ranks, isSymmetric) { matrix, rank, range, block, stride in
            for index in 0..<range.count {
                (block + index * stride).update(from: matrix.baseAddress! + (range.lowerBound + index) * rank, count: rank)
            }
        }
    }

    /// Rows of a block: at rank 128 one takes 32 KB, which with a tile's columns of the other fits into the nearest cache.
    private static let depth = 64
    /// A tile of the result: four rows of sixteen, eight vector registers.
    private static let tile = (rows: 4, columns: 16)

    /// Copies rows `range` of a matrix of so many columns into a block of a stride.
    private typealias Packing = (
        _ matrix: UnsafeBufferPointer<Float>, _ rank: Int, _ range: Range<Int>, _ block: UnsafeMutablePointer<Float>, _ stride: Int
    ) -> Void

    private static func product(
        _ left: [Float], _ right: [Float], _ ranks: (Int, Int), _ isSymmetric: Bool, packing: Packing
    ) -> [Float] {
        let length = left.count / ranks.0
        precondition(left.count == length * ranks.0 && right.count == length * ranks.1, "matrices of one length")
        let widths = ((ranks.0 + 15) / 16 * 16, (ranks.1 + 15) / 16 * 16)
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 4 * (depth * (widths.0 + widths.1) + widths.0 * widths.1), alignment: 64)
        defer { room.deallocate() }
        let floats = room.bindMemory(to: Float.self)
        floats.initialize(repeating: 0)
        let x = floats.baseAddress!, y = x + depth * widths.0, sums = y + depth * widths.1
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                for start in stride(from: 0, to: length, by: depth) {
                    let range = start..<min(start + depth, length)
                    packing(left, ranks.0, range, x, widths.0)
                    if !isSymmetric { packing(right, ranks.1, range, y, widths.1) }
                    addBlock(x, isSymmetric ? x : y, sums, range.count, widths, isSymmetric)
                }
            }
        }
        var result = [Float](repeating: 0, count: ranks.0 * ranks.1)
        for row in 0..<ranks.0 {
            for column in 0..<ranks.1 {
                let isMirrored = isSymmetric && column < row
                result[row * ranks.1 + column] = isMirrored ? sums[column * widths.1 + row] : sums[row * widths.1 + column]
            }
        }
        return result
    }

    private static func addBlock(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Float>, _ depth: Int, _ widths: (Int, Int),
        _ isSymmetric: Bool
    ) {
        for column in stride(from: 0, to: widths.1, by: tile.columns) {
            for row in stride(from: 0, to: widths.0, by: tile.rows) where !isSymmetric || row < column + tile.columns {
                addTile(x + row, y + column, sums + row * widths.1 + column, depth, widths)
            }
        }
    }

    @inline(__always)
    private static func addTile(
        _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Float>, _ depth: Int, _ widths: (Int, Int)
    ) {
        var (a, b, c, d) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
        var (left, right) = (x, UnsafeRawPointer(y))
        for _ in 0..<depth {
            let row = right.load(as: SIMD16<Float>.self)
            a.addProduct(row, SIMD16(repeating: left[0]))
            b.addProduct(row, SIMD16(repeating: left[1]))
            c.addProduct(row, SIMD16(repeating: left[2]))
            d.addProduct(row, SIMD16(repeating: left[3]))
            left += widths.0
            right += 4 * widths.1
        }
        add(a, to: sums)
        add(b, to: sums + widths.1)
        add(c, to: sums + 2 * widths.1)
        add(d, to: sums + 3 * widths.1)
    }

    @inline(__always)
    private static func add(_ values: SIMD16<Float>, to sums: UnsafeMutablePointer<Float>) {
        let place = UnsafeMutableRawPointer(sums)
        place.storeBytes(of: place.load(as: SIMD16<Float>.self) + values, as: SIMD16<Float>.self)
    }
}
