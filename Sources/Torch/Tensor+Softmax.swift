import Foundation

extension Tensor {
    /// `factor · softmax` of every row of `self` [rows, width], and the logarithm of every row's sum of exponentials.
    ///
    /// A vocabulary's worth of logits is the largest tensor of a training step. On a CPU its row is read while it is in the cache, and
    /// the result takes the place of `self`: neither a second nor a third such tensor exists.
    /// - Parameter factors: one for each row.
    public func softmax_(times factors: [Double]) throws -> (result: Tensor, logSums: [Double]) {
        let rows = shape[0], width = shape[1]
        precondition(shape.count == 2 && factors.count == rows, "one factor for each row")
        guard Lane.takes(self), width >= 16 else {
            let logProbabilities = try logSoftmax()
            let sums = try narrow(1, 0, 1).subtracting(logProbabilities.narrow(1, 0, 1)).values(Double.self)
            let result = try logProbabilities.exponential()
            try result.multiply_(by: Tensor(factors, [rows, 1], dtype: dtype, device: device))
            return (result, sums)
        }
        var sums = [Double](repeating: 0, count: rows)
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums
            withExtendedLifetime(self) {
                let all = Lane(self).start
                library.parallel(rows, grain: 1) { range in
                    for row in range { sums[row] = Self.softmaxRow(all + row * width, width, Float(factors[row])) }
                }
            }
        }
        return (self, sums)
    }

    private static func softmaxRow(_ row: UnsafeMutablePointer<Float>, _ width: Int, _ factor: Float) -> Double {
        let whole = width / 16 * 16
        var top = Lane.load(row)
        for at in stride(from: 16, to: whole, by: 16) {
            let x = Lane.load(row + at)
            top.replace(with: x, where: x .> top)
        }
        var largest = top.max()
        for at in whole..<width { largest = max(largest, row[at]) }
        // A row with NaN in it ends as NaN: the sum carries it.
        let shift = SIMD16<Float>(repeating: largest)
        var lanes = SIMD16<Float>.zero
        for at in stride(from: 0, to: whole, by: 16) {
            let e = (Lane.load(row + at) - shift).exponential
            Lane.store(e, row + at)
            lanes += e
        }
        var sum = lanes.sum()
        for at in whole..<width {
            row[at] = exp(row[at] - largest)
            sum += row[at]
        }
        let scale = SIMD16<Float>(repeating: factor / sum)
        for at in stride(from: 0, to: whole, by: 16) { Lane.store(Lane.load(row + at) * scale, row + at) }
        for at in whole..<width { row[at] *= factor / sum }
        return Double(largest) + log(Double(sum))
    }
}
