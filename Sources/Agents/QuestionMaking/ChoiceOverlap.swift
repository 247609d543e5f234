import Datasets
import Questions

/// Choices of which two would be right or wrong together.
package enum ChoiceOverlap {
    /// Why the choices do not stand side by side; nil if they do.
    package static func found(in question: AgentQuestion) -> String? {
        let texts = question.choiceTexts
        for second in texts.indices {
            for first in 0..<second {
                if let how = relation(texts[first], texts[second]) {
                    return "\(Letter.allCases[first]) and \(Letter.allCases[second]) \(how)"
                }
            }
        }
        if let asked = question.asQuestion(id: "", source: ""), asked.flags.contains(.choiceNamesOthers) {
            return "a choice speaks of the other choices"
        }
        return nil
    }

    /// How two choices overlap; nil if they do not.
    static func relation(_ a: String, _ b: String) -> String? {
        if Fingerprint.normalised(a) == Fingerprint.normalised(b) { return "are the same: \"\(a)\"" }
        if let x = NumberText(a), let y = NumberText(b) {
            return x.equals(y) ? "are the same number: \"\(a)\" and \"\(b)\"" : nil
        }
        // "10 - 10" and "0".
        if let x = ArithmeticQuestion.value(of: a) ?? NumberText(a)?.value, let y = ArithmeticQuestion.value(of: b) ?? NumberText(b)?.value {
            return NumberText.near(x, y) ? "have the same value: \"\(a)\" and \"\(b)\"" : nil
        }
        let (x, y) = (plainWords(a), plainWords(b))
        guard let x, let y else { return nil }
        if x == y { return "differ in small words only: \"\(a)\" and \"\(b)\"" }
        let (short, long) = x.count < y.count ? (x, y) : (y, x)
        let isInside = short.count < long.count && (long.starts(with: short) || long.suffix(short.count).elementsEqual(short))
        let isOpposite = long.contains(where: opposites.contains) && !short.contains(where: opposites.contains)
        return isInside && !isOpposite ? "overlap: \"\(a)\" and \"\(b)\"" : nil
    }

    private static let small: Set<String> = ["a", "an", "the", "it", "is", "they", "are", "its", "their", "of", "in", "to"]
    private static let opposites: Set<String> = ["not", "no", "never", "none", "without", "non", "only"]

    /// The words of a text of words; nil where signs or digits say that it is a formula or a program, in which a part is not the whole.
    private static func plainWords(_ text: String) -> [String]? {
        guard text.allSatisfy({ $0.isLetter || $0.isWhitespace || "'’-.,;!".contains($0) }) else { return nil }
        let words = text.lowercased().split { !$0.isLetter && !"'’-".contains($0) }.map(String.init)
        let telling = words.filter { !small.contains($0) }
        return telling.isEmpty ? nil : telling
    }
}
