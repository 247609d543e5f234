import Foundation

/// The text of a final answer without what does not count.
enum AnswerText {
    /// Commands that only set sizes and spaces, and the signs of degree, percent and dollar.
    private static let dropped = try? NSRegularExpression(
        pattern: #"\\(?:left|right|displaystyle|bigl|bigr|big|Big|quad|qquad|limits)(?![a-zA-Z])|"#
            + #"\\(?:!|,|;|:|\$|%)|\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-zA-Z])|[$%°]"#)
    /// A unit behind the number, perhaps with its power: "5 \text{ cm}^2".
    private static let unit = try? NSRegularExpression(
        pattern: #"(?<=[^\s{(\[,=])\s*\\(?:text|textrm|mathrm|mbox|textbf)\{[^{}]*\}(?:\s*\^\s*(?:\{\s*\d+\s*\}|\d))?\s*$"#)

    static let rowEnd = "¶"

    static func clean(_ answer: String) -> String {
        // A row's end in a matrix, out of the way of "\\ ", which is a space.
        var text = answer.replacing("\\\\", with: rowEnd).trimmingSpace
        for (open, close) in [("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]")] where text.count > 4 && text.hasPrefix(open) && text.hasSuffix(close) {
            text = String(text.dropFirst(2).dropLast(2)).trimmingSpace
        }
        text = replace(dropped, in: text)
        text = text.replacing("\\ ", with: " ").replacing("~", with: " ").replacing("{,}", with: ",")
        for fraction in ["\\dfrac", "\\tfrac", "\\cfrac"] { text = text.replacing(fraction, with: "\\frac") }
        for (command, sign) in [("\\lbrace", "\\{"), ("\\rbrace", "\\}"), ("\\lvert", "|"), ("\\rvert", "|"), ("−", "-")] {
            text = text.replacing(command, with: sign)
        }
        for word in ["\\text{ and }", "\\text{and}", "\\text{ or }", "\\text{or}"] { text = text.replacing(word, with: ",") }
        text = replace(unit, in: text.trimmingSpace)
        text = text.trimmingSpace
        while let last = text.last, last == "." || last == "," { text = String(text.dropLast()).trimmingSpace }
        return text
    }

    private static func replace(_ expression: NSRegularExpression?, in text: String) -> String {
        expression?.stringByReplacingMatches(in: text, range: NSRange(text.startIndex..., in: text), withTemplate: "") ?? text
    }

    /// Without spaces, and without braces around one character ("x_{1}" and "x_1").
    static func bare(_ text: String) -> String {
        let characters = Array(text.filter { !$0.isWhitespace })
        var kept = ""
        var index = 0
        while index < characters.count {
            if characters[index] == "{", index + 2 < characters.count, characters[index + 2] == "}", characters[index + 1] != "\\",
                index == 0 || characters[index - 1] == "_" || characters[index - 1] == "^" {
                kept.append(characters[index + 1])
                index += 3
            } else {
                kept.append(characters[index])
                index += 1
            }
        }
        return kept
    }

    /// The letters of an answer in words ("\text{even}", "Monday", "\text{(B)}"), in lower case; nil for anything else. Fewer than four
    /// letters outside `\text{…}` are variables.
    static func words(_ text: String) -> String? {
        var inside = text
        var marked = false
        for command in ["\\text{", "\\textbf{", "\\mathrm{", "\\mbox{", "\\textrm{"] where inside.contains(command) {
            inside = inside.replacing(command, with: "").replacing("}", with: "")
            marked = true
        }
        let letters = inside.filter { !$0.isWhitespace && !"()-'.".contains($0) }
        guard !letters.isEmpty, letters.allSatisfy(\.isLetter), marked || letters.count >= 4 || letters.count == 1 else { return nil }
        return letters.count == 1 ? letters : letters.lowercased()
    }

    /// A name that an answer may be given to: "x", "f(x)", "x \in" is cut before.
    static func isName(_ text: String) -> Bool {
        let name = bare(text)
        guard let first = name.first, first.isLetter || first == "\\" else { return false }
        let rest = name.dropFirst()
        if rest.isEmpty || first == "\\" && MathExpression.greek.contains(String(rest)) { return true }
        return rest.count < 8 && rest.first?.isLetter == false && rest.allSatisfy { $0.isLetter || $0.isNumber || "_(){},".contains($0) }
    }

    /// A decimal literal in one spelling: sign, digits, point; thousands may be set off by commas. Nil for anything else.
    static func decimal(_ text: String) -> String? {
        var digits = bare(text)
        let negative = digits.hasPrefix("-")
        if negative || digits.hasPrefix("+") { digits.removeFirst() }
        if isGrouped(digits) { digits = digits.replacing(",", with: "") }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.joined().contains(where: { _ in true }), parts.joined().allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count > 1 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        let value = (whole.isEmpty ? "0" : String(whole)) + (fraction.isEmpty ? "" : ".\(fraction)")
        return negative && value != "0" ? "-" + value : value
    }

    /// "1,234,567": groups of three behind a first one of at most three.
    static func isGrouped(_ text: String) -> Bool {
        let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let whole = unsigned.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
        let groups = whole.split(separator: ",", omittingEmptySubsequences: false)
        return groups.count > 1 && (1...3).contains(groups[0].count) && groups.dropFirst().allSatisfy { $0.count == 3 }
            && groups.joined().allSatisfy { $0.isASCII && $0.isNumber } && groups[0] != "0"
    }
}
