/// How a merge goes about it: which entries count, whose sign wins, what the sum is divided by, and in which spaces that makes sense.
///
/// A method is data: an entry of `MergeMethod.all`, run by one algorithm (`EntryMerge`) on whatever a `MergeSpace` calls an entry.
public struct MergeMethod: Sendable, Hashable {
    /// What becomes of the adapters' deltas.
    public enum Combination: String, Sendable, Codable {
        /// Entry by entry, in the method's space.
        case entries
        /// Factors side by side: exactly the weighted sum, of rank r₁ + … + rₙ.
        case concatenation
        /// The weighted sum, whose singular values are all set to their mean.
        case isotropic
    }

    public enum Sparsification: String, Sendable, Codable {
        /// Every entry counts.
        case none
        /// The `density` share of largest magnitude counts; the rest is taken for zero.
        case magnitude
        /// Each entry counts with the probability `density`, and is made larger to make up for those that do not.
        case random
        /// The same with a probability that rises with the entry's rank by magnitude in its row, from `density − epsilon` to
        /// `density + epsilon`.
        case randomByRank
        /// As `magnitude`, after the share `gamma` of largest entries has been set to zero.
        case magnitudeWithoutOutliers
        /// The `density` share of entries that vary most between the adapters counts, in all of them.
        case variance
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
        /// It is divided by the number of adapters that count there.
        case agreeingCount
        /// It is divided by the sum of the weights of the adapters that count there.
        case agreeingWeight
    }

    /// PEFT's `combination_type`, or mergekit's `merge_method`.
    public let name: String
    public let combination: Combination
    public let sparsification: Sparsification
    public let consensus: Consensus
    /// The conventions in which the method exists, the first being the one that is taken unless another is asked for.
    public let conventions: [MergeConvention]
    /// What the sum is divided by in mergekit's convention; in the others an elected sign means the number of those that agree.
    let normalisationOfMergekit: Normalisation
    /// The spaces in which the method works, the first being the one that is taken unless another is asked for.
    public let spaces: [MergeSpace]
    public let paper: String

    public var usesDensity: Bool { sparsification != .none }
    public var usesSign: Bool { consensus != .none }
    public var usesSeed: Bool { sparsification == .random || sparsification == .randomByRank }

    func normalisation(_ convention: MergeConvention) -> Normalisation {
        convention == .mergekit ? normalisationOfMergekit : consensus == .electedSign ? .agreeingCount : .none
    }

    private init(
        _ name: String, _ combination: Combination = .entries, _ sparsification: Sparsification = .none, _ consensus: Consensus = .none,
        conventions: [MergeConvention] = [.peft, .paper, .mergekit], mergekit: Normalisation = .none,
        spaces: [MergeSpace] = [.factors, .delta, .core, .knots], paper: String
    ) {
        (self.name, self.combination, self.sparsification, self.consensus) = (name, combination, sparsification, consensus)
        (self.conventions, normalisationOfMergekit, self.spaces, self.paper) = (conventions, mergekit, spaces, paper)
    }

    /// Trim, elect a sign, disjoint mean.
    public static let ties = MergeMethod(
        "ties", .entries, .magnitude, .electedSign, mergekit: .agreeingWeight, paper: "Yadav et al. 2023, TIES-Merging, arXiv:2306.01708")
    /// Task arithmetic: the weighted sum.
    public static let linear = MergeMethod(
        "linear", mergekit: .agreeingWeight, paper: "Ilharco et al. 2023, Editing Models with Task Arithmetic, arXiv:2212.04089")
    /// The exact weighted sum of the deltas, of the sum of the ranks.
    public static let concatenation = MergeMethod(
        "cat", .concatenation, conventions: [.peft], spaces: [.factors],
        paper: "Mangrulkar and Paul 2024, PEFT welcomes new merging methods (Hugging Face blog)")
    /// The weighted sum of the deltas, cut to a rank.
    public static let truncation = MergeMethod(
        "svd", conventions: [.peft], spaces: [.delta], paper: "Eckart and Young 1936, The approximation of one matrix by another of lower rank")
    public static let dareLinear = MergeMethod(
        "dare_linear", .entries, .random, paper: "Yu et al. 2024, Language Models are Super Mario (DARE), arXiv:2311.03099")
    public static let dareTies = MergeMethod(
        "dare_ties", .entries, .random, .electedSign, paper: "Yu et al. 2024, Language Models are Super Mario (DARE), arXiv:2311.03099")
    public static let della = MergeMethod(
        "della", .entries, .randomByRank, .electedSign, conventions: [.mergekit, .paper], mergekit: .agreeingWeight,
        paper: "Deep et al. 2024, DELLA-Merging, arXiv:2406.11617")
    public static let dellaLinear = MergeMethod(
        "della_linear", .entries, .randomByRank, conventions: [.mergekit, .paper], paper: "Deep et al. 2024, DELLA-Merging, arXiv:2406.11617")
    /// Task arithmetic on trimmed entries.
    public static let magnitudePrune = MergeMethod(
        "magnitude_prune", .entries, .magnitude, conventions: [.peft],
        paper: "Han et al. 2015, Learning both Weights and Connections, arXiv:1506.02626")
    public static let breadcrumbs = MergeMethod(
        "breadcrumbs", .entries, .magnitudeWithoutOutliers, conventions: [.mergekit, .paper],
        paper: "Davari and Belilovsky 2023, Model Breadcrumbs, arXiv:2312.06795")
    public static let breadcrumbsTies = MergeMethod(
        "breadcrumbs_ties", .entries, .magnitudeWithoutOutliers, .electedSign, conventions: [.mergekit],
        paper: "Davari and Belilovsky 2023, Model Breadcrumbs, arXiv:2312.06795")
    /// Select, calculate, erase.
    public static let sce = MergeMethod(
        "sce", .entries, .variance, .electedSign, conventions: [.mergekit], mergekit: .agreeingWeight,
        paper: "Wan et al. 2024, FuseChat (SCE), arXiv:2408.07990")
    public static let isotropic = MergeMethod(
        "iso_c", .isotropic, conventions: [.paper], spaces: [.core, .delta],
        paper: "Marczak et al. 2025, No Task Left Behind: Isotropic Model Merging, arXiv:2502.04959")

    public static let all: [MergeMethod] = [
        .ties, .linear, .concatenation, .truncation, .dareLinear, .dareTies, .della, .dellaLinear, .magnitudePrune, .breadcrumbs,
        .breadcrumbsTies, .sce, .isotropic,
    ]

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

/// What an entry is that a method trims, votes on and averages.
public enum MergeSpace: String, Codable, CaseIterable, Sendable {
    /// A and B apart, as PEFT's plain combinations. The merged delta mixes terms across adapters (B₁·A₂), which is what makes
    /// this cheap, and an approximation. All adapters need one rank.
    case factors
    /// The full product scale·B·A, then its best approximation of the result's rank.
    case delta
    /// Coordinates in orthonormal bases of all B and all A together (Panariello et al. 2025, Core Space Merging, arXiv:2509.17786):
    /// nothing is lost on the way there and back, and the matrices are as small as the sum of the ranks.
    case core
    /// A common basis of the outputs for all adapters, scaled by its singular values, with inputs as they are (Stoica et al. 2025,
    /// Model merging with SVD to tie the KnOTS, arXiv:2410.19735).
    case knots
}

/// Whose definition of a method is followed where papers and libraries differ.
public enum MergeConvention: String, Codable, CaseIterable, Sendable {
    /// The largest entries of the whole adapter, not of each tensor, survive trimming; signs are elected before weights; the sum
    /// is divided by the number of adapters that agree; a dropped entry is made up for by 1 / the probability of keeping.
    case paper
    /// Trimming is by tensor; the rest as in the papers.
    case peft
    /// Trimming is by tensor; weights come first, then signs are elected, then the sum is divided by the sum of agreeing weights
    /// (methods that mergekit normalises); what random dropping takes is made up for by the tensor's sum of magnitudes.
    case mergekit
}

/// How the sign of a parameter is elected, from what sparsification leaves. A draw elects plus.
public enum SignElection: String, Codable, CaseIterable, Sendable {
    /// The sign of the sum: large values speak louder. TIES's own choice.
    case total
    /// One adapter, one vote; a value of zero abstains.
    case frequency
}
