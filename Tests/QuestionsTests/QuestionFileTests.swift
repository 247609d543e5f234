import Foundation
import Groundwork
import Testing

import Questions

@Suite struct QuestionFileTests {
    /// A file in a folder of its own, removed afterwards.
    static func withFile<T>(_ text: String, named name: String = "some_set.jsonl", _ body: (String) throws -> T) throws -> T {
        let folder = NSTemporaryDirectory() + "questions-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/" + name
        try WholeFile.write(text, to: path)
        return try body(path)
    }

    static func read(_ text: String) throws -> [Question] { try withFile(text) { try QuestionFile.read($0) } }

    static func reasons(_ text: String) throws -> [String] {
        try withFile(text) { try QuestionFile.inspect($0).problems.map(\.description) }
    }

    static let plain = #"{"question": "Which is a noble gas?", "choices": ["iron", "neon", "gold", "tin"], "answer": ANSWER, "subject": "high_school_chemistry"}"#

    @Test(arguments: ["1", "\"B\"", "\"neon\"", "\" B \""])
    func answersComeAsIndexLetterOrText(_ answer: String) throws {
        let question = try Self.read(Self.plain.replacing("ANSWER", with: answer))[0]
        #expect(question.answer == .B && question.answerText == "neon")
        #expect(question.id == "some_set/1" && question.source == "some_set")
        #expect(question.domain == .stem && question.topic == "high school chemistry" && question.explanation == nil)
    }

    @Test(arguments: [
        ("4", "an index runs from 0 to 3"), ("-1", "an index runs from 0 to 3"), ("\"b\"", "neither a letter"), ("\"E\"", "neither a letter"),
        ("\"xenon\"", "neither a letter"), ("true", "\"answer\" is not a text"), ("1.5", "\"answer\" is not a text"), ("null", "\"answer\" is null"),
    ])
    func badAnswersAreNamed(_ answer: String, _ reason: String) throws {
        let reasons = try Self.reasons(Self.plain.replacing("ANSWER", with: answer))
        #expect(reasons.count == 1 && reasons[0].contains("line 1") && reasons[0].contains(reason), "\(reasons)")
    }

    @Test func theAgentsOutputIsRead() throws {
        let text = #"""
            [{"topic": "capitals", "question": "What is the capital of Austria?", "choices": ["A) Graz", "B) Linz", "C) Vienna", "D) Wels"],
              "answer": "C", "explanation": "The capital of Austria is Vienna."},
             {"topic": "capitals", "question": "And of France?", "choices": ["A. Lyon", "B: Paris", "(C) Nice", "D) Metz"], "answer": "B: Paris"}]
            """#
        let questions = try Self.read(text)
        #expect(questions.map(\.choices) == [["Graz", "Linz", "Vienna", "Wels"], ["Lyon", "Paris", "Nice", "Metz"]])
        #expect(questions.map(\.answer) == [.C, .B] && questions.map(\.subject) == ["capitals", "capitals"])
        #expect(questions.map(\.id) == ["some_set/1", "some_set/2"])
        #expect(AgentQuestion(questions[0]).choices == ["A) Graz", "B) Linz", "C) Vienna", "D) Wels"])
    }

    /// A choice that begins with its letter by chance is not cut unless all four do.
    @Test func lettersInsideChoicesStay() throws {
        let text = #"{"question": "Which grade is best?", "choices": ["A: excellent", "good", "fair", "poor"], "answer": 0}"#
        #expect(try Self.read(text)[0].choices[0] == "A: excellent")
    }

    @Test(arguments: [
        (#"{"choices": ["a", "b", "c", "d"], "answer": 0}"#, "\"question\" is missing"),
        (#"{"question": "q", "answer": 0}"#, "\"choices\" is missing"),
        (#"{"question": "q", "choices": ["a", "b", "c"], "answer": 0}"#, "3 entries, not four"),
        (#"{"question": "q", "choices": ["a", "b", "c", "d", "e"], "answer": 0}"#, "5 entries, not four"),
        (#"{"question": "q", "choices": ["a", "b", "a", "d"], "answer": 0}"#, "choices A and C are the same"),
        (#"{"question": "q", "choices": ["a", " ", "c", "d"], "answer": 0}"#, "choice B is empty"),
        (#"{"question": " ", "choices": ["a", "b", "c", "d"], "answer": 0}"#, "the question is empty"),
        (#"{"question": "q", "choices": ["a", "b", 3, "d"], "answer": 0}"#, "\"choices[2]\" is not a text"),
        (#"{"question": 7, "choices": ["a", "b", "c", "d"], "answer": 0}"#, "\"question\" is not a text"),
        (#"{"question": "q", "choices": ["a", "b", "c", "d"], "answer": 0, "domain": "maths"}"#, "not one of math, code"),
        (#"{"question": "q", "choices": ["a", "b", "c", "d"], "answer": 0"#, "not valid JSON"),
        (#""just a text""#, "not a JSON object"),
    ])
    func badLinesAreNamed(_ line: String, _ reason: String) throws {
        let good = Self.plain.replacing("ANSWER", with: "1")
        let reasons = try Self.reasons(good + "\n\n" + line + "\n")
        #expect(reasons.count == 1 && reasons[0].hasPrefix("line 3: ") && reasons[0].contains(reason), "\(reasons)")
        #expect(throws: QuestionFileError.self) { try Self.read(good + "\n" + line) }
    }

    @Test func aBadItemOfAnArrayIsNamed() throws {
        let good = Self.plain.replacing("ANSWER", with: "1")
        #expect(try Self.reasons("[\(good), {\"question\": \"q\"}]") == ["item 2: \"choices\" is missing"])
        #expect(throws: QuestionFileError.self) { try Self.read("[\(good),") }
        #expect(throws: QuestionFileError.self) { try Self.read("\n \n") }
        #expect(throws: FileError.self) { try QuestionFile.read("/nowhere/questions.jsonl") }
    }

    @Test func idsAreUnique() throws {
        let line = #"{"id": "x", "question": "q", "choices": ["a", "b", "c", "d"], "answer": 0}"#
        #expect(try Self.reasons(line + "\n" + line) == ["line 2: the id \"x\" stands already on line 1"])
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let questions = try Domain.specialist.flatMap { try QuestionGenerator.generate(domain: $0, count: 60, seed: 3) }
        try Self.withFile("") { path in
            try QuestionFile.write(questions, to: path)
            #expect(try QuestionFile.read(path) == questions)
        }
        let agents = try JSONEncoder().encode(questions.map(AgentQuestion.init))
        let again = try Self.read(String(decoding: agents, as: UTF8.self))
        for (first, second) in zip(questions, again) {
            #expect(first.choices == second.choices && first.answer == second.answer && first.domain == second.domain)
            #expect(first.fingerprint == second.fingerprint)
            #expect(AgentQuestion(first).asQuestion(id: "i", source: "s")?.choices == first.choices)
        }
    }

    @Test func agentsOutputWithoutLettersIsNoQuestion() {
        var agent = AgentQuestion(topic: "t", question: "q", choices: ["A) a", "B) b", "C) c", "D) d"], answer: "A", explanation: nil)
        #expect(agent.asQuestion(id: "i", source: "s")?.choices == ["a", "b", "c", "d"])
        agent.answer = "a"
        #expect(agent.asQuestion(id: "i", source: "s") == nil)
        agent.answer = "A"
        agent.choices[2] = "D) c"
        #expect(agent.asQuestion(id: "i", source: "s") == nil)
        #expect(agent.choiceTexts == ["a", "b", "D) c", "d"])
    }

    @Test func aQuestionWithThreeChoicesIsNotDecoded() throws {
        let question = try QuestionGenerator.generate(domain: .math, count: 1, seed: 1)[0]
        var text = try QuestionFile.line(question)
        #expect(try JSONDecoder().decode(Question.self, from: Data(text.utf8)) == question)
        text = text.replacing(/"choices":\[[^\]]*\]/, with: "\"choices\":[\"1\",\"2\",\"3\"]")
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Question.self, from: Data(text.utf8)) }
    }
}
