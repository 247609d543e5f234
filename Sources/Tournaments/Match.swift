import Agents
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

/// One match of two innings between two teams.
///
/// In an inning one team's question agent asks and the other team's answer agent answers what passes the format check.
/// Answers are judged by the right answer that the asking team declares. What is wrong, late, missing or malformed counts as
/// wrong; nothing has negative marks. An agent that throws is an agent whose replies are missing.
public struct Match {
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
    ///   - number: of the match in its tournament, for the events.
    ///   - report: told everything as it happens; what it throws ends the match.
    /// - Throws: `Interrupted` if the user stops the match, `TeamUnavailable` if a team's server is gone, and what `report` throws.
    public func play(
        _ first: Team, _ second: Team, topics: [Topic], seed: UInt64, benchmark: [Question] = [], number: Int = 1,
        report: (TournamentEvent) throws -> Void = { _ in }
    ) throws -> MatchResult {
        guard !topics.isEmpty else { throw AgentError.noTopics }
        try report(.matchBegins(.init(match: number, first: first.name, second: second.name, seed: seed, rules: rules)))
        let innings = [
            try inning(1, of: number, asker: first, answerer: second, topics: topics, seed: seed, report: report),
            try inning(2, of: number, asker: second, answerer: first, topics: topics, seed: seed, report: report),
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
        try report(.matchEnds(result.event(match: number)))
        return result
    }

    private func inning(
        _ number: Int, of match: Int, asker: Team, answerer: Team, topics: [Topic], seed: UInt64,
        report: (TournamentEvent) throws -> Void
    ) throws -> Inning {
        var inning = Inning(number: number, asker: asker.name, answerer: answerer.name, requested: rules.questions)
        try report(.inningBegins(.init(
            match: match, inning: number, asker: asker.name, answerer: answerer.name, requested: rules.questions)))
        (inning.questionFailure, inning.questionLog) = try collect(from: asker.questionAgent) { each in
            try asker.questionAgent.asked(
                topics, count: rules.questions, deadline: .seconds(rules.questionSeconds), seed: streamSeed(seed, "asking", number),
                each: each)
        } take: { (record: QuestionRecord) in
            guard inning.entries.count < rules.questions else { return }
            let rejections = rejections(of: record)
            inning.entries.append(InningEntry(question: record, rejections: rejections))
            try report(.question(.init(
                match: match, inning: number, number: inning.entries.count, record: record, rejections: rejections)))
        }

        var asked: [(entry: Int, question: Question)] = []
        for (index, entry) in inning.entries.enumerated() where entry.rejections.isEmpty {
            if let question = question(of: entry.question, id: "inning-\(number)-question-\(index + 1)") {
                asked.append((index, question))
            }
        }
        var open = Dictionary(uniqueKeysWithValues: asked.map { ($0.question.id, $0) })
        func judged(_ one: (entry: Int, question: Question), _ record: AnswerRecord?) throws {
            let (outcome, reasons) = judge(record, right: one.question.answer)
            inning.entries[one.entry].answer = record
            inning.entries[one.entry].outcome = outcome
            inning.entries[one.entry].reasons = reasons
            try report(.answer(.init(
                match: match, inning: number, number: one.entry + 1, record: record, right: one.question.answer, outcome: outcome,
                reasons: reasons)))
        }
        (inning.answerFailure, inning.answerLog) = try collect(from: answerer.answerAgent) { each in
            try answerer.answerAgent.answered(
                asked.map(\.question), deadline: .seconds(rules.answerSeconds), seed: streamSeed(seed, "answering", number), each: each)
        } take: { (record: AnswerRecord) in
            // The first answer to a question counts.
            if let one = open.removeValue(forKey: record.questionID) { try judged(one, record) }
        }
        for one in asked where open[one.question.id] != nil { try judged(one, nil) }
        try report(.inningEnds(inning.event(match: match)))
        return inning
    }

    /// Has an agent reply, taking each record as it comes.
    /// - Returns: why it failed, if it did, and what it said beside its replies.
    private func collect<Record>(
        from agent: Any, _ replies: (@escaping (Record) -> Void) throws -> Void, take: (Record) throws -> Void
    ) throws -> (failure: String?, log: String?) {
        // Agents tell of a record by a closure that cannot throw.
        var refusal: (any Error)?
        var failure: String?
        do {
            try withoutActuallyEscaping(take) { take in
                try replies { record in
                    guard refusal == nil else { return }
                    do { try take(record) } catch { refusal = error }
                }
            }
        } catch let error where error is Interrupted || error is TeamUnavailable {
            throw error
        } catch {
            failure = "\(error)"
        }
        if let refusal { throw refusal }
        return (failure, (agent as? any LogKeeping)?.log)
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
        } catch let error where error is Interrupted || error is TeamUnavailable {
            throw error
        } catch {
            return 0
        }
    }
}

/// The seed of one piece of work among those of a match or a tournament.
func streamSeed(_ seed: UInt64, _ phase: String, _ index: Int) -> UInt64 {
    var random = CounterRandom(seed: seed, phase: phase, step: UInt64(index))
    return random.next()
}
