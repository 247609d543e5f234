import Foundation

/// A calculation in lower case: + - * / ^ ( ) % mod, and the words for them. What it does not know is no calculation, never a guess.
struct ArithmeticExpression {
    private enum Piece: Equatable {
        case number(Double)
        case sign(String)
    }

    private var pieces: ArraySlice<Piece>
    private var depth = 0

    /// - Returns: nil for a bare number and for whatever is not understood to its end.
    static func value(of text: String) -> Double? {
        guard let pieces = pieces(of: text), pieces.contains(where: { if case .sign = $0 { true } else { false } }) else { return nil }
        var expression = ArithmeticExpression(pieces: pieces[...])
        guard let value = expression.sum(), expression.pieces.isEmpty else { return nil }
        return value
    }

    private static func pieces(of text: String) -> [Piece]? {
        var rest = text.replacing("multiplied by", with: "*").replacing("divided by", with: "/").replacing("to the power of", with: "^")
            .replacing("square root of", with: "root").replacing("the square of", with: "square").replacing("the cube of", with: "cube")
            .replacing("added to", with: "+").replacing("half of", with: "0.5 *")[...]
        var pieces: [Piece] = []
        while let next = rest.first {
            if next.isWhitespace {
                rest.removeFirst()
            } else if next.isASCII, next.isNumber {
                guard let value = NumberText.number(&rest) else { return nil }
                pieces.append(.number(value))
            } else if next.isLetter {
                let word = rest.prefix(while: \.isLetter)
                rest.removeFirst(word.count)
                if let number = NumberText.named[String(word)] {
                    pieces.append(.number(Double(number)))
                } else {
                    switch word {
                    case "plus": pieces.append(.sign("+"))
                    case "minus": pieces.append(.sign("-"))
                    case "times", "x": pieces.append(.sign("*"))
                    case "over": pieces.append(.sign("/"))
                    case "mod", "modulo": pieces.append(.sign("mod"))
                    case "percent": pieces.append(.sign("%"))
                    case "squared": pieces += [.sign("^"), .number(2)]
                    case "cubed": pieces += [.sign("^"), .number(3)]
                    case "factorial": pieces.append(.sign("!"))
                    case "of", "root", "square", "cube": pieces.append(.sign(String(word)))
                    case "the": break
                    default: return nil
                    }
                }
            } else if "+-*/^()%!".contains(next) {
                pieces.append(.sign(String(next)))
                rest.removeFirst()
            } else {
                return nil
            }
        }
        return pieces
    }

    private mutating func take(_ sign: String) -> Bool {
        guard pieces.first == .sign(sign) else { return false }
        pieces.removeFirst()
        return true
    }

    private mutating func sum() -> Double? {
        guard var value = product() else { return nil }
        while true {
            if take("+") {
                guard let next = product() else { return nil }
                value += next
            } else if take("-") {
                guard let next = product() else { return nil }
                value -= next
            } else {
                return value
            }
        }
    }

    private mutating func product() -> Double? {
        guard var value = signed() else { return nil }
        while true {
            if take("*") || take("of") {
                guard let next = signed() else { return nil }
                value *= next
            } else if take("/") {
                guard let next = signed(), next != 0 else { return nil }
                value /= next
            } else if take("mod") {
                guard let next = signed(), next > 0, value >= 0 else { return nil }
                value = value.truncatingRemainder(dividingBy: next)
            } else {
                return value
            }
        }
    }

    private mutating func signed() -> Double? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 50 else { return nil }
        return take("-") ? signed().map { -$0 } : power()
    }

    private mutating func power() -> Double? {
        guard let base = primary() else { return nil }
        guard take("^") else { return base }
        guard let exponent = signed() else { return nil }
        return pow(base, exponent)
    }

    private mutating func primary() -> Double? {
        if take("root") { return primary().flatMap { $0 < 0 ? nil : $0.squareRoot() } }
        if take("square") { return primary().map { $0 * $0 } }
        if take("cube") { return primary().map { $0 * $0 * $0 } }
        var value: Double
        if take("(") {
            guard let inner = sum(), take(")") else { return nil }
            value = inner
        } else {
            guard case .number(let number)? = pieces.first else { return nil }
            pieces.removeFirst()
            value = number
        }
        if take("!") {
            guard value == value.rounded(), value >= 0, value <= 18 else { return nil }
            value = (tgamma(value + 1)).rounded()
        }
        // A percent sign before a number is a remainder, as programs write it.
        if pieces.first == .sign("%") {
            pieces.removeFirst()
            if case .number(let divisor)? = pieces.first {
                guard divisor > 0, value >= 0 else { return nil }
                pieces.removeFirst()
                return value.truncatingRemainder(dividingBy: divisor)
            }
            value /= 100
        }
        return value
    }
}
