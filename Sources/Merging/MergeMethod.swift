/// How a merge goes about it: which entries of a factor count, whose sign wins, and what the sum is divided by.
///
/// A method is data: an entry of `MergeMethod.all`, run by one algorithm (`FactorMerge`). All work on the factors A and B
/// separately, as PEFT's methods of the same names do. That mixes terms across adapters (the merged delta holds B₁·A₂), which
/// is what makes factor merging cheap and approximate.
public struct MergeMethod: Sendable, Hashable {
    public enum Sparsification: String, Sendable, Codable {
        /// Every entry counts.
        case none
        /// Of each factor of each adapter, the `density` share of largest magnitude counts; the rest is taken for zero.
        case magnitude
    }

    public enum Consensus: String, Sendable, Codable {
        /// Every adapter counts.
        case none
        /// Per parameter, only the adapters whose sign is the elected one count.
        case electedSign
    }

    public enum Normalisation: String, Sendable, Codable {
        /// The weighted sum stands.
        case none
        /// The weighted sum is divided by the number of adapters that agreed (not by the sum of their weights, as mergekit does).
        case agreeingCount
    }

    /// PEFT's `combination_type`.
    public let name: String
    public let sparsification: Sparsification
    public let consensus: Consensus
    public let normalisation: Normalisation
    public let paper: String

    public var usesDensity: Bool { sparsification != .none }
    public var usesSign: Bool { consensus != .none }

    /// Trim, elect a sign, disjoint mean.
    public static let ties = MergeMethod(
        name: "ties", sparsification: .magnitude, consensus: .electedSign, normalisation: .agreeingCount,
        paper: "Yadav et al. 2023, TIES-Merging, arXiv:2306.01708")
    /// Task arithmetic: the weighted sum.
    public static let linear = MergeMethod(
        name: "linear", sparsification: .none, consensus: .none, normalisation: .none,
        paper: "Ilharco et al. 2023, Editing Models with Task Arithmetic, arXiv:2212.04089")
    /// Task arithmetic on trimmed factors.
    public static let magnitudePrune = MergeMethod(
        name: "magnitude_prune", sparsification: .magnitude, consensus: .none, normalisation: .none,
        paper: "Han et al. 2015, Learning both Weights and Connections, arXiv:1506.02626")

    public static let all: [MergeMethod] = [.ties, .linear, .magnitudePrune]

    /// - Throws: `MergeError.unknownMethod` with the names there are.
    public static func named(_ name: String) throws -> MergeMethod {
        guard let method = all.first(where: { $0.name == name }) else { throw MergeError.unknownMethod(name) }
        return method
    }
}

extension MergeMethod: Codable {
    /// Coded as its name.
    public init(from decoder: any Decoder) throws {
        self = try .named(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// How TIES elects the sign of a parameter, from the trimmed and not yet weighted values. A draw elects plus.
public enum SignElection: String, Codable, CaseIterable, Sendable {
    /// The sign of the sum: large values speak louder. The paper's own choice.
    case total
    /// One adapter, one vote; a trimmed value abstains.
    case frequency
}

/// One adapter of a merge and how much it counts.
public struct MergeInput: Sendable, Hashable {
    /// A PEFT adapter folder.
    public var folder: String
    /// Multiplies the adapter's delta. May be negative, not zero.
    public var weight: Double

    public init(folder: String, weight: Double = 1) {
        self.folder = folder
        self.weight = weight
    }
}

/// The choices of a merge.
public struct MergeSettings: Codable, Sendable, Hashable {
    public var method: MergeMethod
    /// The share of each factor's entries that trimming keeps, above 0 and at most 1.
    public var density: Double
    public var sign: SignElection

    public init(method: MergeMethod = .ties, density: Double = 0.8, sign: SignElection = .frequency) {
        self.method = method
        self.density = density
        self.sign = sign
    }
}
