import Questions

/// An MMLU result as people report it: the mean over subjects weighted by their size, for the four groups and the whole.
public struct MMLUSummary: Codable, Sendable, Hashable {
    public struct Score: Codable, Sendable, Hashable {
        public let subjects: Int
        /// The size-weighted mean, which is the share of all questions answered right, with Wilson's interval.
        public let accuracy: Proportion
        /// Standard error of the size-weighted mean, from the variance within the subjects (lm-evaluation-harness's pooled one); nil where
        /// no subject was asked two questions, so that nothing is known of it.
        public let standardError: Double?
        /// The mean over subjects, each counting the same; some papers report this one.
        public let unweighted: Double

        enum CodingKeys: String, CodingKey {
            case subjects, accuracy, unweighted
            case standardError = "standard_error"
        }

        /// - Parameter parts: one for each subject, none empty.
        public init(_ parts: [Proportion]) {
            subjects = parts.count
            accuracy = Proportion(parts.reduce(0) { $0 + $1.successes }, of: parts.reduce(0) { $0 + $1.count })
            unweighted = parts.reduce(0) { $0 + $1.value } / Double(max(1, parts.count))
            standardError = Statistics.pooledStandardError(parts)
        }
    }

    public let overall: Score
    /// Keyed by the group's name.
    public let groups: [String: Score]
    /// Subjects of MMLU of which no question was asked: with any, `overall` is no MMLU score.
    public let missing: [String]

    /// Nil where a subject is not MMLU's.
    public init?(subjects: [String: Proportion]) {
        guard !subjects.isEmpty, subjects.keys.allSatisfy({ MMLU.group(of: $0) != nil }) else { return nil }
        overall = Score(subjects.sorted { $0.key < $1.key }.map(\.value))
        let grouped = Dictionary(grouping: subjects.sorted { $0.key < $1.key }) { MMLU.group(of: $0.key)?.rawValue ?? "" }
        groups = grouped.mapValues { Score($0.map(\.value)) }
        missing = MMLU.subjects.filter { subjects[$0] == nil }
    }

    var table: String {
        func row(_ name: String, _ score: Score) -> [String] {
            ["\(name) (\(score.subjects))", "\(score.accuracy.count)", Text.percent(score.accuracy.value),
             score.standardError.map { "± \(Text.points($0))" } ?? "–", Text.interval(score.accuracy), Text.percent(score.unweighted)]
        }
        let rows = MMLU.Group.allCases.compactMap { group in groups[group.rawValue].map { row(group.rawValue, $0) } } + [row("MMLU", overall)]
        let note = missing.isEmpty ? "" : "\n\(missing.count) of the 57 subjects were not asked; this is a part of MMLU, not its score."
        return Text.table(["", "questions", "accuracy", "error", "95 % interval", "unweighted"], rows) + note
    }
}

extension Statistics {
    /// √(s² / N) with s² pooled over the variances within the parts; nil where no part has two members.
    static func pooledStandardError(_ parts: [Proportion]) -> Double? {
        let total = parts.reduce(0) { $0 + $1.count }
        guard total > parts.count else { return nil }
        // (n − 1) · s² of n zeros and ones is n · p · (1 − p).
        let within = parts.reduce(0) { $0 + Double($1.count) * $1.value * (1 - $1.value) }
        return (within / Double(total - parts.count) / Double(total)).squareRoot()
    }
}
