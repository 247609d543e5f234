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
    ///   - seed: of what is sampled; each question draws its own numbers, whatever else is asked beside it.
    ///   - progress: called with the number of questions answered so far.
    public func run(
        _ questions: [Question], seed: UInt64 = 0, progress: ((Int) -> Void)? = nil
    ) throws -> [EvaluationRecord] {
        guard !questions.isEmpty else { throw EvaluationError.noQuestions }
        var records = [EvaluationRecord?](repeating: nil, count: questions.count)
        var answered = 0
        let batches = batches(questions)
        // What a later subject lacks is told before the first one is asked.
        for batch in batches.dropFirst() { _ = try style.ask(questions[batch[0]]) }
        for batch in batches {
            let asked = try batch.map { try style.ask(questions[$0]) }
            let timed = asked.map { asked in clock.map { TimedGuide(asked.guide, now: $0) } }
            let streams = asked.indices.map { place in
                Transformers.Stream(
                    prompt: asked[place].prompt, guide: timed[place] ?? asked[place].guide, seed: seed &+ UInt64(batch[place]))
            }
            try decode(streams) { progress?(answered + $0) }
            answered += batch.count
            for (place, index) in batch.enumerated() {
                records[index] = try record(
                    questions[index], asked[place].guide, promptTokens: asked[place].prompt.count, seconds: timed[place]?.seconds)
            }
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

    /// Indices of the questions that are decoded together.
    private func batches(_ questions: [Question]) -> [[Int]] {
        guard style.sharesBeginningBySubject else { return [Array(questions.indices)] }
        var order: [String] = []
        var batches: [String: [Int]] = [:]
        for (index, question) in questions.enumerated() {
            if batches[question.subject] == nil { order.append(question.subject) }
            batches[question.subject, default: []].append(index)
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
