/// Whether a text is English, as far as its letters and its commonest words tell.
package enum EnglishText {
    /// Why `texts`, taken together, are not English; nil if nothing speaks against it.
    package static func objection(to texts: [String]) -> String? {
        let text = texts.joined(separator: " ")
        let letters = text.unicodeScalars.filter(\.properties.isAlphabetic)
        guard !letters.isEmpty else { return nil }
        // ASCII, Latin with accents, and Greek, in which formulas are written.
        let latin = letters.count { $0.value < 0x250 || (0x370..<0x400).contains($0.value) }
        if latin * 10 < letters.count * 9 { return "\(letters.count - latin) of \(letters.count) letters are of no Latin script" }
        let words = text.lowercased().split { !$0.isLetter && $0 != "'" }.map(String.init)
        let own = words.count(where: english.contains), other = words.count(where: foreign.contains)
        if other > own { return "\(other) of its words are common in other languages, \(own) in English" }
        // A text of some length without one small word is a list, a formula, or nonsense.
        let question = texts.first?.lowercased().split { !$0.isLetter }.map(String.init) ?? []
        if question.count >= 8, !question.contains(where: english.contains) { return "the question has no common English word" }
        return nil
    }

    private static let english: Set<String> = [
        "the", "of", "and", "to", "in", "is", "a", "an", "that", "it", "for", "on", "with", "as", "are", "this", "what", "which", "who",
        "how", "when", "where", "why", "by", "from", "at", "be", "was", "were", "has", "have", "does", "do", "did", "not", "or", "if",
        "its", "their", "there", "these", "those", "following", "would", "can", "will", "most", "than", "between", "into",
    ]

    /// Common in French, German, Spanish, Italian, Portuguese, Dutch and Latin, and no word of English.
    private static let foreign: Set<String> = [
        "le", "les", "des", "une", "est", "dans", "que", "qui", "pour", "der", "das", "und", "ist", "nicht", "ein", "eine", "auf",
        "von", "el", "los", "las", "es", "por", "una", "como", "cual", "cuál", "qué", "il", "della", "che", "per", "sono", "não", "uma", "het", "een",
        "van", "quel", "quelle", "welche", "wie", "sunt",
    ]
}
