/// Arithmetic. libtorch's stable ABI cannot pass `Scalar` arguments, so numbers travel as 0-dimensional tensors
/// and sums go through the one C function that takes its factor as a double.
extension Tensor {
    /// `self + factor · other`, with broadcasting.
    public func adding(_ other: Tensor, times factor: Double = 1) throws -> Tensor {
        var result: OpaquePointer?
        try library.check(library.subtract(handle, other.handle, -factor, &result), "add", [.tensor(self), .tensor(other)])
        return try Tensor(adopting: result!, of: library)
    }

    public func subtracting(_ other: Tensor) throws -> Tensor { try adding(other, times: -1) }

    public func multiplied(by other: Tensor) throws -> Tensor {
        try library.call("aten::mul", "Tensor", with: [.tensor(self), .tensor(other)])[0]
    }

    public func multiplied(by factor: Double) throws -> Tensor {
        factor == 1 ? self : try multiplied(by: .scalar(factor, dtype == .float64 ? .float64 : .float32))
    }

    public func divided(by other: Tensor) throws -> Tensor {
        try library.call("aten::div", "Tensor", with: [.tensor(self), .tensor(other)])[0]
    }

    public func multiply_(by other: Tensor) throws {
        try library.call("aten::mul_", "Tensor", with: [.tensor(self), .tensor(other)])
    }

    public func zero_() throws { try library.check(library.zero(handle), "zero_", [.tensor(self)]) }

    public func negated() throws -> Tensor { try library.call("aten::neg", with: [.tensor(self)])[0] }
    public func exponential() throws -> Tensor { try library.call("aten::exp", with: [.tensor(self)])[0] }
    public func logarithm() throws -> Tensor { try library.call("aten::log", with: [.tensor(self)])[0] }
    public func silu() throws -> Tensor { try library.call("aten::silu", with: [.tensor(self)])[0] }

    /// The gradient that reaches `self` when `gradient` reaches `self.silu()`.
    public func siluBackward(_ gradient: Tensor) throws -> Tensor {
        try library.call("aten::silu_backward", with: [.tensor(gradient), .tensor(self)])[0]
    }

    // MARK: Along an axis

    public func sum(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
        try library.call("aten::sum", "dim_IntList", with: [.tensor(self), .optionalIntegers(dims), .bool(keeping), .none])[0]
    }

    public func sum() throws -> Tensor { try library.call("aten::sum", "", with: [.tensor(self), .none])[0] }

    /// The sum of all squares; on the CPU one pass over memory, in an order that the number of threads does not change.
    public func squareSum() throws -> Double {
        guard device == .cpu, dtype == .float32, isContiguous else { return try multiplied(by: self).sum().item() }
        let block = 16_384, blocks = (count + block - 1) / block
        var sums = [Double](repeating: 0, count: blocks)
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums
            withElements(Float.self) { elements in
                let all = UnsafeRawPointer(elements.baseAddress!)
                library.parallel(blocks, grain: 8) { range in
                    for number in range {
                        var lanes = SIMD16<Float>.zero
                        var at = number * block
                        let end = min(at + block, count)
                        while at + 16 <= end {
                            let x = all.loadUnaligned(fromByteOffset: at * 4, as: SIMD16<Float>.self)
                            lanes.addProduct(x, x)
                            at += 16
                        }
                        var sum = Double(lanes.sum())
                        while at < end {
                            sum += Double(elements[at]) * Double(elements[at])
                            at += 1
                        }
                        sums[number] = sum
                    }
                }
            }
        }
        return sums.reduce(0, +)
    }

    public func mean(_ dims: [Int], keeping: Bool = false) throws -> Tensor {
        try library.call("aten::mean", "dim", with: [.tensor(self), .optionalIntegers(dims), .bool(keeping), .none])[0]
    }

    public func softmax(_ dim: Int = -1) throws -> Tensor {
        try library.call("aten::_softmax", with: [.tensor(self), .integer(dim), .bool(false)])[0]
    }

    public func logSoftmax(_ dim: Int = -1) throws -> Tensor {
        try library.call("aten::_log_softmax", with: [.tensor(self), .integer(dim), .bool(false)])[0]
    }

    public func logSumExp(_ dim: Int = -1, keeping: Bool = false) throws -> Tensor {
        try library.call("aten::logsumexp", with: [.tensor(self), .integers([dim]), .bool(keeping)])[0]
    }

    public func maximum(_ dim: Int = -1) throws -> Tensor {
        try library.call("aten::max", "dim", results: 2, with: [.tensor(self), .integer(dim), .bool(false)])[0]
    }

    public func argmax(_ dim: Int = -1) throws -> Tensor {
        try library.call("aten::max", "dim", results: 2, with: [.tensor(self), .integer(dim), .bool(false)])[1]
    }

    /// The `count` largest along the last axis, in descending order, and their places (int64).
    public func topK(_ count: Int) throws -> (values: Tensor, indices: Tensor) {
        let results = try library.call(
            "aten::topk", results: 2, with: [.tensor(self), .integer(count), .integer(-1), .bool(true), .bool(true)])
        return (results[0], results[1])
    }

    /// False where an element is infinite or not a number.
    public func allFinite() throws -> Bool {
        let finite = try library.call("aten::isfinite", with: [.tensor(self)])[0]
        return try library.call("aten::all", with: [.tensor(finite)])[0].to(dtype: .uint8).values(UInt8.self)[0] != 0
    }

    // MARK: By index (int64)

    /// Rows of a table [rows, width] for `indices` of any shape.
    public func rows(_ indices: Tensor) throws -> Tensor { try indexSelect(0, indices) }

    public func indexSelect(_ dim: Int, _ index: Tensor) throws -> Tensor {
        try library.call("aten::index_select", with: [.tensor(self), .integer(dim), .tensor(index)])[0]
    }

    public func gather(_ dim: Int, _ index: Tensor) throws -> Tensor {
        try library.call("aten::gather", with: [.tensor(self), .integer(dim), .tensor(index), .bool(false)])[0]
    }

    /// `self[index[i][j]][j] += source[i][j]` for `dim` 0, and so on for other axes; in place.
    public func scatterAdd_(_ dim: Int, _ index: Tensor, _ source: Tensor) throws {
        try library.call("aten::scatter_add_", with: [.tensor(self), .integer(dim), .tensor(index), .tensor(source)])
    }

    /// Puts slices of `source` along `dim` at the places `index`; in place.
    public func indexCopy_(_ dim: Int, _ index: Tensor, _ source: Tensor) throws {
        try library.call("aten::index_copy_", with: [.tensor(self), .integer(dim), .tensor(index), .tensor(source)])
    }
}
