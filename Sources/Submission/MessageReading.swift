import Foundation
import Questions

/// Finds in a caller's message what an agent is asked for. `generate_response` takes any text, and runners phrase it in their own ways;
/// what can be read as a topic or as a four-choice question gets the agent's own trained prompt and its guided reply, whatever
/// surrounds it.
package enum MessageReading {
    /// The topic of a message: `{"topic": …, "area": …}`, a line "Topic: …", or a short text that is nothing but a topic.
    package static func topic(of message: String) -> (area: String, topic: String)? {
        struct Wish: Decodable {
            var topic: String
            var area: String?
        }
        let text = trimmed(message)
        if text.first == "{" {
            guard let wish = try? JSONDecoder().decode(Wish.self, from: Data(text.utf8)), !trimmed(wish.topic).isEmpty else { return nil }
            return (wish.area ?? "", trimmed(wish.topic))
        }
        if let match = text.firstMatch(of: /(?i)\btopic\s*[:=]\s*["']?([^\n"']+)/) {
            let topic = trimmed(String(match.1))
            if !topic.isEmpty { return ("", topic) }
        }
        let isShort = !text.contains(where: \.isNewline) && text.split(separator: " ").count <= 12 && text.last != "."
        return isShort && !text.isEmpty ? ("", text) : nil
    }

    /// The question of a message: `{"question": …, "choices": […]}`, or a text with the choices A to D, each on a line of its own or one
    /// behind the other.
    package static func question(of message: String) -> PosedQuestion? {
        let text = trimmed(message)
        if text.first == "{", let posed = try? JSONDecoder().decode(PosedQuestion.self, from: Data(text.utf8)) { return posed }
        let marks = text.matches(of: /(?:^|\s)\(?([ABCD])[).:]\s+/)
        guard marks.count >= 4 else { return nil }
        let starts = (0...marks.count - 4).first { first in marks[first..<first + 4].map { String($0.1) } == ["A", "B", "C", "D"] }
        guard let first = starts else { return nil }
        var choices: [String] = []
        for index in first..<first + 4 {
            let begin = marks[index].range.upperBound
            let limit = index + 1 < first + 4 ? marks[index + 1].range.lowerBound : text.endIndex
            let choice = text[begin..<limit]
            choices.append(trimmed(String(choice.prefix { !$0.isNewline })))
        }
        let before = trimmed(String(text[..<marks[first].range.lowerBound]))
        let stated = before.replacing(/(?i)\s*\b(choices|options)\s*[:=]?\s*$/, with: "")
        // What stands before the last "Question:" is instructions.
        let label = stated.ranges(of: /(?i)\bquestion\s*[:=]\s*/).last
        let question = trimmed(label.map { String(stated[$0.upperBound...]) } ?? String(stated))
        guard !question.isEmpty, !choices.contains("") else { return nil }
        return PosedQuestion(question: question, choices: choices)
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}

extension PosedQuestion {
    /// As the answer agent takes it; the right letter is not known here and not looked at there.
    /// - Throws: `Unusable`.
    func asQuestion(id: String) throws -> Question {
        guard choices.count == 4 else { throw Unusable(reason: "the question has \(choices.count) choices, not four") }
        let whole = AgentQuestion(topic: "", question: question, choices: choices, answer: "", explanation: nil)
        guard !question.allSatisfy(\.isWhitespace) else { throw Unusable(reason: "the question is empty") }
        return Question(
            id: id, source: "", subject: "", topic: "", domain: .other, question: question, choices: whole.choiceTexts, answer: .A)
    }

    struct Unusable: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason }
    }
}
