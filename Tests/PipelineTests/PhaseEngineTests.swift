import Foundation
import Groundwork
import Testing

import Pipeline

/// A phase that joins its inputs into its output and counts its runs.
private final class JoiningPhase: Phase {
    let name: String
    var settings: [String: String]
    let inputs: [PhaseInput]
    let outputs: [String]
    let work: [String]
    var staleWork = StaleWork.delete
    var runs = 0
    /// Thrown in the middle, after the work file was written.
    var trouble: (any Error)?
    var sawWork = false

    init(_ name: String, inputs: [PhaseInput] = [], setting: String = "1") {
        self.name = name
        self.inputs = inputs
        settings = ["setting": setting]
        outputs = ["\(name)/out.txt"]
        work = ["\(name)/work.txt"]
    }

    func run(in run: RunFolder) throws {
        runs += 1
        sawWork = run.exists(work[0])
        try WholeFile.write("half", to: run.file(work[0]))
        if let trouble { throw trouble }
        var text = settings["setting"] ?? ""
        for input in inputs {
            switch input.place {
            case .run(let path): text += "+" + String(decoding: try WholeFile.read(run.file(path)), as: UTF8.self)
            case .external(let path), .model(let path): text += "+" + String(decoding: try WholeFile.read(path), as: UTF8.self)
            }
        }
        try WholeFile.write(text, to: run.file(outputs[0]))
    }
}

/// a → b → c, where a also reads a file from outside.
private final class Chain {
    let folder: String
    let outside: String
    let a, b, c: JoiningPhase
    var news: [String] = []

    init() throws {
        folder = NSTemporaryDirectory() + "retort-" + UUID().uuidString
        outside = folder + "-outside.txt"
        try WholeFile.write("x", to: outside)
        a = JoiningPhase("a", inputs: [.external(outside)])
        b = JoiningPhase("b", inputs: [.run("a/out.txt")])
        c = JoiningPhase("c", inputs: [.run("b/out.txt")])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: outside)
    }

    var run: RunFolder { RunFolder(folder) }
    var counts: [Int] { [a.runs, b.runs, c.runs] }

    /// A new engine each time, as a new process would have.
    func engine() throws -> PhaseEngine {
        try PhaseEngine(run: run, recipe: "test", seed: 1, phases: [a, b, c]) { [unowned self] in news.append($0) }
    }
    func execute(_ choice: PhaseChoice = PhaseChoice()) throws { try engine().execute(choice) }
    func plan(_ choice: PhaseChoice = PhaseChoice()) throws -> [PhaseState] { try engine().plan(choice).map(\.state) }
}

@Suite struct PhaseEngineTests {
    @Test func settingsAreFlatDownToTheirValues() throws {
        struct Inner: Encodable {
            let name: String
            let sizes: [Int]
        }
        struct Outer: Encodable {
            let inner = [Inner(name: "a", sizes: [1, 2]), Inner(name: "b", sizes: [])]
            let words = ["plain", "one, two", "so \"called\""]
            let on = true
        }
        let flat = try FlatSettings.of(Outer(), under: "x")
        #expect(flat.filter { $0.key != "x.on" } == ["x.inner.0.name": "a", "x.inner.0.sizes": "[1, 2]", "x.inner.1.name": "b", "x.inner.1.sizes": "[]",
            "x.words": #"[plain, "one, two", "so \"called\""]"#])
        #expect(flat["x.on"] != nil)
    }

    @Test func aSecondRunRepeatsNothing() throws {
        let chain = try Chain()
        #expect(try chain.plan() == [
            .due(because: "it has not been run"), .due(because: "it has not been run"), .due(because: "it has not been run"),
        ])
        try chain.execute()
        #expect(chain.counts == [1, 1, 1])
        #expect(try chain.plan() == [.valid, .valid, .valid])
        try chain.execute()
        #expect(chain.counts == [1, 1, 1])
        #expect(chain.news.suffix(3) == ["a: valid, nothing to do", "b: valid, nothing to do", "c: valid, nothing to do"])
    }

    @Test func aChangedSettingRepeatsItsPhaseAndWhatFollowsFromIt() throws {
        let chain = try Chain()
        try chain.execute()
        chain.b.settings["setting"] = "2"
        #expect(try chain.plan() == [
            .valid, .due(because: "setting changed from 1 to 2"), .due(because: "b makes b/out.txt anew"),
        ])
        try chain.execute()
        #expect(chain.counts == [1, 2, 2])
        #expect(String(decoding: try WholeFile.read(chain.run.file("c/out.txt")), as: UTF8.self) == "1+2+1+x")
    }

    @Test func aDeletedOutputIsMadeAgainAndTheSameBytesStopTheWave() throws {
        let chain = try Chain()
        try chain.execute()
        try chain.run.remove("a/out.txt")
        #expect(try chain.plan()[0] == .due(because: "its output a/out.txt is missing"))
        try chain.execute()
        #expect(chain.counts == [2, 1, 1])
    }

    @Test func aChangedOutputIsMadeAgain() throws {
        let chain = try Chain()
        try chain.execute()
        try WholeFile.write("1+1+y", to: chain.run.file("b/out.txt"))  // as long as before
        #expect(try chain.plan() == [
            .valid, .due(because: "its output b/out.txt changed"), .due(because: "its input b/out.txt changed"),
        ])
        try chain.execute()
        #expect(chain.counts == [1, 2, 1])
        #expect(String(decoding: try WholeFile.read(chain.run.file("b/out.txt")), as: UTF8.self) == "1+1+x")
    }

    @Test func aChangedInputFromOutsideRepeatsAll() throws {
        let chain = try Chain()
        try chain.execute()
        try WholeFile.write("z", to: chain.outside)
        #expect(try chain.plan()[0] == .due(because: "its input \(chain.outside) changed"))
        try chain.execute()
        #expect(chain.counts == [2, 2, 2])
    }

    @Test func aMissingInputIsNamedWithARemedy() throws {
        let chain = try Chain()
        try FileManager.default.removeItem(atPath: chain.outside)
        #expect(try chain.engine().missingInputs().map(\.input.label) == [chain.outside])
        #expect(throws: RunError.missingInput(phase: "a", input: chain.outside, remedy: "put it there or change the recipe")) {
            try chain.execute()
        }
        #expect(throws: RunError.missingInput(phase: "b", input: "a/out.txt", remedy: "run a first")) {
            try chain.execute(PhaseChoice(only: "b"))
        }
    }

    @Test func onlyAndFromRepeatWhatIsValid() throws {
        let chain = try Chain()
        try chain.execute()
        try chain.execute(PhaseChoice(only: "b"))
        #expect(chain.counts == [1, 2, 1])
        try chain.execute(PhaseChoice(from: "b"))
        #expect(chain.counts == [1, 3, 2])
        #expect(try chain.plan(PhaseChoice(from: "b")) == [
            .left(because: nil), .due(because: "--from asks for it"), .due(because: "--from asks for it"),
        ])
        #expect(throws: RunError.unknownPhase("d", known: ["a", "b", "c"])) { try chain.execute(PhaseChoice(only: "d")) }
    }

    @Test func earlierPhasesAreTakenAsTheyLieAndSaySo() throws {
        let chain = try Chain()
        try chain.execute()
        try WholeFile.write("by hand", to: chain.run.file("a/out.txt"))
        try chain.execute(PhaseChoice(from: "b"))
        #expect(chain.counts == [1, 2, 2])
        #expect(chain.news.contains("a: taken as it lies, although it is not valid (its output a/out.txt changed)"))
        #expect(String(decoding: try WholeFile.read(chain.run.file("b/out.txt")), as: UTF8.self) == "1+by hand")
    }

    @Test func aStoppedPhaseContinuesItsOwnWorkOnly() throws {
        let chain = try Chain()
        chain.b.trouble = Interrupted()
        #expect(throws: Interrupted.self) { try chain.execute() }
        #expect(try chain.plan()[1] == .due(because: "it was begun and not finished"))
        chain.b.trouble = nil
        try chain.execute()
        #expect(chain.counts == [1, 2, 1])
        #expect(chain.b.sawWork)

        chain.b.settings["setting"] = "2"
        chain.b.trouble = Interrupted()
        #expect(throws: Interrupted.self) { try chain.execute() }
        #expect(!chain.b.sawWork, "work begun with other settings is not continued")
        chain.b.settings["setting"] = "3"
        chain.b.trouble = nil
        try chain.execute()
        #expect(!chain.b.sawWork)
    }

    @Test func expensiveWorkIsSetAside() throws {
        let chain = try Chain()
        chain.b.staleWork = .setAside
        try chain.execute()
        try chain.execute(PhaseChoice(only: "b"))
        #expect(!chain.run.exists("set-aside/b-out.txt-1"), "the same work goes on from what it made")
        chain.b.settings["setting"] = "2"
        try chain.execute()
        #expect(String(decoding: try WholeFile.read(chain.run.file("set-aside/b-out.txt-1")), as: UTF8.self) == "1+1+x")
        try WholeFile.write("touched", to: chain.run.file("b/out.txt"))
        try chain.execute()
        #expect(String(decoding: try WholeFile.read(chain.run.file("set-aside/b-out.txt-2")), as: UTF8.self) == "touched")
    }

    @Test func aPhaseThatForgetsItsOutputFails() throws {
        final class Forgetful: Phase {
            let name = "a", settings: [String: String] = [:], inputs: [PhaseInput] = [], outputs = ["never"]
            func run(in run: RunFolder) throws {}
        }
        let run = RunFolder(NSTemporaryDirectory() + "retort-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: run.path) }
        let engine = try PhaseEngine(run: run, recipe: "test", seed: 1, phases: [Forgetful()]) { _ in }
        #expect(throws: RunError.missingOutput(phase: "a", output: run.file("never"))) { try engine.execute() }
        #expect(engine.finished.phases.isEmpty)
    }

    @Test func aBrokenManifestIsAnError() throws {
        let chain = try Chain()
        try WholeFile.write("{", to: chain.run.file("manifest.json"))
        #expect(throws: RunError.self) { try chain.execute() }
    }

    @Test func oneRunAtATime() throws {
        let run = RunFolder(NSTemporaryDirectory() + "retort-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: run.path) }
        var first: RunLock? = try RunLock(run)
        #expect(throws: RunError.locked(folder: run.path, holder: "\(getpid())")) { _ = try RunLock(run) }
        _ = first
        first = nil
        _ = try RunLock(run)
    }
}
