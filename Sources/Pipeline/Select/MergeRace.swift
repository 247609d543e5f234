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

/// Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943): all contestants answer a few questions, the better half goes
/// on to twice as many. All of a rung have answered the same questions.
package struct MergeRace {
    /// One round: how many questions each had answered by its end, and who went on.
    package struct Rung: Codable {
        package let questions: Int
        /// The best first.
        package let standings: [Standing]
    }

    package struct Standing: Codable {
        package let name: String
        package let score: RaceScore
        /// Whether it goes on. Baselines always do.
        package let stays: Bool
        /// First the best of the rung, second this one; nil for the best itself.
        package let againstBest: PairedComparison?

        enum CodingKeys: String, CodingKey {
            case name, score, stays
            case againstBest = "against_best"
        }
    }

    /// The fewest questions by which somebody may be sent home.
    package static let fewestQuestions = 16

    /// Questions answered by the end of each rung: doubling up to all, so that a halving in each would leave two; fewer rungs where
    /// the first would be too short to say anything.
    package static func rungs(questions: Int, contestants: Int) -> [Int] {
        var sizes = [questions]
        var remaining = contestants
        while remaining > 2, sizes[0] / 2 >= fewestQuestions {
            sizes.insert(sizes[0] / 2, at: 0)
            remaining = (remaining + 1) / 2
        }
        return sizes
    }

    /// - Parameters:
    ///   - contestants: in the order that decides between equals.
    ///   - baselines: those of them that are never sent home and take nobody's place.
    ///   - answers: the records of the first so many questions.
    ///   - finished: called at the end of each rung.
    /// - Returns: the rungs; who stays in the last of them is a finalist.
    package static func run(
        _ contestants: [String], baselines: Set<String>, sizes: [Int], answers: (_ contestant: String, _ rung: Int, _ count: Int) throws -> [EvaluationRecord],
        finished: (Rung) throws -> Void
    ) throws -> [Rung] {
        var remaining = contestants
        var rungs: [Rung] = []
        for (number, size) in sizes.enumerated() {
            let results = try remaining.map { (name: $0, records: try answers($0, number, size)) }
            let ranked = results.map { (name: $0.name, score: RaceScore($0.records), records: $0.records) }
                .enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
            let challengers = ranked.map(\.name).filter { !baselines.contains($0) }
            let isLast = number == sizes.count - 1
            let kept = Set(challengers.prefix(isLast ? challengers.count : (challengers.count + 1) / 2)).union(baselines)
            let rung = Rung(questions: size, standings: ranked.enumerated().map { index, entry in
                Standing(
                    name: entry.name, score: entry.score, stays: kept.contains(entry.name),
                    againstBest: index == 0 ? nil : PairedComparison(zip(ranked[0].records, entry.records).map { ($0.correct, $1.correct) }))
            })
            rungs.append(rung)
            try finished(rung)
            remaining = remaining.filter(kept.contains)
        }
        return rungs
    }
}
