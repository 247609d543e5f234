import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Tournaments

@Suite struct TournamentTests {
    private let asks = Array(repeating: questionText("A"), count: 4)
    private let rules = TournamentRules(questions: 4)

    /// A team that answers so many of four questions right.
    private func team(_ name: String, right: Int, asks: [String]? = nil, asked: ((UInt64) throws -> Void)? = nil) -> Tournament.Entrant {
        FakeTeam(asks: asks ?? self.asks, answers: { question, _ in
            (question.id.split(separator: "-").last.flatMap { Int($0) } ?? 0) <= right ? "A" : "B"
        }, asked: asked).entrant(name)
    }

    private func tournament(
        _ plan: TournamentPlan, _ entrants: [Tournament.Entrant], benchmark: [Question] = [], folder: String? = nil
    ) throws -> Tournament {
        try Tournament(plan, entrants: entrants, topics: geography, benchmark: benchmark, folder: folder, tokenizer: "words", tokens: words)
    }

    @Test(arguments: 2...9) func everybodyMeetsEverybodyOnce(count: Int) {
        let rounds = Schedule.roundRobin(count)
        let pairs = rounds.flatMap { $0 }
        #expect(pairs.count == count * (count - 1) / 2)
        #expect(Set(pairs.map { "\($0.first) \($0.second)" }).count == pairs.count && pairs.allSatisfy { $0.first < $0.second })
        for round in rounds {
            // Nobody plays twice in a round, and with an odd number one has a bye.
            let playing = round.flatMap { [$0.first, $0.second] }
            #expect(Set(playing).count == playing.count && playing.count == count - count % 2)
        }
    }

    @Test func theBestSeedsHaveTheByesAndMeetLast() {
        #expect(Schedule.bracket(2).map { [$0.first, $0.second] } == [[0, 1]])
        #expect(Schedule.bracket(4).map { [$0.first, $0.second] } == [[0, 3], [1, 2]])
        #expect(Schedule.bracket(3).map { [$0.first, $0.second] } == [[0, nil], [1, 2]])
        #expect(Schedule.bracket(5).map { [$0.first, $0.second] } == [[0, nil], [3, 4], [1, nil], [2, nil]])
        #expect(Schedule.bracket(6).compactMap(\.second).count == 2)
    }

    @Test func aRoundRobinRanksByPointsThenByTotals() throws {
        let result = try tournament(
            TournamentPlan(rules: rules, matches: 2, seed: 1),
            [team("weak", right: 0), team("best", right: 4), team("good", right: 3), team("also", right: 3)]
        ).run()
        #expect(result.matches.count == 12 && result.winner == "best")
        #expect(result.standings.map(\.team) == ["best", "good", "also", "weak"])
        #expect(result.standings.map(\.place) == [1, 2, 2, 4])
        #expect(result.standings.map(\.points) == [6, 3, 3, 0] && result.standings[1].drawn == 2)
        // Each pair's second match begins with the other team's questions.
        #expect(result.headToHead.allSatisfy { $0.matches == 2 })
        #expect(result.ratings.map(\.team).first == "best" && result.ratings.map(\.team).last == "weak")
        #expect(result.text.contains("best wins (round-robin, 12 matches of 2 × 4 questions)."))
    }

    @Test func aKnockOutEndsWithOneTeam() throws {
        let plan = TournamentPlan(rules: rules, format: .knockOut)
        let made = try tournament(plan, [team("one", right: 1), team("two", right: 2), team("three", right: 4), team("four", right: 0), team("five", right: 3)])
        #expect(made.matchCount == 4)
        let result = try made.run()
        // Byes for one, two and three; five beats four, then one, and loses the final against three.
        #expect(result.matches.map { $0.teams.map(\.name) } == [["four", "five"], ["one", "five"], ["two", "three"], ["three", "five"]])
        #expect(result.winner == "three" && result.standings.map(\.team) == ["three", "five", "one", "two", "four"])
        #expect(result.standings.map(\.outInRound) == [nil, 3, 2, 2, 1] && result.standings.map(\.place) == [1, 2, 3, 3, 5])
        // Where nothing decides, the better seed goes on.
        let equal = try tournament(plan, [team("a", right: 2), team("b", right: 2)]).run()
        #expect(equal.matches[0].decision == .draw && equal.winner == "a")
    }

    @Test func aDisqualifiedTeamHasLostAndSaysWhy() throws {
        let result = try tournament(TournamentPlan(rules: rules), [team("mute", right: 4, asks: ["?", "?", questionText("A")]), team("fair", right: 0)]).run()
        #expect(result.winner == "fair" && result.matches[0].decision == .disqualification)
        #expect(result.text.contains("Match 1: mute is disqualified: 1 of 4 questions passed the format check."))
    }

    @Test func theBenchmarkDecidesTies() throws {
        let benchmark = (1...4).map {
            Question(id: "bench-\($0)", source: "b", subject: "s", topic: "t", domain: .other, question: "Question \($0)?", choices: ["k", "l", "m", "n"], answer: .A)
        }
        let clever = FakeTeam(asks: asks).entrant("clever")
        let guessing = FakeTeam(asks: asks, answers: { question, _ in question.source == "b" ? "B" : "A" }).entrant("guessing")
        let result = try tournament(TournamentPlan(rules: rules), [guessing, clever], benchmark: benchmark).run()
        #expect(result.winner == "clever" && result.matches[0].decision == .benchmark && result.matches[0].benchmark == [0, 100])
    }

    @Test func everythingIsToldAndKept() throws {
        try withFolder { folder in
            var told: [TournamentEvent] = []
            let result = try tournament(TournamentPlan(rules: rules), [team("one", right: 4), team("two", right: 1)], folder: folder).run { told.append($0) }
            var inning: [TournamentEvent.Kind] = [.inningBegins]
            for kind in [TournamentEvent.Kind.question, .answer] { inning += Array(repeating: kind, count: 4) }
            inning.append(.inningEnds)
            let kinds: [TournamentEvent.Kind] = [.tournamentBegins, .matchBegins] + inning + inning + [.matchEnds, .tournamentEnds]
            #expect(told.map(\.kind) == kinds)
            let lines = try LineFile.read(folder + "/events.jsonl").map(\.text)
            #expect(try lines.map { try JSONDecoder().decode(TournamentEvent.self, from: Data($0.utf8)) } == told)
            // Flat, with the kind beside the rest.
            let answer = try #require(lines.first { $0.contains("\"event\":\"answer\"") })
            let fields = try #require(JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
            #expect(fields["match"] as? Int == 1 && fields["number"] as? Int == 1 && fields["right"] as? String == "A")
            let written = try JSONDecoder().decode(TournamentResult.self, from: WholeFile.read(folder + "/results.json"))
            #expect(written == result)
            let match = try JSONDecoder().decode(MatchResult.self, from: WholeFile.read(folder + "/matches/one+two+1.json"))
            #expect(match.innings.allSatisfy { $0.entries.count == 4 } && match.winner == "one")
            #expect(try String(decoding: WholeFile.read(folder + "/table.txt"), as: UTF8.self) == result.text + "\n")
            #expect(FileManager.default.fileExists(atPath: folder + "/table.md"))
        }
    }

    @Test(arguments: [1, 3, 6]) func aStoppedTournamentGoesOnWithoutPlayingAgain(stop: Int) throws {
        try withFolder { folder in
            var turns = 0
            var seeds: [UInt64] = []
            func entrants(stopAt: Int?) -> [Tournament.Entrant] {
                ["one", "two", "three"].enumerated().map { index, name in
                    team(name, right: index + 1) { seed in
                        turns += 1
                        if turns == stopAt { throw Interrupted() }
                        seeds.append(seed)
                    }
                }
            }
            let plan = TournamentPlan(rules: rules, seed: 3)
            let whole = try tournament(plan, entrants(stopAt: nil)).run()
            let expected = seeds
            (turns, seeds) = (0, [])
            let out = folder + "/out"
            #expect(throws: Interrupted.self) { try tournament(plan, entrants(stopAt: stop), folder: out).run() }
            let finished = (stop - 1) / 2
            #expect(try FileManager.default.contentsOfDirectory(atPath: out).contains("matches") == (finished > 0))
            (turns, seeds) = (0, [])
            var told: [TournamentEvent] = []
            let continued = try tournament(plan, entrants(stopAt: nil), folder: out).run { told.append($0) }
            #expect(turns == 6 - 2 * finished && seeds == Array(expected.suffix(turns)))
            #expect(continued == whole && told.count { $0.kind == .matchEnds } == 3 && told.count { $0.kind == .matchBegins } == 3 - finished)
            // A third run plays nothing.
            turns = 0
            #expect(try tournament(plan, entrants(stopAt: nil), folder: out).run() == whole && turns == 0)
        }
    }

    @Test func anotherTournamentDoesNotContinueInTheSameFolder() throws {
        try withFolder { folder in
            let plan = TournamentPlan(rules: rules)
            let teams = [team("one", right: 1), team("two", right: 2)]
            _ = try tournament(plan, teams, folder: folder).run()
            func refused(_ what: String, _ make: () throws -> Tournament) {
                let error = #expect(throws: TournamentError.self) { try make() }
                #expect("\(error.map { "\($0)" } ?? "")".contains(what) && "\(error.map { "\($0)" } ?? "")".contains(folder))
            }
            var other = plan
            other.seed = 9
            refused("seed") { try tournament(other, teams, folder: folder) }
            refused("teams are one, two") { try tournament(plan, [teams[0], team("three", right: 1)], folder: folder) }
            refused("team two is v1") { try tournament(plan, [teams[0], FakeTeam(asks: asks).entrant("two", identity: "v2")], folder: folder) }
            try WholeFile.write("{", to: folder + "/matches/one+two+1.json")
            #expect(throws: TournamentError.self) { try tournament(plan, teams, folder: folder).run() }
        }
    }

    @Test func whatTheListenerThrowsEndsTheTournament() throws {
        struct Full: Error {}
        #expect(throws: Full.self) {
            try tournament(TournamentPlan(rules: rules), [team("one", right: 1), team("two", right: 2)]).run {
                if $0.kind == .answer { throw Full() }
            }
        }
    }

    @Test func teamsMustBeTwoAndHaveNamesOfTheirOwn() {
        let plan = TournamentPlan(rules: rules)
        #expect(throws: TournamentError.tooFewTeams(1)) { try tournament(plan, [team("one", right: 1)]) }
        #expect(throws: TournamentError.twice(name: "one")) { try tournament(plan, [team("one", right: 1), team("one", right: 1)]) }
        #expect(throws: TournamentError.self) { try tournament(plan, [team("../one", right: 1), team("two", right: 1)]) }
    }
}
