import Groundwork
import Torch

/// The best approximation of a matrix by one of a rank (Eckart and Young), as u · diag(s) · vᵀ.
struct LowRankCut {
    private let u: Tensor
    private let s: [Float]
    private let v: Tensor
    /// As asked for; beyond the matrix's own side the factors hold zeros.
    private let rank: Int
    private let energyKept: Double?

    /// Up to here the smaller side's decomposition is computed whole.
    private static let wholeUpTo = 1024
    private static let oversampling = 16, rounds = 6

    /// - Parameters:
    ///   - matrix: `[rows, columns]`.
    ///   - rank: may be above the smaller side.
    ///   - isIsotropic: sets the singular values of the directions that the matrix has to their mean (Iso-C), before the cut.
    init(_ matrix: Tensor, rank: Int, isIsotropic: Bool = false) throws {
        let side = min(matrix.shape[0], matrix.shape[1])
        precondition(rank > 0, "a rank that a matrix can have")
        self.rank = rank
        let rank = min(rank, side)
        let isWhole = isIsotropic || side <= Self.wholeUpTo || rank + Self.oversampling >= side
        let found = try isWhole ? matrix.singularValueDecomposition() : Self.largest(rank, of: matrix)
        var values = try found.s.floats()
        if isIsotropic {
            let count = Self.directions(values), mean = values.prefix(count).reduce(0, +) / Float(max(1, count))
            values = values.indices.map { $0 < count ? mean : 0 }
        }
        let all = isWhole ? values.reduce(0.0) { $0 + Double($1) * Double($1) } : try matrix.squareSum()
        s = Array(values.prefix(rank))
        u = try found.u.narrow(1, 0, rank)
        v = try found.v.narrow(1, 0, rank)
        let kept = s.reduce(0.0) { $0 + Double($1) * Double($1) }
        energyKept = rank == side ? nil : all > 0 ? min(1, kept / all) : 1
    }

    /// How many of a matrix's singular values, largest first, are more than rounding.
    static func directions(_ values: [Float]) -> Int {
        let least = (values.first ?? 0) * Float(values.count) * Float.ulpOfOne
        return values.prefix { $0 > least }.count
    }

    /// The largest singular values and vectors by subspace iteration from a random start (Halko, Martinsson and Tropp 2011), for
    /// matrices whose whole decomposition would take minutes.
    private static func largest(_ rank: Int, of matrix: Tensor) throws -> (u: Tensor, s: Tensor, v: Tensor) {
        let columns = matrix.shape[1], width = min(rank + oversampling, min(matrix.shape[0], columns))
        var random = CounterRandom(seed: 0, phase: "merge/subspace")
        let start = (0..<columns * width).map { _ in Float(random.normal()) }
        var q = try matrix.matmul(Tensor(start, [columns, width])).orthogonalized().q
        let transposed = try matrix.transposed()
        for _ in 0..<rounds {
            let back = try transposed.matmul(q).orthogonalized().q
            q = try matrix.matmul(back).orthogonalized().q
        }
        let (u, s, v) = try q.transposed().matmul(matrix).singularValueDecomposition()
        return (try q.matmul(u), s, v)
    }

    /// A = √s · vᵀ · inputsᵀ and B = outputs · u · √s; without a basis the matrix's own rows or columns.
    func factors(outputs: Tensor? = nil, inputs: Tensor? = nil) throws -> MergedFactors {
        let roots = try Tensor(s.map { max(0, $0).squareRoot() }, [1, s.count])
        let b = try (outputs?.matmul(u) ?? u).multiplied(by: roots)
        let a = try (inputs?.matmul(v) ?? v).multiplied(by: roots).transposed()
        let empty = rank - s.count
        guard empty > 0 else { return MergedFactors(a: try a.floats(), b: try b.floats(), energyKept: energyKept) }
        return MergedFactors(
            a: try Tensor.concatenated([a, .zeros([empty, a.shape[1]])], 0).floats(),
            b: try Tensor.concatenated([b, .zeros([b.shape[0], empty])], 1).floats(), energyKept: energyKept)
    }
}
