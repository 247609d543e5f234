import Foundation
import Synchronization

/// Work that waits for one of a few threads: no more than fits its places, and each client's in turn, so that a hundred requests of one do
/// not stand before the first of another.
///
/// How much is worked on at once follows from what comes of it: a little more after work that was done in good time, a good deal less after work
/// that was late or nearly so: agents use what time there is, but they mean to leave a little. So a slow machine does little at once and in time, rather than everything too late.
package final class WorkQueue: Sendable {
    struct Status: Sendable {
        var waiting = 0
        var busyThreads = 0
        var threads = 0
        var places = 0
    }

    /// Why work was not taken, and when it may be.
    package struct Full: Error {
        package let retryAfter: Duration
    }

    private struct Job {
        let id: UInt64
        let kind: String
        /// Tells which part of its time it took.
        let work: @Sendable () -> Double
        let dropped: @Sendable () -> Void
    }

    private struct State {
        var lines: [String: [Job]] = [:]
        /// Clients with work, the next first.
        var turns: [String] = []
        var waiting = 0
        var busy = 0
        var nextID: UInt64 = 0
        /// Seconds that a piece of work takes, of late.
        var seconds = 0.5
        /// The same of each kind.
        var secondsOfKind: [String: Double] = [:]
        /// How many pieces may be worked on at once.
        var atOnce: Double
        /// When that was last made less: what was begun before says nothing about it.
        var lessened = ContinuousClock.now
        var isStopping = false
    }

    private let state: Mutex<State>
    private let ready = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let threads: Int
    private let places: Int

    /// - Parameter places: pieces of work that may wait.
    package init(threads: Int, places: Int) {
        self.threads = threads
        self.places = places
        state = Mutex(State(atOnce: Double(min(threads, 4))))
        for number in 0..<threads {
            ended.enter()
            let thread = Thread { [self] in serve() }
            thread.name = "request \(number)"
            thread.stackSize = 2 << 20
            thread.start()
        }
    }

    var status: Status {
        state.withLock { Status(waiting: $0.waiting, busyThreads: $0.busy, threads: threads, places: places) }
    }

    /// - Parameters:
    ///   - kind: works of one kind take about the same time.
    ///   - limit: work that would not be done in this time, as things go, is refused at once.
    ///   - work: tells which part of its time it took, the wait included.
    ///   - dropped: called instead of `work` if it is removed before its turn.
    /// - Returns: what `remove` knows it by.
    package func add(
        client: String, kind: String, limit: Duration, work: @escaping @Sendable () -> Double, dropped: @escaping @Sendable () -> Void
    ) throws(Full) -> UInt64 {
        let (id, wait): (UInt64?, Double) = state.withLock { state in
            let ahead = state.waiting + max(0, state.busy - Int(state.atOnce) + 1)
            let wait = state.seconds * Double(ahead) / state.atOnce.rounded(.down)
            let isLate = Duration.seconds(wait + state.secondsOfKind[kind, default: 0]) > limit * 4 / 5
            let isRefused = state.isStopping || (ahead > 0 && (state.waiting >= places || isLate))
            if isRefused { return (nil, wait) }
            state.nextID += 1
            let job = Job(id: state.nextID, kind: kind, work: work, dropped: dropped)
            if state.lines[client] == nil { state.turns.append(client) }
            state.lines[client, default: []].append(job)
            state.waiting += 1
            return (job.id, wait)
        }
        guard let id else { throw Full(retryAfter: .seconds(max(1, wait.rounded(.up)))) }
        ready.signal()
        return id
    }

    /// Gives the place of work that still waits to others.
    func remove(_ id: UInt64) {
        let job: Job? = state.withLock { state in
            for (client, line) in state.lines {
                guard let index = line.firstIndex(where: { $0.id == id }) else { continue }
                let job = state.lines[client]?.remove(at: index)
                if state.lines[client]?.isEmpty == true {
                    state.lines[client] = nil
                    state.turns.removeAll { $0 == client }
                }
                state.waiting -= 1
                return job
            }
            return nil
        }
        job?.dropped()
    }

    /// Takes no more work, and returns when what it has is done.
    package func stop() {
        state.withLock { $0.isStopping = true }
        for _ in 0..<threads { ready.signal() }
        ended.wait()
    }

    private func serve() {
        defer { ended.leave() }
        while true {
            ready.wait()
            let (job, isStopping): (Job?, Bool) = state.withLock { state in
                guard !state.turns.isEmpty else { return (nil, state.isStopping) }
                // Whoever ends a piece of work lets the next one in.
                guard state.busy < Int(state.atOnce) else { return (nil, false) }
                let client = state.turns.removeFirst()
                guard var line = state.lines[client], !line.isEmpty else { return (nil, state.isStopping) }
                let job = line.removeFirst()
                state.lines[client] = line.isEmpty ? nil : line
                if !line.isEmpty { state.turns.append(client) }
                state.waiting -= 1
                state.busy += 1
                return (job, false)
            }
            guard let job else {
                if isStopping { return }
                continue  // removed before its turn, or too much is worked on already
            }
            let start = ContinuousClock.now
            let part = job.work()
            let end = ContinuousClock.now
            let isMore = state.withLock { state in
                state.busy -= 1
                let seconds = (end - start) / .seconds(1), before = state.secondsOfKind[job.kind] ?? seconds
                state.seconds += (seconds - state.seconds) / 8
                state.secondsOfKind[job.kind] = before + (seconds - before) / 8
                if part < 0.9 {
                    state.atOnce = min(Double(threads), state.atOnce + 1 / state.atOnce)
                } else if part > 0.96, start > state.lessened {
                    state.atOnce = max(1, state.atOnce * 0.7)
                    state.lessened = end
                }
                return state.isStopping ? threads : min(state.waiting, Int(state.atOnce) - state.busy)
            }
            for _ in 0..<max(0, isMore) { ready.signal() }
        }
    }
}
