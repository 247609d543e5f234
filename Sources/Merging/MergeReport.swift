import Foundation
import Groundwork

/// What a merge did, module by module. Written beside the adapter as `merge.json`.
public struct MergeReport: Codable, Sendable, Hashable {
    /// With every choice made.
    public let settings: MergeSettings
    public let adapters: [Adapter]
    public let modules: [Module]
    /// The modules at which the merge did most unlike elsewhere, the most surprising first.
    public let surprises: [Surprise]
    /// What a reader should know and would not expect.
    public let notes: [String]
    /// Where several merges were tried on questions and this one was kept: how it was chosen.
    public var choice: Choice?

    /// How a merge was chosen among others.
    public struct Choice: Codable, Sendable, Hashable {
        /// The winner's name in the race: "core:ties:density=0.5", or that of a single adapter.
        public let winner: String
        /// All that were tried.
        public let tried: [String]
        /// How many questions the last of them were asked.
        public let questions: Int
        public let verdict: String

        public init(winner: String, tried: [String], questions: Int, verdict: String) {
            (self.winner, self.tried, self.questions, self.verdict) = (winner, tried, questions, verdict)
        }
    }

    /// Writes `merge.json` into an adapter's folder.
    public func write(to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(self) + Data("\n".utf8), to: "\(folder)/\(AdapterMerge.reportName)")
    }

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
        /// Of the result.
        public let rank: Int
        /// Entries that were merged: of A and B together, of the core, of the full product.
        public let parameters: Int
        /// The share of the adapter's entries that the method set to zero.
        public let trimmed: [Double]
        /// The share of parameters at which entries that were left point both ways.
        public let signConflicts: Double
        /// The cosine between the adapter's own change of the layer (its B·A) and the merged one; null where one of them is zero.
        public let cosines: [Double?]
        /// How large each adapter's own change is, with its scale (Frobenius norm), and the merged one.
        public let norms: [Double]
        public let mergedNorm: Double
        /// The share of the squared singular values that the cut to the rank has left; null where nothing was cut.
        public let energyKept: Double?

        enum CodingKeys: String, CodingKey {
            case path, adapters, rank, parameters, trimmed
            case signConflicts = "sign_conflicts"
            case cosines, norms
            case mergedNorm = "merged_norm"
            case energyKept = "energy_kept"
        }
    }

    public var parameters: Int { modules.reduce(0) { $0 + $1.parameters } }

    /// Over all parameters.
    public var signConflicts: Double {
        modules.reduce(0) { $0 + $1.signConflicts * Double($1.parameters) } / Double(max(1, parameters))
    }

    /// Over all modules that were cut to a rank; nil if none was.
    public var energyKept: Double? {
        let cut = modules.compactMap { module in module.energyKept.map { ($0, module.mergedNorm * module.mergedNorm) } }
        let all = cut.reduce(0) { $0 + $1.1 / max($1.0, .leastNormalMagnitude) }
        return cut.isEmpty ? nil : all > 0 ? cut.reduce(0) { $0 + $1.1 } / all : 1
    }

    /// The mean share of an adapter's entries that were set to zero, over the layers that it has.
    public func meanTrimmed(of adapter: Int) -> Double? {
        let shares = modules.compactMap { module in module.adapters.firstIndex(of: adapter).map { module.trimmed[$0] } }
        return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
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
        if let energyKept { lines.append("the cut to the rank kept \(Self.rounded(100 * energyKept)) % of the energy") }
        lines += surprises.prefix(3).map(\.sentence)
        return (lines + notes).joined(separator: "\n")
    }

    static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

extension MergeReport {
    init(_ plan: MergePlan, _ modules: [Module]) {
        self.init(
            settings: plan.settings,
            adapters: zip(plan.inputs, plan.adapters).map { input, adapter in
                Adapter(
                    folder: input.folder, weight: input.weight, rank: adapter.configuration.rank,
                    alpha: adapter.configuration.alpha, rankStabilised: adapter.configuration.useRSLoRA)
            },
            modules: modules, surprises: Surprise.among(modules), notes: plan.notes)
    }
}

extension MergeReport.Module {
    /// - Throws: `DecodingError` where a list has other than an entry for each adapter.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            path: try fields.decode(String.self, forKey: .path), adapters: try fields.decode([Int].self, forKey: .adapters),
            rank: try fields.decode(Int.self, forKey: .rank), parameters: try fields.decode(Int.self, forKey: .parameters),
            trimmed: try fields.decode([Double].self, forKey: .trimmed), signConflicts: try fields.decode(Double.self, forKey: .signConflicts),
            cosines: try fields.decode([Double?].self, forKey: .cosines), norms: try fields.decode([Double].self, forKey: .norms),
            mergedNorm: try fields.decode(Double.self, forKey: .mergedNorm),
            energyKept: try fields.decodeIfPresent(Double.self, forKey: .energyKept))
        for (key, count) in [(CodingKeys.trimmed, trimmed.count), (.cosines, cosines.count), (.norms, norms.count)] where count != adapters.count {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: fields, debugDescription: "\(path): \(count) entries for \(adapters.count) adapters")
        }
        // More than any layer has, and so few that the sum over all layers does not overflow.
        guard (0...1 << 40).contains(parameters) else {
            throw DecodingError.dataCorruptedError(forKey: .parameters, in: fields, debugDescription: "\(path): \(parameters) parameters")
        }
    }

    init(_ module: MergePlan.Module, _ parts: [AdapterPart], _ merged: MergedFactors, _ tally: EntryMerge.Tally, isSingle: Bool) {
        // A method that looks at no entry (one adapter, concatenation) still has parameters: those that it wrote.
        let parameters = tally.entries > 0 ? tally.entries : merged.a.count + merged.b.count
        let result = LowRankDelta(a: merged.a, b: merged.b, rank: module.rank)
        let norm = result.norm
        let own = parts.map { LowRankDelta(a: $0.a, b: $0.b, rank: $0.rank) }
        let norms = own.map(\.norm)
        self.init(
            path: module.path, adapters: module.adapters, rank: module.rank, parameters: parameters,
            trimmed: tally.trimmed.map { Double($0) / Double(parameters) }, signConflicts: Double(tally.conflicts) / Double(parameters),
            cosines: zip(own, norms).map { $0.cosine(result, norms: ($1, norm)) },
            norms: zip(norms, parts).map { $0 * abs($1.scale) }, mergedNorm: norm * (isSingle ? abs(parts[0].scale) : 1),
            energyKept: merged.energyKept)
    }
}
