import Foundation
import Synchronization
import Testing
import Transformers

/// Logits that depend on the tokens before them and the adapter, and a record of what was computed.
private final class RecordingBackend: DecodingBackend, @unchecked Sendable {  // what it records is guarded
    struct Broken: Error {}
    struct Record {
        var rounds: [[Feed]] = []
        var failsNext = false
    }
    let vocabularySize = 50
    let slotCount: Int
    let capacity = 2_000
    let record = Mutex(Record())
    /// Called before each round, on the decoder's thread.
    let beforeRound: @Sendable () -> Void
    private var slots: [Int: (adapter: Int, tokens: [Int])] = [:]

    init(slots: Int, beforeRound: @escaping @Sendable () -> Void = {}) {
        slotCount = slots
        self.beforeRound = beforeRound
    }

    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) {
        slots[slot] = (adapter, Array((slots[source]?.tokens ?? []).prefix(count)))
    }

    func truncate(_ slot: Int, by count: Int) { slots[slot]?.tokens.removeLast(count) }

    func advance(_ feeds: [Feed]) throws -> LogitRows {
        beforeRound()
        let fails = record.withLock { record in
            record.rounds.append(feeds)
            defer { record.failsNext = false }
            return record.failsNext
        }
        if fails { throw Broken() }
        var values: [Float] = []
        for feed in feeds {
            slots[feed.slot]?.tokens += feed.tokens
            values += Self.logits(slots[feed.slot]!.tokens, slots[feed.slot]!.adapter, vocabularySize)
        }
        return LogitRows(values: values, vocabularySize: vocabularySize)
    }

    static func logits(_ tokens: [Int], _ adapter: Int, _ size: Int) -> [Float] {
        let hash = tokens.reduce(UInt64(adapter + 1)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return (0..<size).map { Float((hash &+ UInt64($0) &* 0x9e37_79b9_7f4a_7c15) >> 40) }
    }

    /// What a greedy stream says.
    static func expected(_ prompt: [Int], _ count: Int, adapter: Int = 0) -> [Int] {
        var tokens = prompt
        for _ in 0..<count {
            let row = logits(tokens, adapter, 50)
            tokens.append(row.indices.max { row[$0] < row[$1] }!)
        }
        return Array(tokens.dropFirst(prompt.count))
    }
}

/// Runs each piece of work on a thread of its own and waits for all.
private func onThreads(_ work: [@Sendable () throws -> Void]) -> [(any Error)?] {
    let errors = Mutex([Int: any Error]())
    let group = DispatchGroup()
    for (number, work) in work.enumerated() {
        group.enter()
        Thread.detachNewThread {
            do { try work() } catch { errors.withLock { $0[number] = error } }
            group.leave()
        }
    }
    group.wait()
    return work.indices.map { number in errors.withLock { $0[number] } }
}

@Suite struct SharedDecoderTests {
    struct GuideFailure: Error {}

    /// Throws at its third token.
    private final class FailingGuide: Guide {
        private var count = 0
        func next() -> Demand { .sample(.greedy, nil) }
        func sampled(_ token: Int) throws {
            count += 1
            if count == 3 { throw GuideFailure() }
        }
        func scored(_ logProbabilities: [Float]) {}
    }

    /// Goes on until it is stopped, and tells of each token.
    private final class EndlessGuide: Guide {
        let each: @Sendable (Int) -> Void
        private var count = 0
        init(_ each: @escaping @Sendable (Int) -> Void) { self.each = each }
        func next() -> Demand { .sample(.greedy, nil) }
        func sampled(_ token: Int) {
            count += 1
            each(count)
        }
        func scored(_ logProbabilities: [Float]) {}
    }

    @Test func streamsOfManyThreadsSayWhatEachWouldSayAlone() throws {
        let decoder = SharedDecoder(backend: RecordingBackend(slots: 3), roundTokens: 20)
        let results = Mutex([Int: [[Int]]]())
        let prompts = (0..<12).map { number in (0..<3).map { stream in (0..<(5 + number * 9 + stream)).map { ($0 * 7 + number + stream) % 50 } } }
        let errors = onThreads(prompts.indices.map { number in
            {
                let guides = prompts[number].indices.map { GreedyGuide(count: 4 + number + $0) }
                try decoder.run(zip(prompts[number], guides).map { Stream(prompt: $0, guide: $1) }, adapter: number % 3)
                results.withLock { $0[number] = guides.map(\.tokens) }
            }
        })
        #expect(errors.allSatisfy { $0 == nil })
        for (number, streams) in prompts.enumerated() {
            for (stream, prompt) in streams.enumerated() {
                #expect(results.withLock { $0[number]?[stream] } == RecordingBackend.expected(prompt, 4 + number + stream, adapter: number % 3))
            }
        }
        decoder.stop()
        #expect(decoder.status.busySlots == 0)
        #expect(throws: Transformers.DecodingError.self) { try decoder.run([Stream(prompt: [1], guide: GreedyGuide(count: 1))]) }
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"]) func adaptersOfOneBaseSayWhatEachSaysAlone(family: String) throws {
        let tiny = try TinyModel(family)
        let prompts = (0..<6).map { number in (0..<(8 + number * 13)).map { ($0 * 7 + number) % 90 } }
        func alone(_ prompt: [Int], _ adapter: Adapter?) throws -> [Int] {
            var tokens = prompt
            for _ in 0..<10 {
                tokens.append(Int(try tiny.model.logits(PackedSequences([tokens]), rows: [tokens.count - 1], adapter: adapter).argmax().values(Int64.self)[0]))
            }
            return Array(tokens[prompt.count...])
        }
        let adapters = [nil, try tiny.adapter("plain"), try tiny.adapter("rslora")]
        let decoder = try SharedDecoder(model: tiny.model, adapters: adapters, slots: 4, roundTokens: 24)
        let said = Mutex([Int: [Int]]())
        let errors = onThreads(prompts.indices.map { number in
            {
                let guide = GreedyGuide(count: 10)
                try decoder.run([Stream(prompt: prompts[number], guide: guide)], adapter: number % 3)
                said.withLock { $0[number] = guide.tokens }
            }
        })
        decoder.stop()
        #expect(errors.allSatisfy { $0 == nil })
        for (number, prompt) in prompts.enumerated() { #expect(said.withLock { $0[number] } == (try alone(prompt, adapters[number % 3]))) }
        #expect(Set(said.withLock { Array($0.values) }).count > 1)
    }

    @Test func aLongPromptComesInPiecesAndStopsNobody() throws {
        let hold = DispatchSemaphore(value: 0)
        let first = Atomic<Bool>(true)
        // The first round waits until all three have come; else one might have ended before the next began.
        let backend = RecordingBackend(slots: 4) { if first.exchange(false, ordering: .relaxed) { hold.wait() } }
        let decoder = SharedDecoder(backend: backend, roundTokens: 64)
        Thread.detachNewThread {
            while decoder.status.busySlots + decoder.status.waitingStreams < 3 { usleep(1_000) }
            hold.signal()
        }
        let long = (0..<1_000).map { $0 % 50 }
        let errors = onThreads((0..<3).map { number in
            { try decoder.run([Stream(prompt: number == 0 ? long : [number], guide: GreedyGuide(count: 30))]) }
        })
        decoder.stop()
        #expect(errors.allSatisfy { $0 == nil })
        let rounds = backend.record.withLock { $0.rounds }
        #expect(rounds.allSatisfy { $0.reduce(0) { $0 + $1.tokens.count } <= 64 + 3 })
        #expect(rounds.contains { $0.count > 1 && $0.contains { $0.tokens.count > 16 } })
    }

    @Test func whatASlotHoldsIsNotComputedAgain() throws {
        let backend = RecordingBackend(slots: 2)
        let decoder = SharedDecoder(backend: backend)
        let system = Array(0..<40)
        for tail in [[41], [42, 43], [44]] {
            let guide = GreedyGuide(count: 5)
            try decoder.run([Stream(prompt: system + tail, guide: guide)])
            #expect(guide.tokens == RecordingBackend.expected(system + tail, 5))
        }
        #expect(decoder.status.reusedTokens == 80)
        // What was computed under one adapter is no beginning under another.
        let guide = GreedyGuide(count: 5)
        try decoder.run([Stream(prompt: system + [41], guide: guide)], adapter: 1)
        #expect(guide.tokens == RecordingBackend.expected(system + [41], 5, adapter: 1))
        #expect(decoder.status.reusedTokens == 80)
        decoder.stop()
    }

    @Test func aGuidesErrorReachesItsOwnCallerOnly() throws {
        let decoder = SharedDecoder(backend: RecordingBackend(slots: 4))
        let errors = onThreads([
            { try decoder.run([Stream(prompt: [1], guide: FailingGuide()), Stream(prompt: [2], guide: EndlessGuide { _ in })]) },
            { try decoder.run([Stream(prompt: [3], guide: GreedyGuide(count: 50))]) },
            { try decoder.run([Stream(prompt: [99], guide: GreedyGuide(count: 1))]) },
            { try decoder.run([Stream(prompt: Array(repeating: 1, count: 2_001), guide: GreedyGuide(count: 1))]) },
        ])
        decoder.stop()
        #expect(errors[0] is GuideFailure)
        #expect(errors[1] == nil)
        #expect(errors[2] is ModelError && errors[3] is ModelError)
    }

    @Test func theBackendsErrorReachesAllWhoAreInItAndTheDecoderGoesOn() throws {
        let backend = RecordingBackend(slots: 2)
        let decoder = SharedDecoder(backend: backend)
        let prompt = Array(0..<20)
        try decoder.run([Stream(prompt: prompt, guide: GreedyGuide(count: 2))])
        backend.record.withLock { $0.failsNext = true }
        #expect(throws: RecordingBackend.Broken.self) { try decoder.run([Stream(prompt: prompt, guide: GreedyGuide(count: 5))]) }
        let guide = GreedyGuide(count: 5)
        try decoder.run([Stream(prompt: prompt, guide: guide)])
        #expect(guide.tokens == RecordingBackend.expected(prompt, 5))
        decoder.stop()
    }

    @Test func aCancelledCallerLeavesItsSlotsToOthers() throws {
        let decoder = SharedDecoder(backend: RecordingBackend(slots: 2))
        let cancellation = DecodingCancellation()
        let began = DispatchSemaphore(value: 0)
        let errors = onThreads([
            {
                let streams = (0..<5).map { Stream(prompt: [$0], guide: EndlessGuide { if $0 == 3 { began.signal() } }) }
                try decoder.run(streams, cancellation: cancellation)
            },
            {
                began.wait()
                cancellation.request()
                try decoder.run([Stream(prompt: [7], guide: GreedyGuide(count: 4))])
            },
        ])
        decoder.stop()
        #expect(errors[0] is CancellationError)
        #expect(errors[1] == nil)
        #expect(decoder.status.busySlots == 0 && decoder.status.waitingStreams == 0)
    }

    @Test func aCallerWithOneStreamNeedNotWaitForAllOfAnothers() throws {
        let order = Mutex([String]())
        let hold = DispatchSemaphore(value: 0), arrived = DispatchSemaphore(value: 0)
        let first = Atomic<Bool>(true)
        // The first round waits until both callers have come.
        let decoder = SharedDecoder(backend: RecordingBackend(slots: 1) {
            if first.exchange(false, ordering: .relaxed) {
                arrived.signal()
                hold.wait()
            }
        })
        let errors = onThreads([
            {
                let streams = (0..<6).map { number in Stream(prompt: [number], guide: EndedGuide { order.withLock { $0.append("many") } }) }
                try decoder.run(streams)
            },
            {
                arrived.wait()
                Thread.detachNewThread {
                    while decoder.status.waitingStreams < 6 { usleep(1_000) }
                    hold.signal()
                }
                try decoder.run([Stream(prompt: [30], guide: EndedGuide { order.withLock { $0.append("one") } })])
            },
        ])
        decoder.stop()
        #expect(errors.allSatisfy { $0 == nil })
        #expect(order.withLock { $0 } == ["many", "one", "many", "many", "many", "many", "many"])
    }

    /// Says a few tokens and tells when it is done.
    private final class EndedGuide: Guide {
        let end: @Sendable () -> Void
        private var left = 3
        init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        func next() -> Demand {
            if left > 0 { return .sample(.greedy, nil) }
            end()
            return .finish
        }
        func sampled(_ token: Int) { left -= 1 }
        func scored(_ logProbabilities: [Float]) {}
    }
}
