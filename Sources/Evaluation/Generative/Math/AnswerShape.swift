/// How an answer is put together, at its outermost.
enum AnswerShape {
    /// An ordered tuple, or an interval: "(1, 2)", "[0, 1)".
    case bracketed(open: Character, [String], close: Character)
    /// "1, 2", "\{1, 2\}", "3 \pm 2": the order does not count.
    case list([String])
    case union([String])
    case matrix([[String]])
    case equation(String, String)
    case single(String)

    /// - Parameter text: cleaned.
    init(_ text: String) {
        let characters = Array(text)
        if let matrix = Self.matrix(text) {
            self = .matrix(matrix)
            return
        }
        let pieces = Self.split(characters, at: "\\cup")
        if pieces.count > 1 {
            self = .union(pieces)
            return
        }
        if let set = Self.afterMembership(text) {
            self = AnswerShape(set)
            return
        }
        let sides = Self.split(characters, at: "=")
        if sides.count == 2 {
            self = .equation(sides[0], sides[1])
            return
        }
        let parts = AnswerText.isGrouped(text) ? [text] : Self.parts(text)
        if parts.count > 1 {
            self = .list(parts.flatMap(Self.bothSigns))
            return
        }
        if text.hasPrefix("\\{"), text.hasSuffix("\\}") {
            self = .list(Self.parts(String(text.dropFirst(2).dropLast(2))).flatMap(Self.bothSigns))
            return
        }
        if let open = characters.first, let close = characters.last, "([".contains(open), ")]".contains(close), Self.isOnePair(characters) {
            let inside = Self.split(Array(characters.dropFirst().dropLast()), at: ",")
            if inside.count > 1 {
                self = .bracketed(open: open, inside, close: close)
                return
            }
            // Parentheses around one thing say nothing; [2.7] may be 2.
            self = open == "(" && close == ")" ? AnswerShape(inside[0]) : .bracketed(open: open, inside, close: close)
            return
        }
        let signs = Self.bothSigns(text)
        self = signs.count > 1 ? .list(signs) : .single(text)
    }

    /// The names before the values of "x = 1, y = 2".
    static func names(_ parts: [String]) -> Set<String> {
        Set(parts.compactMap { part in
            guard case .equation(let name, _) = AnswerShape(part), AnswerText.isName(name) else { return nil }
            return AnswerText.bare(name)
        })
    }

    /// What stands between commas.
    static func parts(_ text: String) -> [String] { split(Array(text), at: ",") }

    /// Where a command stands: "\in" is not the beginning of "\infty", nor "\pm" of "\pmod".
    private static func ranges(of command: String, in text: String) -> [Range<String.Index>] {
        text.ranges(of: command).filter { $0.upperBound == text.endIndex || !text[$0.upperBound].isLetter }
    }

    /// "x \in [0, 1]" says which set the answer is; nil where it says more, as "x = \pi k, k \in \mathbb{Z}" does.
    private static func afterMembership(_ text: String) -> String? {
        guard let sign = ranges(of: "\\in", in: text).first, AnswerText.isName(String(text[..<sign.lowerBound])) else { return nil }
        return String(text[sign.upperBound...]).trimmingSpace
    }

    /// Of one sign: whether two of them go together is not said.
    private static func bothSigns(_ text: String) -> [String] {
        let signs = ranges(of: "\\pm", in: text)
        guard signs.count == 1, !text.contains("\\mp") else { return [text] }
        return ["+", "-"].map { text[..<signs[0].lowerBound] + $0 + text[signs[0].upperBound...] }
    }

    /// Whether the first bracket is closed by the last one.
    static func isOnePair(_ characters: [Character]) -> Bool {
        var depth = 0
        for (index, character) in characters.enumerated() {
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
            if depth == 0 { return index == characters.count - 1 }
        }
        return false
    }

    /// Pieces between separators that stand outside all brackets, trimmed.
    private static func split(_ characters: [Character], at separators: String...) -> [String] {
        var pieces: [String] = [], piece = ""
        var depth = 0, index = 0
        while index < characters.count {
            let character = characters[index]
            if depth == 0, let separator = separators.first(where: { characters[index...].starts(with: $0) }) {
                pieces.append(piece.trimmingSpace)
                piece = ""
                index += separator.count
                continue
            }
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            piece.append(character)
            index += 1
        }
        return pieces + [piece.trimmingSpace]
    }

    private static func matrix(_ text: String) -> [[String]]? {
        for kind in ["pmatrix", "bmatrix", "matrix"] {
            let (begin, end) = ("\\begin{\(kind)}", "\\end{\(kind)}")
            guard text.hasPrefix(begin), text.hasSuffix(end), text.ranges(of: "\\begin").count == 1 else { continue }
            let inside = text.dropFirst(begin.count).dropLast(end.count)
            return inside.split(separator: AnswerText.rowEnd).map { row in row.split(separator: "&").map { String($0).trimmingSpace } }
                .filter { !$0.allSatisfy(\.isEmpty) }
        }
        return nil
    }
}
