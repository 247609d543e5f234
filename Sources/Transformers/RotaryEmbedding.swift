import Checkpoints
import Foundation
import Torch

/// Rotary position embedding (Su et al. 2021) in the layout of Hugging Face: element `i` turns with element `i + size/2`.
final class RotaryEmbedding {
    private let frequencies: [Float]
    private let dtype: DType
    private let device: Device
    private var tables: (cosines: Tensor, sines: Tensor)?

    init(_ configuration: ModelConfiguration, dtype: DType, device: Device) {
        frequencies = configuration.rotaryFrequencies()
        self.dtype = dtype
        self.device = device
    }

    /// Cosines and sines of some positions in the model's type.
    struct Table {
        /// [positions, size/2]
        let cosines, sines: Tensor
        /// What a whole head is multiplied by, as it is and with its halves exchanged, [positions, 1, size]: where there are such, nobody reads the
        /// narrow ones. Nil where loops in Swift do.
        let wide: (cosines: Tensor, sines: Tensor)?

        init(_ cosines: Tensor, _ sines: Tensor) throws {
            (self.cosines, self.sines) = (cosines, sines)
            let isLooped = cosines.device == .cpu && cosines.dtype == .float32
            wide = isLooped ? nil : try Self.widened(cosines, sines)
        }

        /// - Parameter whole: its narrow tables stand in for rows that nobody reads.
        private init(narrowOf whole: Table, wide: (cosines: Tensor, sines: Tensor)) {
            (cosines, sines, self.wide) = (whole.cosines, whole.sines, wide)
        }

        /// - Parameter rows: int64
        fileprivate init(_ cosines: Tensor, _ sines: Tensor, rows: Tensor) throws {
            try self.init(cosines.rows(rows), sines.rows(rows))
        }

        /// Some of the positions; `rows` is int64.
        func rows(_ rows: Tensor) throws -> Table {
            guard let wide else { return try Table(cosines, sines, rows: rows) }
            return Table(narrowOf: self, wide: (try wide.cosines.rows(rows), try wide.sines.rows(rows)))
        }

        static func widened(_ cosines: Tensor, _ sines: Tensor) throws -> (cosines: Tensor, sines: Tensor) {
            (try Tensor.concatenated([cosines, cosines], 1).unsqueezed(1),
             try Tensor.concatenated([sines.multiplied(by: -1), sines], 1).unsqueezed(1))
        }
    }

    func table(_ positions: [Int]) throws -> Table {
        let all = try reaching((positions.max() ?? 0) + 1)
        if positions == Array(0..<positions.count) {
            return try Table(all.cosines.narrow(0, 0, positions.count), all.sines.narrow(0, 0, positions.count))
        }
        return try Table(all.cosines, all.sines, rows: Tensor(positions.map(Int64.init), [positions.count], device: device))
    }

    /// The table of the first positions, to take rows of.
    func whole(_ count: Int) throws -> Table {
        let all = try reaching(count)
        return try Table(all.cosines, all.sines)
    }

    private func reaching(_ needed: Int) throws -> (cosines: Tensor, sines: Tensor) {
        if (tables?.cosines.shape[0] ?? 0) < needed {
            let length = max(needed, 2 * (tables?.cosines.shape[0] ?? 128))
            // transformers computes the angles in single precision; doing the same keeps long positions equal.
            let angles = (0..<length).flatMap { position in
                frequencies.map { Double(Float(position) * $0) }
            }
            let shape = [length, frequencies.count]
            tables = (
                try Tensor(angles.map { cos($0) }, shape, dtype: dtype, device: device),
                try Tensor(angles.map { sin($0) }, shape, dtype: dtype, device: device)
            )
        }
        return tables!
    }

    /// Turns every head of `x` [tokens, heads, size] by its token's angle; `inverse` turns back, which is the gradient.
    ///
    /// `x` is fresh from its projection and belongs to nobody else, so it may be changed in place.
    static func rotate(_ x: Tensor, _ table: Table, inverse: Bool = false) throws -> Tensor {
        let tokens = x.shape[0], heads = x.shape[1], size = x.shape[2], half = size / 2
        if x.device == .cpu, x.dtype == .float32, x.isContiguous {
            let (cosines, sines) = (try table.cosines.contiguous(), try table.sines.contiguous())
            try withExtendedLifetime((x, cosines, sines)) {
                let values = Lane(x), c = Lane(cosines), s = Lane(sines)
                let sign: Float = inverse ? -1 : 1
                try Libtorch.open().parallel(tokens, grain: max(1, 8_192 / (heads * size))) { range in
                    for token in range {
                        let cosine = c.start + token * half, sine = s.start + token * half
                        for head in 0..<heads {
                            let first = values.start + (token * heads + head) * size, second = first + half
                            for index in 0..<half {
                                let (a, b, k, n) = (first[index], second[index], cosine[index], sign * sine[index])
                                first[index] = a * k - b * n
                                second[index] = b * k + a * n
                            }
                        }
                    }
                }
            }
            return x
        }
        let wide = try table.wide ?? Table.widened(table.cosines, table.sines)
        let exchanged = try Tensor.concatenated([x.narrow(2, half, half), x.narrow(2, 0, half)], 2)
        return try x.multiplied(by: wide.cosines).adding(exchanged.multiplied(by: wide.sines), times: inverse ? -1 : 1)
    }
}
