import Transformers

/// Writes one JSON string with a model: samples under the vocabulary's masks until the model closes the string or a limit does.
/// What closes it never stays in the stream: the guide appends the quote itself, alone, as in training.
package struct StringWriter {
    private let vocabulary: AgentVocabulary
    private let sampling: Sampling
    private let wordLimit: Int
    private let tokenLimit: Int
    private let bannedStarts: Set<Int>

    /// The string's tokens that stand in the stream.
    private(set) var tokens: [Int] = []
    /// After each of them: how many bytes there are, and how far the last character got.
    private var marks: [(bytes: Int, state: UInt8)] = []
    private var bytes: [UInt8] = []
    private var saysSomething = false
    /// Set once the string has ended; `next` then gives what is left to correct, then nil.
    private(set) var ending: Ending?
    private var toDrop = 0
    private var toAppend: [Int] = []

    /// - Parameters:
    ///   - wordLimit, tokenLimit: the longest text; at a token limit of 0 nothing is written.
    ///   - bannedStarts: tokens that the text may not start with, unless nothing else could.
    init(
        _ vocabulary: AgentVocabulary, sampling: Sampling, wordLimit: Int = .max, tokenLimit: Int, bannedStarts: Set<Int> = []
    ) {
        self.vocabulary = vocabulary
        self.sampling = sampling
        self.wordLimit = wordLimit
        self.tokenLimit = tokenLimit
        self.bannedStarts = bannedStarts
        if tokenLimit <= 0 || wordLimit <= 0 { ending = .tokenLimit }
    }

    private var state: UInt8 { marks.last?.state ?? 0 }

    /// The text so far, without spaces at its ends.
    var text: String { Self.trimmed(String(decoding: bytes, as: UTF8.self)) }

    /// Whether the text holds anything but spaces and invisible characters.
    var hasContent: Bool { saysSomething }

    /// The next demand of this string, or nil when it has ended and the stream holds exactly its tokens.
    mutating func next() -> Demand? {
        if toDrop > 0 {
            defer { toDrop = 0 }
            return .rewind(toDrop)
        }
        if !toAppend.isEmpty {
            defer { toAppend = [] }
            return .append(toAppend)
        }
        guard ending == nil else { return nil }
        if tokens.isEmpty, !bannedStarts.isEmpty, let mask = vocabulary.startMask(without: bannedStarts) {
            return .sample(sampling, mask)
        }
        return .sample(sampling, vocabulary.mask(at: place))
    }

    private var place: AgentVocabulary.Place {
        if state != 0 { return .withinCharacter(state) }
        if bytes.isEmpty || bytes.last == UInt8(ascii: " ") { return .wordStart }
        return hasContent ? .inside : .unclosable
    }

    mutating func sampled(_ token: Int) throws {
        guard ending == nil else { throw AgentError.decoder("token \(token) was sampled after the string had ended") }
        switch vocabulary.reading(of: token, from: state) {
        case .text(let after):
            keep(token, vocabulary.coding.bytes(of: token), after)
            if Self.words(in: text) > wordLimit {
                end(.wordLimit, dropping: 1)
            } else if tokens.count >= tokenLimit {
                end(.tokenLimit)
            }
        case .close(let kept):
            guard hasContent else { throw AgentError.decoder("token \(token) closes a string that says nothing, against its mask") }
            close(after: kept, of: token)
        case .forbidden:
            throw AgentError.decoder("token \(token) was sampled against its mask")
        }
    }

    /// The string must end now, whatever the model would still say.
    mutating func stop(_ reason: Ending) {
        if ending == nil { end(reason) }
    }

    private mutating func keep(_ token: Int, _ piece: [UInt8], _ after: UInt8) {
        tokens.append(token)
        bytes += piece
        marks.append((bytes.count, after))
        if !saysSomething { saysSomething = Self.saysSomething(bytes) }
    }

    /// Ends the string at the end of a character, some tokens back if it must be.
    private mutating func end(_ reason: Ending, dropping count: Int = 0) {
        ending = reason
        let before = tokens.count
        tokens.removeLast(count)
        marks.removeLast(count)
        while state != 0 {
            tokens.removeLast()
            marks.removeLast()
        }
        bytes.removeLast(bytes.count - (marks.last?.bytes ?? 0))
        saysSomething = Self.saysSomething(bytes)
        toDrop = before - tokens.count
    }

    /// The sampled token goes; of one like `."` the text before the quote is written instead, if it fits.
    private mutating func close(after kept: Int, of token: Int) {
        ending = vocabulary.coding.endTokens.contains(token) ? .endToken : .closed
        toDrop = 1
        guard kept > 0 else { return }
        let piece = Array(vocabulary.coding.bytes(of: token).prefix(kept))
        let replacement = vocabulary.coding.plain(String(decoding: piece, as: UTF8.self))
        let longer = String(decoding: bytes + piece, as: UTF8.self)
        guard tokens.count + replacement.count <= tokenLimit, Self.words(in: longer) <= wordLimit else { return }
        toAppend = replacement
        tokens += replacement
        bytes += piece
        marks += replacement.map { _ in (bytes.count, 0) }
    }

    /// Words are what stands between whitespace of any kind.
    package static func words(in text: String) -> Int { text.unicodeScalars.split { $0.properties.isWhitespace }.count }

    /// Without whitespace at its ends, and without what would join the character before it, such as an accent of its own.
    static func trimmed(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, first.properties.isWhitespace || String([" ", Character(first)]).count == 1 {
            scalars.removeFirst()
        }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }

    private static func saysSomething(_ bytes: [UInt8]) -> Bool { saysSomething(String(decoding: bytes, as: UTF8.self)) }

    /// Whether there is a letter, digit, sign or mark of punctuation in `text`: anything that can be seen.
    package static func saysSomething(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator,
                .nonspacingMark, .spacingMark, .enclosingMark:
                false
            default: scalar != "\u{FFFD}"
            }
        }
    }

    /// `text` shortened from its end, by words while there are several, until `fits` accepts it.
    static func shortened(_ text: String, until fits: (String) -> Bool) -> String {
        var text = trimmed(text)
        while !text.isEmpty, !fits(text) {
            if let space = text.lastIndex(where: \.isWhitespace) {
                text = trimmed(String(text[..<space]))
            } else {
                text.removeLast()
            }
        }
        return text
    }
}
