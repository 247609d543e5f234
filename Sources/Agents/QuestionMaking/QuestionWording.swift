import Questions

/// Whether a text asks for one of its choices at all.
package enum QuestionWording {
    /// Why it does not; nil if it does.
    package static func objection(to question: AgentQuestion) -> String? {
        let text = question.question
        guard let last = text.last else { return "the question is empty" }
        let asks = "?:_…".contains(last) || text.contains("?") || text.contains("__") || text.hasSuffix("...")
        let first = text.lowercased().prefix { $0.isLetter }
        if !asks, !(imperatives.contains(String(first)) && ".)`'".contains(last)) { return "it asks nothing, or breaks off" }
        for (letter, choice) in zip(Letter.allCases, question.choiceTexts) {
            if holdsMark(choice) { return "choice \(letter) holds other choices: \"\(choice)\"" }
        }
        return holdsMark(text) ? "the question holds its choices" : nil
    }

    private static let imperatives: Set<String> = [
        "calculate", "choose", "complete", "compute", "convert", "determine", "estimate", "evaluate", "express", "fill", "find", "give",
        "identify", "name", "pick", "round", "select", "simplify", "solve", "state",
    ]

    /// Whether "B) " or "(C)" stands in a text, as where a model goes on to write the next choice.
    private static func holdsMark(_ text: String) -> Bool {
        let characters = Array(text)
        for (place, character) in characters.enumerated() where "ABCDEFG".contains(character) {
            let next = place + 1 < characters.count ? characters[place + 1] : " "
            let before = place > 0 ? characters[place - 1] : " "
            // "f(A)" and "P(A) + P(B)" are mathematics.
            if ")]}".contains(next), before == " " || before == "," || (before == "(" && (place < 2 || characters[place - 2] == " ")) { return true }
        }
        return false
    }
}
