extension MergeReport {
    /// A module at which a merge did something that it did hardly anywhere else.
    public struct Surprise: Codable, Sendable, Hashable {
        public enum Measure: String, Codable, Sendable, CaseIterable {
            /// The smallest cosine of an adapter with the result.
            case cosine
            case signConflicts = "sign_conflicts"
            case energyKept = "energy_kept"
            /// The merged change's size, by the mean size of the adapters' own.
            case size
        }
        public let path: String
        public let measure: Measure
        public let value: Double
        /// The median over all modules.
        public let usual: Double

        public var sentence: String {
            let what = switch measure {
            case .cosine: "smallest cosine with an adapter"
            case .signConflicts: "share of signs in conflict"
            case .energyKept: "share of energy kept"
            case .size: "size of the merged change by the adapters' mean size"
            }
            return "surprising: \(path): \(what) \(MergeReport.rounded(value)), usually \(MergeReport.rounded(usual))"
        }

        /// How many are told.
        private static let most = 10
        /// Distances from the median, in units of the median distance, from which on a value surprises.
        private static let threshold = 6.0

        static func among(_ modules: [Module]) -> [Surprise] {
            var found: [(surprise: Surprise, distance: Double)] = []
            for measure in Measure.allCases {
                let values = modules.compactMap { module in measure.value(of: module).map { (module.path, $0) } }
                guard values.count >= 4 else { continue }
                let usual = median(values.map(\.1))
                // Where values hardly differ, a few hundredths are no surprise.
                let spread = max(median(values.map { abs($0.1 - usual) }), 0.01 * max(abs(usual), 0.1))
                for (path, value) in values where abs(value - usual) > threshold * spread {
                    found.append((Surprise(path: path, measure: measure, value: value, usual: usual), abs(value - usual) / spread))
                }
            }
            return found.sorted { ($1.distance, $0.surprise.path) < ($0.distance, $1.surprise.path) }.prefix(most).map(\.surprise)
        }

        private static func median(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
    }
}

extension MergeReport.Surprise.Measure {
    func value(of module: MergeReport.Module) -> Double? {
        switch self {
        case .cosine: return module.cosines.compactMap { $0 }.min()
        case .signConflicts: return module.adapters.count > 1 ? module.signConflicts : nil
        case .energyKept: return module.energyKept
        case .size:
            let mean = module.norms.reduce(0, +) / Double(max(1, module.norms.count))
            return mean > 0 ? module.mergedNorm / mean : nil
        }
    }
}
