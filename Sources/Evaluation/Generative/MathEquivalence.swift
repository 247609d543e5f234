import Foundation
import Groundwork

/// Whether two final answers are the same: numbers, fractions, radicals and simple expressions by their value, tuples and intervals part by
/// part, lists, sets and unions in any order, matrices cell by cell, words by their letters. Units in `\text{…}`, degree, percent and
/// currency signs, and "x =" before the answer do not count.
public enum MathEquivalence {
    public static func same(_ left: String, _ right: String) -> Bool {
        let (left, right) = (AnswerText.clean(left), AnswerText.clean(right))
        guard !left.isEmpty, !right.isEmpty else { return false }
        // Nobody's final answer; reading it would go as deep as its brackets do.
        if max(left.count, right.count) > longest { return AnswerText.bare(left) == AnswerText.bare(right) }
        return same(left, right, depth: 0)
    }

    private static let longest = 500

    private static func same(_ left: String, _ right: String, depth: Int) -> Bool {
        guard depth < 12 else { return false }
        if AnswerText.bare(left) == AnswerText.bare(right) { return true }
        if let left = AnswerText.words(left), let right = AnswerText.words(right) { return left == right }
        func parts(_ left: [String], _ right: [String], ordered: Bool) -> Bool {
            guard left.count == right.count else { return false }
            if ordered { return zip(left, right).allSatisfy { same($0, $1, depth: depth + 1) } }
            var rest = right
            for part in left {
                guard let match = rest.firstIndex(where: { same(part, $0, depth: depth + 1) }) else { return false }
                rest.remove(at: match)
            }
            return true
        }
        switch (AnswerShape(left), AnswerShape(right)) {
        case (.union(let a), .union(let b)): return parts(a, b, ordered: false)
        case (.list(let a), .list(let b)): return parts(a, b, ordered: false)
        case (.bracketed(let open, let a, let close), .bracketed(let otherOpen, let b, let otherClose)):
            return open == otherOpen && close == otherClose && parts(a, b, ordered: true)
        case (.matrix(let a), .matrix(let b)): return a.map(\.count) == b.map(\.count) && parts(a.flatMap { $0 }, b.flatMap { $0 }, ordered: true)
        case (.equation(let a, let b), .equation(let c, let d)): return parts([a, b], [c, d], ordered: true) || parts([a, b], [d, c], ordered: true)
        case (.equation(let name, let value), .single(let other)), (.single(let other), .equation(let name, let value)):
            return AnswerText.isName(name) && same(value, other, depth: depth + 1)
        case (.equation(let name, let value), _) where AnswerText.isName(name): return same(value, right, depth: depth + 1)
        case (_, .equation(let name, let value)) where AnswerText.isName(name): return same(left, value, depth: depth + 1)
        case (.single(let a), .single(let b)): return sameValue(a, b)
        default: return false
        }
    }

    private static func sameValue(_ left: String, _ right: String) -> Bool {
        // Literals digit by digit: no tolerance can tell neighbours among large numbers apart.
        if let left = AnswerText.decimal(left), let right = AnswerText.decimal(right) { return left == right }
        guard let left = MathParser.parse(left), let right = MathParser.parse(right) else { return false }
        let names = left.variables.union(right.variables).sorted()
        if names.isEmpty { return near(left.value([:]), right.value([:])) }
        // Equal at many random places, on both sides of 0, means equal (Schwartz 1980); where both are undefined nothing is seen.
        var random = CounterRandom(seed: 0, phase: "math equivalence")
        var compared = 0
        for round in 0..<48 {
            let scale = [1.0, 4, 0.3][round % 3]
            let values = Dictionary(uniqueKeysWithValues: names.map { name in
                let sign: Double = round < 24 ? 1 : random.next(below: 2) == 0 ? -1 : 1
                return (name, sign * scale * (0.2 + 2 * random.uniform()))
            })
            let (a, b) = (left.value(values), right.value(values))
            guard a.isFinite || b.isFinite else { continue }
            guard near(a, b) else { return false }
            compared += 1
        }
        return compared >= 3
    }

    private static func near(_ a: Double, _ b: Double) -> Bool {
        a == b || abs(a - b) <= 1e-15 + 1e-9 * max(abs(a), abs(b)) && a.isFinite && b.isFinite
    }
}
