import Agents
import Foundation

/// A tokenizer with every byte as a token, pieces that are hard on guided decoding, and special tokens.
/// Writes texts by the longest piece that matches.
final class FakeCoding: TokenCoding {
    let pieces: [[UInt8]]
    let special: Set<Int>
    let endTokens: Set<Int>
    /// The tokens that start with each byte, the longest first.
    private let starting: [[Int]]

    init() {
        var pieces = (0...255).map { [UInt8($0)] }
        pieces += [
            " the", " is", "The", " of", " answer", " Vienna", "Paris", " 42", "What", " which", "es", "ing", " a", "?", ".",
            // Quotes in every place of a token.
            ".\"", "\",", "\"}", "\"]", " \"", "\"a", "'\"", "a\"b", " .\"", "\"\"", "é\"",
            // Escapes, control characters, runs of spaces.
            "\\n", "\\\"", "\n\n", "\t", "  ", "    ", " \n", "\u{85}", "\u{7F}x",
            // Whole characters of two to four bytes, and spaces that are not ASCII.
            "é", "∑", "𝔸", "\u{A0}", "\u{3000}", "\u{200B}", "\u{FEFF}", "\u{301}", "\u{2028}",
        ].map { Array($0.utf8) }
        // Parts of characters, and tokens that straddle two of them.
        pieces += [[0xE2, 0x88], [0x88, 0x91], [0xF0, 0x9D], [0x94, 0xB8], [0x91, 0x20], [0x91, 0xE2], [0xC3], [0xA9, 0x22]]
        pieces += [[]]
        let special = pieces.count
        pieces += ["<|im_start|>", "<|im_end|>", "<|endoftext|>"].map { Array($0.utf8) }
        self.pieces = pieces
        self.special = Set(special..<pieces.count)
        endTokens = [special + 1, special + 2]
        var starting = [[Int]](repeating: [], count: 256)
        for id in 0..<special where !pieces[id].isEmpty { starting[Int(pieces[id][0])].append(id) }
        self.starting = starting.map { $0.sorted { (pieces[$1].count, $0) < (pieces[$0].count, $1) } }
    }

    var vocabularySize: Int { pieces.count }

    func encode(_ text: String, specialTokens: Bool) -> [Int] {
        let bytes = Array(text.utf8)
        var result: [Int] = []
        var start = 0
        while start < bytes.count {
            let id = starting[Int(bytes[start])].first { bytes[start...].starts(with: pieces[$0]) }!
            result.append(id)
            start += pieces[id].count
        }
        return result
    }

    func bytes(of id: Int) -> [UInt8] { pieces[id] }
    func isAdded(_ id: Int) -> Bool { special.contains(id) }
    func prompt(system: String, user: String) -> [Int] { encode(system + "\n" + user + "\n", specialTokens: false) }

    func id(_ text: String) -> Int { pieces.firstIndex(of: Array(text.utf8))! }
    func text(_ tokens: [Int]) -> String { String(decoding: tokens.flatMap { pieces[$0] }, as: UTF8.self) }
}

extension String {
    /// Its scalars but whitespace, accents and what cannot be seen: texts in the JSON have none at their ends, the stream may.
    var withoutSpaces: String {
        String(String.UnicodeScalarView(unicodeScalars.filter {
            !$0.properties.isWhitespace && String([" ", Character($0)]).count == 2
        }))
    }
}
