import Foundation

/// A share of successes with its 95 % Wilson score interval (Wilson 1927), which unlike the textbook interval stays inside
/// 0...1 and is honest near both ends.
public struct Proportion: Codable, Sendable, Hashable {
    public let successes: Int
    public let count: Int
    /// `successes / count`; 0 of 0 counts as 0.
    public let value: Double
    public let lower: Double
    public let upper: Double

    public init(_ successes: Int, of count: Int) {
        precondition(count >= 0 && (0...count).contains(successes), "successes are part of the count")
        self.successes = successes
        self.count = count
        (value, lower, upper) = Self.wilson(Double(successes), Double(count))
    }

    /// From the two counts; what follows from them is not believed to a file.
    /// - Throws: `DecodingError` for counts that no questions have.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let successes = try fields.decode(Int.self, forKey: .successes), count = try fields.decode(Int.self, forKey: .count)
        // So few that sums of them, and of numbers made from them, never overflow.
        guard successes >= 0, successes <= count, count <= Int(Int32.max) else {
            throw DecodingError.dataCorruptedError(
                forKey: .successes, in: fields, debugDescription: "\(successes) successes of \(count) are no share")
        }
        self.init(successes, of: count)
    }

    private static func wilson(_ successes: Double, _ count: Double) -> (Double, Double, Double) {
        guard count > 0 else { return (0, 0, 1) }
        let z = Statistics.normalQuantile975
        let share = successes / count
        let denominator = 1 + z * z / count
        let centre = (share + z * z / (2 * count)) / denominator
        let half = z / denominator * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        // At 0 and at all the interval ends there exactly; rounding must not leave it a hair beside.
        return (share, successes == 0 ? 0 : max(0, centre - half), successes == count ? 1 : min(1, centre + half))
    }
}

/// The numbers behind verdicts.
public enum Statistics {
    /// The 97.5 % quantile of the standard normal distribution.
    static let normalQuantile975 = 1.959963984540054

    /// The two-sided p-value of McNemar's test that both of two answerers are right equally often, exact: under the null
    /// hypothesis each discordant pair falls to either side like a fair coin (McNemar 1947).
    ///
    /// - Parameters:
    ///   - onlyFirst: questions that only the first answered right.
    ///   - onlySecond: questions that only the second answered right.
    public static func mcNemarExact(onlyFirst: Int, onlySecond: Int) -> Double {
        precondition(onlyFirst >= 0 && onlySecond >= 0, "counts are not negative")
        let count = onlyFirst + onlySecond
        let smaller = min(onlyFirst, onlySecond)
        // Nothing is closer to a draw: p is 1, which the sum would miss by its rounding.
        guard count - 2 * smaller > 1 else { return 1 }
        // log C(count, i) − count·log 2, from i = 0 upwards.
        var term = -Double(count) * log(2.0)
        var tail = 0.0
        for i in 0...smaller {
            tail += exp(term)
            term += log(Double(count - i)) - log(Double(i + 1))
        }
        return min(1, 2 * tail)
    }

    /// The same by the χ² approximation with Edwards' continuity correction, for counts at which the exact sum is idle. A draw
    /// gives 1, where the bare formula would correct it into a difference.
    public static func mcNemarAsymptotic(onlyFirst: Int, onlySecond: Int) -> Double {
        precondition(onlyFirst >= 0 && onlySecond >= 0, "counts are not negative")
        let count = Double(onlyFirst + onlySecond)
        guard count > 0 else { return 1 }
        let distance = max(0, abs(Double(onlyFirst - onlySecond)) - 1)
        return erfc((distance * distance / count / 2).squareRoot())
    }
}

/// Two answerers on the same questions.
public struct PairedComparison: Codable, Sendable, Hashable {
    public enum Test: String, Codable, Sendable {
        case exact = "McNemar, exact binomial"
        case asymptotic = "McNemar, chi-squared with continuity correction"
    }

    /// What may be said at the 5 % level.
    public enum Verdict: String, Codable, Sendable {
        case better
        case worse
        /// Neither: the questions do not tell the two apart. That is not a proof that they are equal.
        case noEvidence = "no evidence"

        /// - Parameters:
        ///   - p: two-sided, corrected already where it is one of several.
        ///   - difference: second minus first, in any unit.
        init(p: Double, difference: Int) { self = p >= 0.05 || difference == 0 ? .noEvidence : difference > 0 ? .better : .worse }

        public init(from decoder: any Decoder) throws {
            let word = try decoder.singleValueContainer().decode(String.self)
            // Run folders of earlier versions have another word for it.
            guard let verdict = word == "undecided" ? .noEvidence : Verdict(rawValue: word) else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\"\(word)\" is no verdict"))
            }
            self = verdict
        }

        /// The verdict as it may be pronounced: on fewer than `minimum` questions a difference is an indication only.
        public func word(questions: Int, minimum: Int) -> String {
            self == .noEvidence || questions >= minimum ? rawValue : "indication (\(rawValue))"
        }
    }

    /// On fewer questions nobody is pronounced better: fifty questions once said 92 % of what five hundred said was 80 %.
    public static let minimumQuestions = 500

    public let first: Proportion
    public let second: Proportion
    public let bothRight: Int
    public let onlyFirst: Int
    public let onlySecond: Int
    public let bothWrong: Int
    /// Accuracy of the second minus that of the first.
    public let difference: Double
    /// The 95 % interval of the difference, for matched pairs (Agresti and Min 2005).
    public let lower: Double
    public let upper: Double
    public let p: Double
    public let test: Test
    /// Of the second against the first.
    public let verdict: Verdict

    /// - Parameter pairs: for each question whether the first and whether the second was right.
    public init(_ pairs: [(first: Bool, second: Bool)]) {
        var counts = [[0, 0], [0, 0]]
        for pair in pairs { counts[pair.first ? 1 : 0][pair.second ? 1 : 0] += 1 }
        self.init(bothRight: counts[1][1], onlyFirst: counts[1][0], onlySecond: counts[0][1], bothWrong: counts[0][0])
    }

    private init(bothRight: Int, onlyFirst: Int, onlySecond: Int, bothWrong: Int) {
        self.bothRight = bothRight
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        self.bothWrong = bothWrong
        let count = bothRight + onlyFirst + onlySecond + bothWrong
        first = Proportion(bothRight + onlyFirst, of: count)
        second = Proportion(bothRight + onlySecond, of: count)
        difference = second.value - first.value
        // Half an observation added to each cell, then the ordinary interval.
        let total = Double(count) + 2
        let (gained, lost) = (Double(onlySecond) + 0.5, Double(onlyFirst) + 0.5)
        let centre = (gained - lost) / total
        let half = Statistics.normalQuantile975 * (max(0, gained + lost - (gained - lost) * (gained - lost) / total)).squareRoot() / total
        lower = max(-1, centre - half)
        upper = min(1, centre + half)
        // The exact sum is cheap; beyond this the approximation agrees with it to three digits.
        test = onlyFirst + onlySecond <= 2_000 ? .exact : .asymptotic
        p = test == .exact
            ? Statistics.mcNemarExact(onlyFirst: onlyFirst, onlySecond: onlySecond)
            : Statistics.mcNemarAsymptotic(onlyFirst: onlyFirst, onlySecond: onlySecond)
        verdict = Verdict(p: p, difference: onlySecond - onlyFirst)
    }

    /// From the four counts; what follows from them is not believed to a file.
    /// - Throws: `DecodingError` for counts that are not those of one set of questions.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int { try fields.decode(Int.self, forKey: key) }
        let (bothRight, onlyFirst) = (try count(.bothRight), try count(.onlyFirst))
        let (onlySecond, bothWrong) = (try count(.onlySecond), try count(.bothWrong))
        let first = try fields.decode(Proportion.self, forKey: .first), second = try fields.decode(Proportion.self, forKey: .second)
        // Each is held against the whole before any two are added, which might overflow.
        guard [bothRight, onlyFirst, onlySecond, bothWrong].allSatisfy({ (0...first.count).contains($0) }), first.count == second.count,
            bothRight + onlyFirst + onlySecond + bothWrong == first.count, bothRight + onlyFirst == first.successes,
            bothRight + onlySecond == second.successes
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .onlyFirst, in: fields, debugDescription: "what both, one and none answered right does not add up to \(first.count) questions")
        }
        self.init(bothRight: bothRight, onlyFirst: onlyFirst, onlySecond: onlySecond, bothWrong: bothWrong)
    }

    /// "41.0 % → 63.5 % (+22.5, 95 % interval +13.2 to +31.1), p = 0.00021: better".
    public var sentence: String {
        "\(Text.percent(first.value)) → \(Text.percent(second.value)) (\(Text.signedPoints(difference)), 95 % interval "
            + "\(Text.signedPoints(lower)) to \(Text.signedPoints(upper))), p = \(Text.pValue(p)): "
            + verdict.word(questions: first.count, minimum: Self.minimumQuestions)
    }
}
