import Torch

/// The rows of a batch at which the teacher's likeliest tokens are known, with the student's logits of the tokens to compare. Taken before
/// the softmax, which may overwrite the logits.
struct DensePlaces {
    private struct Place {
        let row: Int
        let ids: [Int]
        let logits: [Double]
        let teacher: [Double]
        let isRanked: Bool
    }

    private let places: [Place]

    /// - Parameter logits: [rows, vocabulary].
    /// - Returns: nil where no row is dense.
    init?(_ logits: Tensor, _ targets: ArraySlice<Target>) throws {
        let rows = targets.enumerated().compactMap { row, target -> (row: Int, target: DenseTarget)? in
            if case .dense(_, let dense) = target { (row, dense) } else { nil }
        }
        if rows.isEmpty { return nil }
        let vocabulary = logits.shape[1]
        let known = rows.filter { !$0.target.ids.isEmpty }, ranked = rows.filter { $0.target.ids.isEmpty }
        var places: [Place] = []
        if !known.isEmpty {
            let flat = try Self.flat(logits)
            let index = known.flatMap { place in place.target.ids.map { Int64(place.row * vocabulary + $0) } }
            var picked = try flat.gather(1, Tensor(index, [1, index.count], device: logits.device)).values(Double.self)[...]
            for (row, target) in known {
                places.append(Place(
                    row: row, ids: target.ids, logits: Array(picked.prefix(target.ids.count)), teacher: target.logProbabilities, isRanked: false))
                picked = picked.dropFirst(target.ids.count)
            }
        }
        if !ranked.isEmpty {
            let width = min(vocabulary, ranked.map(\.target.logProbabilities.count).max() ?? 1)
            let index = try Tensor(ranked.map { Int64($0.row) }, [ranked.count], device: logits.device)
            let (values, ids) = try logits.indexSelect(0, index).topK(width)
            let allValues = try values.values(Double.self), allIDs = try ids.values(Int64.self)
            for (number, (row, target)) in ranked.enumerated() {
                let count = min(width, target.logProbabilities.count), first = number * width
                places.append(Place(
                    row: row, ids: allIDs[first..<first + count].map(Int.init), logits: Array(allValues[first..<first + count]),
                    teacher: Array(target.logProbabilities.prefix(count)), isRanked: true))
            }
        }
        self.places = places
    }

    /// Turns the softmax that stands in the dense rows of `gradient` into their gradient, all but the one-hot of their cross-entropy.
    /// - Parameters:
    ///   - gradient: [rows, vocabulary]; changed in place.
    ///   - tokenWeight: of a row's cross-entropy.
    ///   - denseWeight: of a row's distance.
    /// - Returns: the sum of the distances, and what they add to the loss.
    func add(to gradient: Tensor, logSums: [Double], tokenWeight: Double, denseWeight: Double) throws -> (value: Double, total: Double) {
        let vocabulary = gradient.shape[1]
        var factors = [Double](repeating: 1, count: gradient.shape[0])
        var index: [Int64] = [], corrections: [Double] = []
        var value = 0.0
        for place in places {
            let loss = DenseLoss(
                student: place.logits.map { $0 - logSums[place.row] }, teacher: place.teacher, isRanked: place.isRanked)
            value += loss.value
            factors[place.row] = tokenWeight + denseWeight * loss.restFactor
            index += place.ids.map { Int64(place.row * vocabulary + $0) }
            corrections += loss.corrections.map { $0 * denseWeight }
        }
        try gradient.multiply_(by: Tensor(factors, [factors.count, 1], dtype: gradient.dtype, device: gradient.device))
        try Self.flat(gradient).scatterAdd_(
            1, Tensor(index, [1, index.count], device: gradient.device),
            Tensor(corrections, [1, corrections.count], dtype: gradient.dtype, device: gradient.device))
        return (value, value * denseWeight)
    }

    /// All rows one after another, without a copy.
    private static func flat(_ rows: Tensor) throws -> Tensor {
        precondition(rows.isContiguous, "rows of logits lie one after another")
        return try rows.reshaped([1, rows.count])
    }
}
