/// Plain arithmetic, put in signs or in words: "What is 17 × 23?", "What is the remainder when 17 is divided by 5?".
public enum ArithmeticQuestion {
    /// The right answer.
    /// - Returns: nil for anything but a calculation that is understood to its end.
    public static func value(of question: String) -> Double? {
        var text = question.lowercased()
        guard text.utf8.count <= 200 else { return nil }
        for (sign, plain) in signs { text = text.replacing(sign, with: plain) }
        text = text.trimmingSpace()
        while let last = text.last, "?.=: ".contains(last) { text.removeLast() }
        var changed = true
        while changed {
            changed = false
            for opening in openings where text.hasPrefix(opening + " ") {
                text = String(text.dropFirst(opening.count + 1)).trimmingSpace()
                changed = true
            }
            for ending in [" equal to", " equals", " equal", " ="] where text.hasSuffix(ending) {
                text = String(text.dropLast(ending.count)).trimmingSpace()
                changed = true
            }
        }
        let result = inWords(text) ?? ArithmeticExpression.value(of: text)
        return result.flatMap { $0.isFinite ? $0 : nil }
    }

    private static let signs = [
        ("−", "-"), ("–", "-"), ("×", "*"), ("·", "*"), ("÷", "/"), ("**", "^"), ("²", "^2"), ("³", "^3"), ("√", " root "),
    ]
    private static let openings = [
        "what is", "what's", "what does", "what do you get when you", "calculate", "compute", "evaluate", "find", "work out", "how much is",
        "solve", "simplify", "the value of", "the result of", "the result when", "the answer to", "the expression", "the exact value of",
    ]

    /// Calculations that name what is done before they name the numbers.
    private static func inWords(_ text: String) -> Double? {
        func rest(after beginnings: String...) -> String? {
            beginnings.first { text.hasPrefix($0 + " ") }.map { String(text.dropFirst($0.count + 1)) }
        }
        if let rest = rest(after: "the sum of", "sum of", "add") { return numbers(rest).map { $0.reduce(0, +) } }
        if let rest = rest(after: "the product of", "product of", "multiply") {
            return numbers(rest.replacing(" by ", with: " and ")).map { $0.reduce(1, *) }
        }
        if let rest = rest(after: "adding", "the total of") { return numbers(rest.replacing(" to ", with: " and ")).map { $0.reduce(0, +) } }
        if let rest = rest(after: "multiplying") { return numbers(rest.replacing(" by ", with: " and ")).map { $0.reduce(1, *) } }
        if let rest = rest(after: "subtracting", "subtract") {
            guard let pair = numbers(rest.replacing(" from ", with: " and ")), pair.count == 2 else { return nil }
            return pair[1] - pair[0]
        }
        if let rest = rest(after: "dividing", "divide") {
            guard let pair = numbers(rest.replacing(" by ", with: " and ")), pair.count == 2, pair[1] != 0 else { return nil }
            return pair[0] / pair[1]
        }
        if let rest = rest(after: "the difference between", "the difference of") {
            // Which is taken from which is only clear where the larger stands first.
            guard let pair = numbers(rest), pair.count == 2, pair[0] >= pair[1] else { return nil }
            return pair[0] - pair[1]
        }
        if let rest = rest(after: "the quotient of") {
            guard let pair = numbers(rest), pair.count == 2, pair[1] != 0 else { return nil }
            return pair[0] / pair[1]
        }
        if let rest = rest(after: "the remainder when", "the remainder of", "the remainder if", "the remainder") {
            let parts = rest.components(splitBy: [" is divided by ", " divided by ", " / "])
            guard parts.count == 2, let a = Int(parts[0]), let b = Int(parts[1]), a >= 0, b > 0 else { return nil }
            return Double(a % b)
        }
        for (ending, place) in [("nearest ten", 10.0), ("nearest hundred", 100), ("nearest thousand", 1000), ("nearest whole number", 1)] {
            for link in [" rounded to the ", " to the "] where text.hasSuffix(link + ending) {
                let number = text.dropLast(link.count + ending.count)
                let bare = number.hasPrefix("round ") ? number.dropFirst(6) : number
                var left = bare
                guard let value = NumberText.number(&left), left.isEmpty else { return nil }
                return (value / place).rounded(.toNearestOrAwayFromZero) * place
            }
        }
        return nil
    }

    /// "3, 4 and 5".
    private static func numbers(_ text: String) -> [Double]? {
        let parts = text.replacing(", and ", with: " and ").components(splitBy: [" and ", ", "])
        guard parts.count >= 2 else { return nil }
        var values: [Double] = []
        for part in parts {
            var rest = Substring(part.trimmingSpace())
            let negative = rest.first == "-"
            if negative { rest.removeFirst() }
            guard let value = NumberText.number(&rest), rest.isEmpty else { return nil }
            values.append(negative ? -value : value)
        }
        return values
    }
}

extension String {
    func trimmingSpace() -> String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    fileprivate func components(splitBy separators: [String]) -> [String] {
        separators.reduce([self]) { parts, separator in parts.flatMap { $0.split(separator: separator).map(String.init) } }
    }
}
