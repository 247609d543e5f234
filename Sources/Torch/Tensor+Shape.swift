/// Views: other shapes over the same storage, made without calling an operator.
extension Tensor {
    /// `length` positions of axis `dim` from `start`.
    public func narrow(_ dim: Int, _ start: Int, _ length: Int) throws -> Tensor {
        let axis = dim < 0 ? dim + shape.count : dim
        guard shape.indices.contains(axis), start >= 0, length >= 0, start + length <= shape[axis] else {
            throw TorchError.operatorFailed(
                name: "narrow", arguments: [description, "\(dim)", "\(start)", "\(length)"], reason: "the range lies outside the tensor")
        }
        var shape = shape
        shape[axis] = length
        return try reinterpreted(shape, strides: strides, offset: start * strides[axis])
    }

    /// Swaps two axes.
    public func transposed(_ first: Int = -2, _ second: Int = -1) throws -> Tensor {
        var order = Array(shape.indices)
        order.swapAt(first < 0 ? first + shape.count : first, second < 0 ? second + shape.count : second)
        return try permuted(order)
    }

    /// Axis `i` of the result is axis `order[i]` of this tensor.
    public func permuted(_ order: [Int]) throws -> Tensor {
        precondition(order.sorted() == Array(shape.indices), "an order names every axis once")
        return try reinterpreted(order.map { shape[$0] }, strides: order.map { strides[$0] }, offset: 0)
    }

    public func unsqueezed(_ dim: Int) throws -> Tensor {
        let axis = dim < 0 ? dim + shape.count + 1 : dim
        var (shape, strides) = (shape, strides)
        let stride = axis < shape.count ? shape[axis] * strides[axis] : 1
        shape.insert(1, at: axis)
        strides.insert(stride, at: axis)
        return try reinterpreted(shape, strides: strides, offset: 0)
    }

    /// Repeats axes of length 1 without copying; leading axes may be added.
    public func expanded(_ target: [Int]) throws -> Tensor {
        let added = target.count - shape.count
        precondition(added >= 0, "expansion never drops axes")
        var strides = [Int](repeating: 0, count: target.count)
        for axis in shape.indices {
            if shape[axis] == target[axis + added] {
                strides[axis + added] = self.strides[axis]
            } else if shape[axis] != 1 {
                throw TorchError.operatorFailed(name: "expand", arguments: [description, "\(target)"], reason: "axis \(axis) is not 1")
            }
        }
        return try reinterpreted(target, strides: strides, offset: 0)
    }

    /// The same elements in row-major order under another shape: a view where the strides allow it, else a copy.
    /// One length may be -1 and follows from the others.
    public func reshaped(_ target: [Int]) throws -> Tensor {
        var target = target
        if let open = target.firstIndex(of: -1) {
            let known = target.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
            target[open] = known == 0 ? 0 : count / known
        }
        guard target.reduce(1, *) == count else {
            throw TorchError.operatorFailed(name: "reshape", arguments: [description, "\(target)"], reason: "the number of elements differs")
        }
        if let strides = viewStrides(for: target) { return try reinterpreted(target, strides: strides, offset: 0) }
        return try contiguous().reshaped(target)
    }

    /// Strides that show the storage under `target`, or nil where elements would have to move.
    private func viewStrides(for target: [Int]) -> [Int]? {
        if count == 0 || isContiguous {
            var strides = [Int](repeating: 1, count: target.count)
            for axis in target.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(target[axis + 1], 1) }
            return strides
        }
        var result = [Int](repeating: 0, count: target.count)
        var axis = shape.count - 1, place = target.count - 1
        while axis >= 0 {
            // A run of source axes that lie densely behind one another can be cut anew.
            var run = shape[axis]
            let stride = strides[axis]
            while axis > 0, shape[axis - 1] == 1 || strides[axis - 1] == run * stride {
                axis -= 1
                run *= shape[axis]
            }
            var step = stride
            while place >= 0, run > 1 || target[place] == 1 {
                guard run % target[place] == 0 else { return nil }
                result[place] = step
                step *= target[place]
                run /= target[place]
                place -= 1
            }
            if run != 1 { return nil }
            axis -= 1
        }
        return place < 0 || target[0...place].allSatisfy { $0 == 1 } ? result : nil
    }

    /// This tensor if its elements lie in row-major order, else a copy that does.
    public func contiguous() throws -> Tensor { isContiguous ? self : try copied() }

    /// A copy in row-major order.
    public func copied() throws -> Tensor {
        let copy = try Tensor.empty(shape, dtype, device)
        try copy.copy_(self)
        return copy
    }

    /// Overwrites this tensor's elements, converting type and device; `source` broadcasts.
    public func copy_(_ source: Tensor) throws {
        try library.call("aten::copy_", with: [.tensor(self), .tensor(source), .bool(false)])
    }

    public func to(dtype: DType? = nil, device: Device? = nil) throws -> Tensor {
        let (dtype, device) = (dtype ?? self.dtype, device ?? self.device)
        if dtype == self.dtype && device == self.device { return self }
        let result = try Tensor.empty(shape, dtype, device)
        try result.copy_(self)
        return result
    }

    public static func concatenated(_ tensors: [Tensor], _ dim: Int = 0) throws -> Tensor {
        if tensors.count == 1 { return tensors[0] }
        return try Libtorch.open().call("aten::cat", with: [.tensors(tensors), .integer(dim)])[0]
    }
}
