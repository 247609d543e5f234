import Foundation
import Testing

import Questions

/// The tournament's rules, and the wording of both agents.
@Suite struct FormatTests {
    static func words(_ text: String) -> Int { text.split(separator: " ").count }

    static let good = #"{"topic": "t", "question": "q?", "choices": ["A) 1", "B) 2", "C) 3", "D) 4"], "answer": "B", "explanation": "e"}"#

    static func edited(_ old: String, _ new: String) -> [String] {
        FormatCheck.question(good.replacing(old, with: new), tokens: words)
    }

    @Test func aGoodQuestionPasses() {
        #expect(FormatCheck.question(Self.good, tokens: Self.words).isEmpty)
        #expect(Self.edited(#", "explanation": "e""#, "").isEmpty)
    }

    @Test(arguments: [
        (#""topic": "t", "#, "", "\"topic\" is missing"), (#""question": "q?", "#, "", "\"question\" is missing"),
        (#", "answer": "B""#, "", "\"answer\" is missing"), (#""t""#, "5", "\"topic\" is not a text"),
        (#""q?""#, "[]", "\"question\" is not a text"), (#"["A) 1", "B) 2", "C) 3", "D) 4"]"#, "\"A B C D\"", "not a list"),
        (#", "D) 4""#, "", "3 choices, not four"), (#""D) 4""#, #""D) 4", "E) 5""#, "5 choices, not four"),
        ("B) 2", "B)", "choice 2 is not longer than two"), ("C) 3", "D) 3", "choice 3 does not start with C"),
        ("C) 3", "c) 3", "choice 3 does not start with C"), (#""C) 3""#, "3", "choice 3 is not a text"),
        (#""B","#, "1,", "\"answer\" is not a text"), (#""B","#, #""E","#, "not one of A, B, C, D"), (#""B","#, #""b","#, "not one of"),
        (#""e""#, "{}", "\"explanation\" is not a text"), ("{", "", "not a JSON object"),
    ])
    func aBadQuestionIsToldWhy(_ old: String, _ new: String, _ reason: String) {
        let reasons = Self.edited(old, new)
        #expect(reasons.count == 1 && reasons[0].contains(reason), "\(reasons)")
    }

    @Test func tokenLimitsAreExact() {
        // Answer 1 + choices 4 × 2 = 9 words; 9 + n - 15 < 130 as long as n <= 135.
        func reasons(question: Int, explanation: Int) -> [String] {
            FormatCheck.question(
                AgentQuestion(
                    topic: "t", question: Array(repeating: "w", count: question).joined(separator: " "),
                    choices: ["A) 1", "B) 2", "C) 3", "D) 4"], answer: "A",
                    explanation: Array(repeating: "w", count: explanation).joined(separator: " ")), tokens: Self.words)
        }
        #expect(reasons(question: 135, explanation: 5).isEmpty)
        #expect(reasons(question: 136, explanation: 5).count == 1)
        #expect(reasons(question: 100, explanation: 930).isEmpty)
        #expect(reasons(question: 100, explanation: 931).count == 1)
    }

    @Test func answersAreChecked() {
        func reasons(_ json: String) -> [String] { FormatCheck.answer(json, tokens: Self.words) }
        #expect(reasons(#"{"answer": "B", "reasoning": "because"}"#).isEmpty)
        #expect(reasons(#"{"answer": "B"}"#).isEmpty)
        #expect(reasons(#"{"answer": "the second one"}"#).isEmpty)
        #expect(reasons(#"{"reasoning": "because"}"#) == ["\"answer\" is missing"])
        #expect(reasons(#"{"answer": 2}"#) == ["\"answer\" is not a text"])
        #expect(reasons(#"{"answer": ""}"#) == ["\"answer\" is empty"])
        #expect(reasons(#"{"answer": "E"}"#).count == 1 && reasons(#"{"answer": "b"}"#).count == 1)
        #expect(reasons("[1]") == ["not a JSON object"] && reasons("B") == ["not a JSON object"])
        func long(_ answer: Int, _ reasoning: Int) -> [String] {
            FormatCheck.answer(
                AgentAnswer(
                    answer: Array(repeating: "w", count: answer).joined(separator: " "),
                    reasoning: Array(repeating: "w", count: reasoning).joined(separator: " ")), tokens: Self.words)
        }
        #expect(long(49, 462).isEmpty && long(49, 463).count == 1 && long(50, 10).count == 1)
    }

    @Test func repliesAreTheAgentsJSON() throws {
        for domain in Domain.specialist {
            for question in try QuestionGenerator.generate(domain: domain, count: 80, seed: 12) {
                let asked = QuestionFormat.reply(question).map(\.text).joined()
                #expect(try JSONDecoder().decode(AgentQuestion.self, from: Data(asked.utf8)) == AgentQuestion(question))
                let explanation = try #require(question.explanation)
                let reply = AnswerFormat.reply(reasoning: explanation, answer: question.answer)
                let answered = try JSONDecoder().decode(AgentAnswer.self, from: Data(reply.map(\.text).joined().utf8))
                #expect(answered == AgentAnswer(answer: question.answer.rawValue, reasoning: explanation))
                #expect(reply.map(\.kind) == [.fixed, .free, .fixed, .fixed, .letter, .fixed])
            }
        }
        let bare = AnswerFormat.letterReply(.D).map(\.text).joined()
        #expect(try JSONDecoder().decode(AgentAnswer.self, from: Data(bare.utf8)) == AgentAnswer(answer: "D", reasoning: nil))
    }

    @Test func whatIsAskedShowsTheChoices() {
        let text = AnswerFormat.userMessage(question: "Which?", choices: ["one", "two", "three", "four"])
        #expect(text == "Which?\nA) one\nB) two\nC) three\nD) four")
    }

    @Test func sanitisedTextStandsInJSONUnescaped() throws {
        let hostile = "He said \"no\\yes\"\n\tand\u{0} “left”\u{2028}… \u{1F600}  \r\n end"
        let text = AnswerFormat.sanitise(hostile)
        #expect(text == "He said 'no/yes' and 'left' … \u{1F600} end")
        #expect(try JSONDecoder().decode([String].self, from: Data("[\"\(text)\"]".utf8)) == [text])
        #expect(AnswerFormat.sanitise(Array(repeating: "word", count: 130).joined(separator: " ")).split(separator: " ").count == 100)
        #expect(AnswerFormat.sanitise(" \n ") == "")
    }
}
