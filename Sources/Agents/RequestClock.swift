/// The time as agents read it: a duration since some fixed moment. Handed in, so that deadlines are tested without waiting.
public struct RequestClock: Sendable {
    public let now: @Sendable () -> Duration

    public init(now: @escaping @Sendable () -> Duration) { self.now = now }

    public init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        self.init { start.duration(to: clock.now) }
    }

    /// Goes on while the machine sleeps, as a tournament's clock does.
    public static let continuous = RequestClock(ContinuousClock())
}

/// One request's time: when it came, and how long its reply may take.
public struct Deadline: Sendable {
    public let clock: RequestClock
    public let requested: Duration
    /// Nil for a request without a limit.
    public let limit: Duration?

    /// The request comes now.
    public init(clock: RequestClock = .continuous, limit: Duration?) {
        self.clock = clock
        self.limit = limit
        requested = clock.now()
    }

    public static var unlimited: Deadline { Deadline(limit: nil) }

    public var elapsed: Duration { clock.now() - requested }

    /// Nil without a limit; negative once it has passed.
    public var remaining: Duration? { limit.map { $0 - elapsed } }

    /// Whether less than `reserve` and a fiftieth of the limit is left: machines hesitate now and then.
    func isShort(of reserve: Duration) -> Bool { remaining.map { $0 < reserve + (limit ?? .zero) / 50 } ?? false }
}

/// What one decoding step of a stream costs, measured as it goes, so that a guide knows when closing must begin.
struct Pace {
    private var recent: [Duration] = []
    private var first: Duration?
    private var started: Duration?
    private static let window = 8

    /// A demand that makes the model compute goes out.
    mutating func begin(at now: Duration) { started = now }

    /// The demand was answered. The first one includes the prompt and is only an upper bound of a step.
    mutating func end(at now: Duration) {
        guard let start = started else { return }
        started = nil
        if first == nil {
            first = now - start
        } else {
            recent.append(now - start)
            if recent.count > Self.window { recent.removeFirst() }
        }
    }

    /// The slowest of the last steps; nil before one was measured.
    var slowest: Duration? { recent.max() }

    /// A pass over some tokens, counted in steps over one: dearer for more tokens, yet cheaper than one after the other, and
    /// with room for a slow one.
    static func steps(over tokens: Int) -> Int { 2 + tokens / 3 }

    /// Time to set aside for `steps` more steps. Before one was measured, the pass over the prompt bounds the next.
    func reserve(steps: Int) -> Duration { slowest.map { $0 * steps } ?? first ?? .zero }
}

extension Duration {
    /// In seconds, for records and reports.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
