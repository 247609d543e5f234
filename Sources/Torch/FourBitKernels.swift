/// Loops over four-bit weights on the CPU. Bytes become pairs of numbers through a table of 256 pairs, which stays in the first cache.
enum FourBitKernels {
    /// Products of more rows are faster over the dequantised weight: on one Zen 4 core a weight of 1536 × 576 takes 0.57 ms with 16 rows here and
    /// 0.56 ms there, 0.95 and 0.82 ms with 32, 0.21 and 0.26 ms with one.
    static let mostRows = 16

    private typealias Vector = SIMD8<Float>
    private typealias Pair = SIMD2<Float>

    /// What a byte stands for: its high half first.
    private static let pairs: [FourBitMatrix.Format: [Pair]] = Dictionary(
        uniqueKeysWithValues: FourBitMatrix.Format.allCases.map { format in
            let table = format.table
            return (format, (0..<256).map { Pair(table[$0 >> 4], table[$0 & 15]) })
        })

    /// Reads a matrix's scales, doubly quantised or not. The matrix is kept alive by the caller.
    private struct ScaleReader {
        private let plain: UnsafePointer<Float>?
        private let codes: UnsafePointer<UInt8>
        private let map, scales: UnsafePointer<Float>
        private let offset: Float
        private let shift: Int

        init(_ scales: FourBitMatrix.Scales) {
            func floats(_ tensor: Tensor) -> UnsafePointer<Float> { UnsafePointer(tensor.dataPointer.assumingMemoryBound(to: Float.self)) }
            switch scales {
            case .plain(let tensor):
                (plain, map, self.scales, offset, shift) = (floats(tensor), floats(tensor), floats(tensor), 0, 0)
                codes = UnsafePointer(tensor.dataPointer.assumingMemoryBound(to: UInt8.self))
            case .nested(let codes, let map, let scales, let offset, let blockSize):
                plain = nil
                self.codes = UnsafePointer(codes.dataPointer.assumingMemoryBound(to: UInt8.self))
                (self.map, self.scales, self.offset) = (floats(map), floats(scales), floats(offset)[0])
                shift = blockSize.trailingZeroBitCount
            }
        }

        @inline(__always)
        subscript(block: Int) -> Float {
            if let plain { return plain[block] }
            return map[Int(codes[block])] * scales[block &>> shift] + offset
        }
    }

    // MARK: Dequantising

    static func dequantize(_ matrix: FourBitMatrix, into result: Tensor) {
        let count = matrix.count, size = matrix.blockSize
        let whole = count / size
        withExtendedLifetime((matrix, result)) {
            let bytes = UnsafePointer(matrix.packed.dataPointer.assumingMemoryBound(to: UInt8.self))
            let output = result.dataPointer.assumingMemoryBound(to: Float.self)
            let scales = ScaleReader(matrix.scales)
            pairs[matrix.format]!.withUnsafeBufferPointer { table in
                let table = table.baseAddress!
                matrix.packed.library.parallel(whole, grain: max(1, 65_536 / size)) { blocks in
                    for block in blocks {
                        expand(bytes + block &* size / 2, size, scales[block], table, output + block &* size)
                    }
                }
                for index in whole * size..<count {  // the last block may be short, and may end within a byte
                    output[index] = table[Int(bytes[index / 2])][index & 1] * scales[whole]
                }
            }
        }
    }

    /// Writes `count` elements, a multiple of eight, that share a scale.
    @inline(__always)
    private static func expand(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ scale: Float, _ table: UnsafePointer<Pair>, _ output: UnsafeMutablePointer<Float>
    ) {
        let raw = UnsafeMutableRawPointer(output)
        for index in 0..<count / 2 { raw.storeBytes(of: table[Int(bytes[index])], toByteOffset: index &* 8, as: Pair.self) }
        let factor = Vector(repeating: scale)
        for index in 0..<count / 8 {
            let place = index &* 32
            raw.storeBytes(of: raw.loadUnaligned(fromByteOffset: place, as: Vector.self) * factor, toByteOffset: place, as: Vector.self)
        }
    }

    // MARK: Multiplying

    /// `x Wᵀ + bias + residual` for rows of whole blocks. Sums are float32 whatever the type of `x`.
    static func product(_ x: Tensor, _ matrix: FourBitMatrix, _ bias: Tensor?, _ residual: Tensor?) throws -> Tensor {
        let (rows, input, output) = (x.shape[0], matrix.shape[1], matrix.shape[0])
        var floats = try x.to(dtype: .float32).contiguous()
        if rows > 1, rows % 4 != 0 {  // four rows at a time; the product of the added ones is thrown away
            floats = try Tensor.concatenated([floats, .zeros([4 - rows % 4, input])])
        }
        let bias = try bias?.to(dtype: .float32).contiguous(), residual = try residual?.to(dtype: .float32).contiguous()
        let result = try Tensor.empty([rows, output])
        withExtendedLifetime((floats, matrix, bias, residual, result)) {
            func pointer(_ tensor: Tensor) -> UnsafePointer<Float> { UnsafePointer(tensor.dataPointer.assumingMemoryBound(to: Float.self)) }
            let added = Sums(
                result: result.dataPointer.assumingMemoryBound(to: Float.self), bias: bias.map(pointer), residual: residual.map(pointer),
                rows: rows, width: output)
            let x = pointer(floats)
            let bytes = UnsafePointer(matrix.packed.dataPointer.assumingMemoryBound(to: UInt8.self))
            let scales = ScaleReader(matrix.scales)
            pairs[matrix.format]!.withUnsafeBufferPointer { table in
                let table = table.baseAddress!
                if rows == 1 {
                    matrix.packed.library.parallel(output, grain: max(1, 32_768 / input)) { range in
                        single(range, x, bytes, input, matrix.blockSize, scales, table, added)
                    }
                } else {
                    matrix.packed.library.parallel((output + 1) / 2, grain: max(1, 16_384 / input)) { range in
                        several(range, x, (rows + 3) / 4, bytes, input, matrix.blockSize, scales, table, added)
                    }
                }
            }
        }
        return try result.to(dtype: x.dtype)
    }

    /// Where products go, with what is added to them.
    private struct Sums {
        let result: UnsafeMutablePointer<Float>
        let bias, residual: UnsafePointer<Float>?
        let rows, width: Int

        @inline(__always)
        func store(_ value: Float, row: Int, column: Int) {
            if row >= rows || column >= width { return }
            let place = row &* width &+ column
            result[place] = value + (bias?[column] ?? 0) + (residual?[place] ?? 0)
        }
    }

    @inline(__always)
    private static func load(_ pointer: UnsafePointer<Float>) -> Vector {
        UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
    }

    /// One row of `x`: a block's codes are looked up, multiplied and summed before its scale is applied once.
    private static func single(
        _ range: Range<Int>, _ x: UnsafePointer<Float>, _ bytes: UnsafePointer<UInt8>, _ input: Int, _ size: Int, _ scales: ScaleReader,
        _ table: UnsafePointer<Pair>, _ added: Sums
    ) {
        let blocks = input / size
        withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { buffer in
            let values = buffer.baseAddress!, raw = UnsafeMutableRawPointer(values)
            for row in range {
                var sum = Vector.zero
                for block in 0..<blocks {
                    let code = bytes + (row &* input &+ block &* size) / 2
                    for index in 0..<size / 2 { raw.storeBytes(of: table[Int(code[index])], toByteOffset: index &* 8, as: Pair.self) }
                    let factors = x + block &* size
                    var first = Vector.zero, second = Vector.zero
                    var index = 0
                    while index < size {
                        first.addProduct(load(values + index), load(factors + index))
                        second.addProduct(load(values + (index &+ 8)), load(factors + (index &+ 8)))
                        index &+= 16
                    }
                    sum.addProduct(first + second, Vector(repeating: scales[row &* blocks &+ block]))
                }
                added.store(sum.sum(), row: 0, column: row)
            }
        }
    }

    /// Four rows of `x` at a time against two of the weight, whose numbers are looked up once for all rows.
    private static func several(
        _ range: Range<Int>, _ x: UnsafePointer<Float>, _ groups: Int, _ bytes: UnsafePointer<UInt8>, _ input: Int, _ size: Int,
        _ scales: ScaleReader, _ table: UnsafePointer<Pair>, _ added: Sums
    ) {
        let blocks = input / size
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * input) { buffer in
            let upper = buffer.baseAddress!, lower = upper + input
            buffer.initialize(repeating: 0)
            for pair in range {
                for half in 0..<2 where pair &* 2 &+ half < added.width {
                    let row = pair &* 2 &+ half
                    for block in 0..<blocks {
                        expand(
                            bytes + (row &* input &+ block &* size) / 2, size, scales[row &* blocks &+ block], table,
                            upper + (half &* input &+ block &* size))
                    }
                }
                for group in 0..<groups {
                    let x0 = x + group &* 4 &* input, x1 = x0 + input, x2 = x1 + input, x3 = x2 + input
                    var (a0, a1, a2, a3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
                    var (b0, b1, b2, b3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
                    var index = 0
                    while index < input {
                        let a = load(upper + index), b = load(lower + index)
                        let (v0, v1, v2, v3) = (load(x0 + index), load(x1 + index), load(x2 + index), load(x3 + index))
                        a0.addProduct(a, v0)
                        a1.addProduct(a, v1)
                        a2.addProduct(a, v2)
                        a3.addProduct(a, v3)
                        b0.addProduct(b, v0)
                        b1.addProduct(b, v1)
                        b2.addProduct(b, v2)
                        b3.addProduct(b, v3)
                        index &+= 8
                    }
                    let row = group &* 4, column = pair &* 2
                    added.store(a0.sum(), row: row, column: column)
                    added.store(a1.sum(), row: row &+ 1, column: column)
                    added.store(a2.sum(), row: row &+ 2, column: column)
                    added.store(a3.sum(), row: row &+ 3, column: column)
                    added.store(b0.sum(), row: row, column: column &+ 1)
                    added.store(b1.sum(), row: row &+ 1, column: column &+ 1)
                    added.store(b2.sum(), row: row &+ 2, column: column &+ 1)
                    added.store(b3.sum(), row: row &+ 3, column: column &+ 1)
                }
            }
        }
    }
}
