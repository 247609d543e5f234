import Torch

/// Floats as two bytes.
package enum HalfPrecision {
    /// The upper half of the float's bits, rounded to nearest, ties to even.
    package static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }

    package static func float16(_ value: Float) -> UInt16 { Float16(value).bitPattern }

    /// The largest float that stays one; nil for types of four bytes and more.
    package static func largest(_ type: DType) -> Float? {
        switch type {
        case .float16: 65_519.996  // what is a half step or more above 65,504 becomes infinite
        case .bfloat16: Float(bitPattern: 0x7f7f_7fff)
        default: nil
        }
    }
}

extension [Float] {
    /// The place of the first number that is none, or that becomes none in a type of two bytes.
    package func firstNotFinite(as type: DType = .float32) -> Int? {
        let limit = (HalfPrecision.largest(type) ?? .greatestFiniteMagnitude).bitPattern
        // Without their signs floats are in the order of their bits, infinity and what is no number last.
        var largest: UInt32 = 0
        withUnsafeBufferPointer { for value in $0 { largest = Swift.max(largest, value.magnitude.bitPattern) } }
        return largest > limit ? firstIndex { $0.magnitude.bitPattern > limit } : nil
    }
}
