import Foundation
import Groundwork

/// Several models on the same questions, best first, with what their differences amount to.
public struct Bakeoff: Codable, Sendable, Hashable {
    /// One model and what it cost.
    public struct Entry: Codable, Sendable, Hashable {
        public let name: String
        public let accuracy: Proportion
        public let questionsPerSecond: Double
        public let latency: LatencyPercentiles?
        /// Bytes at most, the weights included.
        public let peakMemory: Int?
        /// Bytes taken on the GPU.
        public let deviceMemory: Int?
        public let calibrationError: Double

        enum CodingKeys: String, CodingKey {
            case name, accuracy, latency
            case questionsPerSecond = "questions_per_second"
            case peakMemory = "peak_memory"
            case deviceMemory = "device_memory"
            case calibrationError = "ece"
        }

        public init(name: String, result: EvaluationResult, questionsPerSecond: Double, peakMemory: Int?, deviceMemory: Int?) {
            self.name = name
            accuracy = result.overall
            latency = result.latency
            calibrationError = result.calibration.expectedError
            self.questionsPerSecond = questionsPerSecond
            self.peakMemory = peakMemory
            self.deviceMemory = deviceMemory
        }
    }

    /// The second model against the first, p corrected for all pairs.
    public struct Pair: Codable, Sendable, Hashable {
        public let first: String
        public let second: String
        public let finding: Finding
    }

    /// By accuracy, best first; of equal ones the first named.
    public let entries: [Entry]
    public let pairs: [Pair]
    public let conclusion: String

    /// - Throws: `EvaluationError.differentQuestions`.
    public init(_ measured: [(entry: Entry, result: EvaluationResult)], minimumQuestions: Int = PairedComparison.minimumQuestions) throws {
        let ordered = measured.enumerated().sorted {
            ($1.element.entry.accuracy.value, $0.offset) < ($0.element.entry.accuracy.value, $1.offset)
        }.map(\.element)
        entries = ordered.map(\.entry)
        var raw: [Int: PairedComparison] = [:]
        for first in ordered.indices {
            for second in ordered.indices where second > first {
                raw[first * ordered.count + second] = try Comparison(first: ordered[first].result, second: ordered[second].result).overall.pair
            }
        }
        let names = entries.map(\.name)
        pairs = Finding.family(raw, minimumQuestions: minimumQuestions).sorted { $0.key < $1.key }.map { key, finding in
            Pair(first: names[key / names.count], second: names[key % names.count], finding: finding)
        }
        conclusion = Self.conclusion(entries, pairs)
    }

    private static func conclusion(_ entries: [Entry], _ pairs: [Pair]) -> String {
        guard let best = entries.first?.name else { return "no model was measured" }
        let against = pairs.filter { $0.first == best }
        if against.isEmpty { return "\(best) was measured alone" }
        let open = against.filter { $0.finding.word != PairedComparison.Verdict.worse.rawValue }
        if open.isEmpty { return "\(best) is better than every other model here" }
        let equals = entries.filter { $0.accuracy.value == entries[0].accuracy.value }.map(\.name)
        let leaders = equals.count == 1 ? "\(best) has the highest accuracy" : "\(equals.joined(separator: ", ")) share the highest accuracy"
        let rivals = open.filter { !equals.contains($0.second) }.map { pair in
            if pair.finding.word != PairedComparison.Verdict.noEvidence.rawValue {
                return "\(pair.second) (\(pair.finding.word): too few questions for a verdict)"
            }
            return pair.second + (pair.finding.questionsNeeded.map { " (a difference of this size shows on about \($0) questions)" } ?? "")
        }
        return rivals.isEmpty ? leaders : "\(leaders); not proven worse: \(rivals.joined(separator: ", "))"
    }

    public var table: String {
        let best = entries.first?.name
        let rows = entries.enumerated().map { place, entry in
            let finding = place == 0 ? nil : pairs.first { $0.first == best && $0.second == entry.name }?.finding
            var row = [entry.name, Text.percent(entry.accuracy.value), Text.interval(entry.accuracy)]
            if let finding {
                row += [
                    "\(Text.signedPoints(finding.pair.difference)) (\(finding.intervalText))", Text.pValue(finding.correctedP), finding.word,
                ]
            } else {
                row += ["", "", entries.count > 1 ? "highest" : ""]
            }
            row.append(String(format: "%.2f", entry.questionsPerSecond))
            row.append(entry.latency.map { Text.seconds($0.p50) } ?? "–")
            row.append((entry.deviceMemory ?? entry.peakMemory).map(ByteCount.text) ?? "–")
            return row
        }
        let questions = entries.first?.accuracy.count ?? 0
        return Text.table(
            ["\(questions) questions", "accuracy", "95 % interval", "points to the highest", "p (Holm)", "verdict", "questions/s", "median", "memory"],
            rows) + "\n\n" + conclusion
    }
}
