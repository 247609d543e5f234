import Groundwork

/// A whole tournament, as `results.json` holds it; every question and answer is in `events.jsonl` and `matches/`.
public struct TournamentResult: Codable, Sendable, Hashable {
    /// One match without its questions.
    public struct Played: Codable, Sendable, Hashable {
        public var match: Int
        /// Counted from 1.
        public var round: Int
        public var seed: UInt64
        public var teams: [TeamResult]
        public var winner: String?
        public var decision: MatchResult.Decision
        public var benchmark: [Double]?
        /// Where the whole match lies in the tournament's folder.
        public var file: String
    }

    /// Two teams against each other.
    public struct HeadToHead: Codable, Sendable, Hashable {
        public var first: String
        public var second: String
        public var matches: Int
        /// Of the first.
        public var won: Int
        public var drawn: Int
        public var lost: Int
        /// Mean totals of a match.
        public var firstTotal: Double
        public var secondTotal: Double
        /// Of the first's mean total minus the second's.
        public var difference: Estimate
        /// In how many of the redrawings the first has the larger mean total, equal ones counted half.
        public var firstAhead: Double
    }

    public struct Rating: Codable, Sendable, Hashable {
        public var team: String
        /// By all results together, whatever their order (`Ratings.bradleyTerry`): the one to compare teams by.
        public var rating: Estimate
        /// Running numbers in the order of the matches.
        public var elo: Estimate
    }

    public var plan: TournamentPlan
    public var teams: [String]
    public var topics: Int
    public var matches: [Played]
    /// The best first.
    public var standings: [Standing]
    public var winner: String?
    public var headToHead: [HeadToHead]
    /// The best first.
    public var ratings: [Rating]
    /// Of the bootstrap over questions.
    public var redrawings: Int

    static let redrawings = 2_000

    /// - Parameter games: all matches with their places in `teams`, in the order in which they were played.
    init(plan: TournamentPlan, teams: [String], topics: Int, games: [Game], champion: Int?) {
        (self.plan, self.teams, self.topics) = (plan, teams, topics)
        redrawings = Self.redrawings
        matches = games.map { game in
            Played(
                match: game.number, round: game.round, seed: game.result.seed, teams: game.result.teams, winner: game.result.winner,
                decision: game.result.decision, benchmark: game.result.benchmark, file: game.file)
        }
        let drawn = Redrawings(games, teams: teams.count, seed: plan.seed)
        ratings = teams.indices.map { team in
            Rating(
                team: teams[team], rating: Estimate(drawn.rating[team], redrawn: drawn.ratings.map { $0[team] }),
                elo: Estimate(drawn.elo[team], redrawn: drawn.elos.map { $0[team] }))
        }.enumerated().sorted { ($1.element.rating.value, $0.offset) < ($0.element.rating.value, $1.offset) }.map(\.element)
        headToHead = drawn.pairs.map { pair in
            let outcomes = pair.games.map { drawn.played[$0].score }
            let count = Double(pair.games.count)
            return HeadToHead(
                first: teams[pair.first], second: teams[pair.second], matches: pair.games.count, won: outcomes.count { $0 == 1 },
                drawn: outcomes.count { $0 == 0.5 }, lost: outcomes.count { $0 == 0 },
                firstTotal: pair.games.reduce(0) { $0 + drawn.total(of: pair.first, in: $1) } / count,
                secondTotal: pair.games.reduce(0) { $0 + drawn.total(of: pair.second, in: $1) } / count,
                difference: Estimate(pair.difference, redrawn: pair.differences),
                firstAhead: pair.differences.reduce(0) { $0 + (abs($1) < 1e-9 ? 0.5 : $1 > 0 ? 1 : 0) } / Double(max(1, pair.differences.count)))
        }
        standings = Standings.of(games, teams: teams, champion: champion)
        winner = champion.map { teams[$0] } ?? (standings.count { $0.place == 1 } == 1 ? standings.first?.team : nil)
    }

    /// A match and where it stands in the tournament.
    struct Game {
        let number: Int
        let round: Int
        let first: Int
        let second: Int
        let result: MatchResult
        let file: String
    }
}

/// Every statistic of a tournament as it was played, and as often again with questions drawn anew.
private struct Redrawings {
    struct Pair {
        let first: Int
        let second: Int
        var games: [Int]
        var difference = 0.0
        var differences: [Double] = []
    }

    let games: [TournamentResult.Game]
    let played: [(totals: [Double], score: Double?)]
    private(set) var pairs: [Pair] = []
    let rating: [Double]
    let elo: [Double]
    private(set) var ratings: [[Double]] = []
    private(set) var elos: [[Double]] = []

    init(_ games: [TournamentResult.Game], teams: Int, seed: UInt64) {
        self.games = games
        let matches = games.map { ResampledMatch($0.result, first: $0.first, second: $0.second) }
        played = matches.map { $0.played() }
        for (index, game) in games.enumerated() {
            let ends = (min(game.first, game.second), max(game.first, game.second))
            if let known = pairs.firstIndex(where: { ($0.first, $0.second) == ends }) {
                pairs[known].games.append(index)
            } else {
                pairs.append(Pair(first: ends.0, second: ends.1, games: [index]))
            }
        }
        func rated(_ outcomes: [(totals: [Double], score: Double?)]) -> [RatedGame] {
            zip(matches, outcomes).compactMap { match, outcome in outcome.score.map { RatedGame(first: match.first, second: match.second, score: $0) } }
        }
        rating = Ratings.bradleyTerry(rated(played), teams: teams)
        elo = Ratings.elo(rated(played), teams: teams)
        for index in pairs.indices { pairs[index].difference = difference(pairs[index], played) }
        for step in 0..<(games.isEmpty ? 0 : TournamentResult.redrawings) {
            var random = CounterRandom(seed: seed, phase: "bootstrap", step: UInt64(step))
            let outcomes = matches.map { $0.redrawn(&random) }
            ratings.append(Ratings.bradleyTerry(rated(outcomes), teams: teams))
            elos.append(Ratings.elo(rated(outcomes), teams: teams))
            for index in pairs.indices { pairs[index].differences.append(difference(pairs[index], outcomes)) }
        }
    }

    func total(of team: Int, in game: Int) -> Double { played[game].totals[games[game].first == team ? 0 : 1] }

    private func difference(_ pair: Pair, _ outcomes: [(totals: [Double], score: Double?)]) -> Double {
        pair.games.reduce(0) { sum, game in
            let totals = outcomes[game].totals
            return sum + (games[game].first == pair.first ? totals[0] - totals[1] : totals[1] - totals[0])
        } / Double(pair.games.count)
    }
}

/// Who stands where.
enum Standings {
    /// - Parameter champion: of a knock-out; its ranks are by the round that a team reached, and by nothing else.
    static func of(_ games: [TournamentResult.Game], teams: [String], champion: Int?) -> [Standing] {
        var rows = teams.indices.map { team in
            let mine = games.filter { $0.first == team || $0.second == team }
            let results = mine.flatMap { game in game.result.teams.filter { $0.name == teams[team] } }
            func mean(_ value: (TeamResult) -> Double) -> Double {
                results.isEmpty ? 0 : results.reduce(0) { $0 + value($1) } / Double(results.count)
            }
            let won = mine.count { $0.result.winner == teams[team] }
            let drawn = mine.count { $0.result.decision == .draw }
            return Standing(
                team: teams[team], place: 1, played: mine.count, won: won, drawn: drawn, lost: mine.count - won - drawn,
                points: Double(won) + 0.5 * Double(drawn), questionScore: mean(\.questionScore), answerScore: mean(\.answerScore))
        }
        if let champion {
            for team in teams.indices where team != champion {
                rows[team].outInRound = games.filter { $0.first == team || $0.second == team }.map(\.round).max()
            }
        }
        /// Larger is better.
        func key(_ row: Standing) -> [Double] {
            champion == nil ? [row.points, row.questionScore + row.answerScore] : [Double(row.outInRound ?? .max)]
        }
        rows = rows.enumerated().sorted { left, right in
            let (l, r) = (key(left.element), key(right.element))
            return l == r ? left.offset < right.offset : r.lexicographicallyPrecedes(l)
        }.map(\.element)
        for index in rows.indices {
            rows[index].place = index > 0 && key(rows[index]) == key(rows[index - 1]) ? rows[index - 1].place : index + 1
        }
        return rows
    }
}
