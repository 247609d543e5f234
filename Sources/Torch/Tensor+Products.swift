import Groundwork

/// Matrix products, where the time goes.
extension Tensor {
    /// `self · weightᵀ + bias + residual` for `self` [n, in], `weight` [out, in], `bias` [out], `residual` [n, out].
    ///
    /// The weight may be a transposed view. The residual rides inside the product.
    /// - Parameter byOneDNN: whether oneDNN computes many rows in single precision on a CPU; nil for `Libtorch.prefersOneDNN`.
    public func linear(
        _ weight: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, byOneDNN: Bool? = nil
    ) throws -> Tensor {
        if device == .cpu, dtype == .float32, weight.dtype == .float32, shape.count == 2, shape[0] >= 8, byOneDNN ?? Libtorch.prefersOneDNN {
            return try library.pointwise(self, weight.handle, bias: bias, residual: residual)
        }
        // A full-size bias makes it one `addmm`.
        let y = try library.call("aten::linear", with: [.tensor(self), .tensor(weight), .optionalTensor(residual ?? bias)])[0]
        if residual != nil, let bias { return try y.adding(bias) }
        return y
    }

    /// The same on a packed weight.
    public func linear(_ weight: PackedMatrix, bias: Tensor? = nil, residual: Tensor? = nil) throws -> Tensor {
        try library.pointwise(self, weight.handle, bias: bias, residual: residual)
    }

    /// `self += factor · first · second`, in place, for `self` [n, m], `first` [n, k] and `second` [k, m]; all may be views.
    public func addProduct_(_ first: Tensor, _ second: Tensor, times factor: Double = 1) throws {
        if let addmm = device == .cpu ? library.addmmCPU : library.addmmGPU {
            try library.check(
                addmm(handle, handle, first.handle, second.handle, 1, factor), "addmm", [.tensor(self), .tensor(first), .tensor(second)])
        } else {
            try copy_(adding(first.matmul(second), times: factor))
        }
    }

    /// The matrix product with broadcasting over leading axes.
    public func matmul(_ other: Tensor) throws -> Tensor {
        try library.call("aten::matmul", with: [.tensor(self), .tensor(other)])[0]
    }
}

extension Libtorch {
    /// Whether products of many rows in single precision go to oneDNN in place of MKL, PyTorch's own choice, which copies the weight in
    /// every product. In training SmolLM2 on AMD's Zen 4 MKL reaches 172 GFLOP/s where oneDNN reaches 192, and for a head of 49,152 rows
    /// 112 against 185. On Intel's own processors it is the other way round (docs/performance.md), and nothing is compiled for every new
    /// number of rows; decoding's products of 5 to 16 rows in bfloat16 follow the same choice. A PyTorch with another library in MKL's place was not measured.
    package static let prefersOneDNN = !Processor.isIntel && hasOneDNN

    /// Whether oneDNN's products can be called: they are in PyTorch's builds for x86-64 and for some other processors.
    public static let hasOneDNN: Bool = {
        guard let x = try? Tensor([1, 2] as [Float], [1, 2]), let y = try? x.library.pointwise(x, x.handle, bias: nil, residual: nil) else { return false }
        return (try? y.floats()) == [5]
    }()

    fileprivate func pointwise(_ x: Tensor, _ weight: Handle, bias: Tensor?, residual: Tensor?) throws -> Tensor {
        guard let linearPointwise, let linearBinary else {
            throw TorchError.unusable(path: installation.libraryFolder, reason: "it was built without oneDNN (mkldnn)")
        }
        let x = try x.contiguous(), residual = try residual?.contiguous()
        var result: Handle?
        let status = withExtendedLifetime((x, residual, bias)) {
            withUnsafePointer(to: bias?.handle) { pointer in
                let bias = bias == nil ? nil : pointer
                guard let residual else { return linearPointwise(x.handle, weight, bias, "none", nil, 0, nil, &result) }
                return linearBinary(x.handle, residual.handle, weight, bias, "add", &result)
            }
        }
        try check(status, "mkldnn linear", [.tensor(x), .optionalTensor(bias), .optionalTensor(residual)])
        return try Tensor(adopting: result!, of: self)
    }
}
