import Foundation
import Groundwork

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

    /// The first GPU when one answers, else the CPU. Where a GPU is there that is not used, this says why on standard error.
    public static func best() throws -> Device {
        _ = try Libtorch.open()
        do {
            try cuda(0).check()
            return cuda(0)
        } catch {
            let drivers = ["/dev/nvidia0", "/dev/kfd"]
            if drivers.contains(where: FileManager.default.fileExists) {
                Console.note("computing on the CPU, the GPU is not used: \((error as? TorchError)?.shortened ?? "\(error)")")
            }
            return .cpu
        }
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
        } catch let error as TorchError where error.isOutOfMemory {
            throw error
        } catch {
            throw TorchError.deviceUnavailable(self, reason: "\(error)")
        }
    }
}
