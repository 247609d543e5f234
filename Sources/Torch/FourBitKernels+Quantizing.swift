/// Quantising to NF4, as bitsandbytes does it on the CPU to the last bit.
extension FourBitKernels {
    /// - Parameters:
    ///   - weight: float32, contiguous.
    ///   - packed: uint8 [(count + 1) / 2]; gets the codes.
    ///   - scales: float32 [blocks]; gets the largest magnitude of each block.
    /// - Returns: false where an element is infinite or not a number.
    static func quantize(_ weight: Tensor, blockSize: Int, packed: Tensor, scales: Tensor) throws -> Bool {
        let table = FourBitMatrix.Format.nf4.table
        // The code is the number of bounds below an element.
        let bounds = zip(table, table.dropFirst()).map { ($0 + $1) / 2 }
        let count = weight.count, whole = count / blockSize
        return withExtendedLifetime((weight, packed, scales)) {
            let input = UnsafePointer(weight.dataPointer.assumingMemoryBound(to: Float.self))
            let output = packed.dataPointer.assumingMemoryBound(to: UInt8.self)
            let largest = scales.dataPointer.assumingMemoryBound(to: Float.self)
            bounds.withUnsafeBufferPointer { bounds in
                let bounds = bounds.baseAddress!
                weight.library.parallel(whole, grain: max(1, 32_768 / blockSize)) { blocks in
                    for block in blocks {
                        largest[block] = quantize(input + block &* blockSize, blockSize, output + block &* blockSize / 2, bounds)
                    }
                }
                if whole * blockSize < count { quantizeLast(input, whole * blockSize..<count, output, &largest[whole], bounds) }
            }
            return (0..<scales.count).allSatisfy { largest[$0].isFinite }
        }
    }

    /// One whole block. Returns its scale, or a NaN where an element is infinite or not a number.
    @inline(__always)
    private static func quantize(
        _ input: UnsafePointer<Float>, _ count: Int, _ output: UnsafeMutablePointer<UInt8>, _ bounds: UnsafePointer<Float>
    ) -> Float {
        let raw = UnsafeRawPointer(input)
        var most = SIMD8<Float>.zero, nothing = SIMD8<Float>.zero
        for index in 0..<count / 8 {
            let values = raw.loadUnaligned(fromByteOffset: index &* 32, as: SIMD8<Float>.self)
            nothing += values * 0  // stays zero while all are finite
            let sizes = values.replacing(with: -values, where: values .< 0)
            most.replace(with: sizes, where: sizes .> most)
        }
        guard nothing.sum() == 0 else { return .nan }
        let scale = most.max()
        let factor = 1 / max(scale, 1e-38)
        for index in 0..<count / 8 {
            let values = raw.loadUnaligned(fromByteOffset: index &* 32, as: SIMD8<Float>.self) * factor
            var codes = SIMD8<Int32>.zero
            for bound in 0..<15 { codes = codes.replacing(with: codes &+ 1, where: values .> bounds[bound]) }
            let bytes = SIMD4<UInt8>(truncatingIfNeeded: codes.evenHalf &<< 4 | codes.oddHalf)
            UnsafeMutableRawPointer(output).storeBytes(of: bytes, toByteOffset: index &* 4, as: SIMD4<UInt8>.self)
        }
        return scale
    }

    /// The short block at the end, where bitsandbytes divides instead of multiplying by the reciprocal.
    private static func quantizeLast(
        _ input: UnsafePointer<Float>, _ range: Range<Int>, _ output: UnsafeMutablePointer<UInt8>, _ scale: inout Float,
        _ bounds: UnsafePointer<Float>
    ) {
        guard range.allSatisfy({ input[$0].isFinite }) else {
            scale = .nan
            return
        }
        scale = max(range.map { abs(input[$0]) }.max() ?? 0, 1e-38)
        func code(_ index: Int) -> UInt8 {
            let value = range.contains(index) ? input[index] / scale : 0  // an odd element is followed by a zero
            return UInt8((0..<15).count { value > bounds[$0] })
        }
        for index in stride(from: range.lowerBound, to: range.upperBound, by: 2) { output[index / 2] = code(index) << 4 | code(index + 1) }
    }

    /// The code of the number nearest to each of 65,536 steps from −1 to 1.
    private static let nearest: [UInt8] = {
        let map = EightBitMap.dynamic
        var code = 0
        return (0..<65_536).map { step in
            let value = Float(Double(step) * 2 / 65_535 - 1)
            while code < 255 && (map[code] + map[code + 1]) / 2 < value { code += 1 }
            return UInt8(code)
        }
    }()

    /// The scales in bytes, 256 with a scale of their own.
    ///
    /// bitsandbytes rounds an element to one of 65,536 steps between −1 and 1 before it takes the nearest number of the map.
    /// - Parameters:
    ///   - values: float32 [blocks], their mean taken away.
    ///   - codes: uint8 [blocks]; gets the codes.
    ///   - scales: float32 [(blocks + 255) / 256]; gets the largest magnitudes.
    static func quantizeScales(_ values: Tensor, codes: Tensor, scales: Tensor) {
        values.withElements(Float.self) { values in
            codes.withElements(UInt8.self) { codes in
                scales.withElements(Float.self) { scales in
                    for block in scales.indices {
                        let range = block * 256..<min((block + 1) * 256, values.count)
                        scales[block] = range.reduce(0) { max($0, abs(values[$1])) }
                        let factor = 1 / scales[block]  // infinite where the scale is next to nothing
                        for index in range {
                            codes[index] = scales[block] > 0 && factor.isFinite ? nearest[Int((values[index] * factor + 1) * 32_767.5 + 0.5)] : 0
                        }
                    }
                }
            }
        }
    }
}
