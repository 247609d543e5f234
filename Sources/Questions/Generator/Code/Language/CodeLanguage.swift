/// The five languages that programs are written in, with the rules in which they differ.
enum CodeLanguage: String, CaseIterable, CustomStringConvertible {
    case python = "Python", java = "Java", c = "C", javaScript = "JavaScript", swift = "Swift"

    var description: String { rawValue }

    /// Python Language Reference 6.7: `//` and `%` round towards minus infinity. C11 6.5.5, Java Language Specification 15.17,
    /// ECMAScript's `%` and Swift's integers drop the fraction, and the remainder has the dividend's sign.
    func quotient(_ a: Int, _ b: Int) -> Int { self == .python && a % b != 0 && (a < 0) != (b < 0) ? a / b - 1 : a / b }

    func remainder(_ a: Int, _ b: Int) -> Int { a - b * quotient(a, b) }

    /// A counted loop of Python and Swift takes its numbers from a range that the body cannot change.
    var loopsOverRange: Bool { self == .python || self == .swift }

    func text(of value: Bool) -> String {
        switch self {
        case .python: value ? "True" : "False"
        case .c: value ? "1" : "0"
        default: "\(value)"
        }
    }

    func list(_ items: [Int]) -> String {
        let inner = items.map(String.init).joined(separator: ", ")
        return self == .c || self == .java ? "{\(inner)}" : "[\(inner)]"
    }

    /// Declares a variable of whole numbers.
    func declaration(_ name: String, _ value: String, changes: Bool = true) -> String {
        switch self {
        case .python: "\(name) = \(value)"
        case .java, .c: "int \(name) = \(value)"
        case .javaScript: "\(changes ? "let" : "const") \(name) = \(value)"
        case .swift: "\(changes ? "var" : "let") \(name) = \(value)"
        }
    }

    func listDeclaration(_ name: String, _ items: [Int], changes: Bool = true) -> String {
        switch self {
        case .python: "\(name) = \(list(items))"
        case .java: "int[] \(name) = \(list(items))"
        case .c: "int \(name)[] = \(list(items))"
        case .javaScript: "const \(name) = \(list(items))"
        case .swift: "\(changes ? "var" : "let") \(name) = \(list(items))"
        }
    }

    /// Statements that come without their semicolons, on one line.
    func line(_ statements: [String]) -> String {
        let line = statements.joined(separator: "; ")
        return self == .python || self == .swift ? line : line + ";"
    }
}

/// How programs are asked about. Tests/Oracles/questions_code.py takes the programs out of these sentences and runs them.
enum CodeQuestion {
    static func after(_ code: String, _ result: String, in language: CodeLanguage) -> String {
        "What is \(result) after this \(language) code? \(code)"
    }

    static func after(_ statements: [String], _ result: String, in language: CodeLanguage) -> String {
        after(language.line(statements), result, in: language)
    }

    static func value(_ expression: String, in language: CodeLanguage) -> String {
        "What is the value of \(expression) in \(language)?"
    }

    static func returned(_ call: String, by code: String, in language: CodeLanguage) -> String {
        "What does \(call) return in this \(language) code? \(code)"
    }

    /// About what a byte-pair tokenizer that takes digits singly makes of a text.
    private static func tokens(_ text: String) -> Int {
        var count = 0, letters = 0
        for character in text {
            letters = character.isLetter ? letters + 1 : 0
            if character.isLetter ? letters % 6 == 1 : !character.isWhitespace { count += 1 }
        }
        return count
    }

    /// Whether a draft keeps within what a tournament allows a question, and an explanation within an answer agent's budget.
    static func fits(_ draft: Draft) -> Bool {
        let choice = ([draft.answer] + draft.mistakes).map(tokens).max() ?? 0
        let explanation = draft.working + " " + AnswerFormat.statement(draft.answer)
        return tokens(draft.question) + 4 * (choice + 2) + 1 < FormatCheck.questionTokenLimit + 15
            && tokens(explanation) <= 64 && explanation.split(separator: " ").count <= 36
    }
}
