import Groundwork
import Torch

/// Dropout on what an adapter reads, in one pass (Srivastava et al. 2014; PEFT's `lora_dropout`): an element falls with a probability p, the
/// others are divided by 1 − p.
///
/// Which of them fall is a function of seed, module, pass and place alone. So nothing is kept for the backward pass, which asks again, and a
/// block that is computed a second time sees the same.
package struct InputDropout {
    private let random: CounterRandom
    /// Of a number of 32 bits: below it an element falls.
    private let threshold: SIMD16<UInt32>
    private let factor: SIMD16<Float>

    /// - Parameters:
    ///   - path: the module's name in checkpoints.
    ///   - probability: from 0 to below 1.
    package init(_ dropout: TrainingPass.Dropout, path: String, probability: Double) {
        random = CounterRandom(seed: dropout.seed, phase: "dropout \(path)", step: dropout.step)
        threshold = SIMD16(repeating: UInt32(min(probability * 0x1p32, 0x1p32 - 1)))
        factor = SIMD16(repeating: Float(1 / (1 - probability)))
    }

    /// `x` [rows, width] with its elements dropped or scaled: the same linear map forward and backward.
    package func callAsFunction(_ x: Tensor) throws -> Tensor {
        let isPlain = x.device == .cpu && x.dtype == .float32
        let input = isPlain ? try x.contiguous() : nil, result = try Tensor.empty(x.shape, .float32)
        try withExtendedLifetime((input, result)) { try multiply(input.map(Lane.init), into: Lane(result), count: x.count) }
        return isPlain ? result : try x.multiplied(by: result.to(dtype: x.dtype, device: x.device))
    }

    /// Without `x` the factors themselves.
    private func multiply(_ x: Lane?, into y: Lane, count: Int) throws {
        func set(_ place: Int, _ numbers: SIMD16<UInt32>) {
            let factors = factor.replacing(with: 0, where: numbers .< threshold)
            if place + 16 <= count {
                Lane.store(x.map { Lane.load($0.start + place) * factors } ?? factors, y.start + place)
            } else if place < count {
                for index in place..<count { y.start[index] = (x?.start[index] ?? 1) * factors[index - place] }
            }
        }
        try Libtorch.open().parallel((count + 63) / 64, grain: 256) { range in
            for batch in range {
                let numbers = random.sixtyFour(UInt64(batch)), place = 64 * batch
                set(place, numbers.0)
                set(place + 16, numbers.1)
                set(place + 32, numbers.2)
                set(place + 48, numbers.3)
            }
        }
    }
}
