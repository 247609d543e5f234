import Foundation

extension Statistics {
    /// The 80 % quantile of the standard normal distribution.
    private static let normalQuantile80 = 0.8416212335729143
    /// On fewer discordant pairs the exact test stays above 5 % even where all of them fall to one side.
    private static let leastDiscordant = 6

    /// Holm's step-down correction of p-values that are looked at together (Holm 1979): whoever calls those below 5 % different
    /// errs in one or more of them in at most 5 % of all families.
    public static func holm(_ values: [Double]) -> [Double] {
        var corrected = values
        var largest = 0.0
        for (rank, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
            largest = max(largest, min(1, Double(values.count - rank) * values[index]))
            corrected[index] = largest
        }
        return corrected
    }

    /// The 95 % percentile interval of the bootstrap over questions, of the difference of two accuracies on the same questions.
    ///
    /// A resample's difference depends only on how often a question that was lost, kept or gained was drawn, so its distribution is
    /// that of `count` draws from three kinds. It is computed here in full, which is what ever more resamples tend to: the
    /// coefficients of (a + b·x + c·x²)ⁿ with the three shares a, b, c, each from the two before it by
    ///
    ///     a (k + 1) p[k+1] = b (n − k) p[k] + c (2n − k + 1) p[k−1].
    ///
    /// - Parameters:
    ///   - onlyFirst: questions that only the first answered right.
    ///   - onlySecond: questions that only the second answered right.
    public static func bootstrapInterval(onlyFirst: Int, onlySecond: Int, of count: Int) -> ClosedRange<Double> {
        precondition(onlyFirst >= 0 && onlySecond >= 0 && onlyFirst + onlySecond <= count, "the pairs are part of the count")
        guard count > 0 else { return -1...1 }
        let (a, c) = (Double(onlyFirst) / Double(count), Double(onlySecond) / Double(count))
        let b = Double(count - onlyFirst - onlySecond) / Double(count)
        // All terms are positive up to the middle; the other half comes from the other end.
        let below = lowerHalf(a, b, c, count), above = lowerHalf(c, b, a, count).dropLast().reversed()
        var cumulative = 0.0
        var lower: Int?
        for (index, logarithm) in (below + above).enumerated() {
            cumulative += exp(logarithm)
            if lower == nil, cumulative >= 0.025 { lower = index - count }
            if cumulative >= 0.975 {
                return Double(lower ?? -count) / Double(count)...Double(index - count) / Double(count)
            }
        }
        return Double(lower ?? -count) / Double(count)...1
    }

    /// Logarithms of the coefficients 0...count of (a + b·x + c·x²)^count.
    private static func lowerHalf(_ a: Double, _ b: Double, _ c: Double, _ count: Int) -> [Double] {
        let n = Double(count)
        var logs = [Double](repeating: -.infinity, count: count + 1)
        guard a > 0 else {
            logs[count] = n * log(b)
            return logs
        }
        logs[0] = n * log(a)
        for index in 0..<count {
            let k = Double(index)
            let same = log(b * (n - k)) + logs[index]
            let before = index > 0 ? log(c * (2 * n - k + 1)) + logs[index - 1] : -.infinity
            let larger = max(same, before)
            guard larger > -.infinity else { continue }
            logs[index + 1] = larger + log1p(exp(min(same, before) - larger)) - log(a * (k + 1))
        }
        return logs
    }

    /// How many questions it takes to see, with a chance of 80 % and at the 5 % level, a difference as large as the one observed
    /// (Connor 1987, for McNemar's test), and not fewer than those among which the exact test can see anything; nil where none was observed.
    public static func questionsNeeded(onlyFirst: Int, onlySecond: Int, of count: Int) -> Int? {
        guard count > 0, onlyFirst != onlySecond else { return nil }
        let discordant = Double(onlyFirst + onlySecond) / Double(count)
        let difference = Double(onlySecond - onlyFirst) / Double(count)
        let root = normalQuantile975 * discordant.squareRoot()
            + normalQuantile80 * max(0, discordant - difference * difference).squareRoot()
        // Connor's formula is the normal approximation's: of one that was gained and none that was lost it says that four such would do.
        let least = Double(leastDiscordant * count) / Double(onlyFirst + onlySecond)
        return Int(exactly: max(root * root / (difference * difference), least).rounded(.up))
    }
}
