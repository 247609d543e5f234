/// Where a tensor lives. ROCm devices answer to `cuda` as well.
public enum Device: Sendable, Hashable, CustomStringConvertible {
    case cpu
    case cuda(Int)

    /// Reads "cpu", "cuda" or "cuda:1".
    public init?(_ text: String) {
        switch text {
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        default:
            guard text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)), index >= 0 else { return nil }
            self = .cuda(index)
        }
    }

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    /// The first GPU when one answers, else the CPU.
    public static func best() throws -> Device {
        _ = try Libtorch.open()
        return Device.cuda(0).isAvailable ? .cuda(0) : .cpu
    }

    /// Whether a tensor can be made there.
    public var isAvailable: Bool { (try? check()) != nil }

    /// - Throws: `TorchError.deviceUnavailable` with the library's own reason.
    public func check() throws {
        if self == .cpu { return }
        guard try Libtorch.open().hasGPULibraries else {
            throw TorchError.deviceUnavailable(self, reason: "this PyTorch was built without GPU support")
        }
        do {
            _ = try Tensor.zeros([1], .float32, self)
        } catch {
            throw TorchError.deviceUnavailable(self, reason: "\(error)")
        }
    }
}
