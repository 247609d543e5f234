import Foundation
import Questions

/// Whether a model is as sure as it is right. Its confidence at a question is the probability of the letter it chose, of the four.
public struct Calibration: Codable, Sendable, Hashable {
    /// Questions of about the same confidence.
    public struct Bin: Codable, Sendable, Hashable {
        /// Confidence above `from`, up to and including `to`.
        public let from: Double
        public let to: Double
        public let confidence: Double
        public let accuracy: Proportion
    }

    /// The most confident questions.
    public struct Share: Codable, Sendable, Hashable {
        /// Of all questions.
        public let share: Double
        /// The least confidence among them.
        public let confidence: Double
        public let accuracy: Proportion
    }

    /// Expected calibration error: the distance of confidence and accuracy, mean over the bins by their questions (Naeini et al. 2015).
    public let expectedError: Double
    /// The squared distance of the four probabilities from the truth, summed over the letters, mean over the questions: 0 at best, 0.75
    /// for a model that knows nothing and knows that, 2 at worst (Brier 1950).
    public let brier: Double
    /// The reliability curve: ten bins of equal width, without the empty ones.
    public let bins: [Bin]
    /// Accuracy of the most confident tenth, quarter, half and of all.
    public let mostConfident: [Share]

    enum CodingKeys: String, CodingKey {
        case expectedError = "ece"
        case brier, bins
        case mostConfident = "most_confident"
    }

    /// - Parameter bins: of equal width between 0 and 1.
    public init(_ records: [EvaluationRecord], bins count: Int = 10) {
        let judged = records.map { record -> (confidence: Double, record: EvaluationRecord) in
            (exp(Double(record.logProbabilities[record.predicted.index])), record)
        }
        let total = Double(max(1, records.count))
        let grouped = Dictionary(grouping: judged) { Int(min(Double(count), max(1, ($0.confidence * Double(count)).rounded(.up)))) - 1 }
        bins = grouped.sorted { $0.key < $1.key }.map { index, members in
            Bin(
                from: Double(index) / Double(count), to: Double(index + 1) / Double(count),
                confidence: members.reduce(0) { $0 + $1.confidence } / Double(members.count),
                accuracy: Proportion(members.count { $0.record.correct }, of: members.count))
        }
        expectedError = bins.reduce(0) { $0 + Double($1.accuracy.count) / total * abs($1.accuracy.value - $1.confidence) }
        brier = records.reduce(0) { sum, record in
            sum + Letter.allCases.reduce(0) { part, letter in
                let distance = exp(Double(record.logProbabilities[letter.index])) - (letter == record.answer ? 1 : 0)
                return part + distance * distance
            }
        } / total
        let ordered = judged.enumerated().sorted { ($1.element.confidence, $0.offset) < ($0.element.confidence, $1.offset) }.map(\.element)
        mostConfident = records.isEmpty ? [] : [0.1, 0.25, 0.5, 1].map { share in
            let taken = ordered.prefix(max(1, Int((share * total).rounded())))
            return Share(
                share: share, confidence: taken.last?.confidence ?? 0,
                accuracy: Proportion(taken.count { $0.record.correct }, of: taken.count))
        }
    }

    var table: String {
        let curve = Text.table(
            ["confidence", "questions", "mean", "accuracy", "95 % interval"],
            bins.map {
                [String(format: "%.0f – %.0f %%", $0.from * 100, $0.to * 100), "\($0.accuracy.count)", Text.percent($0.confidence),
                 Text.percent($0.accuracy.value), Text.interval($0.accuracy)]
            })
        let surest = mostConfident.dropLast().map {
            String(format: "%.0f %% of the questions: %@", $0.share * 100, Text.percent($0.accuracy.value))
        }.joined(separator: ", ")
        return String(format: "calibration: expected error %.3f, Brier score %.3f\n", expectedError, brier)
            + "\(curve)\naccuracy on the surest \(surest)"
    }
}
