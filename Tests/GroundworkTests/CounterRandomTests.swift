import Groundwork
import Testing

@Suite struct CounterRandomTests {
    // The known answers that Random123 ships for philox4x32 with 10 rounds (file kat_vectors).
    @Test func philoxGivesItsKnownAnswers() {
        typealias Words = (UInt32, UInt32, UInt32, UInt32)
        let cases: [(Words, (UInt32, UInt32), Words)] = [
            ((0, 0, 0, 0), (0, 0), (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
            ((~0, ~0, ~0, ~0), (~0, ~0), (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)),
            ((0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0),
             (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)),
        ]
        for (counter, key, expected) in cases { #expect(CounterRandom.philox(counter, key: key) == expected) }
    }

    /// Also where the lower word of the counter runs over.
    @Test func sixtyFourAtOnceAreTheStreamsOwn() {
        var random = CounterRandom(seed: 3, phase: "a", step: 5 << 32 | 7)
        let words = (0..<128).map { _ in
            let pair = (0..<2).map { _ in random.next() }
            return pair.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
        }
        for batch in 0..<8 {
            let (a, b, c, d) = random.sixtyFour(UInt64(batch))
            for lane in 0..<16 { #expect([a[lane], b[lane], c[lane], d[lane]] == words[16 * batch + lane]) }
        }
        let counters = [SIMD16<UInt32>.all(~0), .all(17), .all(0x1234_5678), .all(~1)]
        let lanes = CounterRandom.philox((counters[0], counters[1], counters[2], counters[3]), key: (~0, 9))
        let one = CounterRandom.philox((~0 as UInt32, 17, 0x1234_5678, ~1), key: (~0, 9))
        #expect(lanes == (.all(one.0), .all(one.1), .all(one.2), .all(one.3)))
        let late = random.sixtyFour(1 << 60 - 1), last = CounterRandom(seed: 3, phase: "a", step: 5 << 32 | 7)
        #expect(late == last.sixtyFour(1 << 60 - 1) && late != random.sixtyFour(1 << 28 - 1))
    }

    @Test func streamsDependOnSeedPhaseAndStepAlone() {
        func first(_ seed: UInt64, _ phase: String, _ step: UInt64) -> [UInt64] {
            var random = CounterRandom(seed: seed, phase: phase, step: step)
            return (0..<5).map { _ in random.next() }
        }
        #expect(first(1, "a", 2) == first(1, "a", 2))
        #expect(Set([first(1, "a", 2), first(2, "a", 2), first(1, "b", 2), first(1, "a", 3)]).count == 4)
    }

    @Test func boundedNumbersAreUniform() {
        var random = CounterRandom(seed: 4, phase: "test")
        var counts = [Int](repeating: 0, count: 6)
        for _ in 0..<60_000 { counts[random.next(below: 6)] += 1 }
        let chi = counts.reduce(0.0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 }
        #expect(chi < 20.5, "χ² of 5 degrees of freedom passes 20.5 once in a thousand: \(counts)")
        #expect((0..<1_000).allSatisfy { _ in (-2...2).contains(random.integer(in: -2...2)) })
    }

    @Test func normalNumbersHaveMeanZeroAndVarianceOne() {
        var random = CounterRandom(seed: 9, phase: "test")
        let values = (0..<20_000).map { _ in random.normal() }
        let mean = values.reduce(0, +) / 20_000, square = values.reduce(0) { $0 + $1 * $1 } / 20_000
        #expect(abs(mean) < 0.03 && abs(square - 1) < 0.04)
    }

    @Test func shufflingKeepsEveryElement() {
        var random = CounterRandom(seed: 5, phase: "test")
        let shuffled = random.shuffled(Array(0..<100))
        #expect(shuffled != Array(0..<100) && shuffled.sorted() == Array(0..<100))
        #expect(Set(random.sample(10, of: Array(0..<20))).count == 10)
    }
}
