import Groundwork
import Questions

/// The rules of a match, as they can be set.
public struct TournamentRules: Codable, Sendable, Hashable {
    /// What each question agent is asked for.
    public var questions: Int
    public var questionSeconds: Double
    public var answerSeconds: Double
    /// A team of whose questions a smaller share passes the format check is disqualified.
    public var leastPassing: Double

    public init(questions: Int = 20, questionSeconds: Double = 10, answerSeconds: Double = 6, leastPassing: Double = 0.5) {
        self.questions = questions
        self.questionSeconds = questionSeconds
        self.answerSeconds = answerSeconds
        self.leastPassing = leastPassing
    }
}

/// Who plays: a question agent and an answer agent.
public struct Team {
    public let name: String
    public let questionAgent: any QuestionAsking
    public let answerAgent: any QuestionAnswering

    public init(name: String, questionAgent: any QuestionAsking, answerAgent: any QuestionAnswering) {
        self.name = name
        self.questionAgent = questionAgent
        self.answerAgent = answerAgent
    }
}

/// One match of two innings between two teams.
///
/// In an inning one team's question agent asks and the other team's answer agent answers what passes the format check.
/// Answers are judged by the right answer that the asking team declares. What is wrong, late, missing or malformed counts as
/// wrong; nothing has negative marks. An agent that throws is an agent whose replies are missing.
public struct Tournament {
    public let rules: TournamentRules
    private let tokens: (String) -> Int

    /// - Parameter tokens: counts tokens as the base model's tokenizer does.
    public init(rules: TournamentRules = TournamentRules(), tokens: @escaping (String) -> Int) {
        self.rules = rules
        self.tokens = tokens
    }

    /// - Parameters:
    ///   - benchmark: closed questions that decide between the answer agents if the totals are equal; without any, equal
    ///     totals are a draw.
    /// - Throws: `Interrupted` if the user stops the match.
    public func play(
        _ first: Team, _ second: Team, topics: [Topic], seed: UInt64, benchmark: [Question] = []
    ) throws -> MatchResult {
        guard !topics.isEmpty else { throw AgentError.noTopics }
        let innings = [
            try inning(1, asker: first, answerer: second, topics: topics, seed: seed),
            try inning(2, asker: second, answerer: first, topics: topics, seed: seed),
        ]
        var result = MatchResult(
            rules: rules, seed: seed,
            teams: [
                TeamResult(name: first.name, asked: innings[0], answered: innings[1], rules: rules),
                TeamResult(name: second.name, asked: innings[1], answered: innings[0], rules: rules),
            ], innings: innings)
        if result.isTied, !benchmark.isEmpty {
            result.benchmark = [
                try benchmarkScore(first, benchmark, seed: seed), try benchmarkScore(second, benchmark, seed: seed),
            ]
        }
        result.decide()
        return result
    }

    private func inning(_ number: Int, asker: Team, answerer: Team, topics: [Topic], seed: UInt64) throws -> Inning {
        var inning = Inning(number: number, asker: asker.name, answerer: answerer.name, requested: rules.questions)
        do {
            let records = try asker.questionAgent.ask(
                topics, count: rules.questions, deadline: .seconds(rules.questionSeconds),
                seed: streamSeed(seed, "asking", number))
            inning.entries = records.prefix(rules.questions).map { InningEntry(question: $0, rejections: rejections(of: $0)) }
        } catch let error as Interrupted {
            throw error
        } catch {
            inning.questionFailure = "\(error)"
        }

        var asked: [(entry: Int, question: Question)] = []
        for (index, entry) in inning.entries.enumerated() where entry.rejections.isEmpty {
            if let question = question(of: entry.question, id: "inning-\(number)-question-\(index + 1)") {
                asked.append((index, question))
            }
        }
        var records: [String: AnswerRecord] = [:]
        do {
            let answers = try answerer.answerAgent.answer(
                asked.map(\.question), deadline: .seconds(rules.answerSeconds), seed: streamSeed(seed, "answering", number))
            for answer in answers where records[answer.questionID] == nil { records[answer.questionID] = answer }
        } catch let error as Interrupted {
            throw error
        } catch {
            inning.answerFailure = "\(error)"
        }
        for (index, question) in asked {
            let record = records[question.id]
            let (outcome, reasons) = judge(record, right: question.answer)
            inning.entries[index].answer = record
            inning.entries[index].outcome = outcome
            inning.entries[index].reasons = reasons
        }
        return inning
    }

    /// Why a question does not pass; empty if it does.
    private func rejections(of record: QuestionRecord) -> [String] {
        var reasons = FormatCheck.question(record.output, tokens: tokens)
        if record.seconds > rules.questionSeconds || record.isLate {
            reasons.append("late: \(record.seconds) s of \(rules.questionSeconds) s")
        }
        return reasons
    }

    /// A question that passed, as the other team's answer agent gets it.
    private func question(of record: QuestionRecord, id: String) -> Question? {
        guard let parsed = Reply.question(record.output), let letter = Letter(rawValue: parsed.answer) else { return nil }
        return Question(
            id: id, source: "tournament", subject: record.area, topic: parsed.topic, domain: .other, question: parsed.question,
            choices: parsed.choiceTexts, answer: letter, explanation: parsed.explanation)
    }

    private func judge(_ record: AnswerRecord?, right: Letter) -> (InningEntry.Outcome, [String]) {
        guard let record else { return (.missing, []) }
        if record.seconds > rules.answerSeconds || record.isLate { return (.late, []) }
        let reasons = FormatCheck.answer(record.output, tokens: tokens)
        guard reasons.isEmpty, let answer = Reply.answer(record.output) else { return (.malformed, reasons) }
        return (answer.answer == right.rawValue ? .correct : .wrong, [])
    }

    /// Per cent right of the benchmark, under the same deadline.
    private func benchmarkScore(_ team: Team, _ benchmark: [Question], seed: UInt64) throws -> Double {
        do {
            let answers = try team.answerAgent.answer(
                benchmark, deadline: .seconds(rules.answerSeconds), seed: streamSeed(seed, "benchmark", 0))
            let byID = Dictionary(answers.map { ($0.questionID, $0) }) { first, _ in first }
            let right = benchmark.count { judge(byID[$0.id], right: $0.answer).0 == .correct }
            return 100 * Double(right) / Double(benchmark.count)
        } catch let error as Interrupted {
            throw error
        } catch {
            return 0
        }
    }
}
