import Evaluation
import Foundation

/// Whether a model is as sure as it is right: its answers by the probability that it gave to its letter, of the four.
struct ReliabilityCurve {
    struct Bin {
        /// Confidence above `from`, up to and including `to`.
        var from: Double
        var to: Double
        /// The mean.
        var confidence: Double
        var accuracy: Proportion
    }

    /// Without the empty ones.
    let bins: [Bin]
    /// The distance of confidence and accuracy, mean over the bins by their questions (Naeini et al. 2015).
    let expectedError: Double

    init(_ records: [EvaluationRecord], bins count: Int = 10) {
        let judged = records.map { (confidence: exp(Double($0.logProbabilities[$0.predicted.index])), correct: $0.correct) }
        let grouped = Dictionary(grouping: judged) { min(count - 1, max(0, Int(($0.confidence * Double(count)).rounded(.up)) - 1)) }
        bins = grouped.sorted { $0.key < $1.key }.map { index, members in
            Bin(
                from: Double(index) / Double(count), to: Double(index + 1) / Double(count),
                confidence: members.reduce(0) { $0 + $1.confidence } / Double(members.count),
                accuracy: Proportion(members.count { $0.correct }, of: members.count))
        }
        let total = Double(max(1, records.count))
        expectedError = bins.reduce(0) { $0 + Double($1.accuracy.count) / total * abs($1.accuracy.value - $1.confidence) }
    }
}
