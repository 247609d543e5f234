/// How many requests one endpoint gets at once: found by trying, as TCP finds its window (Chiu and Jain 1989).
///
/// It doubles with every round of answers until the first trouble, then grows by one a round. Trouble from too much load (429, 503,
/// timeouts, dropped connections) halves it, once for all requests that were under way together; a fault that load need not explain (other 5xx,
/// unreadable replies) takes a tenth, so that an endpoint which fails now and then keeps a share. Three failures with no answer between
/// them stop it for a while, longer each time, after which one request at a time tries it, until one is answered.
struct AdaptiveLimit {
    typealias Instant = ContinuousClock.Instant

    /// Pauses, and how long an endpoint may do nothing but fail.
    struct Pace: Sendable {
        var shortestPause = Duration.milliseconds(250)
        var longestPause = Duration.seconds(30)
        /// When every endpoint has failed for so long, they are given up.
        var patience = Duration.seconds(600)

        /// The pause behind the `count`-th failure in a row: doubling, drawn from its upper half so that clients do not return together.
        func pause(_ count: Int, jitter: Double = .random(in: 0...1)) -> Duration {
            min(longestPause, shortestPause * (1 << min(max(0, count - 1), 20))) * (0.5 + 0.5 * jitter)
        }
    }

    static let failuresBeforePause = 3

    let most: Double
    private(set) var value: Double
    private var isClimbing = true
    private var lastHalved: Instant?
    private(set) var failuresInRow = 0
    private(set) var failingSince: Instant?
    private(set) var pausedUntil: Instant?

    /// - Parameter first: where to begin; `most` for a server whose slots are known.
    init(most: Int, first: Int) {
        self.most = Double(max(1, most))
        value = Double(min(max(1, first), max(1, most)))
    }

    var isHealthy: Bool { failuresInRow == 0 }

    func hasRoom(beside inFlight: Int, at now: Instant) -> Bool {
        if let pausedUntil, pausedUntil > now { return false }
        return inFlight < (failuresInRow >= Self.failuresBeforePause ? 1 : Int(value))
    }

    mutating func answered() {
        failuresInRow = 0
        failingSince = nil
        pausedUntil = nil
        value = min(most, value + (isClimbing ? 1 : 1 / value))
    }

    /// - Parameters:
    ///   - start: when the failed request was sent.
    ///   - wait: what the endpoint asked for.
    mutating func failed(byLoad: Bool, start: Instant, now: Instant, wait: Duration?, pace: Pace) {
        isClimbing = false
        failuresInRow += 1
        failingSince = failingSince ?? now
        if !byLoad {
            value = max(1, value * 0.9)
        } else if lastHalved.map({ start >= $0 }) ?? true {
            value = max(1, value / 2)
            lastHalved = now
        }
        var pause = wait.map { max($0, .zero) }
        if failuresInRow >= Self.failuresBeforePause {
            pause = max(pause ?? .zero, pace.pause(failuresInRow - Self.failuresBeforePause + 1))
        }
        if let pause { pausedUntil = max(pausedUntil ?? now, now + pause) }
    }
}
