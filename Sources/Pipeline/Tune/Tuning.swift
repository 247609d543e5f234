import Agents
import ContentHash
import Evaluation
import Foundation
import Groundwork
import Questions

/// Searches how an agent should generate, by a race on a validation set.
///
/// All ways of generating reply to the same questions with the same seeds under the same deadline; the better half goes on to twice as
/// many (`Race`). The standard way is in the race to its end. The best is chosen only if a paired test, corrected for all that were
/// tried, says that it is better than the standard; else it is chosen if it did no worse and is cheaper, and else the standard stays.
public struct Tuning {
    public enum Agent: String, Codable, Sendable, CaseIterable { case answer, question }

    /// Replies to the question with this index, with this seed.
    public typealias Examinee = (_ index: Int, _ seed: UInt64) throws -> TuningTrial

    public var agent: Agent
    public var standard: TuningPoint
    public var points: [TuningPoint]
    /// What is asked, each known by a text that no other one has the like of: a question's line, or a topic.
    public var questions: [String]
    /// The `id` of each question's trial.
    public var ids: [String]
    /// In seconds.
    public var deadline: Double
    /// The model with its content (`ModelIdentity`), its adapter and precision: trials of another are not taken for these.
    public var model: String
    public var seed: UInt64
    /// The file to write.
    public var output: String
    /// Makes an agent that generates so, warmed up.
    public var examine: (TuningPoint) throws -> Examinee
    public var say: (String) -> Void

    public init(
        agent: Agent, standard: TuningPoint, points: [TuningPoint], questions: [String], ids: [String], deadline: Double, model: String,
        seed: UInt64, output: String, examine: @escaping (TuningPoint) throws -> Examinee, say: @escaping (String) -> Void
    ) {
        (self.agent, self.standard, self.points, self.questions, self.ids) = (agent, standard.canonical, points, questions, ids)
        (self.deadline, self.model, self.seed, self.output, self.examine, self.say) = (deadline, model, seed, output, examine, say)
    }

    /// The folder of the trials so far, which a search that was stopped goes on with.
    public var journal: String { output + ".tune" }

    /// Runs the search, or what is left of it, and writes the file.
    /// - Throws: `EvaluationError.noQuestions`, `SelectionError.cache`, `FileError`, `Interrupted`, and what the agents throw.
    public func run() throws -> TuningReport {
        guard !questions.isEmpty else { throw EvaluationError.noQuestions }
        let challengers = points.map(\.canonical).filter { $0.name != standard.name }
        let byName = Dictionary([standard] + challengers, by: \.name)
        let names = [standard.name] + challengers.map(\.name).uniqued
        let sizes = Race<TuningScore>.rungs(questions: questions.count, contestants: names.count - 1)
        let cache = RecordCache<TuningTrial>(folder: journal, portion: 1) { $1 < ids.count && $0.id == ids[$1] }
        let count = TrialCount(sizes: sizes, contestants: names.count)
        let keys = Dictionary(uniqueKeysWithValues: try names.enumerated().map { ($1, try key(byName[$1] ?? standard, number: $0)) })

        var latest: [String: [TuningTrial]] = [:]
        let rungs = try Race<TuningScore>.run(
            names, baselines: [standard.name], sizes: sizes, score: TuningScore.init, isRight: \.succeeded
        ) { name, _, size in
            var examinee: Examinee?
            let before = latest[name]?.count ?? 0
            let trials = try cache.records(keys[name] ?? name, count: size) { range in
                let ask = try examinee ?? examine(byName[name] ?? standard)
                examinee = ask
                count.begin(at: range.lowerBound - before)
                return try range.map { index in
                    let trial = try ask(index, Self.seed(seed, index))
                    count.advance(to: index + 1 - before, name)
                    return trial
                }
            }
            count.add(size - before)
            latest[name] = trials
            return trials
        } finished: { rung in
            say("\n" + TuningReport.text(rung, standard: standard.name) + "\n")
        }
        let report = TuningReport(
            self, byName: byName, trials: latest, finalists: rungs.last?.standings.map(\.name) ?? [], rungs: rungs)
        try WholeFile.write(report.settingsFile(), to: output)
        return report
    }

    /// Every way of generating replies to a question with the same random numbers.
    static func seed(_ seed: UInt64, _ index: Int) -> UInt64 {
        var random = CounterRandom(seed: seed, phase: "tuning", step: UInt64(index))
        return random.next()
    }

    private func key(_ point: TuningPoint, number: Int) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let content = [
            agent.rawValue, model, "\(deadline)", "\(seed)", String(decoding: try encoder.encode(point), as: UTF8.self),
            questions.joined(separator: "\n"),
        ]
        let plain = point.name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) ? $0 : "_" }
        return String(plain.prefix(80)) + "-" + ContentHash.of(content.joined(separator: "\n")).prefix(12)
    }
}

/// Shows how far a race is.
private final class TrialCount {
    private let total: Int
    private var done = 0
    private var progress: Groundwork.Progress?

    init(sizes: [Int], contestants: Int) {
        var remaining = contestants - 1, before = 0, total = 0
        for size in sizes {
            total += (size - before) * (remaining + 1)
            before = size
            remaining = (remaining + 1) / 2
        }
        self.total = total
    }

    /// Trials of the contestant at work so far, those that an earlier run made included. The first to be made starts the clock.
    func begin(at count: Int) {
        progress = progress ?? Groundwork.Progress("trials", total: total, alreadyDone: done + count, unit: "replies")
    }

    func advance(to count: Int, _ note: String) { progress?.advance(to: done + count, note: note) }

    func add(_ count: Int) { done += count }
}

extension Dictionary {
    fileprivate init(_ values: [Value], by key: (Value) -> Key) {
        self.init(values.map { (key($0), $0) }) { first, _ in first }
    }
}

extension [String] {
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
