import Foundation
import Synchronization

/// Tells a decoder that nobody waits for some streams any more.
public final class DecodingCancellation: Sendable {
    private let requested = Atomic<Bool>(false)

    public init() {}

    public var isRequested: Bool { requested.load(ordering: .relaxed) }
    public func request() { requested.store(true, ordering: .relaxed) }
}

/// A decoder that many threads hand streams to at any time: those of all callers advance in one batch, on a thread of its own.
///
/// Free slots go round among the callers, one stream each. A long prompt is computed in pieces, and what a slot holds of an earlier stream (a
/// system prompt) is not computed again. Streams under different adapters of one base are computed in turn, each round all of them. What a
/// guide throws reaches its own caller; what the backend throws reaches everybody who has a stream in it, and the decoder goes on.
///
/// A guide is used by the decoder's thread while its caller waits in `run`, and by nobody else: so guides need not be `Sendable`.
// Unchecked: `batch` and `callers` belong to the decoder's thread, `arrivals` and `isStopping` are guarded by `condition`, and a `Caller` is
// handed over by the condition's lock and back by its semaphore.
public final class SharedDecoder: @unchecked Sendable {
    /// What the decoder does at a moment, and has done.
    public struct Status: Sendable, Equatable {
        public var slots = 0
        public var busySlots = 0
        /// Streams that have no slot yet.
        public var waitingStreams = 0
        public var rounds = 0
        /// Tokens that went through the model.
        public var computedTokens = 0
        /// Tokens of prompts that a slot held already.
        public var reusedTokens = 0
    }

    private final class Caller {
        var waiting: ArraySlice<Stream>
        let adapter: Int
        let cancellation: DecodingCancellation?
        var running = 0
        /// The number of its last turn; 0 before its first, which so comes next.
        var lastTurn = 0
        var failure: (any Error)?
        let done = DispatchSemaphore(value: 0)

        init(_ streams: [Stream], adapter: Int, _ cancellation: DecodingCancellation?) {
            waiting = streams[...]
            self.adapter = adapter
            self.cancellation = cancellation
        }
    }

    private let backend: any DecodingBackend
    private let batch: StreamBatch<Caller>
    private let roundTokens: Int
    private let condition = NSCondition()
    private var arrivals: [Caller] = []
    private var isStopping = false
    private var callers: [Caller] = []
    /// How often a free slot was given away.
    private var turns = 0
    private let published: Mutex<Status>
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - adapters: nil stands for the base alone; a stream names one by its place. None is folded into the base, so all share its weights.
    ///   - slots: streams side by side.
    ///   - context: tokens that a stream may have; what the cache can grow to. (default: the model's)
    ///   - roundTokens: tokens of prompts that one round computes at most.
    public convenience init(
        model: LanguageModel, adapters: [Adapter?] = [nil], slots: Int = 16, context: Int = .max, roundTokens: Int = 256
    ) throws {
        self.init(
            backend: try ModelBackend(model: model, adapters: adapters, slots: slots, context: context), roundTokens: roundTokens)
    }

    public init(backend: any DecodingBackend, roundTokens: Int = 256) {
        self.backend = backend
        self.roundTokens = roundTokens
        batch = StreamBatch(backend)
        published = Mutex(Status(slots: backend.slotCount))
        let thread = Thread { [self] in work() }
        thread.name = "decoder"
        thread.stackSize = 8 << 20
        thread.start()
    }

    public var status: Status {
        condition.lock()
        let arriving = arrivals.reduce(0) { $0 + $1.waiting.count }
        condition.unlock()
        var status = published.withLock { $0 }
        status.waitingStreams += arriving
        return status
    }

    /// The tokens that one stream can have.
    public var capacity: Int { backend.capacity }

    /// Runs streams to their end beside those of all other callers. Blocks its thread: never to be called from asynchronous code.
    /// - Parameter adapter: the place of an adapter among the backend's.
    /// - Throws: what a guide of these streams or the backend throws, `CancellationError`, and `DecodingError.stopped`.
    public func run(_ streams: [Stream], adapter: Int = 0, cancellation: DecodingCancellation? = nil) throws {
        if streams.isEmpty { return }
        let caller = Caller(streams, adapter: adapter, cancellation)
        condition.lock()
        if isStopping {
            condition.unlock()
            throw DecodingError.stopped
        }
        arrivals.append(caller)
        condition.signal()
        condition.unlock()
        caller.done.wait()
        if let failure = caller.failure { throw failure }
    }

    /// Takes no more streams, and returns when those it has are done.
    public func stop() {
        condition.lock()
        let wasStopping = isStopping
        isStopping = true
        condition.signal()
        condition.unlock()
        if wasStopping { return }
        ended.wait()
    }

    // MARK: The decoder's thread

    private func work() {
        while takeArrivals() {
            for caller in callers where caller.cancellation?.isRequested == true { end(caller, CancellationError()) }
            settle()
            admit()
            settle()
            publish()
            do {
                try batch.advance(most: roundTokens)
            } catch {
                for caller in callers where caller.running > 0 { end(caller, error) }
                batch.forget()
            }
            published.withLock { $0.rounds += 1 }
        }
        ended.signal()
    }

    /// Waits while there is nothing to do. False when there never will be.
    private func takeArrivals() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while callers.isEmpty, arrivals.isEmpty {
            if isStopping { return false }
            condition.wait()
        }
        callers += arrivals
        arrivals = []
        return true
    }

    /// Gives every free slot to a caller in turn.
    private func admit() {
        while !batch.free.isEmpty, let caller = callers.filter({ !$0.waiting.isEmpty }).min(by: { $0.lastTurn < $1.lastTurn }) {
            turns += 1
            caller.lastTurn = turns
            let stream = caller.waiting.removeFirst()
            do {
                try batch.admit(stream, caller, at: batch.place(for: stream.prompt, adapter: caller.adapter), adapter: caller.adapter)
                caller.running += 1
            } catch {
                end(caller, error)
            }
        }
    }

    private func settle() {
        for one in batch.settle() {
            one.owner.running -= 1
            if let failure = one.failure {
                end(one.owner, failure)
            } else if one.owner.running == 0, one.owner.waiting.isEmpty {
                end(one.owner, nil)
            }
        }
    }

    private func end(_ caller: Caller, _ failure: (any Error)?) {
        guard let index = callers.firstIndex(where: { $0 === caller }) else { return }  // it failed with another of its streams
        callers.remove(at: index)
        batch.remove { $0 === caller }
        caller.failure = failure
        publish()
        caller.done.signal()
    }

    private func publish() {
        published.withLock { status in
            status.busySlots = batch.count
            status.waitingStreams = callers.reduce(0) { $0 + $1.waiting.count }
            status.computedTokens = batch.computedTokens
            status.reusedTokens = batch.reusedTokens
        }
    }
}
