import Distillation
import Foundation

/// Says which endpoint takes the next request, and keeps who wants one waiting while none has room.
actor EndpointQueue {
    /// The right to send one request to an endpoint. Every lease is ended once.
    struct Lease: Sendable {
        let endpoint: Int
        let start: ContinuousClock.Instant
        /// Whether what the endpoint was asked before was answered.
        let wasHealthy: Bool
    }

    enum Result: Sendable {
        case answered
        case failed(AttemptFailure)
        case cancelled
    }

    private struct Standing {
        let name: String
        let weight: Double
        var limit: AdaptiveLimit
        var inFlight = 0
        var answers = 0
        var failures = 0
        var refusals = 0
        var lastFailure: String?
        var isClosed = false
    }

    private struct Waiter {
        let number: Int
        let avoiding: Int?
        let continuation: CheckedContinuation<Lease, any Error>
    }

    private let pace: AdaptiveLimit.Pace
    private let notice: @Sendable (String) -> Void
    private var standings: [Standing]
    private var waiters: [Waiter] = []
    private var lastNumber = 0
    /// When waiting is looked at again at the latest.
    private var alarm: ContinuousClock.Instant?

    /// Refusals of an endpoint that has answered nothing yet, behind which it counts as closed.
    private static let refusalsBeforeClosing = 3

    /// - Parameter notice: told when an endpoint is given up, begins to fail, or answers again.
    init(
        _ endpoints: [(name: String, weight: Double, limit: AdaptiveLimit)], pace: AdaptiveLimit.Pace,
        notice: @escaping @Sendable (String) -> Void
    ) {
        self.pace = pace
        self.notice = notice
        standings = endpoints.map { Standing(name: $0.name, weight: $0.weight, limit: $0.limit) }
    }

    /// Waits until an endpoint has room; who waits longest goes first.
    /// - Parameter avoiding: an endpoint to take only if no other has room.
    /// - Throws: `RespondentError.unavailable` when no endpoint will answer any more.
    func lease(avoiding: Int?) async throws -> Lease {
        lastNumber += 1
        let number = lastNumber
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                waiters.append(Waiter(number: number, avoiding: avoiding, continuation: continuation))
                serve()
            }
        } onCancel: {
            Task { await self.drop(number) }
        }
    }

    private func drop(_ number: Int) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: index).continuation.resume(throwing: CancellationError())
    }

    /// - Returns: whether the endpoint is known to answer, so that a refusal means the request.
    @discardableResult
    func end(_ lease: Lease, _ result: Result) -> Bool {
        let now = ContinuousClock.now
        let (wasClosed, wasFailing) = (standings[lease.endpoint].isClosed, isFailing(lease.endpoint))
        defer {
            tell(lease.endpoint, wasClosed: wasClosed, wasFailing: wasFailing)
            serve()
        }
        return update(lease.endpoint) { standing in
            standing.inFlight -= 1
            switch result {
            case .answered:
                standing.answers += 1
                standing.limit.answered()
            case .failed(let failure):
                standing.failures += 1
                if !standing.isClosed { standing.lastFailure = failure.reason }
                switch failure.kind {
                case .closed:
                    standing.isClosed = true
                case .refused where standing.answers > 0:
                    // It understood the request and answers others: no trouble of the endpoint's.
                    standing.failures -= 1
                case .refused:
                    standing.refusals += 1
                    standing.isClosed = standing.isClosed || standing.refusals >= Self.refusalsBeforeClosing
                case .busy, .unreachable, .dropped, .faulty:
                    standing.limit.failed(
                        byLoad: failure.kind != .faulty, start: lease.start, now: now,
                        wait: failure.wait ?? (failure.kind == .busy ? pace.pause(1) : nil), pace: pace)
                }
            case .cancelled:
                break
            }
            return standing.answers > 0
        }
    }

    /// A server has told how many requests it works on at once.
    func setSlots(_ slots: Int, of endpoint: Int) {
        update(endpoint) { standing in
            guard standing.answers == 0, standing.failures == 0 else { return }
            let most = min(Int(standing.limit.most), max(1, slots))
            standing.limit = AdaptiveLimit(most: most, first: most)
        }
        serve()
    }

    /// An endpoint is known to be gone.
    func giveUp(_ endpoint: Int, because reason: String) {
        update(endpoint) { standing in
            standing.isClosed = true
            standing.lastFailure = reason
        }
        serve()
    }

    var report: [EndpointReport] {
        standings.map {
            EndpointReport(
                url: $0.name, answers: $0.answers, failures: $0.failures, limit: Int($0.limit.value),
                lastFailure: $0.lastFailure, isClosed: $0.isClosed)
        }
    }

    private func isFailing(_ endpoint: Int) -> Bool { standings[endpoint].limit.failuresInRow >= AdaptiveLimit.failuresBeforePause }

    private func tell(_ endpoint: Int, wasClosed: Bool, wasFailing: Bool) {
        let standing = standings[endpoint]
        let reason = standing.lastFailure ?? "no answer"
        if standing.isClosed, !wasClosed {
            notice("\(standing.name) is asked no more: \(reason)")
        } else if isFailing(endpoint), !wasFailing {
            notice("\(standing.name) fails and is tried again later: \(reason)")
        } else if wasFailing, !isFailing(endpoint) {
            notice("\(standing.name) answers again")
        }
    }

    private func update<Value>(_ endpoint: Int, _ change: (inout Standing) -> Value) -> Value { change(&standings[endpoint]) }

    private func serve() {
        let now = ContinuousClock.now
        while let waiter = waiters.first, let endpoint = choice(avoiding: waiter.avoiding, at: now) {
            waiters.removeFirst()
            standings[endpoint].inFlight += 1
            waiter.continuation.resume(
                returning: Lease(endpoint: endpoint, start: now, wasHealthy: standings[endpoint].limit.isHealthy))
        }
        guard !waiters.isEmpty else { return }
        if let reason = hopelessness(at: now) {
            for waiter in waiters { waiter.continuation.resume(throwing: RespondentError.unavailable(reason)) }
            waiters = []
            return
        }
        // Nothing else happens when a pause ends or patience does.
        let open = standings.filter { !$0.isClosed }
        let ends = open.compactMap(\.limit.pausedUntil) + open.compactMap { $0.limit.failingSince.map { $0 + pace.patience } }
        guard let next = ends.filter({ $0 > now }).min() else { return }
        if let alarm, alarm <= next { return }
        alarm = next
        Task { [weak self] in
            try? await Task.sleep(until: next, clock: .continuous)
            await self?.ring(next)
        }
    }

    private func ring(_ time: ContinuousClock.Instant) {
        if alarm == time { alarm = nil }
        serve()
    }

    /// Among the endpoints with room, the one that is emptiest for its limit and weight.
    private func choice(avoiding: Int?, at now: ContinuousClock.Instant) -> Int? {
        let free = standings.indices.filter { !standings[$0].isClosed && standings[$0].limit.hasRoom(beside: standings[$0].inFlight, at: now) }
        let others = free.filter { $0 != avoiding }
        return (others.isEmpty ? free : others).min { load($0) < load($1) }
    }

    private func load(_ index: Int) -> Double {
        let standing = standings[index]
        return Double(standing.inFlight + 1) / (standing.limit.value * standing.weight)
    }

    /// Why waiting is in vain: every endpoint is closed, or has done nothing but fail for as long as patience lasts.
    private func hopelessness(at now: ContinuousClock.Instant) -> String? {
        let isOver = standings.allSatisfy { $0.isClosed || $0.limit.failingSince.map { now - $0 >= pace.patience } ?? false }
        guard isOver else { return nil }
        return standings.map { "\($0.name): \($0.lastFailure ?? "no answer")" }.joined(separator: "; ")
    }
}

/// How an endpoint has done so far.
public struct EndpointReport: Sendable, Hashable {
    public var url: String
    public var answers: Int
    /// Attempts that brought no answer; each was repeated, here or elsewhere.
    public var failures: Int
    /// Requests at once that it is given now.
    public var limit: Int
    public var lastFailure: String?
    /// Whether it is asked no more.
    public var isClosed: Bool
}
