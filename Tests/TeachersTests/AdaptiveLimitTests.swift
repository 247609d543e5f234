import Teachers
import Testing

@Suite struct AdaptiveLimitTests {
    private let start = ContinuousClock.now
    private let pace = AdaptiveLimit.Pace()

    private func fail(_ limit: inout AdaptiveLimit, byLoad: Bool = true, at seconds: Double, sent: Double, wait: Duration? = nil) {
        limit.failed(byLoad: byLoad, start: start + .seconds(sent), now: start + .seconds(seconds), wait: wait, pace: pace)
    }

    @Test func itDoublesWithEveryRoundUntilItsMost() {
        var limit = AdaptiveLimit(most: 64, first: 8)
        for _ in 0..<8 { limit.answered() }
        #expect(limit.value == 16)
        for _ in 0..<1000 { limit.answered() }
        #expect(limit.value == 64 && limit.hasRoom(beside: 63, at: start) && !limit.hasRoom(beside: 64, at: start))
    }

    @Test func oneOverloadHalvesItOnceForAllThatWasUnderWay() {
        var limit = AdaptiveLimit(most: 64, first: 64)
        for index in 0..<40 { fail(&limit, at: 1 + Double(index) / 1000, sent: 0) }
        #expect(limit.value == 32 && limit.failuresInRow == 1)
        limit.answered()
        fail(&limit, at: 3, sent: 2)
        #expect(limit.value < 17)
    }

    @Test func itGrowsByOneARoundBehindTrouble() {
        var limit = AdaptiveLimit(most: 64, first: 64)
        fail(&limit, at: 1, sent: 0)
        for _ in 0..<32 { limit.answered() }
        #expect(limit.value > 32.9 && limit.value < 33.1)
    }

    @Test func aFaultTakesATenth() {
        var limit = AdaptiveLimit(most: 100, first: 100)
        fail(&limit, byLoad: false, at: 1, sent: 0)
        #expect(limit.value == 90)
    }

    @Test func threeFailuresInARowPauseItAndOneRequestTriesItAgain() {
        var limit = AdaptiveLimit(most: 64, first: 64)
        for round in 0..<3 { fail(&limit, at: Double(round) + 1.5, sent: Double(round) + 1) }
        #expect(!limit.hasRoom(beside: 0, at: start + .seconds(3.501)))
        let later = start + .seconds(3.5) + pace.shortestPause
        #expect(limit.hasRoom(beside: 0, at: later) && !limit.hasRoom(beside: 1, at: later))
        limit.answered()
        #expect(limit.hasRoom(beside: 1, at: start) && limit.failuresInRow == 0)
        for _ in 0..<10 { limit.answered() }
        #expect(limit.value > 8, "it climbs back to where it was")
    }

    @Test func itIsLeftAloneForAsLongAsItAsks() {
        var limit = AdaptiveLimit(most: 4, first: 4)
        fail(&limit, at: 1, sent: 0, wait: .seconds(20))
        #expect(!limit.hasRoom(beside: 0, at: start + .seconds(20.9)) && limit.hasRoom(beside: 0, at: start + .seconds(21)))
    }

    @Test func pausesDoubleUpToTheirMost() {
        #expect(pace.pause(1, jitter: 1) == .milliseconds(250) && pace.pause(3, jitter: 1) == .seconds(1) && pace.pause(3, jitter: 0) == .seconds(0.5))
        #expect(pace.pause(1000, jitter: 1) == .seconds(30))
    }
}
