/// A token that stands beside the BPE vocabulary and is recognised in text as it is written: `<|im_end|>`.
struct AddedToken: Sendable, Equatable {
    var id: Int
    var text: String
    /// A control token, left out when a reader asks for text alone. `<tool_call>` is added but not special.
    var isSpecial = true
    /// Swallows the white space before it.
    var stripsLeft = false
    /// Swallows the white space behind it.
    var stripsRight = false
    /// Counts only when no letter, digit or underscore touches it.
    var isSingleWord = false
    /// Looked for in the normalised text instead of in the text as written.
    var isNormalized = false
}

/// Finds added tokens in text: leftmost first, the longest of those that begin at one place.
struct AddedTokenSearch: Sendable {
    enum Segment: Equatable {
        case text(Range<Int>)
        case token(Int)
    }

    /// (node, byte) -> child, over the bytes of all tokens. Node 0 is the root.
    private var edges = IntegerTable()
    /// The token that ends at a node; -1 for none.
    private var ends: [Int32] = [-1]
    private var tokens: [AddedToken] = []

    var isEmpty: Bool { tokens.isEmpty }

    init(_ tokens: [AddedToken]) {
        for token in tokens where !token.text.isEmpty {
            var node: Int32 = 0
            for byte in token.text.utf8 {
                let key = IntegerTable.key(node, Int32(byte))
                if let child = edges[key] {
                    node = Int32(child)
                } else {
                    edges.set(key, UInt64(ends.count))
                    node = Int32(ends.count)
                    ends.append(-1)
                }
            }
            ends[Int(node)] = Int32(self.tokens.count)
            self.tokens.append(token)
        }
    }

    private func longestMatch(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (token: AddedToken, end: Int)? {
        var node: Int32 = 0
        var found: (token: AddedToken, end: Int)?
        for at in start..<text.count {
            guard let child = edges[IntegerTable.key(node, Int32(text[at]))] else { break }
            node = Int32(child)
            if ends[Int(node)] >= 0 { found = (tokens[Int(ends[Int(node)])], at + 1) }
        }
        return found
    }

    /// The text cut at its added tokens; empty texts are left out.
    func segments(of text: UnsafeBufferPointer<UInt8>) -> [Segment] {
        if tokens.isEmpty { return text.isEmpty ? [] : [.text(0..<text.count)] }
        var segments: [Segment] = []
        var written = 0
        var at = 0
        while at < text.count {
            guard let (token, end) = longestMatch(text, at: at) else {
                at += 1
                continue
            }
            let matched = at
            at = end
            if token.isSingleWord, Self.isWord(Self.scalar(in: text, endingAt: matched)) || Self.isWord(Self.scalar(in: text, at: end)) {
                continue
            }
            var start = matched
            var stop = end
            if token.stripsLeft {
                while let scalar = Self.scalar(in: text, endingAt: start), scalar.properties.isWhitespace, start > written {
                    start -= UTF8.width(scalar)
                }
            }
            if token.stripsRight {
                while let scalar = Self.scalar(in: text, at: stop), scalar.properties.isWhitespace { stop += UTF8.width(scalar) }
            }
            if start > written { segments.append(.text(written..<start)) }
            segments.append(.token(token.id))
            written = stop
            at = max(at, stop)
        }
        if written < text.count { segments.append(.text(written..<text.count)) }
        return segments
    }

    private static func scalar(in text: UnsafeBufferPointer<UInt8>, endingAt end: Int) -> Unicode.Scalar? {
        var start = end
        while start > 0 {
            start -= 1
            if text[start] & 0xC0 != 0x80 { return scalar(in: text, at: start) }
        }
        return nil
    }

    private static func scalar(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Unicode.Scalar? {
        if start >= text.count { return nil }
        var decoder = UTF8()
        var bytes = text[start..<min(start + 4, text.count)].makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&bytes) { return scalar }
        return nil
    }

    /// `\w` of Unicode's regular expressions (UTS 18, Annex C).
    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let properties = scalar?.properties else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }
}
