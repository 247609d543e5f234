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
