import Groundwork

extension MathFamilies {
    static let areas = QuestionFamily(
        "areas", .math, subject: "high_school_mathematics", topic: "perimeters, areas and right triangles", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let a = random.integer(in: 2...12), b = random.integer(in: 2...12)
            return .number(
                "A rectangle is \(a) cm long and \(b) cm wide. What is its area in square centimetres?", a * b,
                slips: [a + b, 2 * (a + b), a * b * 2], working: "\(a) × \(b) = \(a * b).", random: &random)
        case 2 where random.next(below: 2) == 0:
            let a = random.integer(in: 2...40), b = random.integer(in: 2...40)
            return .number(
                "A rectangle is \(a) cm long and \(b) cm wide. What is its perimeter in centimetres?", 2 * (a + b),
                slips: [a + b, a * b, 2 * a + b], working: "\(a) + \(b) = \(a + b). 2 × \(a + b) = \(2 * (a + b)).", random: &random)
        case 2:
            let base = 2 * random.integer(in: 1...15), height = random.integer(in: 2...20)
            return .number(
                "A triangle has base \(base) cm and height \(height) cm. What is its area in square centimetres?", base * height / 2,
                slips: [base * height, base + height, base * height * 2],
                working: "\(base) × \(height) = \(base * height). Half of it is \(base * height / 2).", random: &random)
        default:
            let (a, b, c) = random.element(of: [(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)])
            let k = random.integer(in: 1...9)
            return .number(
                "A right triangle has legs of \(a * k) cm and \(b * k) cm. How long is its hypotenuse in centimetres?", c * k,
                slips: [(a + b) * k, (b + 1) * k + 1, (b - a) * k],
                working: "\(a * k)^2 + \(b * k)^2 = \(a * a * k * k + b * b * k * k) = \(c * k)^2.", random: &random)
        }
    }

    static let solids = QuestionFamily(
        "angles_and_solids", .math, subject: "high_school_mathematics", topic: "angles and volumes", grades: [1, 2, 3]
    ) { random, grade in
        switch grade {
        case 1:
            let angle = random.integer(in: 5...175), whole = angle < 90 && random.next(below: 2) == 0 ? 90 : 180
            return .number(
                "Two angles make \(whole) degrees together. One has \(angle) degrees. How many has the other?", whole - angle,
                slips: [270 - whole - angle, whole + angle, 360 - angle], working: "\(whole) - \(angle) = \(whole - angle).",
                random: &random)
        case 2:
            let a = random.integer(in: 20...100), b = random.integer(in: 20...70)
            return .number(
                "A triangle has angles of \(a) and \(b) degrees. How many degrees has the third?", 180 - a - b,
                slips: [360 - a - b, a + b, 90 - b], working: "\(a) + \(b) = \(a + b). 180 - \(a + b) = \(180 - a - b).",
                random: &random)
        default:
            let a = random.integer(in: 2...9), b = random.integer(in: 2...9), c = random.integer(in: 2...9)
            return .number(
                "A box measures \(a) by \(b) by \(c) cm. What is its volume in cubic centimetres?", a * b * c,
                slips: [a + b + c, 2 * (a * b + b * c + a * c), a * b + c],
                working: "\(a) × \(b) = \(a * b). \(a * b) × \(c) = \(a * b * c).", random: &random)
        }
    }

    static let implications = QuestionFamily(
        "implications", .math, subject: "formal_logic", topic: "implication and its contrapositive", grades: [2, 3]
    ) { random, grade in
        let (cause, noCause) = random.element(of: NameTable.causes), (effect, noEffect) = random.element(of: NameTable.effects)
        let contrapositive = "If \(noEffect), then \(noCause)", converse = "If \(effect), then \(cause)"
        let inverse = "If \(noCause), then \(noEffect)", broken = "If \(cause), then \(noEffect)"
        if grade == 2 {
            return Draft(
                "Which statement means the same as: If \(cause), then \(effect)?", answer: contrapositive,
                mistakes: [converse, inverse, broken], working: "Turn the statement around and negate both parts.")
        }
        let asksConverse = random.next(below: 2) == 0
        return Draft(
            "Which is the \(asksConverse ? "converse" : "inverse") of: If \(cause), then \(effect)?",
            answer: asksConverse ? converse : inverse, mistakes: [contrapositive, broken, asksConverse ? inverse : converse],
            working: asksConverse ? "The converse swaps the two parts." : "The inverse negates both parts.")
    }

    static let truthValues = QuestionFamily(
        "truth_values", .math, subject: "formal_logic", topic: "truth values", grades: [2, 3]
    ) { random, grade in
        // Four compound statements of which exactly one has the wanted value.
        let letters = random.sample(2, of: ["p", "q", "r", "s", "t"])
        let (a, b) = (letters[0], letters[1])
        let first = random.next(below: 2) == 0, second = random.next(below: 2) == 0, wanted = random.next(below: 2) == 0
        var statements: [(text: String, value: Bool)] = [
            ("\(a) and \(b)", first && second), ("\(a) or \(b)", first || second), ("not \(a)", !first), ("not \(b)", !second),
            ("\(a) and not \(b)", first && !second), ("\(b) and not \(a)", second && !first),
        ]
        if grade == 3 {
            statements += [
                ("if \(a) then \(b)", !first || second), ("if \(b) then \(a)", !second || first),
                ("not (\(a) or \(b))", !(first || second)), ("not (\(a) and \(b))", !(first && second)),
                ("\(a) or not \(b)", first || !second),
            ]
        }
        let right = random.element(of: statements.filter { $0.value == wanted })
        let wrong = random.sample(3, of: statements.filter { $0.value != wanted }.map(\.text))
        return Draft(
            "\(a) is \(first) and \(b) is \(second). Which statement is \(wanted): "
                + "\(listed(random.shuffled([right.text] + wrong), last: "or"))?",
            answer: right.text, mistakes: wrong, working: "\(a) is \(first). \(b) is \(second).")
    }
}
