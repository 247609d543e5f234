import Groundwork

extension CodeFamilies {
    static let comparisons = QuestionFamily(
        "comparisons", .code, subject: "high_school_computer_science", topic: "comparisons in Python", grades: [1, 2]
    ) { random, grade in
        let wanted = random.next(below: 2) == 0 || grade == 1
        func comparison(_ value: Bool) -> String {
            let numbers = random.sample(2, of: Array(1...50)).sorted(), (low, high) = (numbers[0], numbers[1])
            let kinds = value
                ? ["\(high) > \(low)", "\(low) < \(high)", "\(low) != \(high)", "\(high) >= \(high)"]
                : ["\(low) > \(high)", "\(high) < \(low)", "\(low) == \(high)", "\(high) != \(high)"]
            return kinds[random.next(below: grade == 1 ? 2 : 4)]
        }
        let right = comparison(wanted), wrong = (0..<3).map { _ in comparison(!wanted) }
        return Draft(
            "Which of these is \(wanted ? "True" : "False") in Python: \(listed(random.shuffled(wrong + [right]), last: "or"))?",
            answer: right, mistakes: wrong, working: "\(right) is \(wanted ? "True" : "False").")
    }

    static let booleans = QuestionFamily(
        "boolean_expressions", .code, subject: "high_school_computer_science", topic: "boolean expressions in Python",
        grades: [2, 3]
    ) { random, grade in
        let values = (0..<3).map { _ in random.next(below: 2) == 0 }, names = random.sample(3, of: NameTable.variables)
        func text(_ value: Bool) -> String { value ? "True" : "False" }
        let setting = zip(names, values).prefix(grade).map { "\($0) = \(text($1))" }.joined(separator: "; ")
        let (p, q, r) = (values[0], values[1], values[2]), (a, b, c) = (names[0], names[1], names[2])
        let expressions: [(String, Bool)] = grade == 2
            ? [("\(a) and \(b)", p && q), ("\(a) or \(b)", p || q), ("\(a) and not \(b)", p && !q), ("not \(a) or \(b)", !p || q),
               ("not \(a)", !p), ("not \(b)", !q), ("\(a) == \(b)", p == q), ("\(a) != \(b)", p != q)]
            : [("\(a) and \(b) or \(c)", p && q || r), ("\(a) and (\(b) or \(c))", p && (q || r)),
               ("not \(a) and \(b)", !p && q), ("not (\(a) or \(c))", !(p || r)), ("\(a) or \(b) and \(c)", p || q && r),
               ("\(a) != \(b) or \(c)", p != q || r), ("not \(c) and \(a)", !r && p), ("\(b) and not \(c)", q && !r)]
        let wanted = random.next(below: 2) == 0
        let wrong = random.sample(3, of: expressions.filter { $0.1 != wanted }.map(\.0))
        let rights = expressions.filter { $0.1 == wanted }.map(\.0)
        guard wrong.count == 3, !rights.isEmpty else { return nil }
        let right = random.element(of: rights)
        return Draft(
            "\(setting). Which Python expression is \(text(wanted)): \(listed(random.shuffled(wrong + [right]), last: "or"))?",
            answer: right, mistakes: wrong, working: "\(right) is \(text(wanted)).")
    }

    static let numberBases = QuestionFamily(
        "number_bases", .code, subject: "college_computer_science", topic: "binary and hexadecimal numbers", grades: [2, 3]
    ) { random, grade in
        let number = random.integer(in: grade == 2 ? 5...63 : 17...255)
        let bits = String(number, radix: 2)
        let powers = (0..<8).reversed().map { 1 << $0 }.filter { number & $0 != 0 }
        switch (grade, random.next(below: 2)) {
        case (2, 0):
            return .number(
                "Which decimal number is binary \(bits)?", number, slips: [number * 2, number / 2, number + 1, number ^ 2],
                working: "\(powers.map(String.init).joined(separator: " + ")) = \(number).", random: &random)
        case (2, _):
            let mistakes = [number + 1, number - 1, number ^ 2, number ^ 4, number * 2].map { String($0, radix: 2) }
            return Draft(
                "What is \(number) in binary?", answer: bits, mistakes: mistakes,
                working: "\(number) = \(powers.map(String.init).joined(separator: " + ")).")
        case (_, 0):
            let hex = String(number, radix: 16, uppercase: true)
            return .number(
                "Which decimal number is hexadecimal \(hex)?", number, slips: [number / 16 * 10 + number % 16, number + 16, number - 16],
                working: "\(number / 16) × 16 = \(number / 16 * 16). \(number / 16 * 16) + \(number % 16) = \(number).", random: &random)
        default:
            let hex = String(number, radix: 16, uppercase: true)
            let mistakes = [number + 1, number - 1, number + 16, number - 16, number ^ 8].map {
                String($0, radix: 16, uppercase: true)
            }
            return Draft(
                "What is \(number) in hexadecimal?", answer: hex, mistakes: mistakes,
                working: "\(number) = \(number / 16) × 16 + \(number % 16).")
        }
    }

    static let bitOperations = QuestionFamily(
        "bit_operations", .code, subject: "college_computer_science", topic: "bit operations in Python", grades: [2, 3]
    ) { random, grade in
        if grade == 2 {
            let a = random.integer(in: 1...20), shift = random.integer(in: 1...4)
            return .number(
                asks("print(\(a) << \(shift))"), a << shift, slips: [a + shift, a * shift, a << (shift + 1)],
                working: "\(a) × \(1 << shift) = \(a << shift).", random: &random)
        }
        let a = random.integer(in: 1...15), b = random.integer(in: 1...15)
        let (sign, answer) = random.element(of: [("&", a & b), ("|", a | b), ("^", a ^ b)])
        func bits(_ value: Int) -> String {
            let digits = String(value, radix: 2)
            return String(repeating: "0", count: 4 - digits.count) + digits
        }
        return .number(
            asks("print(\(a) \(sign) \(b))"), answer, slips: [a & b, a | b, a ^ b, a + b],
            working: "\(bits(a)) \(sign) \(bits(b)) = \(bits(answer)).", random: &random)
    }

    static let complexity = QuestionFamily(
        "complexity", .code, subject: "college_computer_science", topic: "running time of loops and algorithms", grades: [1, 2, 3]
    ) { random, grade in
        let orders = ["O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)", "O(n^3)", "O(2^n)"]
        if grade == 3 {
            let fact = random.element(of: ProgrammingFacts.complexities.rows)
            return Draft(
                "What is the time complexity of \(fact[0])?", answer: fact[1], mistakes: orders,
                working: "\(sentence(fact[0])) takes \(fact[1]).")
        }
        let work = random.element(of: NameTable.words), call = "\(random.element(of: ["read", "test", "show", "count"]))_\(work)"
        let names = random.sample(3, of: ["i", "j", "k", "a", "b", "c"])
        if grade == 1 {
            let depth = random.integer(in: 1...3)
            let loops = names.prefix(depth).map { "for \($0) in range(n)" }.joined(separator: " ")
            return Draft(
                "How does the time of [\(call)() \(loops)] grow with n?", answer: ["O(n)", "O(n^2)", "O(n^3)"][depth - 1],
                mistakes: ["O(n)", "O(n^2)", "O(n^3)", "O(1)", "O(log n)"],
                working: depth == 1 ? "There is one loop over n." : "There are \(depth) nested loops over n.")
        }
        let inner = random.integer(in: 2...50)
        let cases: [(String, String, String)] = [
            ("for \(names[0]) in range(\(inner))", "O(1)", "The loop runs \(inner) times whatever n is."),
            ("for \(names[0]) in range(n) for \(names[1]) in range(\(inner))", "O(n)", "\(inner) steps for each of n items is O(n)."),
            ("for \(names[0]) in range(n) for \(names[1]) in range(\(names[0]))", "O(n^2)", "About n × n / 2 steps."),
            ("for \(names[0]) in range(n // \(inner))", "O(n)", "n / \(inner) steps grow like n."),
        ]
        let (loops, answer, reason) = random.element(of: cases)
        return Draft(
            "How does the time of [\(call)() \(loops)] grow with n?", answer: answer,
            mistakes: ["O(1)", "O(n)", "O(n^2)", "O(n^3)", "O(log n)"], working: reason)
    }

    static let terms = QuestionFamily(
        "programming_terms", .code, subject: "college_computer_science", topic: "terms of programming", grades: [1, 2]
    ) { random, grade in
        let table = grade == 1 ? ProgrammingFacts.commonTerms : ProgrammingFacts.furtherTerms
        let fact = random.element(of: table.rows)
        return Draft(
            "What is the term for \(fact[1])?", answer: fact[0], mistakes: table.others(than: fact, column: 0, alikeIn: 2),
            working: "")
    }

    static let methods = QuestionFamily(
        "python_functions", .code, subject: "high_school_computer_science", topic: "functions and keywords of Python",
        grades: [2]
    ) { random, _ in
        let fact = random.element(of: ProgrammingFacts.pythonNames.rows)
        return Draft(
            "Which Python \(fact[2]) \(fact[1])?", answer: fact[0],
            mistakes: ProgrammingFacts.pythonNames.others(than: fact, column: 0, alikeIn: 2),
            working: "\(fact[0]) \(fact[1]).")
    }
}
