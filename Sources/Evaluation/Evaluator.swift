import ContentHash
import Questions
import Transformers

/// Asks questions and keeps the record of each answer.
public struct Evaluator {
    /// Runs streams to their ends, and says how many have ended whenever that changes.
    public typealias Decode = (_ streams: [Transformers.Stream], _ progress: ((Int) -> Void)?) throws -> Void

    private let style: any AskingStyle
    private let decode: Decode
    private let clock: (() -> Duration)?

    /// - Parameter clock: time since any fixed moment, for each question's latency; nil for results that are the same every time.
    public init(style: any AskingStyle, clock: (() -> Duration)? = nil, decode: @escaping Decode) {
        self.style = style
        self.clock = clock
        self.decode = decode
    }

    public init(style: any AskingStyle, clock: (() -> Duration)? = nil, decoder: Decoder) {
        self.init(style: style, clock: clock) { try decoder.run($0, progress: $1) }
    }

    /// The records, in the order of the questions.
    ///
    /// - Parameters:
    ///   - seed: of what is sampled; each question draws its own numbers by its id, whatever else is asked beside it.
    ///   - kept: a file (JSONL) in which each answer is kept as it comes, and what makes answers comparable; what is there is not asked again.
    ///   - progress: called with the number of questions answered so far.
    ///   - resumed: called once, before anything is asked, with the number of questions that the file answers.
    /// - Throws: what `AnswerFile` does, `EvaluationError` for a broken model or style, and what decoding throws.
    public func run(
        _ questions: [Question], seed: UInt64 = 0, keepingIn kept: (path: String, settings: [String: String])? = nil,
        progress: ((Int) -> Void)? = nil, resumed: ((Int) -> Void)? = nil
    ) throws -> [EvaluationRecord] {
        guard !questions.isEmpty else { throw EvaluationError.noQuestions }
        let file = try kept.map { kept in
            try AnswerFile<KeptRecord>(kept.path, settings: kept.settings.merging(["style": style.name], uniquingKeysWith: { _, new in new }))
        }
        func hash(_ prompt: [Int]) -> String { ContentHash.of(prompt.map(String.init).joined(separator: " ")) }
        // The right letter is the question's of now: a file of questions whose key was mended is not asked again.
        var records = try questions.map { question in
            try file?.answer(to: question.id) { hash(try style.ask(question).prompt) }.map { EvaluationRecord(question, as: $0.record) }
        }
        var answered = records.count { $0 != nil }
        resumed?(answered)
        let batches = batches(questions, records.indices.filter { records[$0] == nil })
        // What a later subject lacks is told before the first one is asked.
        for batch in batches.dropFirst() { _ = try style.ask(questions[batch[0]]) }
        for batch in batches {
            let asked = try batch.map { try style.ask(questions[$0]) }
            let streams = zip(batch, asked).map { index, asked in
                let watched = WatchedGuide(asked.guide, now: clock ?? { .zero }) { seconds in
                    let record = try record(
                        questions[index], asked.guide, promptTokens: asked.prompt.count, seconds: clock == nil ? nil : seconds)
                    records[index] = record
                    if let file {
                        try file.keep(KeptRecord(id: record.id, settings: file.settings, prompt: hash(asked.prompt), record: record))
                    }
                }
                return Transformers.Stream(prompt: asked.prompt, guide: watched, seed: AnswerSeed.of(questions[index].id, seed))
            }
            try decode(streams) { progress?(answered + $0) }
            answered += batch.count
            if let missing = batch.first(where: { records[$0] == nil }) { throw EvaluationError.noAnswer(question: questions[missing].id) }
        }
        return records.compactMap { $0 }
    }

    /// The same, summed up.
    public func evaluate(
        _ questions: [Question], model: String, adapter: String? = nil, seed: UInt64 = 0, progress: ((Int) -> Void)? = nil
    ) throws -> EvaluationResult {
        EvaluationResult(
            model: model, adapter: adapter, style: style.name,
            records: try run(questions, seed: seed, progress: progress))
    }

    /// Which of the questions are decoded together.
    private func batches(_ questions: [Question], _ indices: [Int]) -> [[Int]] {
        guard style.sharesBeginningBySubject else { return indices.isEmpty ? [] : [indices] }
        var order: [String] = []
        var batches: [String: [Int]] = [:]
        for index in indices {
            let subject = questions[index].subject
            if batches[subject] == nil { order.append(subject) }
            batches[subject, default: []].append(index)
        }
        return order.compactMap { batches[$0] }
    }

    private func record(
        _ question: Question, _ guide: any JudgingGuide, promptTokens: Int, seconds: Double?
    ) throws -> EvaluationRecord {
        guard let scores = guide.letterLogProbabilities, scores.count == 4 else {
            throw EvaluationError.noAnswer(question: question.id)
        }
        guard scores.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite(question: question.id) }
        return EvaluationRecord(
            question, logProbabilities: scores, firstPassLogProbabilities: guide.reasoning == nil ? nil : guide.firstPassLogProbabilities,
            reasoning: guide.reasoning, tokens: guide.tokens, finished: guide.finished,
            promptTokens: promptTokens, seconds: seconds)
    }
}

/// An answer as `AnswerFile` keeps it.
private struct KeptRecord: KeptAnswer {
    let id: String
    let settings: [String: String]
    let prompt: String
    let record: EvaluationRecord

    enum CodingKeys: String, CodingKey {
        // Nothing else's lines begin so.
        case id = "answer_to"
        case settings, prompt, record
    }

    static let beginning = #"{"answer_to":"#
}
