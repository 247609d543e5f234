import Groundwork

extension MathFamilies {
    static let sums = QuestionFamily(
        "sums", .math, subject: "elementary_mathematics", topic: "addition", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let a = random.integer(in: 2...40), b = random.integer(in: 2...20)
            return .number(
                "What is \(a) + \(b)?", a + b, slips: [abs(a - b), a + b + 10, a + b - 1], working: "\(a) + \(b) = \(a + b).",
                random: &random)
        case 2:
            let a = random.integer(in: 21...99), b = random.integer(in: 21...99)
            let tens = a / 10 * 10 + b / 10 * 10, ones = a % 10 + b % 10
            return .number(
                "What is \(a) + \(b)?", a + b, slips: [a + b - 10, abs(a - b), tens],
                working: "\(a / 10 * 10) + \(b / 10 * 10) = \(tens). \(a % 10) + \(b % 10) = \(ones). \(tens) + \(ones) = \(a + b).",
                random: &random)
        default:
            let a = random.integer(in: 101...899), b = random.integer(in: 11...99), c = random.integer(in: 11...99)
            return .number(
                "What is \(a) + \(b) + \(c)?", a + b + c, slips: [a + b, a + c, a + b + c - 10],
                working: "\(a) + \(b) = \(a + b). \(a + b) + \(c) = \(a + b + c).", random: &random)
        }
    }

    static let differences = QuestionFamily(
        "differences", .math, subject: "elementary_mathematics", topic: "subtraction", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let b = random.integer(in: 1...19), a = b + random.integer(in: 1...30)
            return .number(
                "What is \(a) - \(b)?", a - b, slips: [a + b, a - b + 10, a - b - 1], working: "\(a) - \(b) = \(a - b).",
                random: &random)
        case 2:
            let b = random.integer(in: 12...89), a = b + random.integer(in: 11...99)
            let whole = a - b / 10 * 10
            return .number(
                "What is \(a) - \(b)?", a - b, slips: [whole, a - b + 10, a + b],
                working: "\(a) - \(b / 10 * 10) = \(whole). \(whole) - \(b % 10) = \(a - b).", random: &random)
        default:
            let a = random.integer(in: 2...60), b = random.integer(in: 61...150)
            return .number(
                "What is \(a) - \(b)?", a - b, slips: [b - a, -(a + b), a - b + 10], least: -999,
                working: "\(b) - \(a) = \(b - a), so \(a) - \(b) = \(a - b).", random: &random)
        }
    }

    static let products = QuestionFamily(
        "products", .math, subject: "elementary_mathematics", topic: "multiplication", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let a = random.integer(in: 2...12), b = random.integer(in: 2...12)
            return .number(
                "What is \(a) × \(b)?", a * b, slips: [a + b, a * (b + 1), a * (b - 1), (a + 1) * b],
                working: "\(a) × \(b) = \(a * b).", random: &random)
        case 2:
            let a = random.integer(in: 13...99), b = random.integer(in: 3...9)
            let tens = a / 10 * 10 * b, ones = a % 10 * b
            return .number(
                "What is \(a) × \(b)?", a * b, slips: [tens, a * (b + 1), a * b + 10],
                working: "\(a / 10 * 10) × \(b) = \(tens). \(a % 10) × \(b) = \(ones). \(tens) + \(ones) = \(a * b).",
                random: &random)
        default:
            let a = random.integer(in: 12...39), b = random.integer(in: 12...39)
            let tens = a * (b / 10 * 10), ones = a * (b % 10)
            return .number(
                "What is \(a) × \(b)?", a * b, slips: [tens, a * b + 10, a * (b - 1)],
                working: "\(a) × \(b / 10 * 10) = \(tens). \(a) × \(b % 10) = \(ones). \(tens) + \(ones) = \(a * b).",
                random: &random)
        }
    }

    static let powersOfTen = QuestionFamily(
        "powers_of_ten", .math, subject: "elementary_mathematics", topic: "multiplying and dividing by 10, 100 and 1000",
        grades: [1, 2]
    ) { random, grade in
        let power = random.integer(in: 1...3), factor = [1, 10, 100, 1000][power], base = random.integer(in: 2...99)
        if grade == 1 {
            let answer = base * factor
            return Draft(
                "What is \(base) × \(factor)?", answer: "\(answer)",
                mistakes: [answer * 10, answer / 10, answer * 100, base + factor].map(String.init),
                working: "\(base) × \(factor) = \(answer).")
        }
        let number = base * factor * random.element(of: [1, 10])
        return Draft(
            "What is \(number) ÷ \(factor)?", answer: "\(number / factor)",
            mistakes: [number / factor * 10, number * 10, number / factor + 10, number / factor * 100].map(String.init),
            working: "\(number) without \(power) \(power == 1 ? "zero" : "zeros") is \(number / factor).")
    }

    static let percentages = QuestionFamily(
        "percentages", .math, subject: "elementary_mathematics", topic: "percentages", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let percent = random.element(of: [10, 50, 100]), number = 10 * random.integer(in: 2...60)
            let divisor = 100 / percent, answer = number / divisor
            return .number(
                "What is \(percent)% of \(number)?", answer, slips: [number / 5, number * 2, number + percent],
                working: divisor == 1 ? "100% is the whole." : "\(percent)% is 1/\(divisor). \(number) ÷ \(divisor) = \(answer).",
                random: &random)
        case 2:
            let percent = random.element(of: [20, 25, 30, 40, 60, 75, 80]), number = 20 * random.integer(in: 2...40)
            let one = number / 20, answer = percent / 5 * one
            return .number(
                "What is \(percent)% of \(number)?", answer, slips: [number - answer, percent, number / 10],
                working: "5% of \(number) is \(one). \(percent / 5) × \(one) = \(answer).", random: &random)
        default:
            let percent = random.element(of: [10, 20, 25, 50]), price = 20 * random.integer(in: 2...40)
            let change = price * percent / 100, up = random.next(below: 2) == 0
            let answer = up ? price + change : price - change
            return .number(
                "A price of \(price) dollars \(up ? "rises" : "falls") by \(percent)%. What is the new price in dollars?", answer,
                slips: [change, up ? price - change : price + change, up ? price + percent : price - percent],
                working: "\(percent)% of \(price) is \(change). \(price) \(up ? "+" : "-") \(change) = \(answer).",
                random: &random)
        }
    }

    static let fractions = QuestionFamily(
        "fractions", .math, subject: "elementary_mathematics", topic: "fractions", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let divisor = random.element(of: [2, 3, 4, 5]), part = random.integer(in: 2...40), number = divisor * part
            let name = ["", "", "half", "a third", "a quarter", "a fifth"][divisor]
            return .number(
                "What is \(name) of \(number)?", part, slips: [number - divisor, number * divisor, number - part],
                working: "\(number) ÷ \(divisor) = \(part).", random: &random)
        case 2:
            let bottom = random.integer(in: 2...9), top = random.integer(in: 1...8), factor = random.integer(in: 2...9)
            guard top < bottom, greatestCommonDivisor(top, bottom) == 1 else { return nil }
            let wrong = [(top + 1, bottom), (top, bottom + 1), (factor, bottom), (top, factor + bottom), (1, top + bottom)]
            return Draft(
                "What is \(top * factor)/\(bottom * factor) in lowest terms?", answer: "\(top)/\(bottom)",
                mistakes: wrong.filter { $0.0 * bottom != $0.1 * top }.map { "\($0.0)/\($0.1)" },
                working: "\(top * factor) ÷ \(factor) = \(top). \(bottom * factor) ÷ \(factor) = \(bottom).")
        default:
            let a = random.integer(in: 2...9), b = random.integer(in: 2...9)
            guard a < b else { return nil }
            let top = a + b, bottom = a * b, common = greatestCommonDivisor(top, bottom)
            let answer = "\(top / common)/\(bottom / common)"
            let wrong = [(2, a + b), (1, a + b), (2, a * b), (1, a * b), (top + 1, bottom), (b - a, a * b)]
            return Draft(
                "What is 1/\(a) + 1/\(b) in lowest terms?", answer: answer,
                mistakes: wrong.filter { $0.0 * bottom != $0.1 * top }.map { "\($0.0)/\($0.1)" },
                working: "1/\(a) = \(b)/\(bottom). 1/\(b) = \(a)/\(bottom). Together \(top)/\(bottom)"
                    + (common == 1 ? "." : " = \(answer)."))
        }
    }
}
