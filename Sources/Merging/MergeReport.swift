/// What a merge did, module by module. Written beside the adapter as `merge.json`.
public struct MergeReport: Codable, Sendable, Hashable {
    public let settings: MergeSettings
    public let adapters: [Adapter]
    public let modules: [Module]
    /// What a reader should know and would not expect.
    public let notes: [String]

    /// One of the merged adapters.
    public struct Adapter: Codable, Sendable, Hashable {
        public let folder: String
        public let weight: Double
        public let rank: Int
        public let alpha: Double
        public let rankStabilised: Bool

        enum CodingKeys: String, CodingKey {
            case folder, weight, rank, alpha
            case rankStabilised = "use_rslora"
        }
    }

    /// One linear layer. Lists hold an entry for each adapter that changes this layer, in the order of `adapters`.
    public struct Module: Codable, Sendable, Hashable {
        public let path: String
        /// Which of the adapters, counted from 0.
        public let adapters: [Int]
        public let rank: Int
        /// Entries of A and B together.
        public let parameters: Int
        /// The share of the adapter's entries that trimming set to zero.
        public let trimmed: [Double]
        /// The share of parameters at which entries that were kept point both ways.
        public let signConflicts: Double
        /// The cosine between the adapter's own change of the layer (its B·A) and the merged one; null where one of them is zero.
        public let cosines: [Double?]

        enum CodingKeys: String, CodingKey {
            case path, adapters, rank, parameters, trimmed
            case signConflicts = "sign_conflicts"
            case cosines
        }
    }

    public var parameters: Int { modules.reduce(0) { $0 + $1.parameters } }

    /// Over all parameters.
    public var signConflicts: Double {
        modules.reduce(0) { $0 + $1.signConflicts * Double($1.parameters) } / Double(max(1, parameters))
    }

    /// The mean over the modules that adapter number `adapter` changes; nil if it is zero everywhere.
    public func meanCosine(of adapter: Int) -> Double? {
        let cosines = modules.compactMap { module in
            module.adapters.firstIndex(of: adapter).flatMap { module.cosines[$0] }
        }
        return cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
    }

    /// A few lines for the terminal.
    public var summary: String {
        var lines = adapters.enumerated().map { index, adapter in
            let cosine = meanCosine(of: index).map { "\(Self.rounded($0))" } ?? "none"
            return "\(adapter.folder): weight \(adapter.weight), mean cosine with the merged adapter \(cosine)"
        }
        lines.append("\(modules.count) modules, \(parameters) parameters, signs in conflict at \(Self.rounded(100 * signConflicts)) %")
        return (lines + notes).joined(separator: "\n")
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
