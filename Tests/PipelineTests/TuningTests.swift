import Agents
import Evaluation
import Foundation
import Groundwork
import Questions
import Testing

import Pipeline

/// Searches in which each way of generating succeeds as the test says.
private final class Search {
    let folder = NSTemporaryDirectory() + "retort-tune-" + UUID().uuidString
    let count: Int
    /// Whether a way of generating replies well to a question.
    var succeeds: (TuningPoint, Int) -> Bool = { _, _ in false }
    var tokens: (TuningPoint) -> Int = { _ in 50 }
    var asked: [String: [Int]] = [:]
    var seeds: [Int: Set<UInt64>] = [:]
    var said: [String] = []
    /// Thrown at the trial of this number, counted from 1.
    var stopAt: Int?
    private var trials = 0

    init(count: Int = 64) { self.count = count }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let standard = TuningPoint(AgentSettings(maxNewTokens: 150, temperature: 0.2, topP: 0.9), mode: .letter.other)

    func run(_ points: [TuningPoint], seed: UInt64 = 1, model: String = "m@1") throws -> TuningReport {
        let ids = (0..<count).map { "q\($0)" }
        return try Tuning(
            agent: .answer, standard: Self.standard, points: points, questions: ids, ids: ids, deadline: 6, model: model, seed: seed,
            output: folder + "/agen.yaml",
            examine: { [unowned self] point in
                { [unowned self] index, seed in
                    trials += 1
                    if trials == stopAt { throw Interrupted() }
                    asked[point.name, default: []].append(index)
                    seeds[index, default: []].insert(seed)
                    let question = Question(
                        id: "q\(index)", source: "t", subject: "s", topic: "t", domain: .other, question: "?", choices: ["k", "l", "m", "n"], answer: .B)
                    let record = AnswerRecord(
                        questionID: "q\(index)", output: "{\"answer\": \"\(succeeds(point, index) ? "B" : "A")\"}",
                        answer: AgentAnswer(answer: succeeds(point, index) ? "B" : "A", reasoning: nil), seconds: Double(tokens(point)) / 100,
                        tokens: tokens(point))
                    return TuningTrial(record, to: question, tokens: { $0.count })
                }
            }, say: { [unowned self] in said.append($0) }
        ).run()
    }

    func settings() throws -> AgentSettings { try SettingsFile.read(folder + "/agen.yaml", for: .answer).settings }
}

extension AnswerMode {
    /// A mode that writes something before or after its letter.
    fileprivate var other: AnswerMode { Self.allCases.first { $0 != self } ?? self }
}

/// Whether both draw the same tokens, as many at most.
private func isSame(_ one: AgentSettings, _ other: AgentSettings) -> Bool {
    one.sampling == other.sampling && one.maxNewTokens == other.maxNewTokens
}

@Suite struct TuningTests {
    private func point(_ temperature: Double, tokens: Int = 150) -> TuningPoint {
        TuningPoint(AgentSettings(maxNewTokens: tokens, temperature: temperature, topP: 0.9), mode: Search.standard.mode)
    }

    @Test func equalWaysOfGeneratingAreTriedOnce() throws {
        let space = TuningSpace(
            temperatures: [0, 0.2, 0.7], topPs: [0.9, 1], repetitionPenalties: [1], maxTokens: [60, 150], modes: [.letter, AnswerMode.letter.other])
        let points = try space.grid()
        // One in letter mode; per length one greedy and two temperatures with two top-p each.
        #expect(points.count == 1 + 2 * (1 + 4) && Set(points.map(\.name)).count == points.count)
        #expect(points.count { $0.mode == .letter } == 1)
        let drawn = try space.drawn(4, seed: 3)
        #expect(drawn.count == 4 && Set(drawn).count == 4 && drawn.allSatisfy(points.contains))
        #expect(try space.drawn(4, seed: 3) == drawn && space.drawn(99, seed: 3).count == points.count)
        #expect(throws: AgentError.self) { try TuningSpace(temperatures: [0.2], topPs: [1.5], repetitionPenalties: [1], maxTokens: [60]).grid() }
    }

    @Test func theBetterWayIsWrittenWithWhatWasMeasured() throws {
        let search = Search()
        search.succeeds = { point, index in index < (point.settings.temperature == 0.7 ? 48 : 16) }
        let report = try search.run([point(0.7), point(0.5), point(0), point(0.9)])
        #expect(report.chosen == point(0.7).name && report.reason == .better && report.best == report.chosen)
        #expect(report.finalists[0].succeeded.successes == 48 && report.finalists[0].againstStandard?.verdict == .better)
        // The worse half went home after half of the questions, the standard never does.
        #expect(search.asked[point(0.7).name]?.count == 64 && search.asked[Search.standard.name]?.count == 64)
        #expect(search.asked.values.map(\.count).sorted() == [32, 32, 64, 64, 64])
        // All with the same seeds, and other questions with others.
        #expect(search.seeds.values.allSatisfy { $0.count == 1 } && Set(search.seeds.values.flatMap { $0 }).count == 64)
        let file = try search.settings()
        #expect(isSame(file, AgentSettings(maxNewTokens: 150, temperature: 0.7, topP: 0.9)) && file.mode == Search.standard.mode)
        let text = String(decoding: try WholeFile.read(search.folder + "/agen.yaml"), as: UTF8.self)
        #expect(text.hasPrefix("# Written by retort tune --agent answer, seed 1.\n# model: m@1\n# right: 75.0 %"))
        #expect(text.contains("\ntemperature: 0.7\ntop_p: 0.9\n") && text.contains("\ndo_sample: true\n"))
        #expect(report.text.contains("* " + point(0.7).name) && report.text.contains("(default)"))
    }

    @Test func withoutEvidenceTheDefaultIsKept() throws {
        let search = Search()
        search.succeeds = { point, index in index < (point.settings.temperature == 0.7 ? 18 : 16) }
        search.tokens = { $0.settings.temperature == 0.7 ? 70 : 50 }
        let report = try search.run([point(0.7)])
        #expect(report.best == point(0.7).name && report.chosen == Search.standard.name && report.reason == .standard)
        #expect(report.verdict.contains("NO EVIDENCE") && report.verdict.contains("the default is kept"))
        #expect(isSame(try search.settings(), Search.standard.settings))
    }

    @Test func withoutEvidenceWhatIsCheaperAndNoWorseIsKept() throws {
        let search = Search()
        search.succeeds = { point, index in index < (point.settings.maxNewTokens == 60 ? 17 : 16) }
        search.tokens = { $0.settings.maxNewTokens / 3 }
        let report = try search.run([point(0.2, tokens: 60), point(0.2, tokens: 300)])
        #expect(report.chosen == point(0.2, tokens: 60).name && report.reason == .cheaper)
        #expect(report.verdict.contains("NO EVIDENCE") && report.verdict.contains("fewer tokens and less time"))
    }

    @Test func manyComparisonsAreCorrectedFor() throws {
        // 11 gained, 2 lost: p = 0.022 alone, and no evidence as one of ten.
        func run(_ points: [TuningPoint]) throws -> TuningReport {
            let search = Search(count: 31)
            search.succeeds = { point, index in
                point.settings.temperature == 0.7 ? (2..<21).contains(index) : index < 10
            }
            return try search.run(points)
        }
        #expect(try run([point(0.7)]).reason == .better)
        let many = try run([point(0.7)] + (0..<9).map { point(1 + Double($0) / 10) })
        #expect(many.best == point(0.7).name && many.reason == .standard)
        #expect(many.finalists[0].againstStandard.map { abs($0.correctedP - 10 * $0.pair.p) < 1e-12 } == true)
    }

    @Test(arguments: [1, 20, 100, 150]) func aStoppedSearchGoesOnWithoutAskingAgain(stop: Int) throws {
        func make() -> Search {
            let search = Search()
            search.succeeds = { point, index in index % 3 == 0 || (point.settings.temperature == 0.7 && index % 2 == 0) }
            return search
        }
        let points = [point(0.7), point(0.5), point(0)]
        let whole = make()
        let expected = try whole.run(points)
        let search = make()
        search.stopAt = stop
        #expect(throws: Interrupted.self) { try search.run(points) }
        #expect(!FileManager.default.fileExists(atPath: search.folder + "/agen.yaml"))
        search.stopAt = nil
        let report = try search.run(points)
        #expect(report.text == expected.text)
        #expect(search.asked == whole.asked)
        // Another seed or model asks anew; the same takes what is there.
        search.asked = [:]
        _ = try search.run(points)
        #expect(search.asked.isEmpty)
        _ = try search.run(points, model: "m@2")
        #expect(search.asked[Search.standard.name]?.count == 64)
    }

    @Test func whatIsLateOrMalformedOrNotItsOwnDoesNotSucceed() {
        let question = Question(
            id: "q", source: "t", subject: "s", topic: "t", domain: .other, question: "?", choices: ["k", "l", "m", "n"], answer: .B)
        func answer(_ output: String, late: Bool = false) -> TuningTrial {
            TuningTrial(
                AnswerRecord(questionID: "q", output: output, answer: AgentAnswer(answer: "B", reasoning: nil), seconds: 1, isLate: late),
                to: question, tokens: { $0.count })
        }
        #expect(answer("{\"answer\": \"B\"}").succeeded)
        #expect(!answer("{\"answer\": \"B\"}", late: true).succeeded && !answer("B").succeeded && !answer("B").isValid)
        let good = AgentQuestion(question).json
        func asked(_ output: String, late: Bool = false, pool: Bool = false, fair: Bool = true) -> Bool {
            let record = QuestionRecord(area: "a", topic: "t", output: output, question: nil, seconds: 1, isLate: late, isFromPool: pool)
            return TuningTrial(record, tokens: { $0.split(separator: " ").count }, isFair: { _ in fair }).succeeded
        }
        #expect(asked(good) && !asked(good, late: true) && !asked(good, pool: true) && !asked(good, fair: false) && !asked("?"))
    }
}
