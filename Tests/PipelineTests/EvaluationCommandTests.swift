import Evaluation
import Foundation
import Groundwork
import Questions
import Testing

import Pipeline

/// What `retort evaluate --json` writes of four-choice questions.
struct Evaluated: Decodable {
    let result: EvaluationResult
    let compared: EvaluationResult?
    let rotation: Rotation?
    let compared_rotation: Rotation?
}

/// Sixteen questions in `questions.jsonl` of a folder, and where they lie.
func writeQuestions(in folder: String) throws -> (questions: [Question], file: String) {
    let questions = try QuestionGenerator.generate(domain: .stem, count: 16, seed: 3)
    try QuestionFile.write(questions, to: folder + "/questions.jsonl")
    return (questions, folder + "/questions.jsonl")
}

/// `retort bakeoff`: each model in a process of its own.
@Suite struct BakeoffCommandTests {
    private struct Baked: Decodable {
        let bakeoff: Bakeoff
        let failed: [String: String]

        func entry(_ name: String) -> Bakeoff.Entry? { bakeoff.entries.first { $0.name == name } }
    }

    private func bakeoff(_ models: [String], _ folder: String, json: String, options: [String] = []) throws -> Command {
        try Command(
            ["bakeoff"] + models.flatMap { ["--model", $0] }
                + ["--questions", folder + "/questions.jsonl", "--device", "cpu", "-o", folder + "/kept", "--json", folder + "/" + json] + options)
    }

    private func baked(_ folder: String, _ json: String) throws -> Baked { try RunFolder(folder).readJSON(Baked.self, from: json) }

    /// The one file that was kept of a model.
    private func kept(_ model: String, _ folder: String) throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/kept").filter { $0.hasPrefix("\((model as NSString).lastPathComponent)-") }
        try #require(files.count == 1, "\(files)")
        return "kept/" + files[0]
    }

    @Test func modelsAreRankedByWhatEachWasMeasuredAlone() throws {
        try withFolder { folder in
            _ = try writeQuestions(in: folder)
            let merged = folder + "/merged"
            let export = try Command(["export", tinyAdapter, "--format", "checkpoint", "--model", tinyModel, "-o", merged])
            #expect(export.status == 0, "\(export.errors)")
            let command = try bakeoff([merged, tinyModel], folder, json: "bakeoff.json")
            #expect(command.status == 0, "\(command.errors)")
            let alone = try [merged, tinyModel].map { ($0, try RunFolder(folder).readJSON(Evaluated.self, from: kept($0, folder)).result) }
            #expect(alone[0].1.records.map(\.logProbabilities) != alone[1].1.records.map(\.logProbabilities))
            let ranked = alone[1].1.overall.successes > alone[0].1.overall.successes ? [alone[1], alone[0]] : alone
            let found = try baked(folder, "bakeoff.json")
            #expect(found.failed.isEmpty && found.bakeoff.entries.map(\.name) == ranked.map(\.0))
            #expect(found.bakeoff.entries.map(\.accuracy) == ranked.map(\.1.overall) && ranked[0].1.overall.count == 16)
            let pair = PairedComparison(zip(ranked[0].1.records, ranked[1].1.records).map { ($0.correct, $1.correct) })
            #expect(found.bakeoff.pairs.map(\.finding.pair) == [pair])

            let lines = command.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 4, "\(command.output)")
            #expect(lines[0].hasPrefix("16 questions"))
            for (line, model) in zip(lines.dropFirst(), ranked) {
                #expect(line.hasPrefix(model.0 + " ") && line.contains(String(format: " %.1f %%  ", model.1.overall.value * 100)), "\(line)")
            }
            #expect(lines[1].contains(" highest ") && lines[2].contains(" \(found.bakeoff.pairs[0].finding.word) "))
            #expect(lines[3] == found.bakeoff.conclusion && lines[3].hasPrefix(ranked[0].0))
        }
    }

    /// A model that is kept costs nothing; another model, changed weights or another limit are measured, and a damaged file is named.
    @Test func whatWasMeasuredIsNotMeasuredAgain() throws {
        try withFolder { folder in
            _ = try writeQuestions(in: folder)
            let twin = folder + "/twin", third = folder + "/third"
            for copy in [twin, third] { try FileManager.default.copyItem(atPath: tinyModel, toPath: copy) }
            let first = try bakeoff([tinyModel, twin], folder, json: "first.json")
            #expect(first.status == 0 && first.errors.contains("loading \(tinyModel)\n") && first.errors.contains("loading \(twin)\n"), "\(first.errors)")
            let again = try bakeoff([tinyModel, twin], folder, json: "again.json")
            #expect(again.status == 0 && again.errors.isEmpty && again.output == first.output, "\(again.errors)")
            #expect(try WholeFile.read(folder + "/again.json") == WholeFile.read(folder + "/first.json"))

            let more = try bakeoff([tinyModel, twin, third], folder, json: "more.json")
            #expect(more.status == 0 && more.errors.contains("loading \(third)\n"), "\(more.errors)")
            #expect(!more.errors.contains("loading \(tinyModel)\n") && !more.errors.contains("loading \(twin)\n"))
            let (before, after) = (try baked(folder, "first.json"), try baked(folder, "more.json"))
            #expect(after.bakeoff.entries.map(\.name) == [tinyModel, twin, third])
            #expect(after.entry(tinyModel) == before.entry(tinyModel) && after.entry(twin) == before.entry(twin))
            #expect(after.bakeoff.pairs.count == 3 && after.bakeoff.pairs.allSatisfy { $0.finding.pair.onlyFirst + $0.finding.pair.onlySecond == 0 })
            #expect(after.bakeoff.conclusion == "\(tinyModel), \(twin), \(third) share the highest accuracy")

            let weights = third + "/model.safetensors"
            try WholeFile.write(WholeFile.read(weights), to: weights)
            let changed = try bakeoff([tinyModel, third], folder, json: "changed.json")
            #expect(changed.status == 0 && changed.errors.contains("loading \(third)\n") && !changed.errors.contains("loading \(tinyModel)\n"), "\(changed.errors)")

            let file = try kept(twin, folder)
            let whole = String(decoding: try WholeFile.read(folder + "/" + file), as: UTF8.self)
            let scores = try #require(whole.range(of: #""log_probabilities" ?: ?\[[^\]]*\]"#, options: .regularExpression))
            for content in ["{}", whole.replacingCharacters(in: scores, with: #""log_probabilities": [-1, -1]"#)] {
                try WholeFile.write(content, to: folder + "/" + file)
                let damaged = try bakeoff([tinyModel, twin, third], folder, json: "damaged.json")
                #expect(damaged.status == 1 && damaged.output.isEmpty)
                #expect(damaged.errors.hasPrefix("error: cannot use \(folder)/\(file): ") && damaged.errors.contains("remove it to measure \(twin) again"))
            }

            let fewer = try bakeoff([tinyModel, twin], folder, json: "fewer.json", options: ["--limit", "4"])
            #expect(fewer.status == 0 && fewer.errors.contains("loading \(tinyModel)\n") && fewer.output.hasPrefix("4 questions"), "\(fewer.errors)")
            #expect(try baked(folder, "fewer.json").bakeoff.entries.map(\.accuracy.count) == [4, 4])
        }
    }

    @Test func aModelThatFailsIsNamedAndLeavesTheOthers() throws {
        try withFolder { folder in
            _ = try writeQuestions(in: folder)
            let broken = folder + "/broken", absent = folder + "/absent", weights = broken + "/model.safetensors"
            try FileManager.default.copyItem(atPath: tinyModel, toPath: broken)
            let whole = try WholeFile.read(weights)
            try WholeFile.write(whole.prefix(whole.count / 2), to: weights)
            let models = [broken, tinyModel, absent]
            let command = try bakeoff(models, folder, json: "first.json")
            #expect(command.status == 1)
            #expect(command.output.hasSuffix("\n\n\(tinyModel) was measured alone\n") && !command.output.contains(broken) && !command.output.contains(absent))
            let errors = command.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
            try #require(errors.count == 3, "\(command.errors)")
            #expect(errors[0].contains(weights) && errors[0].contains("is damaged") && errors[1].contains("found no checkpoint \(absent)"))
            #expect(errors[2] == "error: not measured: \(absent), \(broken); their messages stand above")
            let first = try baked(folder, "first.json")
            #expect(Set(first.failed.keys) == [absent, broken] && first.bakeoff.entries.map(\.name) == [tinyModel] && first.bakeoff.pairs.isEmpty)

            try WholeFile.write(whole, to: weights)
            try FileManager.default.copyItem(atPath: tinyModel, toPath: absent)
            let mended = try bakeoff(models, folder, json: "mended.json")
            #expect(mended.status == 0 && mended.errors.contains("loading \(broken)\n") && !mended.errors.contains("loading \(tinyModel)\n"), "\(mended.errors)")
            let second = try baked(folder, "mended.json")
            #expect(second.failed.isEmpty && second.bakeoff.entries.map(\.name) == models && second.entry(tinyModel) == first.entry(tinyModel))
        }
    }
}

/// `retort evaluate --rotate`.
@Suite struct RotationCommandTests {
    /// Against the same askings put one by one into a file: every number from its definition.
    @Test func eachQuestionCountsInAllItsRotations() throws {
        try withFolder { folder in
            let (questions, file) = try writeQuestions(in: folder)
            let askings: [Question] = questions.flatMap { question in
                (0..<4).map { shift in
                    var asked = question
                    asked.id = "\(question.id) \(shift)"
                    asked.choices = Array(question.choices.suffix(shift) + question.choices.prefix(4 - shift))
                    asked.answer = Letter.allCases[(question.answer.index + shift) % 4]
                    return asked
                }
            }
            try QuestionFile.write(askings, to: folder + "/askings.jsonl")
            func evaluate(_ file: String, _ options: [String], json: String) throws -> (command: Command, found: Evaluated) {
                let command = try Command([
                    "evaluate", "--model", tinyModel, "--compare", tinyAdapter, "--questions", file, "--device", "cpu", "--json", folder + "/" + json,
                ] + options)
                #expect(command.status == 0, "\(command.errors)")
                return (command, try RunFolder(folder).readJSON(Evaluated.self, from: json))
            }
            let rotated = try evaluate(file, ["--rotate"], json: "rotated.json")
            let plain = try evaluate(folder + "/askings.jsonl", [], json: "plain.json").found
            #expect(plain.rotation == nil && plain.compared_rotation == nil)
            let (rotation, compared) = (try #require(rotated.found.rotation), try #require(rotated.found.compared))
            let pairs: [(EvaluationResult, Rotation, EvaluationResult)] = [
                (rotated.found.result, rotation, plain.result),
                (compared, try #require(rotated.found.compared_rotation), try #require(plain.compared)),
            ]
            var said: [String] = []
            for (unmoved, rotation, asked) in pairs {
                let four = stride(from: 0, to: 64, by: 4).map { Array(asked.records[$0..<$0 + 4]) }
                func share(_ condition: ([EvaluationRecord]) -> Bool) -> Proportion { Proportion(four.count(where: condition), of: 16) }
                #expect(unmoved.records.map(\.id) == questions.map(\.id))
                #expect(unmoved.records.map(\.predicted) == four.map { $0[0].predicted })
                let accuracies = (0..<4).map { shift in share { $0[shift].correct } }
                #expect(rotation.rotations == accuracies && unmoved.overall == accuracies[0])
                #expect(rotation.consistentlyRight == share { $0.allSatisfy(\.correct) })
                #expect(rotation.letters == asked.letters && rotation.letters.values.reduce(0, +) == 64)
                // By the choices' texts, which no rotation changes.
                let chosen = zip(askings, asked.records).map { $0.choices[$1.predicted.index] }
                let same = stride(from: 0, to: 64, by: 4).count { Set(chosen[$0..<$0 + 4]).count == 1 }
                #expect(rotation.consistent == Proportion(same, of: 16))
                func probability(_ choice: String, at place: Int) -> Double {
                    var sum = 0.0
                    for (asking, record) in zip(askings[place * 4..<place * 4 + 4], four[place]) {
                        if let letter = asking.choices.firstIndex(of: choice) { sum += exp(Double(record.logProbabilities[letter])) }
                    }
                    return sum
                }
                let likeliest = questions.indices.count { place in
                    let others = questions[place].choices.filter { $0 != questions[place].answerText }
                    return others.allSatisfy { probability($0, at: place) < probability(questions[place].answerText, at: place) }
                }
                #expect(rotation.averaged == Proportion(likeliest, of: 16))
                let recalls = Letter.allCases.map { letter in Double(asked.records.count { $0.answer == letter && $0.correct }) / 16 }
                #expect(Letter.allCases.compactMap { rotation.recalls[$0.rawValue] } == recalls)
                let mean = recalls.reduce(0, +) / 4
                let bias = (recalls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
                #expect(abs(rotation.bias - bias) < 1e-12 && bias > 0)
                let letters = zip(Letter.allCases, recalls).map { letter, recall in
                    "\(letter) \(rotation.letters[letter.rawValue] ?? 0)" + String(format: " (found %.1f %%)", recall * 100)
                }
                said.append(
                    "letters said: " + letters.joined(separator: ", ")
                        + String(format: "; bias (deviation of the found shares) %.1f points", bias * 100))
            }
            #expect(rotated.command.errors.contains("base: 64/64 questions"))
            let lines = rotated.command.output.split(separator: "\n").map(String.init)
            #expect(lines.filter { $0.hasPrefix("letters said: ") } == said)
            let rows = ["choices as they stand", "moved by 1", "moved by 2", "moved by 3", "right in all four", "same choice in all four", "right by mean probability"]
            for (place, row) in rows.enumerated() {
                let shown = lines.filter { $0.hasPrefix(row + " ") }
                #expect(shown.count == 2, "\(row)")
                for (line, (_, rotation, _)) in zip(shown, pairs) {
                    let shares = rotation.rotations + [rotation.consistentlyRight, rotation.consistent, rotation.averaged]
                    #expect(line.contains(String(format: " %.1f %%  ", shares[place].value * 100)), "\(line)")
                }
            }
        }
    }
}

/// Answers to four-choice questions that a file keeps.
@Suite struct KeptAnswersTests {
    @Test func aStoppedBenchmarkGoesOnWhereItWas() throws {
        try withFolder { folder in
            let (questions, _) = try writeQuestions(in: folder)
            let ordered = questions.enumerated().map { index, question in
                var question = question
                question.subject = index.isMultiple(of: 2) ? "astronomy" : "virology"
                return question
            }
            try QuestionFile.write(Array(ordered.prefix(4)), to: folder + "/dev.jsonl")
            try QuestionFile.write(Array(ordered.dropFirst(4)), to: folder + "/test.jsonl")
            let kept = folder + "/answers.jsonl"
            func evaluate(_ options: [String]) throws -> Command {
                try Command(["evaluate", "--model", tinyModel, "--benchmark", "mmlu", "--style", "chat", "--data", folder, "--device", "cpu"] + options)
            }
            func result(_ json: String) throws -> EvaluationResult { try RunFolder(folder).readJSON(Evaluated.self, from: json).result }
            let part = try evaluate(["--limit", "5", "-o", kept])
            #expect(part.status == 0 && part.output.contains("speed: "), "\(part.errors)")
            try WholeFile.write(WholeFile.read(kept) + Data(#"{"answer_to":"torn"#.utf8), to: kept)
            let whole = try evaluate(["-o", kept, "--json", folder + "/whole.json"])
            #expect(whole.status == 0 && whole.errors.contains("base: 12/12 questions"), "\(whole.errors)")
            #expect(try LineFile.read(kept).count == 12)
            let alone = try evaluate(["--json", folder + "/alone.json"])
            #expect(alone.status == 0, "\(alone.errors)")
            let (continued, once) = (try result("whole.json"), try result("alone.json"))
            #expect(continued.style == "chat letter" && continued.records.map(\.id) == ordered.dropFirst(4).map(\.id))
            for (continued, once) in zip(continued.records, once.records) {
                #expect(continued.predicted == once.predicted && zip(continued.logProbabilities, once.logProbabilities).allSatisfy { abs($0 - $1) < 1e-4 })
            }
            let again = try evaluate(["-o", kept, "--json", folder + "/again.json"])
            #expect(again.status == 0 && !again.output.contains("speed: ") && again.output.contains("peak memory"), "\(again.output)")
            #expect(try result("again.json") == continued)

            let before = try WholeFile.read(kept)
            for (options, complaint) in [
                (["--mode", "answer-first"], "style chat letter, temperature none) than these (max-tokens 150, seed 0, style chat answer-first"),
                (["--adapter", tinyAdapter], "(adapter none) than these (adapter "), (["--rotate", "--dtype", "bfloat16"], "(precision float32)"),
            ] {
                let refused = try evaluate(["-o", kept] + options)
                #expect(refused.status == 1 && refused.output.isEmpty && refused.errors.contains(complaint), "\(refused.errors)")
            }
            #expect(try WholeFile.read(kept) == before)
            #expect(try evaluate(["-o", kept, "--compare", tinyAdapter]).status == 2)
        }
    }

    @Test func aReasoningIsKeptWithWhatItWasSampledUnder() throws {
        try withFolder { folder in
            let (_, file) = try writeQuestions(in: folder)
            func evaluate(_ tokens: Int) throws -> Command {
                try Command([
                    "evaluate", "--model", tinyModel, "--questions", file, "--limit", "3", "--mode", "reason-first", "--max-tokens", "\(tokens)",
                    "--device", "cpu", "-o", folder + "/answers.jsonl", "--json", folder + "/\(tokens).json",
                ])
            }
            #expect(try evaluate(30).status == 0)
            let first = try RunFolder(folder).readJSON(Evaluated.self, from: "30.json").result
            #expect(first.records.allSatisfy { $0.reasoning != nil && $0.firstPassLogProbabilities != nil })
            #expect(try evaluate(30).status == 0)
            #expect(try RunFolder(folder).readJSON(Evaluated.self, from: "30.json").result == first)
            let other = try evaluate(31)
            #expect(other.status == 1 && other.errors.contains("(max-tokens 30) than these (max-tokens 31)"), "\(other.errors)")
        }
    }
}

/// The benchmarks of `retort evaluate` that are answered in free text.
@Suite struct WrittenCommandTests {
    private struct Written: Decodable { let result: WrittenResult }

    /// A line of the replies that an evaluation keeps.
    private struct Reply: Codable {
        let id: String
        let settings: [String: String]
        let prompt: String
        var reply: String
        let tokens: Int
        let finished: Bool
        let seconds: Double
    }

    private static let math = #"""
        {"problem": "What is $1 + 1$?", "solution": "It is $\\boxed{2}$.", "answer": "2", "subject": "Prealgebra", "level": 1, "unique_id": "test/prealgebra/1.json"}
        {"problem": "Factor $x^2 - 1$.", "solution": "\\boxed{(x-1)(x+1)}", "answer": "(x-1)(x+1)", "subject": "Algebra", "level": 2, "unique_id": "test/algebra/2.json"}
        """#

    private static let code = #"""
        {"question_title": "Sum", "question_content": "Add the numbers of each line.", "platform": "atcoder", "question_id": "s1", "difficulty": "easy", "starter_code": "", "public_test_cases": "[{\"input\": \"1 2\\n\", \"output\": \"3\\n\", \"testtype\": \"stdin\"}]", "private_test_cases": "[{\"input\": \"4 6\\n\", \"output\": \"10\", \"testtype\": \"stdin\"}]", "metadata": "{}"}
        {"question_title": "Add", "question_content": "Add b to a.", "platform": "leetcode", "question_id": "f1", "difficulty": "medium", "starter_code": "class Solution:\n    def add(self, a: int, b: int) -> int:\n", "public_test_cases": "[{\"input\": \"2\\n3\", \"output\": \"5\", \"testtype\": \"functional\"}]", "private_test_cases": "[{\"input\": \"1\\n1\", \"output\": \"2\", \"testtype\": \"functional\"}]", "metadata": "{\"func_name\": \"add\"}"}
        """#

    private func evaluate(
        _ benchmark: String, _ folder: String, json: String, tokens: Int = 8, model: String = tinyModel, options: [String] = []
    ) throws -> Command {
        try Command([
            "evaluate", "--model", model, "--benchmark", benchmark, "--data", folder + "/data.jsonl", "--max-tokens", "\(tokens)", "--device", "cpu",
            "-o", folder + "/replies.jsonl", "--json", folder + "/" + json,
        ] + options)
    }

    private func result(_ folder: String, _ json: String) throws -> WrittenResult { try RunFolder(folder).readJSON(Written.self, from: json).result }

    /// Puts other words into the mouth of the model that wrote `replies.jsonl`; replies without any are forgotten.
    private func rewrite(_ folder: String, _ texts: [String: String]) throws {
        var lines = ""
        for line in try LineFile.read(folder + "/replies.jsonl") {
            var reply = try JSONDecoder().decode(Reply.self, from: Data(line.text.utf8))
            guard let text = texts[reply.id] else { continue }
            reply.reply = text
            lines += String(decoding: try JSONEncoder().encode(reply), as: UTF8.self) + "\n"
        }
        try WholeFile.write(lines, to: folder + "/replies.jsonl")
    }

    @Test func mathProblemsAreAnsweredKeptAndJudgedByValue() throws {
        try withFolder { folder in
            try WholeFile.write(Self.math, to: folder + "/data.jsonl")
            let first = try evaluate("math500", folder, json: "first.json")
            #expect(first.status == 0, "\(first.errors)")
            let written = try result(folder, "first.json")
            #expect(written.benchmark == "math500" && written.records.map(\.id) == ["test/prealgebra/1.json", "test/algebra/2.json"])
            #expect(written.overall == Proportion(0, of: 2) && written.answered == Proportion(0, of: 2))
            #expect(written.groups == ["Prealgebra": Proportion(0, of: 1), "Algebra": Proportion(0, of: 1)])
            #expect(written.records.allSatisfy { $0.finished ? $0.tokens < 8 : $0.tokens == 8 })
            #expect(try LineFile.read(folder + "/replies.jsonl").count == 2)

            try rewrite(folder, ["test/prealgebra/1.json": #"So it is \boxed{\frac{4}{2}}."#])
            let second = try evaluate("math500", folder, json: "second.json")
            #expect(second.status == 0, "\(second.errors)")
            let continued = try result(folder, "second.json")
            #expect(continued.records[0].judgement == Judgement(answer: #"\frac{4}{2}"#, isCorrect: true, reason: nil))
            #expect(continued.records[1].reply == written.records[1].reply && continued.records[1].judgement == written.records[1].judgement)
            #expect(continued.overall == Proportion(1, of: 2) && continued.answered == Proportion(1, of: 2))
            #expect(continued.groups == ["Prealgebra": Proportion(1, of: 1), "Algebra": Proportion(0, of: 1)])
            let rows = second.output.split(separator: "\n").map { $0.split(separator: " ").prefix(4).joined(separator: " ") }
            for row in ["Algebra 1 0.0 %", "Prealgebra 1 100.0 %", "overall 2 50.0 %"] { #expect(rows.contains(row), "\(second.output)") }

            let kept = try WholeFile.read(folder + "/replies.jsonl")
            let other = try evaluate("math500", folder, json: "other.json", tokens: 9)
            #expect(other.status == 1 && other.errors.contains(
                "error: \(folder)/replies.jsonl holds answers of other settings (max-tokens 8) than these (max-tokens 9); give another file with --output"))
            #expect(try WholeFile.read(folder + "/replies.jsonl") == kept && !FileManager.default.fileExists(atPath: folder + "/other.json"))
        }
    }

    /// What wrote a reply, and to what, is told by contents: not by a path, nor by a problem's id.
    @Test func repliesAreContinuedOnlyByWhatWroteThem() throws {
        try withFolder { folder in
            let (data, adapter) = (folder + "/data.jsonl", folder + "/adapter")
            try WholeFile.write(Self.math, to: data)
            try FileManager.default.copyItem(atPath: tinyAdapter, toPath: adapter)
            let first = try evaluate("math500", folder, json: "first.json", options: ["--adapter", adapter])
            #expect(first.status == 0, "\(first.errors)")
            let kept = try WholeFile.read(folder + "/replies.jsonl")
            let relative = String(tinyModel.dropFirst(Command.repository.count + 1))
            let again = try evaluate("math500", folder, json: "again.json", model: relative, options: ["--adapter", adapter + "/"])
            #expect(again.status == 0, "\(again.errors)")

            func refusal(_ options: [String]) throws -> String {
                let command = try evaluate("math500", folder, json: "never.json", options: options)
                #expect(command.status == 1 && command.output.isEmpty)
                return command.errors
            }
            let precision = try refusal(["--adapter", adapter, "--dtype", "bfloat16"])
            #expect(precision.contains("other settings (precision float32) than these (precision bfloat16)"), "\(precision)")
            let bare = try refusal([])
            #expect(bare.contains("other settings (adapter adapter@") && bare.contains("than these (adapter none)"), "\(bare)")
            try WholeFile.write(Self.math.replacing("1 + 1", with: "5 + 4"), to: data)
            let problem = try refusal(["--adapter", adapter])
            #expect(problem.contains("replies.jsonl, line 1: it is the answer to another question than the one whose id is test/prealgebra/1.json"), "\(problem)")

            try WholeFile.write(Self.math, to: data)
            var weights = Array(try WholeFile.read(adapter + "/adapter_model.safetensors"))
            weights[weights.count - 1] ^= 0x80
            try WholeFile.write(Data(weights), to: adapter + "/adapter_model.safetensors")
            let replaced = try refusal(["--adapter", adapter])
            #expect(replaced.contains("other settings (adapter adapter@") && replaced.contains("than these (adapter adapter@"), "\(replaced)")
            #expect(try WholeFile.read(folder + "/replies.jsonl") == kept && !FileManager.default.fileExists(atPath: folder + "/never.json"))
        }
    }

    @Test(.enabled(if: hasNamespaces, "no namespaces can be made here"))
    func programsAreRunOnEveryTest() throws {
        try withFolder { folder in
            try WholeFile.write(Self.code, to: folder + "/data.jsonl")
            let first = try evaluate("livecodebench", folder, json: "first.json")
            #expect(first.status == 0, "\(first.errors)")
            let written = try result(folder, "first.json")
            #expect(written.records.map(\.id) == ["s1", "f1"] && written.overall == Proportion(0, of: 2))
            #expect(written.records.allSatisfy { $0.judgement.reason == "no fenced block with a program" })

            try rewrite(folder, [
                "s1": "```python\nprint(sum(map(int, input().split())))\n```",
                "f1": "```python\nclass Solution:\n    def add(self, a: int, b: int) -> int:\n        return 5\n```",
            ])
            let second = try evaluate("livecodebench", folder, json: "second.json")
            #expect(second.status == 0, "\(second.errors)")
            let judged = try result(folder, "second.json")
            #expect(judged.groups == ["easy": Proportion(1, of: 1), "medium": Proportion(0, of: 1)] && judged.overall == Proportion(1, of: 2))
            #expect(judged.records.map(\.judgement.reason) == [nil, "test 2 of 2: wrong output"] && judged.answered == Proportion(2, of: 2))
        }
    }

    /// Before a model is loaded, and before a sandbox is tried.
    @Test(arguments: [
        ("math500", #"{"problem": "x"}"#, "it has neither \"answer\" nor"),
        ("math500", #"{"problem": "#, "it is no JSON object with a string \"problem\""),
        ("math500", #"{"problem": "x", "answer": "1", "unique_id": "test/algebra/2.json"}"#, "the problem of line 2 has the same id"),
        ("livecodebench", "{}", "\"question_id\" is missing"),
        ("livecodebench", #"{"question_id": "s1", "question_content": "b", "public_test_cases": "[]"}"#, "the problem of line 1 has the same id"),
        ("livecodebench", #"{"question_id": "a", "question_content": "b", "public_test_cases": "none"}"#, "\"public_test_cases\" holds no JSON array"),
    ])
    func aBrokenProblemIsNamedByItsLine(benchmark: String, line: String, reason: String) throws {
        try withFolder { folder in
            let data = folder + "/data.jsonl"
            try WholeFile.write((benchmark == "math500" ? Self.math : Self.code) + "\n\n\(line)\n", to: data)
            let command = try evaluate(benchmark, folder, json: "never.json")
            #expect(command.status == 1 && command.output.isEmpty)
            #expect(command.errors.hasPrefix("error: cannot use \(data), line 4: \(reason)") && command.errors.count { $0 == "\n" } == 1, "\(command.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["data.jsonl"])
        }
    }
}

/// `retort report`.
@Suite struct ReportCommandTests {
    @Test func runsAreComparedOnOnePageThatFetchesNothing() throws {
        try withFolder { folder in
            let runs = [try SampleRun(right: [true, true, false, false]), try SampleRun(right: [true, true, true, true], rank: 16)]
            let command = try Command(["report", runs[0].path, runs[1].path + "/"], folder: folder)
            #expect(command.status == 0 && command.output == "comparison.html\n" && command.errors.isEmpty, "\(command.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["comparison.html"])
            let page = String(decoding: try WholeFile.read(folder + "/comparison.html"), as: UTF8.self)
            let reader = PageReader(page)
            #expect(reader.failure == nil)
            #expect(reader.elements.allSatisfy { $0.attributes["src"] == nil && ($0.attributes["href"] ?? "#").hasPrefix("#") })
            #expect(["http://", "https://", "url(", "@import", "<link", "<script"].allSatisfy { !page.contains($0) })
            let names = runs.map { ($0.path as NSString).lastPathComponent }
            #expect(reader.all("title").first?.text == "Runs compared: \(names[0]), \(names[1])")
            let details = reader.all("details", class: "run").map(\.text)
            #expect(details.count == 2 && zip(details, names).allSatisfy { $0.contains($1) })
            #expect(reader.all("p", class: "verdict").first?.text.contains("50.0 % → 100.0 %") == true)

            let alone = try Command(["report", runs[1].path, "--price", "40"], folder: folder)
            #expect(alone.status == 0 && alone.output == "\(runs[1].path)/report.html\n", "\(alone.errors)")
            let single = String(decoding: try WholeFile.read(runs[1].run.file("report.html")), as: UTF8.self)
            #expect(single.contains("1.00 at 40 an hour") && !single.contains(names[0]) && !runs[0].run.exists("report.html"))
        }
    }

    @Test func aFolderThatIsNoRunEndsInOneMessage() throws {
        try withFolder { folder in
            let run = try SampleRun(isWhole: false)
            let photos = folder + "/photos"
            try WholeFile.makeFolder(photos)
            for folders in [[photos], [run.path, photos]] {
                let command = try Command(["report"] + folders + ["-o", folder + "/page.html"])
                #expect(command.status == 1 && command.output.isEmpty)
                #expect(command.errors.hasPrefix("error: cannot report on \(photos): it has no manifest.json; name the folder of a run"), "\(command.errors)")
                #expect(command.errors.count { $0 == "\n" } == 1)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["photos"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.path) == ["manifest.json"])
        }
    }
}
