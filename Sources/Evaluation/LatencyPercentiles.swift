import Foundation
import Transformers

/// Seconds a question, from its entry into the batch to the last thing read of it.
public struct LatencyPercentiles: Codable, Sendable, Hashable {
    public let p50: Double
    public let p90: Double
    public let p99: Double
    public let slowest: Double

    /// Nil without any. A percentile is the smallest value that so many of all do not exceed (nearest rank).
    public init?(_ seconds: [Double]) {
        guard let last = seconds.max() else { return nil }
        let sorted = seconds.sorted()
        func rank(_ percent: Int) -> Double { sorted[max(1, (sorted.count * percent + 99) / 100) - 1] }
        (p50, p90, p99, slowest) = (rank(50), rank(90), rank(99), last)
    }

    var sentence: String {
        "half within \(Text.seconds(p50)), 90 % within \(Text.seconds(p90)), 99 % within \(Text.seconds(p99)), slowest \(Text.seconds(slowest))"
    }
}

/// Looks at the clock when its guide is first asked and when it is done.
final class TimedGuide: Guide {
    private let guide: any Guide
    private let now: () -> Duration
    private var began: Duration?
    private(set) var seconds: Double?

    /// - Parameter now: time since any fixed moment.
    init(_ guide: any Guide, now: @escaping () -> Duration) {
        self.guide = guide
        self.now = now
    }

    func next() throws -> Demand {
        let start = began ?? now()
        began = start
        let demand = try guide.next()
        if case .finish = demand { seconds = (now() - start) / .seconds(1) }
        return demand
    }

    func sampled(_ token: Int) throws { try guide.sampled(token) }
    func scored(_ logProbabilities: [Float]) throws { try guide.scored(logProbabilities) }
}
