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

    /// Cosines and sines for these positions, [positions, size/2] in the model's type.
    func table(_ positions: [Int]) throws -> (cosines: Tensor, sines: Tensor) {
        let needed = (positions.max() ?? 0) + 1
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
        let all = tables!
        if positions == Array(0..<positions.count) {
            return (try all.cosines.narrow(0, 0, positions.count), try all.sines.narrow(0, 0, positions.count))
        }
        let index = try Tensor(positions.map(Int64.init), [positions.count], device: device)
        return (try all.cosines.rows(index), try all.sines.rows(index))
    }

    /// Turns every head of `x` [tokens, heads, size] by its token's angle; `inverse` turns back, which is the gradient.
    ///
    /// `x` is fresh from its projection and belongs to nobody else, so it may be changed in place.
    static func rotate(_ x: Tensor, _ table: (cosines: Tensor, sines: Tensor), inverse: Bool = false) throws -> Tensor {
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
        let cosines = try table.cosines.unsqueezed(1), sines = try table.sines.unsqueezed(1)
        let first = try x.narrow(2, 0, half), second = try x.narrow(2, half, half)
        let sign: Double = inverse ? -1 : 1
        return try Tensor.concatenated(
            [first.multiplied(by: cosines).adding(second.multiplied(by: sines), times: -sign),
             second.multiplied(by: cosines).adding(first.multiplied(by: sines), times: sign)], 2)
    }
}
