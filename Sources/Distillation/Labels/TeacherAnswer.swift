import Foundation
import Questions

/// What a teacher said to one asking. Letters and scores are those of the choices in the order asked.
public struct TeacherAnswer: Codable, Sendable, Hashable {
    public var rotation: Int
    public var sample: Int
    public var isHinted: Bool
    /// The text before the answer, without thinking that was marked as such unless there is nothing else.
    public var reasoning: String
    /// Thinking between `<think>` and `</think>` or in a field of its own, where the reply has other reasoning too.
    public var thinking: String?
    /// The letter that the reply ends on, where it names one.
    public var stated: Letter?
    /// Log-probabilities of A, B, C, D where the answer stands, before any sampling setting, spellings of a letter summed; not normalised over
    /// the four. Nil where the teacher gives none.
    public var letterLogProbabilities: [Double]?
    /// What a letter outside the likeliest tokens that the server returned was given; nil where all four were among them.
    public var floor: Double?
    public var ending: Label.Ending
    public var promptTokens: Int
    /// Tokens written, thinking included.
    public var completionTokens: Int
    /// Tokens of `reasoning`, by the teacher's tokenizer.
    public var reasoningTokens: Int
    public var seconds: Double
    /// The likeliest tokens along `reasoning`. In a label only the taught reasoning keeps it, at the label's own place.
    public var dense: DenseReasoning?

    public init(
        to asking: Asking, reasoning: String, thinking: String? = nil, stated: Letter? = nil, letterLogProbabilities: [Double]?, floor: Double? = nil,
        ending: Label.Ending, promptTokens: Int = 0, completionTokens: Int = 0, reasoningTokens: Int, seconds: Double, dense: DenseReasoning? = nil
    ) {
        rotation = asking.rotation
        sample = asking.sample
        isHinted = asking.isHinted
        self.reasoning = reasoning
        self.thinking = thinking
        self.stated = stated
        self.letterLogProbabilities = letterLogProbabilities
        self.floor = floor
        self.ending = ending
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
        self.seconds = seconds
        self.dense = dense
    }

    /// The likeliest letter, in the order asked.
    var scored: Letter? {
        letterLogProbabilities.flatMap { scores in scores.indices.max { scores[$0] < scores[$1] } }.map { Letter.allCases[$0] }
    }

    /// Whether the reply ends on another letter than it scores highest.
    var contradictsItself: Bool {
        guard let stated, let scored else { return false }
        return stated != scored
    }

    /// What it answered, in the order asked.
    var said: Letter? { stated ?? scored }

    /// What it answered, in the question's own order.
    var letter: Letter? { said?.turned(by: -rotation) }

    /// The scores in the question's own order, normalised over the four.
    var ownScores: [Double]? { letterLogProbabilities.map { LetterLoss.logSoftmax(Turn.back($0, by: rotation)) } }
}
