import Foundation
import Groundwork

/// Whether two final answers are the same: numbers, fractions, radicals and simple expressions by their value, exact as far as it is rational;
/// tuples and intervals part by part, lists, sets and unions in any order, matrices cell by cell, words by their letters. Units in `\text{…}`,
/// degree, percent and currency signs, and "x =" before the answer do not count.
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
        if let verdict = AnswerText.sameWords(left, right) { return verdict }
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
        case (.list(let a), .list(let b)):
            // "x = 1, y = 2" beside numbers keeps its order, which says whose they are.
            let (names, others) = (AnswerShape.names(a), AnswerShape.names(b))
            return parts(a, b, ordered: max(names.count, others.count) > 1 && min(names.count, others.count) == 0)
        // "100,200" is a number, and a list beside a list. Nobody takes the groups of a number for each other.
        case (.list(let a), .single(let b)) where AnswerText.mayBeList(b): return parts(a, AnswerShape.parts(b), ordered: false)
        case (.single(let a), .list(let b)) where AnswerText.mayBeList(a): return parts(AnswerShape.parts(a), b, ordered: false)
        case (.single(let a), .single(let b)) where AnswerText.mayBeList(a) && AnswerText.mayBeList(b):
            return parts(AnswerShape.parts(a), AnswerShape.parts(b), ordered: false)
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
        guard let left = MathParser.parse(AnswerText.decimal(left) ?? left), let right = MathParser.parse(AnswerText.decimal(right) ?? right) else {
            return false
        }
        let names = left.variables.union(right.variables).sorted()
        if names.isEmpty { return left.value(at: MathPlace()).agrees(with: right.value(at: MathPlace())) }
        var random = CounterRandom(seed: 0, phase: "math equivalence")
        func values(_ number: (_ round: Int) -> Fraction) -> [(MathValue, MathValue)] {
            (0..<48).map { round in
                let place = MathPlace(values: Dictionary(uniqueKeysWithValues: names.map { ($0, number(round)) }))
                return (left.value(at: place), right.value(at: place))
            }.filter { !$0.isUnknown && !$1.isUnknown }
        }
        // Equal at many random places, on both sides of 0, means equal (Schwartz 1980). Odd parts of 2²⁰ are never whole, and fine enough that x − y is
        // not 0 by chance.
        let broken = values { round in
            let parts = 2 * random.next(below: [500_000, 2_000_000, 150_000, 50_000_000][round % 4]) + 100_001
            return Fraction(Natural(UInt(parts)), 1 << 20, isNegative: round >= 24 && random.next(below: 2) == 0)
        }
        if broken.contains(where: { !$0.0.isUndefined }), broken.contains(where: { !$0.1.isUndefined }) {
            // Where both are undefined nothing is seen.
            let seen = broken.filter { !$0.isUndefined || !$1.isUndefined }
            return seen.count >= 3 && seen.allSatisfy { $0.agrees(with: $1) }
        }
        // As n! is, defined for whole numbers only. What divides by 0 at one of them is not seen there.
        let whole = values { _ in Fraction(1 + random.next(below: 12)) }.filter { !$0.isUndefined && !$1.isUndefined }
        return whole.count >= 12 && whole.allSatisfy { $0.agrees(with: $1) }
    }
}
