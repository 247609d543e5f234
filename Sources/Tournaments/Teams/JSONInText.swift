import Foundation

/// Finds a reply's JSON in what a model wrote around it: an explanation before, a code fence, a word behind.
package enum JSONInText {
    /// The first part of `text` from a `{` to its own `}` that is a JSON object with one of `keys`; else the first that is an object; nil if none is.
    package static func object(in text: String, with keys: [String]) -> String? {
        var first: String?
        var start = text.startIndex
        while let open = text[start...].firstIndex(of: "{") {
            if let end = end(of: text[open...]) {
                let candidate = String(text[open..<end])
                if let fields = (try? JSONSerialization.jsonObject(with: Data(candidate.utf8))) as? [String: Any] {
                    if keys.contains(where: { fields[$0] != nil }) { return candidate }
                    first = first ?? candidate
                    start = end
                    continue
                }
            }
            start = text.index(after: open)
        }
        return first
    }

    /// Behind the brace that closes the first one, braces inside strings not counted.
    private static func end(of text: Substring) -> Substring.Index? {
        var depth = 0, isInString = false, isEscaped = false
        for (index, character) in zip(text.indices, text) {
            if isInString {
                if isEscaped { isEscaped = false } else if character == "\\" { isEscaped = true } else if character == "\"" { isInString = false }
            } else if character == "\"" {
                isInString = true
            } else if character == "{" {
                depth += 1
            } else if character == "}" {
                depth -= 1
                if depth == 0 { return text.index(after: index) }
            }
        }
        return nil
    }
}
