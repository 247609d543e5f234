import Foundation
import Questions

/// What a model could learn from a list of questions without reading them.
public struct Biases: Codable, Sendable, Hashable {
    public let count: Int
    /// How often A, B, C, D is right.
    public let letters: [Int]
    /// Pearson's χ² of the letters against equal shares, three degrees of freedom.
    public let chiSquared: Double
    /// The probability of such a χ² or a larger one where the letters are drawn evenly.
    public let p: Double
    /// The accuracy, 0 to 1, of always choosing the longest choice (in characters; ties count by their share). Chance is 0.25.
    public let longestChoice: Double
    /// The same of the shortest choice.
    public let shortestChoice: Double

    public init(_ questions: some Sequence<Question>) {
        var letters = [0, 0, 0, 0]
        var longest = 0.0, shortest = 0.0
        for question in questions {
            letters[question.answer.index] += 1
            let lengths = question.choices.map(\.count)
            let own = lengths[question.answer.index]
            if own == lengths.max() { longest += 1 / Double(lengths.count { $0 == own }) }
            if own == lengths.min() { shortest += 1 / Double(lengths.count { $0 == own }) }
        }
        let count = letters.reduce(0, +)
        self.count = count
        self.letters = letters
        let expected = Double(count) / 4
        let chiSquared = count == 0 ? 0 : letters.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        self.chiSquared = chiSquared
        p = Self.tail(chiSquared)
        longestChoice = count == 0 ? 0 : longest / Double(count)
        shortestChoice = count == 0 ? 0 : shortest / Double(count)
    }

    /// P(χ² ≥ x) with three degrees of freedom: erfc(√(x/2)) + √(2x/π)·e^(−x/2).
    static func tail(_ x: Double) -> Double {
        x <= 0 ? 1 : min(1, erfc((x / 2).squareRoot()) + (2 * x / .pi).squareRoot() * exp(-x / 2))
    }
}
