/// What can go wrong between Retort and libtorch.
public enum TorchError: Error, CustomStringConvertible {
    /// No usable PyTorch: where it was looked for, and why each place was refused.
    case notFound(tried: [String])
    /// A library is there and does not load, or lacks the stable C interface (PyTorch before 2.10).
    case unusable(path: String, reason: String)
    /// An operator refused its arguments or failed while it ran.
    case operatorFailed(name: String, arguments: [String], reason: String)
    /// The device has no memory left for what an operator needs.
    case outOfMemory(name: String, arguments: [String], reason: String)
    case deviceUnavailable(Device, reason: String)

    /// Whether the same work might succeed with less to hold.
    public var isOutOfMemory: Bool { if case .outOfMemory = self { true } else { false } }

    /// The library's own reason alone, for notices beside which the advice of `description` would be noise.
    public var shortened: String {
        switch self {
        case .outOfMemory(let name, _, let reason): "\(name): \(reason)"
        case .deviceUnavailable(_, let reason): reason
        default: description
        }
    }

    public var description: String {
        switch self {
        case .notFound(let tried):
            return "no PyTorch 2.10 or newer was found (looked at: \(tried.joined(separator: "; "))). "
                + "Run scripts/setup, or install it (pip install torch), or set RETORT_TORCH to the folder torch/lib of an installation"
        case .unusable(let path, let reason):
            return "the PyTorch at \(path) cannot be used: \(reason). Retort needs 2.10 or newer; set RETORT_TORCH to another installation"
        case .operatorFailed(let name, let arguments, let reason):
            return "\(name)(\(arguments.joined(separator: ", "))) failed: \(reason)"
        case .outOfMemory(let name, let arguments, let reason):
            return "out of memory in \(name)(\(arguments.joined(separator: ", "))): \(reason). "
                + "Ask for less at once (--batch or --checkpointing in training, --slots elsewhere), "
                + "keep the weights in four bits (--quantization nf4), or use a device with more memory"
        case .deviceUnavailable(let device, let reason):
            return "the device \(device) cannot be used: \(reason). Use --device cpu, or install a PyTorch with support for it"
        }
    }
}
