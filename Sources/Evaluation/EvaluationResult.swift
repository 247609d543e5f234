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
    /// What the model wrote before its letter, in reason mode.
    public let reasoning: String?
    /// Tokens generated, forced ones included.
    public let tokens: Int
    /// Whether the reasoning ended by itself and not at the token limit.
    public let finished: Bool

    enum CodingKeys: String, CodingKey {
        case id, subject, domain, fingerprint, answer, predicted
        case logProbabilities = "log_probabilities"
        case firstPassLogProbabilities = "first_pass_log_probabilities"
        case correct, reasoning, tokens, finished
    }

    public init(
        _ question: Question, logProbabilities: [Float], firstPassLogProbabilities: [Float]? = nil, reasoning: String? = nil,
        tokens: Int, finished: Bool
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
    }
}

extension EvaluationRecord {
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
    }
}

/// What an evaluation found, with every question's record.
public struct EvaluationResult: Codable, Sendable, Hashable {
    /// What was evaluated, for people: the model and, if there is one, the adapter.
    public let model: String
    public let adapter: String?
    /// "chat letter", "chat reason", "mmlu 5-shot".
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
    public let records: [EvaluationRecord]

    enum CodingKeys: String, CodingKey {
        case model, adapter, style, overall, domains, subjects, letters, finished
        case meanTokens = "mean_tokens"
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
    }

    private static func accuracy(_ records: [EvaluationRecord]) -> Proportion {
        Proportion(records.count { $0.correct }, of: records.count)
    }

    /// What letter mode finds on the same questions: an evaluation in reason mode reads those scores on its way, so both modes
    /// cost one run. Nil for an evaluation without reasoning.
    public var letterMode: EvaluationResult? {
        let first = records.compactMap(EvaluationRecord.init(firstPassOf:))
        guard !first.isEmpty, first.count == records.count else { return nil }
        return EvaluationResult(
            model: model, adapter: adapter, style: style.replacing("reason", with: "letter"), records: first)
    }

    /// Accuracy with its interval: subjects, domains, overall.
    public var table: String {
        func row(_ name: String, _ accuracy: Proportion) -> [String] {
            [name, "\(accuracy.count)", Text.percent(accuracy.value), Text.interval(accuracy)]
        }
        var rows: [[String]] = []
        if subjects.count > 1 { rows += subjects.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } }
        rows += domains.sorted { $0.key < $1.key }.map { row("all of \($0.key)", $0.value) }
        rows.append(row("overall", overall))
        let table = Text.table(["", "questions", "accuracy", "95 % interval"], rows)
        let letters = Letter.allCases.map { "\($0) \(self.letters[$0.rawValue] ?? 0)" }.joined(separator: ", ")
        let ended = finished < 1 ? String(format: "; %.0f %% of the answers ended by themselves", finished * 100) : ""
        return "\(adapter.map { "\(model) + \($0)" } ?? model), \(style)\n\n\(table)\n\nletters predicted: \(letters)\(ended)"
    }
}

/// Two results on the same questions, paired question by question.
public struct Comparison: Codable, Sendable, Hashable {
    public let overall: PairedComparison
    public let domains: [String: PairedComparison]
    public let subjects: [String: PairedComparison]

    /// - Throws: `EvaluationError.differentQuestions` unless both results hold the same questions in the same order.
    public init(first: EvaluationResult, second: EvaluationResult) throws {
        guard first.records.count == second.records.count else {
            throw EvaluationError.differentQuestions("\(first.records.count) and \(second.records.count) questions")
        }
        let pairs = Array(zip(first.records, second.records))
        for (left, right) in pairs
        where left.id != right.id || left.fingerprint != right.fingerprint || left.answer != right.answer {
            throw EvaluationError.differentQuestions("\(left.id) against \(right.id)")
        }
        func compare(_ pairs: [(EvaluationRecord, EvaluationRecord)]) -> PairedComparison {
            PairedComparison(pairs.map { ($0.0.correct, $0.1.correct) })
        }
        overall = compare(pairs)
        domains = Dictionary(grouping: pairs, by: \.0.domain.rawValue).mapValues(compare)
        subjects = Dictionary(grouping: pairs, by: \.0.subject).mapValues(compare)
    }

    /// One line a domain and one for all.
    public var table: String {
        func row(_ name: String, _ pair: PairedComparison) -> [String] {
            [name, "\(pair.first.count)", Text.percent(pair.first.value), Text.percent(pair.second.value),
             Text.signedPoints(pair.difference), "\(Text.signedPoints(pair.lower)) to \(Text.signedPoints(pair.upper))",
             "\(pair.onlySecond) / \(pair.onlyFirst)", Text.pValue(pair.p), pair.verdict.rawValue]
        }
        var rows = subjects.count > 1 ? subjects.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } : []
        rows += domains.sorted { $0.key < $1.key }.map { row("all of \($0.key)", $0.value) }
        rows.append(row("overall", overall))
        return Text.table(
            ["", "questions", "first", "second", "points", "95 % interval", "gained / lost", "p (McNemar)", "second is"], rows)
    }
}
