/// The final answer of a worked solution, as MATH's solutions and the models asked for it write it: in `\boxed{…}`.
public enum BoxedAnswer {
    /// What stands in the last `\boxed{…}` or `\fbox{…}` of `text` that is closed; braces inside may be nested, and escaped ones
    /// (`\{`) do not count. `\boxed 5` without braces holds what follows up to a space or a dollar sign. Nil where there is none.
    public static func last(in text: String) -> String? {
        let characters = Array(text)
        for start in characters.indices.reversed() where characters[start] == "\\" {
            for name in ["\\boxed", "\\fbox"] where characters[start...].starts(with: name) {
                if let answer = argument(of: characters, from: start + name.count) { return answer }
            }
        }
        return nil
    }

    private static func argument(of characters: [Character], from start: Int) -> String? {
        guard let first = characters[start...].firstIndex(where: { !$0.isWhitespace }), !characters[first].isLetter || first > start else { return nil }
        guard characters[first] == "{" else {
            let bare = characters[first...].prefix { !$0.isWhitespace && $0 != "$" }
            return bare.isEmpty ? nil : String(bare)
        }
        guard let end = closing(of: characters, from: first) else { return nil }
        return String(characters[first + 1..<end]).trimmingSpace
    }

    /// Where the brace opened at `start` is closed.
    static func closing(of characters: [Character], from start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < characters.count {
            switch characters[index] {
            case "\\": index += 1
            case "{": depth += 1
            case "}":
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return nil
    }
}

extension String {
    var trimmingSpace: String {
        let start = drop(while: \.isWhitespace)
        return String(start[..<(start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex)])
    }
}
