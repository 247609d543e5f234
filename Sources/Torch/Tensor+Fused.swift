/// The fused operators that a decoder and its trainer live on.
extension Tensor {
    /// `x · rstd · weight` over the last axis, and `rstd = 1/√(mean(x²) + epsilon)` [.., 1] (Zhang & Sennrich 2019).
    public func rmsNorm(_ weight: Tensor, epsilon: Double) throws -> (output: Tensor, rstd: Tensor) {
        let results = try library.call(
            "aten::_fused_rms_norm", results: 2,
            with: [.tensor(self), .integers([shape[shape.count - 1]]), .optionalTensor(weight), .optionalDouble(epsilon)])
        return (results[0], results[1])
    }

    /// Flash attention on the CPU (Dao et al. 2022): `self`, `key`, `value` [batch, heads, tokens, size].
    /// - Returns: the output in the queries' shape and the log-sum-exp that the backward pass needs.
    public func flashAttentionCPU(
        key: Tensor, value: Tensor, causal: Bool, mask: Tensor? = nil, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor) {
        let results = try library.call(
            "aten::_scaled_dot_product_flash_attention_for_cpu", results: 2,
            with: [.tensor(self), .tensor(key), .tensor(value), .double(0), .bool(causal), .optionalTensor(mask), .optionalDouble(scale)])
        return (results[0], results[1])
    }

    /// Gradients of `flashAttentionCPU` for queries (`self`), keys and values.
    public func flashAttentionCPUBackward(
        gradient: Tensor, key: Tensor, value: Tensor, output: Tensor, logSumExp: Tensor, causal: Bool, mask: Tensor? = nil,
        scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let results = try library.call(
            "aten::_scaled_dot_product_flash_attention_for_cpu_backward", results: 3,
            with: [.tensor(gradient), .tensor(self), .tensor(key), .tensor(value), .tensor(output), .tensor(logSumExp),
             .double(0), .bool(causal), .optionalTensor(mask), .optionalDouble(scale)])
        return (results[0], results[1], results[2])
    }

    /// Attention by whatever kernel the device has; for inference.
    public func attention(key: Tensor, value: Tensor, causal: Bool, mask: Tensor? = nil, scale: Double) throws -> Tensor {
        try library.call(
            "aten::scaled_dot_product_attention",
            with: [.tensor(self), .tensor(key), .tensor(value), .optionalTensor(mask), .double(0), .bool(causal), .optionalDouble(scale), .bool(false)])[0]
    }

    /// One step of AdamW (Loshchilov & Hutter 2019) on all tensors at once, in place.
    ///
    /// - Parameters:
    ///   - divisor: the gradients are divided by it first, and keep the quotient.
    ///   - steps: 0-dimensional float32 tensors that hold the number of this step, counted from 1.
    public static func fusedAdamW_(
        _ parameters: [Tensor], gradients: [Tensor], divisor: Double? = nil, firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor],
        learningRate: Double, beta1: Double, beta2: Double, weightDecay: Double, epsilon: Double
    ) throws {
        guard let first = parameters.first else { return }
        let divisor = try divisor.map { try Tensor.full([], $0, .float32, first.device) }
        try Libtorch.open().call(
            "aten::_fused_adamw_", results: 0,
            with: [.tensors(parameters), .tensors(gradients), .tensors(firstMoments), .tensors(secondMoments), .tensors([]), .tensors(steps),
             .double(learningRate), .double(beta1), .double(beta2), .double(weightDecay), .double(epsilon),
             .bool(false), .bool(false), .optionalTensor(divisor), .none])
    }
}
