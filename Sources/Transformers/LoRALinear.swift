import Torch

/// A frozen linear map: `y = x · Wᵀ + b`.
struct Linear {
    private enum Weight {
        case plain(Tensor)
        case packed(PackedMatrix)
    }
    private let stored: Weight
    /// [out]
    let bias: Tensor?

    /// - Parameter weight: [out, in]
    init(weight: Tensor, bias: Tensor?) {
        stored = .plain(weight)
        self.bias = bias
    }

    private init(_ matrix: PackedMatrix, bias: Tensor?) {
        stored = .packed(matrix)
        self.bias = bias
    }

    /// The same map for going forward only, its weight laid out for the CPU's kernels; itself where these cannot be had.
    func packed() -> Linear {
        // Decoding brings some tens of rows at once; prompts bring hundreds, which the same layout serves well.
        guard case .plain(let weight) = stored, weight.device == .cpu, let matrix = try? PackedMatrix(weight, rows: 64) else { return self }
        return Linear(matrix, bias: bias)
    }

    /// [out, in]
    var weight: Tensor {
        guard case .plain(let weight) = stored else { preconditionFailure("a packed weight only goes forward") }
        return weight
    }

    /// `x Wᵀ + b + residual`. The residual rides inside the product.
    func product(_ x: Tensor, residual: Tensor? = nil) throws -> Tensor {
        switch stored {
        case .packed(let matrix):
            return try x.linear(matrix, bias: bias, residual: residual)
        case .plain(let weight):
            let y = try x.linear(weight, bias: residual ?? bias)
            if residual != nil, let bias { return try y.adding(bias) }
            return y
        }
    }
}

/// A low-rank addition to a linear map: `s · B · A` (Hu et al. 2021).
public struct LoRAFactors {
    /// [rank, in]
    public let a: Tensor
    /// [out, rank]
    public let b: Tensor
    /// α/√r when rank-stabilised (Kalajdzievski 2023), else α/r.
    public let scale: Double

    public init(a: Tensor, b: Tensor, scale: Double) {
        self.a = a
        self.b = b
        self.scale = scale
    }
}

/// The gradients of one pair of factors, summed over everything since they were last set to zero.
final class LoRAGradients {
    var a: Tensor
    var b: Tensor

    init(for factors: LoRAFactors) throws {
        a = try Tensor.zeros(factors.a.shape, factors.a.dtype, factors.a.device)
        b = try Tensor.zeros(factors.b.shape, factors.b.dtype, factors.b.device)
    }
}

/// What the backward pass of one projection needs again.
struct SavedProjection {
    /// The adapter's own input: x, or x under its dropout mask; [tokens, in]
    let input: Tensor
    /// `u = s · x Aᵀ` [tokens, rank]
    let reduced: Tensor
    /// 0 or 1/(1−p) for each element of the input, when there is dropout.
    let mask: Tensor?
}

extension Linear {
    /// `y = x Wᵀ + b + u Bᵀ + residual` with `u = s · x Aᵀ`.
    ///
    /// Sums ride inside the products (`addmm`): neither the residual nor the adapter costs a pass over `y`.
    /// - Parameter saved: receives what `backward` needs; stays nil without an adapter.
    func forward(
        _ x: Tensor, _ factors: LoRAFactors?, residual: Tensor? = nil, mask: Tensor? = nil, saved: inout SavedProjection?
    ) throws -> Tensor {
        let y = try product(x, residual: residual)
        guard let factors else { return y }
        let input = try mask.map { try x.multiplied(by: $0) } ?? x
        let u = try input.linear(factors.a.to(dtype: x.dtype)).multiplied(by: factors.scale)
        saved = SavedProjection(input: input, reduced: u, mask: mask)
        return try u.linear(factors.b.to(dtype: x.dtype), bias: y)
    }

    /// The chain rule with the names of `forward`, `dY` the gradient of `y`:
    ///
    ///     dB += dYᵀ u                 [out, rank]
    ///     dU  = s · dY B              [tokens, rank]
    ///     dA += dUᵀ x                 [rank, in]
    ///     dX  = dY W + dU A (+ sum)   [tokens, in]
    ///
    /// - Parameter sum: what other users of the same `x` sent back; it rides inside the product.
    func backward(
        _ dY: Tensor, _ saved: SavedProjection?, _ factors: LoRAFactors?, _ gradients: LoRAGradients?, adding sum: Tensor? = nil
    ) throws -> Tensor {
        let dX = try dY.linear(weight.transposed(), bias: sum)
        guard let factors, let gradients, let saved else { return dX }
        let (a, b) = (try factors.a.to(dtype: dY.dtype), try factors.b.to(dtype: dY.dtype))
        let dU = try dY.linear(b.transposed()).multiplied(by: factors.scale)
        if dY.dtype == gradients.b.dtype {
            gradients.b = try dY.transposed().linear(saved.reduced.transposed(), bias: gradients.b)
            gradients.a = try dU.transposed().linear(saved.input.transposed(), bias: gradients.a)
        } else {  // the pass runs in half precision, the sums stay in single
            gradients.b = try gradients.b.adding(dY.transposed().linear(saved.reduced.transposed()).to(dtype: gradients.b.dtype))
            gradients.a = try gradients.a.adding(dU.transposed().linear(saved.input.transposed()).to(dtype: gradients.a.dtype))
        }
        guard let mask = saved.mask else { return try dU.linear(a.transposed(), bias: dX) }
        return try dX.adding(dU.linear(a.transposed()).multiplied(by: mask))
    }
}
