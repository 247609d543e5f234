import Transformers

/// Tells once when its guide is done, and how long after it was first asked.
final class WatchedGuide: Guide {
    private let guide: any Guide
    private let now: () -> Duration
    private let ended: (_ seconds: Double) throws -> Void
    private var began: Duration?
    private var isDone = false

    /// - Parameters:
    ///   - now: time since any fixed moment.
    ///   - ended: what it throws ends the decoding.
    init(_ guide: any Guide, now: @escaping () -> Duration, ended: @escaping (_ seconds: Double) throws -> Void) {
        self.guide = guide
        self.now = now
        self.ended = ended
    }

    func next() throws -> Demand {
        let start = began ?? now()
        began = start
        let demand = try guide.next()
        if case .finish = demand, !isDone {
            isDone = true
            try ended((now() - start) / .seconds(1))
        }
        return demand
    }

    func sampled(_ token: Int) throws { try guide.sampled(token) }
    func sampled(_ token: Int, logProbability: () -> Float) throws { try guide.sampled(token, logProbability: logProbability) }
    func scored(_ logProbabilities: [Float]) throws { try guide.scored(logProbabilities) }
    func likeliest(_ tokens: [TokenLikelihood]) throws { try guide.likeliest(tokens) }
}
