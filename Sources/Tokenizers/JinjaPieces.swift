/// A Jinja template cut into its visible text, its string literals and the code between them: enough to read off what a chat
/// template writes around messages. Nothing is evaluated.
struct JinjaPieces {
    enum Piece: Equatable {
        /// Text outside of tags.
        case raw(String)
        /// A string literal in a tag, unescaped.
        case literal(String)
        /// What else stands in a tag.
        case code(String)
    }

    let pieces: [Piece]

    init(_ template: String) {
        var reader = Reader(scalars: Array(template.unicodeScalars))
        pieces = reader.pieces()
    }

    /// All that may be written: raw text and literals. Neighbours that a `+` joins are one.
    var written: [String] {
        var result: [String] = []
        var joins = false
        for piece in pieces {
            switch piece {
            case .raw(let text): result.append(text)
            case .literal(let text):
                if joins, let last = result.popLast() { result.append(last + text) } else { result.append(text) }
                joins = false
                continue
            case .code(let code):
                joins = !result.isEmpty && code.allSatisfy { $0 == "+" || $0.isWhitespace } && code.contains("+")
                continue
            }
            joins = false
        }
        return result
    }

    /// What is written after the last place where the code mentions `name`.
    func written(after name: String) -> [String] {
        let index = pieces.lastIndex { if case .code(let code) = $0 { code.contains(name) } else { false } }
        guard let index else { return [] }
        return pieces[(index + 1)...].compactMap {
            switch $0 {
            case .raw(let text), .literal(let text): text
            case .code: nil
            }
        }
    }

    func codeMentions(_ name: String) -> Bool {
        pieces.contains { if case .code(let code) = $0 { code.contains(name) } else { false } }
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        var at = 0

        func starts(_ text: String) -> Bool { scalars[at...].starts(with: text.unicodeScalars) }

        mutating func pieces() -> [Piece] {
            var pieces: [Piece] = []
            var raw = String.UnicodeScalarView()
            while at < scalars.count {
                if starts("{#") {
                    while at < scalars.count && !starts("#}") { at += 1 }
                    at += 2
                } else if starts("{{") || starts("{%") {
                    if !raw.isEmpty { pieces.append(.raw(String(raw))) }
                    raw = String.UnicodeScalarView()
                    let closing = starts("{{") ? "}}" : "%}"
                    at += 2
                    tag(closing, &pieces)
                    // Jinja as transformers sets it up drops the line end behind a block.
                    if closing == "%}", at < scalars.count, scalars[at] == "\n" { at += 1 }
                } else {
                    raw.append(scalars[at])
                    at += 1
                }
            }
            if !raw.isEmpty { pieces.append(.raw(String(raw))) }
            return pieces
        }

        mutating func tag(_ closing: String, _ pieces: inout [Piece]) {
            var code = String.UnicodeScalarView()
            func flush() { if !code.isEmpty { pieces.append(.code(String(code))) } }
            while at < scalars.count {
                if starts(closing) {
                    at += 2
                    break
                }
                let scalar = scalars[at]
                at += 1
                if scalar == "'" || scalar == "\"" {
                    flush()
                    code = String.UnicodeScalarView()
                    pieces.append(.literal(literal(scalar)))
                } else {
                    code.append(scalar)
                }
            }
            flush()
        }

        mutating func literal(_ quote: Unicode.Scalar) -> String {
            var text = String.UnicodeScalarView()
            while at < scalars.count, scalars[at] != quote {
                if scalars[at] == "\\", at + 1 < scalars.count {
                    at += 1
                    switch scalars[at] {
                    case "n": text.append("\n")
                    case "t": text.append("\t")
                    case "r": text.append("\r")
                    default: text.append(scalars[at])
                    }
                } else {
                    text.append(scalars[at])
                }
                at += 1
            }
            at += 1
            return String(text)
        }
    }
}
