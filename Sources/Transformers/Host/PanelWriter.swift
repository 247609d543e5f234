import Torch

/// Writes one panel from rows of a plain weight.
struct PanelWriter {
    /// The first of `outputs` rows.
    let start: UnsafeRawPointer
    let type: DType
    let inputs: Int
    let outputs: Int

    /// - Returns: whether no weight became another one, as far as `format` is asked that.
    func write(_ format: PanelMatrix.Format, _ blocks: Int, to target: UnsafeMutableRawPointer) -> Bool {
        if format == .float32 {
            gather(blocks, target.assumingMemoryBound(to: Float.self))
            return true
        }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 512 * blocks) { all in
            gather(blocks, all.baseAddress!)
            var isExact = true
            for block in 0..<blocks {
                let values = all.baseAddress! + 512 * block, target = target + block * format.blockBytes
                switch format {
                case .int8: Self.quantise(values, target)
                case .int4: isExact = Self.quantiseToFourBits(values, target) && isExact
                case .bfloat16, .float32: for input in 0..<32 { Lanes(at: values + 16 * input).storeBFloat16(to: target + 32 * input) }
                }
            }
            return isExact
        }
    }

    /// [output][input] → [input][output]
    private func gather(_ blocks: Int, _ values: UnsafeMutablePointer<Float>) {
        if inputs < 32 * blocks || outputs < 16 { values.update(repeating: 0, count: 512 * blocks) }
        for output in 0..<outputs {
            if type == .float32 {
                let row = (start + output * inputs * 4).assumingMemoryBound(to: Float.self)
                for input in 0..<inputs { values[16 * input + output] = row[input] }
            } else {
                let row = (start + output * inputs * 2).assumingMemoryBound(to: UInt16.self)
                for input in 0..<inputs { values[16 * input + output] = Float(bitPattern: UInt32(row[input]) << 16) }
            }
        }
    }

    /// Numbers of steps between a block's least and greatest weight. Of bytes those that hold whole multiples of 15, 14 … 1: a 4-bit file's weights
    /// of a block stand on so many steps, and then on a grid of these too; of four bits 15 to 8, of which each smaller number has a multiple.
    private static let byteCounts: [Float] = [255, 252, 253, 250, 248, 247], fourBitCounts: [Float] = [15, 14, 13, 12, 11, 10, 9, 8]

    /// For each output of a block the even grid with the smallest squared error.
    private struct Grid {
        var step: Lanes
        var origin: Lanes
        private var error: Lanes
        private let nothing: Lanes

        /// Whether all weights stand on it, but for rounding.
        var fits: Bool { all(error .<= nothing) }

        /// Of grids from the least to the greatest weight with so many steps.
        /// - Parameter isCentred: whether an even grid around zero, of 255 steps, is another candidate.
        init(_ values: UnsafePointer<Float>, _ counts: [Float], isCentred: Bool) {
            var least = Lanes(at: values), greatest = Lanes(at: values), unknown = Lanes.zero
            for input in 0..<32 {
                let lanes = Lanes(at: values + 16 * input)
                least = least.replacing(with: lanes, where: lanes .< least)
                greatest = greatest.replacing(with: lanes, where: lanes .> greatest)
                unknown += lanes * 0
            }
            let largest = greatest.replacing(with: -least, where: -least .> greatest)
            nothing = largest * largest * 1e-11
            step = isCentred ? largest / 127 : (greatest - least) / counts[0]
            origin = isCentred ? largest / 127 * -128 : least
            error = squaredError(values, step, origin)
            for count in isCentred ? counts[...] : counts.dropFirst() where any(error .> nothing) {
                let other = (greatest - least) / count
                let otherError = squaredError(values, other, least)
                let better = otherError .< error
                step = step.replacing(with: other, where: better)
                origin = origin.replacing(with: least, where: better)
                error = error.replacing(with: otherError, where: better)
            }
            // A weight that is no number, or without bound, leaves none of its block's: it must not come back as an ordinary one.
            origin += unknown
            error += unknown
        }
    }

    /// - Returns: whether all weights stand on sixteen even values.
    private static func quantiseToFourBits(_ values: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) -> Bool {
        let grid = Grid(values, fourBitCounts, isCentred: false)
        // Number `n` stands there as 1 + n / 16.
        (16 * grid.step).store(to: target.assumingMemoryBound(to: Float.self))
        (grid.origin - 16 * grid.step).store(to: (target + 64).assumingMemoryBound(to: Float.self))
        let factor = inverse(grid.step)
        for group in 0..<4 {
            var words = SIMD16<UInt32>.zero
            for number in 0..<8 {
                let rounded = (Lanes(at: values + 16 * (8 * group + number)) - grid.origin) * factor + 12_582_912
                words |= (unsafeBitCast(rounded, to: SIMD16<UInt32>.self) & 15) &<< UInt32(4 * number)
            }
            (target + 128 + 64 * group).storeBytes(of: words, as: SIMD16<UInt32>.self)
        }
        return grid.fits
    }

    private static func quantise(_ values: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) {
        let grid = Grid(values, byteCounts, isCentred: true)
        grid.step.store(to: target.assumingMemoryBound(to: Float.self))
        (grid.origin + 128 * grid.step).store(to: (target + 64).assumingMemoryBound(to: Float.self))
        let factor = inverse(grid.step), bytes = (target + 128).assumingMemoryBound(to: Int8.self)
        for input in 0..<32 {
            // Adding 1.5 · 2²³ leaves the rounded number in the last bits.
            let rounded = unsafeBitCast((Lanes(at: values + 16 * input) - grid.origin) * factor + 12_582_912, to: SIMD16<UInt32>.self) &- 128
            for lane in 0..<16 { bytes[16 * input + lane] = Int8(truncatingIfNeeded: rounded[lane]) }
        }
    }

    @inline(__always)
    private static func inverse(_ step: Lanes) -> Lanes { (1 / step).replacing(with: 0, where: step .== 0) }

    @inline(__always)
    private static func squaredError(_ values: UnsafePointer<Float>, _ step: Lanes, _ origin: Lanes) -> Lanes {
        let factor = inverse(step)
        var sum = Lanes.zero
        for input in 0..<32 {
            let value = Lanes(at: values + 16 * input)
            let number = (value - origin) * factor + 12_582_912 - 12_582_912
            let difference = value - origin.addingProduct(number, step)
            sum.addProduct(difference, difference)
        }
        return sum
    }
}
