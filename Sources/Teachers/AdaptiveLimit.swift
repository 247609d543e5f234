/// How many requests one endpoint gets at once: found by trying, as TCP finds its window (Chiu and Jain 1989).
///
/// It grows by one with every answer, so doubles with every round of them, up to where trouble was met last, and from there by one a
/// round. Trouble from too much load (429, 503, timeouts, dropped connections) halves it, a fault that load need not explain (other 5xx,
/// unreadable replies) takes a tenth, so that an endpoint which fails now and then keeps a share. What was under way together
/// counts once. Three failures with no answer between them stop the endpoint for a while, longer each time, and from then on one
/// request at a time tries it, until one is answered.
package struct AdaptiveLimit: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// Pauses, and how long an endpoint may do nothing but fail.
    package struct Pace: Sendable {
        package var shortestPause = Duration.milliseconds(250)
        package var longestPause = Duration.seconds(30)
        /// When every endpoint has failed for so long, they are given up.
        package var patience = Duration.seconds(600)

        package init() {}

        /// The pause behind the `count`-th failure in a row: doubling, drawn from its upper half so that clients do not return together.
        package func pause(_ count: Int, jitter: Double = .random(in: 0...1)) -> Duration {
            min(longestPause, shortestPause * (1 << min(max(0, count - 1), 20))) * (0.5 + 0.5 * jitter)
        }
    }

    package static let failuresBeforePause = 3

    package let most: Double
    package private(set) var value: Double
    /// Growth slows down from here on.
    private var threshold: Double
    private var lastCounted: Instant?
    package private(set) var failuresInRow = 0
    package private(set) var failingSince: Instant?
    package private(set) var pausedUntil: Instant?

    /// - Parameter first: where to begin; `most` for a server whose slots are known.
    package init(most: Int, first: Int) {
        self.most = Double(max(1, most))
        value = Double(min(max(1, first), max(1, most)))
        threshold = Double(max(1, most))
    }

    var isHealthy: Bool { failuresInRow == 0 }

    package func hasRoom(beside inFlight: Int, at now: Instant) -> Bool {
        if let pausedUntil, pausedUntil > now { return false }
        return inFlight < Int(value)
    }

    package mutating func answered() {
        failuresInRow = 0
        failingSince = nil
        pausedUntil = nil
        value = min(most, value + (value < threshold ? 1 : 1 / value))
    }

    /// - Parameters:
    ///   - start: when the failed request was sent.
    ///   - wait: how long the endpoint is to be left alone.
    package mutating func failed(byLoad: Bool, start: Instant, now: Instant, wait: Duration?, pace: Pace) {
        failingSince = failingSince ?? now
        if let wait { pausedUntil = max(pausedUntil ?? now, now + max(wait, .zero)) }
        if let lastCounted, start < lastCounted { return }
        lastCounted = now
        failuresInRow += 1
        if value > 1 {
            value = max(1, byLoad ? value / 2 : value * 0.9)
            threshold = value
        }
        if failuresInRow >= Self.failuresBeforePause {
            value = 1
            pausedUntil = max(pausedUntil ?? now, now + pace.pause(failuresInRow - Self.failuresBeforePause + 1))
        }
    }
}
