import Torch

/// Rows of float32 numbers in memory, each `stride` behind the one before.
struct Rows {
    let start: UnsafeMutablePointer<Float>
    let stride: Int
    var count: Int

    subscript(_ row: Int) -> UnsafeMutablePointer<Float> { start + row * stride }

    func dropFirst(_ rows: Int) -> Rows { Rows(start: self[rows], stride: stride, count: count - rows) }
}

/// Memory that the products of a pass share, one after another.
struct ProductRoom {
    /// For the rows of an input tile by tile.
    let tiles: UnsafeMutablePointer<Float>
    /// For what an adapter makes of them, twice.
    let reduced: UnsafeMutablePointer<Float>
}

/// A product of a `HostPass`: one linear map or several that read the same input.
struct HostMap {
    let panels: PanelMatrix
    /// Numbers that a row of the result holds.
    let outputs: Int
    var bias: [Float]?
    /// In bfloat16 the same weights for oneDNN, [outputs, inputs]; gate and up one behind the other. With more than four rows a product is
    /// arithmetic, and where oneDNN is preferred it has the processor's own for pairs of bfloat16 numbers, which loops in Swift have not.
    var packed: PackedMatrix?
    /// An adapter that is not folded into the panels.
    var addition: HostAddition?

    /// So many rows go through oneDNN where there is `packed`; its products take libtorch's threads for themselves.
    static let rowsForOneDNN = 5

    /// `y (+)= x · Wᵀ + bias`
    func product(_ x: Rows, into y: Rows, adding: Bool = false, _ room: ProductRoom, _ crew: Crew.Member) {
        if let result = packedProduct(x) {
            withExtendedLifetime(result) {
                let numbers = result.dataPointer.assumingMemoryBound(to: BFloat16.self)
                for row in 0..<x.count {
                    let (from, to) = (numbers + row * outputs, y[row])
                    for output in 0..<outputs { to[output] = (adding ? to[output] : 0) + from[output].single }
                }
            }
            if bias != nil { add(0..<panels.panels, y) }
            return
        }
        let input = panels.input(x, room.tiles, crew), reduced = addition?.reduced(input, room.reduced, crew)
        PanelMatrix.share(panels.panels, crew) { range in
            panels.foresee(range.lowerBound)
            panels.multiply(range, input, y.start, yStride: y.stride, outputs: outputs, adding: adding)
            if let addition, let reduced { addition.add(range, reduced, y.start, yStride: y.stride, outputs: outputs) }
            if bias != nil { add(range, y) }
        }
    }

    /// `y = silu(x · gateᵀ) · (x · upᵀ)` where the map is gate and up.
    func gated(_ x: Rows, into y: Rows, _ room: ProductRoom, _ crew: Crew.Member) {
        let count = x.count
        if let result = packedProduct(x) {
            let width = outputs / 2
            withExtendedLifetime(result) {
                let numbers = result.dataPointer.assumingMemoryBound(to: BFloat16.self)
                for row in 0..<count {
                    let gate = numbers + row * outputs, up = gate + width
                    var index = 0
                    while index + 16 <= width {
                        (BFloat16.lanes(gate + index).silu() * BFloat16.lanes(up + index)).store(to: y[row] + index)
                        index += 16
                    }
                    while index < width {
                        y[row][index] = Lanes(repeating: gate[index].single).silu()[0] * up[index].single
                        index += 1
                    }
                }
            }
            return
        }
        let input = panels.input(x, room.tiles, crew), reduced = addition?.reduced(input, room.reduced, crew)
        crew.share(panels.panels / 2) { range in
            panels.foresee(2 * range.lowerBound)
            let together = min(8, range.count)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 32 * together * count) { part in
                let pairs = part.baseAddress!
                for first in stride(from: range.lowerBound, to: range.upperBound, by: together) {
                    let some = min(together, range.upperBound - first), width = 32 * some
                    panels.multiply(0..<2 * some, from: 2 * first, input, pairs, yStride: width, outputs: width)
                    if let addition, let reduced { addition.add(0..<2 * some, from: 2 * first, reduced, pairs, yStride: width, outputs: width) }
                    for row in 0..<count {
                        for pair in 0..<some {
                            let gate = Lanes(at: pairs + row * width + 32 * pair), up = Lanes(at: pairs + row * width + 32 * pair + 16)
                            (gate.silu() * up).store(to: y[row] + 16 * (first + pair))
                        }
                    }
                }
            }
        }
    }

    /// Nil where the loops are to do it: for few rows, and if libtorch could not.
    private func packedProduct(_ x: Rows) -> Tensor? {
        guard let packed, x.count >= Self.rowsForOneDNN else { return nil }
        let inputs = packed.shape[1]
        guard let rounded = try? Tensor.empty([x.count, inputs], .bfloat16) else { return nil }
        withExtendedLifetime(rounded) {
            let numbers = rounded.dataPointer.assumingMemoryBound(to: BFloat16.self)
            for row in 0..<x.count {
                let (from, to) = (x[row], numbers + row * inputs)
                for input in 0..<inputs { to[input] = BFloat16(rounding: from[input]) }
            }
        }
        return try? rounded.linear(packed)
    }

    /// Adds the bias of these panels' outputs.
    private func add(_ panels: Range<Int>, _ y: Rows) {
        guard let bias else { return }
        for row in 0..<y.count {
            let sums = y[row]
            for output in 16 * panels.lowerBound..<min(16 * panels.upperBound, bias.count) { sums[output] += bias[output] }
        }
    }
}
