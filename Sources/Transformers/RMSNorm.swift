import Torch

/// Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019) with a frozen weight.
enum RMSNorm {
    /// `y = x · rstd · w` and `rstd = 1/√(mean(x²) + epsilon)` [rows, 1].
    static func forward(_ x: Tensor, _ weight: Tensor, epsilon: Double) throws -> (output: Tensor, rstd: Tensor) {
        guard Lane.takes(x, weight) else { return try x.rmsNorm(weight, epsilon: epsilon) }
        let width = x.shape[x.shape.count - 1], rows = x.count / width
        let output = try Tensor.empty(x.shape), rstd = try Tensor.empty(x.shape.dropLast() + [1])
        try withExtendedLifetime((x, weight, output, rstd)) {
            let (from, factors, to, scales) = (Lane(x).start, Lane(weight).start, Lane(output).start, Lane(rstd).start)
            try Libtorch.open().parallel(rows, grain: grain(width)) { range in
                for row in range {
                    scales[row] = RowMath.rmsNorm(from + row * width, factors, width, Float(epsilon), to + row * width)
                }
            }
        }
        return (output, rstd)
    }

    /// Rows that are worth a thread.
    private static func grain(_ width: Int) -> Int { max(1, 16_384 / width) }

    /// The gradient of `x` for `y = x̂ · w`, `x̂ = x · rstd`, plus `residual`:
    ///
    ///     g  = dY · w
    ///     dX = rstd · (g − x̂ · mean(g · x̂)) + residual
    ///
    /// - Parameters:
    ///   - x: [rows, width]
    ///   - rstd: [rows, 1]
    ///   - residual: what reached `x` past the norm, [rows, width].
    static func backward(_ dY: Tensor, x: Tensor, rstd: Tensor, weight: Tensor, adding residual: Tensor? = nil) throws -> Tensor {
        if x.device == .cpu, x.dtype == .float32, weight.dtype == .float32 {
            return try fused(dY, x, rstd, weight, residual)
        }
        let normal = try x.multiplied(by: rstd)
        let g = try dY.multiplied(by: weight)
        let mean = try g.multiplied(by: normal).mean([-1], keeping: true)
        // `rstd` is in single precision also where `x` is not.
        let dX = try g.subtracting(normal.multiplied(by: mean)).multiplied(by: rstd).to(dtype: x.dtype)
        return try residual.map { try dX.adding($0) } ?? dX
    }

    /// The same in one pass over memory instead of seven.
    private static func fused(_ dY: Tensor, _ x: Tensor, _ rstd: Tensor, _ weight: Tensor, _ residual: Tensor?) throws -> Tensor {
        let width = x.shape[x.shape.count - 1], rows = x.count / width
        let (dY, x, rstd, weight) = (try dY.contiguous(), try x.contiguous(), try rstd.contiguous(), try weight.contiguous())
        let residual = try residual?.contiguous()
        let result = try Tensor.empty(x.shape, .float32)
        let kept = (dY, x, rstd, weight, residual, result)
        try withExtendedLifetime(kept) {
            let gradient = Lane(dY), input = Lane(x), scale = Lane(rstd), factor = Lane(weight)
            let past = residual.map(Lane.init), output = Lane(result)
            try Libtorch.open().parallel(rows, grain: grain(width)) { range in
                for row in range {
                    let g = gradient.start + row * width, v = input.start + row * width, out = output.start + row * width
                    let w = factor.start, r = scale.start[row]
                    var sum: Float = 0
                    var lanes = SIMD16<Float>.zero
                    var index = 0
                    while index + 16 <= width {
                        lanes += Lane.load(g + index) * Lane.load(w + index) * Lane.load(v + index)
                        index += 16
                    }
                    sum = lanes.sum()
                    while index < width {
                        sum += g[index] * w[index] * v[index]
                        index += 1
                    }
                    let mean = sum * r * r / Float(width)
                    index = 0
                    if let past {
                        let p = past.start + row * width
                        while index < width {
                            out[index] = p[index] + r * (g[index] * w[index] - v[index] * mean)
                            index += 1
                        }
                    } else {
                        while index < width {
                            out[index] = r * (g[index] * w[index] - v[index] * mean)
                            index += 1
                        }
                    }
                }
            }
        }
        return result
    }
}
