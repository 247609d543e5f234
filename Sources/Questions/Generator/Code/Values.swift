import Groundwork

/// What values are taken for: coercion, truth, sharing.
extension CodeFamilies {
    static let coercion = QuestionFamily.code(
        "type_coercion", topic: "mixing types in JavaScript and Python", grades: [1, 2, 3]
    ) { random, grade in
        let a = random.integer(in: 2...60), b = random.integer(in: 2...60), c = random.integer(in: 2...9)
        guard a != b else { return nil }
        let plus = "+ with a string joins texts", numeric = "Only + joins texts; here both become numbers"
        let kinds: [(CodeLanguage, String, String, [String], String)]
        switch grade {
        case 1: kinds = [
            (.javaScript, "'\(a)' + \(b)", "\(a)\(b)", ["\(a + b)", "\(b)\(a)", "NaN", "a TypeError"], plus + "."),
            (.javaScript, "\(a) + '\(b)'", "\(a)\(b)", ["\(a + b)", "\(b)\(a)", "NaN", "a TypeError"], plus + "."),
            (.javaScript, "'\(a)' * \(c)", "\(a * c)", ["\(a)\(c)", "\(a + c)", "NaN", "\(a)\(a)"], numeric + "."),
            (.python, "'\(a)' + '\(b)'", "\(a)\(b)", ["\(a + b)", "\(b)\(a)", "\(a) \(b)", "a TypeError"], "+ joins two texts."),
            (.python, "int('\(a)') + \(b)", "\(a + b)", ["\(a)\(b)", "\(b)\(a)", "\(a + b + 1)", "a TypeError"],
             "int makes a number of the text."),
            (.python, "str(\(a)) + '\(b)'", "\(a)\(b)", ["\(a + b)", "\(b)\(a)", "\(a) \(b)", "a TypeError"],
             "str makes a text, and + joins texts."),
        ]
        case 2: kinds = [
            (.javaScript, "\(a) + \(b) + '\(c)'", "\(a + b)\(c)", ["\(a + b + c)", "\(a)\(b)\(c)", "\(a)\(b + c)", "NaN"],
             "From the left: \(a) + \(b) = \(a + b), then the text is joined."),
            (.javaScript, "'\(c)' + \(a) + \(b)", "\(c)\(a)\(b)", ["\(c)\(a + b)", "\(a + b + c)", "\(c + a)\(b)", "NaN"],
             "From the left: everything joins the text."),
            (.javaScript, "'\(a)' - \(b)", "\(a - b)", ["\(b - a)", "NaN", "\(a)-\(b)", "\(a)\(b)"], numeric + "."),
            (.javaScript, "'\(a)' - '\(b)' + '\(c)'", "\(a - b)\(c)", ["\(a - b + c)", "NaN", "\(a)\(b)\(c)", "\(a - b - c)"],
             "- gives the number \(a - b), then + joins the text."),
            (.javaScript, "+'\(a)' + \(b)", "\(a + b)", ["\(a)\(b)", "+\(a)\(b)", "NaN", "\(b)\(a)"],
             "The sign + makes a number of the text."),
            (.python, "'\(c)' * \(c - 1)", String(repeating: "\(c)", count: c - 1),
             ["\(c * (c - 1))", "\(c)\(c - 1)", String(repeating: "\(c)", count: c), "a TypeError"], "A text times \(c - 1) is repeated."),
            (.python, "'\(a)' + str(\(b) + \(c))", "\(a)\(b + c)", ["\(a + b + c)", "\(a)\(b)\(c)", "\(a + b)\(c)", "a TypeError"],
             "\(b) + \(c) = \(b + c) is turned into a text."),
        ]
        default: kinds = [
            (.javaScript, "true + \(a)", "\(a + 1)", ["true\(a)", "NaN", "\(a)", "\(a + 2)"], "true counts as 1."),
            (.javaScript, "null + \(a)", "\(a)", ["NaN", "null\(a)", "0", "\(a + 1)"], "null counts as 0."),
            (.javaScript, "undefined + \(a)", "NaN", ["\(a)", "undefined\(a)", "0", "\(a + 1)"], "undefined becomes NaN."),
            (.javaScript, "[] + \(a)", "\(a)", ["NaN", "[]\(a)", "0", "\(a + 1)"], "An empty array becomes an empty text."),
            (.javaScript, "[\(a)] + \(b)", "\(a)\(b)", ["\(a + b)", "NaN", "[\(a)]\(b)", "\(a), \(b)"],
             "An array becomes a text in a sum."),
            (.javaScript, "'\(a)' * 'x'", "NaN", ["0", "\(a)x", "\(a)", "undefined"], "x is no number."),
            (.javaScript, "typeof ('\(a)' - \(b))", "number", ["string", "NaN", "object", "undefined"], "- always gives a number."),
            (.javaScript, "typeof ('\(a)' + \(b))", "string", ["number", "NaN", "object", "undefined"], "+ with a string gives a string."),
            (.javaScript, "[\(a), \(b)] + ''", "\(a),\(b)", ["\(a)\(b)", "[\(a),\(b)]", "\(a + b)", "NaN"],
             "An array becomes its items joined by commas."),
            (.python, "True + \(a)", "\(a + 1)", ["True\(a)", "\(a)", "a TypeError", "\(a + 2)"], "True counts as 1."),
            (.python, "True + True * \(a)", "\(a + 1)", ["\(2 * a)", "2", "\(a)", "a TypeError"], "True counts as 1, and * comes first."),
            (.javaScript, "parseInt('\(a)px') + \(b)", "\(a + b)", ["NaN", "\(a)px\(b)", "\(a)\(b)", "\(b)"],
             "parseInt reads the digits at the start."),
            (.javaScript, "Number('\(a)px') + \(b)", "NaN", ["\(a + b)", "\(a)px\(b)", "\(a)\(b)", "\(b)"],
             "Number takes only a text that is a number."),
        ]
        }
        let (language, code, value, wrong, rule) = random.element(of: kinds)
        return Draft(CodeQuestion.value(code, in: language), answer: value, mistakes: wrong, working: rule)
    }

    /// Python and JavaScript disagree on the empty list.
    private static func truths(_ language: CodeLanguage, _ random: inout CounterRandom) -> (truthy: [String], falsy: [String]) {
        let number = random.integer(in: 1...99), word = random.element(of: NameTable.words)
        return language == .python
            ? (["\(number)", "-\(number)", "'\(word)'", "[\(number)]", "[0]", "'0'", "[[]]", "'False'", "(0,)", "0.\(number)", "{0: 0}",
                "[None]", "' '"],
               ["0", "''", "[]", "None", "False", "0.0", "{}", "()", "\(number) - \(number)", "range(0)", "0 * \(number)", "set()"])
            : (["\(number)", "-\(number)", "'\(word)'", "[\(number)]", "[]", "'0'", "{}", "'false'", "[0]", "0.\(number)", "Infinity",
                "' '"],
               ["0", "''", "null", "undefined", "NaN", "false", "\(number) - \(number)", "-0", "'\(word)' * 1", "0 * \(number)"])
    }

    static let truthiness = QuestionFamily.code("truthiness", topic: "truthy and falsy values", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: [CodeLanguage.python, .javaScript]), isPython = language == .python
        if grade == 3 {
            let (truthy, falsy) = truths(language, &random), many = random.integer(in: 1...4), few = random.integer(in: 1...3)
            let items = random.shuffled(random.sample(many, of: truthy) + random.sample(few, of: falsy)).joined(separator: ", ")
            let code = isPython ? "sum(1 for v in [\(items)] if v)" : "[\(items)].filter(v => v).length"
            return .computed(
                CodeQuestion.value(code, in: language), many, slips: [many + 1, many + few, few, many - 1],
                working: "\(many) of the \(many + few) values \(many == 1 ? "is" : "are") truthy.", random: &random)
        }
        let easy = grade == 1, wantsTruth = random.next(below: 2) == 0
        var (truthy, falsy) = truths(language, &random)
        if easy { (truthy, falsy) = (Array(truthy.prefix(4)), Array(falsy.prefix(6))) }
        if isPython == false, easy { truthy[3] = "\(random.integer(in: 2...9)).5" }
        let (right, wrong) = wantsTruth ? (truthy, falsy) : (falsy, truthy)
        let answer = random.element(of: right), word = wantsTruth ? "truthy" : "falsy"
        let wrongs = random.sample(3, of: wrong)
        return Draft(
            "Which of these values is \(word) in \(language): \(listed(random.shuffled(wrongs + [answer]), last: "or"))?", answer: answer,
            mistakes: wrongs,
            working: isPython
                ? "In Python zero, None, False and everything empty are falsy, the rest is truthy."
                : "In JavaScript false, 0, '', null, undefined and NaN are falsy, the rest is truthy.")
    }

    static let shortCircuit = QuestionFamily.code("short_circuit", topic: "short-circuit evaluation", grades: [2, 3]) { random, grade in
        let number = random.integer(in: 2...99), other = random.integer(in: 100...199), third = random.integer(in: 200...299)
        if grade == 2 || random.next(below: 3) == 0 {
            let isPython = random.next(below: 2) == 0, or = isPython ? "or" : "||", and = isPython ? "and" : "&&"
            let none = isPython ? "None" : "null"
            var kinds: [(String, String, String)] = grade == 2 ? [
                ("\(number) \(or) \(other)", "\(number)", "\(or) stops at the first truthy value."),
                ("0 \(or) \(number)", "\(number)", "0 is falsy, so the second value counts."),
                ("\(number) \(and) \(other)", "\(other)", "\(and) goes on while values are truthy and gives the last."),
                ("0 \(and) \(number)", "0", "\(and) stops at the first falsy value."),
                ("'' \(or) \(number)", "\(number)", "An empty text is falsy."),
                ("\(none) \(or) \(number)", "\(number)", "\(none) is falsy."),
                ("\(number) \(and) \(none)", none, "\(and) goes on after a truthy value."),
            ] : [
                ("0 \(or) \(number) \(and) \(other)", "\(other)", "\(and) binds tighter: \(number) \(and) \(other) gives \(other)."),
                ("\(number) \(and) 0 \(or) \(other)", "\(other)", "\(number) \(and) 0 gives 0, so \(or) takes \(other)."),
                ("\(number) \(or) \(other) \(and) 0", "\(number)", "\(and) binds tighter, and \(or) stops at \(number)."),
                ("\(other) \(and) \(third) \(or) \(number)", "\(third)", "\(other) \(and) \(third) gives \(third), which is truthy."),
                ("0 \(or) \(none) \(or) \(number)", "\(number)", "\(or) stops at the first truthy value."),
                ("\(number) \(and) \(other) \(and) 0", "0", "\(and) gives the first falsy value."),
            ]
            if !isPython {
                kinds += [("0 ?? \(number)", "0", "?? replaces only null and undefined."),
                    ("null ?? \(number)", "\(number)", "?? replaces null."),
                          ("null ?? 0 ?? \(number)", "0", "?? stops at the first value that is not null or undefined.")]
            }
            let (code, value, rule) = random.element(of: kinds)
            return Draft(
                CodeQuestion.value(code, in: isPython ? .python : .javaScript), answer: value,
                mistakes: ["\(number)", "\(other)", "0", isPython ? "True" : "true", isPython ? "False" : "false",
                    none].filter { code.contains($0) || $0.count > 3 },
                working: rule)
        }
        let language = random.element(of: [CodeLanguage.c, .java, .javaScript]), names = random.sample(2, of: NameTable.variables)
        let (x, y) = (names[0], names[1]), a = random.integer(in: 1...20), b = random.integer(in: 0...5), bound = random.integer(in: 1...20)
        let isAnd = random.next(below: 2) == 0, isFirst = a > bound, evaluated = isAnd == isFirst
        let second = b + (evaluated ? 1 : 0), whole = isAnd ? isFirst && b > 1 : isFirst || b > 1
        let gain = random.integer(in: 5...30), result = second + (whole ? gain : 0)
        return .computed(
            CodeQuestion.after(
                [language.declaration(x, "\(a)", changes: false), language.declaration(y, "\(b)"),
                 "if (\(x) > \(bound) \(isAnd ? "&&" : "||") \(y)++ > 1) \(y) += \(gain)"], y, in: language),
            result, slips: [b, b + 1, b + gain, b + 1 + gain],
            working: "\(x) > \(bound) is \(isFirst), so \(y)++ is \(evaluated ? "evaluated" : "skipped"). The condition is \(whole).",
            random: &random)
    }

    static let references = QuestionFamily.code(
        "references_and_copies", topic: "references and copies", grades: [1, 2, 3]
    ) { random, grade in
        let items = random.sample(3, of: Array(1...20)), names = random.sample(2, of: NameTable.variables), (a, b) = (names[0], names[1])
        let new = random.integer(in: 21...60), place = random.next(below: 3)
        func text(_ items: [Int], _ language: CodeLanguage) -> String { language.list(items) }
        var set = items
        set[place] = new
        let pushed = items + [new]
        /// Language, how b comes from a, whether both are one list.
        let makers: [(CodeLanguage, String, Bool)] = [
            (.python, "\(b) = \(a)", true), (.python, "\(b) = \(a)[:]", false), (.python, "\(b) = list(\(a))", false),
            (.javaScript, "const \(b) = \(a)", true),
            (.javaScript, "const \(b) = [...\(a)]", false), (.javaScript, "const \(b) = \(a).slice()", false),
            (.java, "int[] \(b) = \(a)", true),
            (.java, "int[] \(b) = \(a).clone()", false), (.swift, "var \(b) = \(a)", false), (.c, "int *\(b) = \(a)", true),
            (.python, "\(b) = \(a).copy()", false),
        ]
        let (language, maker, shared) = random.element(of: makers)
        let opening = language.listDeclaration(a, items, changes: false)
        let because = shared ? "\(a) and \(b) are the same list." : "\(b) is a copy of its own."
        switch grade {
        case 1:
            let grows = [.python, .javaScript, .swift].contains(language) && random.next(below: 2) == 0
            let change = grows ? (language == .javaScript ? "\(b).push(\(new))" : "\(b).append(\(new))") : "\(b)[\(place)] = \(new)"
            let after = grows ? pushed : set
            return Draft(
                CodeQuestion.after([opening, maker, change], a, in: language), answer: text(shared ? after : items, language),
                mistakes: [text(shared ? items : after, language), text([new], language), text(items + items, language),
                    text(Array(items.reversed()), language)],
                working: because)
        case 2:
            let gain = random.integer(in: 2...9), mutable = language == .swift ? language.listDeclaration(a, items) : opening
            var inA = items, inB = items
            inB[place] = new
            if shared { inA = inB }
            let other = (place + 1) % 3
            inA[other] += gain
            if shared { inB = inA }
            let asksSum = random.next(below: 2) == 0
            let value = asksSum ? inA[place] + inB[other] : inA[place] + inA[other]
            let asked = asksSum ? "\(a)[\(place)] + \(b)[\(other)]" : "\(a)[\(place)] + \(a)[\(other)]"
            return .computed(
                CodeQuestion.after([mutable, maker, "\(b)[\(place)] = \(new)", "\(a)[\(other)] += \(gain)"], asked, in: language), value,
                slips: [items[place] + items[other], new + items[other] + gain, items[place] + items[other] + gain, new + items[other]],
                working: "\(because) The sum is \(value).", random: &random)
        default:
            let (p, q) = (items[0], items[1])
            let kinds: [(CodeLanguage, [String], String, String, [String], String)] = [
                (.python, ["\(a) = [[\(p)], [\(q)]]", "\(b) = \(a)[:]", "\(b)[0].append(\(new))"], a, "[[\(p), \(new)], [\(q)]]",
                 ["[[\(p)], [\(q)]]", "[[\(p)], [\(q), \(new)]]", "[[\(p)], [\(q)], \(new)]"],
                 "The copy is shallow: both share the inner lists."),
                (.python, ["\(a) = [[\(p)], [\(q)]]", "\(b) = \(a)[:]", "\(b)[0] = [\(new)]"], a, "[[\(p)], [\(q)]]",
                 ["[[\(new)], [\(q)]]", "[[\(p), \(new)], [\(q)]]", "[[\(p)], [\(new)]]"], "Only the copy's own place is replaced."),
                (.python, ["\(a) = [[\(p)]] * 3", "\(a)[0].append(\(new))"], a, "[[\(p), \(new)], [\(p), \(new)], [\(p), \(new)]]",
                 ["[[\(p), \(new)], [\(p)], [\(p)]]", "[[\(p)], [\(p)], [\(p)]]", "[[\(p)], [\(p)], [\(p)], [\(new)]]"],
                 "All three items are one list."),
                (.python, ["\(a) = [\(p), \(q)]", "\(b) = \(a)", "\(b) = \(b) + [\(new)]"], a, "[\(p), \(q)]",
                 ["[\(p), \(q), \(new)]", "[\(new)]", "[\(p), \(new)]"], "+ makes a new list, to which only \(b) refers."),
                (.python, ["\(a) = [\(p), \(q)]", "\(b) = \(a)", "\(b) += [\(new)]"], a, "[\(p), \(q), \(new)]",
                 ["[\(p), \(q)]", "[\(new)]", "[\(p), \(q), [\(new)]]"], "+= changes the list that both share."),
                (.javaScript, ["const \(a) = {n: \(p)}", "const \(b) = {...\(a)}", "\(b).n += \(new)"], "\(a).n", "\(p)",
                 ["\(p + new)", "\(new)", "undefined", "\(p)\(new)"], "The spread makes a new object."),
                (.javaScript, ["const \(a) = {v: [\(p)]}", "const \(b) = {...\(a)}", "\(b).v.push(\(new))"], "\(a).v", "[\(p), \(new)]",
                 ["[\(p)]", "[\(new)]", "[\(new), \(p)]"], "The copy is shallow: both share the inner array."),
                (.swift, ["struct P { var n = \(p) }", "var \(a) = P()", "var \(b) = \(a)", "\(b).n += \(new)", "\(a).n += \(q)"], "\(a).n",
                 "\(p + q)",
                 ["\(p + q + new)", "\(p)", "\(p + new)", "\(q)"], "A struct is a value, so \(b) is a copy."),
                (.swift, ["class P { var n = \(p) }", "let \(a) = P()", "let \(b) = \(a)", "\(b).n += \(new)", "\(a).n += \(q)"], "\(a).n",
                 "\(p + q + new)",
                 ["\(p + q)", "\(p)", "\(p + new)", "\(q)"], "A class is shared: both names are one object."),
                (.c, ["int \(a) = \(p)", "int *\(b) = &\(a)", "*\(b) += \(new)", "\(a) *= 2"], "*\(b)", "\(2 * (p + new))",
                 ["\(p + new)", "\(2 * p)", "\(2 * p + new)", "\(p)"], "\(b) points to \(a): (\(p) + \(new)) × 2 = \(2 * (p + new))."),
                (.java, ["int \(a) = \(p)", "int \(b) = \(a)", "\(b) += \(new)", "\(a) += \(q)"], a, "\(p + q)",
                 ["\(p + q + new)", "\(p + new)", "\(p)", "\(q)"], "Numbers are copied."),
            ]
            let (language, statements, asked, value, wrong, rule) = random.element(of: kinds)
            return Draft(CodeQuestion.after(statements, asked, in: language), answer: value, mistakes: wrong, working: rule)
        }
    }
}
