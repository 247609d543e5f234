import Foundation
import Questions

extension AgentQuestion {
    /// The reply's text in the layout of `QuestionFormat`, whatever its texts hold.
    public var json: String {
        "{\"topic\": \(quoted(topic)), \"question\": \(quoted(question)), \"choices\": ["
            + choices.map(quoted).joined(separator: ", ") + "], \"answer\": \(quoted(answer))"
            + (explanation.map { ", \"explanation\": \(quoted($0))" } ?? "") + "}"
    }

    /// What stands in the place of a question that cannot be written.
    static func refusal(topic: String, reason: String) -> String { "{\"topic\": \(quoted(topic)), \"error\": \(quoted(reason))}" }

    /// The same question with its choices in another order.
    /// - Parameter order: `order[new]` is the old index of the choice that comes to stand there.
    func reordered(_ order: [Int]) -> AgentQuestion {
        let texts = choiceTexts
        var copy = self
        copy.choices = zip(Letter.allCases, order).map { "\($0)) \(texts[$1])" }
        if let old = Letter(rawValue: answer), let new = order.firstIndex(of: old.index).flatMap(Letter.init(index:)) {
            copy.answer = new.rawValue
        }
        return copy
    }

    /// Whether the texts still mean the same when the choices stand in another order: none speaks of a letter or a place.
    package var isFreeOfOrder: Bool {
        let places: Set<String> = ["above", "below", "former", "latter"]
        let ordinals: Set<String> = ["first", "second", "third", "fourth", "last"]
        let kinds: Set<String> = ["choice", "option", "answer"]
        let verbs: Set<String> = ["is", "are", "was", "and", "or", "nor", "because", "since"]
        for text in choiceTexts + [question, explanation ?? ""] {
            let words = text.split { !$0.isLetter && !$0.isNumber }
            for (index, word) in words.enumerated() {
                let next = index + 1 < words.count ? words[index + 1] : ""
                if places.contains(word.lowercased()) { return false }
                if ordinals.contains(word.lowercased()) && kinds.contains(next.lowercased()) { return false }
                // "A train leaves" starts with an article, "A is right" with a letter.
                let isArticle = word == "A" && next.first?.isLowercase == true && !verbs.contains(String(next))
                if Letter(rawValue: String(word)) != nil && !isArticle { return false }
            }
        }
        return true
    }
}

/// A JSON string with its quotes.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// Reads a reply as a tournament does: any JSON object with the fields, in any order.
package enum Reply {
    package static func question(_ output: String) -> AgentQuestion? {
        try? JSONDecoder().decode(AgentQuestion.self, from: Data(output.utf8))
    }

    package static func answer(_ output: String) -> AgentAnswer? {
        try? JSONDecoder().decode(AgentAnswer.self, from: Data(output.utf8))
    }
}
