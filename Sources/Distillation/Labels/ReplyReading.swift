import Foundation
import Questions

/// A teacher's reply taken apart: thinking, reasoning, the letter it ends on, and the scores of the four letters where that stands.
package struct ReplyReading {
    /// Of the server's own field, or between `<think>` and `</think>`.
    package private(set) var thinking: String?
    /// The visible text before the sentence that names the letter.
    package private(set) var reasoning = ""
    package private(set) var stated: Letter?
    package private(set) var scores: LetterScores?
    /// Tokens of the reply that make up `reasoning`; nil where the server gave none.
    package private(set) var reasoningTokens: Range<Int>?
    /// The visible text, for a reply that has to be led to its letter.
    package private(set) var visible = ""
    /// Whether the reply ended inside its thinking.
    package private(set) var isStillThinking = false

    package init(_ reply: TeacherReply) {
        let joined = reply.tokens.map(\.text).joined()
        // Where both agree, places in the text are places in the tokens.
        func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let hasTokens = !reply.tokens.isEmpty && trimmed(joined) == trimmed(reply.text)
        let bytes = Array((hasTokens ? joined : reply.text).utf8)
        let shown = Self.visibleRange(bytes)
        thinking = reply.thinking ?? shown.thinking.map { Self.text(bytes[$0]) }
        isStillThinking = shown.isOpen
        visible = Self.text(bytes[shown.range])
        let statement = Statement.last(in: bytes, shown.range)
        stated = statement?.letter
        let body = shown.range.lowerBound..<(statement?.sentence ?? shown.range.upperBound)
        reasoning = Self.text(bytes[body])
        guard hasTokens else { return }
        var place = 0
        let ends = reply.tokens.map { token in
            place += token.text.utf8.count
            return place
        }
        if let statement, let index = ends.firstIndex(where: { $0 > statement.place }) { scores = LetterScores(reply.tokens[index]) }
        let first = ends.firstIndex { $0 > body.lowerBound } ?? ends.count
        reasoningTokens = first..<max(first, ends.firstIndex { $0 > body.upperBound } ?? ends.count)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\u{FFFD}", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Templates often write `<think>` themselves, so that a reply may begin inside its thinking.
    private static func visibleRange(_ bytes: [UInt8]) -> (range: Range<Int>, thinking: Range<Int>?, isOpen: Bool) {
        let opening = Array("<think>".utf8), closing = Array("</think>".utf8)
        let open = bytes.firstRange(of: opening)
        guard let close = bytes.firstRange(of: closing) else {
            guard let open else { return (0..<bytes.count, nil, false) }
            return (bytes.count..<bytes.count, open.upperBound..<bytes.count, true)
        }
        let start = open.map { $0.upperBound <= close.lowerBound ? $0.upperBound : 0 } ?? 0
        return (close.upperBound..<bytes.count, start..<close.lowerBound, false)
    }
}

/// Where a text names its answer: "Answer: B", "the answer is (B)", or a reply that begins with its letter.
private struct Statement {
    let letter: Letter
    /// The byte of the letter.
    let place: Int
    /// Where the sentence that holds it begins.
    let sentence: Int

    static func last(in bytes: [UInt8], _ range: Range<Int>) -> Statement? {
        let word = Array("answer".utf8)
        var at = range.upperBound - word.count
        while at >= range.lowerBound {
            let isWord = (0..<word.count).allSatisfy { bytes[at + $0] | 0x20 == word[$0] }
            if isWord, let place = letterPlace(bytes, after: at + word.count, range.upperBound), let letter = letter(bytes[place]) {
                return Statement(letter: letter, place: place, sentence: sentenceStart(bytes, before: at, range.lowerBound))
            }
            at -= 1
        }
        return bare(bytes, range)
    }

    /// A reply such as "B", "(B)" or "B) 12".
    private static func bare(_ bytes: [UInt8], _ range: Range<Int>) -> Statement? {
        guard let first = range.first(where: { !isDecoration(bytes[$0]) }), let letter = letter(bytes[first]) else { return nil }
        let next = first + 1
        guard next == range.upperBound || ")].:*\n".utf8.contains(bytes[next]) else { return nil }
        return Statement(letter: letter, place: first, sentence: range.lowerBound)
    }

    /// The letter's place behind the word "answer": only " is", a colon and decoration may stand between.
    private static func letterPlace(_ bytes: [UInt8], after start: Int, _ end: Int) -> Int? {
        var at = start
        func skipDecoration() { while at < end, isDecoration(bytes[at]) || ":=".utf8.contains(bytes[at]) { at += 1 } }
        skipDecoration()
        if at + 2 < end, bytes[at] == UInt8(ascii: "i"), bytes[at + 1] == UInt8(ascii: "s"), !isLetter(bytes[at + 2]) { at += 2 }
        skipDecoration()
        guard at < end, letter(bytes[at]) != nil else { return nil }
        if at + 1 < end, isLetter(bytes[at + 1]) || isDigit(bytes[at + 1]) { return nil }
        // "The answer is A triangle" names no letter.
        let isArticle = bytes[at] == UInt8(ascii: "A") && at + 2 < end && bytes[at + 1] == UInt8(ascii: " ") && isLetter(bytes[at + 2])
        return isArticle ? nil : at
    }

    private static func sentenceStart(_ bytes: [UInt8], before place: Int, _ lower: Int) -> Int {
        var at = place
        while at > lower {
            let previous = bytes[at - 1]
            if previous == UInt8(ascii: "\n") { return at }
            if at - 2 >= lower, previous == UInt8(ascii: " "), ".!?".utf8.contains(bytes[at - 2]) { return at }
            at -= 1
        }
        return lower
    }

    private static func letter(_ byte: UInt8) -> Letter? { Letter(rawValue: String(UnicodeScalar(byte))) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) || byte >= 0x80 }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isDecoration(_ byte: UInt8) -> Bool { " \t\r\n*_([{\"'`$#".utf8.contains(byte) }
}

/// The four letters' log-probabilities at one place of a reply.
package struct LetterScores: Hashable {
    /// Of A, B, C, D; spellings of one letter (" B", "B", "(B") are summed.
    package let logProbabilities: [Double]
    /// What a letter that no returned token spells was given: no more than the least likely token returned, and no more than all that was not
    /// returned has together. Nil where every letter was among the returned.
    package let floor: Double?

    /// - Returns: nil where no returned token spells a letter.
    package init?(_ token: TeacherReply.Token) {
        var listed = token.alternatives
        if !listed.contains(where: { $0.text == token.text }) {
            listed.append(TeacherReply.Alternative(text: token.text, logProbability: token.logProbability))
        }
        listed.removeAll { !$0.logProbability.isFinite }
        var found = [[Double]](repeating: [], count: 4)
        for one in listed {
            let bare = one.text.trimmingCharacters(in: CharacterSet(charactersIn: " \t\r\n*_([{\"'`$#:)]}.,"))
            if let letter = Letter(rawValue: bare) { found[letter.index].append(one.logProbability) }
        }
        guard found.contains(where: { !$0.isEmpty }) else { return nil }
        let rest = max(1 - listed.reduce(0) { $0 + exp($1.logProbability) }, 1e-12)
        let floor = min(listed.map(\.logProbability).min() ?? 0, log(rest))
        logProbabilities = found.map { $0.isEmpty ? floor : min(0, LetterLoss.logSum($0)) }
        self.floor = found.contains(where: \.isEmpty) ? floor : nil
    }
}
