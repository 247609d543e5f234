import Groundwork
import Questions
import Transformers

/// Who asks questions in a match.
public protocol QuestionAsking {
    /// - Parameter deadline: for each question, from the moment when it is asked for.
    func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord]
}

/// Asks four-choice questions with a model: every reply is valid JSON that passes a tournament's checks. With a review, several drafts
/// of each topic are written in one batch, checked, solved and ranked, and the best is given. Where none is fit in time, a question of
/// the pool stands in, and the record says so.
public final class QuestionAgent: QuestionAsking {
    public let settings: AgentSettings
    public let review: QuestionReview?
    let vocabulary: AgentVocabulary
    let limits: QuestionLimits
    let letterTemperature: Double
    let shufflesChoices: Bool
    let pool: QuestionPool
    /// Questions that the prompt shows.
    let examples: [Question]
    let clock: RequestClock
    let contextLength: Int
    let decode: Decoding
    let pace = SharedPace()

    /// - Parameters:
    ///   - pool: questions known to be right, for when time runs out; those that fail the format check are not used.
    ///   - builtInPool: whether the generator's questions belong to the pool, so that it is never empty.
    ///   - examples: solved questions that stand in the prompt, for a model that was not trained on the format.
    ///   - review: how drafts are judged; nil to give the first draft as it is.
    ///   - letterTemperature: 0 takes the likeliest right letter, otherwise it is drawn.
    ///   - shufflesChoices: puts the choices of each finished question into another order, where its texts allow it, such that the right
    ///     letters of a set are even. Models have a favourite letter, which gives the answer away.
    ///   - contextLength: tokens that a prompt and its reply may have together.
    ///   - decode: runs streams on the agent's model and adapter.
    /// - Throws: `AgentError` for settings that mean nothing or leave no room for a question.
    public init(
        vocabulary: AgentVocabulary, settings: AgentSettings = .questions, pool: [Question] = [], builtInPool: Bool = false,
        examples: [Question] = [], review: QuestionReview? = nil, letterTemperature: Double = 0, shufflesChoices: Bool = true, clock: RequestClock = .continuous,
        contextLength: Int = .max, decode: @escaping Decoding
    ) throws {
        try settings.validate()
        self.vocabulary = vocabulary
        self.settings = settings
        self.review = review
        self.examples = examples
        self.letterTemperature = letterTemperature
        self.shufflesChoices = shufflesChoices
        self.clock = clock
        self.contextLength = contextLength
        self.decode = decode
        limits = QuestionLimits(newTokens: settings.maxNewTokens)
        self.pool = QuestionPool(pool, builtIn: builtInPool, tokens: vocabulary.coding.count)
        let needed = QuestionGuide.leastTokens(topic: "general knowledge", vocabulary.coding)
        guard limits.newTokens >= needed else {
            throw AgentError.tooFewNewTokens(limit: limits.newTokens, needed: needed, agent: "question agent")
        }
    }

    /// Asks a question nobody wants, before the first request whose time counts; its stages are what the first plan goes by.
    public func warmUp() throws {
        _ = try ask([Topic(area: "", topic: "general knowledge")], count: 1, deadline: nil, seed: 0, together: 1)
    }

    public func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        try ask(topics, count: count, deadline: deadline, seed: seed, together: nil)
    }

    /// - Parameters:
    ///   - topics: where to choose from; each comes once before any comes again.
    ///   - deadline: for each question, from the moment when it is asked for.
    ///   - since: when the questions were asked for, on the agent's clock, for requests that had to wait; nil for when each batch begins.
    ///   - seed: names the random numbers of all questions.
    ///   - together: how many questions stand in one batch; by default one at a time under a deadline, else all of them.
    ///   - memory: of the questions asked before; nil to begin a new set.
    ///   - audit: called with every draft and how it was judged.
    ///   - each: called with every record as soon as it is there.
    public func ask(
        _ topics: [Topic], count: Int, deadline: Duration? = nil, since: Duration? = nil, seed: UInt64 = 0, together: Int? = nil,
        memory: QuestionMemory? = nil, audit: ((CandidateAudit) -> Void)? = nil, each: ((QuestionRecord) -> Void)? = nil
    ) throws -> [QuestionRecord] {
        if let deadline, deadline <= .zero { throw AgentError.deadlineNotPositive(deadline) }
        guard count > 0 else { return [] }
        guard !topics.isEmpty else { throw AgentError.noTopics }
        let chosen = Topic.chosen(count, from: topics, seed: seed)
        let size = max(1, together ?? (deadline == nil ? count : 1))
        let memory = memory ?? QuestionMemory()
        var records: [QuestionRecord] = []
        for start in stride(from: 0, to: count, by: size) {
            try Interruption.check()
            let batch = Array(start..<min(start + size, count))
            let requested = since ?? clock.now()
            let requests = batch.map { request(on: chosen[$0], seed: streamSeed(seed, "question", $0)) }
            let making = QuestionMaking(
                agent: self, topics: topics, memory: memory, deadline: deadline, requested: requested, audit: audit)
            for var record in try making.records(requests) {
                if record.refusal == nil {
                    if batch.count == 1 || record.seconds == 0 { record.seconds = (clock.now() - requested).inSeconds }
                    record.isLate = deadline.map { record.seconds > $0.inSeconds } ?? false
                }
                records.append(record)
                each?(record)
            }
        }
        return records
    }

    /// A topic as the model is asked about it.
    struct Request {
        let topic: Topic
        /// The topic without what a JSON string or the model's context has no room for.
        let text: String
        let prompt: [Int]
        let limits: QuestionLimits
        let seed: UInt64
        /// Why nothing can be asked.
        let refusal: String?
    }

    /// The longest topic that is put to the model: longer ones are cut, so that there is room for the question.
    private static let topicTokens = 48, topicCharacters = 400

    private func request(on topic: Topic, seed: UInt64) -> Request {
        func refused(_ reason: String) -> Request {
            Request(topic: topic, text: "", prompt: [], limits: limits, seed: seed, refusal: reason)
        }
        let text = StringWriter.shortened(AnswerFormat.sanitise(String(topic.topic.prefix(Self.topicCharacters)))) { [vocabulary, limits] text in
            vocabulary.coding.count(text) <= Self.topicTokens && QuestionGuide.leastTokens(topic: text, vocabulary.coding) <= limits.newTokens
        }
        guard StringWriter.saysSomething(text) else { return refused("the topic is empty") }
        do {
            let prompt = try vocabulary.coding.prompt(
                system: QuestionFormat.systemPrompt, user: QuestionExamples.userMessage(topic: text, examples: examples))
            var limits = limits
            limits.newTokens = min(limits.newTokens, contextLength - prompt.count)
            guard limits.newTokens >= QuestionGuide.leastTokens(topic: text, vocabulary.coding) else {
                return refused("\(AgentError.tooLong(what: "topic \(text)", tokens: prompt.count, context: contextLength))")
            }
            return Request(topic: topic, text: text, prompt: prompt, limits: limits, seed: seed, refusal: nil)
        } catch {
            return refused("no prompt can be made of the topic: \(error)")
        }
    }
}
