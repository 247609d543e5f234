/// Cuts a text into the pieces that BPE may not merge across. Each case is a hand-written scanner for one published regular
/// expression; the pieces are the same as those of the expression in the `tokenizers` library.
public enum PreTokenizer: String, Sendable, CaseIterable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// GPT-2's, after every digit has been set apart. SmolLM2, StarCoder.
    case smolLM2
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    case llama3
    /// Llama 3's with one digit a piece: `\p{N}`. Qwen2, Qwen2.5, Qwen3.
    case qwen2

    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let llama3Pattern = tail(digits: #"\p{N}{1,3}"#)
    static let qwen2Pattern = tail(digits: #"\p{N}"#)

    private static func tail(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The pieces of `text` in order, as byte ranges; together they are the whole text.
    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        let scanned = ScannedText(text)
        let scanner = Scanner(text: text, scanned: scanned)
        let starts = scanned.starts
        switch self {
        case .gpt2:
            var at = 0
            while at < scanned.count {
                let end = scanner.gpt2Piece(at, limit: scanned.count)
                body(starts[at]..<starts[end])
                at = end
            }
        case .smolLM2:
            // White space before a digit ends its segment there, so "a  1" keeps both blanks in one piece.
            var at = 0
            while at < scanned.count {
                if scanned.classes[at] == .number {
                    body(starts[at]..<starts[at + 1])
                    at += 1
                    continue
                }
                let limit = scanner.end(of: at, limit: scanned.count) { $0 != .number }
                while at < limit {
                    let end = scanner.gpt2Piece(at, limit: limit)
                    body(starts[at]..<starts[end])
                    at = end
                }
            }
        case .llama3, .qwen2:
            let digits = self == .llama3 ? 3 : 1
            var at = 0
            while at < scanned.count {
                let end = scanner.llama3Piece(at, digits: digits)
                body(starts[at]..<starts[end])
                at = end
            }
        }
    }
}

/// One step of a pre-tokeniser: from the scalar where a piece begins to the scalar behind it.
private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    let scanned: ScannedText

    func end(of start: Int, limit: Int, while holds: (ScalarClass) -> Bool) -> Int {
        var at = start
        while at < limit && holds(scanned.classes[at]) { at += 1 }
        return at
    }

    func gpt2Piece(_ at: Int, limit: Int) -> Int {
        if let end = contraction(at, limit: limit, ignoringCase: false) { return end }
        let first = scanned.classes[at]
        let body = first == .space ? at + 1 : at
        if body < limit, !scanned.classes[body].isWhitespace {
            let kind = scanned.classes[body]
            return end(of: body + 1, limit: limit) { $0 == kind }
        }
        return whitespace(at, limit: limit)
    }

    func llama3Piece(_ at: Int, digits: Int) -> Int {
        let limit = scanned.count
        if let end = contraction(at, limit: limit, ignoringCase: true) { return end }
        let first = scanned.classes[at]
        if first == .letter { return end(of: at + 1, limit: limit) { $0 == .letter } }
        if first == .number { return end(of: at + 1, limit: min(limit, at + digits)) { $0 == .number } }
        if first != .newline, at + 1 < limit, scanned.classes[at + 1] == .letter {
            return end(of: at + 2, limit: limit) { $0 == .letter }
        }
        let body = first == .space ? at + 1 : at
        if body < limit, scanned.classes[body] == .other {
            let words = end(of: body + 1, limit: limit) { $0 == .other }
            return end(of: words, limit: limit) { $0 == .newline }
        }
        // \s*[\r\n]+ takes the run of white space up to its last line end.
        let run = end(of: at, limit: limit) { $0.isWhitespace }
        var last = run
        while last > at && scanned.classes[last - 1] != .newline { last -= 1 }
        return last > at ? last : whitespace(at, limit: limit)
    }

    /// `\s+(?!\S)|\s+`: a run of white space leaves its last character to the word behind it, unless it has only one.
    private func whitespace(_ at: Int, limit: Int) -> Int {
        let run = end(of: at, limit: limit) { $0.isWhitespace }
        return run < limit && run - at > 1 ? run - 1 : run
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`. Case folding makes the long s (U+017F) an s.
    private func contraction(_ at: Int, limit: Int, ignoringCase: Bool) -> Int? {
        let start = scanned.starts[at]
        guard text[start] == UInt8(ascii: "'"), at + 1 < limit else { return nil }
        func letter(_ offset: Int) -> UInt8 {
            guard at + offset < limit else { return 0 }
            let byte = text[scanned.starts[at + offset]]
            guard ignoringCase else { return byte }
            if byte == 0xC5, text[scanned.starts[at + offset] + 1] == 0xBF { return UInt8(ascii: "s") }
            return byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        }
        switch (letter(1), letter(2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return at + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return at + 3
        default:
            return nil
        }
    }
}
