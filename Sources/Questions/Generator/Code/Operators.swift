import Groundwork

/// Single expressions whose value depends on the language.
extension CodeFamilies {
    static let integerDivision = QuestionFamily.code(
        "integer_division", topic: "integer division and remainder", grades: [1, 2, 3]
    ) { random, grade in
        let language = random.element(of: CodeLanguage.allCases), b = random.integer(in: 3...9)
        let a = b * random.integer(in: 1...8) + random.integer(in: 1...(b - 1))
        func rule(_ a: Int, _ b: Int, _ isQuotient: Bool) -> String {
            let q = language.quotient(a, b)
            return isQuotient
                ? "The quotient is rounded \(language == .python ? "down" : "towards zero"), to \(q)."
                : "The quotient is rounded \(language == .python ? "down" : "towards zero"), to \(q). \(a) - \(q) × "
                    + "\(b < 0 ? "(\(b))" : "\(b)") = \(a - q * b)."
        }
        if grade < 3 {
            let (x, y) = grade == 1 ? (a, b) : random.element(of: [(-a, b), (a, -b), (-a, -b)])
            let isQuotient = random.next(below: 2) == 0
            if grade == 1, language == .javaScript, isQuotient, [2, 4, 5, 8].contains(b) {
                return realDivision(a, b, &random)
            }
            let expression: CodeExpression = isQuotient ? .integer(x) / .integer(y) : .integer(x) % .integer(y)
            return CodeSlips.draft(CodeProgram(result: expression), in: language, working: rule(x, y, isQuotient), &random)
        }
        let c = random.integer(in: 2...6), d = random.integer(in: 10...40), x = -a
        guard d % c != 0 else { return nil }
        let expression = random.element(of: [
            CodeExpression.integer(x) / .integer(b) + .integer(d) % .integer(c), .integer(x) % .integer(b) - .integer(-d) / .integer(c),
            .integer(x) % .integer(b) * .integer(c), .integer(x) / .integer(b) * .integer(b), .integer(d) - .integer(x) / .integer(b),
            .integer(x) % .integer(b) + .integer(-d) % .integer(c),
        ])
        return CodeSlips.draft(
            CodeProgram(result: expression), in: language,
            working: "\(language) rounds quotients \(language == .python ? "down" : "towards zero"), so \(x) by \(b) gives "
                + "\(language.quotient(x, b)), remainder \(language.remainder(x, b)).",
            &random)
    }

    /// JavaScript's `/` is a division of real numbers.
    private static func realDivision(_ a: Int, _ b: Int, _ random: inout CounterRandom) -> Draft {
        let exact = plainDecimal(a, over: b)
        return Draft(
            CodeQuestion.value("\(a) / \(b)", in: .javaScript), answer: exact,
            mistakes: ["\(a / b)", "\(a / b + 1)", "\(a % b)", "\(a / b).\(a % b)", plainDecimal(a + 1, over: b)],
            working: "Numbers are real in JavaScript, so nothing is cut off.")
    }

    /// A fraction whose denominator divides a thousand, as a decimal without trailing zeros.
    static func plainDecimal(_ a: Int, over b: Int) -> String {
        let thousandths = a * 1000 / b
        var digits = "\(abs(thousandths) % 1000 + 1000)".dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return (thousandths < 0 ? "-" : "") + "\(abs(thousandths) / 1000)" + (digits.isEmpty ? "" : "." + digits)
    }

    static let precedence = QuestionFamily.code("operator_precedence", topic: "operator precedence", grades: [1, 2, 3]) { random, grade in
        var language = random.element(of: CodeLanguage.allCases)
        func number(_ range: ClosedRange<Int> = 2...9) -> CodeExpression { .integer(random.integer(in: range)) }
        if grade < 3 {
            let (a, b, c, d) = (number(), number(), number(), number())
            let expression = random.element(of: grade == 1
                ? [a + b * c, a * b - c, a - b - c, a * b + c, a - b + c, a - b * c]
                : [a + b * c - d, a * (b + c) - d, a - (b - c) * d, a * b % c + d, a + b % c * d, a - b - (c - d), a - b % c - d])
            let text = CodeRenderer.text(expression, in: language)
            guard let value = CodeInterpreter.run(CodeProgram(result: expression), in: language)?.value else { return nil }
            let rule = text.contains("(") ? "Parentheses come first, then * and %, then + and -."
                : text.contains("*") || text.contains("%") ? "* and % come before + and -, equal ranks from left to right."
                : "Equal ranks go from left to right."
            return CodeSlips.draft(
                CodeProgram(result: expression), in: language, working: "\(rule) \(text) = \(value.text(in: language)).", &random)
        }
        let a = random.integer(in: 2...9), b = random.integer(in: 1...3), c = random.integer(in: 1...3), mask = random.integer(in: 3...7)
        let binds = language == .swift
        switch random.next(below: 4) {
        case 0:
            let right = binds ? (a << b) + c : a << (b + c), other = binds ? a << (b + c) : (a << b) + c
            return .computed(
                CodeQuestion.value("\(a) << \(b) + \(c)", in: language), right, slips: [other, a << b, a << c, a * b + c],
                working: binds ? "Swift's << binds tighter than +: \(a << b) + \(c) = \(right)."
                    : "+ binds tighter than <<: \(a) << \(b + c) = \(right).",
                random: &random)
        case 1:
            let right = binds ? (a & mask) + c : a & (mask + c), other = binds ? a & (mask + c) : (a & mask) + c
            guard right != other else { return nil }
            return .computed(
                CodeQuestion.value("\(a) & \(mask) + \(c)", in: language), right, slips: [other, a | (mask + c), a & mask, a + mask + c],
                working: binds ? "Swift's & binds tighter than +: \(a & mask) + \(c) = \(right)."
                    : "+ binds tighter than &: \(a) & \(mask + c) = \(right).",
                random: &random)
        case 2:
            language = .python
            let power = random.next(below: 2) == 0 ? 2 : 3, value = (0..<power).reduce(1) { result, _ in result * a }
            let plus = random.integer(in: 1...20)
            return .computed(
                CodeQuestion.value("-\(a) ** \(power) + \(plus)", in: .python), plus - value,
                slips: [(power == 2 ? value : -value) + plus, value + plus, -a * power + plus, -value - plus],
                working: "** binds tighter than the sign: -(\(a) ** \(power)) = -\(value).", random: &random)
        default:
            language = random.element(of: [.python, .c, .java, .javaScript])
            let d = random.integer(in: 2...9)
            let shifted = a << b, right = shifted | d
            return .computed(
                CodeQuestion.value("\(a) << \(b) | \(d)", in: language), right,
                slips: [a << (b | d & 7), shifted + d, shifted & d, shifted ^ d],
                working: "<< binds tighter than |: \(shifted) | \(d) = \(right).", random: &random)
        }
    }

    static let conversions = QuestionFamily.code(
        "number_conversion", topic: "rounding and converting numbers", grades: [1, 2, 3]
    ) { random, grade in
        let whole = random.integer(in: 1...99), tenth = random.integer(in: 1...9), isNegative = grade == 2
        let text = "\(isNegative ? "-" : "")\(whole).\(tenth)", toZero = isNegative ? -whole : whole
        let down = isNegative ? -whole - 1 : whole, up = isNegative ? -whole : whole + 1,
            nearest = tenth >= 5 ? toZero + (isNegative ? -1 : 1) : toZero
        if grade < 3 {
            guard tenth != 5 else { return nil }
            let kinds: [(CodeLanguage, String, Int, String)] = [
                (.python, "int(\(text))", toZero, "int drops the fraction."),
                (.java, "(int) \(text)", toZero, "The cast drops the fraction."),
                (.c, "(int) \(text)", toZero, "The cast drops the fraction."), (.swift, "Int(\(text))", toZero, "Int drops the fraction."),
                (.javaScript, "Math.trunc(\(text))", toZero, "Math.trunc drops the fraction."),
                (.javaScript, "Math.floor(\(text))", down, "Math.floor rounds down."),
                (.javaScript, "Math.ceil(\(text))", up, "Math.ceil rounds up."),
                (.python, "math.floor(\(text))", down, "math.floor rounds down."),
                (.python, "math.ceil(\(text))", up, "math.ceil rounds up."),
                (.java, "Math.round(\(text))", nearest, "Math.round rounds to the nearest whole number."),
                (.javaScript, "\(text) | 0", toZero, "Bit operations drop the fraction."),
                (.python, "round(\(text))", nearest, "round goes to the nearest whole number."),
            ]
            let (language, code, value, rule) = random.element(of: kinds)
            return .computed(
                CodeQuestion.value(code, in: language), value, slips: [down, up, toZero, -toZero].filter { $0 != value }, working: rule,
                random: &random)
        }
        let sign = random.next(below: 2) == 0 ? "" : "-", half = sign + "\(whole).5", even = whole % 2 == 0 ? whole : whole + 1
        let signed = { (value: Int) in sign.isEmpty ? value : -value }
        let upwards = sign.isEmpty ? whole + 1 : -whole
        let kinds: [(CodeLanguage, String, Int, String)] = [
            (.python, "round(\(half))", signed(even), "Python rounds a half to the even neighbour."),
            (.javaScript, "Math.round(\(half))", upwards, "JavaScript rounds a half upwards."),
            (.java, "Math.round(\(half))", upwards, "Java rounds a half upwards."),
            (.swift, "Int((\(half)).rounded())", signed(whole + 1), "Swift rounds a half away from zero."),
        ]
        if random.next(below: 5) == 0 {
            let floor = sign.isEmpty ? whole : -whole - 1
            return Draft(
                CodeQuestion.value("\(half) // 1", in: .python), answer: "\(floor).0",
                mistakes: ["\(floor)", "\(floor + 1).0", "\(floor + 1)", half, "\(signed(even)).0"],
                working: "// rounds down and keeps the float.")
        }
        let (language, code, value, rule) = random.element(of: kinds)
        return .computed(
            CodeQuestion.value(code, in: language), value, slips: [signed(whole), signed(whole + 1), -value], working: rule,
            random: &random)
    }

    static let fixedWidth = QuestionFamily.code(
        "fixed_width_integers", subject: "computer_science", topic: "overflow of fixed-width integers", grades: [2, 3]
    ) { random, grade in
        let name = random.element(of: NameTable.variables)
        func signed8(_ value: Int) -> Int { ((value % 256) + 384) % 256 - 128 }
        func unsigned8(_ value: Int) -> Int { ((value % 256) + 256) % 256 }
        func wrapped(_ value: Int) -> String { "256 values fit. \(value) \(value > 0 ? "- 256 = \(value - 256)" : "+ 256 = \(value + 256)")." }
        if grade == 2 {
            let start = random.integer(in: 200...255), gain = random.integer(in: 256 - start...90), low = random.integer(in: 0...30)
            let loss = low + random.integer(in: 1...40), goesUp = random.next(below: 2) == 0, sum = goesUp ? start + gain : low - loss
            let (language, code) = random.element(of: goesUp
                ? [(CodeLanguage.c, "unsigned char \(name) = \(start); \(name) += \(gain);"),
                    (.swift, "var \(name): UInt8 = \(start); \(name) &+= \(gain)"),
                   (.javaScript, "const \(name) = new Uint8Array([\(start)]); \(name)[0] += \(gain);")]
                : [(CodeLanguage.c, "unsigned char \(name) = \(low); \(name) -= \(loss);"),
                    (.swift, "var \(name): UInt8 = \(low); \(name) &-= \(loss)"),
                   (.javaScript, "const \(name) = new Uint8Array([\(low)]); \(name)[0] -= \(loss);")])
            return .computed(
                CodeQuestion.after(code, language == .javaScript ? "\(name)[0]" : name, in: language), unsigned8(sum),
                slips: [sum, goesUp ? 255 : 0, unsigned8(sum) + (goesUp ? 1 : -1), signed8(sum)], working: wrapped(sum), random: &random)
        }
        let a = random.integer(in: 60...127), b = random.integer(in: 128 - a...120), sum = a + b, k = random.integer(in: 1...60)
        let most = 2_147_483_647
        let kinds: [(CodeLanguage, String, Int, String)] = [
            (.java, "(byte) (\(a) + \(b))", signed8(sum), "A byte runs from -128 to 127. \(sum) - 256 = \(sum - 256)."),
            (.java, "(byte) (-\(a) - \(b + 1))", signed8(-sum - 1), "A byte runs from -128 to 127. \(-sum - 1) + 256 = \(255 - sum)."),
            (.swift, "Int8(truncatingIfNeeded: \(sum))", signed8(sum), "An Int8 runs from -128 to 127. \(sum) - 256 = \(sum - 256)."),
            (.java, "Integer.MAX_VALUE + \(k)", -most - 2 + k, "It wraps to -2147483648 and goes on by \(k - 1)."),
            (.javaScript, "(2147483647 + \(k)) | 0", -most - 2 + k, "| keeps 32 bits: it wraps to -2147483648 and goes on by \(k - 1)."),
            (.python, "2147483647 + \(k)", most + k, "Python's integers have no upper bound."),
            (.javaScript, "2147483647 + \(k)", most + k, "JavaScript's numbers are exact to 2 to the power of 53."),
        ]
        let (language, code, value, reason) = random.element(of: kinds)
        let wrong = abs(value) < 1000 ? [sum, -sum - 1, 127, -128, value + 1, value - 1, 256 - sum, -value] : [
            most + k, most, -most - 2 + k, -most - 1, k - 1, -most - 1 + k,
        ]
        return Draft(CodeQuestion.value(code, in: language), answer: "\(value)", mistakes: wrong.filter { $0 != value }.map(String.init),
            working: reason)
    }

    static let characterArithmetic = QuestionFamily.code(
        "character_arithmetic", topic: "arithmetic with characters", grades: [1, 2, 3]
    ) { random, grade in
        let letters = "abcdefghijklmnopqrstuvwxyz".map(String.init), place = random.integer(in: 0...19), gain = random.integer(in: 1...6)
        let language = random.element(of: [CodeLanguage.python, .java, .c, .javaScript]), from = letters[place]
        func letter(_ place: Int) -> String { letters[(place % 26 + 26) % 26] }
        switch grade {
        case 1:
            let back = random.next(below: 2) == 0 && place >= gain, goal = back ? place - gain : place + gain, sign = back ? "-" : "+"
            let code = switch language {
            case .python: "chr(ord('\(from)') \(sign) \(gain))"
            case .javaScript: "String.fromCharCode('\(from)'.charCodeAt(0) \(sign) \(gain))"
            case .c, .java, .swift: "(char) ('\(from)' \(sign) \(gain))"
            }
            return Draft(
                CodeQuestion.value(code, in: language), answer: letter(goal),
                mistakes: [goal + 1, goal - 1, back ? place + gain : place - gain, place, goal + 2].map(letter),
                working: "Letters have codes in a row: \(gain) \(back ? "before" : "after") \(from) is \(letter(goal)).")
        case 2:
            let other = random.integer(in: 0...25), digit = random.integer(in: 0...9), second = random.integer(in: 0...9)
            guard other != place, digit != second else { return nil }
            let (p, q, difference) = random.next(below: 3) > 0 ? (from, letters[other], place - other)
                : ("\(digit)", "\(second)", digit - second)
            let code = switch language {
            case .python: "ord('\(p)') - ord('\(q)')"
            case .javaScript: "'\(p)'.charCodeAt(0) - '\(q)'.charCodeAt(0)"
            case .c, .java, .swift: "'\(p)' - '\(q)'"
            }
            return .computed(
                CodeQuestion.value(code, in: language), difference,
                slips: [-difference, difference + 1, difference - 1, abs(difference) + 26],
                working: "It is the distance of the two codes.", random: &random)
        default:
            let code = 97 + place
            if random.next(below: 2) == 0 {
                let sum = code + gain
                guard language != .python else { return nil }
                let isJS = language == .javaScript
                return Draft(
                    CodeQuestion.value("'\(from)' + \(gain)", in: language), answer: isJS ? "\(from)\(gain)" : "\(sum)",
                    mistakes: [isJS ? "\(sum)" : "\(from)\(gain)", letter(place + gain), "\(sum + 1)", "\(place + gain)",
                        isJS ? "NaN" : "\(code)"],
                    working: isJS ? "+ with a string joins the two texts."
                        : "'a' has code 97, so '\(from)' has \(code). \(code) + \(gain) = \(sum).")
            }
            let shift = random.integer(in: 7...25), goal = (place + shift) % 26
            let text = switch language {
            case .python: "chr(97 + (ord('\(from)') - 97 + \(shift)) % 26)"
            case .javaScript: "String.fromCharCode(97 + ('\(from)'.charCodeAt(0) - 97 + \(shift)) % 26)"
            case .c, .java, .swift: "(char) ('a' + ('\(from)' - 'a' + \(shift)) % 26)"
            }
            return Draft(
                CodeQuestion.value(text, in: language), answer: letter(goal),
                mistakes: [goal + 1, goal - 1, place - shift, place + 2, goal + 2].map(letter),
                working: "\(from) is letter \(place) from 0. (\(place) + \(shift)) mod 26 = \(goal), which is \(letter(goal)).")
        }
    }

    static let increments = QuestionFamily.code("increments", topic: "++ before and after a variable", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: [CodeLanguage.c, .java, .javaScript]), names = random.sample(3, of: NameTable.variables)
        let (x, y, z) = (names[0], names[1], names[2]), start = random.integer(in: 2...20), second = random.integer(in: 2...12)
        let isUp = random.next(below: 3) > 0, isBefore = random.next(below: 2) == 0, change = isUp ? 1 : -1, sign = isUp ? "++" : "--"
        func put(_ name: String, _ before: Bool, _ sign: String) -> String { before ? sign + name : name + sign }
        let used = isBefore ? start + change : start, opening = language.declaration(x, "\(start)")
        let reading = isBefore ? "\(sign)\(x) changes \(x) first and gives \(used)." : "\(x)\(sign) gives the old value, \(used)."
        switch grade {
        case 1:
            let asksNew = random.next(below: 3) == 0
            return .computed(
                CodeQuestion.after([opening, language.declaration(y, put(x, isBefore, sign), changes: false)], asksNew ? x : y,
                    in: language),
                asksNew ? start + change : used, slips: [start, start + change, start - change, start + 2 * change],
                working: asksNew ? "\(x) changes from \(start) to \(start + change)." : reading, random: &random)
        case 2:
            let factor = random.integer(in: 2...6), isProduct = random.next(below: 2) == 0
            func result(_ value: Int) -> Int { isProduct ? value * factor : value + factor }
            let value = result(used)
            return .computed(
                CodeQuestion.after(
                    [opening, language.declaration(y, "\(put(x, isBefore, sign)) \(isProduct ? "*" : "+") \(factor)", changes: false)],
                    "\(x) + \(y)", in: language),
                value + start + change, slips: [value + start, result(start + change) + start + change, result(start) + start + change,
                    result(start) + start],
                working: "\(reading) \(y) = \(value), \(x) = \(start + change).", random: &random)
        default:
            let yBefore = random.next(below: 2) == 0, ySign = random.next(below: 2) == 0 ? "++" : "--", yChange = ySign == "++" ? 1 : -1
            let yUsed = yBefore ? second + yChange : second, minus = random.next(below: 2) == 0
            func join(_ a: Int, _ b: Int) -> Int { minus ? a - b : a + b }
            let value = join(used, yUsed), x2 = start + change, y2 = second + yChange
            let (asked, answer) = random.element(of: [("\(z)", value), ("\(x) + \(y) + \(z)", x2 + y2 + value),
                ("\(z) - \(x)", value - x2)])
            let shift = answer - value
            return .computed(
                CodeQuestion.after(
                    [opening, language.declaration(y, "\(second)"),
                     language.declaration(z, "\(put(x, isBefore, sign)) \(minus ? "-" : "+") \(put(y, yBefore, ySign))", changes: false)],
                    asked, in: language),
                answer, slips: [join(x2, y2) + shift, join(start, second) + shift, join(x2, second) + shift, join(start, y2) + shift],
                working: "\(z) = \(used) \(minus ? "-" : "+") \(yUsed) = \(value). Then \(x) = \(x2), \(y) = \(y2).", random: &random)
        }
    }
}
