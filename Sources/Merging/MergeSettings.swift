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
    /// Nil: the method's first.
    public var space: MergeSpace?
    /// Nil: the method's first.
    public var convention: MergeConvention?
    /// The share of entries that count, above 0 and at most 1.
    public var density: Double
    /// Nil: by frequency in PEFT's convention, else by total, as mergekit and the papers do.
    public var sign: SignElection?
    /// Multiplies the merged delta.
    public var lambda: Double
    /// Of the result, where the space leaves a choice (not `factors`). Nil: the largest rank of the adapters that change a layer.
    public var rank: MergeRank?
    /// For methods that drop at random; the same seed gives the same result, whatever the number of threads.
    public var seed: UInt64
    /// DELLA: how far the probability of keeping an entry departs from `density`.
    public var epsilon: Double
    /// Breadcrumbs: the share of largest entries that is dropped.
    public var gamma: Double

    public init(
        method: MergeMethod = .ties, space: MergeSpace? = nil, convention: MergeConvention? = nil, density: Double = 0.8,
        sign: SignElection? = nil, lambda: Double = 1, rank: MergeRank? = nil, seed: UInt64 = 0, epsilon: Double = 0.15,
        gamma: Double = 0.01
    ) {
        self.method = method
        self.space = space
        self.convention = convention
        self.density = density
        self.sign = sign
        self.lambda = lambda
        self.rank = rank
        self.seed = seed
        self.epsilon = epsilon
        self.gamma = gamma
    }

    /// With every choice made.
    var resolved: MergeSettings {
        var settings = self
        settings.space = chosenSpace
        settings.convention = chosenConvention
        settings.sign = method.usesSign ? chosenSign : nil
        return settings
    }

    var chosenSpace: MergeSpace { space ?? method.spaces[0] }
    var chosenConvention: MergeConvention { convention ?? method.conventions[0] }
    var chosenSign: SignElection { sign ?? (chosenConvention == .peft ? .frequency : .total) }

    /// Whether the result is the weighted sum of the deltas, which has no more than the sum of the ranks and needs no full products.
    var isExactSum: Bool { method.sparsification == .none && method.consensus == .none && method.combination != .concatenation }

    /// Whether each adapter's threshold is that of its whole vector, found before the first module is merged.
    var trimsWholeVector: Bool { method.sparsification == .magnitude && chosenConvention == .paper && density < 1 }

    /// - Throws: `MergeError` for settings that make no sense.
    public func check() throws {
        guard density > 0, density <= 1 else { throw MergeError.density(density) }
        guard Float(lambda).isFinite, Float(lambda) != 0 else { throw MergeError.setting("lambda", "\(lambda)", "a finite number that is not 0") }
        guard method.spaces.contains(chosenSpace) else {
            throw MergeError.unavailable(method: method.name, choice: "space \(chosenSpace.rawValue)", instead: method.spaces.map(\.rawValue))
        }
        guard method.conventions.contains(chosenConvention) else {
            throw MergeError.unavailable(
                method: method.name, choice: "convention \(chosenConvention.rawValue)", instead: method.conventions.map(\.rawValue))
        }
        if method.sparsification == .randomByRank, density < 1 {
            guard epsilon >= 0, density - epsilon > 0, density + epsilon < 1 else {
                throw MergeError.setting("epsilon", "\(epsilon)", "such that density − epsilon is above 0 and density + epsilon below 1")
            }
        }
        guard gamma >= 0, gamma < 1 else { throw MergeError.setting("gamma", "\(gamma)", "a share of at least 0 and below 1") }
        if case .count(let count)? = rank, count < 1 { throw MergeError.setting("rank", "\(count)", "a number of at least 1") }
        if rank != nil, chosenSpace == .factors { throw MergeError.rankIsGiven(method: method.name) }
    }
}

/// The rank of a result.
public enum MergeRank: Sendable, Hashable, Codable {
    case count(Int)
    /// As high as it takes to lose nothing.
    case full

    /// "64", "full".
    public init?(_ text: String) {
        if text == "full" {
            self = .full
        } else if let count = Int(text) {
            self = .count(count)
        } else {
            return nil
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try (try? container.decode(Int.self)).map(MergeRank.count) ?? {
            guard try container.decode(String.self) == "full" else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "a rank is a number or \"full\"")
            }
            return .full
        }()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .count(let count): try container.encode(count)
        case .full: try container.encode("full")
        }
    }
}
