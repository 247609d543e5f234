import Foundation

/// A LaTeX expression of numbers, variables and the usual functions that can be computed.
indirect enum MathExpression {
    case number(Double)
    case variable(String)
    case sum(MathExpression, MathExpression)
    case product(MathExpression, MathExpression)
    case quotient(MathExpression, MathExpression)
    case power(MathExpression, MathExpression)
    case root(MathExpression, degree: MathExpression)
    case function(String, MathExpression)
    case logarithm(MathExpression, base: MathExpression)
    case choose(MathExpression, MathExpression)

    var variables: Set<String> {
        switch self {
        case .number: []
        case .variable(let name): [name]
        case .function(_, let argument): argument.variables
        case .sum(let a, let b), .product(let a, let b), .quotient(let a, let b), .power(let a, let b), .root(let a, degree: let b),
            .logarithm(let a, base: let b), .choose(let a, let b):
            a.variables.union(b.variables)
        }
    }

    /// Not a number where the expression is not defined, or a variable has no value.
    func value(_ values: [String: Double]) -> Double {
        switch self {
        case .number(let number): return number
        case .variable(let name): return values[name] ?? .nan
        case .sum(let a, let b): return a.value(values) + b.value(values)
        case .product(let a, let b): return a.value(values) * b.value(values)
        case .quotient(let a, let b): return a.value(values) / b.value(values)
        case .power(let a, let b): return Self.power(a.value(values), b.value(values))
        case .root(let a, let degree):
            let (radicand, degree) = (a.value(values), degree.value(values))
            if degree == 2 { return radicand.squareRoot() }
            // The real root of a negative number, where the degree is odd.
            if radicand < 0, degree.truncatingRemainder(dividingBy: 2).magnitude == 1 { return -pow(-radicand, 1 / degree) }
            return pow(radicand, 1 / degree)
        case .function(let name, let argument): return Self.functions[name]?(argument.value(values)) ?? .nan
        case .logarithm(let a, let base): return log(a.value(values)) / log(base.value(values))
        case .choose(let n, let k):
            let (n, k) = (n.value(values), k.value(values))
            return (exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1))).rounded()
        }
    }

    /// Whole powers of ten as a literal would be read, so that 3 × 10⁻² is 0.03.
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        if base == 10, exponent == exponent.rounded(), abs(exponent) < 300 { return Double("1e\(Int(exponent))") ?? .nan }
        return pow(base, exponent)
    }

    static let functions: [String: @Sendable (Double) -> Double] = [
        "sin": { sin($0) }, "cos": { cos($0) }, "tan": { tan($0) }, "cot": { 1 / tan($0) }, "sec": { 1 / cos($0) }, "csc": { 1 / sin($0) },
        "arcsin": { asin($0) }, "arccos": { acos($0) }, "arctan": { atan($0) }, "sinh": { sinh($0) }, "cosh": { cosh($0) },
        "tanh": { tanh($0) }, "ln": { log($0) }, "log": { log10($0) }, "exp": { exp($0) }, "abs": { abs($0) },
        "factorial": { $0 < 0 || $0 != $0.rounded() ? .nan : tgamma($0 + 1) },
        "floor": { $0.rounded(.down) }, "ceil": { $0.rounded(.up) },
    ]

    static let greek: Set<String> = [
        "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "nu", "rho", "sigma", "tau", "phi", "varphi", "psi", "omega",
    ]
}
