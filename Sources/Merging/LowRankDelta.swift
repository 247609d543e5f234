/// The delta B·A that a pair of factors stands for, never formed: inner products go through the small Gram matrices,
///
///     ⟨B₁A₁, B₂A₂⟩ = Σᵢⱼ (B₁ᵀB₂)ᵢⱼ (A₁A₂ᵀ)ᵢⱼ
///
/// which costs 2·r²·(in + out) operations instead of 2·r·in·out.
package struct LowRankDelta {
    package let rank: Int
    /// A, `[rank, in]`.
    private let a: [Float]
    /// Bᵀ, `[rank, out]`.
    private let b: [Float]

    /// - Parameters:
    ///   - a: `[rank, in]`, row-major.
    ///   - b: `[out, rank]`, row-major.
    package init(a: [Float], b: [Float], rank: Int) {
        precondition(rank > 0 && a.count.isMultiple(of: rank) && b.count.isMultiple(of: rank), "factors of this rank")
        self.rank = rank
        self.a = a
        let rows = b.count / rank
        self.b = [Float](unsafeUninitializedCapacity: b.count) { transposed, count in
            for row in 0..<rows {
                for column in 0..<rank { transposed[column * rows + row] = b[row * rank + column] }
            }
            count = b.count
        }
    }

    /// The sum of the products of corresponding entries of both deltas.
    package func dot(_ other: LowRankDelta) -> Double {
        let left = Self.gram(a, other.a, rows: (rank, other.rank))
        let right = Self.gram(b, other.b, rows: (rank, other.rank))
        return zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// The cosine of the angle between both deltas, or nil where one of them is zero.
    package func cosine(_ other: LowRankDelta, norms: (Double, Double)) -> Double? {
        let product = norms.0 * norms.1
        return product > 0 ? min(1, max(-1, dot(other) / product)) : nil
    }

    /// The Frobenius norm.
    package var norm: Double { max(0, dot(self)).squareRoot() }

    /// The dot products of the rows of two matrices with rows of the same length: `[rows.0, rows.1]`.
    package static func gram(_ left: [Float], _ right: [Float], rows: (Int, Int)) -> [Float] {
        let length = left.count / rows.0
        precondition(right.count == length * rows.1, "rows of one length")
        var products = [Float](repeating: 0, count: rows.0 * rows.1)
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                for i in 0..<rows.0 {
                    let row = UnsafeBufferPointer(rebasing: left[i * length..<(i + 1) * length])
                    for j in 0..<rows.1 {
                        let other = UnsafeBufferPointer(rebasing: right[j * length..<(j + 1) * length])
                        products[i * rows.1 + j] = dot(row, other)
                    }
                }
            }
        }
        return products
    }

    private static func dot(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Float {
        let whole = left.count / 16 * 16
        var lanes = (SIMD8<Float>.zero, SIMD8<Float>.zero)
        let (l, r) = (UnsafeRawPointer(left.baseAddress), UnsafeRawPointer(right.baseAddress))
        if let l, let r {
            for offset in stride(from: 0, to: whole * 4, by: 64) {
                lanes.0 += l.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                    * r.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                lanes.1 += l.loadUnaligned(fromByteOffset: offset + 32, as: SIMD8<Float>.self)
                    * r.loadUnaligned(fromByteOffset: offset + 32, as: SIMD8<Float>.self)
            }
        }
        var sum = (lanes.0 + lanes.1).sum()
        for index in whole..<left.count { sum += left[index] * right[index] }
        return sum
    }
}
