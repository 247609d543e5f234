import Foundation

/// Reads the LaTeX that final answers are written in. What it does not know is no expression, never a guess.
struct MathParser {
    private struct Unreadable: Error {}

    private let text: [Character]
    private var place = 0
    private var depth = 0

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
        var endsInNumber = peek()?.isNumber == true
        var start = place
        var product = try factor()
        while true {
            let wholeNumber = endsInNumber && text[start..<place].allSatisfy { $0.isNumber || $0.isWhitespace }
            if ["\\cdot", "\\times", "*", "×", "·"].contains(where: { take($0) }) {
                (endsInNumber, start) = (peek()?.isNumber == true, place)
                product = .product(product, try signedFactor())
            } else if ["/", "\\div", "÷"].contains(where: { take($0) }) {
                endsInNumber = false
                product = .quotient(product, try signedFactor())
            } else if startsFactor() {
                // Two numbers side by side mean nothing; a whole number before a fraction of numbers is a mixed number.
                if text[place].isNumber, endsInNumber { throw Unreadable() }
                let isFraction = text[place...].starts(with: "\\frac")
                let next = try factor()
                if wholeNumber, isFraction, case .quotient(.number, .number) = next {
                    product = .sum(product, next)
                } else {
                    product = .product(product, next)
                }
                endsInNumber = false
            } else {
                return product
            }
        }
    }

    private mutating func signedFactor() throws -> MathExpression {
        let negative = take("-") || take("−")
        let factor = try self.factor()
        return negative ? .product(.number(-1), factor) : factor
    }

    private mutating func startsFactor() -> Bool {
        guard let next = peek() else { return false }
        if next.isLetter || next.isNumber || "({[√∞.".contains(next) { return true }
        guard next == "\\" else { return false }
        return !["\\cdot", "\\times", "\\div", "\\rfloor", "\\rceil", "\\}"].contains { text[place...].starts(with: $0) }
    }

    private mutating func factor() throws -> MathExpression {
        var base = try primary()
        while true {
            if take("!") {
                base = .function("factorial", base)
            } else if take("^") {
                base = .power(base, try argument())
            } else {
                return base
            }
        }
    }

    /// What a command is applied to: a group in braces, or one character or command.
    private mutating func argument() throws -> MathExpression {
        guard let next = peek() else { throw Unreadable() }
        if next == "{" || next == "\\" { return try primary() }
        if let digit = next.wholeNumberValue {
            place += 1
            return .number(Double(digit))
        }
        if next == "-" { return try signedFactor() }
        return try primary()
    }

    private mutating func primary() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100, let next = peek() else { throw Unreadable() }
        for (open, close) in [("(", ")"), ("{", "}"), ("[", "]")] where take(open) {
            let inside = try expression()
            try expect(close)
            return inside
        }
        for (open, close, name) in [("|", "|", "abs"), ("\\lfloor", "\\rfloor", "floor"), ("\\lceil", "\\rceil", "ceil")] where take(open) {
            let inside = try expression()
            try expect(close)
            return .function(name, inside)
        }
        if next.isNumber || next == "." { return try number() }
        if take("√") { return .root(try argument(), degree: .number(2)) }
        if take("∞") { return .number(.infinity) }
        if take("π") { return .number(.pi) }
        if next == "\\" {
            place += 1
            return try command(word())
        }
        guard next.isLetter else { throw Unreadable() }
        return try letters()
    }

    private mutating func word() -> String {
        let start = place
        while place < text.count, text[place].isASCII, text[place].isLetter { place += 1 }
        return String(text[start..<place])
    }

    private mutating func number() throws -> MathExpression {
        let start = place
        while place < text.count, text[place].isASCII, text[place].isNumber || text[place] == "." { place += 1 }
        let digits = String(text[start..<place])
        // A number in another base ("1011_2") is not computed with.
        guard place >= text.count || text[place] != "_", var value = Double(digits.hasPrefix(".") ? "0" + digits : digits) else { throw Unreadable() }
        if digits.contains("."), take("\\overline{") {
            let period = String(text[place...].prefix { $0.isNumber })
            place += period.count
            try expect("}")
            guard let repeated = Double(period) else { throw Unreadable() }
            let places = Double(digits.count - (digits.firstIndex(of: ".").map { digits.distance(from: digits.startIndex, to: $0) } ?? 0) - 1)
            value += repeated / (pow(10, Double(period.count)) - 1) / pow(10, places)
        }
        return .number(value)
    }

    private mutating func letters() throws -> MathExpression {
        for (name, wanted) in [("sqrt", "sqrt("), ("pi", "pi")] where take(wanted) {
            if name == "pi" { return .number(.pi) }
            place -= 1
            return .root(try primary(), degree: .number(2))
        }
        for name in MathExpression.functions.keys where name != "factorial" && take(name + "(") {
            place -= 1
            return .function(name, try primary())
        }
        let letter = String(text[place])
        place += 1
        if letter == "e" { return .number(M_E) }
        return .variable(letter + (try subscripted()))
    }

    private mutating func subscripted() throws -> String {
        guard take("_") else { return "" }
        skipSpace()
        guard place < text.count else { throw Unreadable() }
        if text[place] == "{", let end = BoxedAnswer.closing(of: text, from: place) {
            defer { place = end + 1 }
            return "_" + String(text[place + 1..<end])
        }
        defer { place += 1 }
        return "_" + String(text[place])
    }

    private mutating func command(_ name: String) throws -> MathExpression {
        switch name {
        case "frac":
            let numerator = try argument()
            return .quotient(numerator, try argument())
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
        case "pi": return .number(.pi)
        case "infty": return .number(.infinity)
        case "log" where take("_"):
            let base = try argument()
            return .logarithm(try factor(), base: base)
        case let name where MathExpression.functions[name] != nil:
            let exponent = take("^") ? try argument() : nil
            let value = MathExpression.function(name, try factor())
            return exponent.map { .power(value, $0) } ?? value
        case let name where MathExpression.greek.contains(name): return .variable("\\" + name + (try subscripted()))
        default: throw Unreadable()
        }
    }
}
