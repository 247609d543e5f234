import Groundwork
import Testing

import Merging

@Suite struct SparsifierTests {
    private func merge(
        _ factors: [[Float]], _ settings: MergeSettings, weights: [Float]? = nil, width: Int? = nil, seed: UInt64 = 1,
        thresholds: [UInt32]? = nil
    ) -> (merged: [Float], tally: EntryMerge.Tally) {
        var factors = factors
        let randoms = factors.indices.map { CounterRandom(seed: seed, phase: "test", step: UInt64($0)) }
        return EntryMerge(settings).merge(
            &factors, weights: weights ?? factors.map { _ in 1 }, width: width ?? factors[0].count, randoms: randoms, thresholds: thresholds)
    }

    private let many: [Float] = (0..<20_000).map { Float($0 % 13) - 6.25 }

    @Test(arguments: [MergeConvention.peft, .mergekit]) func droppingAtRandomKeepsTheExpectation(convention: MergeConvention) {
        let found = merge([many], MergeSettings(method: .dareLinear, convention: convention, density: 0.3))
        let dropped = Double(found.tally.trimmed[0]) / 20_000
        #expect(abs(dropped - 0.7) < 0.02)
        let factor: Float
        if convention == .mergekit {
            // What is left is as large as what there was, in sum.
            let magnitudes = { (values: [Float]) in values.reduce(0.0) { $0 + Double(abs($1)) } }
            #expect(abs(magnitudes(found.merged) / magnitudes(many) - 1) < 1e-4)
            factor = Float(magnitudes(many) / magnitudes(zip(many, found.merged).map { $1 == 0 ? 0 : $0 }))
        } else {
            factor = 1 / 0.3
        }
        for (before, after) in zip(many, found.merged) where after != 0 { #expect(abs(after - before * factor) < 1e-4 * abs(after)) }
    }

    @Test func theSeedDecidesWhatIsDropped() {
        let settings = MergeSettings(method: .dareLinear, density: 0.5)
        #expect(merge([many], settings, seed: 1).merged == merge([many], settings, seed: 1).merged)
        #expect(merge([many], settings, seed: 1).merged != merge([many], settings, seed: 2).merged)
        // Adapters drop independently: the same values twice do not vanish together.
        let both = merge([many, many], settings).merged
        #expect(abs(Double(both.count { $0 == 0 }) / 20_000 - 0.25) < 0.02)
    }

    /// DELLA: in each row the smallest half is kept less often than the largest.
    @Test func largeEntriesAreDroppedLessOften() {
        let row = (1...100).map { Float($0) }
        let rows = (0..<200).flatMap { _ in row }
        let settings = MergeSettings(method: .dellaLinear, convention: .paper, density: 0.5, epsilon: 0.4)
        let found = merge([rows], settings, width: 100).merged
        func kept(_ places: Range<Int>) -> Double {
            Double(found.indices.count { places.contains($0 % 100) && found[$0] != 0 }) / Double(200 * places.count)
        }
        #expect(abs(kept(0..<10) - 0.136) < 0.03)
        #expect(abs(kept(90..<100) - 0.864) < 0.03)
        // Each entry divided by its own probability: the expectation of the sum is the sum.
        let sum: Float = found.reduce(0, +), whole: Float = rows.reduce(0, +)
        #expect(abs(sum / whole - 1) < 0.02)
    }

    @Test func breadcrumbsDropBothEnds() {
        let values: [Float] = [9, -1, 3, 0.5, -7, 2, 4, -5, 6, 8]
        let found = merge([values], MergeSettings(method: .breadcrumbs, density: 0.6, gamma: 0.2))
        #expect(found.merged == [0, 0, 3, 0, -7, 2, 4, -5, 6, 0])
        #expect(found.tally.trimmed == [4])
        // With nothing at the small end to drop, fewer outliers go.
        #expect(merge([values], MergeSettings(method: .breadcrumbs, density: 0.9, gamma: 0.5)).merged.count { $0 == 0 } == 1)
    }

    @Test func sceKeepsWhatVaries() {
        let found = merge([[1, 5, 2, 0], [1, -5, 4, 0]], MergeSettings(method: .sce, density: 0.5))
        // Entries 1 and 2 vary; of two, one is kept: 5 and −5 tie to plus, and only the first agrees.
        #expect(found.merged == [0, 5, 0, 0])
    }

    @Test func mergekitWeighsBeforeItVotes() {
        let factors: [[Float]] = [[2], [-1], [1]]
        let settings = { (convention: MergeConvention) in MergeSettings(method: .ties, convention: convention, density: 1, sign: .total) }
        #expect(merge(factors, settings(.peft), weights: [1, 10, 3]).merged == [2.5])
        // 2 − 10 + 3 elects minus; only the second agrees: −10 / 10.
        #expect(merge(factors, settings(.mergekit), weights: [1, 10, 3]).merged == [-1])
        // A negative weight turns an adapter's vote.
        #expect(merge([[2], [3]], settings(.mergekit), weights: [1, -1]).merged == [3])
    }

    @Test func oneThresholdForAllMatrices() {
        let settings = MergeSettings(method: .ties, convention: .paper, density: 0.5)
        let found = merge([[1, -2, 3]], settings, thresholds: [Float(2).bitPattern])
        #expect(found.merged == [0, -2, 3] && found.tally.trimmed == [1])
    }

    /// Nothing divides by what is not there.
    @Test(arguments: MergeMethod.all.filter { $0.combination == .entries }) func zerosStayZeros(method: MergeMethod) {
        for convention in method.conventions {
            let settings = MergeSettings(method: method, convention: convention, density: 0.5)
            #expect(merge([[0, 0, 0, 0], [0, 0, 0, 0]], settings).merged == [0, 0, 0, 0], "\(convention)")
        }
    }
}
