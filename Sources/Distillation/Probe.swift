import Foundation
import Questions

/// What a look at the model found, on questions that it is not trained on.
public struct ProbeReading: Codable, Sendable, Hashable {
    public let questions: Int
    public let accuracy: Double
    /// The letters answered, in the order of the questions.
    public let answers: String
    public let commonestLetter: String
    /// The share of `commonestLetter` among the answers.
    public let commonestShare: Double
    /// The entropy of the answered letters in bits: 2 where all four are as frequent, 0 where there is one only.
    public let letterEntropy: Double
    /// Shares of the answers that have the agent's format and are no endless repetition, and of those whose reasoning ended by itself.
    public let wellFormed: Double
    public let finished: Double
    /// Tokens of an answer, on average.
    public let tokens: Double
    /// The two-sided p-value against the start of the training, on the same questions; nil for the start itself.
    public let pAgainstStart: Double?
    /// The mean cross-entropy of the probes' own reasoning, per token, and the mean total loss.
    public internal(set) var heldOutTextLoss: Double?
    public package(set) var heldOutLoss: Double?

    /// - Parameter answers: one for each question.
    public init(
        answers: [Letter], right: [Letter], wellFormed: Int, finished: Int, tokens: Double, pAgainstStart: Double? = nil
    ) {
        precondition(!answers.isEmpty && answers.count == right.count, "an answer for each question, and one at least")
        questions = answers.count
        let count = Double(answers.count)
        accuracy = Double(zip(answers, right).count { $0 == $1 }) / count
        self.answers = answers.map(\.rawValue).joined()
        let shares = Letter.allCases.map { letter in Double(answers.count { $0 == letter }) / count }
        commonestShare = shares.max() ?? 0
        commonestLetter = zip(Letter.allCases, shares).first { $0.1 == shares.max() }?.0.rawValue ?? ""
        letterEntropy = shares.reduce(0) { $1 > 0 ? $0 - $1 * log2($1) : $0 }
        self.wellFormed = Double(wellFormed) / count
        self.finished = Double(finished) / count
        self.tokens = tokens
        self.pAgainstStart = pAgainstStart
    }

    /// One line for people.
    public var sentence: String {
        let loss = heldOutTextLoss.map { String(format: ", held-out text loss %.3f", $0) } ?? ""
        return String(
            format: "%.1f %% of %d probes right, letter entropy %.2f bits (%@ in %.0f %%), %.0f %% well-formed, %.0f %% finished, %.0f tokens%@",
            accuracy * 100, questions, letterEntropy, commonestLetter, commonestShare * 100, wellFormed * 100, finished * 100, tokens, loss)
    }
}

/// Looks at the model while it trains: before the first step, every so many steps and after the last.
public struct Probe {
    /// Steps between looks.
    public let every: Int
    /// What the loss on held-out text is measured on; may be empty.
    public let heldOut: [TrainingExample]
    /// Answers the probe questions after a step; `start` is the reading of before the training, nil while that one is made.
    public let look: (_ step: Int, _ start: ProbeReading?) throws -> ProbeReading

    public init(
        every: Int, heldOut: [TrainingExample] = [], look: @escaping (_ step: Int, _ start: ProbeReading?) throws -> ProbeReading
    ) {
        precondition(every > 0, "a probe looks every so many steps")
        self.every = every
        self.heldOut = heldOut
        self.look = look
    }
}
