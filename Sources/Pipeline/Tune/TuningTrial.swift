import Agents
import Questions

/// One reply of one way of generating, judged.
public struct TuningTrial: Codable, Sendable, Hashable {
    /// The question's id, or the topic.
    public var id: String
    /// Right, or fit to be asked; in time and well-formed in any case.
    public var succeeded: Bool
    public var isLate: Bool
    public var isValid: Bool
    public var seconds: Double
    public var tokens: Int
    public var output: String

    /// An answer succeeds if it is right, in time and well-formed.
    public init(_ record: AnswerRecord, to question: Question, tokens: (String) -> Int) {
        isValid = FormatCheck.answer(record.output, tokens: tokens).isEmpty
        succeeded = isValid && !record.isLate && record.letter == question.answer
        (id, isLate, seconds, self.tokens, output) = (question.id, record.isLate, record.seconds, record.tokens, record.output)
    }

    /// A question succeeds if it passes the format check in time, is the model's own and not the pool's, and `isFair` says so too.
    public init(_ record: QuestionRecord, tokens: (String) -> Int, isFair: (QuestionRecord) -> Bool) {
        isValid = FormatCheck.question(record.output, tokens: tokens).isEmpty
        succeeded = isValid && !record.isLate && !record.isFromPool && isFair(record)
        (id, isLate, seconds, self.tokens, output) = (record.topic, record.isLate, record.seconds, record.tokens, record.output)
    }
}

/// How well a way of generating has done so far: successes count, and among equals fewer tokens.
package struct TuningScore: Codable, Comparable {
    package let succeeded: Int
    package let tokens: Int

    package init(_ trials: [TuningTrial]) {
        succeeded = trials.count(where: \.succeeded)
        tokens = trials.reduce(0) { $0 + $1.tokens }
    }

    package static func < (left: TuningScore, right: TuningScore) -> Bool {
        (left.succeeded, right.tokens) < (right.succeeded, left.tokens)
    }
}
