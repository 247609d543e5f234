import Groundwork

/// What readers of a program get wrong: the same program with one thing in it misread.
enum CodeSlips {
    static func misread(_ program: CodeProgram) -> [CodeProgram] {
        var found = misread(program.statements).map { CodeProgram(function: program.function, statements: $0, result: program.result) }
        if let function = program.function {
            found += misread(function.body).map {
                var changed = program
                changed.function?.body = $0
                return changed
            }
        }
        return found + misread(program.result).map {
            CodeProgram(function: program.function, statements: program.statements, result: $0)
        }
    }

    private static func misread(_ statements: [CodeStatement]) -> [[CodeStatement]] {
        var found: [[CodeStatement]] = []
        for (index, statement) in statements.enumerated() {
            for other in misread(statement) {
                var changed = statements
                changed.replaceSubrange(index...index, with: other)
                found.append(changed)
            }
        }
        return found
    }

    /// Each variant is what stands in the statement's place; an empty one leaves it out.
    private static func misread(_ statement: CodeStatement) -> [[CodeStatement]] {
        switch statement {
        case .declare(_, .list), .declare(_, .integer): return []
        case .declare(let name, let value): return misread(value).map { [.declare(name, $0)] }
        case .assign(let name, let value): return misread(value).map { [.assign(name, $0)] } + [[]]
        case .update(let name, let sign, let value):
            return misread(value).map { [.update(name, sign, $0)] } + [[.assign(name, value)]]
        case .setItem(let name, let index, let value): return misread(value).map { [.setItem(name, index, $0)] } + [[]]
        case .branch(let test, let yes, let no):
            return [[.branch(.not(test), yes, no)], yes] + misread(test).map { [.branch($0, yes, no)] }
                + misread(yes).map { [.branch(test, $0, no)] } + misread(no).map { [.branch(test, yes, $0)] }
        case .whileLoop(let test, let body):
            return [body] + misread(test).map { [.whileLoop($0, body)] } + misread(body).map { [.whileLoop(test, $0)] }
        case .count(let name, let first, let end, let step, let body):
            let sign = step > 0 ? 1 : -1
            return [
                [.count(name, first, end + sign, step: step, body)], [.count(name, first, end - sign, step: step, body)],
                [.count(name, first + step, end, step: step, body)],
            ] + misread(body).map { [.count(name, first, end, step: step, $0)] }
        case .each(let name, let list, let body): return misread(body).map { [.each(name, list, $0)] }
        case .leave: return [[], [.skip]]
        case .skip: return [[], [.leave]]
        case .give(let value): return misread(value).map { [.give($0)] }
        }
    }

    private static func misread(_ expression: CodeExpression) -> [CodeExpression] {
        switch expression {
        case .arithmetic(let a, let sign, let b):
            var found = misread(a).map { CodeExpression.arithmetic($0, sign, b) } + misread(b).map { .arithmetic(a, sign, $0) }
            switch sign {
            case .plus: found.append(a)
            case .times: found.append(a + b)
            case .minus: found.append(b - a)
            case .quotient: found.append(a % b)
            case .remainder: found.append(a / b)
            }
            // From left to right, as if no operator bound tighter.
            if case .arithmetic(let c, let inner, let d) = b, sign == .plus || sign == .minus, inner == .times || inner == .remainder {
                found.append(.arithmetic(.arithmetic(a, sign, c), inner, d))
            }
            return found
        case .comparison(let a, let sign, let b): return [.comparison(a, sign.neighbour, b)]
        case .both(let a, let b): return [a, b, .either(a, b)]
        case .either(let a, let b): return [a, b, .both(a, b)]
        case .not(let a): return [a]
        case .choice(let test, let yes, let no):
            return [.choice(.not(test), yes, no)] + misread(test).map { .choice($0, yes, no) } + misread(yes).map { .choice(test, $0, no) }
                + misread(no).map { .choice(test, yes, $0) }
        case .item(let list, let index): return [.item(list, index + 1), .item(list, index - 1)]
        case .call(let name, let arguments): return arguments.count == 1 ? misread(arguments[0]).map { .call(name, [$0]) } : []
        case .integer, .boolean, .name, .list: return []
        }
    }

    /// The question about a program, with wrong choices from misreadings and from the other languages' rules.
    /// - Parameters:
    ///   - shown: the name whose values the explanation lists.
    ///   - working: the explanation, where listing values is not it.
    static func draft(
        _ program: CodeProgram, in language: CodeLanguage, shown: String? = nil, working: String? = nil, _ random: inout CounterRandom
    ) -> Draft? {
        guard let run = CodeInterpreter.run(program, in: language), let question = CodeRenderer.question(program, in: language)
        else { return nil }
        let value = run.value
        let others = CodeLanguage.allCases.compactMap { $0 == language ? nil : CodeInterpreter.run(program, in: $0)?.value }
        let wrong = random.shuffled(misread(program).compactMap { CodeInterpreter.run($0, in: language)?.value })
        let working = working ?? shown.flatMap { name in run.history[name].map { trace(name, $0, in: language) } } ?? ""
        switch value {
        case .integer(let number):
            let slips = (others + wrong).compactMap { if case .integer(let slip) = $0 { slip } else { nil } }
            return .computed(question, number, slips: slips, working: working, random: &random)
        case .boolean: return nil
        case .list(let items):
            let alike = (others + wrong).filter { if case .list(let other) = $0 { other.count == items.count } else { false } }
            let near = (0..<4).map { _ in CodeValue.list(random.shuffled(items)) }
            return Draft(
                question, answer: value.text(in: language), mistakes: Self.nearest(alike + near, to: value).map { $0.text(in: language) },
                working: working)
        }
    }

    /// The first five different values.
    private static func nearest(_ values: [CodeValue], to answer: CodeValue) -> [CodeValue] {
        var found: [CodeValue] = []
        for value in values where value != answer && !found.contains(value) { found.append(value) }
        return Array(found.prefix(5))
    }

    private static func trace(_ name: String, _ values: [CodeValue], in language: CodeLanguage) -> String {
        let texts = values.map { $0.text(in: language) }
        if texts.count == 1 { return "\(name) is \(texts[0])." }
        let shown = texts.count <= 9 ? texts : texts.prefix(4) + ["…"] + texts.suffix(2)
        return "\(name) goes \(shown.joined(separator: ", "))."
    }
}

extension Draft {
    /// A draft whose answer is a number, negative or not, with up to three results of slips and near numbers after them.
    static func computed(
        _ question: String, _ answer: Int, slips: [Int], working: String, random: inout CounterRandom
    ) -> Draft {
        var wrong: [Int] = []
        for slip in slips where slip != answer && !wrong.contains(slip) && abs(slip - answer) <= 40 + 3 * abs(answer) { wrong.append(slip) }
        wrong = Array(wrong.prefix(4))
        let canBeNegative = answer < 0 || wrong.contains { $0 < 0 }
        let reach = abs(answer) < 20 ? [1, 2, 3] : abs(answer) < 200 ? [1, 2, 5, 10] : [1, 10, 20, 100]
        let near = random.shuffled(reach.flatMap { [answer - $0, answer + $0] }).filter { !wrong.contains($0)
            && (canBeNegative || $0 >= 0) }
        wrong += near.prefix(max(0, 4 - wrong.count))
        return Draft(question, answer: "\(answer)", mistakes: wrong.map(String.init), working: working)
    }
}

extension QuestionFamily {
    /// A family of the code domain whose drafts that are too long for a question are thrown away.
    static func code(
        _ name: String, subject: String = "programming", topic: String, grades: [Int],
        draw: @escaping @Sendable (inout CounterRandom, _ grade: Int) -> Draft?
    ) -> QuestionFamily {
        QuestionFamily(name, .code, subject: subject, topic: topic, grades: grades) { random, grade in
            draw(&random, grade).flatMap { CodeQuestion.fits($0) ? $0 : nil }
        }
    }
}
