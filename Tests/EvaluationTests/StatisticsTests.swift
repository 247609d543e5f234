import Foundation
import Testing

import Evaluation

private func near(_ left: Double, _ right: Double, _ tolerance: Double = 1e-12) -> Bool {
    abs(left - right) <= tolerance * max(1, abs(right))
}

@Suite struct StatisticsTests {
    /// statsmodels 0.14: `proportion_confint(successes, count, method="wilson")`.
    @Test(arguments: [
        (32, 100, 0.2366914732499909, 0.4166261861045239),
        (22, 126, 0.11822657521118261, 0.2502340016740576),
        (48, 198, 0.18800225059484282, 0.3066506289673699),
        (0, 50, 0.0, 0.07134759913335874),
        (50, 50, 0.9286524008666412, 1.0),
        (46, 50, 0.8116175308165716, 0.9684504859114069),
        (1, 3, 0.06149194472039626, 0.7923403991979523),
        (430, 500, 0.826833135055546, 0.8876773398121365),
    ])
    func wilsonInterval(successes: Int, count: Int, lower: Double, upper: Double) {
        let proportion = Proportion(successes, of: count)
        #expect(near(proportion.lower, lower))
        #expect(near(proportion.upper, upper))
        #expect(proportion.value == Double(successes) / Double(count))
    }

    @Test func nothingAskedIsNothingKnown() {
        let proportion = Proportion(0, of: 0)
        #expect(proportion.value == 0)
        #expect(proportion.lower == 0 && proportion.upper == 1)
    }

    /// statsmodels 0.14: `mcnemar(table, exact=True).pvalue`; the last one needs every term of a long sum.
    @Test(arguments: [
        (5, 12, 0.143463134765625), (12, 5, 0.143463134765625), (3, 3, 1.0), (0, 6, 0.03125), (1, 0, 1.0),
        (20, 45, 0.0026263768106840374), (2, 25, 5.647540092468262e-06), (310, 390, 0.0028012501445072646),
    ])
    func exactMcNemar(onlyFirst: Int, onlySecond: Int, p: Double) {
        let found = Statistics.mcNemarExact(onlyFirst: onlyFirst, onlySecond: onlySecond)
        #expect(abs(found - p) <= 1e-10 * p)
    }

    @Test func withoutDiscordantPairsNothingIsShown() {
        for count in 0...60 { #expect(Statistics.mcNemarExact(onlyFirst: count, onlySecond: count + 1) == 1) }
        #expect(Statistics.mcNemarExact(onlyFirst: 0, onlySecond: 0) == 1)
        #expect(Statistics.mcNemarAsymptotic(onlyFirst: 0, onlySecond: 0) == 1)
    }

    /// statsmodels 0.14: `mcnemar(table, exact=False, correction=True).pvalue`.
    @Test(arguments: [
        (5, 12, 0.1456100953968629), (0, 6, 0.041226833337163815), (20, 45, 0.0029124200699637),
        (310, 390, 0.0028272720911168125), (2, 25, 2.2967108733407456e-05), (1, 0, 1.0),
    ])
    func asymptoticMcNemar(onlyFirst: Int, onlySecond: Int, p: Double) {
        let found = Statistics.mcNemarAsymptotic(onlyFirst: onlyFirst, onlySecond: onlySecond)
        #expect(abs(found - p) <= 1e-10 * p)
    }

    /// The correction must not make a draw look like a difference.
    @Test func aDrawIsADraw() {
        #expect(Statistics.mcNemarAsymptotic(onlyFirst: 3, onlySecond: 3) == 1)
    }

    private func pairs(both: Int, onlyFirst: Int, onlySecond: Int, neither: Int) -> [(first: Bool, second: Bool)] {
        Array(repeating: (true, true), count: both) + Array(repeating: (true, false), count: onlyFirst)
            + Array(repeating: (false, true), count: onlySecond) + Array(repeating: (false, false), count: neither)
    }

    /// Interval by the formula of Agresti and Min (2005) with scipy's `norm.ppf(0.975)`.
    @Test func pairedComparison() {
        let comparison = PairedComparison(pairs(both: 100, onlyFirst: 20, onlySecond: 45, neither: 135))
        #expect(comparison.first.successes == 120)
        #expect(comparison.second.successes == 145)
        #expect(near(comparison.difference, 25.0 / 300))
        #expect(near(comparison.lower, 0.03089009435120746))
        #expect(near(comparison.upper, 0.13467281955607732))
        #expect(comparison.test == .exact)
        #expect(near(comparison.p, 0.0026263768106840374))
        #expect(comparison.verdict == .better)
        #expect(comparison.sentence == "40.0 % → 48.3 % (+8.3, 95 % interval +3.1 to +13.5), p = 0.0026: indication (better)")
    }

    @Test(arguments: [#"{"successes": 4, "count": 3}"#, #"{"successes": -1, "count": 3}"#, #"{"successes": 1, "count": 9223372036854775807}"#])
    func noShareIsReadFromDamagedCounts(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Proportion.self, from: Data(text.utf8)) }
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test(arguments: [
        (#""onlyFirst":1"#, #""onlyFirst":50"#), (#""onlyFirst":1"#, #""onlyFirst":-1"#), (#""onlySecond":3"#, #""onlySecond":2"#),
        (#""bothWrong":4"#, #""bothWrong":9223372036854775807"#), (#""bothRight":2"#, #""bothRight":3"#), (#""count":10"#, #""count":11"#),
    ])
    func noComparisonIsReadFromDamagedCounts(whole: String, damaged: String) throws {
        let text = try json(PairedComparison(pairs(both: 2, onlyFirst: 1, onlySecond: 3, neither: 4)))
        try #require(text.contains(whole))
        let broken = text.replacingOccurrences(of: whole, with: damaged)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(PairedComparison.self, from: Data(broken.utf8)) }
    }

    /// A verdict that its own counts do not bear out is not passed on.
    @Test func whatFollowsFromTheCountsIsReckonedAgain() throws {
        let comparison = PairedComparison(pairs(both: 2, onlyFirst: 1, onlySecond: 3, neither: 4))
        let text = try json(comparison)
        try #require(text.contains(#""verdict":"no evidence""#) && text.contains(#""p":0.625"#))
        let told = text.replacingOccurrences(of: #""verdict":"no evidence""#, with: #""verdict":"better""#).replacingOccurrences(of: #""p":0.625"#, with: #""p":0.001"#)
        #expect(try JSONDecoder().decode(PairedComparison.self, from: Data(told.utf8)) == comparison)
    }

    @Test func verdicts() {
        #expect(PairedComparison(pairs(both: 9, onlyFirst: 45, onlySecond: 20, neither: 1)).verdict == .worse)
        #expect(PairedComparison(pairs(both: 9, onlyFirst: 5, onlySecond: 12, neither: 1)).verdict == .noEvidence)
        #expect(PairedComparison([]).verdict == .noEvidence)
    }

    @Test func manyDiscordantPairsAreApproximated() {
        let comparison = PairedComparison(pairs(both: 10, onlyFirst: 1500, onlySecond: 1600, neither: 10))
        #expect(comparison.test == .asymptotic)
        #expect(abs(comparison.p - Statistics.mcNemarExact(onlyFirst: 1500, onlySecond: 1600)) < 1e-3)
    }
}
