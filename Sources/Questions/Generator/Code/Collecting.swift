import Groundwork

/// Ranges, pipelines, closures, objects and exceptions in the languages' own idioms.
extension CodeFamilies {
    static let ranges = QuestionFamily.code(
        "slices_by_language", topic: "slices and ranges in several languages", grades: [1, 2, 3]
    ) { random, grade in
        let name = random.element(of: NameTable.variables), items = random.sample(5, of: Array(1...30))
        let low = random.integer(in: 0...2), high = low + random.integer(in: 1...2),
            word = random.element(of: NameTable.words.filter { $0.count >= 5 })
        func part(_ from: Int, _ to: Int) -> String { CodeLanguage.python.list(from <= to ? Array(items[max(0, from)..<min(5, to)]) : []) }
        func draft(_ language: CodeLanguage, _ asked: String, _ from: Int, _ to: Int, _ rule: String) -> Draft {
            Draft(
                CodeQuestion.after([language.listDeclaration(name, items, changes: false)], asked, in: language), answer: part(from, to),
                mistakes: [part(from, to + 1), part(from, to - 1), part(from + 1, to + 1), part(max(0, from - 1), to), part(from + 1, to),
                    part(0, to)]
                    .filter { $0 != "[]" },
                working: rule)
        }
        let half = "The end is left out: indices \(low) to \(high - 1)."
        switch grade {
        case 1:
            let (language, asked, end, rule) = random.element(of: [
                (CodeLanguage.python, "\(name)[\(low):\(high)]", high, half), (.javaScript, "\(name).slice(\(low), \(high))", high, half),
                (.swift, "Array(\(name)[\(low)..<\(high)])", high, "..< leaves the end out: indices \(low) to \(high - 1)."),
                (.swift, "Array(\(name)[\(low)...\(high)])", high + 1, "... takes the end in: indices \(low) to \(high)."),
                (.java, "Arrays.copyOfRange(\(name), \(low), \(high))", high, half),
            ])
            return draft(language, asked, low, end, rule)
        case 2:
            let back = random.integer(in: 1...2), count = random.integer(in: 2...4)
            let (language, asked, from, to, rule) = random.element(of: [
                (CodeLanguage.python, "\(name)[\(low):-\(back)]", low, 5 - back, "-\(back) counts from the end and is left out."),
                (.python, "\(name)[-\(count):]", 5 - count, 5, "The last \(count) items."),
                (.javaScript, "\(name).slice(-\(count))", 5 - count, 5, "The last \(count) items."),
                (.javaScript, "\(name).slice(\(low), -\(back))", low, 5 - back, "-\(back) counts from the end and is left out."),
                (.swift, "Array(\(name).prefix(\(count)))", 0, count, "The first \(count) items."),
                (.swift, "Array(\(name).suffix(\(count)))", 5 - count, 5, "The last \(count) items."),
                (.swift, "Array(\(name).dropFirst(\(back)))", back, 5, "All but the first \(back)."),
                (.swift, "Array(\(name).dropLast(\(back)))", 0, 5 - back, "All but the last \(back)."),
                (.swift, "Array(\(name)[\(low)...])", low, 5, "From index \(low) to the end."),
            ])
            return draft(language, asked, from, to, rule)
        default:
            let spelled = word.map(String.init)
            func letters(_ from: Int, _ to: Int) -> String { from < to ? spelled[max(0, from)..<min(spelled.count, to)].joined() : "" }
            let from = random.integer(in: 1...2), to = from + random.integer(in: 1...2)
            if random.next(below: 2) == 0 {
                let kinds: [(CodeLanguage, String, String, String)] = [
                    (CodeLanguage.javaScript, "'\(word)'.substring(\(to), \(from))", letters(from, to),
                     "substring swaps its ends, so it is (\(from), \(to))."),
                    (.javaScript, "'\(word)'.substring(\(from), \(to + 1))", letters(from, to + 1),
                     "The end, index \(to + 1), is left out."),
                    (.javaScript, "'\(word)'.slice(-\(to))", letters(spelled.count - to, spelled.count), "The last \(to) letters."),
                    (.javaScript, "'\(word)'.slice(\(from), -1)", letters(from, spelled.count - 1),
                     "From index \(from), without the last letter."),
                    (.python, "'\(word)'[\(from):-1]", letters(from, spelled.count - 1), "From index \(from), without the last letter."),
                    (.python, "'\(word)'[:-\(to)]", letters(0, spelled.count - to), "Without the last \(to) letters."),
                    (.python, "'\(word)'[::2]", spelled.enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined(),
                     "Every second letter from index 0."),
                    (.python, "'\(word)'[\(to)::-1]", letters(0, to + 1).reversed().map(String.init).joined(),
                     "From index \(to) back to the start."),
                ]
                let (language, code, answer, rule) = random.element(of: kinds)
                return Draft(
                    CodeQuestion.value(code, in: language), answer: answer,
                    mistakes: [letters(from - 1, to), letters(from, to + 1), letters(from, spelled.count), letters(0, to),
                        letters(to, spelled.count), word]
                        .filter { !$0.isEmpty && $0 != answer },
                    working: rule)
            }
            let count = random.integer(in: 1...2), new = random.integer(in: 31...60), removed = Array(items[low..<(low + count)])
            let rest = Array(items[..<low] + items[(low + count)...]), put = Array(items[..<low]) + [new] + Array(items[(low + count)...])
            let list = CodeLanguage.python.list
            let (statement, asked, answer, rule): (String, String, String, String) = random.element(of: [
                ("\(name).splice(\(low), \(count))", name, list(rest), "splice takes out \(count) from index \(low)."),
                ("\(name).splice(\(low), \(count), \(new))", name, list(put), "splice replaces \(count) from index \(low) by \(new)."),
                ("const r = \(name).splice(\(low), \(count))", "r", list(removed), "splice returns what it takes out."),
            ])
            return Draft(
                CodeQuestion.after([CodeLanguage.javaScript.listDeclaration(name, items), statement], asked, in: .javaScript),
                answer: answer,
                mistakes: [list(rest), list(put), list(removed), list(items), list(Array(items[..<low] + items[(low + count - 1)...])),
                    list(Array(items[low...]))],
                working: rule)
        }
    }

    static let pipelines = QuestionFamily.code("map_filter_reduce", topic: "map, filter and reduce", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: [CodeLanguage.python, .java, .javaScript, .swift])
        let items = random.sample(grade == 1 ? 4 : 5, of: Array(1...12)),
            name = random.element(of: NameTable.variables.filter { $0 != "x" })
        let bound = random.integer(in: 4...8), k = random.integer(in: 2...5), divisor = random.integer(in: 2...3)
        let rest = random.integer(in: 0...1)
        let (test, keeps): (String, (Int) -> Bool) = random.element(of: [
            ("x > \(bound)", { $0 > bound }), ("x < \(bound)", { $0 < bound }),
            ("x % \(divisor) \(language == .javaScript ? "===" : "==") \(rest)", { $0 % divisor == rest }),
        ])
        let (change, apply): (String, (Int) -> Int) = random.element(of: [
            ("x * \(k)", { $0 * k }), ("x + \(k)", { $0 + k }), ("x * x", { $0 * $0 }), ("x - \(k)", { $0 - k }),
        ])
        let kept = items.filter(keeps), mapped = items.map(apply), keptMapped = kept.map(apply), mappedKept = mapped.filter(keeps)
        let mapsFirst = grade == 3 && language != .python && random.next(below: 2) == 0
        let stages = grade == 1 ? (random.next(below: 2) == 0 ? "f" : "m") : mapsFirst ? "mf" : "fm"
        let list = switch stages {
        case "f": kept
        case "m": mapped
        case "fm": keptMapped
        default: mappedKept
        }
        guard !list.isEmpty, list.count < 5 || stages == "m" else { return nil }
        var code: String
        switch language {
        case .python: code = "[\(stages == "f" ? "x" : change) for x in \(name)\(stages == "m" ? "" : " if \(test)")]"
        case .java:
            code = "Arrays.stream(\(name))" + stages.map { $0 == "f" ? ".filter(x -> \(test))" : ".map(x -> \(change))" }.joined()
        case .javaScript: code = name + stages.map { $0 == "f" ? ".filter(x => \(test))" : ".map(x => \(change))" }.joined()
        case .swift, .c:
            code = name + stages.map { stage in
                let body = (stage == "f" ? test : change).split(separator: " ").map { $0 == "x" ? "$0" : String($0) }.joined(separator: " ")
                return stage == "f" ? ".filter { \(body) }" : ".map { \(body) }"
            }.joined()
        }
        let others = [kept, mapped, keptMapped, mappedKept, items.filter { !keeps($0) }, items.filter { !keeps($0) }.map(apply)]
        let opening = [language.listDeclaration(name, items, changes: false)]
        if grade == 3 || language == .java {
            let (sum, start) = (list.reduce(0, +), random.integer(in: 1...9))
            let isReduced = grade == 3 && language != .java && language != .python && random.next(below: 2) == 0
            func folded(_ list: [Int]) -> Int { isReduced ? list.reduce(start) { $0 * 2 + $1 } : list.reduce(0, +) }
            guard abs(folded(list)) < 500 else { return nil }
            switch language {
            case .python: code = "sum(\(code.dropFirst().dropLast()))"
            case .java: code += ".sum()"
            case .javaScript: code += isReduced ? ".reduce((r, x) => r * 2 + x, \(start))" : ".reduce((r, x) => r + x, 0)"
            case .swift, .c: code += isReduced ? ".reduce(\(start)) { $0 * 2 + $1 }" : ".reduce(0, +)"
            }
            return .computed(
                CodeQuestion.after(opening, code, in: language), folded(list),
                slips: others.map(folded) + (isReduced ? [sum, sum + start] : [list.count]),
                working: "The items are \(CodeLanguage.python.list(list)).", random: &random)
        }
        return Draft(
            CodeQuestion.after(opening, code, in: language), answer: language.list(list),
            mistakes: (others + [list + [apply(bound)], Array(list.reversed()), Array(list.dropLast()), Array(list.dropFirst())])
                .filter { !$0.isEmpty && $0 != list }.map(language.list),
            working: stages == "m" ? "Every item is changed." : stages == "f" ? "\(kept.count) of the \(items.count) items pass."
                : "\(listed(kept)) pass\(kept.count == 1 ? "es" : "") and \(kept.count == 1 ? "is" : "are") changed.")
    }

    static let closures = QuestionFamily.code("closures_and_scope", topic: "closures and scope", grades: [2, 3]) { random, grade in
        let k = random.integer(in: 2...9), n = random.integer(in: 2...5),
            names = random.sample(2, of: NameTable.variables.filter { $0 != "n" })
        let (x, y) = (names[0], names[1]), a = random.integer(in: 1...20), b = random.integer(in: 21...40), at = random.next(below: n)
        let kinds: [(CodeLanguage, [String], String, Int, [Int], String)] = grade == 2 ? [
            (.javaScript, ["let \(x) = \(a); { let \(x) = \(b); \(x) += \(k); } \(x) += \(n)"], x, a + n,
             [a + k + n, b + k + n, a + k, b + n], "let in the block is another \(x)."),
            (.javaScript, ["var \(x) = \(a); { var \(x) = \(b); \(x) += \(k); } \(x) += \(n)"], x, b + k + n,
             [a + n, a + k + n, b + n, a + k], "var knows no blocks: it is the same \(x)."),
            (.javaScript, ["let \(x) = \(a); { \(x) = \(b); \(x) += \(k); } \(x) += \(n)"], x, b + k + n, [a + n, a + k + n, b + n, a + k],
             "The block changes the outer \(x)."),
            (.c, ["int \(x) = \(a); { int \(x) = \(b); \(x) += \(k); } \(x) += \(n)"], x, a + n, [a + k + n, b + k + n, a + k, b + n],
             "The block's \(x) is another variable."),
            (.c, ["int \(x) = \(a); { \(x) = \(b); \(x) += \(k); } \(x) += \(n)"], x, b + k + n, [a + n, a + k + n, b + n, a + k],
             "The block changes the outer \(x)."),
            (.swift, ["var \(x) = \(a); do { var \(x) = \(b); \(x) += \(k) }; \(x) += \(n)"], x, a + n,
             [a + k + n, b + k + n, a + k, b + n], "The block's \(x) is another variable."),
            (.python, ["\(x) = \(a); f = lambda \(y): \(x) + \(y); \(x) = \(b)"], "f(\(k))", b + k, [a + k, a + b + k, b, a + b],
             "The lambda reads \(x) when it is called."),
            (.python, ["\(x) = \(a); f = lambda \(y), \(x)=\(x): \(x) + \(y); \(x) = \(b)"], "f(\(k))", a + k, [b + k, a + b + k, a + b, b],
             "The default was fixed when the lambda was made."),
            (.javaScript, ["let \(x) = \(a); const f = \(y) => \(x) + \(y); \(x) = \(b)"], "f(\(k))", b + k, [a + k, a + b + k, b, a + b],
             "The function reads \(x) when it is called."),
        ] : [
            (.python, ["fs = [lambda: i * \(k) for i in range(\(n))]"], "fs[\(at)]()", (n - 1) * k, [at * k, n * k, 0, k],
             "All lambdas read the last i, \(n - 1)."),
            (.python, ["fs = [lambda i=i: i * \(k) for i in range(\(n))]"], "fs[\(at)]()", at * k, [(n - 1) * k, n * k, (at + 1) * k],
             "Each default keeps its own i, here \(at)."),
            (.javaScript, ["const fs = []; for (var i = 0; i < \(n); i++) fs.push(() => i * \(k))"], "fs[\(at)]()", n * k,
             [at * k, (n - 1) * k, 0, k], "var is one i for all turns; it ends at \(n)."),
            (.javaScript, ["const fs = []; for (let i = 0; i < \(n); i++) fs.push(() => i * \(k))"], "fs[\(at)]()", at * k,
             [n * k, (n - 1) * k, (at + 1) * k], "let is a new i in each turn, here \(at)."),
            (.javaScript, ["const make = () => { let n = \(a); return () => n += \(k); }; const f = make(), g = make(); f(); f()"],
             "f() + g()", 2 * a + 4 * k,
             [2 * a + 7 * k, 2 * a + 6 * k, 2 * a + 5 * k, 2 * a + 3 * k], "Each closure has its own n: \(a + 3 * k) + \(a + k)."),
            (.swift, ["var \(x) = \(a); let f = { \(x) += \(k) }; f(); \(x) += \(n); f()"], x, a + 2 * k + n,
             [a + n, a + k + n, a + 2 * k, a + n + k + 1], "The closure changes the outer \(x)."),
            (.swift, ["var \(x) = \(a); let f = { [\(x)] in \(x) + \(k) }; \(x) += \(n)"], "f()", a + k, [a + k + n, a + n, k + n, a],
             "The capture list keeps \(x) = \(a)."),
            (.python, ["\(x) = \(a); f = lambda \(y), s=[]: (s.append(\(y)), sum(s))[1]; f(\(k)); f(\(n))"], "f(\(a))", k + n + a,
             [a, a + n, k + n, 2 * a], "The default list is made once and keeps \(k) and \(n)."),
        ]
        let (language, statements, asked, value, wrong, rule) = random.element(of: kinds)
        return .computed(CodeQuestion.after(statements, asked, in: language), value, slips: wrong, working: rule, random: &random)
    }

    static let dispatch = QuestionFamily.code("method_dispatch", topic: "inheritance and overriding", grades: [2, 3]) { random, grade in
        let language = random.element(of: [CodeLanguage.java, .swift, .javaScript]),
            letters = random.sample(2, of: ["A", "B", "C", "D", "P", "Q"])
        let (base, derived) = (letters[0], letters[1]), methods = random.sample(2, of: ["f", "g", "h", "run", "size"]),
            (f, g) = (methods[0], methods[1])
        let p = random.integer(in: 1...20), q = random.integer(in: 21...50), r = random.integer(in: 2...9),
            variable = random.element(of: ["x", "y", "o"])
        func method(_ name: String, _ value: String, overrides: Bool = false) -> String {
            switch language {
            case .java: "int \(name)() { return \(value); }"
            case .swift: "\(overrides ? "override " : "")func \(name)() -> Int { \(value) }"
            default: "\(name)() { return \(value); }"
            }
        }
        let own = language == .javaScript ? "this." : "", up = "super."
        func type(_ name: String, _ parent: String?, _ methods: [String]) -> String {
            let head = parent.map { language == .swift ? "class \(name): \($0)" : "class \(name) extends \($0)" } ?? "class \(name)"
            return "\(head) { \(methods.joined(separator: language == .swift ? "; " : " ")) }"
        }
        func make(_ made: String) -> String {
            switch language {
            case .java: "\(base) \(variable) = new \(made)();"
            case .swift: "let \(variable): \(base) = \(made)()"
            default: "const \(variable) = new \(made)();"
            }
        }
        let baseMethods: [String], derivedMethods: [String], value: Int, wrong: [Int], rule: String
        let made = random.next(below: 4) == 0 ? base : derived, isDerived = made == derived
        let asked = grade == 2 ? f : g
        if grade == 2 {
            let callsUp = random.next(below: 2) == 0
            baseMethods = [method(f, "\(p)")]
            derivedMethods = [method(f, callsUp ? "\(up)\(f)() + \(q)" : "\(q)", overrides: true)]
            value = isDerived ? (callsUp ? p + q : q) : p
            wrong = [p, q, p + q]
            rule = "\(variable) is \(withArticle(made)), so \(made)'s \(f) runs\(isDerived && callsUp ? " and adds \(q) to \(base)'s \(p)" : "")."
        } else {
            baseMethods = [method(f, "\(p)"), method(g, "\(own)\(f)() * \(r)")]
            let style = random.next(below: 2)
            derivedMethods = style == 0 ? [method(f, "\(q)", overrides: true)] : [method(f, "\(up)\(f)() + \(q)", overrides: true)]
            let inner = isDerived ? (style == 0 ? q : p + q) : p
            value = inner * r
            wrong = [p * r, q * r, (p + q) * r, inner, p + q * r]
            rule = "\(g) calls the \(f) of the object's class, \(made), which gives \(inner). \(inner) * \(r) = \(value)."
        }
        let classes = [type(base, nil, baseMethods), type(derived, base, derivedMethods), make(made)]
        return .computed(
            CodeQuestion.after(classes.joined(separator: language == .swift ? "; " : " "), "\(variable).\(asked)()", in: language), value,
            slips: wrong,
            working: rule, random: &random)
    }

    static let exceptions = QuestionFamily.code("exceptions", topic: "exceptions and finally", grades: [2, 3]) { random, grade in
        let language = random.element(of: [CodeLanguage.python, .java, .javaScript]),
            x = random.element(of: NameTable.variables.filter { $0 != "k" })
        let start = random.integer(in: 2...20), gain = random.integer(in: 2...9), late = random.integer(in: 20...50),
            factor = random.integer(in: 2...4)
        let end = random.integer(in: 1...9), divisor = random.integer(in: 0...1) * random.integer(in: 2...5),
            hasFinally = grade == 3 || random.next(below: 2) == 0
        let fails = divisor == 0
        // JavaScript does not fail on division by zero, so it reads a property of null instead.
        let risk: String
        switch language {
        case .python: risk = "k = 12 // \(divisor)"
        case .java: risk = fails ? "int[] v = {7}; v[1] = 2" : "int[] v = {7}; v[0] = 2"
        default: risk = fails ? "null.size" : "'null'.size"
        }
        let body = grade == 3 ? ["\(x) += \(gain)", risk, "\(x) += \(late)"] : [risk, "\(x) += \(late)"]
        let before = grade == 3 ? start + gain : start, tried = fails ? before * factor : before + late
        let value = hasFinally ? tried + end : tried
        var code: String
        if language == .python {
            let lines = ["\(x) = \(start)", "try: \(body.joined(separator: "; "))", "except ZeroDivisionError: \(x) *= \(factor)"]
                + (hasFinally ? ["finally: \(x) += \(end)"] : [])
            code = lines.map { "`\($0)`" }.joined(separator: " ")
        } else {
            let caught = language == .java ? "catch (RuntimeException e)" : "catch"
            code = "\(language.declaration(x, "\(start)")); try { \(body.joined(separator: "; ")); } \(caught) { \(x) *= \(factor); }"
            if hasFinally { code += " finally { \(x) += \(end); }" }
        }
        let shift = hasFinally ? end : 0
        return .computed(
            CodeQuestion.after(code, x, in: language), value,
            slips: [before + late + shift, (before + late) * factor + shift, before * factor + shift, tried, before + shift,
                start * factor + shift],
            working: (fails ? "The error skips the rest of the try block, and the handler multiplies by \(factor)."
                : "Nothing fails, so the handler is skipped.") + (hasFinally ? " finally always runs." : ""), random: &random)
    }
}
