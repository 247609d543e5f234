import Groundwork

/// Programs of the little language: loops, branches, lists, functions that call themselves.
extension CodeFamilies {
    static let countingLoops = QuestionFamily.code("counting_loops", topic: "counted loops", grades: [1, 2, 3]) { random, grade in
        var language = random.element(of: CodeLanguage.allCases)
        let names = random.sample(2, of: ["s", "t", "total", "sum", "k", "n", "x"]), name = names[0], i = CodeExpression.name("i")
        let start = random.integer(in: 0...6), first = random.integer(in: 0...3)
        var body: [CodeStatement], end = first + random.integer(in: 3...5), step = 1
        switch grade {
        case 1: body = [.update(name, .plus, random.element(of: [i, .integer(random.integer(in: 2...6))]))]
        case 2:
            step = random.element(of: [2, 3, -1, -2])
            end = first + step * random.integer(in: 3...4) - random.integer(in: 0...1) * step.signum()
            body = [random.element(of: [
                .update(name, .plus, i * .integer(random.integer(in: 2...4))), .update(name, .minus, i), .assign(name, i - .name(name)),
                .assign(name, .name(name) * 2 - i),
            ])]
        default:
            let bound = CodeExpression.integer(random.integer(in: 2...4))
            end += random.integer(in: 1...2)
            let test = random.element(of: [
                CodeExpression.comparison(i % bound, .equal, .integer(random.integer(in: 0...1))),
                .comparison(.name(name), .greater, .integer(random.integer(in: 6...12))), .comparison(i, .equal, .integer(first + 2)),
            ])
            let gain = CodeStatement.update(name, .plus, random.element(of: [i, i * 2, i + 1]))
            switch random.next(below: 4) {
            case 0: body = [.branch(test, [.skip], []), gain]
            case 1: body = [gain, .branch(test, [.leave], [])]
            case 2: body = [.branch(test, [gain], [.update(name, .minus, 1)])]
            default:
                // A counter changed in the body: a range forgets it, a loop with a condition does not. Swift forbids it.
                if language == .swift { language = .python }
                body = [gain, .update("i", .plus, .integer(random.integer(in: 1...2)))]
                end += 2
            }
        }
        let program = CodeProgram(
            statements: [.declare(name, .integer(start)), .count("i", first, end, step: step, body)], result: .name(name))
        return CodeSlips.draft(program, in: language, shown: name, &random)
    }

    static let whileLoops = QuestionFamily.code("while_loops", topic: "while loops", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: CodeLanguage.allCases)
        let names = random.sample(2, of: ["n", "x", "a", "k", "m"]), turns = random.element(of: ["c", "steps", "count", "t"])
        let (a, b) = (names[0], names[1]), x = CodeExpression.name(a)
        var statements: [CodeStatement], result: CodeExpression = .name(turns)
        switch grade {
        case 1:
            let step = random.integer(in: 2...7), start = random.integer(in: 12...40)
            let goesDown = random.next(below: 2) == 0
            let bound = CodeExpression.integer(goesDown ? random.integer(in: 0...6) : start + random.integer(in: 8...25))
            statements = [
                .declare(a, .integer(start)),
                .whileLoop(.comparison(x, goesDown ? .greater : .less, bound), [.update(a, goesDown ? .minus : .plus, .integer(step))]),
            ]
            result = x
        case 2:
            let factor = random.integer(in: 2...3), halves = random.next(below: 2) == 0
            statements = [
                .declare(a, .integer(halves ? random.integer(in: 9...99) : random.integer(in: 1...5))), .declare(turns, 0),
                .whileLoop(
                    halves ? .comparison(x, .greater, .integer(random.integer(in: 0...2)))
                        : .comparison(x, .less, .integer(random.integer(in: 20...120))),
                    [.update(a, halves ? .quotient : .times, .integer(factor)), .update(turns, .plus, 1)]),
            ]
            if random.next(below: 2) == 0 { result = .name(turns) + x }
        default:
            switch random.next(below: 3) {
            case 0:
                let rest = CodeExpression.name("r"), y = CodeExpression.name(b)
                statements = [
                    .declare(a, .integer(random.integer(in: 12...60))), .declare(b, .integer(random.integer(in: 5...30))),
                    .declare("r", 1), .declare(turns, 0),
                    .whileLoop(
                        .comparison(rest, .greater, 0),
                        [.assign("r", x % y), .assign(a, y), .assign(b, rest), .update(turns, .plus, 1)]),
                ]
                result = random.element(of: [x, .name(turns)])
            case 1:
                statements = [
                    .declare(a, .integer(random.integer(in: 3...26))), .declare(turns, 0),
                    .whileLoop(
                        .comparison(x, .different, 1),
                        [.branch(.comparison(x % 2, .equal, 0), [.update(a, .quotient, 2)], [.assign(a, x * 3 + 1)]),
                         .update(turns, .plus, 1)]),
                ]
            default:
                let base = random.element(of: [10, 10, 2, 5])
                statements = [
                    .declare(a, .integer(random.integer(in: base == 10 ? 120...9999 : 20...99))), .declare(turns, 0),
                    .whileLoop(x, [
                        .update(turns, random.element(of: [.plus, .plus, .minus]), x % .integer(base)),
                        .update(a, .quotient, .integer(base)),
                    ]),
                ]
            }
        }
        let shown: String
        if case .name(let name) = result, name != turns { shown = name } else { shown = a }
        return CodeSlips.draft(CodeProgram(statements: statements, result: result), in: language, shown: shown, &random)
    }

    static let nestedLoops = QuestionFamily.code("nested_loops", topic: "nested loops", grades: [2, 3]) { random, grade in
        let language = random.element(of: CodeLanguage.allCases.filter { $0 != .python })
        let name = random.element(of: ["s", "count", "total", "t", "hits"]), (i, j) = (CodeExpression.name("i"), CodeExpression.name("j"))
        let n = random.integer(in: 2...5), m = random.integer(in: 2...5), first = random.integer(in: 0...2)
        let gain: CodeStatement = .update(name, .plus, grade == 2 ? .integer(random.integer(in: 1...3)) : random.element(of: [
            1, i + j, i * j, j, j - i,
        ]))
        var inner = [gain]
        if grade == 3 {
            let test = CodeExpression.comparison(
                random.element(of: [j, i + j, i * j]), random.element(of: [.equal, .greater, .less, .atMost]),
                random.element(of: [i, .integer(random.integer(in: 2...4))]))
            inner = random.element(of: [[.branch(test, [gain], [])], [.branch(test, [.leave], []), gain],
                [.branch(test, [.skip], []), gain]])
        }
        let program = CodeProgram(
            statements: [
                .declare(name, .integer(random.integer(in: 0...3))),
                .count("i", first, first + n, step: 1, [.count("j", 0, m, step: 1, inner)]),
            ], result: .name(name))
        guard let run = CodeInterpreter.run(program, in: language) else { return nil }
        let changes = (run.history[name]?.count ?? 1) - 1
        return CodeSlips.draft(
            program, in: language,
            working: grade == 2
                ? "The inner loop runs \(n) times with \(m) turns each, \(n * m) turns in all."
                : "\(name) changes \(changes == 1 ? "once" : "\(changes) times") in \(n) rounds of the outer loop.", &random)
    }

    static let branches = QuestionFamily.code("branches", topic: "branches and conditions", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: CodeLanguage.allCases)
        let names = random.sample(2, of: NameTable.variables), (a, b) = (names[0], names[1])
        let (x, y) = (CodeExpression.name(a), CodeExpression.name(b)), first = random.integer(in: 1...20),
            second = random.integer(in: 1...20)
        func number(_ range: ClosedRange<Int>) -> CodeExpression { .integer(random.integer(in: range)) }
        func test(_ value: CodeExpression, near center: Int) -> CodeExpression {
            .comparison(
                value, random.element(of: [.less, .greater, .atLeast, .atMost]),
                .integer(max(1, center + random.integer(in: -3...3))))
        }
        func change(_ name: String) -> CodeStatement { .update(name, random.element(of: [.plus, .minus, .times]), number(2...5)) }
        let opening: [CodeStatement] = [.declare(a, .integer(first)), .declare(b, .integer(second))]
        let rest: [CodeStatement]
        switch grade {
        case 1: rest = [.branch(test(x, near: first), [change(b)], [change(b)])]
        case 2: rest = [
            .branch(random.element(of: [
                .both(test(x, near: first), test(y, near: second)), .either(test(x, near: first), test(y, near: second)),
                .both(test(x, near: first), .not(test(y, near: second))),
            ]), [change(b)], [change(b)]),
        ]
        default:
            let later = CodeStatement.branch(test(y, near: second), [change(b)], [change(a)])
            rest = random.next(below: 2) == 0
                ? [.branch(test(x, near: first), [.update(b, .plus, x)], [later]), .update(b, .minus, 1)]
                : [.branch(test(x, near: first), [.update(b, .plus, number(2...9))], []), later]
        }
        let result = grade == 3 ? y * 2 - x : y
        guard case .branch(let test, let yes, let no) = rest[0], yes != no else { return nil }
        let program = CodeProgram(statements: opening + rest, result: result)
        let asked = CodeProgram(statements: opening, result: .choice(test, 1, 0))
        guard let run = CodeInterpreter.run(program, in: language), let taken = CodeInterpreter.run(asked, in: language) else { return nil }
        func last(_ name: String) -> String { run.history[name]?.last?.text(in: language) ?? "" }
        return CodeSlips.draft(
            program, in: language,
            working: "\(CodeRenderer.text(test, in: language)) is \(taken.value == .integer(1) ? "true" : "false"). "
                + (grade == 3 ? "In the end \(a) is \(last(a)) and \(b) is \(last(b))." : "\(b) changes from \(second) to \(last(b))."),
            &random)
    }

    static let arrayUpdates = QuestionFamily.code("array_updates", topic: "changing arrays", grades: [1, 2, 3]) { random, grade in
        let language = random.element(of: CodeLanguage.allCases), size = grade == 1 ? 3 : random.integer(in: 3...4)
        let name = random.element(of: ["a", "v", "xs", "data", "row"]), a = CodeExpression.name(name), i = CodeExpression.name("i")
        let items = random.sample(size, of: Array(1...12))
        var statements: [CodeStatement] = [.declare(name, .list(items))], result = a
        switch grade {
        case 1:
            let places = random.sample(2, of: Array(0..<size)).map(CodeExpression.integer)
            statements.append(.setItem(name, places[0], random.element(of: [
                .item(a, places[1]), .item(a, places[0]) + .integer(random.integer(in: 2...9)), .item(a, places[0]) + .item(a, places[1]),
            ])))
        case 2:
            statements.append(.count("i", 0, size, step: 1, [.setItem(name, i, random.element(of: [
                .item(a, i) * .integer(random.integer(in: 2...4)), .item(a, i) + i, .item(a, i) - i * .integer(random.integer(in: 1...3)),
                .item(a, i) % .integer(random.integer(in: 3...5)),
            ]))]))
        default:
            switch random.next(below: 4) {
            case 0: statements.append(.count("i", 1, size, step: 1, [.setItem(name, i, .item(a, i) + .item(a, i - 1))]))
            case 1: statements.append(.count("i", 1, size, step: 1, [.setItem(name, i - 1, .item(a, i))]))
            case 2: statements.append(.count("i", 1, size, step: 1, [.setItem(name, i, .item(a, i - 1))]))
            default:
                statements.append(.count("i", 0, size - 1, step: 1, [
                    .branch(
                        .comparison(.item(a, i), random.element(of: [.greater, .less]), .item(a, i + 1)),
                        [.setItem(name, i + 1, .item(a, i))], []),
                ]))
            }
            if random.next(below: 4) == 0 { result = .item(a, .integer(size - 1)) }
        }
        let program = CodeProgram(statements: statements, result: result)
        guard let run = CodeInterpreter.run(program, in: language), let states = run.history[name] else { return nil }
        let shown = states.dropFirst().map { $0.text(in: language) }
        guard let first = shown.first, let last = shown.last else { return nil }
        let working = shown.count == 1 ? "It becomes \(last)." : "It becomes \(first)\(shown.count > 2 ? ", …" : "") and at last \(last)."
        return CodeSlips.draft(program, in: language, working: working, &random)
    }

    static let recursion = QuestionFamily.code("recursion", topic: "recursive functions", grades: [2, 3]) { random, grade in
        let language = random.element(of: CodeLanguage.allCases), name = random.element(of: ["f", "g", "h", "p", "q"])
        let n = CodeExpression.name("n"), a = CodeExpression.name("a"), b = CodeExpression.name("b")
        func call(_ arguments: CodeExpression...) -> CodeExpression { .call(name, arguments) }
        func number(_ range: ClosedRange<Int>) -> CodeExpression { .integer(random.integer(in: range)) }
        func function(_ parameters: [String], _ test: CodeExpression, _ base: CodeExpression, _ step: CodeExpression) -> CodeFunction {
            CodeFunction(name: name, parameters: parameters, body: [.branch(test, [.give(base)], []), .give(step)])
        }
        let made: CodeFunction, arguments: [Int]
        if grade == 2 {
            let least = random.integer(in: 0...1), step = random.integer(in: 1...2)
            made = function(
                ["n"], .comparison(n, .atMost, .integer(least)), number(0...4),
                random.element(of: [n + call(n - .integer(step)), n * call(n - .integer(step)),
                    number(2...3) * call(n - .integer(step)) + 1,
                                    call(n - .integer(step)) + number(2...6), call(n - .integer(step)) - n]))
            arguments = [random.integer(in: 3...6)]
        } else {
            switch random.next(below: 5) {
            case 0:
                made = function(
                    ["n"], .comparison(n, .less, 2), random.element(of: [n, 1, n + 1]),
                    random.element(of: [call(n - 1) + call(n - 2), call(n - 1) - call(n - 2), call(n - 1) + number(2...3) * call(n - 2)]))
                arguments = [random.integer(in: 4...6)]
            case 1:
                made = function(["a", "b"], .comparison(b, .equal, 0), a, call(b, a % b))
                arguments = [random.integer(in: 12...96), random.integer(in: 8...60)]
            case 2:
                let base = random.element(of: [2, 3, 10])
                made = function(["n"], .comparison(n, .equal, 0), number(0...3), n % .integer(base) + call(n / .integer(base)))
                arguments = [random.integer(in: base == 10 ? 105...999 : 20...90)]
            case 3:
                made = function(
                    ["n"], .comparison(n, .atMost, 1), number(0...3),
                    .choice(.comparison(n % 2, .equal, 0), call(n / 2) + number(1...4), call(n - 1) + number(1...4)))
                arguments = [random.integer(in: 6...40)]
            default:
                made = function(["a", "b"], .comparison(b, .equal, 0), number(0...2), a + call(random.element(of: [a, a + 1]), b - 1))
                arguments = [random.integer(in: 2...9), random.integer(in: 2...5)]
            }
        }
        let asked = CodeProgram(function: made, result: .call(name, arguments.map(CodeExpression.integer)))
        return CodeSlips.draft(asked, in: language, working: calls(asked, made, arguments, language), &random)
    }

    /// The values for smaller arguments, from which the last follows; or the chain of calls.
    private static func calls(_ program: CodeProgram, _ function: CodeFunction, _ arguments: [Int], _ language: CodeLanguage) -> String {
        func run(_ arguments: [Int]) -> CodeInterpreter.Run? {
            var other = program
            other.result = .call(function.name, arguments.map(CodeExpression.integer))
            return CodeInterpreter.run(other, in: language)
        }
        if arguments.count == 1, arguments[0] <= 8 {
            return (0..<arguments[0]).suffix(4).compactMap { n in
                run([n]).map { "\(function.name)(\(n)) = \($0.value.text(in: language))." }
            }.joined(separator: " ")
        }
        let made = (run(arguments)?.calls ?? []).map { "\(function.name)(\($0.map { $0.text(in: language) }.joined(separator: ", ")))" }
        let shown = made.count <= 5 ? made : made.prefix(3) + ["…"] + made.suffix(1)
        return "The calls are \(shown.joined(separator: ", "))."
    }
}
