import Agents
import Groundwork

/// What the bootstrap draws from: the answers of each inning of a match, right or not.
struct ResampledMatch {
    let first: Int
    let second: Int
    /// Whether each answer to the first team's questions was right, then each to the second's.
    private let answers: [[Bool]]
    private let result: MatchResult

    init(_ result: MatchResult, first: Int, second: Int) {
        (self.first, self.second, self.result) = (first, second, result)
        answers = result.innings.map { inning in inning.entries.filter { $0.rejections.isEmpty }.map { $0.outcome == .correct } }
    }

    /// The totals, and the first team's share of the point; the share is nil where both are disqualified.
    func played() -> (totals: [Double], score: Double?) { outcome(answers.map { $0.count(where: \.self) }) }

    /// The same after each inning's questions were drawn anew, with replacement. Who is disqualified stays so.
    func redrawn(_ random: inout CounterRandom) -> (totals: [Double], score: Double?) {
        outcome(answers.map { inning in inning.indices.reduce(0) { sum, _ in sum + (inning[random.next(below: inning.count)] ? 1 : 0) } })
    }

    private func outcome(_ correct: [Int]) -> (totals: [Double], score: Double?) {
        // Shares of an inning in which no question passed are 0 for both, as in the match.
        let right = zip(correct, answers).map { $1.isEmpty ? 0 : 100 * Double($0) / Double($1.count) }
        let wrong = zip(correct, answers).map { $1.isEmpty ? 0 : 100 * Double($1.count - $0) / Double($1.count) }
        let totals = [wrong[0] + right[1], wrong[1] + right[0]]
        let isOut = result.teams.map { $0.disqualification != nil }
        switch (isOut[0], isOut[1]) {
        case (true, true): return (totals, nil)
        case (true, false): return (totals, 0)
        case (false, true): return (totals, 1)
        case (false, false): break
        }
        if abs(totals[0] - totals[1]) > 1e-9 { return (totals, totals[0] > totals[1] ? 1 : 0) }
        guard let benchmark = result.benchmark, benchmark[0] != benchmark[1] else { return (totals, 0.5) }
        return (totals, benchmark[0] > benchmark[1] ? 1 : 0)
    }
}

/// A number with the 95 % percentile interval of its bootstrap.
public struct Estimate: Codable, Sendable, Hashable {
    public let value: Double
    public let lower: Double
    public let upper: Double

    /// - Parameter redrawn: the same number in each redrawing, in any order.
    init(_ value: Double, redrawn: [Double]) {
        self.value = value
        let sorted = redrawn.sorted()
        guard !sorted.isEmpty else {
            (lower, upper) = (value, value)
            return
        }
        // The inner 95 %: a fortieth of the redrawings lies below, a fortieth above.
        let outside = sorted.count / 40
        (lower, upper) = (sorted[outside], sorted[sorted.count - 1 - outside])
    }
}
