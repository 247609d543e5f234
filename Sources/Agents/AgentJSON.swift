import Foundation
import Questions

extension AgentQuestion {
    /// The reply's text in the layout of `QuestionFormat`, whatever its texts hold.
    public var json: String {
        "{\"topic\": \(quoted(topic)), \"question\": \(quoted(question)), \"choices\": ["
            + choices.map(quoted).joined(separator: ", ") + "], \"answer\": \(quoted(answer))"
            + (explanation.map { ", \"explanation\": \(quoted($0))" } ?? "") + "}"
    }

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
        let telling: Set<String> = ["above", "below", "former", "latter", "first", "second", "third", "fourth", "last", "both", "these"]
        for text in choiceTexts + [question, explanation ?? ""] {
            let words = text.split { !$0.isLetter && !$0.isNumber }
            for word in words where telling.contains(word.lowercased()) || ["A", "B", "C", "D"].contains(word) {
                return false
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
