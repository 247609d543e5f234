import Groundwork
import Questions
import Transformers

/// Runs streams to their guides' ends: a `Decoder` with a model behind it, or a fake.
public typealias Decoding = ([Stream]) throws -> Void

/// Who answers questions in a match.
public protocol QuestionAnswering {
    /// - Parameter deadline: for each answer, from the moment when its question is put.
    /// - Returns: a record for each question, known by its question's id.
    func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord]
}

/// Answers four-choice questions with a model: every reply is valid JSON within the limits, and none is late as long as a
/// single pass of the model fits into its deadline.
public final class AnswerAgent: QuestionAnswering {
    public let settings: AgentSettings
    public let mode: AnswerGuide.Mode
    private let vocabulary: AgentVocabulary
    private let limits: AnswerLimits
    private let clock: RequestClock
    private let contextLength: Int
    private let decode: Decoding

    /// - Parameters:
    ///   - contextLength: tokens that a prompt and its reply may have together.
    ///   - decode: runs streams on the agent's model and adapter.
    /// - Throws: `AgentError` for settings that mean nothing or leave no room for a reply.
    public init(
        vocabulary: AgentVocabulary, settings: AgentSettings = .answers, mode: AnswerGuide.Mode = .reason,
        clock: RequestClock = .continuous, contextLength: Int = .max, decode: @escaping Decoding
    ) throws {
        try settings.validate()
        let needed = AnswerGuide.skeleton(vocabulary.coding) + 1
        guard settings.maxNewTokens >= needed else {
            throw AgentError.tooFewNewTokens(limit: settings.maxNewTokens, needed: needed, agent: "answer agent")
        }
        self.vocabulary = vocabulary
        self.settings = settings
        self.mode = mode
        self.clock = clock
        self.contextLength = contextLength
        self.decode = decode
        limits = AnswerLimits(newTokens: settings.maxNewTokens)
    }

    /// Answers a question nobody asked, so that what happens only once (pages read, kernels chosen, caches made) happens
    /// before the first request whose time counts.
    public func warmUp() throws {
        let question = Question(
            id: "warm-up", source: "", subject: "", topic: "", domain: .other, question: "What is 2 + 2?",
            choices: ["3", "4", "5", "22"], answer: .B)
        _ = try answer([question], deadline: nil, seed: 0, together: 1)
    }

    public func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        try answer(questions, deadline: deadline, seed: seed, together: nil)
    }

    /// - Parameters:
    ///   - deadline: for each answer, from the moment when its question is put to the model.
    ///   - seed: names the random numbers of all answers.
    ///   - together: how many questions stand in one request; by default one at a time under a deadline, since the others
    ///     would slow it down, and all of them otherwise.
    ///   - each: called with every record as soon as it is there.
    public func answer(
        _ questions: [Question], deadline: Duration? = nil, seed: UInt64 = 0, together: Int? = nil,
        each: ((AnswerRecord) -> Void)? = nil
    ) throws -> [AnswerRecord] {
        if let deadline, deadline <= .zero { throw AgentError.deadlineNotPositive(deadline) }
        let size = max(1, together ?? (deadline == nil ? questions.count : 1))
        var records: [AnswerRecord] = []
        for start in stride(from: 0, to: questions.count, by: size) {
            try Interruption.check()
            let batch = start..<min(start + size, questions.count)
            let time = Deadline(clock: clock, limit: deadline)
            var guides: [AnswerGuide] = []
            var streams: [Stream] = []
            for index in batch {
                let prompt = try vocabulary.coding.prompt(
                    system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(questions[index]))
                // A long prompt shortens the reasoning before it makes an answer impossible.
                var limits = limits
                limits.newTokens = min(limits.newTokens, contextLength - prompt.count)
                guard limits.newTokens > AnswerGuide.skeleton(vocabulary.coding) else {
                    throw AgentError.tooLong(what: "question \(questions[index].id)", tokens: prompt.count, context: contextLength)
                }
                let guide = AnswerGuide(
                    vocabulary: vocabulary, mode: mode, limits: limits, sampling: settings.sampling, deadline: time)
                guides.append(guide)
                streams.append(Stream(prompt: prompt, guide: guide, seed: streamSeed(seed, "answer", index)))
            }
            try decode(streams)
            for (index, guide) in zip(batch, guides) {
                guard let result = guide.result else { throw AgentError.unfinished(stream: "answer to \(questions[index].id)") }
                // One at a time the reply is there now; in a batch each was there when its guide had it.
                let duration = batch.count == 1 ? time.elapsed : result.duration
                let record = AnswerRecord(
                    questionID: questions[index].id, output: result.json, answer: Reply.answer(result.json),
                    seconds: duration.inSeconds, tokens: result.tokens, ending: result.ending,
                    isLate: deadline.map { duration > $0 } ?? false, logProbabilities: result.logProbabilities,
                    firstPassLogProbabilities: result.firstPassLogProbabilities)
                records.append(record)
                each?(record)
            }
        }
        return records
    }
}

/// The seed of one stream among those of a request.
func streamSeed(_ seed: UInt64, _ phase: String, _ index: Int) -> UInt64 {
    var random = CounterRandom(seed: seed, phase: phase, step: UInt64(index))
    return random.next()
}
