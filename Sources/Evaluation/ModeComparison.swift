import Agents
import Questions

/// The answer agent's modes on the same questions: what each finds, and what it costs.
public struct ModeComparison: Codable, Sendable {
    public struct Measured: Codable, Sendable {
        public let mode: AnswerMode
        public let result: EvaluationResult
        /// Of all answers together.
        public let seconds: Double
        /// Against the first mode; nil for that one.
        public let finding: Finding?

        public var secondsPerAnswer: Double { seconds / Double(max(1, result.overall.count)) }
    }

    public let modes: [Measured]

    /// - Parameters:
    ///   - runs: the records of each mode in the questions' order, and how long they took together.
    ///   - minimumQuestions: on fewer a difference is called an indication.
    /// - Throws: `EvaluationError.noAnswer` for a question that was refused.
    public init(
        _ runs: [(mode: AnswerMode, records: [AnswerRecord], seconds: Double)], on questions: [Question], model: String,
        adapter: String?, minimumQuestions: Int = PairedComparison.minimumQuestions
    ) throws {
        let results = try runs.map { run in
            EvaluationResult(
                model: model, adapter: adapter, style: "chat \(run.mode.rawValue)",
                records: try zip(questions, run.records).map { try EvaluationRecord($0, $1) })
        }
        let pairs = Dictionary(uniqueKeysWithValues: results.indices.dropFirst().map { index in
            (index, PairedComparison(zip(results[0].records, results[index].records).map { ($0.correct, $1.correct) }))
        })
        let findings = Finding.family(pairs, minimumQuestions: minimumQuestions)
        modes = runs.indices.map {
            Measured(mode: runs[$0].mode, result: results[$0], seconds: runs[$0].seconds, finding: findings[$0])
        }
    }

    /// One line a mode: accuracy, cost, and what the paired test says of it against the first.
    public var table: String {
        let rows = modes.map { one -> [String] in
            let accuracy = one.result.overall
            var row = [
                one.mode.rawValue, "\(accuracy.count)", Text.percent(accuracy.value), Text.interval(accuracy),
                Text.decimal(one.result.meanTokens), Text.seconds(one.secondsPerAnswer),
            ]
            guard let finding = one.finding else { return row + ["–", "–", "–", "–"] }
            row += [
                Text.signedPoints(finding.pair.difference), "\(finding.pair.onlySecond) / \(finding.pair.onlyFirst)",
                Text.pValue(finding.correctedP), finding.word,
            ]
            return row
        }
        let first = modes.first.map(\.mode.rawValue) ?? ""
        return Text.table(
            [
                "mode", "questions", "accuracy", "95 % interval", "tokens", "time", "points", "gained / lost", "p (McNemar, Holm)",
                "against \(first)",
            ], rows)
    }
}

extension EvaluationRecord {
    /// - Throws: `EvaluationError.noAnswer` for a question that was refused.
    init(_ question: Question, _ record: AnswerRecord) throws {
        guard record.refusal == nil, record.logProbabilities.count == 4 else { throw EvaluationError.noAnswer(question: question.id) }
        guard record.logProbabilities.allSatisfy(\.isFinite) else { throw EvaluationError.notFinite(question: question.id) }
        self.init(
            question, logProbabilities: record.logProbabilities,
            firstPassLogProbabilities: record.mode == .letter ? nil : record.firstPassLogProbabilities,
            reasoning: record.mode == .letter ? nil : record.answer?.reasoning, tokens: record.tokens,
            finished: [.closed, .endToken, .letterOnly].contains(record.ending), seconds: record.seconds)
    }
}
