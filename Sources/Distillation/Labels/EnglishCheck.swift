/// Whether a text is English, by its script and its commonest words. Teachers slip into other languages, mostly whole sentences of them.
package enum EnglishCheck {
    /// - Returns: true for text that gives no reason for doubt, such as bare formulas.
    package static func passes(_ text: String) -> Bool {
        var latin = 0, other = 0
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            // Greek letters are mathematics; Latin with accents is names.
            if scalar.value < 0x400 || (0x1d400...0x1d7ff).contains(scalar.value) { latin += 1 } else { other += 1 }
        }
        if other * 10 > latin + other { return false }
        let words = text.lowercased().split { !$0.isLetter && $0 != "'" }.map(String.init)
        guard words.count >= 8 else { return true }
        func count(_ list: Set<String>) -> Int { words.count { list.contains($0) } }
        let english = count(english)
        return others.allSatisfy { count($0) <= english }
    }

    /// Function words. Single letters are left out of all lists: in mathematics they are names.
    private static let english: Set<String> = [
        "the", "of", "and", "to", "is", "that", "it", "for", "was", "with", "are", "this", "be", "by", "have", "from", "which", "we",
        "not", "so", "because", "has", "its", "there", "must", "then", "than", "these", "would", "can", "if", "or", "at", "you", "only",
    ]
    private static let others: [Set<String>] = [
        ["der", "die", "das", "und", "ist", "nicht", "ein", "eine", "von", "mit", "wir", "auf", "für", "sich", "dem", "den", "des", "zu", "sind"],
        ["le", "la", "les", "des", "et", "est", "une", "un", "du", "dans", "que", "qui", "pour", "pas", "sur", "nous", "il", "ce", "donc", "en"],
        ["el", "la", "los", "las", "de", "que", "es", "un", "una", "por", "con", "para", "no", "se", "del", "como", "en", "lo", "su"],
        ["il", "lo", "di", "che", "un", "una", "per", "non", "con", "del", "della", "sono", "le", "gli", "si", "da", "come", "la", "nel"],
        ["os", "as", "de", "que", "um", "uma", "do", "da", "não", "com", "para", "por", "se", "dos", "em", "mais", "na"],
    ]
}
