import Torch

/// `silu(gate) · up` (Shazeer 2020), `silu(g) = g · σ(g)`. On the CPU each direction is one pass over memory.
enum SwiGLU {
    static func forward(_ gate: Tensor, _ up: Tensor) throws -> Tensor {
        guard Lane.takes(gate, up) else {
            let result = try gate.silu()
            try result.multiply_(by: up)
            return result
        }
        let result = try Tensor.empty(gate.shape, .float32)
        try withExtendedLifetime((gate, up, result)) {
            let g = Lane(gate).start, u = Lane(up).start, out = Lane(result).start
            try each(gate.count) { at in
                let gate = Lane.load(g + at)
                Lane.store(gate * sigmoid(gate) * Lane.load(u + at), out + at)
            } rest: { at in
                out[at] = g[at] * sigmoid(SIMD16(repeating: g[at]))[0] * u[at]
            }
        }
        return result
    }

    /// `dUp = dY · silu(gate)`, `dGate = dY · up · silu′(gate)`, `silu′(g) = σ(g) · (1 + g · (1 − σ(g)))`.
    static func backward(_ dY: Tensor, gate: Tensor, up: Tensor) throws -> (gate: Tensor, up: Tensor) {
        guard Lane.takes(dY, gate, up) else {
            let dUp = try gate.silu()
            try dUp.multiply_(by: dY)
            return (try gate.siluBackward(dY.multiplied(by: up)), dUp)
        }
        let dGate = try Tensor.empty(gate.shape, .float32), dUp = try Tensor.empty(gate.shape, .float32)
        try withExtendedLifetime((dY, gate, up, dGate, dUp)) {
            let d = Lane(dY).start, g = Lane(gate).start, u = Lane(up).start, toGate = Lane(dGate).start, toUp = Lane(dUp).start
            func slopes(_ d: SIMD16<Float>, _ g: SIMD16<Float>, _ u: SIMD16<Float>) -> (gate: SIMD16<Float>, up: SIMD16<Float>) {
                let s = sigmoid(g)
                return (d * u * s * (1 + g * (1 - s)), d * g * s)
            }
            try each(gate.count) { at in
                let result = slopes(Lane.load(d + at), Lane.load(g + at), Lane.load(u + at))
                Lane.store(result.gate, toGate + at)
                Lane.store(result.up, toUp + at)
            } rest: { at in
                let result = slopes(SIMD16(repeating: d[at]), SIMD16(repeating: g[at]), SIMD16(repeating: u[at]))
                toGate[at] = result.gate[0]
                toUp[at] = result.up[0]
            }
        }
        return (dGate, dUp)
    }

    @inline(__always)
    private static func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> { 1 / (1 + (-x).exponential) }

    /// Sixteen elements at a time on all threads; the last few one by one.
    @inline(__always)
    private static func each(_ count: Int, _ sixteen: (Int) -> Void, rest: (Int) -> Void) throws {
        try Libtorch.open().parallel(count / 16, grain: 1_024) { range in
            for block in range { sixteen(block * 16) }
        }
        for at in count / 16 * 16..<count { rest(at) }
    }
}
