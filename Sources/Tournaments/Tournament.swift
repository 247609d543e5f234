import Agents
import ContentHash
import Foundation
import Groundwork
import Questions

/// Matches between two or more teams, in rounds. What was finished is kept in a folder, and a tournament that was stopped goes on
/// with the match that it was stopped in.
public struct Tournament {
    /// A team with what its play depends on.
    public struct Entrant {
        public let team: Team
        public let identity: String

        public init(_ team: Team, identity: String) {
            self.team = team
            self.identity = identity
        }
    }

    private let plan: TournamentPlan
    private let teams: [Team]
    private let topics: [Topic]
    private let benchmark: [Question]
    private let folder: TournamentFolder?
    private let match: Match

    /// - Parameters:
    ///   - entrants: in the order of their seeds; names are letters, digits, `-`, `_` and `.`.
    ///   - benchmark: closed questions that decide ties.
    ///   - folder: where everything is kept; nil keeps nothing.
    ///   - tokens: counts tokens as the base model's tokenizer does, which `tokenizer` names.
    /// - Throws: `TournamentError`, `FileError`.
    public init(
        _ plan: TournamentPlan, entrants: [Entrant], topics: [Topic], benchmark: [Question] = [], folder: String?, tokenizer: String = "",
        tokens: @escaping (String) -> Int
    ) throws {
        guard entrants.count > 1 else { throw TournamentError.tooFewTeams(entrants.count) }
        guard !topics.isEmpty else { throw AgentError.noTopics }
        var seen: Set<String> = []
        for entrant in entrants {
            let name = entrant.team.name
            guard TeamDescription.isName(name) else { throw TournamentError.team(text: name, reason: TeamDescription.nameRule) }
            if !seen.insert(name).inserted { throw TournamentError.twice(name: name) }
        }
        self.plan = plan
        self.topics = topics
        self.benchmark = benchmark
        teams = entrants.map(\.team)
        match = Match(rules: plan.rules, tokens: tokens)
        let setup = TournamentSetup(
            plan: plan, teams: entrants.map { .init(name: $0.team.name, identity: $0.identity) },
            topics: ContentHash.of(topics.map(\.description).joined(separator: "\n")),
            benchmark: ContentHash.of(try benchmark.map(QuestionFile.line).joined(separator: "\n")), tokenizer: tokenizer)
        self.folder = try folder.map { try TournamentFolder($0, setup: setup) }
    }

    /// How many matches there will be: a knock-out has one meeting fewer than teams.
    public var matchCount: Int {
        plan.matches * (plan.format == .knockOut ? teams.count - 1 : teams.count * (teams.count - 1) / 2)
    }

    /// Plays what has not been played.
    /// - Parameter report: told everything as it happens, after it was written.
    /// - Throws: `Interrupted`, `TeamUnavailable`, `TournamentError`, `FileError`; all finished matches are kept then.
    public func run(report: (TournamentEvent) throws -> Void = { _ in }) throws -> TournamentResult {
        try tell(.tournamentBegins(.init(plan: plan, teams: teams.map(\.name), matches: matchCount)), report)
        var games: [TournamentResult.Game] = []
        var champion: Int?
        switch plan.format {
        case .roundRobin:
            for (round, pairs) in Schedule.roundRobin(teams.count).enumerated() {
                for pair in pairs { try meet(pair.first, pair.second, round: round + 1, &games, report) }
            }
        case .knockOut:
            var pairs = Schedule.bracket(teams.count)
            var round = 1
            while true {
                let through = try pairs.map { pair in
                    guard let second = pair.second else { return pair.first }
                    let met = try meet(pair.first, second, round: round, &games, report)
                    return Self.isAhead(second, of: pair.first, in: met) ? second : pair.first
                }
                if through.count == 1 {
                    champion = through[0]
                    break
                }
                // The better seed plays first.
                pairs = stride(from: 0, to: through.count, by: 2).map { (min(through[$0], through[$0 + 1]), max(through[$0], through[$0 + 1])) }
                round += 1
            }
        }
        let result = TournamentResult(plan: plan, teams: teams.map(\.name), topics: topics.count, games: games, champion: champion)
        try folder?.keep(result)
        try tell(.tournamentEnds(.init(standings: result.standings, winner: result.winner)), report)
        return result
    }

    /// Whether the worse seed of a knock-out's meeting goes on: more points; among equals the larger sum of totals; else the better seed does.
    private static func isAhead(_ second: Int, of first: Int, in games: [TournamentResult.Game]) -> Bool {
        func points(_ team: Int) -> [Double] {
            games.reduce([0, 0]) { sum, game in
                let mine = game.result.teams[game.first == team ? 0 : 1]
                let point = game.result.winner == mine.name ? 1 : game.result.decision == .draw ? 0.5 : 0
                return [sum[0] + point, sum[1] + (mine.disqualification == nil ? mine.total : 0)]
            }
        }
        let (mine, other) = (points(second), points(first))
        return mine[0] != other[0] ? mine[0] > other[0] : mine[1] > other[1] + 1e-9
    }

    /// All matches of two teams that meet; each other one begins with the other team's questions.
    @discardableResult
    private func meet(
        _ first: Int, _ second: Int, round: Int, _ games: inout [TournamentResult.Game], _ report: (TournamentEvent) throws -> Void
    ) throws -> [TournamentResult.Game] {
        var met: [TournamentResult.Game] = []
        for repetition in 1...max(1, plan.matches) {
            let (one, two) = repetition.isMultiple(of: 2) ? (second, first) : (first, second)
            let number = games.count + 1
            let result = try played(teams[one], teams[two], repetition, number, report)
            let game = TournamentResult.Game(
                number: number, round: round, first: one, second: two, result: result,
                file: TournamentFolder.file(teams[one].name, teams[two].name, repetition))
            games.append(game)
            met.append(game)
        }
        return met
    }

    private func played(
        _ first: Team, _ second: Team, _ repetition: Int, _ number: Int, _ report: (TournamentEvent) throws -> Void
    ) throws -> MatchResult {
        if let known = try folder?.match(first.name, second.name, repetition) {
            // It stands in the events already.
            try report(.matchEnds(known.event(match: number)))
            return known
        }
        // Whoever else takes part, two teams that meet draw the same numbers.
        let seed = streamSeed(plan.seed, "match \([first.name, second.name].sorted().joined(separator: " "))", repetition)
        let result = try match.play(first, second, topics: topics, seed: seed, benchmark: benchmark, number: number) { try tell($0, report) }
        try folder?.keep(result, first.name, second.name, repetition)
        return result
    }

    private func tell(_ event: TournamentEvent, _ report: (TournamentEvent) throws -> Void) throws {
        try folder?.append(event)
        try report(event)
    }
}
