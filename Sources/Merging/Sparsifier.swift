import Groundwork

/// Sets the entries that do not count to zero, and makes up for them where the method does.
struct Sparsifier {
    private let method: MergeMethod
    private let convention: MergeConvention
    private let density: Double
    private let epsilon: Double
    private let gamma: Double

    init(_ settings: MergeSettings) {
        method = settings.method
        convention = settings.chosenConvention
        density = settings.density
        epsilon = settings.epsilon
        gamma = settings.gamma
    }

    /// - Parameter random: for the methods that drop at random.
    /// - Returns: how many entries were set to zero.
    func sparsify(_ values: UnsafeMutableBufferPointer<Float>, width: Int, random: CounterRandom?) -> Int {
        guard density < 1, !values.isEmpty else { return 0 }
        switch method.sparsification {
        case .none, .variance:
            return 0
        case .magnitude:
            let kept = self.kept(of: values.count)
            Trimming.trim(values, keeping: kept)
            return values.count - kept
        case .magnitudeWithoutOutliers:
            let kept = Int(density * Double(values.count))
            let smallest = max(0, values.count - kept - Int(gamma * Double(values.count)))
            Trimming.trim(values, keeping: values.count - smallest)
            Trimming.dropLargest(values, values.count - smallest - kept)
            return values.count - kept
        case .random:
            guard var random else { return 0 }
            return drop(values) { _ in (random.uniform(), density) }
        case .randomByRank:
            guard var random else { return 0 }
            let probabilities = keepingByRank(UnsafeBufferPointer(values), width: width)
            return drop(values) { (random.uniform(), probabilities[$0]) }
        }
    }

    /// mergekit keeps at least one.
    private func kept(of count: Int) -> Int {
        let kept = Int(density * Double(count))
        return convention == .mergekit ? max(1, kept) : kept
    }

    /// Keeps each entry with its probability. mergekit scales what is left to the old sum of magnitudes; PEFT and the papers
    /// divide by the probability, so that each entry's expectation stays what it was.
    private func drop(_ values: UnsafeMutableBufferPointer<Float>, _ draw: (Int) -> (Double, keeping: Double)) -> Int {
        let before = convention == .mergekit ? Self.magnitudes(values) : 0
        var dropped = 0
        for index in values.indices {
            let (number, keeping) = draw(index)
            if number >= keeping {
                values[index] = 0
                dropped += 1
            } else if convention != .mergekit {
                values[index] /= Float(keeping)
            }
        }
        if convention == .mergekit {
            let after = Self.magnitudes(values)
            if before >= 1e-7, after >= 1e-7 { for index in values.indices { values[index] *= Float(before / after) } }
        }
        return dropped
    }

    private static func magnitudes(_ values: UnsafeMutableBufferPointer<Float>) -> Double { values.reduce(0.0) { $0 + Double(abs($1)) } }

    /// DELLA's MAGPRUNE: within a row, from density − epsilon for the smallest to density + epsilon for the largest.
    private func keepingByRank(_ values: UnsafeBufferPointer<Float>, width: Int) -> [Double] {
        var keeping = [Double](repeating: density, count: values.count)
        for start in stride(from: 0, to: values.count, by: width) {
            let order = (start..<start + width).sorted { abs(values[$0]) < abs(values[$1]) }
            for (rank, index) in order.enumerated() {
                keeping[index] = density - epsilon + 2 * epsilon * Double(rank) / Double(max(1, width - 1))
            }
        }
        return keeping
    }

    /// SCE's selection: of the entries that differ at all, the share whose variance over the adapters is largest.
    /// - Returns: how many entries were set to zero, for each adapter.
    func keepMostVaried(_ factors: inout [[Float]]) -> [Int] {
        guard density < 1 else { return factors.map { _ in 0 } }
        let count = factors[0].count, adapters = Float(factors.count)
        var mean = [Float](repeating: 0, count: count), variance = mean
        for factor in factors { for index in 0..<count { mean[index] += factor[index] / adapters } }
        for factor in factors {
            for index in 0..<count {
                let distance = factor[index] - mean[index]
                variance[index] += distance * distance / adapters
            }
        }
        let kept = Int(density * Double(variance.count { $0 != 0 }))
        variance.withUnsafeMutableBufferPointer { Trimming.trim($0, keeping: kept) }
        return factors.indices.map { adapter in
            var dropped = 0
            for index in 0..<count where variance[index] == 0 {
                factors[adapter][index] = 0
                dropped += 1
            }
            return dropped
        }
    }
}
