import Torch

/// Rows of float32 numbers in memory, each `stride` behind the one before.
struct Rows {
    let start: UnsafeMutablePointer<Float>
    let stride: Int
    var count: Int

    subscript(_ row: Int) -> UnsafeMutablePointer<Float> { start + row * stride }

    func dropFirst(_ rows: Int) -> Rows { Rows(start: self[rows], stride: stride, count: count - rows) }
}

/// A product of a `HostPass`: one linear map or several that read the same input.
struct HostMap {
    let panels: PanelMatrix
    /// Numbers that a row of the result holds.
    let outputs: Int
    var bias: [Float]?
    /// In bfloat16 the same weights for oneDNN, [outputs, inputs]; gate and up one behind the other. With more than four rows a product is
    /// arithmetic, and oneDNN has the processor's own for pairs of bfloat16 numbers, which loops in Swift have not.
    var packed: PackedMatrix?
    /// An adapter that is not folded into the panels.
    var addition: HostAddition?

    private static let packedRows = 5

    /// `y (+)= x · Wᵀ + bias`
    func product(_ x: Rows, into y: Rows, adding: Bool = false) throws {
        if let packed, x.count >= Self.packedRows {
            let result = try Self.product(x, packed)
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
        let input = try panels.input(x)
        try withReduced(input) { reduced in
            try panels.parallel(panels.panels) { range in
                panels.multiply(range, input, y.start, yStride: y.stride, outputs: outputs, adding: adding)
                if let addition, let reduced { addition.add(range, reduced, y.start, yStride: y.stride, outputs: outputs) }
                if bias != nil { add(range, y) }
            }
        }
    }

    private func withReduced(_ x: PanelInput, _ body: ([PanelInput]?) throws -> Void) throws {
        if let addition { try addition.withReduced(x, body) } else { try body(nil) }
    }

    /// `y = silu(x · gateᵀ) · (x · upᵀ)` where the map is gate and up.
    func gated(_ x: Rows, into y: Rows) throws {
        let count = x.count
        if let packed, count >= Self.packedRows {
            let result = try Self.product(x, packed), width = outputs / 2
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
        let input = try panels.input(x)
        try withReduced(input) { reduced in
            try Libtorch.open().parallel(panels.panels / 2, grain: 1) { range in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: 32 * count) { room in
                    let pair = room.baseAddress!
                    for panel in range {
                        panels.multiply(0..<2, from: 2 * panel, input, pair, yStride: 32, outputs: 32)
                        if let addition, let reduced { addition.add(0..<2, from: 2 * panel, reduced, pair, yStride: 32, outputs: 32) }
                        for row in 0..<count {
                            let gate = Lanes(at: pair + 32 * row), up = Lanes(at: pair + 32 * row + 16)
                            (gate.silu() * up).store(to: y[row] + 16 * panel)
                        }
                    }
                }
            }
        }
    }

    private static func product(_ x: Rows, _ packed: PackedMatrix) throws -> Tensor {
        let inputs = packed.shape[1]
        let rounded = try Tensor.empty([x.count, inputs], .bfloat16)
        withExtendedLifetime(rounded) {
            let numbers = rounded.dataPointer.assumingMemoryBound(to: BFloat16.self)
            for row in 0..<x.count {
                let (from, to) = (x[row], numbers + row * inputs)
                for input in 0..<inputs { to[input] = BFloat16(rounding: from[input]) }
            }
        }
        return try rounded.linear(packed)
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
