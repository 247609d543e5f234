import Agents
import Foundation
import Questions

/// One question answered.
public struct EvaluationRecord: Codable, Sendable, Hashable {
    public let id: String
    public let subject: String
    public let domain: Domain
    /// Tells questions apart whose ids agree by chance.
    public let fingerprint: String
    /// The right letter.
    public let answer: Letter
    /// The letter of the highest score; of equal scores the first.
    public let predicted: Letter
    /// Of A, B, C, D, normalised over these four.
    public let logProbabilities: [Float]
    /// The scores before the reasoning was written: what letter mode would have found. Nil where there was no reasoning.
    public let firstPassLogProbabilities: [Float]?
    public let correct: Bool
    /// What the model wrote before its letter, in reason-first mode.
    public let reasoning: String?
    /// Tokens generated, forced ones included.
    public let tokens: Int
    /// Whether the reasoning ended by itself and not at the token limit.
    public let finished: Bool
    /// Tokens of the prompt; nil in files of earlier versions.
    public let promptTokens: Int?
    /// From its entry into the batch to its letter, beside whatever else ran; nil where no clock was wanted.
    public let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case id, subject, domain, fingerprint, answer, predicted
        case logProbabilities = "log_probabilities"
        case firstPassLogProbabilities = "first_pass_log_probabilities"
        case correct, reasoning, tokens, finished, seconds
        case promptTokens = "prompt_tokens"
    }

    public init(
        _ question: Question, logProbabilities: [Float], firstPassLogProbabilities: [Float]? = nil, reasoning: String? = nil,
        tokens: Int, finished: Bool, promptTokens: Int? = nil, seconds: Double? = nil
    ) {
        precondition(logProbabilities.count == 4, "a score for each letter")
        id = question.id
        subject = question.subject
        domain = question.domain
        fingerprint = question.fingerprint.description
        answer = question.answer
        predicted = .likeliest(logProbabilities)
        self.logProbabilities = logProbabilities
        self.firstPassLogProbabilities = firstPassLogProbabilities
        correct = predicted == question.answer
        self.reasoning = reasoning
        self.tokens = tokens
        self.finished = finished
        self.promptTokens = promptTokens
        self.seconds = seconds
    }

    /// - Throws: `DecodingError` for what no evaluation writes, such as other than four scores.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        subject = try fields.decode(String.self, forKey: .subject)
        domain = try fields.decode(Domain.self, forKey: .domain)
        fingerprint = try fields.decode(String.self, forKey: .fingerprint)
        answer = try fields.decode(Letter.self, forKey: .answer)
        predicted = try fields.decode(Letter.self, forKey: .predicted)
        logProbabilities = try fields.decode([Float].self, forKey: .logProbabilities)
        firstPassLogProbabilities = try fields.decodeIfPresent([Float].self, forKey: .firstPassLogProbabilities)
        correct = try fields.decode(Bool.self, forKey: .correct)
        reasoning = try fields.decodeIfPresent(String.self, forKey: .reasoning)
        tokens = try fields.decode(Int.self, forKey: .tokens)
        finished = try fields.decode(Bool.self, forKey: .finished)
        promptTokens = try fields.decodeIfPresent(Int.self, forKey: .promptTokens)
        seconds = try fields.decodeIfPresent(Double.self, forKey: .seconds)
        func refuse(_ key: CodingKeys, _ reason: String) throws -> Never {
            throw DecodingError.dataCorruptedError(forKey: key, in: fields, debugDescription: "question \(id): \(reason)")
        }
        // Rounding may lift the score of a letter that is certain above 0, but not so far.
        for (key, scores) in [(CodingKeys.logProbabilities, logProbabilities), (.firstPassLogProbabilities, firstPassLogProbabilities ?? logProbabilities)]
        where scores.count != 4 || !scores.allSatisfy({ $0 <= 0.001 }) {
            try refuse(key, "\(scores) are no log-probabilities of four letters")
        }
        guard correct == (predicted == answer) else {
            try refuse(.correct, "\(predicted) is said to be \(correct ? "right" : "wrong") where \(answer) is right")
        }
        // A sum over all questions must not overflow.
        for (key, count) in [(CodingKeys.tokens, tokens), (.promptTokens, promptTokens ?? 0)] where !(0...Int(Int32.max)).contains(count) {
            try refuse(key, "\(count) tokens")
        }
        if let seconds, seconds < 0 { try refuse(.seconds, "\(seconds) seconds") }
    }
}

extension EvaluationRecord {
    /// What was answered before to `question`, whose right letter may have been mended since.
    init(_ question: Question, as record: EvaluationRecord) {
        self.init(
            question, logProbabilities: record.logProbabilities, firstPassLogProbabilities: record.firstPassLogProbabilities,
            reasoning: record.reasoning, tokens: record.tokens, finished: record.finished, promptTokens: record.promptTokens,
            seconds: record.seconds)
    }

    /// The record of `record`'s question in letter mode, if its first pass was kept.
    fileprivate init?(firstPassOf record: EvaluationRecord) {
        guard let scores = record.firstPassLogProbabilities else { return nil }
        id = record.id
        subject = record.subject
        domain = record.domain
        fingerprint = record.fingerprint
        answer = record.answer
        predicted = .likeliest(scores)
        logProbabilities = scores
        firstPassLogProbabilities = nil
        correct = predicted == record.answer
        reasoning = nil
        tokens = 0
        finished = true
        promptTokens = record.promptTokens
        seconds = nil
    }
}

/// What an evaluation found, with every question's record. All but the names is reckoned from the records, also on reading a file.
public struct EvaluationResult: Codable, Sendable, Hashable {
    /// What was evaluated, for people: the model and, if there is one, the adapter.
    public let model: String
    public let adapter: String?
    /// "chat letter", "chat reason-first", "mmlu 5-shot".
    public let style: String
    public let overall: Proportion
    public let domains: [String: Proportion]
    public let subjects: [String: Proportion]
    /// How often each letter was predicted: a model that always says B is broken whatever its accuracy.
    public let letters: [String: Int]
    /// The share of answers that ended by themselves.
    public let finished: Double
    /// Tokens generated, mean over the questions.
    public let meanTokens: Double
    /// Tokens of the prompts, mean over the questions; nil where a record does not tell.
    public let meanPromptTokens: Double?
    public let calibration: Calibration
    /// Nil where no clock was wanted.
    public let latency: LatencyPercentiles?
    /// Where all subjects are MMLU's.
    public let mmlu: MMLUSummary?
    public let records: [EvaluationRecord]

    enum CodingKeys: String, CodingKey {
        case model, adapter, style, overall, domains, subjects, letters, finished, calibration, latency, mmlu
        case meanTokens = "mean_tokens"
        case meanPromptTokens = "mean_prompt_tokens"
        case records
    }

    public init(model: String, adapter: String?, style: String, records: [EvaluationRecord]) {
        self.model = model
        self.adapter = adapter
        self.style = style
        self.records = records
        overall = Self.accuracy(records)
        domains = Dictionary(grouping: records, by: \.domain.rawValue).mapValues(Self.accuracy)
        subjects = Dictionary(grouping: records, by: \.subject).mapValues(Self.accuracy)
        letters = Dictionary(uniqueKeysWithValues: Letter.allCases.map { letter in
            (letter.rawValue, records.count { $0.predicted == letter })
        })
        let count = Double(max(1, records.count))
        finished = Double(records.count { $0.finished }) / count
        meanTokens = Double(records.reduce(0) { $0 + $1.tokens }) / count
        let prompts = records.compactMap(\.promptTokens)
        meanPromptTokens = prompts.count == records.count ? Double(prompts.reduce(0, +)) / count : nil
        calibration = Calibration(records)
        latency = LatencyPercentiles(records.compactMap(\.seconds))
        mmlu = MMLUSummary(subjects: subjects)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            model: try fields.decode(String.self, forKey: .model), adapter: try fields.decodeIfPresent(String.self, forKey: .adapter),
            style: try fields.decode(String.self, forKey: .style), records: try fields.decode([EvaluationRecord].self, forKey: .records))
    }

    private static func accuracy(_ records: [EvaluationRecord]) -> Proportion {
        Proportion(records.count { $0.correct }, of: records.count)
    }

    /// What letter mode finds on the same questions: an evaluation in reason-first mode reads those scores on its way, so both modes
    /// cost one run. Nil for an evaluation without reasoning.
    public var letterMode: EvaluationResult? {
        let first = records.compactMap(EvaluationRecord.init(firstPassOf:))
        guard !first.isEmpty, first.count == records.count else { return nil }
        return EvaluationResult(
            model: model, adapter: adapter, style: style.replacing(AnswerMode.reasonFirst.rawValue, with: "letter"), records: first)
    }

    /// Accuracy with its interval: subjects, domains or MMLU's groups, overall; then calibration, times and tokens.
    public var table: String {
        func row(_ name: String, _ accuracy: Proportion) -> [String] {
            [name, "\(accuracy.count)", Text.percent(accuracy.value), Text.interval(accuracy)]
        }
        var rows: [[String]] = []
        if subjects.count > 1 { rows += subjects.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } }
        rows += domains.sorted { $0.key < $1.key }.map { row("all of \($0.key)", $0.value) }
        rows.append(row("overall", overall))
        var parts = [adapter.map { "\(model) + \($0), \(style)" } ?? "\(model), \(style)"]
        parts.append(Text.table(["", "questions", "accuracy", "95 % interval"], rows))
        if let mmlu { parts.append(mmlu.table) }
        parts.append(calibration.table)
        let letters = Letter.allCases.map { "\($0) \(self.letters[$0.rawValue] ?? 0)" }.joined(separator: ", ")
        let ended = finished < 1 ? String(format: "; %.0f %% of the answers ended by themselves", finished * 100) : ""
        var last = "letters predicted: \(letters)\(ended)"
        if let meanPromptTokens { last += String(format: "\ntokens a question: %.1f read, %.1f written", meanPromptTokens, meanTokens) }
        if let latency { last += "\nlatency: \(latency.sentence)" }
        return (parts + [last]).joined(separator: "\n\n")
    }
}
