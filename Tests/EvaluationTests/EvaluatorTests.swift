import Foundation
import Questions
import Testing
import Transformers

import Evaluation

/// A style whose prompt is the question's number and whose letters are the tokens 0...3.
private struct NumberStyle: AskingStyle {
    var name = "numbers"
    var sharesBeginningBySubject = false
    var shots: [Int] = []
    func ask(_ question: Question) -> (prompt: [Int], guide: any JudgingGuide) {
        ([Int(question.id) ?? -1] + shots, LetterGuide(letters: [0, 1, 2, 3]))
    }
}

/// Drives guides that only score, with scores that follow from the prompt.
private func decode(_ scores: @escaping ([Int]) throws -> [Float]) -> Evaluator.Decode {
    { streams, progress in
        for (number, stream) in streams.enumerated() {
            while case .score = try stream.guide.next() { try stream.guide.scored(try scores(stream.prompt)) }
            progress?(number + 1)
        }
    }
}

@Suite struct EvaluatorTests {
    private let questions = (0..<6).map { index in
        question(
            "\(index)", subject: index.isMultiple(of: 2) ? "even" : "odd", domain: index.isMultiple(of: 2) ? .math : .code,
            text: "Question \(index)", answer: .B)
    }

    @Test func recordsAndSumsUp() throws {
        // Predicts B for 0, 1, 2, and C for the rest.
        let evaluator = Evaluator(style: NumberStyle(), decode: decode { $0[0] < 3 ? [-3, -0.5, -2, -2] : [-3, -2, -0.5, -2] })
        var answered: [Int] = []
        let result = try evaluator.evaluate(questions, model: "m", adapter: "a") { answered.append($0) }
        #expect(answered == [1, 2, 3, 4, 5, 6])
        #expect(result.records.map(\.id) == ["0", "1", "2", "3", "4", "5"])
        #expect(result.records.map(\.predicted) == [.B, .B, .B, .C, .C, .C])
        #expect(result.overall.successes == 3 && result.overall.count == 6)
        #expect(result.subjects["even"]?.successes == 2 && result.subjects["odd"]?.successes == 1)
        #expect(result.domains["math"]?.count == 3)
        #expect(result.letters == ["A": 0, "B": 3, "C": 3, "D": 0])
        #expect(result.records[0].logProbabilities == [-3, -0.5, -2, -2])
    }

    /// Subject by subject, so that the decoder sees each subject's common beginning; the records keep the file's order.
    @Test func subjectsRunTogether() throws {
        var style = NumberStyle()
        style.sharesBeginningBySubject = true
        var runs: [[Int]] = []
        var answered: [Int] = []
        let evaluator = Evaluator(style: style) { streams, progress in
            runs.append(streams.map { $0.prompt[0] })
            try decode { _ in [-1, -2, -2, -2] }(streams, progress)
        }
        let records = try evaluator.run(questions) { answered.append($0) }
        #expect(answered == [1, 2, 3, 4, 5, 6])
        #expect(runs == [[0, 2, 4], [1, 3, 5]])
        #expect(records.map(\.id) == ["0", "1", "2", "3", "4", "5"])
    }

    /// A question's random numbers do not depend on how the questions are grouped.
    @Test func seedsBelongToQuestions() throws {
        var seeds: [Int: UInt64] = [:]
        for shares in [false, true] {
            var style = NumberStyle()
            style.sharesBeginningBySubject = shares
            let evaluator = Evaluator(style: style) { streams, progress in
                for stream in streams {
                    if let before = seeds[stream.prompt[0]] { #expect(before == stream.seed) }
                    seeds[stream.prompt[0]] = stream.seed
                }
                try decode { _ in [-1, -2, -2, -2] }(streams, progress)
            }
            _ = try evaluator.run(questions, seed: 5)
        }
        #expect(Set(seeds.values).count == 6)
    }

    @Test func ofEqualScoresTheFirstLetterWins() throws {
        let evaluator = Evaluator(style: NumberStyle(), decode: decode { _ in [-2, -1, -3, -1] })
        #expect(try evaluator.run(questions).allSatisfy { $0.predicted == .B })
    }

    @Test func brokenModelsAreNamed() {
        let broken = Evaluator(style: NumberStyle(), decode: decode { $0[0] == 4 ? [.nan, 0, 0, 0] : [-1, -1, -1, -1] })
        #expect(throws: EvaluationError.notFinite(question: "4")) { try broken.run(questions) }
        let silent = Evaluator(style: NumberStyle()) { _, _ in }
        #expect(throws: EvaluationError.noAnswer(question: "0")) { try silent.run(questions) }
        #expect(throws: EvaluationError.noQuestions) { try silent.run([]) }
    }

    /// A question's seed is its own; the right letter is the question's of now.
    @Test(arguments: [false, true]) func aStoppedRunAsksOnlyForWhatIsMissing(sharesBeginningBySubject: Bool) throws {
        let scratch = try Scratch()
        let file = scratch.path + "/answers.jsonl"
        var style = NumberStyle()
        style.sharesBeginningBySubject = sharesBeginningBySubject
        var asked: [Int] = [], seeds: [Int: UInt64] = [:], failsAt = 3
        let evaluator = Evaluator(style: style) { streams, progress in
            try decode { prompt in
                if asked.count == failsAt { throw EvaluationError.noQuestions }
                asked.append(prompt[0])
                seeds[prompt[0]] = streams.first { $0.prompt == prompt }?.seed
                return [-3, -0.1 - Float(prompt[0]) / 7, -2, -2]
            }(streams, progress)
        }
        func run(_ questions: [Question]) throws -> (records: [EvaluationRecord], resumed: [Int], answered: [Int]) {
            var resumed: [Int] = [], answered: [Int] = []
            let records = try evaluator.run(
                questions, seed: 5, keepingIn: (file, ["model": "m"]), progress: { answered.append($0) }, resumed: { resumed.append($0) })
            return (records, resumed, answered)
        }
        #expect(throws: EvaluationError.noQuestions) { try run(questions) }
        failsAt = .max
        var mended = questions
        mended[0].answer = .A
        let rest = try run(mended)
        #expect(rest.resumed == [3] && rest.answered == [4, 5, 6] && asked.count == 6 && Set(asked).count == 6)
        #expect(rest.records.map(\.id) == questions.map(\.id) && rest.records.map(\.correct) == [false, true, true, true, true, true])
        let again = try run(questions)
        #expect(again.resumed == [6] && again.answered.isEmpty && asked.count == 6)
        let inParts = seeds
        (asked, seeds) = ([], [:])
        #expect(try again.records == evaluator.run(questions, seed: 5) && asked.count == 6)
        #expect(seeds == inParts && Set(seeds.values).count == 6)
        _ = try evaluator.run(questions.reversed(), seed: 5)
        #expect(seeds == inParts)
        _ = try evaluator.run(questions, seed: 6)
        #expect(Set(seeds.values).isDisjoint(with: inParts.values))
    }

    /// A download's one line without its end may begin with an id, too.
    @Test func aFileOfSomethingElseIsLeftAlone() throws {
        let scratch = try Scratch()
        for text in [#"{"id":"chatcmpl-1","object":"chat.completion"}"#, #"{"id":"q1","question":"What?"}"# + "\n"] {
            let file = try scratch.write(text, to: "data.jsonl")
            let error = #expect(throws: EvaluationError.self) {
                try Evaluator(style: NumberStyle(), decode: decode { _ in [-1, -2, -2, -2] }).run(questions, keepingIn: (file, [:]))
            }
            #expect(error?.description.contains("line 1: it is no answer") == true)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }
    }

    @Test func answersOfOtherSettingsOrToOtherPromptsAreNotTaken() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/answers.jsonl"
        func run(_ style: NumberStyle, _ settings: [String: String]) throws {
            _ = try Evaluator(style: style, decode: decode { _ in [-1, -2, -2, -2] }).run(questions, keepingIn: (file, settings))
        }
        try run(NumberStyle(), ["model": "m"])
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        let complaints = [
            (NumberStyle(), "n", "holds answers of other settings (model m) than these (model n)"),
            (NumberStyle(name: "words"), "m", "(style numbers) than these (style words)"),
            (NumberStyle(shots: [7]), "m", "line 1: it is the answer to another question than the one whose id is 0 now: the prompts differ"),
        ]
        for (style, model, complaint) in complaints {
            let error = #expect(throws: EvaluationError.self) { try run(style, ["model": model]) }
            #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("give another file with --output") == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    @Test func resultsSurviveJSON() throws {
        let evaluator = Evaluator(style: NumberStyle(), decode: decode { _ in [-2.5, -1, -3, -1.25] })
        let result = try evaluator.evaluate(questions, model: "m")
        let data = try JSONEncoder().encode(result)
        #expect(try JSONDecoder().decode(EvaluationResult.self, from: data) == result)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let record = try #require((object["records"] as? [[String: Any]])?.first)
        #expect(record["predicted"] as? String == "B")
        #expect((record["log_probabilities"] as? [Double])?.count == 4)
        #expect((object["overall"] as? [String: Any])?["value"] as? Double == 1)
    }

    @Test(arguments: [
        ("[-1,-2,-2,-2]", "[-1,-2,-2]"), ("[-1,-2,-2,-2]", "[900,-2,-2,-2]"), ("[-3,-1,-2,-2]", "[-3]"), (#""correct":true"#, #""correct":false"#),
        (#""tokens":7"#, #""tokens":-7"#), (#""prompt_tokens":10"#, #""prompt_tokens":9223372036854775807"#), (#""seconds":2"#, #""seconds":-2"#),
    ])
    func noRecordIsReadThatNoEvaluationWrites(whole: String, damaged: String) throws {
        let record = EvaluationRecord(
            question("q", answer: .A), logProbabilities: [-1, -2, -2, -2], firstPassLogProbabilities: [-3, -1, -2, -2], tokens: 7, finished: true,
            promptTokens: 10, seconds: 2)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(record), as: UTF8.self)
        #expect(try JSONDecoder().decode(EvaluationRecord.self, from: Data(text.utf8)) == record)
        try #require(text.contains(whole))
        let broken = text.replacingOccurrences(of: whole, with: damaged)
        #expect(throws: Swift.DecodingError.self) { try JSONDecoder().decode(EvaluationRecord.self, from: Data(broken.utf8)) }
    }

    @Test func tableForTheTerminal() throws {
        let evaluator = Evaluator(style: NumberStyle(), decode: decode { $0[0] < 3 ? [-3, -1, -2, -2] : [-3, -2, -1, -2] })
        let table = try evaluator.evaluate(questions, model: "model", adapter: "adapter").table
        #expect(table.hasPrefix("""
            model + adapter, numbers

                         questions  accuracy  95 % interval
            even                 3    66.7 %  20.8 – 93.9 %
            odd                  3    33.3 %   6.1 – 79.2 %
            all of code          3    33.3 %   6.1 – 79.2 %
            all of math          3    66.7 %  20.8 – 93.9 %
            overall              6    50.0 %  18.8 – 81.2 %

            calibration: expected error
            """))
        #expect(table.hasSuffix("""
            letters predicted: A 0, B 3, C 3, D 0
            tokens a question: 1.0 read, 0.0 written
            """))
    }

    /// The clock runs from the first demand to the last.
    @Test func latencyIsMeasuredWhereAClockIsGiven() throws {
        var now = 0
        let evaluator = Evaluator(style: NumberStyle(), clock: { .seconds(now) }) { streams, _ in
            for stream in streams {
                _ = try stream.guide.next()
                now += 3
                try stream.guide.scored([-1, -2, -3, -4])
                _ = try stream.guide.next()
                now += 100
            }
        }
        let result = try evaluator.evaluate(questions, model: "m")
        #expect(result.records.allSatisfy { $0.seconds == 3 && $0.promptTokens == 1 })
        #expect(result.latency?.p99 == 3)
        #expect(result.table.contains("latency: half within 3.00 s"))
        #expect(try Evaluator(style: NumberStyle(), decode: decode { _ in [-1, -2, -3, -4] }).evaluate(questions, model: "m").latency == nil)
    }
}

@Suite struct ComparisonTests {
    private func result(_ right: [Bool], answer: Letter = .A, prefix: String = "q") -> EvaluationResult {
        EvaluationResult(model: "m", adapter: nil, style: "s", records: right.enumerated().map { index, right in
            let subject = index.isMultiple(of: 2) ? "even" : "odd"
            let asked = question("\(prefix)\(index)", subject: subject, text: "Question \(index)", answer: answer)
            let scores: [Float] = right == (answer == .A) ? [-1, -2, -2, -2] : [-2, -1, -1, -1]
            return EvaluationRecord(asked, logProbabilities: scores, tokens: 0, finished: true)
        })
    }

    @Test func pairsQuestionByQuestion() throws {
        let first = result([true, true, false, false, true, false])
        let second = result([true, false, true, true, true, false])
        let comparison = try Comparison(first: first, second: second)
        let pair = comparison.overall.pair
        #expect(pair.bothRight == 2 && pair.onlyFirst == 1 && pair.onlySecond == 2 && pair.bothWrong == 1)
        #expect(comparison.overall.correctedP == 1)
        #expect(comparison.subjects["even"]?.pair.onlySecond == 1 && comparison.subjects["odd"]?.pair.onlySecond == 1)
        #expect(comparison.domains["math"]?.pair.first.count == 6)
        #expect(comparison.table.contains("no evidence"))
    }

    @Test func differentQuestionsAreNotCompared() {
        let first = result([true, false])
        #expect(throws: EvaluationError.self) { try Comparison(first: first, second: result([true])) }
        #expect(throws: EvaluationError.self) { try Comparison(first: first, second: result([true, false], prefix: "p")) }
        #expect(throws: EvaluationError.self) { try Comparison(first: first, second: result([true, false], answer: .B)) }
    }
}

@Suite struct QuestionSelectionTests {
    private let questions = (0..<5).map { question("\($0)", subject: $0 < 3 ? "low" : "high") }

    @Test func filtersAndLimits() throws {
        #expect(try QuestionSelection().select(questions).count == 5)
        #expect(try QuestionSelection(subjects: ["high"]).select(questions).map(\.id) == ["3", "4"])
        #expect(try QuestionSelection(limit: 2).select(questions).map(\.id) == ["0", "1"])
        #expect(try QuestionSelection(subjects: ["low"], limit: 9).select(questions).map(\.id) == ["0", "1", "2"])
    }

    @Test func refusesWhatIsNotThere() {
        #expect(throws: EvaluationError.unknownSubject("hihg", known: ["high", "low"])) {
            try QuestionSelection(subjects: ["hihg"]).select(questions)
        }
        #expect(throws: EvaluationError.noQuestions) { try QuestionSelection(limit: 0).select(questions) }
    }
}
