import Foundation
import Questions

/// What can be told of a text without understanding it.
enum Wording {
    /// Replacement characters, control characters, and UTF-8 that was once read as Latin-1 or Windows-1252 ("Ã©", "â€™").
    static func isMisencoded(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return false }
        var previous: UInt32 = 0
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value == 0xfffd || (value < 0x20 && value != 0x09 && value != 0x0a && value != 0x0d) || (0x7f...0x9f).contains(value) {
                return true
            }
            if previous == 0xc2 || previous == 0xc3, (0xa0...0xbf).contains(value) { return true }
            if previous == 0xe2, value == 0x20ac || value == 0x201a { return true }
            previous = value
        }
        return false
    }

    /// Runs of letters and digits; everything beyond ASCII counts as a letter here. Told by bytes, which is what makes it quick.
    private static func words(of text: String) -> [String] {
        text.utf8.split { byte in
            !((0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80)
        }.map { String(Substring($0)) }
    }

    private static let pictures: Set<String> = [
        "figure", "fig", "diagram", "graph", "picture", "image", "chart", "map", "photograph", "photo", "illustration", "drawing", "cartoon",
    ]
    private static let pointers: Set<String> = ["above", "below", "shown", "opposite", "attached", "provided"]

    /// Speaks of a picture as if it stood beside the text: "the figure above", "as shown in the diagram", `<img`. A graph that is
    /// described in words ("the graph of y = x²", "which graph shows …") is none.
    static func lacksFigure(_ text: String) -> Bool {
        let lower = text.lowercased()
        if lower.utf8.contains(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "[") }) {
            if ["<img", "![", "[image]", "[figure]"].contains(where: lower.contains) { return true }
        }
        let words = words(of: lower)
        for (index, word) in words.enumerated() where pictures.contains(word) {
            let before = words[max(0, index - 4)..<index]
            let after = words[(index + 1)...].prefix(2)
            let article = before.last == "the" || before.last == "this" || before.last == "adjoining" || before.last == "accompanying"
            guard article else { continue }
            if after.contains(where: pointers.contains), after.first != "of" { return true }
            if before.last == "adjoining" || before.last == "accompanying" { return true }
            let lead = before.dropLast().joined(separator: " ")
            if lead.hasSuffix("shown in") || lead.hasSuffix("refer to") || lead.hasSuffix("seen in"), after.first != "of" { return true }
            if word == "figure" || word == "fig" || word == "diagram", before.dropLast().last == "in", after.first != "of" { return true }
        }
        return false
    }

    /// "All of the above", "None of these", "Both A and C", "A and B only", "I and II" is not: numerals number statements, not choices.
    static func namesOtherChoices(_ choice: String) -> Bool {
        let words = words(of: choice.lowercased())
        guard words.count <= 8, words.count >= 2 else { return false }
        let text = words.joined(separator: " ")
        if ["all", "none", "any", "both", "some", "two", "neither", "either", "each", "more"].contains(where: words.contains) {
            let phrases = ["of the above", "of these", "of the other", "of them", "of those", "the above"]
            if phrases.contains(where: text.contains) { return true }
        }
        if ["all are correct", "all are true", "none is correct", "none are correct", "all the above", "none above"].contains(text) { return true }
        let letters = words.filter { ["a", "b", "c", "d"].contains($0) }
        guard letters.count >= 2, Set(letters).count == letters.count else { return false }
        let rest = Set(words).subtracting(letters)
        return !rest.isEmpty && rest.isSubset(of: [
            "both", "and", "or", "only", "neither", "nor", "either", "but", "not", "choices", "options", "answers", "are", "correct", "true",
        ]) && rest.intersection(["and", "or", "nor"]).isEmpty == false
    }

    /// "the answer is B", "option (C)", "ANSWER:D", "choice A".
    static func namesLetter(_ text: String) -> Bool {
        let tokens = words(of: text)
        let heads: Set<String> = ["answer", "answers", "option", "options", "choice", "choices", "ans", "correct", "alternative"]
        let between: Set<String> = ["is", "are", "the", "option", "choice", "answer", "correct", "letter", "would", "be", "therefore"]
        for (index, token) in tokens.enumerated() where token.utf8.count == 1 && "ABCDEabcde".contains(token) {
            var at = index - 1
            var steps = 0
            while at >= 0, steps < 4 {
                let word = tokens[at].lowercased()
                if heads.contains(word) {
                    // "the answer is a number" speaks of no letter.
                    if token.first?.isUppercase == true || (index + 1 == tokens.count && token != "a") { return true }
                    break
                }
                guard between.contains(word) else { break }
                (at, steps) = (at - 1, steps + 1)
            }
        }
        // "(C)" at the very end, or a lone letter as the last line.
        let end = text.trimmingCharacters(in: .whitespacesAndNewlines.union(CharacterSet(charactersIn: ".!"))).suffix(3)
        return end.count == 3 && end.first == "(" && end.last == ")" && "ABCDE".contains(end.dropFirst().first ?? " ")
    }
}

extension Question {
    /// What is worth knowing of a question that can be used.
    public var flags: Set<QuestionFlag> {
        var flags: Set<QuestionFlag> = []
        if choices.contains(where: Wording.namesOtherChoices) { flags.insert(.choiceNamesOthers) }
        if Wording.namesLetter(question) || explanation.map(Wording.namesLetter) == true { flags.insert(.textNamesLetter) }
        if Set(choices.map { Fingerprint.normalised($0) }).count < 4 { flags.insert(.choicesNearlySame) }
        return flags
    }
}
