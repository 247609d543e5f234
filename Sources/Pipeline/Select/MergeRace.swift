import Evaluation

/// How well a contestant has answered so far: right answers count, and among equals how likely it found the right letters.
package struct RaceScore: Codable, Comparable {
    package let correct: Int
    /// Mean over the questions of the right letter's log-probability among the four, in nats.
    package let logLikelihood: Double

    enum CodingKeys: String, CodingKey {
        case correct
        case logLikelihood = "log_likelihood"
    }

    package init(_ records: [EvaluationRecord]) {
        correct = records.count { $0.correct }
        logLikelihood = records.reduce(0) { $0 + Double($1.logProbabilities[$1.answer.index]) } / Double(max(1, records.count))
    }

    package static func < (left: RaceScore, right: RaceScore) -> Bool {
        (left.correct, left.logLikelihood) < (right.correct, right.logLikelihood)
    }
}

/// A race of merges.
package typealias MergeRace = Race<RaceScore>

extension Race where Score == RaceScore {
    /// - Parameters: as of the race in general.
    package static func run(
        _ contestants: [String], baselines: Set<String>, sizes: [Int], answers: (_ contestant: String, _ rung: Int, _ count: Int) throws -> [EvaluationRecord],
        finished: (Rung) throws -> Void
    ) throws -> [Rung] {
        try run(
            contestants, baselines: baselines, sizes: sizes, score: RaceScore.init, isRight: \.correct, records: answers, finished: finished)
    }
}
