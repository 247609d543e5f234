import Questions

/// The longest reply of the answer agent.
public struct AnswerLimits: Sendable, Hashable {
    /// Words of the reasoning.
    public var words: Int
    /// Tokens of the reasoning and the letter together, as a tournament counts them.
    public var checkedTokens: Int
    /// Tokens of the whole reply: `max_new_tokens`.
    public var newTokens: Int

    public init(words: Int = AnswerFormat.wordLimit, checkedTokens: Int = 511, newTokens: Int = 512) {
        self.words = words
        self.checkedTokens = checkedTokens
        self.newTokens = newTokens
    }

    public static let tournament = AnswerLimits()
}

/// What came of one answer.
public struct AnswerResult: Sendable, Hashable {
    public internal(set) var letter: Letter
    /// log p of A, B, C, D right behind the prompt, normalised over the four.
    public let firstPassLogProbabilities: [Float]
    /// log p of the four where the letter stands; those of the first pass where time allowed no more.
    public internal(set) var logProbabilities: [Float]
    /// Empty in letter mode.
    public let reasoning: String
    public let mode: AnswerMode
    /// Tokens of the reply; of all reasonings that voted.
    public internal(set) var tokens: Int
    public let ending: Ending
    /// False where the letter is that of the first pass: in modes that begin with it, or because the clock allowed no other.
    public let letterFollowsReasoning: Bool
    /// From the request to the moment when the guide had its reply.
    public internal(set) var duration: Duration

    /// The reply.
    public var json: String { json(confidence: nil) }

    /// - Parameter confidence: written as a further field if it is there.
    public func json(confidence: Double?) -> String {
        var text = switch mode {
        case .letter: AnswerFormat.answerOpening + letter.rawValue
        case .answerFirst: AnswerFormat.answerOpening + letter.rawValue + AnswerFormat.explanationOpening + reasoning
        case .reasonFirst, .vote: AnswerFormat.reasoningOpening + reasoning + AnswerFormat.answerLink.joined() + letter.rawValue
        }
        guard let confidence else { return text + AnswerFormat.closing }
        text += "\", \"confidence\": \(confidence)}"
        return text
    }

    /// The probability of the letter, to four places. A score that is no number is no confidence at all.
    public var confidence: Double {
        let probability = exponential(Double(logProbabilities[letter.index]))
        return probability.isFinite ? (probability * 10_000).rounded() / 10_000 : 0
    }
}

extension Letter {
    /// The letter with the highest of four scores; the first of equals. A score that is no number loses.
    public static func likeliest(_ scores: [Float]) -> Letter {
        var best = Letter.A
        var highest = -Float.infinity
        for (letter, score) in zip(Letter.allCases, scores) where score > highest {
            best = letter
            highest = score
        }
        return best
    }
}
