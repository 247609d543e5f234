import Torch

/// From stored bytes to float32. The arithmetic, one rounding per operation in float32, is that of `gguf.quants` (ggml's
/// reference in Python), so the results are equal to the last bit. Loops run over contiguous bytes of one block without
/// branches, so that the compiler vectorises them.
package enum Dequantisation {
    /// - Parameters:
    ///   - source: the first byte of the first block; no alignment is needed.
    ///   - count: elements, a whole number of blocks.
    package static func decode(_ type: StoredType, _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutablePointer<Float>) {
        switch type {
        case .dense(let type): dense(type, source, count, target)
        case .q4_0: blocks(source, count, 32, 18, target, q4_0)
        case .q4_1: blocks(source, count, 32, 20, target, q4_1)
        case .q5_0: blocks(source, count, 32, 22, target, q5_0)
        case .q5_1: blocks(source, count, 32, 24, target, q5_1)
        case .q8_0: blocks(source, count, 32, 34, target, q8_0)
        case .q4_K: blocks(source, count, 256, 144, target, q4_K)
        case .q5_K: blocks(source, count, 256, 176, target, q5_K)
        case .q6_K: blocks(source, count, 256, 210, target, q6_K)
        case .opaque(let name, _, _): preconditionFailure("\(name) was refused before")
        }
    }

    /// IEEE half precision, exact, without the library call that plain x86-64 would need.
    @inline(__always)
    package static func half(_ bits: UInt16) -> Float {
        let magnitude = UInt32(bits & 0x7FFF) << 13
        // Times 2^112 moves the exponent's bias, for subnormal numbers too.
        let scaled = (Float(bitPattern: magnitude) * Float(bitPattern: 0x7780_0000)).bitPattern
        let special: UInt32 = magnitude >= 0x0F80_0000 ? 0x7F80_0000 : 0  // infinity and NaN
        return Float(bitPattern: scaled | special | UInt32(bits & 0x8000) << 16)
    }

    @inline(__always)
    private static func blocks(
        _ source: UnsafeRawPointer, _ count: Int, _ length: Int, _ size: Int, _ target: UnsafeMutablePointer<Float>,
        _ decode: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
    ) {
        for block in 0..<count / length { decode(source + block * size, target + block * length) }
    }

    @inline(__always)
    private static func half(at source: UnsafeRawPointer) -> Float { half(UInt16(littleEndian: source.loadUnaligned(as: UInt16.self))) }

    @inline(__always)
    private static func octets(_ source: UnsafeRawPointer) -> UnsafePointer<UInt8> { source.assumingMemoryBound(to: UInt8.self) }

    // MARK: Plain numbers

    private static func dense(_ type: DType, _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>) {
        switch type {
        case .float32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
        case .float16: each(UInt16.self, source, count, target) { half($0) }
        case .bfloat16: each(UInt16.self, source, count, target) { Float(bitPattern: UInt32($0) << 16) }
        case .float64: each(UInt64.self, source, count, target) { Float(Double(bitPattern: $0)) }
        case .int64: each(Int64.self, source, count, target) { Float($0) }
        case .int32: each(Int32.self, source, count, target) { Float($0) }
        case .int16: each(Int16.self, source, count, target) { Float($0) }
        case .int8: each(Int8.self, source, count, target) { Float($0) }
        case .uint8: each(UInt8.self, source, count, target) { Float($0) }
        case .bool: each(UInt8.self, source, count, target) { $0 == 0 ? 0 : 1 }
        }
    }

    @inline(__always)
    private static func each<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type, _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Float>, _ convert: (T) -> Float
    ) {
        for index in 0..<count {
            target[index] = convert(source.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self))
        }
    }

    // MARK: Blocks of 32, low nibbles first

    /// `d: f16, q: 16 × 2 nibbles`; value = (q − 8) · d
    @inline(__always)
    private static func q4_0(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let d = half(at: block)
        let q = octets(block + 2)
        for i in 0..<16 {
            target[i] = Float(Int32(q[i] & 15) &- 8) * d
            target[i + 16] = Float(Int32(q[i] >> 4) &- 8) * d
        }
    }

    /// `d: f16, m: f16, q: 16 × 2 nibbles`; value = d · q + m
    @inline(__always)
    private static func q4_1(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let (d, m) = (half(at: block), half(at: block + 2))
        let q = octets(block + 4)
        for i in 0..<16 {
            target[i] = Float(Int32(q[i] & 15)) * d + m
            target[i + 16] = Float(Int32(q[i] >> 4)) * d + m
        }
    }

    /// `d: f16, high: 32 bits, q: 16 × 2 nibbles`; value = (q + 16 · high − 16) · d
    @inline(__always)
    private static func q5_0(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let d = half(at: block)
        let high = UInt32(littleEndian: (block + 2).loadUnaligned(as: UInt32.self))
        let q = octets(block + 6)
        for i in 0..<16 {
            let (first, second) = (high >> UInt32(i) & 1, high >> UInt32(i + 16) & 1)
            target[i] = Float(Int32(UInt32(q[i] & 15) | first << 4) &- 16) * d
            target[i + 16] = Float(Int32(UInt32(q[i] >> 4) | second << 4) &- 16) * d
        }
    }

    /// `d: f16, m: f16, high: 32 bits, q: 16 × 2 nibbles`; value = d · (q + 16 · high) + m
    @inline(__always)
    private static func q5_1(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let (d, m) = (half(at: block), half(at: block + 2))
        let high = UInt32(littleEndian: (block + 4).loadUnaligned(as: UInt32.self))
        let q = octets(block + 8)
        for i in 0..<16 {
            let (first, second) = (high >> UInt32(i) & 1, high >> UInt32(i + 16) & 1)
            target[i] = Float(Int32(UInt32(q[i] & 15) | first << 4)) * d + m
            target[i + 16] = Float(Int32(UInt32(q[i] >> 4) | second << 4)) * d + m
        }
    }

    /// `d: f16, q: 32 × int8`; value = q · d
    @inline(__always)
    private static func q8_0(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let d = half(at: block)
        let q = (block + 2).assumingMemoryBound(to: Int8.self)
        for i in 0..<32 { target[i] = Float(Int32(q[i])) * d }
    }

    // MARK: Blocks of 256 in eight groups of 32, each with its own scale

    /// Group `j`'s scale and minimum, six bits each, of the twelve bytes that hold all eight pairs.
    @inline(__always)
    private static func scaleAndMinimum(_ s: UnsafePointer<UInt8>, _ j: Int) -> (Float, Float) {
        if j < 4 { return (Float(s[j] & 63), Float(s[j + 4] & 63)) }
        let scale = s[j + 4] & 15 | (s[j - 4] >> 6) << 4
        let minimum = s[j + 4] >> 4 | (s[j] >> 6) << 4
        return (Float(scale), Float(minimum))
    }

    /// `d: f16, m: f16, scales: 12 bytes, q: 4 × 32 × 2 nibbles`; value = d · scale · q − m · minimum
    @inline(__always)
    private static func q4_K(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let (d, m) = (half(at: block), half(at: block + 2))
        let scales = octets(block + 4)
        for pair in 0..<4 {
            let q = octets(block + 16 + 32 * pair)
            let low = scaleAndMinimum(scales, 2 * pair), high = scaleAndMinimum(scales, 2 * pair + 1)
            let (d1, m1, d2, m2) = (d * low.0, m * low.1, d * high.0, m * high.1)
            let out = target + 64 * pair
            for i in 0..<32 { out[i] = Float(Int32(q[i] & 15)) * d1 - m1 }
            for i in 0..<32 { out[i + 32] = Float(Int32(q[i] >> 4)) * d2 - m2 }
        }
    }

    /// As Q4_K with a fifth bit: `d, m, scales: 12 bytes, high: 32 bytes (bit j belongs to group j), q: 128 bytes`
    @inline(__always)
    private static func q5_K(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let (d, m) = (half(at: block), half(at: block + 2))
        let scales = octets(block + 4), h = octets(block + 16)
        for pair in 0..<4 {
            let q = octets(block + 48 + 32 * pair)
            let low = scaleAndMinimum(scales, 2 * pair), high = scaleAndMinimum(scales, 2 * pair + 1)
            let (d1, m1, d2, m2) = (d * low.0, m * low.1, d * high.0, m * high.1)
            let out = target + 64 * pair
            let shift = UInt8(truncatingIfNeeded: 2 * pair)
            for i in 0..<32 { out[i] = Float(Int32(q[i] & 15 | (h[i] &>> shift & 1) << 4)) * d1 - m1 }
            for i in 0..<32 { out[i + 32] = Float(Int32(q[i] >> 4 | (h[i] &>> (shift &+ 1) & 1) << 4)) * d2 - m2 }
        }
    }

    /// `low: 128 bytes, high: 64 bytes, scales: 16 × int8, d: f16`; value = d · scale · (low + 16 · high − 32)
    @inline(__always)
    private static func q6_K(_ block: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>) {
        let d = half(at: block + 208)
        let scales = (block + 192).assumingMemoryBound(to: Int8.self)
        for part in 0..<2 {
            let low = octets(block + 64 * part), high = octets(block + 128 + 32 * part)
            let out = target + 128 * part
            for side in 0..<2 {
                let s = scales + 8 * part + side
                let (d1, d2, d3, d4) = (d * Float(s[0]), d * Float(s[2]), d * Float(s[4]), d * Float(s[6]))
                for i in 16 * side..<16 * side + 16 {
                    let (a, b, h) = (low[i], low[i + 32], high[i])
                    out[i] = d1 * Float(Int32(a & 15 | (h & 3) << 4) &- 32)
                    out[i + 32] = d2 * Float(Int32(b & 15 | (h >> 2 & 3) << 4) &- 32)
                    out[i + 64] = d3 * Float(Int32(a >> 4 | (h >> 4 & 3) << 4) &- 32)
                    out[i + 96] = d4 * Float(Int32(b >> 4 | (h >> 6) << 4) &- 32)
                }
            }
        }
    }
}
