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

    public func questionAgent(
        _ settings: AgentSettings = .questions, pool: [Question] = [], builtInPool: Bool = false, examples: [Question] = [],
        review: QuestionReview? = nil, letterTemperature: Double = 0, clock: RequestClock = .continuous
    ) throws -> QuestionAgent {
        try QuestionAgent(
            vocabulary: vocabulary, settings: settings, pool: pool, builtInPool: builtInPool, examples: examples, review: review,
            letterTemperature: letterTemperature, clock: clock, contextLength: contextLength, decode: decode)
    }
}
