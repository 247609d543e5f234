/// Turns tokens into text as they come: the bytes of a character that is not complete yet are held back.
public struct StreamDecoder {
    private let tokenizer: Tokenizer
    private let skippingSpecial: Bool
    private var held: [UInt8] = []

    public init(_ tokenizer: Tokenizer, skippingSpecial: Bool = true) {
        self.tokenizer = tokenizer
        self.skippingSpecial = skippingSpecial
    }

    /// The text that this token completes.
    public mutating func append(_ id: Int) -> String {
        if skippingSpecial && tokenizer.isSpecial(id) { return "" }
        held.append(contentsOf: tokenizer.bytes(of: id))
        let complete = held.count - Self.incompleteTail(held)
        defer { held.removeFirst(complete) }
        return String(decoding: held[..<complete], as: UTF8.self)
    }

    /// What is left at the end of the text; bytes that never became a character turn into U+FFFD.
    public mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// The number of bytes at the end that begin a character and could still become one.
    private static func incompleteTail(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            if byte & 0xC0 == 0x80 { continue }
            let needed = switch byte {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
            return length < needed && isPossible(bytes[(bytes.count - length)...]) ? length : 0
        }
        return 0
    }

    /// Whether the second byte keeps the character out of the overlong, surrogate and too large ranges (Unicode, table 3-7).
    private static func isPossible(_ start: ArraySlice<UInt8>) -> Bool {
        guard let first = start.first, start.count > 1 else { return true }
        let second = start[start.startIndex + 1]
        switch first {
        case 0xE0: return second >= 0xA0
        case 0xED: return second < 0xA0
        case 0xF0: return second >= 0x90
        case 0xF4: return second < 0x90
        default: return true
        }
    }
}
