import Groundwork

extension MathFamilies {
    static let largest = QuestionFamily(
        "largest", .math, subject: "elementary_mathematics", topic: "comparing numbers", grades: [1, 2, 3]
    ) { random, grade in
        let wantsLargest = random.next(below: 2) == 0
        let numbers: [(text: String, value: Int)]
        switch grade {
        case 1: numbers = random.sample(4, of: Array(2...99)).map { ("\($0)", $0) }
        case 2: numbers = random.sample(4, of: Array(-60...60)).map { ("\($0)", $0) }
        default:
            let tenths = random.sample(2, of: Array(11...99)), hundredths = random.sample(2, of: Array(101...999))
            guard tenths.allSatisfy({ $0 % 10 != 0 }), hundredths.allSatisfy({ $0 % 10 != 0 }) else { return nil }
            numbers = tenths.map { (decimal(tenths: $0), $0 * 10) }
                + hundredths.map { ("\($0 / 100).\($0 % 100 < 10 ? "0" : "")\($0 % 100)", $0) }
        }
        let order = numbers.sorted { $0.value < $1.value }
        let answer = wantsLargest ? order[3] : order[0], word = wantsLargest ? "largest" : "smallest"
        return Draft(
            "Which number is the \(word): \(listed(random.shuffled(numbers.map(\.text)), last: "or"))?", answer: answer.text,
            mistakes: numbers.map(\.text), working: "The \(word) of the four numbers is \(answer.text).")
    }

    static let sorting = QuestionFamily(
        "sorting", .math, subject: "elementary_mathematics", topic: "putting numbers in order", grades: [1, 2]
    ) { random, grade in
        let numbers = random.sample(grade == 1 ? 3 : 4, of: Array(grade == 1 ? 1...30 : 1...999))
        let rises = random.next(below: 2) == 0
        let sorted = rises ? numbers.sorted() : numbers.sorted(by: >)
        func text(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ", ") }
        let mistakes = (0..<8).map { _ in text(random.shuffled(numbers)) } + [text(sorted.reversed())]
        guard numbers != sorted else { return nil }
        return Draft(
            "Put \(listed(numbers)) in order from \(rises ? "smallest to largest" : "largest to smallest").",
            answer: text(sorted), mistakes: mistakes, working: "")
    }

    static let rounding = QuestionFamily(
        "rounding", .math, subject: "elementary_mathematics", topic: "rounding", grades: [1, 2]
    ) { random, grade in
        let unit = grade == 1 ? 10 : 100, name = grade == 1 ? "ten" : "hundred"
        let number = random.integer(in: grade == 1 ? 11...199 : 101...1999)
        guard number % unit != 0, number % unit != unit / 2 else { return nil }
        let below = number / unit * unit, rest = number % unit, up = rest > unit / 2
        let answer = up ? below + unit : below
        return Draft(
            "Round \(number) to the nearest \(name).", answer: "\(answer)",
            mistakes: [up ? below : below + unit, below + 2 * unit, below - unit, number + unit, below + unit / 2].map(String.init),
            working: "\(number) lies between \(below) and \(below + unit), nearer to \(answer).")
    }

    static let digits = QuestionFamily(
        "digits", .math, subject: "elementary_mathematics", topic: "place value", grades: [1, 2]
    ) { random, grade in
        let figures = random.sample(4, of: Array(1...9)), place = random.next(below: 4)
        let number = figures.reduce(0) { $0 * 10 + $1 }, name = ["thousands", "hundreds", "tens", "ones"][place]
        if grade == 1 {
            return Draft(
                "Which digit of \(number) stands in the \(name) place?", answer: "\(figures[place])",
                mistakes: figures.map(String.init), working: "\(number): the \(name) digit is \(figures[place]).")
        }
        let value = figures[place] * [1000, 100, 10, 1][place]
        return Draft(
            "What is the value of the digit \(figures[place]) in \(number)?", answer: "\(value)",
            mistakes: [1000, 100, 10, 1].map { "\(figures[place] * $0)" },
            working: "\(figures[place]) stands in the \(name) place.")
    }

    static let statistics = QuestionFamily(
        "statistics", .math, subject: "high_school_statistics", topic: "mode, median and mean", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let values = random.sample(4, of: Array(1...30)), mode = values[0]
            let list = random.shuffled(values + [mode])
            return Draft(
                "What is the mode of \(listed(list))?", answer: "\(mode)", mistakes: values.map(String.init),
                working: "\(mode) stands there twice.")
        case 2:
            let values = random.sample(5, of: Array(1...40)), sorted = values.sorted()
            return Draft(
                "What is the median of \(listed(values))?", answer: "\(sorted[2])", mistakes: values.map(String.init),
                working: "In order: \(listed(sorted)). The middle one is \(sorted[2]).")
        default:
            let values = (0..<4).map { _ in random.integer(in: 1...30) }, total = values.reduce(0, +)
            guard total % 4 == 0 else { return nil }
            return .number(
                "What is the mean of \(listed(values))?", total / 4, slips: [total, total / 2, values.sorted()[1]],
                working: "\(values.map(String.init).joined(separator: " + ")) = \(total). \(total) ÷ 4 = \(total / 4).",
                random: &random)
        }
    }

    static let ordering = QuestionFamily(
        "ordering", .math, subject: "formal_logic", topic: "conclusions about an order", grades: [1, 2, 3]
    ) { random, grade in
        let names = random.sample(4, of: NameTable.people)
        let (more, most, least) = random.element(of: [
            ("older", "oldest", "youngest"), ("taller", "tallest", "shortest"), ("faster", "fastest", "slowest"),
            ("richer", "richest", "poorest"),
        ])
        var facts = (0..<3).map { "\(names[$0]) is \(more) than \(names[$0 + 1])." }
        if grade > 1 { random.shuffle(&facts) }
        let place = grade == 3 ? 1 : random.element(of: [0, 3])
        let word = grade == 3 ? "second \(most)" : place == 0 ? most : least
        return Draft(
            facts.joined(separator: " ") + " Who is the \(word)?", answer: names[place], mistakes: names,
            working: grade == 1
                ? "The order is \(listed(names)). \(names[place]) comes \(place == 0 ? "first" : "last")."
                : "From \(most) to \(least): \(listed(names)).")
    }
}
