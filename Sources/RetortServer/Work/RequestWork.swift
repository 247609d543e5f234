import Agents
import Groundwork
import Synchronization
import Tokenizers
import Transformers

/// A request that is being worked on: its clock, whether anybody still waits for it, and who watches it.
final class RequestWork: Sendable {
    /// What one of a request's streams says while it grows.
    enum News: Sendable {
        /// The stream by its number; text that the model wrote.
        case written(stream: Int, String)
        /// The stream took back some of what it wrote.
        case takenBack(stream: Int)
        /// log p of the letters, as they stand in the question.
        case scored(stream: Int, [Float])
    }

    /// The one that this thread works on: agents hand streams over without knowing for whom.
    @TaskLocal static var current: RequestWork?

    static let clock = RequestClock.continuous

    let cancellation = DecodingCancellation()
    let requested: Duration
    /// The request's whole time.
    let limit: Duration
    let watch: (@Sendable (News) -> Void)?
    private let counts = Mutex((prompt: 0, written: 0))

    init(limit: Duration, watch: (@Sendable (News) -> Void)? = nil) {
        requested = Self.clock.now()
        self.limit = limit
        self.watch = watch
    }

    var elapsed: Duration { Self.clock.now() - requested }
    var remaining: Duration { limit - elapsed }

    /// The time that is left for the work itself: writing the reply takes some too.
    var remainingForWork: Duration { remaining - .milliseconds(50) - limit / 50 }

    func add(promptTokens: Int = 0, writtenTokens: Int = 0) {
        counts.withLock {
            $0.prompt += promptTokens
            $0.written += writtenTokens
        }
    }

    var tokens: (prompt: Int, written: Int) { counts.withLock { $0 } }
}

/// Another guide, with somebody looking on.
final class ObservedGuide: Guide {
    private let guide: any Guide
    private let work: RequestWork
    private let number: Int
    private var text: StreamDecoder

    init(_ guide: any Guide, _ work: RequestWork, _ number: Int, _ tokenizer: Tokenizer) {
        self.guide = guide
        self.work = work
        self.number = number
        text = StreamDecoder(tokenizer)
    }

    func next() throws -> Demand {
        let demand = try guide.next()
        if let watch = work.watch, case .rewind = demand { watch(.takenBack(stream: number)) }
        return demand
    }

    func sampled(_ token: Int, logProbability: () -> Float) throws {
        work.add(writtenTokens: 1)
        try guide.sampled(token, logProbability: logProbability)
        guard let watch = work.watch else { return }
        let piece = text.append(token)
        if !piece.isEmpty { watch(.written(stream: number, piece)) }
    }

    func sampled(_ token: Int) throws { try guide.sampled(token) }

    func scored(_ logProbabilities: [Float]) throws {
        try guide.scored(logProbabilities)
        work.watch?(.scored(stream: number, logProbabilities))
    }

    func likeliest(_ tokens: [TokenLikelihood]) throws { try guide.likeliest(tokens) }
}
