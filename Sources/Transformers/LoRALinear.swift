import Checkpoints
import Torch

/// A frozen linear map: `y = x · Wᵀ + b`.
struct Linear {
    private enum Weight {
        case plain(Tensor)
        case fourBit(FourBitMatrix)
        case stored(StoredTensor, WeightRoom)
        case panels(PanelMap)
    }
    private let kept: Weight
    /// [out]
    let bias: Tensor?

    /// - Parameter weight: [out, in]
    init(weight: Tensor, bias: Tensor?) {
        kept = .plain(weight)
        self.bias = bias
    }

    init(_ matrix: FourBitMatrix, bias: Tensor?) {
        kept = .fourBit(matrix)
        self.bias = bias
    }

    /// A weight that stays as its file keeps it (quantised blocks, say) and is dequantised for every product, in float32 on the CPU.
    init(_ stored: StoredTensor, bias: Tensor?, room: WeightRoom) {
        kept = .stored(stored, room)
        self.bias = bias
    }

    /// Whether the weight is no more than a view of its file.
    var staysInFile: Bool { if case .stored = kept { true } else { false } }

    /// A map for going forward only, in float32 on the CPU.
    init(_ map: PanelMap, bias: Tensor? = nil) {
        kept = .panels(map)
        self.bias = bias
    }

    /// [out, in]
    var shape: [Int] {
        switch kept {
        case .plain(let weight): weight.shape
        case .fourBit(let matrix): matrix.shape
        case .stored(let tensor, _): tensor.shape
        case .panels(let map): [map.outputs, map.inputs]
        }
    }

    /// The weight [out, in] in plain numbers; made anew where it is kept in fewer bits.
    func weight(_ dtype: DType) throws -> Tensor {
        switch kept {
        case .plain(let weight): weight
        case .panels: preconditionFailure("a weight in panels only goes forward")
        case .fourBit(let matrix): try matrix.dequantized(to: dtype)
        case .stored(let tensor, let room): try room.dequantised(tensor)
        }
    }

    /// Pieces of a stored weight with so many rows that the whole of it would be more than a pass needs: a head over a vocabulary.
    private var pieces: [(rows: Range<Int>, weight: Linear)]? {
        guard case .stored(let tensor, let room) = kept, tensor.shape[0] >= 4 * Self.rowsAtOnce, tensor.interleavedHeads == nil else { return nil }
        return stride(from: 0, to: tensor.shape[0], by: Self.rowsAtOnce).map { start in
            let rows = start..<min(start + Self.rowsAtOnce, tensor.shape[0])
            return (rows, Linear(tensor.rows(rows), bias: nil, room: room))
        }
    }

    /// Enough for a product at full speed.
    private static let rowsAtOnce = 6_144

    /// Rows of the weight [tokens, in], where it is a table of embeddings.
    func lookUp(_ tokens: [Int], _ device: Device) throws -> Tensor {
        if case .stored(let tensor, _) = kept {
            let width = tensor.shape[1], result = try Tensor.empty([tokens.count, width], .float32)
            try result.withElements(Float.self) { elements in
                for (place, token) in tokens.enumerated() {
                    let row = UnsafeMutableBufferPointer(rebasing: elements[place * width..<(place + 1) * width])
                    try tensor.rows(token..<token + 1).copyFloats(into: row)
                }
            }
            return result
        }
        return try rows(Tensor(tokens.map(Int64.init), [tokens.count], device: device))
    }

    /// Rows of a plain weight; `index` is int64 on its device.
    func rows(_ index: Tensor) throws -> Tensor {
        guard case .plain(let weight) = kept else { preconditionFailure("embeddings are plain or stored") }
        return try weight.rows(index)
    }

    /// `x Wᵀ + b` of several maps of one input side by side [tokens, all outputs], where the device does them at once; else nil.
    static func products(_ maps: [Linear], _ x: Tensor) throws -> Tensor? {
        let matrices = maps.compactMap { map in if case .fourBit(let matrix) = map.kept { matrix } else { nil } }
        return matrices.count == maps.count ? try FourBitMatrix.products(x, matrices, biases: maps.map(\.bias)) : nil
    }

    /// `dY W + sum` for `dY` [tokens, out].
    func backProduct(_ dY: Tensor, adding sum: Tensor? = nil) throws -> Tensor {
        if let pieces {
            return try pieces.reduce(sum) { sum, piece in
                try piece.weight.backProduct(dY.narrow(1, piece.rows.lowerBound, piece.rows.count), adding: sum)
            }!
        }
        return try dY.linear(weight(dY.dtype).transposed(), residual: sum)
    }

    /// `x Wᵀ + b + residual`. The residual rides inside the product.
    func product(_ x: Tensor, residual: Tensor? = nil) throws -> Tensor {
        if let pieces, bias == nil, residual == nil {
            let y = try Tensor.empty([x.shape[0], shape[0]], x.dtype)
            for (rows, weight) in pieces { try y.narrow(1, rows.lowerBound, rows.count).copy_(weight.product(x)) }
            return y
        }
        switch kept {
        case .fourBit(let matrix):
            return try x.linear(matrix, bias: bias, residual: residual)
        case .panels(let map):
            return try map.product(x, bias: bias, residual: residual)
        case .plain, .stored:
            return try x.linear(weight(x.dtype), bias: bias, residual: residual)
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

    /// `y += s · u Bᵀ`, in place.
    /// - Returns: `u = x Aᵀ`
    func add(_ x: Tensor, to y: Tensor) throws -> Tensor {
        let u = try x.linear(a.to(dtype: x.dtype))
        try y.addProduct_(u, b.to(dtype: x.dtype).transposed(), times: scale)
        return u
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

    /// `a += s · dUᵀ x`, `b += s · dYᵀ u`
    func add(_ dY: Tensor, _ u: Tensor, _ dU: Tensor, _ x: Tensor, scale: Double) throws {
        if dY.dtype == b.dtype {
            try b.addProduct_(dY.transposed(), u, times: scale)
            try a.addProduct_(dU.transposed(), x, times: scale)
        } else {  // the pass runs in half precision, the sums stay in single
            b = try b.adding(dY.transposed().matmul(u).to(dtype: b.dtype), times: scale)
            a = try a.adding(dU.transposed().matmul(x).to(dtype: a.dtype), times: scale)
        }
    }
}

extension Linear {
    /// `y = x Wᵀ + b + s · u Bᵀ + residual` with `u = x Aᵀ`.
    ///
    /// Sums and the scale ride inside the products: neither the residual nor the adapter costs a pass over `y`.
    /// - Parameters:
    ///   - dropout: of the adapter's own input.
    ///   - reduced: receives `u` [tokens, rank], which `backward` needs; stays nil without an adapter.
    func forward(
        _ x: Tensor, _ factors: LoRAFactors?, residual: Tensor? = nil, dropout: InputDropout? = nil, reduced: inout Tensor?
    ) throws -> Tensor {
        let y = try product(x, residual: residual)
        guard let factors else { return y }
        reduced = try factors.add(dropout?(x) ?? x, to: y)
        return y
    }

    /// The chain rule with the names of `forward`, `dY` the gradient of `y`:
    ///
    ///     dB += s · dYᵀ u             [out, rank]
    ///     dU  = dY B                  [tokens, rank]
    ///     dA += s · dUᵀ x             [rank, in]
    ///     dX  = dY W + s · dU A (+ sum)   [tokens, in]
    ///
    /// - Parameters:
    ///   - x: what `forward` got.
    ///   - reduced: `u`; nil where it was not kept.
    ///   - sum: what other users of the same `x` sent back; it rides inside the product.
    func backward(
        _ dY: Tensor, _ x: Tensor, _ reduced: Tensor?, _ factors: LoRAFactors?, _ gradients: LoRAGradients?, dropout: InputDropout? = nil,
        adding sum: Tensor? = nil
    ) throws -> Tensor {
        let dX = try backProduct(dY, adding: sum)
        guard let factors, let gradients else { return dX }
        let (a, b) = (try factors.a.to(dtype: dY.dtype), try factors.b.to(dtype: dY.dtype))
        let dU = try dY.linear(b.transposed())
        let dropped = try dropout?(x) ?? x
        try gradients.add(dY, reduced ?? dropped.linear(a), dU, dropped, scale: factors.scale)
        if let dropout { return try dX.adding(dropout(dU.matmul(a)), times: factors.scale) }
        try dX.addProduct_(dU, a, times: factors.scale)
        return dX
    }
}
