import Groundwork
import Synchronization
import Testing

@Suite struct BoundedRunTests {
    private struct Failure: Error, Equatable { let piece: Int }

    /// How many pieces are under way, and the most there ever were.
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0, ended: 0))
        func enter() { state.withLock { $0.now += 1; $0.most = max($0.most, $0.now) } }
        func leave() { state.withLock { $0.now -= 1; $0.ended += 1 } }
        var most: Int { state.withLock { $0.most } }
        var now: Int { state.withLock { $0.now } }
        var ended: Int { state.withLock { $0.ended } }
    }

    @Test func everyPieceIsTakenOnceAndNoMoreThanTheLimitIsUnderWay() async throws {
        let gauge = Gauge()
        var taken: [Int] = [], drawn = 0, furthest = 0
        try await BoundedRun.run(atOnce: 7, isInterrupted: { false }, next: {
            drawn += 1
            furthest = max(furthest, drawn - gauge.ended)
            return drawn <= 5000 ? drawn : nil
        }, work: { piece in
            gauge.enter()
            await Task.yield()
            gauge.leave()
            return piece * 2
        }, take: { taken.append($0) })
        #expect(taken.sorted() == (1...5000).map { $0 * 2 })
        #expect(gauge.most <= 7 && gauge.most > 1 && furthest <= 8)
    }

    @Test func anErrorEndsTheRunAndWhatIsDoneIsTaken() async throws {
        var taken: Set<Int> = []
        let gauge = Gauge()
        let thrown = await #expect(throws: Failure.self) {
            try await BoundedRun.run(0..<100, atOnce: 4, isInterrupted: { false }, work: { piece in
                gauge.enter()
                defer { gauge.leave() }
                if piece == 10 { throw Failure(piece: piece) }
                return piece
            }, take: { taken.insert($0) })
        }
        #expect(thrown == Failure(piece: 10))
        #expect(taken.isSuperset(of: 0..<7) && !taken.contains(10) && taken.count < 20 && gauge.now == 0)
    }

    @Test func anInterruptionCancelsWhatIsUnderWayAndKeepsWhatIsDone() async throws {
        let stop = Atomic(false)
        nonisolated(unsafe) var taken: [Int] = []
        await #expect(throws: Interrupted.self) {
            try await BoundedRun.run(0..<1_000_000, atOnce: 3, isInterrupted: { stop.load(ordering: .relaxed) }, work: { piece in
                if piece >= 20 { try await Task.sleep(for: .seconds(3600)) }
                return piece
            }, take: { piece in
                taken.append(piece)
                if taken.count == 20 { stop.store(true, ordering: .relaxed) }
            })
        }
        #expect(taken.sorted() == Array(0..<20))
    }

    @Test func aTakerThatFailsGetsNothingMore() async throws {
        var calls = 0
        await #expect(throws: Failure(piece: 1)) {
            try await BoundedRun.run(0..<100, atOnce: 8, isInterrupted: { false }, work: { $0 }, take: { _ in
                calls += 1
                throw Failure(piece: 1)
            })
        }
        #expect(calls == 1)
    }

    @Test func aSourceThatFailsEndsTheRunAfterWhatItGave() async throws {
        var taken: [Int] = [], drawn = 0
        await #expect(throws: Failure(piece: 3)) {
            try await BoundedRun.run(atOnce: 1, isInterrupted: { false }, next: {
                drawn += 1
                if drawn == 3 { throw Failure(piece: 3) }
                return drawn
            }, work: { $0 }, take: { taken.append($0) })
        }
        #expect(taken == [1, 2])
    }

    @Test func aCancelledTaskEndsTheRun() async throws {
        let run = Task {
            try await BoundedRun.run(0..<4, atOnce: 4, isInterrupted: { false }, work: { _ in try await Task.sleep(for: .seconds(3600)) },
                take: { _ in })
        }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
    }
}
