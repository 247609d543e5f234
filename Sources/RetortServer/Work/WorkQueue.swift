import Foundation
import Synchronization

/// Work that waits for one of a few threads: no more than fits its places, and each client's in turn, so that a hundred requests of one do
/// not stand before the first of another.
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
        let work: @Sendable () -> Void
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
        var isStopping = false
    }

    private let state = Mutex(State())
    private let ready = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()
    private let threads: Int
    private let places: Int

    /// - Parameter places: pieces of work that may wait.
    package init(threads: Int, places: Int) {
        self.threads = threads
        self.places = places
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
    ///   - patience: work that would wait longer is refused at once: it would come too late.
    ///   - dropped: called instead of `work` if it is removed before its turn.
    /// - Returns: what `remove` knows it by.
    package func add(
        client: String, patience: Duration, work: @escaping @Sendable () -> Void, dropped: @escaping @Sendable () -> Void
    ) throws(Full) -> UInt64 {
        let (id, wait): (UInt64?, Double) = state.withLock { state in
            let ahead = state.waiting + max(0, state.busy - threads + 1)
            let wait = state.seconds * Double(ahead) / Double(threads)
            let isRefused = state.isStopping || (ahead > 0 && (state.waiting >= places || .seconds(wait) > patience))
            if isRefused { return (nil, wait) }
            state.nextID += 1
            let job = Job(id: state.nextID, work: work, dropped: dropped)
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
                continue  // removed before its turn
            }
            let start = ContinuousClock.now
            job.work()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            state.withLock { state in
                state.busy -= 1
                state.seconds += (seconds - state.seconds) / 8
            }
        }
    }
}
