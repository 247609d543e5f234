import Groundwork

/// What a method works on: the entries of one matrix, one list an adapter.
struct EntryGroup {
    /// Names the matrix, for random numbers and thresholds of its own.
    let name: String
    /// One a taking-part adapter, row-major, all of the same shape.
    var vectors: [[Float]]
    /// Entries of a row.
    let width: Int
    /// What each adapter's entries are multiplied by.
    let weights: [Float]
    /// What the result is multiplied by.
    let lambda: Float
}

/// Merges the entries of one matrix of several adapters: sparsify, elect signs, sum, normalise. `MergeMethod` says what of this
/// a method leaves out; `MergeConvention` in which order, and what is made up for.
package struct EntryMerge {
    private let method: MergeMethod
    private let convention: MergeConvention
    private let sign: SignElection
    private let sparsifier: Sparsifier

    package init(_ settings: MergeSettings) {
        method = settings.method
        convention = settings.chosenConvention
        sign = settings.chosenSign
        sparsifier = Sparsifier(settings)
    }

    /// What happened to the entries.
    package struct Tally: Sendable {
        package var entries = 0
        /// Entries set to zero by sparsification, for each adapter.
        package var trimmed: [Int] = []
        /// Parameters at which values that were left point both ways.
        package var conflicts = 0
    }

    /// - Parameters:
    ///   - factors: one an adapter, row-major, all of the same shape; sparsified in place.
    ///   - weights: one an adapter.
    ///   - width: entries of a row.
    ///   - randoms: one an adapter, for methods that drop at random.
    ///   - thresholds: magnitude bits, one an adapter, where the whole adapter's threshold counts and not each matrix's own.
    /// - Returns: the merged matrix, of that shape.
    package func merge(
        _ factors: inout [[Float]], weights: [Float], width: Int, lambda: Float = 1, randoms: [CounterRandom] = [],
        thresholds: [UInt32]? = nil
    ) -> (merged: [Float], tally: Tally) {
        precondition(!factors.isEmpty && factors.count == weights.count, "a weight for each factor")
        let count = factors[0].count
        precondition(factors.allSatisfy { $0.count == count }, "factors of one shape")
        var tally = Tally(entries: count, trimmed: [Int](repeating: 0, count: factors.count))
        if let thresholds {
            for index in factors.indices {
                factors[index].withUnsafeMutableBufferPointer { Trimming.trim($0, below: max(1, thresholds[index])) }
                tally.trimmed[index] = factors[index].count { $0 == 0 }
            }
        } else if method.sparsification == .variance {
            tally.trimmed = sparsifier.keepMostVaried(&factors)
        } else {
            for index in factors.indices {
                tally.trimmed[index] = factors[index].withUnsafeMutableBufferPointer {
                    sparsifier.sparsify($0, width: width, random: randoms.isEmpty ? nil : randoms[index])
                }
            }
        }
        let weights = method.sparsification == .variance ? Self.energyShares(factors, weights) : weights
        var merged = [Float](repeating: 0, count: count)
        merged.withUnsafeMutableBufferPointer { merged in
            // Slices that stay in the cache while one adapter after another is read.
            for start in stride(from: 0, to: count, by: Self.slice) {
                let range = start..<min(start + Self.slice, count)
                tally.conflicts += merge(factors, weights: weights, range: range, into: merged)
            }
            if lambda != 1 { for index in merged.indices { merged[index] *= lambda } }
        }
        return (merged, tally)
    }

    /// SCE's weights: each adapter's share of the squares, times its own weight.
    private static func energyShares(_ factors: [[Float]], _ weights: [Float]) -> [Float] {
        let squares = factors.map { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }
        let sum = squares.reduce(0, +)
        return zip(squares, weights).map { square, weight in
            weight * Float(sum > 0 ? square / sum : 1 / Double(factors.count))
        }
    }

    private static let slice = 1024

    /// Merges the entries of `range`; returns the number of conflicts among them.
    private func merge(
        _ factors: [[Float]], weights: [Float], range: Range<Int>, into merged: UnsafeMutableBufferPointer<Float>
    ) -> Int {
        let width = range.count
        let elects = method.consensus == .electedSign
        // SCE elects from the values as they are, as mergekit does; its other methods weight first.
        let weightsFirst = convention == .mergekit && method.sparsification != .variance
        let normalisation = method.normalisation(convention)
        let allWeights = weights.reduce(0, +)
        var conflicts = 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * width) { scratch in
            scratch.initialize(repeating: 0)
            let votes = UnsafeMutableBufferPointer(rebasing: scratch[0..<width])
            let agreeing = UnsafeMutableBufferPointer(rebasing: scratch[width..<2 * width])
            let plus = UnsafeMutableBufferPointer(rebasing: scratch[2 * width..<3 * width])
            let minus = UnsafeMutableBufferPointer(rebasing: scratch[3 * width..<4 * width])
            let sum = UnsafeMutableBufferPointer(rebasing: merged[range])
            for (factor, weight) in zip(factors, weights) {
                factor.withUnsafeBufferPointer { factor in
                    let values = UnsafeBufferPointer(rebasing: factor[range])
                    let voice = weightsFirst ? weight : 1
                    let turned = voice < 0
                    let (ups, downs) = turned ? (minus, plus) : (plus, minus)
                    for index in 0..<width {
                        let value = values[index]
                        ups[index] += value > 0 ? 1 : 0
                        downs[index] += value < 0 ? 1 : 0
                    }
                    if elects, sign == .total {
                        for index in 0..<width { votes[index] += values[index] * voice }
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
                    let part: Float = normalisation == .agreeingWeight ? weight : 1
                    let voice: Float = weightsFirst && weight < 0 ? -1 : 1
                    if elects {
                        for index in 0..<width {
                            let value = values[index]
                            let voiced = value * voice
                            let agrees = votes[index] >= 0 ? voiced > 0 : voiced < 0
                            sum[index] += agrees ? value * weight : 0
                            agreeing[index] += agrees ? part : 0
                        }
                    } else {
                        for index in 0..<width { sum[index] += values[index] * weight }
                    }
                }
            }
            switch normalisation {
            case .none: break
            case .agreeingCount: for index in 0..<width { sum[index] /= max(agreeing[index], 1) }
            case .agreeingWeight where !elects: for index in 0..<width { sum[index] /= abs(allWeights) < 1e-8 ? 1 : allWeights }
            case .agreeingWeight: for index in 0..<width { sum[index] /= agreeing[index] == 0 ? 1 : agreeing[index] }
            }
        }
        return conflicts
    }
}
