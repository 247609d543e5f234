import Agents
import Foundation
import Questions
import Testing
import Tournaments

@Suite struct RatingTests {
    /// Four teams, ten matches, two draws.
    private let games = [(0, 1, 1), (0, 2, 1), (0, 3, 0.5), (1, 2, 1), (1, 3, 0), (2, 3, 1), (0, 1, 0), (1, 2, 0.5), (0, 3, 1), (0, 2, 1)]
        .map { RatedGame(first: $0.0, second: $0.1, score: $0.2) }

    /// The expected numbers are of a plain gradient ascent on the likelihood, in Python:
    ///
    ///     g2 = games + [(a, b, .5) for a, b in {tuple(sorted(g[:2])) for g in games}]
    ///     for _ in range(200000):
    ///         grad = [0] * 4
    ///         for a, b, s in g2: e = 1/(1+math.exp(r[b]-r[a])); grad[a] += s-e; grad[b] -= s-e
    ///         for i in range(4): r[i] += 0.05*grad[i]
    @Test func bradleyTerrysRatingsAreTheLikeliest() {
        let ratings = Ratings.bradleyTerry(games, teams: 4)
        for (rating, expected) in zip(ratings, [1590.826377, 1502.45374, 1436.781839, 1469.938044]) { #expect(abs(rating - expected) < 1e-4) }
        // Their order does not matter, nor who is called first.
        let turned = games.reversed().map { RatedGame(first: $0.second, second: $0.first, score: 1 - $0.score) }
        for (rating, other) in zip(ratings, Ratings.bradleyTerry(turned, teams: 4)) { #expect(abs(rating - other) < 1e-6) }
    }

    @Test func elosNumbersMoveMatchByMatch() {
        for (rating, expected) in zip(Ratings.elo(games, teams: 4), [1541.3421868898, 1501.4898648672, 1473.4438680644, 1483.7240801786]) { #expect(abs(rating - expected) < 1e-9) }
        // Equal teams: a win moves by half of K.
        #expect(Ratings.elo([RatedGame(first: 1, second: 0, score: 1)], teams: 2) == [1484, 1516])
    }

    @Test func aTeamThatWonEverythingHasAFiniteRating() {
        // A win and the draw that is taken for granted are three of four points: odds of three to one.
        let ratings = Ratings.bradleyTerry([RatedGame(first: 0, second: 1, score: 1)], teams: 2)
        #expect(abs(ratings[0] - ratings[1] - 400 * log10(3)) < 1e-6)
        #expect(Ratings.bradleyTerry([], teams: 3) == [1500, 1500, 1500])
    }

    @Test func intervalsAreThoseOfTheBootstrapOverQuestions() throws {
        // The first answers 12 of 20 right, the second 6 of 20.
        func answers(_ count: Int) -> (Question, UInt64) -> String? {
            { question, _ in (question.id.split(separator: "-").last.flatMap { Int($0) } ?? 0) <= count ? "A" : "B" }
        }
        let asks = Array(repeating: questionText("A"), count: 20)
        let plan = TournamentPlan(rules: TournamentRules(questions: 20), seed: 5)
        func run(_ seed: UInt64) throws -> TournamentResult {
            var plan = plan
            plan.seed = seed
            return try Tournament(
                plan, entrants: [FakeTeam(asks: asks, answers: answers(12)).entrant("one"), FakeTeam(asks: asks, answers: answers(6)).entrant("two")],
                topics: geography, folder: nil, tokens: words
            ).run()
        }
        let result = try run(5)
        let pair = try #require(result.headToHead.first)
        #expect(pair.firstTotal == 130 && pair.secondTotal == 70 && pair.difference.value == 60)
        // Exact: the difference is 2 · 100 (X/20 − Y/20) with binomial X and Y of 20.
        func binomial(_ p: Double) -> [Double] {
            // From one k to the next: times (20 − k) / (k + 1) · p / (1 − p).
            var terms = [pow(1 - p, 20.0)]
            for k in 0..<20 {
                let ratio = Double(20 - k) / Double(k + 1)
                terms.append(terms[k] * ratio * p / (1 - p))
            }
            return terms
        }
        var exact: [Int: Double] = [:]
        for (x, px) in binomial(0.6).enumerated() { for (y, py) in binomial(0.3).enumerated() { exact[10 * (x - y), default: 0] += px * py } }
        var cumulative = 0.0
        var quantiles: [Int] = []
        for (value, p) in exact.sorted(by: { $0.key < $1.key }) {
            if cumulative < 0.025, cumulative + p >= 0.025 { quantiles.append(value) }
            if cumulative < 0.975, cumulative + p >= 0.975 { quantiles.append(value) }
            cumulative += p
        }
        // Steps are 10 wide; two thousand redrawings may miss the exact quantile by one.
        #expect(abs(pair.difference.lower - Double(quantiles[0])) <= 10 && abs(pair.difference.upper - Double(quantiles[1])) <= 10)
        let ahead = exact.reduce(0.0) { $0 + ($1.key > 0 ? $1.value : $1.key == 0 ? $1.value / 2 : 0) }
        #expect(abs(pair.firstAhead - ahead) < 0.02)
        #expect(result.ratings.map(\.team) == ["one", "two"])
        #expect(result.ratings[0].rating.lower <= result.ratings[0].rating.value && result.ratings[0].rating.value <= result.ratings[0].rating.upper)
        // The same seed draws the same intervals.
        #expect(try run(5) == result)
        #expect(try run(6).headToHead[0].difference.value == 60)
        #expect(result.text.contains("one – two") && result.markdown.contains("| one | 1 | 1 | 1 | 0 | 0 |"))
    }
}
