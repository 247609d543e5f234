import Agents
import Questions

/// A question agent that tells of each question as soon as it is there.
public protocol AskingAloud: QuestionAsking {
    func askAloud(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64, each: @escaping (QuestionRecord) -> Void) throws
}

/// An answer agent that tells of each answer as soon as it is there.
public protocol AnsweringAloud: QuestionAnswering {
    func answerAloud(_ questions: [Question], deadline: Duration?, seed: UInt64, each: @escaping (AnswerRecord) -> Void) throws
}

/// An agent that has more to say than its replies: what a process wrote to its standard error, what a server answered with.
public protocol LogKeeping {
    /// Of its last work; nil if there is nothing to say.
    var log: String? { get }
}

/// A team's server is gone or shuts it out, so that going on would only be playing without that team.
public struct TeamUnavailable: Error, CustomStringConvertible, Sendable {
    public let team: String
    public let reason: String

    public init(team: String, reason: String) {
        self.team = team
        self.reason = reason
    }

    public var description: String {
        "team \(team) cannot be reached: \(reason). The matches that were finished are kept; the same command continues once it answers"
    }
}

extension QuestionAgent: AskingAloud {
    public func askAloud(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64, each: @escaping (QuestionRecord) -> Void) throws {
        _ = try ask(topics, count: count, deadline: deadline, seed: seed, together: nil, each: each)
    }
}

extension AnswerAgent: AnsweringAloud {
    public func answerAloud(_ questions: [Question], deadline: Duration?, seed: UInt64, each: @escaping (AnswerRecord) -> Void) throws {
        _ = try answer(questions, deadline: deadline, seed: seed, together: nil, each: each)
    }
}

extension QuestionAsking {
    /// One by one where the agent can, else all at the end.
    func asked(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64, each: @escaping (QuestionRecord) -> Void) throws {
        if let aloud = self as? any AskingAloud { return try aloud.askAloud(topics, count: count, deadline: deadline, seed: seed, each: each) }
        for record in try ask(topics, count: count, deadline: deadline, seed: seed) { each(record) }
    }
}

extension QuestionAnswering {
    /// One by one where the agent can, else all at the end.
    func answered(_ questions: [Question], deadline: Duration?, seed: UInt64, each: @escaping (AnswerRecord) -> Void) throws {
        if let aloud = self as? any AnsweringAloud { return try aloud.answerAloud(questions, deadline: deadline, seed: seed, each: each) }
        for record in try answer(questions, deadline: deadline, seed: seed) { each(record) }
    }
}
