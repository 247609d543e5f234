import Checkpoints
import Evaluation
import Foundation
import Groundwork
import Merging
import Questions
import Testing

import Pipeline

private let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Fixtures/Merging"

/// Sixty-four questions of two domains, in turn.
private let questions = (0..<64).map { index in
    Question(
        id: "q\(index)", source: "test", subject: index.isMultiple(of: 2) ? "algebra" : "python", topic: "t",
        domain: index.isMultiple(of: 2) ? .math : .code, question: "Question \(index)?", choices: ["a", "b", "c", "d"], answer: .B)
}

/// Selections whose contestants are right as often as the test says: `skill` is the share of questions by contestant and domain.
private final class Bench {
    let folder = NSTemporaryDirectory() + "retort-select-" + UUID().uuidString
    var skill: [String: [Domain: Double]] = [:]
    var asked: [String: Int] = [:]
    var said: [String] = []
    /// Thrown at the question portion of this number, counted from 1.
    var stopAt: Int?
    private var portions = 0

    init(math: String = "plain", code: String = "stable") throws {
        try WholeFile.makeFolder(folder)
        for (name, fixture) in [("math", math), ("code", code), ("mixed", "third")] {
            try FileManager.default.copyItem(atPath: "\(fixtures)/\(fixture)", toPath: "\(folder)/\(name)")
        }
        skill = ["base": [.math: 0.25, .code: 0.25], "math": [.math: 0.7, .code: 0.3], "code": [.math: 0.3, .code: 0.7]]
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var output: String { folder + "/out" }

    private func answer(_ name: String, _ question: Question) -> EvaluationRecord {
        let number = (Int(question.id.dropFirst()) ?? 0) / 2
        let share = skill[name]?[question.domain] ?? 0.2
        let isRight = Double(number) < share * 32
        return EvaluationRecord(
            question, logProbabilities: isRight ? [-3, -0.2, -3, -3] : [-0.2, -3, -3, -3], tokens: 0, finished: true)
    }

    func selection(_ candidates: [String], names: [String] = ["math", "code"]) throws -> MergeSelection {
        MergeSelection(
            specialists: names.map { .init(folder: "\(folder)/\($0)") }, candidates: try candidates.map { try MergeCandidate($0) },
            questions: questions, output: output, model: "m@1", style: "chat letter",
            examine: { [unowned self] adapter in
                let last = adapter.map { ($0 as NSString).lastPathComponent } ?? "base"
                if let adapter { _ = try AdapterFile.read(adapter) }
                // A merge lies under its name with a hash behind.
                let name = adapter?.contains("/adapters/") == true ? String(last.dropLast(13)) : last
                return { [unowned self] portion, progress in
                    portions += 1
                    if portions == stopAt { throw Interrupted() }
                    asked[name, default: 0] += portion.count
                    progress(portion.count)
                    return portion.map { self.answer(name, $0) }
                }
            },
            say: { [unowned self] in said.append($0) })
    }

    /// Every tensor's bytes by name: the file's head may list them in another order.
    func bytes(_ path: String) throws -> [String: Data] {
        let file = try Safetensors(path: "\(path)/\(AdapterFile.weightsName)")
        return Dictionary(uniqueKeysWithValues: file.tensors.values.map { ($0.name, Data($0.bytes)) })
    }

    var written: MergeReport {
        get throws { try JSONDecoder().decode(MergeReport.self, from: WholeFile.read("\(output)/\(AdapterMerge.reportName)")) }
    }
}

@Suite struct MergeSelectionTests {
    @Test func theBestMergeWinsAndIsWrittenWithTheRace() throws {
        let bench = try Bench()
        bench.skill["core-ties-density=0.5"] = [.math: 0.9, .code: 0.9]
        bench.skill["ties"] = [.math: 0.6, .code: 0.5]
        let report = try bench.selection(["ties", "core:ties:density=0.5", "svd", "dare_ties"]).run()
        #expect(report.winner == "core:ties:density=0.5" && report.winnerKind == .merge)
        #expect(report.rungs.map(\.questions) == [32, 64])
        #expect(report.rungs[0].standings.filter { !$0.stays }.map(\.name) == ["svd", "dare_ties"])
        #expect(bench.asked["svd"] == 32 && bench.asked["ties"] == 64 && bench.asked["cat"] == 64 && bench.asked["linear"] == 64)
        #expect(report.verdict.contains("The winner is core:ties:density=0.5. Against the best single adapter, math"))
        #expect(report.finalists[0].againstBaseline?.verdict == .better)
        // What lies there is that merge, and says so.
        let expected = bench.folder + "/expected"
        let inputs = ["math", "code"].map { MergeInput(folder: "\(bench.folder)/\($0)") }
        try AdapterMerge.run(inputs, settings: MergeSettings(method: .ties, space: .core, density: 0.5), to: expected)
        #expect(try bench.bytes(bench.output) == bench.bytes(expected))
        #expect(try bench.written.choice?.winner == "core:ties:density=0.5")
        #expect(try bench.written.settings.space == .core)
        let read = try JSONDecoder().decode(SelectionReport.self, from: WholeFile.read("\(bench.output)/\(SelectionReport.fileName)"))
        #expect(read.winner == report.winner && read.finalists.count == report.finalists.count)
        #expect(report.text.contains("* core:ties:density=0.5") && report.text.contains("best baseline"))
        #expect(!FileManager.default.fileExists(atPath: bench.output + ".select/adapters"))
    }

    @Test func withoutABetterMergeTheBestSingleAdapterIsCopied() throws {
        let bench = try Bench()
        bench.skill["mixed"] = [.math: 0.8, .code: 0.8]
        // As often right as the best single adapter is not better.
        bench.skill["ties"] = [.math: 0.8, .code: 0.8]
        var selection = try bench.selection(["ties", "svd"])
        selection.baselines = [bench.folder + "/mixed"]
        let report = try selection.run()
        #expect(report.winner == "mixed" && report.winnerKind == .adapter && report.bestBaseline == "mixed")
        #expect(report.verdict.contains("NO MERGE IS BETTER than the single adapter mixed"))
        #expect(try bench.bytes(bench.output) == bench.bytes(bench.folder + "/mixed"))
        #expect(try bench.written.choice?.verdict == report.verdict)
    }

    @Test func aSpecialistThatIsNotBetterOnItsOwnQuestionsIsLeftOut() throws {
        let bench = try Bench()
        try FileManager.default.copyItem(atPath: "\(fixtures)/third", toPath: bench.folder + "/third-python")
        // Better than the base by far, but not on its own subject.
        bench.skill["third-python"] = [.math: 1, .code: 0.25]
        bench.skill["ties"] = [.math: 1, .code: 1]
        let report = try bench.selection(["ties"], names: ["math", "code", "third-python"]).run()
        #expect(report.specialists.map(\.isMerged) == [true, true, false])
        #expect(report.specialists.map(\.own) == ["math", "code", "python"])
        #expect(bench.said.contains { $0.contains("WARNING: the third-python specialist is LEFT OUT of the merge: not better than the base on 32 python") })
        #expect(try bench.written.adapters.map { ($0.folder as NSString).lastPathComponent } == ["math", "code"])
        #expect(report.finalists.contains { $0.name == "third-python" && $0.isBaseline })

        var all = try bench.selection(["ties"], names: ["math", "code", "third-python"])
        all.keepsAll = true
        #expect(try all.run().specialists.allSatisfy(\.isMerged))
        #expect(try bench.written.adapters.count == 3)
    }

    @Test func oneSpecialistThatIsLeftIsNotMerged() throws {
        let bench = try Bench()
        bench.skill["code"] = [.math: 0.25, .code: 0.25]
        let report = try bench.selection(["ties"]).run()
        #expect(report.winner == "math" && report.rungs.isEmpty)
        #expect(report.verdict.contains("Nothing was merged.") && bench.asked["ties"] == nil)
        #expect(try bench.bytes(bench.output) == bench.bytes(bench.folder + "/math"))
    }

    @Test(arguments: [1, 3, 6, 9]) func aStoppedRaceGoesOnWithoutAskingAgain(stop: Int) throws {
        let bench = try Bench()
        bench.skill["ties"] = [.math: 0.9, .code: 0.9]
        let candidates = ["ties", "svd", "dare_ties", "sce"]
        bench.stopAt = stop
        #expect(throws: Interrupted.self) { try bench.selection(candidates).run() }
        #expect(!FileManager.default.fileExists(atPath: bench.output))
        bench.stopAt = nil
        let report = try bench.selection(candidates).run()

        let whole = try Bench()
        whole.skill = bench.skill
        #expect(try whole.selection(candidates).run().winner == report.winner)
        #expect(bench.asked == whole.asked)
        // A finished race that is run again asks nothing and writes the same.
        let (asked, bytes) = (bench.asked, try bench.bytes(bench.output))
        #expect(try bench.selection(candidates).run().winner == report.winner)
        #expect(bench.asked == asked)
        #expect(try bench.bytes(bench.output) == bytes)
    }

    @Test func aLargerBudgetGoesOnWhereASmallerEnded() throws {
        let bench = try Bench()
        var selection = try bench.selection(["ties"])
        selection.budget = 20
        #expect(try selection.run().questions == 20)
        #expect(bench.asked["base"] == 20)
        selection.budget = nil
        #expect(try selection.run().questions == 64)
        #expect(bench.asked["base"] == 64)
    }

    @Test func anotherAdapterIsAskedAfreshAndATornLineIsAskedAgain() throws {
        let bench = try Bench()
        _ = try bench.selection(["ties"]).run()
        let answers = bench.output + ".select/answers"
        let base = try #require(try FileManager.default.contentsOfDirectory(atPath: answers).first { $0.hasPrefix("base-") })
        let data = try WholeFile.read("\(answers)/\(base)")
        try WholeFile.write(Data(data.dropLast(5)), to: "\(answers)/\(base)")
        try FileManager.default.removeItem(atPath: bench.folder + "/math")
        try FileManager.default.copyItem(atPath: "\(fixtures)/third", toPath: bench.folder + "/math")
        _ = try bench.selection(["ties"]).run()
        #expect(bench.asked["base"] == 65)
        #expect(bench.asked["math"] == 128 && bench.asked["ties"] == 128 && bench.asked["code"] == 64)

        try WholeFile.write("{\"no\":\"answer\"}\n", to: "\(answers)/\(base)")
        #expect(throws: SelectionError.cache(path: "\(answers)/\(base)", line: 1)) { try bench.selection(["ties"]).run() }
    }

    @Test func whatCannotBeMergedIsSaidBeforeAnythingIsAsked() throws {
        // Of rank 4 and 2 in one layer: factors cannot be merged entry by entry.
        let bench = try Bench(code: "mixed")
        #expect(throws: MergeError.self) { try bench.selection(["ties"]).run() }
        #expect(bench.asked.isEmpty)
        var selection = try bench.selection(["ties", "core:ties"])
        selection.isStrict = false
        let report = try selection.run()
        #expect(report.refused.keys.sorted() == ["ties"])
        #expect(report.finalists.map(\.name).contains("core:linear"))
        #expect(throws: SelectionError.candidate("start:ties", "it needs the start from which the adapters were trained (--start DIR)")) {
            try bench.selection(["start:ties"]).run()
        }
        var onItself = try bench.selection(["core:ties"])
        onItself.output = bench.folder + "/math/"
        #expect(throws: MergeError.self) { try onItself.run() }
    }

    @Test func changesSinceACommonStartCompeteToo() throws {
        let bench = try Bench()
        bench.skill["start-ties"] = [.math: 1, .code: 1]
        var selection = try bench.selection(["ties", "start:ties"])
        selection.start = bench.folder + "/mixed"
        #expect(try selection.run().winner == "start:ties")
        #expect(try bench.written.notes.contains { $0.contains("which was added back") })
        #expect(try AdapterFile.read(bench.output).configuration.rank == 4)
    }

    @Test func anUnknownDomainNamesThoseThereAre() throws {
        let bench = try Bench()
        var selection = try bench.selection(["ties"])
        selection.specialists[0].own = "chemistry"
        #expect(throws: SelectionError.unknownOwn(
            specialist: bench.folder + "/math", name: "chemistry", known: ["algebra", "code", "math", "python"])) { try selection.run() }
    }
}

@Suite struct MergeRaceTests {
    @Test(arguments: [
        (200, 12, [25, 50, 100, 200]), (200, 2, [200]), (200, 3, [100, 200]), (30, 12, [30]), (40, 12, [20, 40]), (64, 4, [32, 64]),
        (65, 4, [32, 65]), (1, 9, [1]),
    ])
    func rungsDoubleUpToAllQuestions(questions: Int, contestants: Int, sizes: [Int]) {
        #expect(MergeRace.rungs(questions: questions, contestants: contestants) == sizes)
    }

    private func records(_ right: Int, of count: Int, likelihood: Float) -> [EvaluationRecord] {
        (0..<count).map { index in
            EvaluationRecord(
                questions[index], logProbabilities: index < right ? [-2, likelihood, -2, -2] : [likelihood, -2, -2, -2], tokens: 0, finished: true)
        }
    }

    @Test func equalsAreToldApartByTheLettersLikelihood() throws {
        let rungs = try MergeRace.run(["a", "b", "c", "baseline"], baselines: ["baseline"], sizes: [16, 32]) { name, _, count in
            switch name {
            case "a": records(8, of: count, likelihood: -0.9)
            case "b": records(8, of: count, likelihood: -0.1)
            case "c": records(9, of: count, likelihood: -1)
            default: records(0, of: count, likelihood: -0.1)
            }
        } finished: { _ in }
        #expect(rungs.map { $0.standings.map(\.name) } == [["c", "b", "a", "baseline"], ["c", "b", "baseline"]])
        #expect(rungs[0].standings.map(\.stays) == [true, true, false, true])
        #expect(rungs[0].standings[1].againstBest?.onlyFirst == 1 && rungs[0].standings[0].againstBest == nil)
    }
}

@Suite struct MergeCandidateTests {
    @Test func allStandardCandidatesAreReadable() throws {
        for name in MergeCandidate.standard + MergeCandidate.relative + MergeCandidate.baselines {
            #expect(try MergeCandidate(name).name == name)
        }
    }

    @Test func aNameIsItsSettings() throws {
        let candidate = try MergeCandidate("start:knots:ties:density=0.4:sign=total:lambda=0.5:rank=full:convention=mergekit", seed: 7)
        #expect(candidate.isRelative)
        #expect(candidate.settings == MergeSettings(
            method: .ties, space: .knots, convention: .mergekit, density: 0.4, sign: .total, lambda: 0.5, rank: .full, seed: 7))
        #expect(try MergeCandidate("dare_ties:seed=3", seed: 7).settings.seed == 3)
    }

    @Test(arguments: [
        ("slerp", "there is no merge method \"slerp\""), ("", "there is no merge method \"\""), ("core", "the method is missing"),
        ("ties:dense", "'dense' is no setting"), ("ties:density=much", "'much' is no value for density"),
        ("ties:density=2", "a density of 2.0 makes no sense"), ("linear:density=0.5", "density means nothing to the method linear"),
        ("ties:space=core", "there is no setting 'space'"), ("core:cat", "cat does not exist in the space core"),
    ])
    func aBadCandidateSaysWhatIsWrong(name: String, reason: String) {
        #expect { try MergeCandidate(name) } throws: { "\($0)".contains("the candidate '\(name)' cannot be tried") && "\($0)".contains(reason) }
    }
}
