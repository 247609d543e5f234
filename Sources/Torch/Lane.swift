/// The elements of a contiguous float32 tensor on the CPU, for loops over raw memory; the tensor is kept alive by the caller.
@frozen
public struct Lane {
    public let start: UnsafeMutablePointer<Float>

    public init(_ tensor: Tensor) { start = tensor.dataPointer.assumingMemoryBound(to: Float.self) }

    @inlinable @inline(__always)
    public static func load(_ pointer: UnsafeMutablePointer<Float>) -> SIMD16<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
    }

    @inlinable @inline(__always)
    public static func store(_ value: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD16<Float>.self)
    }

    /// Whether loops over raw memory can take these tensors.
    public static func takes(_ tensors: Tensor...) -> Bool {
        tensors.allSatisfy { $0.device == .cpu && $0.dtype == .float32 && $0.isContiguous }
    }
}

extension SIMD16<Float> {
    /// e to the power of each lane, to 2 units in the last place; beyond ±87 the result stays at the edge of the normal numbers.
    ///
    /// With n = round(x/ln 2) and r = x − n · ln 2, |r| ≤ ln 2/2: eˣ = 2ⁿ · eʳ, and eʳ by its Taylor polynomial of degree 7, whose
    /// remainder is below 6e-9.
    @inlinable @inline(__always)
    public var exponential: Self {
        var x = self
        // `clamped` goes lane by lane, these become one instruction each.
        x.replace(with: Self(repeating: 88), where: x .> 88)
        x.replace(with: Self(repeating: -87), where: x .< -87)
        // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the low bits.
        let magic = Self(repeating: 12_582_912)
        let shifted = magic.addingProduct(x, Self(repeating: 1.442_695_04))
        let n = shifted - magic
        // ln 2 in two parts, the first with trailing zeros, so that n · first is exact.
        let r = x.addingProduct(n, Self(repeating: -0.693_359_375)).addingProduct(n, Self(repeating: 2.121_944_4e-4))
        var sum = Self(repeating: 1 / 720).addingProduct(Self(repeating: 1 / 5_040), r)
        sum = Self(repeating: 1 / 120).addingProduct(sum, r)
        sum = Self(repeating: 1 / 24).addingProduct(sum, r)
        sum = Self(repeating: 1 / 6).addingProduct(sum, r)
        sum = Self(repeating: 0.5).addingProduct(sum, r)
        sum = Self(repeating: 1).addingProduct(sum, r)
        sum = Self(repeating: 1).addingProduct(sum, r)
        let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
        return unsafeBitCast(unsafeBitCast(sum, to: SIMD16<UInt32>.self) &+ exponent, to: Self.self)
    }
}
