import Dispatch
import Synchronization

/// Work on numbered pieces by several threads, whose results are taken in order: a bounded number of pieces is ahead of the taker, so
/// memory does not grow with their number.
final class OrderedWork<Result: Sendable>: Sendable {
    private struct State {
        var next = 0
        var results: [Int: Swift.Result<Result, any Error>] = [:]
        var isStopped = false
    }

    private let count: Int
    private let work: @Sendable (Int) throws -> Result
    private let state = Mutex(State())
    private let room: DispatchSemaphore
    private let produced = DispatchSemaphore(value: 0)
    private let workers = DispatchGroup()

    /// - Parameter work: makes the result of one piece, on any thread.
    init(_ count: Int, threads: Int, work: @escaping @Sendable (Int) throws -> Result) {
        (self.count, self.work) = (count, work)
        // A semaphore must not end below the value that it began with.
        room = DispatchSemaphore(value: 0)
        for _ in 0...threads { room.signal() }
        let queue = DispatchQueue(label: "merge", attributes: .concurrent)
        for _ in 0..<min(threads, count) { queue.async(group: workers) { self.run() } }
    }

    private func run() {
        while true {
            room.wait()
            let piece: Int? = state.withLock { state in
                guard !state.isStopped, state.next < count else { return nil }
                defer { state.next += 1 }
                return state.next
            }
            guard let piece else {
                room.signal()
                return
            }
            let result = Swift.Result { try work(piece) }
            state.withLock { $0.results[piece] = result }
            produced.signal()
        }
    }

    /// Waits for the result of the lowest number that has not been taken yet.
    /// - Throws: what the work on it threw.
    func take(_ piece: Int) throws -> Result {
        while true {
            if let result = state.withLock({ $0.results.removeValue(forKey: piece) }) {
                room.signal()
                return try result.get()
            }
            produced.wait()
        }
    }

    /// Lets the threads finish what they are at and waits for them.
    func stop() {
        state.withLock { $0.isStopped = true }
        room.signal()
        workers.wait()
    }
}
