import Checkpoints
import Torch

/// The factors of a merged module.
struct MergedFactors: Sendable {
    /// `[rank, in]`
    var a: [Float]
    /// `[out, rank]`
    var b: [Float]
    /// The share of the squared singular values that a cut to the rank has left; nil where nothing was cut.
    var energyKept: Double?
}

/// One adapter's part in a module.
struct AdapterPart {
    /// `[rank, in]`
    let a: [Float]
    /// `[out, rank]`
    let b: [Float]
    let rank: Int
    /// α/r, or α/√r.
    let scale: Double
    let weight: Double
}

/// A module's adapters as the matrices that a space's methods work on, and the way back to factors.
protocol MergeCoordinates {
    var groups: [EntryGroup] { get }
    /// - Parameter merged: what became of each group.
    func factors(from merged: [[Float]], rank: Int) throws -> MergedFactors
}

/// A and B apart, each carrying the root of its adapter's scale and weight; the signs of scale, weight and lambda go to A.
struct FactorCoordinates: MergeCoordinates {
    let groups: [EntryGroup]

    init(_ parts: [AdapterPart], _ settings: MergeSettings) {
        // PEFT elects signs and trims before the scale, the others see each adapter's own delta.
        let isPEFT = settings.chosenConvention == .peft
        let scales = parts.map { isPEFT ? 1 : Float(abs($0.scale).squareRoot()) }
        let weights = parts.map { part in
            let product = part.weight * (isPEFT ? part.scale : 1)
            return (size: Float(abs(product).squareRoot()), sign: Float(product < 0 ? -1 : 1))
        }
        let lambda = Float(abs(settings.lambda).squareRoot()), sign: Float = settings.lambda < 0 ? -1 : 1
        groups = [
            EntryGroup(
                name: "A", vectors: zip(parts, scales).map { Self.scaled($0.a, !isPEFT && $0.scale < 0 ? -$1 : $1) }, width: parts[0].a.count / parts[0].rank,
                weights: weights.map { $0.size * $0.sign }, lambda: lambda * sign),
            EntryGroup(
                name: "B", vectors: zip(parts, scales).map { Self.scaled($0.b, $1) }, width: parts[0].rank, weights: weights.map(\.size),
                lambda: lambda),
        ]
    }

    private static func scaled(_ values: [Float], _ factor: Float) -> [Float] { factor == 1 ? values : values.map { $0 * factor } }

    func factors(from merged: [[Float]], rank: Int) -> MergedFactors { MergedFactors(a: merged[0], b: merged[1], energyKept: nil) }
}

/// The full products.
struct DeltaCoordinates: MergeCoordinates {
    let groups: [EntryGroup]
    private let shape: [Int]

    init(_ parts: [AdapterPart], _ settings: MergeSettings) throws {
        let width = parts[0].a.count / parts[0].rank
        shape = [parts[0].b.count / parts[0].rank, width]
        let deltas = try parts.map { part in
            let a = try Tensor(part.a, [part.rank, width]).multiplied(by: part.scale)
            return try Tensor(part.b, [part.b.count / part.rank, part.rank]).matmul(a).floats()
        }
        groups = [EntryGroup(name: "delta", vectors: deltas, width: width, weights: parts.map { Float($0.weight) }, lambda: Float(settings.lambda))]
    }

    func factors(from merged: [[Float]], rank: Int) throws -> MergedFactors {
        try LowRankCut(Tensor(merged[0], shape), rank: rank).factors()
    }
}

/// All adapters of a module in orthonormal bases of their outputs and of their inputs:
///
///     B₁ … Bₙ side by side = Q·R, R = U·S·Vᵀ   →   basis Q·U, coordinates S·Vᵀ
///
/// and the same for A₁ᵀ … Aₙᵀ, so that an adapter's delta is basis · core · basisᵀ with a core of coordinates · scale · coordinatesᵀ.
/// The bases are those of Core Space Merging (the singular vectors of the stacked factors), by way of a QR decomposition; they do
/// not depend on the order of the adapters.
struct CoreCoordinates: MergeCoordinates {
    let groups: [EntryGroup]
    /// `[out, p]`, `[in, q]`
    let outputs: Tensor
    let inputs: Tensor
    let isIsotropic: Bool

    init(_ parts: [AdapterPart], _ settings: MergeSettings) throws {
        let basis = try Self.bases(of: parts)
        (outputs, inputs) = (basis.outputs, basis.inputs)
        isIsotropic = settings.method.combination == .isotropic
        groups = [
            EntryGroup(
                name: "core", vectors: try basis.cores.map { try $0.floats() }, width: inputs.shape[1],
                weights: parts.map { Float($0.weight) }, lambda: Float(settings.lambda))
        ]
    }

    static func bases(of parts: [AdapterPart]) throws -> (outputs: Tensor, inputs: Tensor, cores: [Tensor]) {
        let width = parts[0].a.count / parts[0].rank, height = parts[0].b.count / parts[0].rank
        let b = try basis(of: Tensor.concatenated(parts.map { try Tensor($0.b, [height, $0.rank]) }, 1))
        let a = try basis(of: Tensor.concatenated(parts.map { try Tensor($0.a, [$0.rank, width]) }, 0).transposed())
        var start = 0
        let cores = try parts.map { part in
            defer { start += part.rank }
            let right = try a.coordinates.narrow(1, start, part.rank).multiplied(by: part.scale)
            return try b.coordinates.narrow(1, start, part.rank).matmul(right.transposed()).contiguous()
        }
        return (b.basis, a.basis, cores)
    }

    private static func basis(of stacked: Tensor) throws -> (basis: Tensor, coordinates: Tensor) {
        let (q, r) = try stacked.contiguous().orthogonalized()
        let (u, s, v) = try r.singularValueDecomposition()
        let (basis, kept) = try directions(u, s)
        let coordinates = try v.narrow(1, 0, kept).multiplied(by: s.narrow(0, 0, kept).unsqueezed(0)).transposed()
        return (try q.matmul(basis), coordinates)
    }

    /// The singular vectors along which there is anything, one at least. Factors that adapters share (the start's, in a merge of changes) leave
    /// others empty; entries there would count for a density as the smallest of all.
    static func directions(_ vectors: Tensor, _ values: Tensor) throws -> (vectors: Tensor, count: Int) {
        let count = max(1, LowRankCut.directions(try values.floats()))
        return (try vectors.narrow(1, 0, count), count)
    }

    func factors(from merged: [[Float]], rank: Int) throws -> MergedFactors {
        let core = try Tensor(merged[0], [outputs.shape[1], inputs.shape[1]])
        return try LowRankCut(core, rank: rank, isIsotropic: isIsotropic).factors(outputs: outputs, inputs: inputs)
    }
}

/// KnOTS: the deltas side by side are U·Σ·[V₁ᵀ … Vₙᵀ]; what is merged are the ΣVᵢᵀ. Found through the cores, whose product with the
/// orthonormal basis of inputs leaves U and Σ as they are.
struct KnotsCoordinates: MergeCoordinates {
    let groups: [EntryGroup]
    /// `[out, p]`
    private let outputs: Tensor
    private let width: Int

    init(_ parts: [AdapterPart], _ settings: MergeSettings) throws {
        let (outputs, inputs, cores) = try CoreCoordinates.bases(of: parts)
        let (u, s, _) = try Tensor.concatenated(cores, 1).singularValueDecomposition()
        let turn = try CoreCoordinates.directions(u, s).vectors
        self.outputs = try outputs.matmul(turn)
        width = inputs.shape[0]
        let back = try inputs.transposed()
        groups = [
            EntryGroup(
                name: "knots", vectors: try cores.map { try turn.transposed().matmul($0).matmul(back).floats() }, width: width,
                weights: parts.map { Float($0.weight) }, lambda: Float(settings.lambda))
        ]
    }

    func factors(from merged: [[Float]], rank: Int) throws -> MergedFactors {
        let cut = try LowRankCut(Tensor(merged[0], [outputs.shape[1], width]), rank: rank)
        return try cut.factors(outputs: outputs)
    }
}
