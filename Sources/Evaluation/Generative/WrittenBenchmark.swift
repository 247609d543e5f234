import Foundation
import Groundwork
import Transformers

/// A problem that is answered in free text.
public struct WrittenTask: Sendable, Hashable {
    public let id: String
    /// Subject or difficulty, for the table.
    public let group: String
    /// The user's message.
    public let prompt: String

    public init(id: String, group: String, prompt: String) {
        self.id = id
        self.group = group
        self.prompt = prompt
    }
}

/// The names of a file's problems so far. Replies are kept by name, so two problems of one name would share a reply.
struct TaskNames {
    private var lines: [String: Int] = [:]

    /// What is wrong with another problem of this name; nil where nothing is.
    mutating func complaint(about name: String, line: Int) -> String? {
        if let other = lines.updateValue(line, forKey: name) { return "the problem of line \(other) has the same id, \(name)" }
        return nil
    }
}

/// What a reply was found to be.
public struct Judgement: Codable, Sendable, Hashable {
    /// The answer found in the reply; nil where there is none.
    public let answer: String?
    public let isCorrect: Bool
    /// Why it is wrong.
    public let reason: String?

    public init(answer: String?, isCorrect: Bool, reason: String?) {
        self.answer = answer
        self.isCorrect = isCorrect
        self.reason = reason
    }
}

/// Problems whose written answers are judged by a program.
public protocol WrittenBenchmark {
    var name: String { get }
    var tasks: [WrittenTask] { get }
    func judge(_ reply: String, of task: Int) throws -> Judgement
}

/// A reply and what it was found to be.
public struct WrittenRecord: Codable, Sendable, Hashable {
    public let id: String
    public let group: String
    public let reply: String
    public let tokens: Int
    public let finished: Bool
    public let seconds: Double
    public let judgement: Judgement
}

public struct WrittenResult: Codable, Sendable, Hashable {
    public let model: String
    public let adapter: String?
    public let benchmark: String
    /// One reply a problem, so this is pass@1.
    public let overall: Proportion
    public let groups: [String: Proportion]
    /// Replies in which there was an answer to judge.
    public let answered: Proportion
    /// Replies that the model ended itself, and not the token limit.
    public let finished: Proportion
    public let meanTokens: Double
    public let latency: LatencyPercentiles?
    public let records: [WrittenRecord]

    enum CodingKeys: String, CodingKey {
        case model, adapter, benchmark, overall, groups, answered, finished, latency
        case meanTokens = "mean_tokens"
        case records
    }

    public init(model: String, adapter: String?, benchmark: String, records: [WrittenRecord]) {
        func share(_ records: [WrittenRecord], _ condition: (WrittenRecord) -> Bool) -> Proportion {
            Proportion(records.count(where: condition), of: records.count)
        }
        self.model = model
        self.adapter = adapter
        self.benchmark = benchmark
        self.records = records
        overall = share(records) { $0.judgement.isCorrect }
        groups = Dictionary(grouping: records, by: \.group).mapValues { share($0) { $0.judgement.isCorrect } }
        answered = share(records) { $0.judgement.answer != nil }
        finished = share(records, \.finished)
        meanTokens = Double(records.reduce(0) { $0 + $1.tokens }) / Double(max(1, records.count))
        latency = LatencyPercentiles(records.map(\.seconds))
    }

    public var table: String {
        func row(_ name: String, _ share: Proportion) -> [String] { [name, "\(share.count)", Text.percent(share.value), Text.interval(share)] }
        let rows = (groups.count > 1 ? groups.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } : []) + [row("overall", overall)]
        return """
            \(adapter.map { "\(model) + \($0), \(benchmark)" } ?? "\(model), \(benchmark)")

            \(Text.table(["", "problems", "right", "95 % interval"], rows))

            \(Text.percent(answered.value)) of the replies hold an answer, \(Text.percent(finished.value)) ended by themselves
            tokens a reply: \(String(format: "%.1f", meanTokens))\(latency.map { "\nlatency: \($0.sentence)" } ?? "")
            """
    }

    /// The second result against the first, problem by problem: the whole, and the groups corrected for each other.
    /// - Throws: `EvaluationError.differentQuestions`.
    public static func compare(
        _ first: WrittenResult, _ second: WrittenResult, minimumQuestions: Int = PairedComparison.minimumQuestions
    ) throws -> (overall: Finding, groups: [String: Finding]) {
        guard first.records.map(\.id) == second.records.map(\.id) else { throw EvaluationError.differentQuestions("other problems") }
        let pairs = Array(zip(first.records, second.records))
        func compare(_ pairs: [(WrittenRecord, WrittenRecord)]) -> PairedComparison {
            PairedComparison(pairs.map { ($0.0.judgement.isCorrect, $0.1.judgement.isCorrect) })
        }
        let whole = compare(pairs)
        return (
            Finding(whole, correctedP: whole.p, minimumQuestions: minimumQuestions),
            Finding.family(Dictionary(grouping: pairs, by: \.0.group).mapValues(compare), minimumQuestions: minimumQuestions))
    }
}
