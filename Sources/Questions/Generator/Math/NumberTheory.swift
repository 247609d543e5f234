import Groundwork

extension MathFamilies {
    static let sequences = QuestionFamily(
        "sequences", .math, subject: "high_school_mathematics", topic: "number sequences", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let step = random.element(of: [1, 2, 3, 4, 5, 10]), start = random.integer(in: 1...30)
            let terms = (0..<5).map { start + $0 * step }
            return .number(
                "Which number comes next: \(terms.prefix(4).map(String.init).joined(separator: ", "))?", terms[4],
                slips: [terms[4] + step, terms[3], terms[4] - 1], working: "\(terms[3]) + \(step) = \(terms[4]).", random: &random)
        case 2:
            let ratio = random.element(of: [2, 3, 4]), start = random.integer(in: 1...12)
            let terms = (0..<5).scan(start) { value, _ in value * ratio }
            return .number(
                "Which number comes next: \(terms.prefix(4).map(String.init).joined(separator: ", "))?", terms[4],
                slips: [terms[3] + terms[2], terms[4] + ratio, 2 * terms[3] - terms[2]],
                working: "Each is \(ratio) times the one before. \(terms[3]) × \(ratio) = \(terms[4]).", random: &random)
        default:
            let start = random.integer(in: 1...40), step = random.integer(in: 1...6), growth = random.integer(in: 1...4)
            let terms = (0..<5).scan(start) { value, index in value + step + index * growth }
            let last = terms[4] - terms[3]
            return .number(
                "Which number comes next: \(terms.prefix(4).map(String.init).joined(separator: ", "))?", terms[4],
                slips: [terms[3] + last - growth, terms[4] + growth, terms[4] - 1],
                working: "The steps are \(listed([step, step + growth, step + 2 * growth])), then \(last). "
                    + "\(terms[3]) + \(last) = \(terms[4]).", random: &random)
        }
    }

    static let divisibility = QuestionFamily(
        "divisibility", .math, subject: "elementary_mathematics", topic: "even, odd and divisible numbers", grades: [1, 2, 3]
    ) { random, grade in
        let divisor = grade == 1 ? random.element(of: [2, 10]) : grade == 2 ? 5 : random.element(of: [3, 9])
        let range = 11...(grade == 1 ? 99 : 299)
        let hits = range.filter { $0 % divisor == 0 }, misses = range.filter { $0 % divisor != 0 }
        let answer = random.element(of: hits), others = random.sample(3, of: misses)
        let list = listed(random.shuffled(others + [answer]), last: "or")
        let sum = String(answer).compactMap(\.wholeNumberValue)
        let working = switch divisor {
        case 2: "\(answer) ends in \(answer % 10), so it is even."
        case 5, 10: "\(answer) ends in \(answer % 10)."
        default: "\(sum.map(String.init).joined(separator: " + ")) = \(sum.reduce(0, +)), which \(divisor) divides."
        }
        return Draft(
            divisor == 2 ? "Which number is even: \(list)?" : "Which number is divisible by \(divisor): \(list)?",
            answer: "\(answer)", mistakes: others.map(String.init), working: working)
    }

    static let remainders = QuestionFamily(
        "remainders", .math, subject: "elementary_mathematics", topic: "division with remainder", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let number = random.integer(in: 11...999), rest = number % 10
            return .number(
                "What is the remainder when \(number) is divided by 10?", rest, slips: [number / 10 % 10, number / 10],
                working: "\(number) ends in \(rest).", random: &random)
        case 2:
            let divisor = random.integer(in: 3...9), number = random.integer(in: 11...99)
            let whole = number / divisor * divisor
            return .number(
                "What is the remainder when \(number) is divided by \(divisor)?", number - whole, slips: [number / divisor],
                working: "\(number / divisor) × \(divisor) = \(whole). \(number) - \(whole) = \(number - whole).", random: &random)
        default:
            let base = random.integer(in: 2...9), modulus = random.integer(in: 3...12), exponent = random.integer(in: 2...4)
            let power = (0..<exponent).reduce(1) { value, _ in value * base }, whole = power / modulus * modulus
            return .number(
                "What is \(base)^\(exponent) modulo \(modulus)?", power - whole, slips: [base * exponent % modulus, base % modulus],
                working: "\(base)^\(exponent) = \(power). \(power) - \(whole) = \(power - whole).", random: &random)
        }
    }

    static let divisors = QuestionFamily(
        "divisors_and_primes", .math, subject: "high_school_mathematics", topic: "divisors, multiples and primes",
        grades: [2, 3]
    ) { random, grade in
        let a = random.integer(in: 4...60), b = random.integer(in: 4...60), common = greatestCommonDivisor(a, b)
        switch (grade, random.next(below: 2)) {
        case (2, 0):
            guard a != b, common > 1, common != a, common != b else { return nil }
            return .number(
                "What is the greatest common divisor of \(a) and \(b)?", common, slips: [1, 2, a * b / common, abs(a - b)], least: 1,
                working: "\(a) = \(a / common) × \(common). \(b) = \(b / common) × \(common).", random: &random)
        case (2, _):
            let primes = (11...199).filter(isPrime), others = (11...199).filter { !isPrime($0) && $0 % 2 == 1 && $0 % 5 != 0 }
            let answer = random.element(of: primes), wrong = random.sample(3, of: others)
            let reasons = wrong.map { number in
                let factor = (2...13).first { number % $0 == 0 } ?? 1
                return "\(number) = \(factor) × \(number / factor)"
            }
            return Draft(
                "Which number is prime: \(listed(random.shuffled(wrong + [answer]), last: "or"))?", answer: "\(answer)",
                mistakes: wrong.map(String.init), working: reasons.joined(separator: ", ") + ".")
        default:
            guard a != b, common > 1, a <= 30, b <= 30 else { return nil }
            let multiple = a * b / common
            return .number(
                "What is the least common multiple of \(a) and \(b)?", multiple, slips: [a * b, common, 2 * multiple, a + b],
                working: "\(multiple) = \(multiple / a) × \(a) = \(multiple / b) × \(b).", random: &random)
        }
    }

    static func isPrime(_ number: Int) -> Bool {
        number > 1 && !stride(from: 2, through: number - 1, by: 1).prefix { $0 * $0 <= number }.contains { number % $0 == 0 }
    }

    static let sets = QuestionFamily(
        "sets", .math, subject: "high_school_mathematics", topic: "sets", grades: [1, 2, 3]
    ) { random, grade in
        func braces(_ items: [Int]) -> String { "{" + items.map(String.init).joined(separator: ", ") + "}" }
        switch grade {
        case 1:
            let numbers = random.sample(5, of: Array(1...40)), shared = numbers[0]
            let left = random.shuffled(Array(numbers[0...2])), right = random.shuffled([shared] + Array(numbers[3...4]))
            return Draft(
                "Which number is in both \(braces(left)) and \(braces(right))?", answer: "\(shared)",
                mistakes: numbers.map(String.init), working: "\(shared) is in both sets.")
        case 2:
            let numbers = random.sample(6, of: Array(1...20)), overlap = random.integer(in: 1...2)
            let left = Array(numbers[0...2]), right = random.shuffled(Array(numbers[(3 - overlap)...4]))
            let union = left.count + right.count - overlap
            return .number(
                "How many elements has the union of \(braces(left)) and \(braces(right))?", union,
                slips: [left.count + right.count, overlap, left.count], working:
                    "\(left.count) + \(right.count) - \(overlap) shared = \(union).", random: &random)
        default:
            let size = random.integer(in: 3...5), items = random.sample(size, of: Array(1...30)), count = 1 << size
            return .number(
                "How many subsets has \(braces(items))?", count, slips: [size, 2 * size, size * size, count - 1],
                working: "\(size) elements give 2^\(size) = \(count) subsets.", random: &random)
        }
    }

    static let equations = QuestionFamily(
        "equations", .math, subject: "high_school_mathematics", topic: "equations", grades: [1, 2, 3]
    ) { random, grade in
        let x = random.integer(in: 2...20)
        switch grade {
        case 1:
            let a = random.integer(in: 1...20), adds = random.next(below: 2) == 0
            let sum = adds ? x + a : x - a
            guard sum > 0 else { return nil }
            return .number(
                "Solve x \(adds ? "+" : "-") \(a) = \(sum).", x, slips: [sum, adds ? sum + a : sum - a, x + 10],
                working: "x = \(sum) \(adds ? "-" : "+") \(a) = \(x).", random: &random)
        case 2:
            let a = random.integer(in: 2...9), b = random.integer(in: 1...20), sum = a * x + b
            return .number(
                "Solve \(a)x + \(b) = \(sum).", x, slips: [sum - b, sum / a, x + 1],
                working: "\(a)x = \(sum) - \(b) = \(sum - b). x = \(sum - b) ÷ \(a) = \(x).", random: &random)
        default:
            let p = random.integer(in: 1...9), q = p + random.integer(in: 1...9)
            return .number(
                "What is the larger solution of x^2 - \(p + q)x + \(p * q) = 0?", q, slips: [p, p + q, p * q],
                working: "\(p) + \(q) = \(p + q) and \(p) × \(q) = \(p * q), so x = \(p) or x = \(q).", random: &random)
        }
    }
}

extension Sequence {
    /// The running values of a fold: `start`, then every result but the last.
    fileprivate func scan(_ start: Int, _ step: (Int, Element) -> Int) -> [Int] {
        var value = start
        return map { element in
            defer { value = step(value, element) }
            return value
        }
    }
}
