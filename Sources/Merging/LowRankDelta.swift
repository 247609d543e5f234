/// The delta B·A that a pair of factors stands for, never formed: inner products go through the small Gram matrices,
///
///     ⟨B₁A₁, B₂A₂⟩ = Σᵢⱼ (B₁ᵀB₂)ᵢⱼ (A₁A₂ᵀ)ᵢⱼ
///
/// which costs 2·r²·(in + out) operations instead of 2·r·in·out.
package struct LowRankDelta {
    package let rank: Int
    /// A, `[rank, in]`.
    private let a: [Float]
    /// B, `[out, rank]`.
    private let b: [Float]

    /// - Parameters:
    ///   - a: `[rank, in]`, row-major.
    ///   - b: `[out, rank]`, row-major.
    package init(a: [Float], b: [Float], rank: Int) {
        precondition(rank > 0 && a.count.isMultiple(of: rank) && b.count.isMultiple(of: rank), "factors of this rank")
        (self.a, self.b, self.rank) = (a, b, rank)
    }

    /// The sum of the products of corresponding entries of both deltas.
    package func dot(_ other: LowRankDelta) -> Double {
        sum(GramProduct.rows(a, other.a, (rank, other.rank)), GramProduct.columns(b, other.b, (rank, other.rank)))
    }

    /// The cosine of the angle between both deltas, or nil where one of them is zero.
    package func cosine(_ other: LowRankDelta, norms: (Double, Double)) -> Double? {
        let product = norms.0 * norms.1
        return product > 0 ? min(1, max(-1, dot(other) / product)) : nil
    }

    /// The Frobenius norm.
    package var norm: Double {
        max(0, sum(GramProduct.rows(a, a, (rank, rank), isSymmetric: true), GramProduct.columns(b, b, (rank, rank), isSymmetric: true)))
            .squareRoot()
    }

    private func sum(_ left: [Float], _ right: [Float]) -> Double {
        zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
