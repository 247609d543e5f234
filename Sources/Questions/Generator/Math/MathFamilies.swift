/// Mathematics from sums to small quadratic equations.
enum MathFamilies {
    static let all: [QuestionFamily] = [
        sums, differences, products, powersOfTen, largest, sorting, rounding, digits, sequences, divisibility, remainders, divisors,
        equations, sets, statistics, percentages, fractions, areas, solids, ordering, implications, truthValues,
    ]
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? abs(a) : greatestCommonDivisor(b, a % b) }

/// A number of tenths as a decimal: 37 as "3.7", 40 as "4".
func decimal(tenths: Int) -> String {
    let sign = tenths < 0 ? "-" : "", size = abs(tenths)
    return sign + (size % 10 == 0 ? "\(size / 10)" : "\(size / 10).\(size % 10)")
}
