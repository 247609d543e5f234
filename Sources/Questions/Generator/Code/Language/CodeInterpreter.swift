/// Runs programs of the little language by the rules of one of the five languages.
struct CodeInterpreter {
    /// Why a program has no result that could be asked for.
    enum Refusal: Error {
        /// Undefined, an exception, or beyond 32 bits, where the languages part.
        case noValue
        case tooLong
    }

    let language: CodeLanguage
    private var history: [String: [CodeValue]] = [:]
    private var calls: [[CodeValue]] = []
    private var function: CodeFunction?
    private var frames: [[String: CodeValue]] = [[:]]
    private var steps = 0

    private enum Flow { case next, leave, skip, give(CodeValue) }

    private static let stepLimit = 3000
    private static let depthLimit = 40

    private init(_ language: CodeLanguage) { self.language = language }

    /// A result and what happened on the way.
    struct Run {
        let value: CodeValue
        /// Every value that a name was given outside functions, in order.
        let history: [String: [CodeValue]]
        /// The arguments of every call, in order.
        let calls: [[CodeValue]]
    }

    /// nil where there is no result.
    static func run(_ program: CodeProgram, in language: CodeLanguage) -> Run? {
        var interpreter = CodeInterpreter(language)
        interpreter.function = program.function
        do {
            _ = try interpreter.run(program.statements)
            let value = try interpreter.value(program.result)
            return Run(value: value, history: interpreter.history, calls: interpreter.calls)
        } catch { return nil }
    }

    private mutating func run(_ statements: [CodeStatement]) throws -> Flow {
        for statement in statements {
            let flow = try run(statement)
            guard case .next = flow else { return flow }
        }
        return .next
    }

    private mutating func run(_ statement: CodeStatement) throws -> Flow {
        steps += 1
        guard steps < Self.stepLimit else { throw Refusal.tooLong }
        switch statement {
        case .declare(let name, let expression), .assign(let name, let expression):
            set(name, try value(expression))
        case .update(let name, let sign, let expression):
            set(name, try value(.arithmetic(.name(name), sign, expression)))
        case .setItem(let name, let index, let expression):
            guard case .list(var items) = try value(.name(name)) else { throw Refusal.noValue }
            items[try place(of: try integer(index), in: items)] = try integer(expression)
            set(name, .list(items))
        case .branch(let condition, let yes, let no):
            return try run(try truth(condition) ? yes : no)
        case .whileLoop(let condition, let body):
            while try truth(condition) {
                if let flow = try runOnce(body) { return flow }
            }
        case .count(let name, let first, let end, let step, let body):
            return try count(name, from: first, to: end, step: step, body)
        case .each(let name, let list, let body):
            guard case .list(let items) = try value(list) else { throw Refusal.noValue }
            for item in items {
                frames[frames.count - 1][name] = .integer(item)
                if let flow = try runOnce(body) { return flow }
            }
        case .leave: return .leave
        case .skip: return .skip
        case .give(let expression): return .give(try value(expression))
        }
        return .next
    }

    private mutating func count(_ name: String, from first: Int, to end: Int, step: Int, _ body: [CodeStatement]) throws -> Flow {
        var number = first
        while step > 0 ? number < end : number > end {
            frames[frames.count - 1][name] = .integer(number)
            if let flow = try runOnce(body) { return flow }
            number = (language.loopsOverRange ? number : try integer(.name(name))) + step
        }
        return .next
    }

    /// A turn of a loop: what ends the loop, nil to go on.
    private mutating func runOnce(_ body: [CodeStatement]) throws -> Flow? {
        steps += 1
        guard steps < Self.stepLimit else { throw Refusal.tooLong }
        switch try run(body) {
        case .next, .skip: return nil
        case .leave: return .next
        case .give(let value): return .give(value)
        }
    }

    private mutating func set(_ name: String, _ value: CodeValue) {
        frames[frames.count - 1][name] = value
        if frames.count == 1 { history[name, default: []].append(value) }
    }

    private mutating func value(_ expression: CodeExpression) throws -> CodeValue {
        switch expression {
        case .integer(let value): return .integer(value)
        case .boolean(let value): return .boolean(value)
        case .list(let items): return .list(items)
        case .name(let name):
            guard let value = frames[frames.count - 1][name] else { throw Refusal.noValue }
            return value
        case .arithmetic(let a, let sign, let b): return .integer(try arithmetic(try integer(a), sign, try integer(b)))
        case .comparison(let a, let sign, let b):
            let (a, b) = (try integer(a), try integer(b))
            switch sign {
            case .less: return .boolean(a < b)
            case .atMost: return .boolean(a <= b)
            case .greater: return .boolean(a > b)
            case .atLeast: return .boolean(a >= b)
            case .equal: return .boolean(a == b)
            case .different: return .boolean(a != b)
            }
        case .both(let a, let b): return .boolean(try truth(a) ? try truth(b) : false)
        case .either(let a, let b): return .boolean(try truth(a) ? true : try truth(b))
        case .not(let a): return .boolean(!(try truth(a)))
        case .item(let list, let index):
            guard case .list(let items) = try value(list) else { throw Refusal.noValue }
            return .integer(items[try place(of: try integer(index), in: items)])
        case .call(_, let arguments): return try call(arguments)
        case .choice(let condition, let yes, let no): return try value(try truth(condition) ? yes : no)
        }
    }

    private mutating func call(_ arguments: [CodeExpression]) throws -> CodeValue {
        guard let function, frames.count < Self.depthLimit else { throw Refusal.tooLong }
        let values = try arguments.map { try value($0) }
        calls.append(values)
        frames.append(Dictionary(uniqueKeysWithValues: zip(function.parameters, values)))
        defer { frames.removeLast() }
        guard case .give(let result) = try run(function.body) else { throw Refusal.noValue }
        return result
    }

    private func arithmetic(_ a: Int, _ sign: CodeOperator, _ b: Int) throws -> Int {
        let result: Int
        switch sign {
        case .plus: result = a + b
        case .minus: result = a - b
        case .times: result = a * b
        case .quotient, .remainder:
            guard b != 0 else { throw Refusal.noValue }
            result = sign == .quotient ? language.quotient(a, b) : language.remainder(a, b)
        }
        // Within 31 bits every language agrees, and no product of two such numbers overflows here.
        guard abs(result) < 1 << 30 else { throw Refusal.noValue }
        return result
    }

    /// Negative indices count from the end in Python; elsewhere they are an error, undefined behaviour or `undefined`.
    private func place(of index: Int, in items: [Int]) throws -> Int {
        let place = index < 0 && language == .python ? index + items.count : index
        guard items.indices.contains(place) else { throw Refusal.noValue }
        return place
    }

    private mutating func integer(_ expression: CodeExpression) throws -> Int {
        guard case .integer(let number) = try value(expression) else { throw Refusal.noValue }
        return number
    }

    private mutating func truth(_ expression: CodeExpression) throws -> Bool {
        switch try value(expression) {
        case .boolean(let value): return value
        // Python, C and JavaScript take 0 for false; the renderer writes `!= 0` for Java and Swift.
        case .integer(let number): return number != 0
        case .list: throw Refusal.noValue
        }
    }
}
