import Foundation

/// A rational number in lowest terms.
struct Fraction: Equatable, ExpressibleByIntegerLiteral {
    let isNegative: Bool
    let numerator: Natural
    let denominator: Natural

    init(_ numerator: Natural, _ denominator: Natural = 1, isNegative: Bool = false) {
        self.isNegative = isNegative && !numerator.isZero
        let shared = numerator.isZero ? denominator : denominator == 1 ? 1 : Natural.greatestCommonDivisor(numerator, denominator)
        self.numerator = shared == 1 ? numerator : numerator.divided(by: shared).quotient
        self.denominator = shared == 1 ? denominator : denominator.divided(by: shared).quotient
    }

    init(_ integer: Int) { self.init(Natural(integer.magnitude), isNegative: integer < 0) }
    init(integerLiteral value: Int) { self.init(value) }

    var isZero: Bool { numerator.isZero }
    var isWhole: Bool { denominator == 1 }
    var bitWidth: Int { max(numerator.bitWidth, denominator.bitWidth) }

    static func + (a: Fraction, b: Fraction) -> Fraction {
        let (left, right, denominator) = (a.numerator * b.denominator, b.numerator * a.denominator, a.denominator * b.denominator)
        if a.isNegative == b.isNegative { return Fraction(left + right, denominator, isNegative: a.isNegative) }
        return left < right
            ? Fraction(right - left, denominator, isNegative: b.isNegative) : Fraction(left - right, denominator, isNegative: a.isNegative)
    }

    static func * (a: Fraction, b: Fraction) -> Fraction {
        Fraction(a.numerator * b.numerator, a.denominator * b.denominator, isNegative: a.isNegative != b.isNegative)
    }

    /// Nil for a division by 0.
    static func / (a: Fraction, b: Fraction) -> Fraction? {
        b.isZero ? nil : Fraction(a.numerator * b.denominator, a.denominator * b.numerator, isNegative: a.isNegative != b.isNegative)
    }

    func power(_ exponent: Int) -> Fraction {
        Fraction(numerator.power(exponent), denominator.power(exponent), isNegative: isNegative && exponent % 2 == 1)
    }

    /// Nil where it is irrational. Of a negative number for an odd degree.
    func root(_ degree: Int) -> Fraction? {
        guard degree > 1 else { return self }
        let (above, below) = (numerator.root(degree), denominator.root(degree))
        return above.power(degree) == numerator && below.power(degree) == denominator ? Fraction(above, below, isNegative: isNegative) : nil
    }

    var floor: Fraction {
        let (quotient, rest) = numerator.divided(by: denominator)
        return Fraction(isNegative && !rest.isZero ? quotient + 1 : quotient, isNegative: isNegative)
    }

    /// To within two units in the last place; infinite or 0 outside of a Double's range.
    var double: Double {
        let (above, below) = (numerator.leading, denominator.leading)
        return (isNegative ? -1 : 1) * scalbn(above.value / below.value, above.exponent - below.exponent)
    }

    /// Whether `double` is exact.
    var isDouble: Bool { numerator.bitWidth <= 53 && denominator.bitWidth == denominator.trailingZeros + 1 }

    /// Of its size; a guess.
    var logarithm: Double {
        let (above, below) = (numerator.leading, denominator.leading)
        return log(above.value / below.value) + Double(above.exponent - below.exponent) * M_LN2
    }
}

/// A whole number from 0 on, of any size. The long ways of multiplying and dividing do for what `MathPlace` lets become no longer.
struct Natural: Comparable, ExpressibleByIntegerLiteral {
    /// The lowest first, and none of 0 at the end.
    private var words: [UInt]

    init(_ value: UInt) { words = value == 0 ? [] : [value] }
    init(integerLiteral value: UInt) { self.init(value) }

    private init(words: [UInt]) {
        self.words = words
        trim()
    }

    /// Nil for what is not decimal digits.
    init?(digits: some StringProtocol) {
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        self = digits.reduce(0) { $0 * 10 + Natural(UInt($1.wholeNumberValue ?? 0)) }
    }

    private mutating func trim() { while words.last == 0 { words.removeLast() } }

    var isZero: Bool { words.isEmpty }
    var isEven: Bool { words.first.map { $0 % 2 == 0 } ?? true }
    var bitWidth: Int { words.last.map { words.count * 64 - $0.leadingZeroBitCount } ?? 0 }
    var trailingZeros: Int { words.firstIndex { $0 != 0 }.map { $0 * 64 + words[$0].trailingZeroBitCount } ?? 0 }
    var integer: Int? { isZero ? 0 : words.count == 1 ? Int(exactly: words[0]) : nil }

    /// The first 64 bits, and how many follow.
    var leading: (value: Double, exponent: Int) {
        let rest = max(0, bitWidth - 64)
        return (Double((self >> rest).words.first ?? 0), rest)
    }

    static func < (a: Natural, b: Natural) -> Bool {
        if a.words.count != b.words.count { return a.words.count < b.words.count }
        for index in a.words.indices.reversed() where a.words[index] != b.words[index] { return a.words[index] < b.words[index] }
        return false
    }

    static func + (a: Natural, b: Natural) -> Natural {
        var (sum, carry) = (a.words.count < b.words.count ? b.words : a.words, UInt(0))
        let other = a.words.count < b.words.count ? a.words : b.words
        for index in sum.indices {
            if index >= other.count, carry == 0 { break }
            let (first, over) = sum[index].addingReportingOverflow(index < other.count ? other[index] : 0)
            let (second, overAgain) = first.addingReportingOverflow(carry)
            (sum[index], carry) = (second, over || overAgain ? 1 : 0)
        }
        return Natural(words: carry == 0 ? sum : sum + [carry])
    }

    /// What is taken away is no larger.
    static func -= (a: inout Natural, b: Natural) {
        var borrow: UInt = 0
        for index in a.words.indices {
            if index >= b.words.count, borrow == 0 { break }
            let (first, under) = a.words[index].subtractingReportingOverflow(index < b.words.count ? b.words[index] : 0)
            let (second, underAgain) = first.subtractingReportingOverflow(borrow)
            (a.words[index], borrow) = (second, under || underAgain ? 1 : 0)
        }
        a.trim()
    }

    static func - (a: Natural, b: Natural) -> Natural {
        var difference = a
        difference -= b
        return difference
    }

    static func * (a: Natural, b: Natural) -> Natural {
        var product = [UInt](repeating: 0, count: a.words.count + b.words.count)
        for (place, digit) in a.words.enumerated() {
            var carry: UInt = 0
            for (offset, other) in b.words.enumerated() {
                // (2⁶⁴ − 1)² + 2 (2⁶⁴ − 1) is still below 2¹²⁸.
                var (high, low) = digit.multipliedFullWidth(by: other)
                for addend in [product[place + offset], carry] {
                    let (sum, over) = low.addingReportingOverflow(addend)
                    (low, high) = (sum, over ? high + 1 : high)
                }
                (product[place + offset], carry) = (low, high)
            }
            product[place + b.words.count] = carry
        }
        return Natural(words: product)
    }

    static func << (a: Natural, bits: Int) -> Natural {
        let (whole, part) = (bits / 64, bits % 64)
        var shifted = [UInt](repeating: 0, count: whole) + a.words + [0]
        if part > 0 {
            for index in shifted.indices.dropFirst(whole).reversed() {
                shifted[index] = shifted[index] << part | (index > whole ? shifted[index - 1] >> (64 - part) : 0)
            }
        }
        return Natural(words: shifted)
    }

    static func >> (a: Natural, bits: Int) -> Natural {
        let (whole, part) = (bits / 64, bits % 64)
        var shifted = Array(a.words.dropFirst(whole))
        if part > 0 {
            for index in shifted.indices {
                shifted[index] = shifted[index] >> part | (index + 1 < shifted.count ? shifted[index + 1] << (64 - part) : 0)
            }
        }
        return Natural(words: shifted)
    }

    func divided(by divisor: Natural) -> (quotient: Natural, rest: Natural) {
        if self < divisor { return (0, self) }
        var quotient = [UInt](repeating: 0, count: words.count)
        if divisor.words.count == 1 {
            var rest: UInt = 0
            for index in words.indices.reversed() { (quotient[index], rest) = divisor.words[0].dividingFullWidth((rest, words[index])) }
            return (Natural(words: quotient), Natural(rest))
        }
        // Bit by bit.
        var rest: Natural = 0
        for bit in (0..<bitWidth).reversed() {
            rest.double(adding: words[bit / 64] >> (bit % 64) & 1)
            if rest < divisor { continue }
            rest -= divisor
            quotient[bit / 64] |= 1 << (bit % 64)
        }
        return (Natural(words: quotient), rest)
    }

    private mutating func double(adding bit: UInt) {
        var carry = bit
        for index in words.indices { (words[index], carry) = (words[index] << 1 | carry, words[index] >> 63) }
        if carry > 0 { words.append(carry) }
    }

    /// By one division, since one of the two is often short, and then by subtractions and shifts (Stein 1967). Neither is 0.
    static func greatestCommonDivisor(_ a: Natural, _ b: Natural) -> Natural {
        let shorter = min(a, b), rest = max(a, b).divided(by: shorter).rest
        if rest.isZero { return shorter }
        let shared = min(rest.trailingZeros, shorter.trailingZeros)
        var (a, b) = (rest >> rest.trailingZeros, shorter >> shorter.trailingZeros)
        while a != b {
            if a == 1 || b == 1 { return Natural(1) << shared }
            if a < b { swap(&a, &b) }
            a -= b
            a = a >> a.trailingZeros
        }
        return a << shared
    }

    func power(_ exponent: Int) -> Natural {
        if exponent == 0 { return 1 }
        let half = power(exponent / 2)
        return exponent % 2 == 0 ? half * half : half * half * self
    }

    /// The largest number whose power is no larger than this one, bit by bit.
    func root(_ degree: Int) -> Natural {
        if self < 2 { return self }
        var root: Natural = 0
        for bit in (0...((bitWidth - 1) / degree)).reversed() {
            let larger = root + Natural(1) << bit
            // Its power has at least that many bits, which need not be computed to be too many.
            if (larger.bitWidth - 1) * degree < bitWidth, larger.power(degree) <= self { root = larger }
        }
        return root
    }
}
