import Questions
import Transformers

extension Team {
    /// A team of one model, with or without an adapter: both agents share its decoder and what is known about its tokenizer.
    public init(
        name: String, model: AgentModel, asking: AgentSettings = .questions, answering: AgentSettings = .answers,
        pool: [Question] = []
    ) throws {
        self.init(
            name: name, questionAgent: try model.questionAgent(asking, pool: pool), answerAgent: try model.answerAgent(answering))
    }
}

/// A model and an adapter as agents use them.
public struct AgentModel {
    public let vocabulary: AgentVocabulary
    private let contextLength: Int
    private let decode: Decoding

    /// - Parameter slots: streams that are decoded side by side where there is no deadline.
    public init(_ model: LanguageModel, adapter: Adapter? = nil, slots: Int = 8) throws {
        let decoder = try Decoder(model: model, adapter: adapter, slots: slots)
        vocabulary = try AgentVocabulary(model.tokenizer)
        contextLength = model.configuration.contextLength
        decode = { try decoder.run($0) }
    }

    /// - Parameter vocabulary: of the model's tokenizer.
    public init(vocabulary: AgentVocabulary, contextLength: Int, decode: @escaping Decoding) {
        self.vocabulary = vocabulary
        self.contextLength = contextLength
        self.decode = decode
    }

    public func answerAgent(
        _ settings: AgentSettings = .answers, mode: AnswerMode? = nil, reserve: Duration = .zero, showsConfidence: Bool = false,
        clock: RequestClock = .continuous
    ) throws -> AnswerAgent {
        try AnswerAgent(
            vocabulary: vocabulary, settings: settings, mode: mode, reserve: reserve, showsConfidence: showsConfidence,
            clock: clock, contextLength: contextLength, decode: decode)
    }

    /// - Parameters:
    ///   - review: how drafts are judged. Without one, settings that want more than one candidate have them solved and ranked by the model
    ///     itself, with the verified questions that are built in to stand in for those that fall.
    public func questionAgent(
        _ settings: AgentSettings = .questions, pool: [Question] = [], builtInPool: Bool = false, examples: [Question] = [],
        review: QuestionReview? = nil, letterTemperature: Double = 0, clock: RequestClock = .continuous
    ) throws -> QuestionAgent {
        let candidates = settings.candidates ?? 1
        var review = review
        if review == nil, candidates > 1 {
            let solver = try answerAgent(mode: .letter, clock: clock)
            review = QuestionReview(candidates: candidates, solver: solver, opponent: solver)
        }
        return try QuestionAgent(
            vocabulary: vocabulary, settings: settings, pool: pool, builtInPool: builtInPool || review != nil, examples: examples,
            review: review, letterTemperature: letterTemperature, clock: clock, contextLength: contextLength, decode: decode)
    }
}

extension AgentSettings {
    /// Streams that one request of these settings can keep busy: the drafts and their solves, or the voices of a vote.
    public var streams: Int {
        let drafts = candidates ?? 1
        return max(drafts > 1 ? min(4 * drafts, 32) : 1, mode == .vote ? votes ?? AnswerMode.standardVotes : 1)
    }
}
