import Foundation

/// A LaTeX expression of numbers, variables and the usual functions that can be computed.
indirect enum MathExpression {
    case number(Fraction)
    /// π and e, as near as a Double comes to them.
    case constant(Double)
    case infinity
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
        case .number, .constant, .infinity: []
        case .variable(let name): [name]
        case .function(_, let argument): argument.variables
        case .sum(let a, let b), .product(let a, let b), .quotient(let a, let b), .power(let a, let b), .root(let a, degree: let b),
            .logarithm(let a, base: let b), .choose(let a, let b):
            a.variables.union(b.variables)
        }
    }

    func value(at place: MathPlace) -> MathValue {
        switch self {
        case .number(let number): place.settled(number)
        case .constant(let constant): .rounded(constant, error: 0, isIrrational: true)
        case .infinity: .infinite(negative: false)
        case .variable(let name): place.values[name].map(MathValue.exact) ?? .undefined
        case .sum(let a, let b): place.sum(a.value(at: place), b.value(at: place))
        case .product(let a, let b): place.product(a.value(at: place), b.value(at: place))
        case .quotient(let a, let b): place.quotient(a.value(at: place), b.value(at: place))
        case .power(let a, let b): place.power(a.value(at: place), b.value(at: place))
        case .root(let a, let degree): place.power(a.value(at: place), place.quotient(.exact(1), degree.value(at: place)))
        case .function(let name, let argument): place.function(name, argument.value(at: place))
        case .logarithm(let a, let base): place.logarithm(a.value(at: place), base: base.value(at: place))
        case .choose(let n, let k): place.choose(n.value(at: place), k.value(at: place))
        }
    }

    static let functions: Set<String> = [
        "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "log", "exp", "abs", "floor", "ceil",
    ]

    static let greek: Set<String> = [
        "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "nu", "rho", "sigma", "tau", "phi", "varphi", "psi", "omega",
    ]
}

/// What an expression comes to.
enum MathValue {
    case exact(Fraction)
    /// In floating point, with a bound on what rounding has done to it on the way: √2·√2 − 2 is 0 to within that bound, and 2⁻⁶⁰ is not. What is
    /// known to be irrational is no exact number, however near: √2 is not 1.4142135623730951.
    case approximate(Double, error: Double, isIrrational: Bool)
    /// Only where ∞ was written: a number that is too large is unknown.
    case infinite(negative: Bool)
    /// It has left the range of what is computed, or rounding has left too little of it to be told from others.
    case unknown
    case undefined

    static func rounded(_ number: Double, error: Double, isIrrational: Bool = false) -> MathValue {
        // Four units in the last place: more than any function of the C library is off by.
        let error = error + number.magnitude * 0x1p-50
        if number.isNaN { return .undefined }
        guard number.isFinite, number == 0 || number.magnitude > 1e-290, error <= 1e-9 * max(1, number.magnitude) else { return .unknown }
        return .approximate(number, error: error, isIrrational: isIrrational)
    }

    /// √2 + 1, and of what is not 0 also 2√2, is irrational as √2 is.
    static func isIrrational(_ a: MathValue, with b: MathValue) -> Bool {
        switch (a, b) {
        case (.exact, .approximate(_, _, let isIrrational)), (.approximate(_, _, let isIrrational), .exact): isIrrational
        default: false
        }
    }

    var estimate: (value: Double, error: Double)? {
        switch self {
        case .exact(let number):
            let value = number.double
            guard value.isFinite, value == 0 ? number.isZero : value.magnitude > 1e-290 else { return nil }
            return (value, number.isDouble ? 0 : value.magnitude * 0x1p-50)
        case .approximate(let value, let error, _): return (value, error)
        case .infinite, .unknown, .undefined: return nil
        }
    }

    var isUnknown: Bool { if case .unknown = self { true } else { false } }
    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// What is made of operands that have no estimate.
    static func nothing(of operands: MathValue...) -> MathValue { operands.contains(where: \.isUndefined) ? .undefined : .unknown }

    func agrees(with other: MathValue) -> Bool {
        switch (self, other) {
        case (.exact(let a), .exact(let b)): return a == b
        case (.infinite(let a), .infinite(let b)): return a == b
        default:
            guard !MathValue.isIrrational(self, with: other), let a = estimate, let b = other.estimate else { return false }
            return abs(a.value - b.value) <= a.error + b.error
        }
    }
}

/// Where an expression is computed: the values of its variables. Numbers stay exact as long as they can.
struct MathPlace {
    var values: [String: Fraction] = [:]

    /// In bits. Constants of up to 3,000 digits are computed, and no longer ones: 9^{9^{9^9}} costs nothing. With variables there are many places
    /// to compute at, and a longer number may become a rounded one, since whoever differs there differs at simpler places too.
    private var longest: Int { values.isEmpty ? 10_000 : 1_000 }

    func settled(_ number: Fraction?) -> MathValue {
        guard let number else { return .undefined }
        if number.bitWidth <= longest { return .exact(number) }
        return values.isEmpty ? .unknown : .rounded(number.double, error: 0)
    }

    func sum(_ a: MathValue, _ b: MathValue) -> MathValue {
        if case .exact(let a) = a, case .exact(let b) = b { return settled(a + b) }
        guard let x = a.estimate, let y = b.estimate else { return .nothing(of: a, b) }
        return .rounded(x.value + y.value, error: x.error + y.error, isIrrational: MathValue.isIrrational(a, with: b))
    }

    func product(_ a: MathValue, _ b: MathValue) -> MathValue {
        switch (a, b) {
        case (.exact(let a), .exact(let b)): return settled(a * b)
        case (.exact(0), .approximate), (.approximate, .exact(0)): return .exact(0)
        case (.exact(let sign), .infinite(let negative)), (.infinite(let negative), .exact(let sign)):
            return sign == 1 || sign == -1 ? .infinite(negative: negative != sign.isNegative) : .unknown
        default:
            guard let x = a.estimate, let y = b.estimate else { return .nothing(of: a, b) }
            let product = x.value * y.value
            // Below the smallest Double, not 0.
            guard product != 0 || x.value == 0 || y.value == 0 else { return .unknown }
            let error = x.value.magnitude * y.error + y.value.magnitude * x.error + x.error * y.error
            return .rounded(product, error: error, isIrrational: MathValue.isIrrational(a, with: b))
        }
    }

    func quotient(_ a: MathValue, _ b: MathValue) -> MathValue {
        if case .exact(let a) = a, case .exact(let b) = b { return settled(a / b) }
        guard let x = a.estimate, let y = b.estimate, y.value.magnitude > y.error else { return .nothing(of: a, b) }
        if case .exact(0) = a { return a }
        let quotient = x.value / y.value
        guard quotient != 0 || x.value == 0 else { return .unknown }
        let error = (x.error + quotient.magnitude * y.error) / (y.value.magnitude - y.error)
        return .rounded(quotient, error: error, isIrrational: MathValue.isIrrational(a, with: b))
    }

    /// The real power: of a negative base where the exponent, in lowest terms, has an odd denominator.
    func power(_ base: MathValue, _ exponent: MathValue) -> MathValue {
        var fraction: Fraction?
        var isIrrational = false
        if case .exact(let exponent) = exponent { fraction = exponent }
        if case .exact(let base) = base, let fraction {
            if base.isZero { return fraction.isZero || fraction.isNegative ? .undefined : .exact(0) }
            if base.isNegative, fraction.denominator.isEven { return .undefined }
            if base == 1 || base == -1 { return .exact(fraction.numerator.isEven ? 1 : base) }
            if let times = fraction.numerator.integer, let degree = fraction.denominator.integer {
                let root = base.root(degree)
                if let root, times <= longest, (root.bitWidth - 1) * times <= longest {
                    let power = root.power(times)
                    return settled(fraction.isNegative ? 1 / power : power)
                }
                isIrrational = root == nil
            }
            // A power of a whole number that is too long.
            if values.isEmpty, !isIrrational { return .unknown }
        }
        guard let a = base.estimate, let b = exponent.estimate else { return .nothing(of: base, exponent) }
        if a.value < -a.error, fraction?.denominator.isEven != false { return .undefined }
        let isNegative = a.value < 0 && fraction?.numerator.isEven == false
        let size = a.value.magnitude
        // What may be 0 or on either side of it has whole powers only.
        guard size > a.error || b.error == 0 && b.value > 0 && b.value == b.value.rounded() else { return .unknown }
        let power = pow(size, b.value)
        guard power > 0 || size == 0 else { return .unknown }
        let spread = [pow(size + a.error, b.value), pow(max(0, size - a.error), b.value), pow(size, b.value + b.error), pow(size, b.value - b.error)]
        let errors = spread.map { abs($0 - power) }
        let error = max(errors[0], errors[1]) + max(errors[2], errors[3])
        return .rounded(isNegative ? -power : power, error: error, isIrrational: isIrrational)
    }

    func function(_ name: String, _ argument: MathValue) -> MathValue {
        switch name {
        case "factorial":
            guard case .exact(let n) = argument, n.isWhole, !n.isNegative else { return argument.isUnknown ? .unknown : .undefined }
            guard let n = n.numerator.integer, n <= 1_500 else { return .unknown }
            return settled(n < 2 ? 1 : (2...n).reduce(1) { $0 * Fraction($1) })
        case "abs":
            if case .exact(let x) = argument { return .exact(x.isNegative ? -1 * x : x) }
            return argument.estimate.map { .rounded($0.value.magnitude, error: $0.error) } ?? .nothing(of: argument)
        case "floor": return floor(argument)
        case "ceil": return product(.exact(-1), floor(product(.exact(-1), argument)))
        case "tan": return quotient(function("sin", argument), function("cos", argument))
        case "cot": return quotient(function("cos", argument), function("sin", argument))
        case "sec": return quotient(.exact(1), function("cos", argument))
        case "csc": return quotient(.exact(1), function("sin", argument))
        case "exp": return power(.rounded(M_E, error: 0), argument)
        case "log": return logarithm(argument, base: .exact(10))
        default:
            guard let function = Self.real[name], let (x, error) = argument.estimate else { return .nothing(of: argument) }
            // Where a whole period is lost in the error, its two ends tell nothing.
            if ["sin", "cos"].contains(name), error > 1e-6 { return .unknown }
            let value = function(x)
            return .rounded(value, error: error == 0 ? 0 : max(abs(function(x + error) - value), abs(function(x - error) - value)))
        }
    }

    /// The functions that are left to the C library. An error may have taken an argument over the edge of where a function is defined.
    private static let real: [String: @Sendable (Double) -> Double] = [
        "sin": { sin($0) }, "cos": { cos($0) }, "arcsin": { asin(inside($0)) }, "arccos": { acos(inside($0)) }, "arctan": { atan($0) },
        "sinh": { sinh($0) }, "cosh": { cosh($0) }, "tanh": { tanh($0) }, "ln": { log($0) },
    ]

    private static func inside(_ x: Double) -> Double { x.magnitude > 1 + 1e-9 ? .nan : min(1, max(-1, x)) }

    private func floor(_ argument: MathValue) -> MathValue {
        switch argument {
        case .exact(let x): return .exact(x.floor)
        case .approximate(let x, let error, _):
            let (low, high) = ((x - error).rounded(.down), (x + error).rounded(.down))
            return low == high && high.magnitude < 0x1p53 ? .exact(Fraction(Int(low))) : .unknown
        case .infinite, .unknown, .undefined: return .nothing(of: argument)
        }
    }

    func logarithm(_ a: MathValue, base: MathValue) -> MathValue {
        if case .exact(let x) = a, case .exact(let b) = base, !x.isNegative, !x.isZero, !b.isNegative, !b.isZero {
            // Exact where it is whole, so that its floor is known.
            let guess = (x.logarithm / b.logarithm).rounded()
            if guess.magnitude < Double(longest), case .exact(let power) = power(base, .exact(Fraction(Int(guess)))), power == x {
                return .exact(Fraction(Int(guess)))
            }
        }
        return quotient(function("ln", a), function("ln", base))
    }

    /// For whole k: a polynomial in n, so n need not be whole.
    func choose(_ n: MathValue, _ k: MathValue) -> MathValue {
        guard case .exact(var k) = k, k.isWhole, !k.isNegative else { return k.isUnknown ? .unknown : .undefined }
        var most = 50
        if case .exact(let n) = n, n.isWhole, !n.isNegative {
            most = longest
            let rest = n + -1 * k
            if rest.isNegative { return .exact(0) }
            if rest.numerator < k.numerator { k = rest }
        }
        guard let k = k.numerator.integer, k <= most else { return .unknown }
        var value = MathValue.exact(1)
        for index in 0..<k {
            value = quotient(product(value, sum(n, .exact(Fraction(-index)))), .exact(Fraction(index + 1)))
            if value.estimate == nil { return .nothing(of: value) }
        }
        return value
    }
}
