import Foundation

/// Reads the LaTeX that final answers are written in. What it does not know is no expression, never a guess.
struct MathParser {
    private struct Unreadable: Error {}

    private let text: [Character]
    private var place = 0
    private var depth = 0
    /// Between bars and not deeper, where the next bar closes.
    private var isInBars = false

    private init(_ text: String) { self.text = Array(text) }

    /// Nil for what is not an expression.
    static func parse(_ text: String) -> MathExpression? {
        var parser = MathParser(text)
        guard let expression = try? parser.expression() else { return nil }
        parser.skipSpace()
        return parser.place == parser.text.count ? expression : nil
    }

    private mutating func skipSpace() { while place < text.count, text[place].isWhitespace { place += 1 } }

    private mutating func peek() -> Character? {
        skipSpace()
        return place < text.count ? text[place] : nil
    }

    private mutating func take(_ wanted: String) -> Bool {
        skipSpace()
        guard text[place...].starts(with: wanted) else { return false }
        // "\pi" is not the beginning of "\pitchfork".
        let end = place + wanted.count
        if wanted.first == "\\", wanted.last?.isLetter == true, end < text.count, text[end].isASCII, text[end].isLetter { return false }
        place = end
        return true
    }

    private mutating func expect(_ wanted: String) throws { if !take(wanted) { throw Unreadable() } }

    private mutating func expression() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw Unreadable() }
        var sum = try signedTerm()
        while let next = peek(), "+-−".contains(next) { sum = .sum(sum, try signedTerm()) }
        return sum
    }

    private mutating func signedTerm() throws -> MathExpression {
        var negative = false
        while let sign = peek(), "+-−".contains(sign) {
            if sign != "+" { negative.toggle() }
            place += 1
        }
        let term = try self.term()
        return negative ? .product(.number(-1), term) : term
    }

    private mutating func term() throws -> MathExpression {
        var start = begin()
        var last = try factor()
        var product = last
        var divided = false
        while true {
            if ["\\cdot", "\\times", "*", "×", "·"].contains(where: { take($0) }) {
                divided = false
                start = begin()
                last = try signedFactor()
                product = .product(product, last)
            } else if ["/", "\\div", "÷"].contains(where: { take($0) }) {
                divided = true
                product = .quotient(product, try signedFactor())
            } else if startsFactor() {
                // 1/2x is x/2 to some and 1/(2x) to others.
                if divided { throw Unreadable() }
                // Braces are not seen.
                let wholeNumber = text[start..<place].allSatisfy { $0.isNumber || $0.isWhitespace || "{}".contains($0) }
                let next = text[place...].drop { $0 == "{" || $0.isWhitespace }
                // "1 2", "x2", "\sqrt12" and "\frac123" mean nothing, or something else than a product.
                if let digit = next.first, digit.isNumber || digit == ".", !endsBeforeNumber(last) { throw Unreadable() }
                let isFraction = next.starts(with: "\\frac")
                start = begin()
                last = try factor()
                if wholeNumber, isFraction, case .quotient(.number(let above), .number(let below)) = last {
                    // A whole number before a proper fraction of numbers is a mixed number.
                    guard above.numerator < below.numerator else { throw Unreadable() }
                    product = .sum(product, last)
                } else {
                    product = .product(product, last)
                }
            } else {
                return product
            }
        }
    }

    private mutating func begin() -> Int {
        skipSpace()
        return place
    }

    /// Whether a number may stand right behind this factor: a power or something that is closed.
    private func endsBeforeNumber(_ factor: MathExpression) -> Bool {
        if case .power = factor { return true }
        return text[..<place].last { !$0.isWhitespace }.map { ")]!".contains($0) } ?? false
    }

    private mutating func signedFactor() throws -> MathExpression {
        let negative = take("-") || take("−")
        let factor = try self.factor()
        return negative ? .product(.number(-1), factor) : factor
    }

    private mutating func startsFactor() -> Bool {
        guard let next = peek() else { return false }
        if next.isLetter || next.isNumber || "({[√∞.".contains(next) || next == "|" && !isInBars { return true }
        guard next == "\\" else { return false }
        return !["\\cdot", "\\times", "\\div", "\\rfloor", "\\rceil", "\\}"].contains { text[place...].starts(with: $0) }
    }

    private mutating func startsFunction() -> Bool {
        guard peek() == "\\" else { return false }
        return MathExpression.functions.contains(String(text[(place + 1)...].prefix { $0.isASCII && $0.isLetter }))
    }

    private mutating func factor() throws -> MathExpression {
        var base = try primary()
        while true {
            if take("!") {
                // n!! is not the factorial of a factorial.
                if peek() == "!" { throw Unreadable() }
                base = .function("factorial", base)
            } else if take("°") {
                base = .product(base, .quotient(.constant(.pi), .number(180)))
            } else if take("^") {
                if case .variable(let name) = base, name.count > 1, name.allSatisfy(\.isLetter) { throw Unreadable() }
                base = .power(base, try raised())
                // What stands behind an exponent belongs to it or to the whole.
                if let next = peek(), "^!".contains(next) { throw Unreadable() }
            } else {
                // f(2x) is not 2f(x).
                if base.mayBeFunction, peek() == "(" { throw Unreadable() }
                return base
            }
        }
    }

    /// An exponent or the base of a logarithm. To LaTeX x^12 is x¹2 and 2^xy is 2ˣy, which few mean.
    private mutating func raised() throws -> MathExpression {
        let first = peek()
        let exponent = try argument()
        guard let first, first != "{", first != "\\", place < text.count else { return exponent }
        if text[place].isNumber || text[place] == "." || !first.isNumber && text[place].isLetter { throw Unreadable() }
        return exponent
    }

    /// What a command is applied to: a group in braces, or one character or command.
    private mutating func argument() throws -> MathExpression {
        guard let next = peek() else { throw Unreadable() }
        if next == "{" || next == "\\" { return try primary() }
        if next.isASCII, let digit = next.wholeNumberValue {
            place += 1
            return .number(Fraction(digit))
        }
        if next == "-" { return try signedFactor() }
        return try primary()
    }

    /// What a function is applied to: a group in brackets, or the product up to the next sign or function, as in sin 2x cos x.
    private mutating func operand() throws -> MathExpression {
        guard let first = peek() else { throw Unreadable() }
        if "([{|".contains(first) {
            let start = place
            let inside = try primary()
            let isBracket = first != "{" || bracketed(start..<place)
            // The square of the argument or of the function.
            if let next = peek(), "^!°".contains(next) { throw Unreadable() }
            if isBracket { return inside }
            // Braces are not seen: sin{x}y looks like sin xy.
            if startsFactor(), !startsFunction() { throw Unreadable() }
            try expectNoQuotient()
            return inside
        }
        var product = try factor()
        while startsFactor(), !startsFunction() {
            let next = try factor()
            guard next.isName else { throw Unreadable() }
            product = .product(product, next)
        }
        try expectNoQuotient()
        return product
    }

    /// Whether there is one pair of parentheses in braces, as in sin{(x)}.
    private func bracketed(_ group: Range<Int>) -> Bool {
        let inside = String(text[group].dropFirst().dropLast()).trimmingSpace
        return inside.hasPrefix("(") && AnswerShape.isOnePair(Array(inside))
    }

    /// sin x/2 is (sin x)/2 to some and sin(x/2) to others.
    private mutating func expectNoQuotient() throws {
        let start = place
        if ["/", "\\div", "÷"].contains(where: { take($0) }), !startsFunction() { throw Unreadable() }
        place = start
    }

    private mutating func primary() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100, let next = peek() else { throw Unreadable() }
        let wasInBars = isInBars
        defer { isInBars = wasInBars }
        for (open, close) in [("(", ")"), ("{", "}"), ("[", "]")] where take(open) {
            isInBars = false
            let inside = try expression()
            try expect(close)
            return inside
        }
        for (open, close, name) in [("|", "|", "abs"), ("\\lfloor", "\\rfloor", "floor"), ("\\lceil", "\\rceil", "ceil")] where take(open) {
            isInBars = open == "|"
            let inside = try expression()
            try expect(close)
            return .function(name, inside)
        }
        if next.isNumber || next == "." { return try number() }
        if take("√") { return .root(try argument(), degree: .number(2)) }
        if take("∞") { return .infinity }
        if take("π") { return .constant(.pi) }
        if next == "\\" {
            place += 1
            return try command(word())
        }
        guard next.isLetter else { throw Unreadable() }
        return try letters()
    }

    private mutating func word() -> String {
        let word = String(text[place...].prefix { $0.isASCII && $0.isLetter })
        place += word.count
        return word
    }

    private mutating func number() throws -> MathExpression {
        let literal = text[place...].prefix { $0.isASCII && $0.isNumber || $0 == "." }
        place += literal.count
        let parts = literal.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        // A number in another base ("1011_2") is not computed with.
        guard parts.count <= 2, let digits = Natural(digits: parts.joined()), place >= text.count || text[place] != "_" else { throw Unreadable() }
        guard parts.count == 2 else { return .number(Fraction(digits)) }
        let scale = Natural(10).power(parts[1].count)
        let value = Fraction(digits, scale)
        guard take("\\overline{") else { return .number(value) }
        let period = String(text[place...].prefix { $0.isNumber })
        place += period.count
        try expect("}")
        guard let repeated = Natural(digits: period) else { throw Unreadable() }
        return .number(value + Fraction(repeated, (Natural(10).power(period.count) - 1) * scale))
    }

    private mutating func letters() throws -> MathExpression {
        if place == 0 || !(text[place - 1].isASCII && text[place - 1].isLetter), let word = try run() { return word }
        let letter = String(text[place])
        place += 1
        if letter == "e" { return .constant(M_E) }
        return .variable(letter + (try subscripted()))
    }

    /// Letters without a space between them that are no product of variables: a function, π, a word, or points such as AB. A word is a variable
    /// of its own, so that CAT is not ACT. Nil for a product.
    private mutating func run() throws -> MathExpression? {
        let start = place
        let run = word()
        let isCalled = place < text.count && text[place] == "("
        if run == "pi" { return .constant(.pi) }
        if run == "sqrt", isCalled { return .root(try primary(), degree: .number(2)) }
        if MathExpression.functions.contains(run), isCalled { return .function(run, try primary()) }
        // "sinx" and "lnx" may be anything.
        if run.contains("pi") || MathExpression.functions.contains(where: { run.hasPrefix($0) || run.hasSuffix($0) }) { throw Unreadable() }
        if run.count < 4, run.filter(\.isUppercase).count < 2 {
            place = start
            return nil
        }
        if place < text.count, "_'".contains(text[place]) { throw Unreadable() }
        return .variable(run)
    }

    private mutating func subscripted() throws -> String {
        guard take("_") else { return "" }
        skipSpace()
        guard place < text.count else { throw Unreadable() }
        if text[place] == "{", let end = BoxedAnswer.closing(of: text, from: place) {
            defer { place = end + 1 }
            return "_" + AnswerText.bare(String(text[place + 1..<end]))
        }
        defer { place += 1 }
        return "_" + String(text[place])
    }

    private mutating func command(_ name: String) throws -> MathExpression {
        switch name {
        case "frac":
            let numerator = try argument()
            let denominator = try argument()
            // dy/dx is not y/x.
            if case .product(.variable("d"), _) = denominator { throw Unreadable() }
            return .quotient(numerator, denominator)
        case "sqrt":
            var degree = MathExpression.number(2)
            if take("[") {
                degree = try expression()
                try expect("]")
            }
            return .root(try argument(), degree: degree)
        case "binom":
            let n = try argument()
            return .choose(n, try argument())
        case "pi": return .constant(.pi)
        case "infty": return .infinity
        case "log" where take("_"):
            let base = try raised()
            return .logarithm(try operand(), base: base)
        case let name where MathExpression.functions.contains(name):
            guard take("^") else { return .function(name, try operand()) }
            let exponent = try raised()
            // sin⁻¹ is the inverse function; what other negative powers are is unclear.
            if case .product(.number(-1), let size) = exponent {
                guard case .number(1) = size, ["sin", "cos", "tan"].contains(name) else { throw Unreadable() }
                return .function("arc" + name, try operand())
            }
            return .power(.function(name, try operand()), exponent)
        case let name where MathExpression.greek.contains(name):
            return .variable("\\" + name + (try subscripted()))
        default: throw Unreadable()
        }
    }
}

private extension MathExpression {
    /// A letter or a power of one.
    var isName: Bool {
        switch self {
        case .variable, .constant: true
        case .power(let base, _): base.isName
        default: false
        }
    }

    /// f and φ, and words.
    var mayBeFunction: Bool {
        switch self {
        case .variable(let name): name.first.map { "fgh\\".contains($0) } ?? false || name.count > 1 && name.allSatisfy(\.isLetter)
        case .power(let base, _): base.mayBeFunction
        default: false
        }
    }
}
