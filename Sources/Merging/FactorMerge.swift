/// Merges one factor (A or B of one module) of several adapters, by PEFT's convention:
///
/// 1. trim each factor to `Int(density · entries)` entries of largest magnitude,
/// 2. elect signs from the trimmed values, before any weight,
/// 3. weight the values, sum those that agree with the elected sign, divide by how many agree.
///
/// What a method leaves out of this is in `MergeMethod`.
package struct FactorMerge {
    private let method: MergeMethod
    private let density: Double
    private let sign: SignElection

    package init(method: MergeMethod, density: Double, sign: SignElection) {
        self.method = method
        self.density = density
        self.sign = sign
    }

    /// What happened to the entries.
    package struct Tally {
        package var entries = 0
        /// Entries set to zero by trimming, for each adapter.
        package var trimmed: [Int] = []
        /// Parameters at which kept values point both ways.
        package var conflicts = 0
    }

    /// - Parameters:
    ///   - factors: one a adapter, row-major, all of the same shape; trimmed in place.
    ///   - weights: one a adapter.
    /// - Returns: the merged factor, of that shape.
    package func merge(_ factors: inout [[Float]], weights: [Float]) -> (merged: [Float], tally: Tally) {
        precondition(!factors.isEmpty && factors.count == weights.count, "a weight for each factor")
        let count = factors[0].count
        precondition(factors.allSatisfy { $0.count == count }, "factors of one shape")
        var tally = Tally(entries: count, trimmed: [Int](repeating: 0, count: factors.count))
        if method.sparsification == .magnitude, density < 1 {
            let kept = Int(density * Double(count))
            for index in factors.indices {
                factors[index].withUnsafeMutableBufferPointer { Trimming.trim($0, keeping: kept) }
                tally.trimmed[index] = count - kept
            }
        }
        var merged = [Float](repeating: 0, count: count)
        merged.withUnsafeMutableBufferPointer { merged in
            // Slices that stay in the cache while one adapter after another is read.
            for start in stride(from: 0, to: count, by: Self.slice) {
                let range = start..<min(start + Self.slice, count)
                tally.conflicts += merge(factors, weights: weights, range: range, into: merged)
            }
        }
        return (merged, tally)
    }

    private static let slice = 4096

    /// Merges the entries of `range`; returns the number of conflicts among them.
    private func merge(
        _ factors: [[Float]], weights: [Float], range: Range<Int>, into merged: UnsafeMutableBufferPointer<Float>
    ) -> Int {
        let width = range.count
        let elects = method.consensus == .electedSign
        var conflicts = 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * width) { scratch in
            scratch.initialize(repeating: 0)
            let votes = UnsafeMutableBufferPointer(rebasing: scratch[0..<width])
            let agreeing = UnsafeMutableBufferPointer(rebasing: scratch[width..<2 * width])
            let plus = UnsafeMutableBufferPointer(rebasing: scratch[2 * width..<3 * width])
            let minus = UnsafeMutableBufferPointer(rebasing: scratch[3 * width..<4 * width])
            let sum = UnsafeMutableBufferPointer(rebasing: merged[range])
            for factor in factors {
                factor.withUnsafeBufferPointer { factor in
                    let values = UnsafeBufferPointer(rebasing: factor[range])
                    for index in 0..<width {
                        let value = values[index]
                        plus[index] += value > 0 ? 1 : 0
                        minus[index] += value < 0 ? 1 : 0
                    }
                    if elects, sign == .total {
                        for index in 0..<width { votes[index] += values[index] }
                    }
                }
            }
            for index in 0..<width { conflicts += plus[index] > 0 && minus[index] > 0 ? 1 : 0 }
            if elects, sign == .frequency {
                for index in 0..<width { votes[index] = plus[index] - minus[index] }
            }
            for (factor, weight) in zip(factors, weights) {
                factor.withUnsafeBufferPointer { factor in
                    let values = UnsafeBufferPointer(rebasing: factor[range])
                    if elects {
                        for index in 0..<width {
                            let value = values[index]
                            let agrees = votes[index] >= 0 ? value > 0 : value < 0
                            sum[index] += agrees ? value * weight : 0
                            agreeing[index] += agrees ? 1 : 0
                        }
                    } else {
                        for index in 0..<width { sum[index] += values[index] * weight }
                    }
                }
            }
            if method.normalisation == .agreeingCount {
                for index in 0..<width { sum[index] /= max(agreeing[index], 1) }
            }
        }
        return conflicts
    }
}
