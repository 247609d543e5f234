import Groundwork
import Questions
import Transformers

/// Keeps the four choices of a question different from each other.
package enum ChoiceRepair {
    /// Whether `text` says something that none of `choices` says; case, spacing and punctuation do not count.
    package static func isNew(_ text: String, among choices: [String]) -> Bool {
        let key = Fingerprint.normalised(text)
        return StringWriter.saysSomething(text) && !choices.contains { Fingerprint.normalised($0) == key }
    }

    /// A choice instead of one that repeats another: its number moved on if it holds one ("12 cm" to "13 cm"), otherwise one
    /// that fits any question. The same input always gives the same text.
    /// - Parameter fits: whether there is room for a text; the shortest are taken even if there is not.
    package static func replacement(for text: String, among choices: [String], fits: (String) -> Bool) -> String {
        var candidates = neighbours(of: text)
        candidates += ["None of these", "All of these", "Not enough information", "Cannot be known", "None", "All"]
        if let found = candidates.first(where: { isNew($0, among: choices) && fits($0) }) { return found }
        return (0...choices.count).map(String.init).first { isNew($0, among: choices) } ?? "None"
    }

    /// `text` with its last number raised by one, two, …
    private static func neighbours(of text: String) -> [String] {
        guard let end = text.lastIndex(where: \.isASCIIDigit) else { return [] }
        var start = end
        while start > text.startIndex, text[text.index(before: start)].isASCIIDigit { start = text.index(before: start) }
        guard let number = Int(text[start...end]), number < 1_000_000_000 else { return [] }
        return (1...4).map { text.replacingCharacters(in: start...end, with: String(number + $0)) }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

extension String {
    fileprivate func replacingCharacters(in range: ClosedRange<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[index(after: range.upperBound)...]
    }
}

extension Letter {
    /// A letter drawn from the four's probabilities at a temperature; at 0 the likeliest.
    /// - Parameter scores: log-probabilities of A, B, C, D.
    package static func drawn(_ scores: [Float], temperature: Double, seed: UInt64) -> Letter {
        let best = likeliest(scores)
        let top = Double(scores[best.index])
        guard temperature > 0, top.isFinite else { return best }
        let weights = scores.map { $0.isNaN ? 0 : exponential((Double($0) - top) / temperature) }
        var random = CounterRandom(seed: seed, phase: "letter")
        var point = random.uniform() * weights.reduce(0, +)
        for (letter, weight) in zip(allCases, weights) {
            if point < weight { return letter }
            point -= weight
        }
        return best
    }
}
