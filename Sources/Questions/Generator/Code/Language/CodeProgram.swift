/// The generator's own little language: whole numbers, truth values and lists of numbers; what it prints in five languages is
/// computed by `CodeInterpreter` and written by `CodeRenderer`.
indirect enum CodeExpression: Equatable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case integer(Int)
    case boolean(Bool)
    case name(String)
    case list([Int])
    case arithmetic(CodeExpression, CodeOperator, CodeExpression)
    case comparison(CodeExpression, CodeComparison, CodeExpression)
    case both(CodeExpression, CodeExpression)
    case either(CodeExpression, CodeExpression)
    case not(CodeExpression)
    case item(CodeExpression, CodeExpression)
    case call(String, [CodeExpression])
    case choice(CodeExpression, CodeExpression, CodeExpression)

    init(integerLiteral value: Int) { self = .integer(value) }
    /// A name.
    init(stringLiteral value: String) { self = .name(value) }

    static func + (a: Self, b: Self) -> Self { .arithmetic(a, .plus, b) }
    static func - (a: Self, b: Self) -> Self { .arithmetic(a, .minus, b) }
    static func * (a: Self, b: Self) -> Self { .arithmetic(a, .times, b) }
    static func / (a: Self, b: Self) -> Self { .arithmetic(a, .quotient, b) }
    static func % (a: Self, b: Self) -> Self { .arithmetic(a, .remainder, b) }
}

enum CodeOperator: Equatable {
    case plus, minus, times
    /// Division of whole numbers as the language has it: `//` in Python, `Math.trunc(a / b)` in JavaScript.
    case quotient
    case remainder
}

enum CodeComparison: String, Equatable {
    case less = "<", atMost = "<=", greater = ">", atLeast = ">=", equal = "==", different = "!="

    /// What a reader off by one takes it for.
    var neighbour: CodeComparison {
        switch self {
        case .less: .atMost
        case .atMost: .less
        case .greater: .atLeast
        case .atLeast: .greater
        case .equal: .different
        case .different: .equal
        }
    }
}

indirect enum CodeStatement: Equatable {
    case declare(String, CodeExpression)
    case assign(String, CodeExpression)
    /// `+=` and its like.
    case update(String, CodeOperator, CodeExpression)
    case setItem(String, CodeExpression, CodeExpression)
    case branch(CodeExpression, [CodeStatement], [CodeStatement])
    case whileLoop(CodeExpression, [CodeStatement])
    /// From the first number towards the second, which is left out; the step may be negative.
    case count(String, Int, Int, step: Int, [CodeStatement])
    /// Over the items of a list; not in C.
    case each(String, CodeExpression, [CodeStatement])
    case leave
    case skip
    case give(CodeExpression)

    var isSimple: Bool {
        switch self {
        case .branch, .whileLoop, .count, .each: false
        default: true
        }
    }
}

struct CodeFunction: Equatable {
    var name: String
    /// All whole numbers, as is the result.
    var parameters: [String]
    var body: [CodeStatement]
}

struct CodeProgram: Equatable {
    var function: CodeFunction?
    var statements: [CodeStatement] = []
    /// What is asked for.
    var result: CodeExpression
}

enum CodeValue: Equatable {
    case integer(Int)
    case boolean(Bool)
    case list([Int])

    /// As the language writes it; arrays of C and Java as in their initialisers.
    func text(in language: CodeLanguage) -> String {
        switch self {
        case .integer(let value): "\(value)"
        case .boolean(let value): language.text(of: value)
        case .list(let items): language.list(items)
        }
    }
}
