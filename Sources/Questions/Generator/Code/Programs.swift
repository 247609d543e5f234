import Groundwork

extension CodeFamilies {
    static let assignments = QuestionFamily(
        "assignments", .code, subject: "high_school_computer_science", topic: "variables in Python", grades: [1, 2, 3]
    ) { random, grade in
        let names = random.sample(2, of: NameTable.variables), a = random.integer(in: 2...20), b = random.integer(in: 2...20)
        let (x, y) = (names[0], names[1])
        switch grade {
        case 1:
            return .number(
                asks("\(x) = \(a); \(y) = \(x) + \(b); print(\(y))"), a + b, slips: [a, b, a * b],
                working: "\(y) = \(a) + \(b) = \(a + b).", random: &random)
        case 2:
            let c = random.integer(in: 2...6), sum = a + b
            return .number(
                asks("\(x) = \(a); \(x) = \(x) + \(b); \(y) = \(x) * \(c); print(\(y))"), sum * c, slips: [a * c, sum + c, sum, b * c],
                working: "\(x) = \(a) + \(b) = \(sum). \(y) = \(sum) * \(c) = \(sum * c).", random: &random)
        default:
            guard a != b else { return nil }
            let c = random.integer(in: 2...9)
            return .number(
                asks("\(x), \(y) = \(a), \(b); \(x), \(y) = \(y), \(x) + \(c); print(\(x) - \(y))"), b - a - c,
                slips: [a - b - c, b - a + c, b - a, -c], least: -99,
                working: "\(x) = \(b). \(y) = \(a) + \(c) = \(a + c). \(b) - \(a + c) = \(b - a - c).", random: &random)
        }
    }

    static let conditionals = QuestionFamily(
        "conditionals", .code, subject: "high_school_computer_science", topic: "conditions in Python", grades: [1, 2]
    ) { random, grade in
        let words = random.sample(4, of: NameTable.words), name = random.element(of: NameTable.variables)
        let value = random.integer(in: 1...50), bound = random.integer(in: 1...50)
        guard value != bound else { return nil }
        if grade == 1 {
            let isTrue = value > bound
            return Draft(
                asks("\(name) = \(value); print('\(words[0])' if \(name) > \(bound) else '\(words[1])')"),
                answer: isTrue ? words[0] : words[1], mistakes: words,
                working: "\(value) > \(bound) is \(isTrue ? "True" : "False").")
        }
        let high = bound + random.integer(in: 5...30)
        guard value != high else { return nil }
        let answer = value > high ? 0 : value > bound ? 1 : 2
        return Draft(
            asks(
                "\(name) = \(value); print('\(words[0])' if \(name) > \(high) else '\(words[1])' if \(name) > \(bound) else '\(words[2])')"),
            answer: words[answer], mistakes: words,
            working: value > high
                ? "\(value) > \(high) is True."
                : "\(value) > \(high) is False. \(value) > \(bound) is \(value > bound ? "True" : "False").")
    }

    static let functions = QuestionFamily(
        "functions", .code, subject: "high_school_computer_science", topic: "calling functions in Python", grades: [1, 2, 3]
    ) { random, grade in
        let a = random.integer(in: 2...12), b = random.integer(in: 2...12), name = random.element(of: ["f", "g", "h"])
        switch grade {
        case 1:
            return .number(
                asks("\(name) = lambda x: x + \(a); print(\(name)(\(b)))"), a + b, slips: [a, b, a * b],
                working: "\(name)(\(b)) = \(b) + \(a) = \(a + b).", random: &random)
        case 2:
            let c = random.integer(in: 1...9), product = a * b
            return .number(
                asks("\(name) = lambda x: \(a) * x + \(c); print(\(name)(\(b)))"), product + c, slips: [product, a + b + c, a * (b + c)],
                working: "\(a) * \(b) = \(product). \(product) + \(c) = \(product + c).", random: &random)
        default:
            let c = random.integer(in: 2...5), inner = b + a
            return .number(
                asks("\(name) = lambda x: x + \(a); k = lambda x: x * \(c); print(k(\(name)(\(b))))"), inner * c,
                slips: [b * c + a, inner, inner + c], working: "\(name)(\(b)) = \(inner). \(inner) * \(c) = \(inner * c).",
                random: &random)
        }
    }

    static let concatenation = QuestionFamily(
        "text_joining", .code, subject: "high_school_computer_science", topic: "joining texts in Python", grades: [1, 2, 3]
    ) { random, grade in
        let words = random.sample(2, of: NameTable.words), (a, b) = (words[0], words[1])
        switch grade {
        case 1:
            return Draft(
                asks("print('\(a)' + '\(b)')"), answer: a + b, mistakes: [b + a, "\(a) \(b)", "\(a)+\(b)", "\(a), \(b)"],
                working: "'\(a)' + '\(b)' joins the two texts without a space.")
        case 2:
            let count = random.integer(in: 2...4)
            func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
            return Draft(
                asks("print('\(a)' * \(count))"), answer: times(a, count),
                mistakes: [times(a, count + 1), times(a, count - 1), "\(a)\(count)", "\(a) * \(count)"],
                working: "'\(a)' is written \(count) times.")
        default:
            let joint = random.element(of: ["-", "+", "/", "_"]), third = random.element(of: NameTable.words)
            guard !words.contains(third) else { return nil }
            let parts = [a, b, third]
            return Draft(
                asks("print('\(joint)'.join(\(list(parts))))"), answer: parts.joined(separator: joint),
                mistakes: [
                    parts.joined(), parts.joined(separator: joint) + joint, joint + parts.joined(separator: joint),
                    parts.reversed().joined(separator: joint),
                ],
                working: "'\(joint)' stands between the items.")
        }
    }

    static let characters = QuestionFamily(
        "characters", .code, subject: "high_school_computer_science", topic: "characters of a text in Python", grades: [1, 2, 3]
    ) { random, grade in
        let word = random.element(of: NameTable.words), letters = word.map(String.init)
        let alphabet = random.sample(6, of: "abcdefghijklmnopqrstuvwxyz".map(String.init))
        switch grade {
        case 1:
            let takesFirst = random.next(below: 2) == 0, answer = takesFirst ? letters[0] : letters[letters.count - 1]
            return Draft(
                asks("print('\(word)'[\(takesFirst ? "0" : "-1")])"), answer: answer, mistakes: letters + alphabet,
                working: "The \(takesFirst ? "first" : "last") letter of \(word) is \(answer).")
        case 2:
            let index = random.integer(in: 1...(letters.count - 1)), answer = letters[index]
            return Draft(
                asks("print('\(word)'[\(index)])"), answer: answer, mistakes: letters + alphabet,
                working: "\(letters.prefix(index + 1).enumerated().map { "\($0.offset) \($0.element)" }.joined(separator: ", ")).")
        default:
            let answer = String(word.reversed()), middle = random.shuffled(letters).joined()
            return Draft(
                asks("print('\(word)'[::-1])"), answer: answer,
                mistakes: [word, middle, String(answer.dropLast()), String(answer.dropFirst()), word.uppercased()],
                working: "\(letters.reversed().joined(separator: "-")).")
        }
    }

    static let types = QuestionFamily(
        "types", .code, subject: "high_school_computer_science", topic: "types of values in Python", grades: [1, 2]
    ) { random, grade in
        let number = random.integer(in: 1...99), word = random.element(of: NameTable.words)
        let simple: [(String, String, String)] = [
            ("\(number)", "int", "is a whole number"), ("\(decimal(tenths: number * 10 + 5))", "float", "has a decimal point"),
            ("'\(word)'", "str", "stands in quotes"), ("'\(number)'", "str", "stands in quotes"),
            ("[\(number), \(number + 1)]", "list", "stands in square brackets"),
            ("{'\(word)': \(number)}", "dict", "has keys and values"),
        ]
        let computed: [(String, String, String)] = [
            ("\(number) / 2", "float", "is a division, which gives a float"), ("\(number) // 2", "int", "divides to a whole number"),
            ("\(number) > 5", "bool", "is a comparison"), ("str(\(number))", "str", "makes a text"),
            ("len('\(word)')", "int", "counts"), ("'\(word)'.split()", "list", "gives a list of words"),
            ("(\(number), '\(word)')", "tuple", "stands in parentheses with a comma"),
            ("\(number) + 0.5", "float", "adds a float"),
        ]
        let (value, type, reason) = random.element(of: grade == 1 ? simple : computed)
        return Draft(
            "What is the Python type of \(value)?", answer: type, mistakes: ["int", "float", "str", "bool", "list", "dict", "tuple"],
            working: "\(value) \(reason).")
    }
}
