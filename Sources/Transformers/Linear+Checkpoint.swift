import Checkpoints
import Torch

extension Linear {
    /// A projection as the checkpoint keeps it, or quantised as it is read: one weight at a time, so that a model never needs more
    /// host memory than its quantised weights and one plain one.
    ///
    /// What a four-bit checkpoint left plain stays plain.
    /// - Parameter name: the weight's name in Hugging Face checkpoints.
    static func load(
        _ name: String, from checkpoint: Checkpoint, bias: Tensor?, quantization: Quantization?, dtype: DType, device: Device, room: WeightRoom
    ) throws -> Linear {
        if let stored = checkpoint.fourBitTensor(name) { return Linear(try FourBitMatrix(stored).to(device: device), bias: bias) }
        let stored = try checkpoint.tensor(name)
        if quantization != .nf4, device == .cpu, dtype == .float32, stored.type.isQuantised {
            try stored.requireReadable()
            return Linear(stored, bias: bias, room: room)
        }
        let weight = try Tensor(stored: stored)
        guard quantization == .nf4, !checkpoint.isFourBit else { return Linear(weight: try weight.to(dtype: dtype, device: device), bias: bias) }
        do {
            return Linear(try FourBitMatrix(quantizing: weight).to(device: device), bias: bias)
        } catch TorchError.operatorFailed(_, _, let reason) {
            throw CheckpointError.malformed(path: checkpoint.path, place: "tensor \(name)", reason: reason)
        }
    }
}

extension FourBitMatrix {
    /// A stored weight as it lies in its mapped file.
    init(_ stored: FourBitTensor) throws {
        let scales: Scales
        if let nested = stored.nested {
            scales = .nested(
                codes: try Tensor(bytes: stored.absmax), map: try Tensor(stored: nested.map), scales: try Tensor(stored: nested.absmax),
                offset: try Tensor([nested.offset], [1]), blockSize: nested.blockSize)
        } else {
            scales = .plain(try Tensor(stored: stored.absmax))
        }
        self.init(
            packed: try Tensor(bytes: stored.packed), scales: scales, format: stored.format, blockSize: stored.blockSize, shape: stored.shape)
    }
}

extension Tensor {
    /// The bytes of a stored tensor as they lie in its mapped file, uint8 [bytes].
    fileprivate init(bytes tensor: StoredTensor) throws {
        guard let start = tensor.bytes.baseAddress else { preconditionFailure("\(tensor.name) holds no bytes") }
        self = try Tensor(viewing: start, [tensor.byteCount], .uint8, owner: tensor.file)
    }
}
