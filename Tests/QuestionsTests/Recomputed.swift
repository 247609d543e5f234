import Foundation
import Testing

import Questions

/// The numbers in a text, in order: "2.5 and -3" gives 2.5 and -3. A minus sign counts only where no digit or letter stands before it.
func numbers(in text: String) -> [Double] {
    var found: [Double] = []
    var current = "", before: Character = " "
    for character in text + " " {
        let starts = character == "-" && current.isEmpty && !before.isLetter && !before.isNumber
        let goesOn = character.isASCII && character.isNumber || character == "." && current.last?.isNumber == true && !current.contains(".")
        if starts || goesOn {
            current.append(character)
        } else {
            if let value = Double(current.hasSuffix(".") ? String(current.dropLast()) : current) { found.append(value) }
            current = ""
        }
        before = character
    }
    return found
}

func integers(in text: String) -> [Int] { numbers(in: text).map { Int($0) } }

/// A whole number without ".0".
func plain(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

func checkRecomputed(
    _ domain: Domain, _ family: String, count: Int = 240, difficulty: Int? = nil, _ expected: (Question) throws -> String?
) throws {
    let questions = try QuestionGenerator.generate(
        domain: domain, count: count, seed: 77, families: [family], difficulty: difficulty)
    for question in questions {
        let answer = try #require(try expected(question), "cannot read: \(question.question)")
        #expect(question.answerText == answer, "\(question.question) \(question.choices)")
    }
}
