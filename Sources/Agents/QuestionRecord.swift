import Questions

/// Where a question came from.
public enum QuestionOrigin: String, Codable, Sendable, Hashable, CaseIterable {
    /// The model wrote it for this request.
    case model
    /// The file of verified questions that the agent was given.
    case pool
    /// The generator, which computes its answers.
    case builtIn = "built-in"
    /// Nothing: the request was refused.
    case refused
}

/// What a question agent gave for one topic.
public struct QuestionRecord: Codable, Sendable, Hashable {
    public var area: String
    public var topic: String
    /// The reply's text.
    public var output: String
    /// The reply as a reader of JSON sees it; nil if it is not what a question looks like.
    public var question: AgentQuestion?
    /// From the request to the reply.
    public var seconds: Double
    /// Tokens of the reply.
    public var tokens: Int
    public var ending: Ending
    /// Whether the reply came after its deadline.
    public var isLate: Bool
    /// Whether it is a question of the pool, since none of the model's own was finished in time and judged fair.
    public var isFromPool: Bool
    /// Choices that had to be replaced since they repeated another.
    public var repairedChoices: Int
    public var origin: QuestionOrigin?
    /// Drafts that were made for it, and those of them that passed every check.
    public var candidates: Int?
    public var standing: Int?
    /// 1 − the opponent's probability of the right letter.
    public var difficulty: Double?
    /// Whether the checks moved the letter that the model had declared.
    public var isCorrected: Bool?
    /// Why there is no question.
    public var refusal: String?

    public init(
        area: String, topic: String, output: String, question: AgentQuestion?, seconds: Double, tokens: Int = 0,
        ending: Ending = .closed, isLate: Bool = false, isFromPool: Bool = false, repairedChoices: Int = 0
    ) {
        self.area = area
        self.topic = topic
        self.output = output
        self.question = question
        self.seconds = seconds
        self.tokens = tokens
        self.ending = ending
        self.isLate = isLate
        self.isFromPool = isFromPool
        self.repairedChoices = repairedChoices
    }

    /// A request that no question can be written for.
    static func refused(_ topic: Topic, _ reason: String) -> QuestionRecord {
        var record = QuestionRecord(
            area: topic.area, topic: topic.topic, output: AgentQuestion.refusal(topic: String(topic.topic.prefix(200)), reason: reason),
            question: nil, seconds: 0)
        record.origin = .refused
        record.refusal = reason
        return record
    }
}

extension QuestionRecord {
    /// How often each letter is the right one, A to D: a question agent with a favourite letter gives itself away.
    public static func letterCounts(_ records: [QuestionRecord]) -> [Int] {
        Letter.allCases.map { letter in records.count { $0.question?.answer == letter.rawValue } }
    }
}
