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
    /// Time at the end that is left alone, for pauses of the process in which nothing can be done.
    public let reserve: Duration

    /// - Parameter requested: when the request came, on `clock`; nil for now.
    public init(
        clock: RequestClock = .continuous, limit: Duration?, requested: Duration? = nil, reserve: Duration = .zero
    ) {
        self.clock = clock
        self.limit = limit
        self.requested = requested ?? clock.now()
        self.reserve = reserve
    }

    public static var unlimited: Deadline { Deadline(limit: nil) }

    public var elapsed: Duration { clock.now() - requested }

    /// Nil without a limit; negative once it has passed.
    public var remaining: Duration? { limit.map { $0 - elapsed } }

    /// Whether less than `cost`, the reserve and a fiftieth of the limit is left: machines hesitate now and then.
    /// - Parameter spendsReserve: for what was begun in time and must only be finished: what the reserve is for may have come.
    func isShort(of cost: Duration, spendsReserve: Bool = false) -> Bool {
        remaining.map { $0 < cost + (spendsReserve ? .zero : reserve) + (limit ?? .zero) / 50 } ?? false
    }
}

/// What one decoding step of a stream costs, measured as it goes, so that a guide knows when closing must begin.
struct Pace {
    private let known: Duration?
    private var recent: [Duration] = []
    private var first: Duration?
    private var started: Duration?
    private static let window = 8

    /// - Parameter step: what a step is known to take, until one was measured.
    init(step: Duration? = nil) { known = step }

    /// A demand that makes the model compute goes out.
    mutating func begin(at now: Duration) { started = now }

    /// The demand was answered. The first one includes the prompt and is only an upper bound of a step.
    /// - Returns: what the step took, if it was one.
    @discardableResult
    mutating func end(at now: Duration) -> Duration? {
        guard first != nil else {
            _ = endPrompt(at: now)
            return nil
        }
        guard let start = started else { return nil }
        started = nil
        recent.append(now - start)
        if recent.count > Self.window { recent.removeFirst() }
        return now - start
    }

    /// The demand was one to read a prompt: no step, whenever it comes.
    mutating func endPrompt(at now: Duration) -> Duration? {
        guard let start = started else { return nil }
        started = nil
        first = now - start
        return first
    }

    /// Time since the demand that is still out.
    func since(_ now: Duration) -> Duration? { started.map { now - $0 } }

    /// The slowest of the last steps; nil before one was measured.
    var slowest: Duration? { recent.max() }

    /// Three of four of the last steps took no longer: one pause of the machine says nothing about the next step.
    var typical: Duration? { recent.isEmpty ? known : recent.sorted()[(recent.count - 1) * 3 / 4] }

    /// A pass over some tokens, counted in steps over one: dearer for more tokens, yet cheaper than one after the other, and
    /// with room for a slow one.
    static func steps(over tokens: Int) -> Int { 2 + tokens / 3 }

    /// Time to set aside for `steps` more steps: typical ones, and one as slow as the slowest of the last. Before one was
    /// measured, what is known, or the pass over the prompt as a bound of the next.
    func reserve(steps: Int) -> Duration {
        guard let typical else { return first ?? .zero }
        return typical * steps + (slowest ?? typical)
    }
}

extension Duration {
    /// In seconds, for records and reports.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
