/// Writes programs of the little language on one line of another.
struct CodeRenderer {
    let language: CodeLanguage
    private var changing: Set<String> = []

    /// The question about a program; nil where Python would need deeper indentation than one line can show.
    static func question(_ program: CodeProgram, in language: CodeLanguage) -> String? {
        var renderer = CodeRenderer(language: language)
        renderer.note(program.statements)
        let result = renderer.text(program.result)
        if let function = program.function {
            guard let code = renderer.text(function) else { return nil }
            return CodeQuestion.returned(result, by: code, in: language)
        }
        if program.statements.isEmpty { return CodeQuestion.value(result, in: language) }
        guard let code = renderer.block(program.statements) else { return nil }
        return CodeQuestion.after(code, result, in: language)
    }

    private init(language: CodeLanguage) { self.language = language }

    /// What is assigned to again needs `var` in Swift and `let` in JavaScript.
    private mutating func note(_ statements: [CodeStatement]) {
        for statement in statements {
            switch statement {
            case .assign(let name, _), .update(let name, _, _): changing.insert(name)
            case .setItem(let name, _, _): if language == .swift { changing.insert(name) }
            case .branch(_, let yes, let no): note(yes + no)
            case .whileLoop(_, let body), .count(_, _, _, _, let body), .each(_, _, let body): note(body)
            case .declare, .leave, .skip, .give: break
            }
        }
    }

    // MARK: Expressions

    static func text(_ expression: CodeExpression, in language: CodeLanguage) -> String {
        CodeRenderer(language: language).text(expression)
    }

    /// - Parameter level: how tightly what stands around it binds; looser expressions get parentheses.
    private func text(_ expression: CodeExpression, within level: Int = 0) -> String {
        func put(_ text: String, _ own: Int) -> String { own < level ? "(\(text))" : text }
        let isPython = language == .python
        switch expression {
        case .integer(let value): return "\(value)"
        case .boolean(let value): return language.text(of: value)
        case .name(let name): return name
        case .list(let items): return language.list(items)
        case .arithmetic(let a, let sign, let b):
            let (symbol, own) = Self.symbol(sign, language)
            if sign == .quotient, language == .javaScript { return "Math.trunc(\(text(a, within: own)) / \(text(b, within: own + 1)))" }
            return put("\(text(a, within: own)) \(symbol) \(text(b, within: own + 1))", own)
        case .comparison(let a, let sign, let b):
            let symbol = language != .javaScript ? sign.rawValue : sign == .equal ? "===" : sign == .different ? "!==" : sign.rawValue
            return put("\(text(a, within: 5)) \(symbol) \(text(b, within: 5))", 4)
        case .both(let a, let b): return put("\(text(a, within: 2)) \(isPython ? "and" : "&&") \(text(b, within: 3))", 2)
        case .either(let a, let b): return put("\(text(a, within: 1)) \(isPython ? "or" : "||") \(text(b, within: 2))", 1)
        case .not(let a): return isPython ? put("not \(text(a, within: 3))", 3) : "!\(text(a, within: 8))"
        case .item(let list, let index): return "\(text(list, within: 8))[\(text(index))]"
        case .call(let name, let arguments): return "\(name)(\(arguments.map { text($0) }.joined(separator: ", ")))"
        case .choice(let condition, let yes, let no):
            return isPython
                ? put("\(text(yes, within: 1)) if \(text(condition, within: 1)) else \(text(no))", 0)
                : put("\(text(condition, within: 1)) ? \(text(yes, within: 1)) : \(text(no))", 0)
        }
    }

    private static func symbol(_ sign: CodeOperator, _ language: CodeLanguage) -> (String, level: Int) {
        switch sign {
        case .plus: ("+", 5)
        case .minus: ("-", 5)
        case .times: ("*", 6)
        case .quotient: (language == .python ? "//" : "/", 6)
        case .remainder: ("%", 6)
        }
    }

    /// Java and Swift want a truth value, the others take any number.
    private func condition(_ expression: CodeExpression) -> String {
        switch expression {
        case .name, .arithmetic: language == .java || language == .swift ? "\(text(expression, within: 5)) != 0" : text(expression)
        default: text(expression)
        }
    }

    // MARK: Statements

    /// Without its semicolon.
    private func simple(_ statement: CodeStatement) -> String? {
        switch statement {
        case .declare(let name, .list(let items)): language.listDeclaration(name, items, changes: changing.contains(name))
        case .declare(let name, let value): language.declaration(name, text(value), changes: changing.contains(name))
        case .assign(let name, let value): "\(name) = \(text(value))"
        case .update(let name, let sign, let value): update(name, sign, value)
        case .setItem(let name, let index, let value): "\(name)[\(text(index))] = \(text(value))"
        case .leave: "break"
        case .skip: "continue"
        case .give(let value): "return \(text(value))"
        case .branch, .whileLoop, .count, .each: nil
        }
    }

    private func update(_ name: String, _ sign: CodeOperator, _ value: CodeExpression) -> String {
        if sign == .quotient, language == .javaScript { return "\(name) = \(text(.arithmetic(.name(name), sign, value)))" }
        if value == 1, language != .python, language != .swift, sign == .plus || sign == .minus {
            return name + (sign == .plus ? "++" : "--")
        }
        return "\(name) \(Self.symbol(sign, language).0)= \(text(value))"
    }

    private func head(_ statement: CodeStatement) -> String? {
        switch (statement, language) {
        case (.branch(let test, _, _), .python), (.branch(let test, _, _), .swift): "if \(condition(test))"
        case (.branch(let test, _, _), _): "if (\(condition(test)))"
        case (.whileLoop(let test, _), .python), (.whileLoop(let test, _), .swift): "while \(condition(test))"
        case (.whileLoop(let test, _), _): "while (\(condition(test)))"
        case (.count(let name, let first, let end, let step, _), _): counting(name, first, end, step)
        case (.each(let name, let list, _), .python), (.each(let name, let list, _), .swift): "for \(name) in \(text(list))"
        case (.each(let name, let list, _), .java): "for (int \(name) : \(text(list)))"
        case (.each(let name, let list, _), .javaScript): "for (const \(name) of \(text(list)))"
        default: nil
        }
    }

    private func counting(_ name: String, _ first: Int, _ end: Int, _ step: Int) -> String {
        switch language {
        case .python:
            return step != 1 ? "for \(name) in range(\(first), \(end), \(step))"
                : first != 0 ? "for \(name) in range(\(first), \(end))" : "for \(name) in range(\(end))"
        case .swift:
            return step == 1 ? "for \(name) in \(first)..<\(end)" : "for \(name) in stride(from: \(first), to: \(end), by: \(step))"
        case .java, .c, .javaScript:
            let change = step == 1 ? "\(name)++" : step == -1 ? "\(name)--" : step > 0 ? "\(name) += \(step)" : "\(name) -= \(-step)"
            let sign = step > 0 ? "<" : ">"
            return "for (\(language == .javaScript ? "let" : "int") \(name) = \(first); \(name) \(sign) \(end); \(change))"
        }
    }

    private func block(_ statements: [CodeStatement]) -> String? {
        if language == .python {
            guard let lines = pythonLines(statements, indentation: 0) else { return nil }
            return Self.quoted(lines)
        }
        let parts = statements.map(braced)
        guard !parts.contains(nil) else { return nil }
        return parts.compactMap { $0 }.joined(separator: language == .swift ? "; " : " ")
    }

    private static func quoted(_ lines: [String]) -> String {
        lines.count == 1 ? lines[0] : lines.map { "`\($0)`" }.joined(separator: " ")
    }

    /// A statement of a language with braces, semicolon included where it needs one.
    private func braced(_ statement: CodeStatement) -> String? {
        if let text = simple(statement) { return language == .swift ? text : text + ";" }
        guard let head = head(statement) else { return nil }
        func body(_ statements: [CodeStatement]) -> String? {
            guard let inner = block(statements) else { return nil }
            return language != .swift && statements.count == 1 ? inner : "{ \(inner) }"
        }
        switch statement {
        case .branch(_, let yes, let no):
            guard let yes = body(yes) else { return nil }
            if no.isEmpty { return "\(head) \(yes)" }
            if no.count == 1, case .branch = no[0] { return braced(no[0]).map { "\(head) \(yes) else \($0)" } }
            return body(no).map { "\(head) \(yes) else \($0)" }
        case .whileLoop(_, let inner), .count(_, _, _, _, let inner), .each(_, _, let inner): return body(inner).map { "\(head) \($0)" }
        default: return nil
        }
    }

    /// Lines of Python, a body that needs its own lines set in by one space. A text on one line cannot show more.
    private func pythonLines(_ statements: [CodeStatement], indentation: Int) -> [String]? {
        let margin = String(repeating: " ", count: indentation)
        var lines: [String] = [], joined: [String] = []
        func flush() {
            if !joined.isEmpty { lines.append(margin + joined.joined(separator: "; ")) }
            joined = []
        }
        for statement in statements {
            if let text = simple(statement) {
                joined.append(text)
                continue
            }
            flush()
            guard let compound = pythonCompound(statement, indentation: indentation) else { return nil }
            lines += compound
        }
        flush()
        return lines
    }

    private func pythonCompound(_ statement: CodeStatement, indentation: Int) -> [String]? {
        guard let head = head(statement) else { return nil }
        let margin = String(repeating: " ", count: indentation)
        func suite(_ head: String, _ body: [CodeStatement]) -> [String]? {
            let parts = body.compactMap { simple($0) }
            if parts.count == body.count { return ["\(margin)\(head): \(parts.joined(separator: "; "))"] }
            guard indentation == 0, let inner = pythonLines(body, indentation: 1) else { return nil }
            return ["\(head):"] + inner
        }
        switch statement {
        case .branch(_, let yes, let no):
            guard let first = suite(head, yes) else { return nil }
            if no.isEmpty { return first }
            if no.count == 1, case .branch = no[0] {
                guard var rest = pythonCompound(no[0], indentation: indentation) else { return nil }
                rest[0] = margin + "el" + rest[0].dropFirst(indentation)
                return first + rest
            }
            return suite("else", no).map { first + $0 }
        case .whileLoop(_, let body), .count(_, _, _, _, let body), .each(_, _, let body): return suite(head, body)
        default: return nil
        }
    }

    private func text(_ function: CodeFunction) -> String? {
        let parameters: String, opening: String
        switch language {
        case .python:
            opening = "def \(function.name)(\(function.parameters.joined(separator: ", ")))"
            if function.body.count == 1, let only = simple(function.body[0]) { return "\(opening): \(only)" }
            return pythonLines(function.body, indentation: 1).map { Self.quoted(["\(opening):"] + $0) }
        case .swift:
            parameters = function.parameters.map { "_ \($0): Int" }.joined(separator: ", ")
            opening = "func \(function.name)(\(parameters)) -> Int"
        case .javaScript: opening = "function \(function.name)(\(function.parameters.joined(separator: ", ")))"
        case .java, .c:
            parameters = function.parameters.map { "int \($0)" }.joined(separator: ", ")
            opening = "\(language == .java ? "static " : "")int \(function.name)(\(parameters))"
        }
        return block(function.body).map { "\(opening) { \($0) }" }
    }
}
