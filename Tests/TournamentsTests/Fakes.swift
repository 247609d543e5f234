import Agents
import Foundation
import Groundwork
import Questions
import Tournaments

/// A team that asks what it was made with and answers always the same letter, or what a closure says.
struct FakeTeam: QuestionAsking, QuestionAnswering {
    var asks: [String]
    var seconds = 1.0
    var answers: (Question, UInt64) throws -> String? = { _, _ in "A" }
    var asked: ((UInt64) throws -> Void)?

    func ask(_ topics: [Topic], count: Int, deadline: Duration?, seed: UInt64) throws -> [QuestionRecord] {
        try asked?(seed)
        return asks.map { QuestionRecord(area: "Geography", topic: "capitals", output: $0, question: nil, seconds: seconds) }
    }

    func answer(_ questions: [Question], deadline: Duration?, seed: UInt64) throws -> [AnswerRecord] {
        try questions.compactMap { question in
            try answers(question, seed).map {
                AnswerRecord(questionID: question.id, output: "{\"answer\": \"\($0)\", \"reasoning\": \"so\"}", answer: nil, seconds: 1)
            }
        }
    }

    func entrant(_ name: String, identity: String = "v1") -> Tournament.Entrant {
        .init(Team(name: name, questionAgent: self, answerAgent: self), identity: identity)
    }
}

func questionText(_ answer: String, _ text: String = "Which?") -> String {
    AgentQuestion(topic: "capitals", question: text, choices: ["A) w", "B) x", "C) y", "D) z"], answer: answer, explanation: "so").json
}

let geography = [Topic(area: "Geography", topic: "capitals")]

func words(_ text: String) -> Int { text.split(separator: " ").count }

/// A folder of its own, gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "retort-tournament-" + UUID().uuidString
    try WholeFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}
