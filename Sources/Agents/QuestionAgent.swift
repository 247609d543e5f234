import Groundwork
import Questions
import Transformers

/// Who asks questions in a match.
public protocol QuestionAsking {
    /// - Parameter deadline: for each question, from the moment when it is asked for.
    func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord]
}

/// Asks four-choice questions with a model: every reply is valid JSON that passes a tournament's checks. A question that the
/// clock cut off before it made sense is replaced by one of a pool, and its record says so.
public final class QuestionAgent: QuestionAsking {
    public let settings: AgentSettings
    private let vocabulary: AgentVocabulary
    private let limits: QuestionLimits
    private let letterTemperature: Double
    private let shufflesChoices: Bool
    private let poolQuestions: [Question]
    private let clock: RequestClock
    private let contextLength: Int
    private let decode: Decoding

    /// - Parameters:
    ///   - pool: questions known to be right, for when time runs out; those that fail the format check are not used.
    ///   - letterTemperature: 0 takes the likeliest right letter, otherwise it is drawn.
    ///   - shufflesChoices: puts the choices of each finished question into a random order, where its texts allow it. Models
    ///     have a favourite letter, which gives the answer away.
    ///   - contextLength: tokens that a prompt and its reply may have together.
    ///   - decode: runs streams on the agent's model and adapter.
    /// - Throws: `AgentError` for settings that mean nothing or leave no room for a question.
    public init(
        vocabulary: AgentVocabulary, settings: AgentSettings = .questions, pool: [Question] = [],
        letterTemperature: Double = 0, shufflesChoices: Bool = true, clock: RequestClock = .continuous,
        contextLength: Int = .max, decode: @escaping Decoding
    ) throws {
        try settings.validate()
        self.vocabulary = vocabulary
        self.settings = settings
        self.letterTemperature = letterTemperature
        self.shufflesChoices = shufflesChoices
        self.clock = clock
        self.contextLength = contextLength
        self.decode = decode
        limits = QuestionLimits(newTokens: settings.maxNewTokens)
        let coding = vocabulary.coding
        poolQuestions = pool.filter { FormatCheck.question(AgentQuestion($0), tokens: coding.count).isEmpty }
        try requireRoom(for: "general knowledge")
    }

    private func requireRoom(for topic: String) throws {
        let needed = QuestionGuide.leastTokens(topic: topic, vocabulary.coding)
        guard limits.newTokens >= needed else {
            throw AgentError.tooFewNewTokens(limit: limits.newTokens, needed: needed, agent: "question agent")
        }
    }

    /// Asks a question nobody wants, before the first request whose time counts.
    public func warmUp() throws {
        _ = try ask([Topic(area: "", topic: "general knowledge")], count: 1, deadline: nil, seed: 0, together: 1)
    }

    public func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        try ask(topics, count: count, deadline: deadline, seed: seed, together: nil)
    }

    /// - Parameters:
    ///   - topics: where to choose from; each comes once before any comes again.
    ///   - deadline: for each question, from the moment when it is asked for.
    ///   - seed: names the random numbers of all questions.
    ///   - together: how many questions stand in one request; by default one at a time under a deadline, else all of them.
    ///   - each: called with every record as soon as it is there.
    public func ask(
        _ topics: [Topic], count: Int, deadline: Duration? = nil, seed: UInt64 = 0, together: Int? = nil,
        each: ((QuestionRecord) -> Void)? = nil
    ) throws -> [QuestionRecord] {
        if let deadline, deadline <= .zero { throw AgentError.deadlineNotPositive(deadline) }
        guard count > 0 else { return [] }
        guard !topics.isEmpty else { throw AgentError.noTopics }
        let chosen = Topic.chosen(count, from: topics, seed: seed)
        for topic in chosen { try requireRoom(for: topic.topic) }
        var pool = QuestionPool(poolQuestions, seed: seed, tokens: vocabulary.coding.count)
        let size = max(1, together ?? (deadline == nil ? count : 1))
        var records: [QuestionRecord] = []
        for start in stride(from: 0, to: count, by: size) {
            try Interruption.check()
            let batch = start..<min(start + size, count)
            let time = Deadline(clock: clock, limit: deadline)
            var guides: [QuestionGuide] = []
            var streams: [Stream] = []
            for index in batch {
                let topic = AnswerFormat.sanitise(chosen[index].topic)
                let prompt = try vocabulary.coding.prompt(
                    system: QuestionFormat.systemPrompt, user: QuestionFormat.userMessage(topic: topic))
                var limits = limits
                limits.newTokens = min(limits.newTokens, contextLength - prompt.count)
                guard limits.newTokens >= QuestionGuide.leastTokens(topic: topic, vocabulary.coding) else {
                    throw AgentError.tooLong(what: "topic \(topic)", tokens: prompt.count, context: contextLength)
                }
                let seed = streamSeed(seed, "question", index)
                let guide = QuestionGuide(
                    vocabulary: vocabulary, topic: topic, limits: limits, sampling: settings.sampling,
                    letterTemperature: letterTemperature, seed: seed, deadline: time)
                guides.append(guide)
                streams.append(Stream(prompt: prompt, guide: guide, seed: seed))
            }
            try decode(streams)
            for (index, guide) in zip(batch, guides) {
                guard let result = guide.result else {
                    throw AgentError.unfinished(stream: "question on \(chosen[index].topic)")
                }
                var record = self.record(of: result, on: chosen[index], pool: &pool, seed: streamSeed(seed, "order", index))
                let duration = batch.count == 1 ? time.elapsed : result.duration
                record.seconds = duration.inSeconds
                record.isLate = deadline.map { duration > $0 } ?? false
                records.append(record)
                each?(record)
            }
        }
        return records
    }

    private func record(of result: QuestionResult, on topic: Topic, pool: inout QuestionPool, seed: UInt64) -> QuestionRecord {
        var record = QuestionRecord(
            area: topic.area, topic: topic.topic, output: result.json, question: nil, seconds: 0, tokens: result.tokens,
            ending: result.ending, repairedChoices: result.repairedChoices)
        let passes = FormatCheck.question(result.question, tokens: vocabulary.coding.count).isEmpty
        if !(result.isWhole && passes), let substitute = pool.take(for: topic) {
            record.output = AgentQuestion(substitute).json
            record.ending = .pool
            record.isFromPool = true
            record.repairedChoices = 0
        } else if shufflesChoices && result.question.isFreeOfOrder {
            var random = CounterRandom(seed: seed, phase: "order")
            let reordered = result.question.reordered(random.shuffled([0, 1, 2, 3]))
            // The tokens of a choice may differ by its letter.
            if FormatCheck.question(reordered, tokens: vocabulary.coding.count).isEmpty { record.output = reordered.json }
        }
        record.question = Reply.question(record.output)
        return record
    }
}
