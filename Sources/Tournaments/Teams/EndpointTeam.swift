import Agents
import Distillation
import Foundation
import Groundwork
import Questions
import Teachers
import Tokenizers
import Transformers

/// A model behind an OpenAI-compatible endpoint as both agents of a team.
///
/// It gets the prompts of Retort's own agents and a line with the JSON's shape, since no guide forces it there. Each request is sent
/// once; the clock runs from its sending to the last byte of its reply, and what has not come when the time is over is missing.
public final class EndpointTeam: AskingAloud, AnsweringAloud, LogKeeping {
    public let name: String
    private let endpoint: ChatEndpoint
    private let settings: (asking: AgentSettings, answering: AgentSettings)
    private let clock: RequestClock
    /// Whether the server takes `response_format`.
    private var takesFormat = true
    private var failures: [String] = []
    /// In a row, of attempts that did not reach the server.
    private var unreachable = 0

    /// So many attempts in a row that do not reach the server end the match.
    private static let patience = 3

    static let answerShape = " {\"reasoning\": \"at most 100 words\", \"answer\": \"A\"}"
    static let questionShape =
        " {\"topic\": \"…\", \"question\": \"…\", \"choices\": [\"A) …\", \"B) …\", \"C) …\", \"D) …\"], \"answer\": \"A\", "
        + "\"explanation\": \"at most 100 words\"}"

    public init(
        name: String, endpoint: ChatEndpoint, asking: AgentSettings = .questions, answering: AgentSettings = .answers,
        clock: RequestClock = .continuous
    ) {
        self.name = name
        self.endpoint = endpoint
        settings = (asking, answering)
        self.clock = clock
    }

    public var log: String? { failures.isEmpty ? nil : failures.suffix(20).joined(separator: "\n") }

    /// One request that does not count: connects, and finds out whether the server takes `response_format`.
    /// - Throws: `TeamUnavailable` if the server does not answer.
    public func warmUp() throws {
        for _ in 0..<2 {
            do {
                _ = try ask("Reply in JSON.", "Say {\"answer\": \"A\"}.", settings.answering, seed: 0, seconds: 60)
                return
            } catch ChatEndpoint.Failure.refused(let reason) {
                guard takesFormat else { throw TeamUnavailable(team: name, reason: reason) }
                takesFormat = false
            } catch ChatEndpoint.Failure.unavailable(let reason) {
                throw TeamUnavailable(team: name, reason: reason)
            } catch ChatEndpoint.Failure.missing {
                // A slow first reply is no reason against the next ones.
                return
            }
        }
    }

    public func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        var records: [QuestionRecord] = []
        try askAloud(topics, count: count, deadline: deadline, seed: seed) { records.append($0) }
        return records
    }

    public func askAloud(
        _ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64, each: @escaping (QuestionRecord) -> Void
    ) throws {
        failures = []
        for (index, topic) in Topic.chosen(count, from: topics, seed: seed).enumerated() {
            let reply = try reply(
                QuestionFormat.systemPrompt + Self.questionShape, QuestionFormat.userMessage(topic: AnswerFormat.sanitise(topic.topic)),
                settings.asking, seed: streamSeed(seed, "question", index), deadline: deadline, what: "question \(index + 1)")
            let output = reply.text.map { JSONInText.object(in: $0, with: ["question", "choices"]) ?? $0 } ?? ""
            each(QuestionRecord(
                area: topic.area, topic: topic.topic, output: output, question: Reply.question(output), seconds: reply.seconds,
                tokens: reply.tokens, isLate: deadline.map { .seconds(reply.seconds) > $0 } ?? false))
        }
    }

    public func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        var records: [AnswerRecord] = []
        try answerAloud(questions, deadline: deadline, seed: seed) { records.append($0) }
        return records
    }

    public func answerAloud(
        _ questions: [Question], deadline: Duration?, seed: UInt64, each: @escaping (AnswerRecord) -> Void
    ) throws {
        failures = []
        for (index, question) in questions.enumerated() {
            let reply = try reply(
                AnswerFormat.systemPrompt + Self.answerShape, AnswerFormat.userMessage(question), settings.answering,
                seed: streamSeed(seed, "answer", index), deadline: deadline, what: "the answer to \(question.id)")
            guard let text = reply.text else { continue }
            let output = JSONInText.object(in: text, with: ["answer"]) ?? text
            each(AnswerRecord(
                questionID: question.id, output: output, answer: Reply.answer(output), seconds: reply.seconds, tokens: reply.tokens,
                isLate: deadline.map { .seconds(reply.seconds) > $0 } ?? false))
        }
    }

    /// - Returns: no text where none came in time.
    private func reply(
        _ system: String, _ user: String, _ settings: AgentSettings, seed: UInt64, deadline: Duration?, what: String
    ) throws -> (text: String?, seconds: Double, tokens: Int) {
        try Interruption.check()
        let start = clock.now()
        do {
            let reply = try ask(system, user, settings, seed: seed, seconds: deadline.map { $0 / .seconds(1) } ?? 600)
            unreachable = 0
            return (reply.text, (clock.now() - start) / .seconds(1), reply.completionTokens)
        } catch ChatEndpoint.Failure.missing(let reason) {
            failures.append("\(what): \(reason)")
        } catch ChatEndpoint.Failure.refused(let reason) {
            failures.append("\(what): \(reason)")
        } catch ChatEndpoint.Failure.unavailable(let reason) {
            failures.append("\(what): \(reason)")
            unreachable += 1
            if unreachable == Self.patience {
                unreachable = 0
                throw TeamUnavailable(team: name, reason: reason)
            }
        }
        return (nil, (clock.now() - start) / .seconds(1), 0)
    }

    private func ask(_ system: String, _ user: String, _ settings: AgentSettings, seed: UInt64, seconds: Double) throws -> TeacherReply {
        let request = TeacherRequest(
            messages: [Message(role: .system, text: system), Message(role: .user, text: user)], sampling: settings.sampling,
            maximumTokens: settings.maxNewTokens, alternatives: 0, seed: seed)
        let (endpoint, takesFormat) = (endpoint, takesFormat)
        return try Blocking.run { try await endpoint.reply(to: request, inJSON: takesFormat, seconds: seconds) }
    }
}
