import Groundwork
import Questions
import Synchronization
import Transformers

/// Runs streams to their guides' ends: a `Decoder` with a model behind it, or a fake.
public typealias Decoding = ([Stream]) throws -> Void

/// Who answers questions in a match.
public protocol QuestionAnswering {
    /// - Parameter deadline: for each answer, from the moment when its question is put.
    /// - Returns: a record for each question, known by its question's id.
    func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord]
}

/// Answers four-choice questions with a model: every reply is valid JSON within the limits, and none is late as long as the
/// model gets to run. What cannot be answered is refused, in valid JSON too. docs/agents.md tells how.
public final class AnswerAgent: QuestionAnswering {
    public let settings: AgentSettings
    public let mode: AnswerMode
    private let vocabulary: AgentVocabulary
    private let limits: AnswerLimits
    private let reserve: Duration
    private let showsConfidence: Bool
    private let clock: RequestClock
    private let contextLength: Int
    private let decode: Decoding
    private let skeleton: Int
    private let learnt = Mutex(Learnt())

    private struct Learnt {
        var speed: AnswerSpeed?
        /// The shortest time in which a token of a prompt was ever read.
        var fastestToken = Duration.seconds(Int64.max)

        mutating func learn(_ new: AnswerSpeed) {
            fastestToken = min(fastestToken, new.promptToken)
            if speed == nil { speed = new } else { speed?.learn(new) }
        }

        /// Whatever is asked, a machine is not taken for more than 16 times as fast as it ever was.
        mutating func doubt() {
            if let promptToken = speed?.promptToken, promptToken > fastestToken / 16 { speed?.doubt() }
        }
    }

    /// - Parameters:
    ///   - mode: nil for the settings' own, or else the standard one.
    ///   - reserve: time before a deadline that is left alone, for pauses of the process in which nothing can be done; at least what the
    ///     machine is seen to hesitate.
    ///   - showsConfidence: writes the probability of the letter into the reply.
    ///   - contextLength: tokens that a prompt and its reply may have together.
    ///   - decode: runs streams on the agent's model and adapter.
    /// - Throws: `AgentError` for settings that mean nothing or leave no room for a reply.
    public init(
        vocabulary: AgentVocabulary, settings: AgentSettings = .answers, mode: AnswerMode? = nil, reserve: Duration = .zero,
        showsConfidence: Bool = false, clock: RequestClock = .continuous, contextLength: Int = .max, decode: @escaping Decoding
    ) throws {
        try settings.validate()
        let mode = mode ?? settings.mode ?? .standard
        skeleton = AnswerGuide.Pieces(vocabulary.coding).skeleton(mode)
        guard settings.maxNewTokens > skeleton else {
            throw AgentError.tooFewNewTokens(limit: settings.maxNewTokens, needed: skeleton + 1, agent: "answer agent")
        }
        self.vocabulary = vocabulary
        self.settings = settings
        self.mode = mode
        self.reserve = reserve
        self.showsConfidence = showsConfidence
        self.clock = clock
        self.contextLength = contextLength
        self.decode = decode
        limits = AnswerLimits(newTokens: settings.maxNewTokens)
    }

    /// What the agent knows of its machine: nil before the warm-up.
    public var speed: AnswerSpeed? { learnt.withLock { $0.speed } }

    /// Answers questions that nobody asked, before the first request whose time counts: once for what happens only once (pages
    /// read, kernels chosen, caches made), and once to learn how fast this machine is.
    public func warmUp() throws {
        let long = "What is 2 + 2? " + String(repeating: "Think of two apples beside two other apples. ", count: 24)
        for text in ["What is 2 + 2?", long] {
            learnt.withLock { $0.speed = nil }
            _ = try answer([AnswerRequest(id: "warm-up", question: text, choices: ["3", "4", "5", "22"])])
        }
    }

    public func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        try answer(questions, deadline: deadline, since: nil, seed: seed)
    }

    /// - Parameters:
    ///   - deadline: for each answer, from the moment when its question is put to the model, or from `since`.
    ///   - since: when the questions were asked, on the agent's clock; what they waited since then counts.
    public func answer(
        _ questions: [Question], deadline: Duration? = nil, since: Duration? = nil, seed: UInt64 = 0, together: Int? = nil,
        each: ((AnswerRecord) -> Void)? = nil
    ) throws -> [AnswerRecord] {
        try answer(
            questions.map { AnswerRequest($0, requested: since, deadline: deadline) }, seed: seed, together: together, each: each)
    }

    /// - Parameters:
    ///   - requests: each with its own deadline, where it has one.
    ///   - seed: names the random numbers of all answers; each draws its own, whatever is answered beside it.
    ///   - together: how many questions are decoded side by side; by default one at a time under a deadline, since the others
    ///     would slow it down, and all of them otherwise.
    ///   - each: called with every record as soon as it is there.
    /// - Returns: a record for each request, in their order.
    public func answer(
        _ requests: [AnswerRequest], seed: UInt64 = 0, together: Int? = nil, each: ((AnswerRecord) -> Void)? = nil
    ) throws -> [AnswerRecord] {
        for request in requests {
            guard let deadline = request.deadline else { continue }
            if deadline <= .zero { throw AgentError.deadlineNotPositive(deadline) }
            let reserve = request.reserve ?? reserve
            if deadline <= reserve { throw AgentError.reserveTooLong(reserve, deadline: deadline) }
        }
        let size = max(1, together ?? (requests.contains { $0.deadline != nil } ? 1 : requests.count))
        var records: [AnswerRecord] = []
        for start in stride(from: 0, to: requests.count, by: size) {
            try Interruption.check()
            let batch = Array(requests[start..<min(start + size, requests.count)])
            for record in try answer(batch: batch, from: start, seed: seed) {
                records.append(record)
                each?(record)
            }
        }
        return records
    }

    /// One request on its way: its time, and the guides that work on it; more than one where reasonings vote.
    private struct Asked {
        let request: AnswerRequest
        let time: Deadline
        var prompt: [Int] = []
        var guides: [AnswerGuide] = []
        var refusal: AnswerRefusal?
    }

    private func answer(batch: [AnswerRequest], from start: Int, seed: UInt64) throws -> [AnswerRecord] {
        let speed = speed, begun = clock.now()
        var asked = try batch.map { request in
            let margin = request.deadline.flatMap { speed?.margin(within: $0) } ?? .zero
            var one = Asked(
                request: request,
                time: Deadline(
                    clock: clock, limit: request.deadline, requested: request.requested, reserve: max(request.reserve ?? reserve, margin)))
            switch try prompt(of: request) {
            case .success(let prompt): one.prompt = prompt
            case .failure(let refusal): one.refusal = refusal
            }
            return one
        }
        // What the voices of one question share is read once, if there is no other question.
        let read = asked.reduce(0) { $0 + $1.prompt.count } * (batch.count > 1 ? chains : 1)
        var streams: [Stream] = []
        for index in asked.indices where asked[index].refusal == nil {
            let one = asked[index]
            // Voices share what they begin with, and only that.
            let piece = chains > 1 ? PromptReading.piece : PromptReading.piece(within: one.request.deadline, speed)
            let reading = PromptReading(one.prompt, beside: read - one.prompt.count, piece: piece)
            // A long prompt shortens the reasoning before it makes an answer impossible.
            var limits = limits
            limits.newTokens = min(limits.newTokens, contextLength - one.prompt.count)
            for chain in 0..<chains {
                let guide = AnswerGuide(
                    vocabulary: vocabulary, mode: mode, limits: limits, sampling: settings.sampling, deadline: one.time,
                    reading: reading, handedOver: streams.isEmpty ? clock.now() : nil, speed: speed,
                    isExtra: chain > 0)
                asked[index].guides.append(guide)
                guard guide.canRead() else { break }
                // The first voice says what it would say alone.
                let own = streamSeed(seed, "answer", start + index)
                streams.append(Stream(prompt: reading.start, guide: guide, seed: chain == 0 ? own : streamSeed(own, "vote", chain)))
            }
        }
        if !streams.isEmpty { try decode(streams) }
        let records = try asked.map { try record(of: $0, isAlone: batch.count == 1) }
        for guide in asked.flatMap(\.guides) {
            guard var speed = guide.speed else { continue }
            // In a batch a pass holds more than one stream knows of.
            if batch.count > 1 { speed.hesitation = .zero }
            learnt.withLock { $0.learn(speed) }
        }
        let isDoubtful = zip(records, asked).contains { record, asked in
            // One that waited too long for its turn says nothing of the machine.
            record.refusal?.kind == .noTime && asked.time.limit.map { begun - asked.time.requested < $0 / 2 } ?? false
        }
        if isDoubtful { learnt.withLock { $0.doubt() } }
        return records
    }

    /// Reasonings for one question. Without sampling all would be the same.
    private var chains: Int {
        mode == .vote && settings.sampling.temperature > 0 ? settings.votes ?? AnswerMode.standardVotes : 1
    }

    private func prompt(of request: AnswerRequest) throws -> Result<[Int], AnswerRefusal> {
        if let objection = request.objection { return .failure(objection) }
        let text = AnswerFormat.userMessage(question: request.question, choices: request.choices)
        // No text has so few tokens for its bytes that this one could fit, and splitting it would take its time.
        if text.utf8.count / 32 > contextLength {
            return .failure(AnswerRefusal(.tooLong, "the question has \(text.utf8.count) bytes, too many for the model's context"))
        }
        let prompt = try vocabulary.coding.prompt(system: AnswerFormat.systemPrompt, user: text)
        guard contextLength - prompt.count > skeleton else {
            return .failure(AnswerRefusal(
                .tooLong, "the question and what stands before it have \(prompt.count) tokens; the model's context is \(contextLength)"))
        }
        return .success(prompt)
    }

    private func record(of asked: Asked, isAlone: Bool) throws -> AnswerRecord {
        let results = asked.guides.compactMap(\.result)
        guard let (result, votes) = AnswerVote.decide(results) else {
            guard let refusal = asked.refusal ?? asked.guides.lazy.compactMap(\.refusal).first else {
                throw AgentError.unfinished(stream: "answer to \(asked.request.id)")
            }
            return AnswerRecord(asked.request, refusal: refusal, mode: mode, duration: asked.time.elapsed)
        }
        // One at a time the reply is there now; in a batch each was there when its guides had it.
        var timed = result
        if isAlone { timed.duration = asked.time.elapsed }
        let confidence = showsConfidence ? timed.confidence : nil
        return AnswerRecord(asked.request, timed, confidence: confidence, votes: mode == .vote ? votes : nil)
    }
}

/// The seed of one stream among those of a request.
func streamSeed(_ seed: UInt64, _ phase: String, _ index: Int) -> UInt64 {
    var random = CounterRandom(seed: seed, phase: phase, step: UInt64(index))
    return random.next()
}
