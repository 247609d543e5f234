import Questions

/// What an answer agent gave for one question, with what a tournament needs to judge it and a reader to understand it.
public struct AnswerRecord: Codable, Sendable, Hashable {
    public var questionID: String
    /// The reply's text.
    public var output: String
    /// The reply as a reader of JSON sees it; nil if it is not what an answer looks like.
    public var answer: AgentAnswer?
    /// From the request to the reply.
    public var seconds: Double
    /// Tokens of the reply.
    public var tokens: Int
    public var ending: Ending
    /// Whether the reply came after its deadline.
    public var isLate: Bool
    /// log p of A, B, C, D where the letter stands.
    public var logProbabilities: [Float]
    /// log p of the four before any reasoning.
    public var firstPassLogProbabilities: [Float]
    /// How the letter was found; nil in records of earlier versions.
    public var mode: AnswerMode?
    /// The letters of the reasonings that voted, in mode vote.
    public var votes: [Letter]?
    /// Why there is no real answer: the letter then only fills its place.
    public var refusal: AnswerRefusal?

    public init(
        questionID: String, output: String, answer: AgentAnswer?, seconds: Double, tokens: Int = 0, ending: Ending = .closed,
        isLate: Bool = false, logProbabilities: [Float] = [], firstPassLogProbabilities: [Float] = [], mode: AnswerMode? = nil,
        votes: [Letter]? = nil, refusal: AnswerRefusal? = nil
    ) {
        self.questionID = questionID
        self.output = output
        self.answer = answer
        self.seconds = seconds
        self.tokens = tokens
        self.ending = ending
        self.isLate = isLate
        self.logProbabilities = logProbabilities
        self.firstPassLogProbabilities = firstPassLogProbabilities
        self.mode = mode
        self.votes = votes
        self.refusal = refusal
    }

    /// - Parameter confidence: written into the reply if it is there.
    init(_ request: AnswerRequest, _ result: AnswerResult, confidence: Double?, votes: [Letter]?) {
        let output = result.json(confidence: confidence)
        self.init(
            questionID: request.id, output: output, answer: Reply.answer(output), seconds: result.duration.inSeconds,
            tokens: result.tokens, ending: result.ending, isLate: request.deadline.map { result.duration > $0 } ?? false,
            logProbabilities: result.logProbabilities, firstPassLogProbabilities: result.firstPassLogProbabilities,
            mode: result.mode, votes: votes)
    }

    init(_ request: AnswerRequest, refusal: AnswerRefusal, mode: AnswerMode, duration: Duration) {
        self.init(
            questionID: request.id, output: refusal.json, answer: Reply.answer(refusal.json), seconds: duration.inSeconds,
            ending: .refused, isLate: request.deadline.map { duration > $0 } ?? false, mode: mode, refusal: refusal)
    }

    /// The letter of the answer, or nil if it is none.
    public var letter: Letter? { answer.flatMap { Letter(rawValue: $0.answer) } }
}
