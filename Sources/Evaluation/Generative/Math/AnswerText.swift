import Foundation

/// The text of a final answer without what does not count.
enum AnswerText {
    private static let textCommand = #"\\(?:text|textrm|textbf|mathrm|mbox)"#
    /// Commands that only set sizes.
    private static let sizes = expression(#"\\(?:left|right|displaystyle|bigl|bigr|big|Big|limits)(?![a-zA-Z])|\\!"#)
    /// Spaces, and the signs of percent and dollar. They stay spaces, so that "1\;2" is not 12.
    private static let spaces = expression(#"\\(?:quad|qquad)(?![a-zA-Z])|\\[,;: ]|~|\\?[$%]"#)
    private static let degrees = expression(#"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degree(?![a-zA-Z])"#)
    private static let conjunction = expression(#"\s*,?\s*"# + textCommand + #"\{\s*,?\s*(?:and|or)\s*\}"#)
    /// A number that is set as text, perhaps with its unit: "\text{5 cm}".
    private static let numberInText = expression("^" + textCommand + #"\{\s*([-+]?\d[\d.,/]*)([^{}\d]*)\}$"#)
    /// A unit behind the number, perhaps with its power: "5 \text{ cm}^2". What changes the number is none: "5 \text{ million}". Nor is what stands
    /// behind a sign or a command other than π.
    private static let unit = expression(
        #"(?:(?<=[\p{L}\p{N})}\]!°.])(?<!\\[a-zA-Z]{1,12})|(?<=\\pi))\s*"# + textCommand
            + #"\{(?!\s*\(?\s*(?:hundred|thousand|million|billion|trillion|dozen|base|mod|over|to|or|not|less|more|[ap]\.?\s?m)\b)[^{}]*\}"#
            + #"(?:\s*\^\s*(?:\{\s*\d+\s*\}|\d))?\s*$"#)
    private static let marked = expression(textCommand + #"\{([^{}]*)\}"#)

    private static func expression(_ pattern: String) -> NSRegularExpression? { try? NSRegularExpression(pattern: pattern) }

    static let rowEnd = "¶"

    static func clean(_ answer: String) -> String {
        // A row's end in a matrix, out of the way of "\\ ", which is a space.
        var text = answer.replacing("\\\\", with: rowEnd).trimmingSpace
        for (open, close) in [("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]")] where text.count > 4 && text.hasPrefix(open) && text.hasSuffix(close) {
            text = String(text.dropFirst(2).dropLast(2)).trimmingSpace
        }
        text = replace(spaces, in: replace(sizes, in: text), with: " ")
        text = replace(degrees, in: text, with: "°").replacing("{,}", with: ",")
        // Only a function of an angle has to know the angle's unit.
        if !["sin", "cos", "tan", "cot", "sec", "csc"].contains(where: text.contains) { text = text.replacing("°", with: " ") }
        for fraction in ["\\dfrac", "\\tfrac", "\\cfrac"] { text = text.replacing(fraction, with: "\\frac") }
        for (command, sign) in [
            ("\\lbrace", "\\{"), ("\\rbrace", "\\}"), ("\\lvert", "|"), ("\\rvert", "|"), ("−", "-"), ("\\varnothing", "\\emptyset"), ("∅", "\\emptyset"),
        ] {
            text = text.replacing(command, with: sign)
        }
        // With the space that keeps "3 and 400" from being 3,400.
        text = replace(conjunction, in: text, with: ", ").trimmingSpace
        text = replace(numberInText, in: text, with: #"$1\\text{$2}"#)
        text = replace(unit, in: text).trimmingSpace
        while let last = text.last, last == "." || last == "," { text = String(text.dropLast()).trimmingSpace }
        return bare(text) == "\\{\\}" ? "\\emptyset" : text
    }

    private static func replace(_ expression: NSRegularExpression?, in text: String, with template: String = "") -> String {
        expression?.stringByReplacingMatches(in: text, range: NSRange(text.startIndex..., in: text), withTemplate: template) ?? text
    }

    /// Without spaces other than those between numbers, and without braces around one character ("x_{1}" and "x_1").
    static func bare(_ text: String) -> String {
        func isDigit(_ character: Character?) -> Bool { character.map { $0.isNumber || $0 == "." } ?? false }
        var characters: [Character] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if isDigit(characters.last), isDigit(word.first) { characters.append(" ") }
            characters += word
        }
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

    /// Whether two answers in words are the same by their letters; nil where they are not both words. Letters outside of `\text{…}` are variables
    /// unless there are three of them or more, and their case counts unless there are four or it is a word of everyday: abc is not ABC.
    static func sameWords(_ left: String, _ right: String) -> Bool? {
        guard let (left, leftIsMarked) = words(left), let (right, rightIsMarked) = words(right) else { return nil }
        let isMarked = leftIsMarked || rightIsMarked
        guard isMarked || min(left.count, right.count) >= 3 || [left, right].contains(where: { everyday.contains($0.lowercased()) }) else { return nil }
        let ignoresCase = left.count > 1 && (isMarked || left.count >= 4 || everyday.contains(left.lowercased()))
        return ignoresCase ? left.lowercased() == right.lowercased() : left == right
    }

    private static let everyday: Set<String> = ["yes", "no", "odd", "may", "all"]

    /// The letters of an answer in words ("\text{even}", "Monday", "\text{(B)}") and whether it is set as text; nil for anything else, such as -x and x'.
    private static func words(_ text: String) -> (letters: String, isMarked: Bool)? {
        let isMarked = replace(marked, in: text) != text
        var letters = text.filter { !$0.isWhitespace }
        if isMarked {
            guard replace(marked, in: text).allSatisfy({ $0.isWhitespace || "().".contains($0) }) else { return nil }
            letters = replace(marked, in: text, with: "$1").filter { !$0.isWhitespace && !"().".contains($0) }
            if letters.first != "-" { letters = letters.filter { $0 != "-" } }
        } else if letters.hasPrefix("("), letters.hasSuffix(")") {
            letters = String(letters.dropFirst().dropLast())
        }
        return letters.isEmpty || !letters.allSatisfy(\.isLetter) ? nil : (letters, isMarked)
    }

    /// A name that an answer may be given to: "x", "f(x)", "x \in" is cut before.
    static func isName(_ text: String) -> Bool {
        let name = bare(text)
        guard let first = name.first, first.isLetter || first == "\\" else { return false }
        let rest = name.dropFirst()
        if rest.isEmpty || first == "\\" && MathExpression.greek.contains(String(rest)) { return true }
        return rest.count < 8 && rest.first?.isLetter == false && rest.allSatisfy { $0.isLetter || $0.isNumber || "_(){},".contains($0) }
    }

    /// A decimal literal in one spelling: sign, digits, point; thousands may be set off by commas or by spaces. Nil for anything else.
    static func decimal(_ text: String) -> String? {
        var digits = unsigned(text)
        for separator: Character in [",", " "] where isGrouped(digits, by: separator) { digits.removeAll { $0 == separator } }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.joined().contains(where: { _ in true }), parts.joined().allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count > 1 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        let value = (whole.isEmpty ? "0" : String(whole)) + (fraction.isEmpty ? "" : ".\(fraction)")
        return text.trimmingSpace.hasPrefix("-") && value != "0" ? "-" + value : value
    }

    private static func unsigned(_ text: String) -> String {
        let text = text.trimmingSpace
        return text.first.map { "+-".contains($0) } == true ? String(text.dropFirst()).trimmingSpace : text
    }

    /// "1,234,567": groups of three behind a first one of at most three, without spaces.
    static func isGrouped(_ text: String) -> Bool { isGrouped(unsigned(text), by: ",") }

    /// Whether grouped digits could be a list as well: "100,200" but not "100,000".
    static func mayBeList(_ text: String) -> Bool {
        isGrouped(text) && text.split(separator: ",").allSatisfy { !$0.hasPrefix("0") }
    }

    private static func isGrouped(_ unsigned: String, by separator: Character) -> Bool {
        let whole = unsigned.split(separator: ".", omittingEmptySubsequences: false).first ?? ""
        let groups = whole.split(separator: separator, omittingEmptySubsequences: false)
        return groups.count > 1 && (1...3).contains(groups[0].count) && groups.dropFirst().allSatisfy { $0.count == 3 }
            && groups.joined().allSatisfy { $0.isASCII && $0.isNumber } && groups[0].first != "0"
    }
}
