import Questions
import Transformers

/// A tokenizer seen from inside a JSON string: which tokens may stand where, which of them close the string, and the tokens of
/// the four letters. Made once for a tokenizer and shared by all streams.
///
/// Tokens of byte-level BPE need not be whole characters, so what may follow depends on how far the last character got. That
/// is followed by a small automaton over UTF-8 (the well-formed sequences of Unicode's table 3-7), and there is a mask for
/// each of its states. Quotes, backslashes and control characters are in no mask, so the text needs no escapes.
public final class AgentVocabulary: Sendable {
    public let coding: any TokenCoding
    /// The tokens "A", "B", "C", "D".
    public let letterTokens: [Int]
    /// The token `"`.
    let quote: Int
    /// At the start of a string and after a space: neither a space nor the end.
    private let wordStart: TokenMask
    /// Inside a text that says nothing yet: no end.
    private let unclosable: TokenMask
    /// Inside a text: anything, also what closes the string.
    private let inside: TokenMask
    /// Within a character, by the automaton's state.
    private let withinCharacter: [TokenMask?]

    /// What a sampled token means inside a string.
    package enum Reading: Equatable {
        /// Text; the automaton's state after it.
        case text(UInt8)
        /// Closes the string after its first bytes.
        case close(keeping: Int)
        /// May not stand here.
        case forbidden
    }

    /// - Throws: `AgentError` if a letter or the quote is not one token, or nothing could ever be written.
    public init(_ coding: any TokenCoding) throws {
        self.coding = coding
        func single(_ text: String) throws -> Int {
            let tokens = coding.plain(text)
            guard tokens.count == 1 else { throw AgentError.notOneToken(text: text, tokens: tokens) }
            return tokens[0]
        }
        letterTokens = try Letter.allCases.map { try single($0.rawValue) }
        quote = try single(QuestionFormat.quote)

        let size = coding.vocabularySize, ends = coding.endTokens
        var startsWithSpace = [Bool](repeating: false, count: size)
        var closes = [Bool](repeating: false, count: size)
        // after[state][id]: the automaton's state after the token, or `rejected`.
        var after = [[UInt8]](repeating: [UInt8](repeating: UTF8State.rejected, count: size), count: UTF8State.count)
        var reaches = [Set<UInt8>](repeating: [], count: UTF8State.count)
        for id in 0..<size {
            if ends.contains(id) {
                closes[id] = true
                continue
            }
            let bytes = coding.bytes(of: id)
            guard let first = bytes.first, !coding.isAdded(id) else { continue }
            startsWithSpace[id] = first == UInt8(ascii: " ")
            // Only a continuation byte can follow within a character, and only something else at its start.
            for state in first & 0xC0 == 0x80 ? 1..<UTF8State.count : 0..<1 {
                let end = UTF8State.after(bytes, from: UInt8(state))
                after[state][id] = end
                if end != UTF8State.rejected { reaches[state].insert(end) }
            }
            if case .close = Self.reading(bytes, from: 0) { closes[id] = true }
        }
        // A state from which no tokens lead back to the end of a character would be a dead end.
        var live: Set<UInt8> = [0]
        var grew = true
        while grew {
            grew = false
            for state in 1..<UInt8(UTF8State.count) where !live.contains(state) && !reaches[Int(state)].isDisjoint(with: live) {
                live.insert(state)
                grew = true
            }
        }
        let text = TokenMask(vocabularySize: size) { live.contains(after[0][$0]) }
        unclosable = text
        wordStart = TokenMask(vocabularySize: size) { text.allows($0) && !startsWithSpace[$0] }
        inside = TokenMask(vocabularySize: size) { text.allows($0) || closes[$0] }
        withinCharacter = (0..<UTF8State.count).map { state in
            guard state > 0, live.contains(UInt8(state)) else { return nil }
            return TokenMask(vocabularySize: size) { live.contains(after[state][$0]) }
        }
        let start = wordStart
        guard (0..<size).contains(where: { start.allows($0) && after[0][$0] == 0 }) else { throw AgentError.emptyVocabulary }
    }

    /// Where in a string the next token will stand.
    package enum Place: Equatable {
        case wordStart
        case unclosable
        case inside
        case withinCharacter(UInt8)
    }

    package func mask(at place: Place) -> TokenMask {
        switch place {
        case .wordStart: return wordStart
        case .unclosable: return unclosable
        case .inside: return inside
        case .withinCharacter(let state):
            guard let mask = withinCharacter[Int(state)] else { preconditionFailure("no mask leads to state \(state)") }
            return mask
        }
    }

    /// The start of a string, where some first tokens were tried before and led to what already stands elsewhere.
    func startMask(without banned: Set<Int>) -> TokenMask? {
        let start = wordStart
        guard (0..<start.vocabularySize).contains(where: { start.allows($0) && !banned.contains($0) }) else { return nil }
        return TokenMask(vocabularySize: start.vocabularySize) { start.allows($0) && !banned.contains($0) }
    }

    package func reading(of token: Int, from state: UInt8) -> Reading {
        if state == 0 && coding.endTokens.contains(token) { return .close(keeping: 0) }
        guard token >= 0, token < coding.vocabularySize, !coding.isAdded(token) else { return .forbidden }
        return Self.reading(coding.bytes(of: token), from: state)
    }

    /// A token such as `."`, `",` or `"}` closes the string too: whole up to the quote, and with nothing after the quote
    /// that would make it an opening one (` "`, `"word`).
    private static func reading(_ bytes: [UInt8], from state: UInt8) -> Reading {
        let end = UTF8State.after(bytes, from: state)
        if end != UTF8State.rejected { return bytes.isEmpty ? .forbidden : .text(end) }
        guard state == 0, let quote = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return .forbidden }
        let kept = bytes[..<quote], rest = bytes[(quote + 1)...]
        func isWord(_ byte: UInt8) -> Bool {
            byte >= 0x80 || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
        guard UTF8State.after(Array(kept), from: 0) == 0, kept.last != UInt8(ascii: " "), !rest.contains(where: isWord) else {
            return .forbidden
        }
        return .close(keeping: kept.count)
    }
}

/// How far a UTF-8 character got: 0 at its end, otherwise which bytes may follow.
package enum UTF8State {
    package static let rejected: UInt8 = 255
    package static let count = 11

    /// The state after one byte. Rejects what is not well-formed UTF-8 and what JSON strings escape or forbid
    /// (quote, backslash, control characters of both blocks, delete, and the byte order mark).
    package static func after(_ byte: UInt8, from state: UInt8) -> UInt8 {
        func follow(_ range: ClosedRange<UInt8>, _ next: UInt8) -> UInt8 { range.contains(byte) ? next : rejected }
        switch state {
        case 1: return follow(0x80...0xBF, 0)
        case 2: return follow(0x80...0xBF, 1)
        case 3: return follow(0x80...0xBF, 2)
        case 4: return follow(0xA0...0xBF, 1)  // after E0: no overlong forms
        case 5: return follow(0x80...0x9F, 1)  // after ED: no surrogates
        case 6: return follow(0x90...0xBF, 2)  // after F0: no overlong forms
        case 7: return follow(0x80...0x8F, 2)  // after F4: nothing past U+10FFFF
        case 8: return follow(0xA0...0xBF, 0)  // after C2: no control characters U+0080 … U+009F
        // After EF: all but EF BB BF, the byte order mark, which readers of JSON drop.
        case 9: return byte == 0xBB ? 10 : follow(0x80...0xBF, 1)
        case 10: return follow(0x80...0xBE, 0)
        default: break
        }
        switch byte {
        case 0x00..<0x20, 0x22, 0x5C, 0x7F: return rejected
        case 0x20..<0x80: return 0
        case 0xC2: return 8
        case 0xC3...0xDF: return 1
        case 0xE0: return 4
        case 0xED: return 5
        case 0xEF: return 9
        case 0xE1...0xEE: return 2
        case 0xF0: return 6
        case 0xF1...0xF3: return 3
        case 0xF4: return 7
        default: return rejected
        }
    }

    package static func after(_ bytes: [UInt8], from state: UInt8) -> UInt8 {
        var state = state
        for byte in bytes {
            state = after(byte, from: state)
            if state == rejected { return rejected }
        }
        return state
    }
}
