import Agents
import Questions
import Tokenizers
import Transformers

/// The answer agent's way: the model's own chat template, the wording of `AnswerFormat`, and the agent's own guide without a
/// deadline, so that what is judged is what answers in a match.
public struct ChatStyle: AskingStyle {
    private let vocabulary: AgentVocabulary
    private let mode: AnswerMode
    private let limits: AnswerLimits
    private let sampling: Sampling

    public var name: String { "chat \(mode.rawValue)" }
    public var sharesBeginningBySubject: Bool { false }

    /// - Parameters:
    ///   - mode: `.letter` scores the letters right away, one pass; `.reasonFirst` does that too, then lets the model write its
    ///     reasoning and scores them behind it. One guide cannot vote: `ModeComparison` measures that.
    ///   - sampling: of the reasoning; greedy judges the same way every time.
    public init(
        vocabulary: AgentVocabulary, mode: AnswerMode, limits: AnswerLimits = .tournament, sampling: Sampling = .greedy
    ) {
        self.vocabulary = vocabulary
        self.mode = mode
        self.limits = limits
        self.sampling = sampling
    }

    /// - Throws: what `AgentVocabulary` does, for a vocabulary that cannot write the answer's JSON.
    public init(
        tokenizer: Tokenizer, mode: AnswerMode, limits: AnswerLimits = .tournament, sampling: Sampling = .greedy
    ) throws {
        self.init(vocabulary: try AgentVocabulary(tokenizer), mode: mode, limits: limits, sampling: sampling)
    }

    public func ask(_ question: Question) throws -> (prompt: [Int], guide: any JudgingGuide) {
        let prompt = try vocabulary.coding.prompt(
            system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question))
        return (prompt, JudgedAnswer(AnswerGuide(vocabulary: vocabulary, mode: mode, limits: limits, sampling: sampling)))
    }
}

/// The answer agent's guide as evaluation reads it.
private final class JudgedAnswer: JudgingGuide {
    private let guide: AnswerGuide

    init(_ guide: AnswerGuide) { self.guide = guide }

    func next() throws -> Demand { try guide.next() }
    func sampled(_ token: Int) throws { try guide.sampled(token) }
    func scored(_ logProbabilities: [Float]) throws { try guide.scored(logProbabilities) }

    var letterLogProbabilities: [Float]? { guide.result?.logProbabilities }
    var firstPassLogProbabilities: [Float]? { guide.result?.firstPassLogProbabilities }
    var reasoning: String? { guide.result.flatMap { $0.ending == .letterOnly ? nil : $0.reasoning } }
    var tokens: Int { guide.result?.tokens ?? 0 }
    var finished: Bool { guide.result.map { [.closed, .endToken, .letterOnly].contains($0.ending) } ?? false }
}
