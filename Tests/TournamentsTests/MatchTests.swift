import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Tournaments

/// A question agent that gives what it was made with.
private struct Asker: QuestionAsking {
    var replies: [(output: String, seconds: Double)]
    var failure: (any Error)?

    func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        #expect(deadline == .seconds(10))
        if let failure { throw failure }
        return replies.map {
            QuestionRecord(area: "Geography", topic: "capitals", output: $0.output, question: nil, seconds: $0.seconds)
        }
    }
}

/// An answer agent that gives the same text for every question, or what a closure says.
private struct Answerer: QuestionAnswering {
    var reply: (Int, Question) -> (output: String, seconds: Double)?

    func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        #expect(deadline == .seconds(6))
        return questions.enumerated().compactMap { index, question in
            reply(index, question).map { AnswerRecord(questionID: question.id, output: $0.output, answer: nil, seconds: $0.seconds) }
        }
    }
}

private struct Broken: Error, CustomStringConvertible { let description = "out of memory" }

@Suite struct MatchTests {
    private let match = Match(rules: TournamentRules(questions: 4)) { $0.split(separator: " ").count }
    private let topics = [Topic(area: "Geography", topic: "capitals")]

    private func question(_ answer: String, _ text: String = "Which?") -> String {
        AgentQuestion(
            topic: "capitals", question: text, choices: ["A) w", "B) x", "C) y", "D) z"], answer: answer, explanation: "so").json
    }

    private func team(
        _ name: String, asks replies: [String], seconds: Double = 1, answers: @escaping (Int, Question) -> (output: String, seconds: Double)?
    ) -> Team {
        Team(
            name: name, questionAgent: Asker(replies: replies.map { ($0, seconds) }), answerAgent: Answerer(reply: answers))
    }

    private func always(_ letter: String) -> (Int, Question) -> (output: String, seconds: Double)? {
        { _, _ in ("{\"answer\": \"\(letter)\", \"reasoning\": \"so\"}", 1) }
    }

    @Test func scoresFollowTheRules() throws {
        let first = team("one", asks: [question("A"), question("A"), question("B"), question("C")], answers: always("A"))
        let second = team("two", asks: [question("A"), question("A"), question("A"), question("D")], answers: always("A"))
        let result = try match.play(first, second, topics: topics, seed: 1)
        // two answers 2 of 4; one answers 3 of 4.
        #expect(result.teams.map(\.questionScore) == [50, 25])
        #expect(result.teams.map(\.answerScore) == [75, 50])
        #expect(result.teams.map(\.total) == [125, 75])
        #expect(result.winner == "one" && result.decision == .score)
        #expect(result.innings.map(\.asker) == ["one", "two"] && result.innings.map(\.answerer) == ["two", "one"])
        #expect(result.innings[0].entries.map(\.outcome) == [.correct, .correct, .wrong, .wrong])
        #expect(result.innings[0].entries.allSatisfy { $0.answer?.seconds == 1 && $0.question.seconds == 1 })
        let data = try JSONEncoder().encode(result)
        #expect(try JSONDecoder().decode(MatchResult.self, from: data) == result)
    }

    @Test func lateMissingAndMalformedAnswersAreWrong() throws {
        let asks = Array(repeating: question("A"), count: 4)
        let replies: [(output: String, seconds: Double)?] = [
            ("{\"answer\": \"A\"}", 6.01), nil, ("answer: A", 1), ("{\"reasoning\": \"x\", \"answer\": \"A\"}", 5.99),
        ]
        let result = try match.play(
            team("one", asks: asks, answers: always("A")), team("two", asks: asks) { index, _ in replies[index] }, topics: topics, seed: 1)
        #expect(result.innings[0].entries.map(\.outcome) == [.late, .missing, .malformed, .correct])
        #expect(result.teams[1].answerScore == 25 && result.teams[0].questionScore == 75)
        let long = "{\"answer\": \"A\", \"reasoning\": \"\(String(repeating: "x ", count: 512))\"}"
        let verbose = try match.play(
            team("one", asks: asks, answers: always("A")), team("two", asks: asks) { _, _ in (long, 1) }, topics: topics, seed: 1)
        #expect(verbose.innings[0].entries.allSatisfy { $0.outcome == .malformed && !$0.reasons.isEmpty })
    }

    @Test func onlyQuestionsThatPassAreAskedAndCounted() throws {
        let long = question("A", String(repeating: "word ", count: 200))
        var asked: [String] = []
        let result = try match.play(
            team("one", asks: [question("A"), long, question("A"), "no JSON"], answers: always("B")),
            team("two", asks: Array(repeating: question("B"), count: 4)) { _, question in
                asked.append(question.id)
                return self.always("A")(0, question)
            }, topics: topics, seed: 1)
        #expect(asked == ["inning-1-question-1", "inning-1-question-3"])
        #expect(result.innings[0].passing == 2 && result.teams[1].answerScore == 100)
        #expect(result.innings[0].entries.map(\.outcome) == [.correct, .notAsked, .correct, .notAsked])
        #expect(result.teams.allSatisfy { $0.disqualification == nil })
    }

    @Test func fewerThanHalfOfTheQuestionsDisqualify() throws {
        let good = Array(repeating: question("A"), count: 4)
        let late = team("late", asks: good, seconds: 10.5, answers: always("A"))
        let few = team("few", asks: [question("A")], answers: always("A"))
        let fair = team("fair", asks: good, answers: always("B"))
        for loser in [late, few] {
            let result = try match.play(loser, fair, topics: topics, seed: 1)
            #expect(result.winner == "fair" && result.decision == .disqualification)
            #expect(result.teams[0].disqualification != nil && result.teams[1].disqualification == nil)
        }
        let both = try match.play(late, few, topics: topics, seed: 1)
        #expect(both.winner == nil && both.decision == .none)
        #expect(both.teams[0].questionScore == 0)
    }

    @Test func aQuestionWhoseAnswerIsNoLetterDoesNotPass() throws {
        let result = try match.play(
            team("one", asks: [question("E"), question("B) x"), question("A"), question("B")], answers: always("A")),
            team("two", asks: Array(repeating: question("A"), count: 4), answers: always("B")), topics: topics, seed: 1)
        #expect(result.innings[0].entries.map(\.outcome) == [.notAsked, .notAsked, .wrong, .correct])
    }

    @Test func aTeamThatFailsLosesOnlyItsOwnReplies() throws {
        var failing = team("failing", asks: [], answers: always("A"))
        failing = Team(name: "failing", questionAgent: Asker(replies: [], failure: Broken()), answerAgent: failing.answerAgent)
        let fair = team("fair", asks: Array(repeating: question("A"), count: 4), answers: always("A"))
        let result = try match.play(failing, fair, topics: topics, seed: 1)
        #expect(result.innings[0].questionFailure == "out of memory" && result.innings[1].answerFailure == nil)
        #expect(result.winner == "fair" && result.teams[0].answerScore == 100)
        let stopped = Team(name: "x", questionAgent: Asker(replies: [], failure: Interrupted()), answerAgent: fair.answerAgent)
        #expect(throws: Interrupted.self) { try match.play(stopped, fair, topics: topics, seed: 1) }
    }

    @Test func equalTotalsGoToTheBenchmark() throws {
        let asks = Array(repeating: question("A"), count: 4)
        let benchmark = (0..<4).map { Question(
            id: "q\($0)", source: "test", subject: "geography", topic: "capitals", domain: .humanities, question: "Question \($0)?",
            choices: ["k", "l", "m", "n"], answer: .A)  }
        let clever = team("clever", asks: asks, answers: always("A"))
        let guessing = team("guessing", asks: asks) { index, question in
            (question.source == "tournament" || index == 0 ? self.always("A") : self.always("B"))(index, question)
        }
        let tied = try match.play(guessing, clever, topics: topics, seed: 1)
        #expect(tied.winner == nil && tied.decision == .draw && tied.benchmark == nil)
        let decided = try match.play(guessing, clever, topics: topics, seed: 1, benchmark: benchmark)
        #expect(decided.winner == "clever" && decided.decision == .benchmark && decided.benchmark == [25, 100])
        let same = try match.play(clever, clever, topics: topics, seed: 1, benchmark: benchmark)
        #expect(same.decision == .draw && same.benchmark == [100, 100])
    }
}
