import Foundation
import Questions
import Testing

import Evaluation

@Suite struct EvidenceTests {
    private let fixture: StatisticsFixture

    init() throws { fixture = try StatisticsFixture.read() }

    private func pair(_ pair: StatisticsFixture.Pair) -> PairedComparison {
        PairedComparison(
            Array(repeating: (true, true), count: pair.both) + Array(repeating: (true, false), count: pair.onlyFirst)
                + Array(repeating: (false, true), count: pair.onlySecond) + Array(repeating: (false, false), count: pair.neither))
    }

    /// scipy draws 20,000 resamples; its ends may lie a step or two beside those of the whole distribution.
    @Test func theBootstrapIntervalIsScipys() {
        for one in fixture.pairs {
            let interval = Statistics.bootstrapInterval(onlyFirst: one.onlyFirst, onlySecond: one.onlySecond, of: one.count)
            let tolerance = 2.01 / Double(one.count) + 0.02 * (one.upper - one.lower)
            #expect(abs(interval.lowerBound - one.lower) <= tolerance, "\(one)")
            #expect(abs(interval.upperBound - one.upper) <= tolerance, "\(one)")
        }
    }

    @Test func theBootstrapIntervalOfFewQuestionsByHand() {
        // One gained of two: differences 0, 1/2, 1 with chances 1/4, 1/2, 1/4.
        #expect(Statistics.bootstrapInterval(onlyFirst: 0, onlySecond: 1, of: 2) == 0...1)
        #expect(Statistics.bootstrapInterval(onlyFirst: 0, onlySecond: 5, of: 5) == 1...1)
        #expect(Statistics.bootstrapInterval(onlyFirst: 5, onlySecond: 0, of: 5) == -1 ... -1)
        #expect(Statistics.bootstrapInterval(onlyFirst: 0, onlySecond: 0, of: 0) == -1...1)
    }

    @Test func exchangingTheTwoTurnsTheInterval() {
        for (lost, gained, count) in [(3, 9, 40), (700, 650, 14_042), (0, 4, 90)] {
            let there = Statistics.bootstrapInterval(onlyFirst: lost, onlySecond: gained, of: count)
            let back = Statistics.bootstrapInterval(onlyFirst: gained, onlySecond: lost, of: count)
            #expect(abs(there.lowerBound + back.upperBound) <= 1.01 / Double(count))
            #expect(abs(there.upperBound + back.lowerBound) <= 1.01 / Double(count))
        }
    }

    @Test func questionsNeededAreConnors() {
        for one in fixture.pairs {
            #expect(Statistics.questionsNeeded(onlyFirst: one.onlyFirst, onlySecond: one.onlySecond, of: one.count) == one.needed)
        }
        #expect(Statistics.questionsNeeded(onlyFirst: 0, onlySecond: 0, of: 0) == nil)
    }

    @Test func theExactTestSeesNothingBelowSix() {
        #expect((0...).first { Statistics.mcNemarExact(onlyFirst: 0, onlySecond: $0) < 0.05 } == 6)
        for (lost, gained, count, needed) in [
            (0, 1, 1, 6), (1, 0, 1, 6), (0, 5, 5, 6), (0, 4, 5, 8), (17, 0, 18, 7), (0, 1, 3, 22), (1, 4, 5, 20),
        ] {
            #expect(Statistics.questionsNeeded(onlyFirst: lost, onlySecond: gained, of: count) == needed, "\(lost) \(gained) \(count)")
        }
    }

    private func finding(both: Int = 0, lost: Int, gained: Int, neither: Int = 0) throws -> Finding {
        let pair = PairedComparison(
            Array(repeating: (true, true), count: both) + Array(repeating: (true, false), count: lost)
                + Array(repeating: (false, true), count: gained) + Array(repeating: (false, false), count: neither))
        return try #require(Finding.family(["a": pair], minimumQuestions: 1)["a"])
    }

    /// Three questions that both answer right do not show that the two are equal.
    @Test func withoutALossOrAGainTheIntervalIsThatForMatchedPairs() throws {
        let few = try finding(both: 3, lost: 0, gained: 0)
        #expect(few.bootstrap == 0...0 && few.interval == few.pair.lower...few.pair.upper)
        #expect(few.sentence == "100.0 % → 100.0 % (+0.0, matched pairs -39.2 to +39.2), p = 1.000: no evidence")
        let gain = try finding(both: 70, lost: 0, gained: 30)
        #expect(gain.interval == gain.pair.lower...gain.pair.upper && gain.sentence.contains("(+30.0, matched pairs +20.4 to +38.5)"), "\(gain.sentence)")
        let mixed = try finding(both: 20, lost: 3, gained: 9, neither: 8)
        #expect(mixed.interval == mixed.bootstrap && mixed.sentence.contains(", bootstrap +"), "\(mixed.sentence)")
    }

    @Test func bothIntervalsAreInTheJSON() throws {
        let data = try JSONEncoder().encode(finding(both: 3, lost: 0, gained: 0))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["bootstrap"] as? [Double] == [0, 0])
        let upper = try #require((object["pair"] as? [String: Any])?["upper"] as? Double)
        #expect(abs(upper - 0.392) < 1e-4)
    }

    @Test func mcNemarIsStatsmodels() {
        for one in fixture.pairs {
            #expect(abs(pair(one).p - one.p) <= 1e-9 * one.p, "\(one)")
        }
    }

    @Test func holmIsStatsmodels() {
        for one in fixture.holm {
            for (found, expected) in zip(Statistics.holm(one.p), one.corrected) { #expect(abs(found - expected) < 1e-12) }
        }
        #expect(Statistics.holm([]).isEmpty)
    }

    /// 45 gained and 20 lost: p = 0.0026 alone, one of thirty it says nothing.
    @Test func manyDomainsMakeOneHarderToProve() throws {
        let strong = PairedComparison(
            Array(repeating: (false, true), count: 45) + Array(repeating: (true, false), count: 20) + Array(repeating: (true, true), count: 500))
        let even = PairedComparison(Array(repeating: (true, true), count: 565))
        #expect(Finding.family(["a": strong], minimumQuestions: 500)["a"]?.word == "better")
        var many = Dictionary(uniqueKeysWithValues: (0..<29).map { ("\($0)", even) })
        many["a"] = strong
        let finding = try #require(Finding.family(many, minimumQuestions: 500)["a"])
        #expect(finding.word == "no evidence" && finding.pair.verdict == .better)
        #expect(abs(finding.correctedP - 30 * strong.p) < 1e-12)
        #expect(finding.sentence.contains("no evidence; a difference of this size shows on about"))
    }

    @Test func belowTheMinimumADifferenceIsAnIndication() throws {
        let pairs: [(first: Bool, second: Bool)] = Array(repeating: (false, true), count: 45) + Array(repeating: (true, false), count: 20)
        let few = try #require(Finding.family(["a": PairedComparison(pairs)], minimumQuestions: 66)["a"])
        #expect(few.word == "indication (better)" && few.verdict == .better)
        #expect(few.sentence.hasSuffix("indication (better), as there are only 65 questions"))
        #expect(Finding.family(["a": PairedComparison(pairs)], minimumQuestions: 65)["a"]?.word == "better")
        let worse = PairedComparison(pairs.map { (first: $0.second, second: $0.first) })
        #expect(Finding.family(["a": worse], minimumQuestions: 1)["a"]?.word == "worse")
        #expect(Finding.family(["a": PairedComparison([])], minimumQuestions: 1)["a"]?.word == "no evidence")
    }

    @Test func findingsSurviveJSON() throws {
        let finding = try #require(Finding.family(["a": pair(fixture.pairs[0])], minimumQuestions: 500)["a"])
        #expect(try JSONDecoder().decode(Finding.self, from: JSONEncoder().encode(finding)) == finding)
    }

    @Test func theWordOfEarlierVersionsIsRead() throws {
        let read = try JSONDecoder().decode([PairedComparison.Verdict].self, from: Data(#"["undecided", "better"]"#.utf8))
        #expect(read == [.noEvidence, .better])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([PairedComparison.Verdict].self, from: Data(#"["great"]"#.utf8)) }
    }
}
