import Foundation
import Testing
import Transformers

import Evaluation

@Suite struct MathBenchmarkTests {
    @Test func problemsAreReadAndJudged() throws {
        let scratch = try Scratch()
        let path = try scratch.write(#"""
            {"problem": "What is $1+1$?", "solution": "It is $\\boxed{2}$.", "answer": "2", "subject": "Prealgebra", "level": 1, "unique_id": "test/a.json"}
            {"problem": "Half of one?", "solution": "Clearly $\\boxed{\\frac{1}{2}}$.", "level": "Level 3"}

            """#, to: "math.jsonl")
        let benchmark = try MathBenchmark(path: path)
        #expect(benchmark.tasks.map(\.id) == ["test/a.json", "2"] && benchmark.tasks.map(\.group) == ["Prealgebra", "all"])
        #expect(benchmark.tasks[0].prompt.hasPrefix("What is $1+1$?\n\n") && benchmark.tasks[0].prompt.contains("\\boxed{}"))
        #expect(benchmark.judge("So \\boxed{2.0}.", of: 0) == Judgement(answer: "2.0", isCorrect: true, reason: nil))
        #expect(benchmark.judge("So \\boxed{0.5}.", of: 1).isCorrect)
        #expect(benchmark.judge("So \\boxed{3}.", of: 0) == Judgement(answer: "3", isCorrect: false, reason: "not 2"))
        #expect(benchmark.judge("It is 2.", of: 0).answer == nil)
    }

    @Test(arguments: [
        ("{\"problem\": \"x\"}", "line 1: it has neither"), ("\n{\"answer\": \"x\"}", "line 2: it is no JSON object"), ("", "holds no problems"),
    ])
    func brokenFilesAreNamed(text: String, complaint: String) throws {
        let scratch = try Scratch()
        let path = try scratch.write(text, to: "math.jsonl")
        let error = #expect(throws: EvaluationError.self) { try MathBenchmark(path: path) }
        #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
    }
}

/// Tasks whose right reply is their own id.
private struct Echo: WrittenBenchmark {
    let name = "echo"
    var tasks = ["a", "b", "c"].map { WrittenTask(id: $0, group: "all", prompt: "say \($0)") }
    func judge(_ reply: String, of task: Int) -> Judgement {
        Judgement(answer: reply, isCorrect: reply == tasks[task].id, reason: nil)
    }
}

@Suite struct WrittenEvaluatorTests {
    /// A model of bytes that repeats the last byte of its prompt once and ends, save where it is told to say x for ever.
    private func evaluator(
        limit: Int = 5, model: String = "m", babbles: Set<String> = [], failsAfter: Int = .max, asked: @escaping (String) -> Void = { _ in }
    ) -> WrittenEvaluator {
        WrittenEvaluator(
            encode: { $0.utf8.map(Int.init) }, text: { String(decoding: $0.map(UInt8.init), as: UTF8.self) }, ends: [0],
            identity: ["model": model], sampling: .greedy, limit: limit, seed: 0
        ) { streams, progress in
            for (number, stream) in streams.enumerated() {
                if number >= failsAfter { throw EvaluationError.noQuestions }
                let word = String(decoding: stream.prompt.map(UInt8.init).suffix(1), as: UTF8.self)
                asked(word)
                var said = 0
                while case .sample = try stream.guide.next() {
                    let token = babbles.contains(word) ? 120 : said == 0 ? stream.prompt[stream.prompt.count - 1] : 0
                    try stream.guide.sampled(token)
                    said += 1
                }
                progress?(number + 1)
            }
        }
    }

    @Test func repliesAreJudgedAndSummedUp() throws {
        let records = try evaluator(babbles: ["b"]).run(Echo())
        #expect(records.map(\.reply) == ["a", "xxxxx", "c"] && records.map(\.finished) == [true, false, true])
        let result = WrittenResult(model: "m", adapter: nil, benchmark: "echo", records: records)
        #expect(result.overall.successes == 2 && result.finished.successes == 2 && result.answered.value == 1)
        #expect(abs(result.meanTokens - 7.0 / 3) < 1e-12)
        #expect(result.table.contains("66.7 %") && result.table.contains("m, echo"))
        #expect(try JSONDecoder().decode(WrittenResult.self, from: JSONEncoder().encode(result)) == result)
    }

    @Test func aStoppedRunAsksOnlyForWhatIsMissing() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/replies.jsonl"
        #expect(throws: EvaluationError.self) { try evaluator(failsAfter: 2).run(Echo(), keepingIn: file) }
        var asked: [String] = []
        let records = try evaluator(asked: { asked.append($0) }).run(Echo(), keepingIn: file)
        #expect(asked == ["c"] && records.map(\.reply) == ["a", "b", "c"])
        asked = []
        _ = try evaluator(asked: { asked.append($0) }).run(Echo(), keepingIn: file)
        #expect(asked.isEmpty)
    }

    @Test func repliesOfOtherSettingsAreNotMixedIn() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/replies.jsonl"
        _ = try evaluator().run(Echo(), keepingIn: file)
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        let others = [
            (evaluator(limit: 6), "(max-tokens 5) than these (max-tokens 6)"), (evaluator(model: "n"), "(model m) than these (model n)"),
        ]
        for (other, difference) in others {
            let error = #expect(throws: EvaluationError.self) { try other.run(Echo(), keepingIn: file) }
            #expect(error?.description.contains("holds answers of other settings \(difference); give another file") == true, "\(error?.description ?? "")")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    /// The ids of a file of problems may be its lines' numbers, which every file has.
    @Test func repliesToOtherProblemsAreNotTaken() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/replies.jsonl"
        _ = try evaluator().run(Echo(), keepingIn: file)
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        var echo = Echo()
        echo.tasks[1] = WrittenTask(id: "b", group: "all", prompt: "please say b")
        let error = #expect(throws: EvaluationError.self) { try evaluator().run(echo, keepingIn: file) }
        #expect(error?.description.contains("line 2: it is the answer to another question than the one whose id is b now") == true)
        #expect(error?.description.contains("give another file with --output") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
        echo.tasks[1] = WrittenTask(id: "d", group: "all", prompt: "say d")
        #expect(try evaluator().run(echo, keepingIn: file).map(\.reply) == ["a", "d", "c"])
    }

    @Test(arguments: [0, 2], ["{", #"{"finished":true,"id":"b","prom"#])
    func aTornLineIsAskedForAgain(whole: Int, torn: String) throws {
        let scratch = try Scratch()
        let file = scratch.path + "/replies.jsonl"
        _ = try evaluator().run(Echo(), keepingIn: file)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map { $0 + "\n" }
        try scratch.write(lines.prefix(whole).joined() + torn, to: "replies.jsonl")
        var asked: [String] = []
        let records = try evaluator(asked: { asked.append($0) }).run(Echo(), keepingIn: file)
        #expect(asked == Array(["a", "b", "c"].dropFirst(whole)) && records.map(\.reply) == ["a", "b", "c"])
        #expect(try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").count == 3)
        asked = []
        _ = try evaluator(asked: { asked.append($0) }).run(Echo(), keepingIn: file)
        #expect(asked.isEmpty)
    }

    /// Least of all is it cut.
    @Test(arguments: ["{}\n", #"{"problem": "x", "answer": "1"}"#, "a\nb"])
    func aFileOfSomethingElseIsLeftAlone(text: String) throws {
        let scratch = try Scratch()
        let file = try scratch.write(text, to: "data.jsonl")
        let error = #expect(throws: EvaluationError.self) { try evaluator().run(Echo(), keepingIn: file) }
        #expect(error?.description.contains("line 1: it is no answer") == true)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test func twoResultsAreComparedProblemByProblem() throws {
        func result(_ babbles: Set<String>) throws -> WrittenResult {
            WrittenResult(model: "m", adapter: nil, benchmark: "echo", records: try evaluator(babbles: babbles).run(Echo()))
        }
        let comparison = try WrittenResult.compare(result(["a", "b"]), result(["c"]))
        #expect(comparison.overall.pair.onlySecond == 2 && comparison.overall.pair.onlyFirst == 1)
        #expect(comparison.groups.keys.sorted() == ["all"])
        let one = WrittenResult(model: "m", adapter: nil, benchmark: "echo", records: try evaluator().run(Echo(), count: 1))
        #expect(throws: EvaluationError.self) { try WrittenResult.compare(one, result([])) }
    }
}
