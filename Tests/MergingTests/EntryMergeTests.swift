import Groundwork
import Testing

import Merging

/// TIES by hand, entry by entry.
@Suite struct EntryMergeTests {
    private func merge(
        _ factors: [[Float]], _ weights: [Float], method: MergeMethod = .ties, density: Double = 1,
        sign: SignElection = .total
    ) -> (merged: [Float], tally: EntryMerge.Tally) {
        var factors = factors
        let settings = MergeSettings(method: method, density: density, sign: sign)
        return EntryMerge(settings).merge(&factors, weights: weights, width: factors[0].count)
    }

    @Test func averagesWhatAgrees() {
        let found = merge([[1, 2, -3, 0], [3, -1, -1, 0], [2, -4, 1, 5]], [1, 1, 1])
        // Sums 6, -3, -3, 5 elect +, -, -, +.
        #expect(found.merged == [2, -2.5, -2, 5])
        #expect(found.tally.conflicts == 2)
    }

    @Test func votesCountHeadsOrMagnitudes() {
        let factors: [[Float]] = [[5], [-1], [-2]]
        #expect(merge(factors, [1, 1, 1], sign: .total).merged == [5])
        #expect(merge(factors, [1, 1, 1], sign: .frequency).merged == [-1.5])
    }

    @Test func aDrawElectsPlus() {
        #expect(merge([[2], [-2]], [1, 1], sign: .total).merged == [2])
        #expect(merge([[2], [-7]], [1, 1], sign: .frequency).merged == [2])
    }

    @Test func signsAreElectedBeforeWeights() {
        // Weighted, the second would win; PEFT elects from the unweighted values and divides by the number that agree.
        #expect(merge([[2], [-1], [1]], [1, 10, 3]).merged == [2.5])
    }

    @Test func trimmedEntriesAbstain() {
        let found = merge([[-1, 9], [-1, 9], [2, 1]], [1, 1, 1], density: 0.5, sign: .frequency)
        #expect(found.merged == [2, 9])
        #expect(found.tally.trimmed == [1, 1, 1])
        #expect(found.tally.conflicts == 0)
    }

    @Test func linearIsTheWeightedSum() {
        #expect(merge([[1, -2], [3, 4]], [0.5, -1], method: .linear).merged == [-2.5, -5])
    }

    @Test func longFactorsAreMergedInSlices() {
        let count = 10_000
        let first = (0..<count).map { Float($0 % 7) - 3 }
        let second = (0..<count).map { Float($0 % 5) - 2 }
        let found = merge([first, second], [1, 1]).merged
        let expected = zip(first, second).map { a, b in
            let plus = a + b >= 0
            let agreeing = [a, b].filter { plus ? $0 > 0 : $0 < 0 }
            return agreeing.isEmpty ? 0 : agreeing.reduce(0, +) / Float(agreeing.count)
        }
        #expect(found == expected)
    }
}

@Suite struct LowRankDeltaTests {
    @Test func innerProductsAreThoseOfTheFullDeltas() {
        let a1: [Float] = [1, 2, 3, -1, 0, 2], b1: [Float] = [1, 0, 2, -1]  // rank 2, in 3, out 2
        let a2: [Float] = [0.5, -1, 4], b2: [Float] = [2, 3]  // rank 1
        func full(_ a: [Float], _ b: [Float], _ rank: Int) -> [Double] {
            (0..<2).flatMap { row in
                (0..<3).map { column in (0..<rank).reduce(0.0) { $0 + Double(b[row * rank + $1] * a[$1 * 3 + column]) } }
            }
        }
        let (one, two) = (LowRankDelta(a: a1, b: b1, rank: 2), LowRankDelta(a: a2, b: b2, rank: 1))
        let expected = zip(full(a1, b1, 2), full(a2, b2, 1)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(one.dot(two) - expected) < 1e-6)
        #expect(abs(one.norm - full(a1, b1, 2).reduce(0) { $0 + $1 * $1 }.squareRoot()) < 1e-6)
        #expect(one.cosine(LowRankDelta(a: [0, 0, 0], b: [0, 0], rank: 1), norms: (one.norm, 0)) == nil)
    }

    /// Ranks that are no multiple of a tile, lengths that are none of a block, either side the larger.
    @Test(arguments: [(1, 1, 37), (5, 20, 130), (33, 17, 300), (16, 16, 128)])
    func gramProductsAreSumsOfProducts(left: Int, right: Int, length: Int) {
        var random = CounterRandom(seed: 7, phase: "gram")
        let x = (0..<left * length).map { _ in Float(random.normal()) }, y = (0..<right * length).map { _ in Float(random.normal()) }
        func expected(_ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float, _ ranks: (Int, Int)) -> [Double] {
            (0..<ranks.0).flatMap { i in (0..<ranks.1).map { j in (0..<length).reduce(0.0) { $0 + Double(a(i, $1)) * Double(b(j, $1)) } } }
        }
        let rows = GramProduct.rows(x, y, (left, right)).map(Double.init)
        #expect(distance(rows, expected({ x[$0 * length + $1] }, { y[$0 * length + $1] }, (left, right))) < 1e-5)
        let columns = GramProduct.columns(x, y, (left, right)).map(Double.init)
        #expect(distance(columns, expected({ x[$1 * left + $0] }, { y[$1 * right + $0] }, (left, right))) < 1e-5)
        let own = GramProduct.columns(x, x, (left, left), isSymmetric: true).map(Double.init)
        #expect(distance(own, expected({ x[$1 * left + $0] }, { x[$1 * left + $0] }, (left, left))) < 1e-5)
    }
}
