import Foundation
import Groundwork
import Torch

/// What a plan is made for: memory and speeds of a device.
public struct PlanDevice: Sendable, Encodable, Equatable {
    public var name: String
    public var isGPU: Bool
    /// In bytes; nil where unknown.
    public var memory: Int?
    /// Dense peak of matrix products, operations a second, in 16-bit types and in float32; nil where unknown.
    public var halfPeak: Double?
    public var singlePeak: Double?
    /// Bytes a second between memory and processor, as given by the maker or measured.
    public var bandwidth: Double?
    /// What is held before any model is loaded, in bytes; see `PlanDevice.hostBase` and `PlanDevice.contextBase`.
    public var base: Int
    /// The share of the peak that passes reach unless the user says otherwise.
    public var efficiency: Double

    public func peak(_ dtype: DType) -> Double? { dtype == .float32 || dtype == .float64 ? singlePeak : halfPeak }

    /// The share of the memory bandwidth that decoding reaches: streaming kernels come to 0.6 to 0.8 of it.
    public static let bandwidthShare = 0.6

    /// A `retort` process on the CPU beside its tensors: libtorch's and MKL's pages and buffers, the tokenizer. Measured: the peak of training
    /// SmolLM2-135M (PyTorch 2.13, x86-64, two threads) less everything else that the plan counts.
    public static let hostBase = 250_000_000
    /// A GPU's context with libtorch's and cuBLAS's kernels and workspaces, before the first tensor. Not measured here: PyTorch users report
    /// 0.5 to 0.9 GB for CUDA and ROCm.
    public static let contextBase = 900_000_000

    /// Memory as the drivers report it; peaks and bandwidths from the makers' data sheets (dense, SXM and OAM forms).
    private static let gpus: [(name: String, mebibytes: Int, half: Double, single: Double, bandwidth: Double)] = [
        ("mi300x", 196_592, 1307e12, 163.4e12, 5.3e12),
        ("h200", 143_771, 989e12, 67e12, 4.8e12),
        ("h100", 81_559, 989e12, 67e12, 3.35e12),
        ("a100", 81_920, 312e12, 19.5e12, 2.04e12),
    ]
    public static var names: [String] { gpus.map(\.name) + ["cpu"] }

    /// A GPU by name, or any device of so many bytes, whose speed is unknown. `cpu` is `PlanDevice.measured`.
    /// - Returns: nil for a text that is neither.
    public static func named(_ text: String) -> PlanDevice? {
        if let gpu = gpus.first(where: { $0.name == text.lowercased() }) {
            return PlanDevice(
                name: gpu.name, isGPU: true, memory: gpu.mebibytes << 20, halfPeak: gpu.half, singlePeak: gpu.single, bandwidth: gpu.bandwidth,
                base: contextBase, efficiency: 0.4)
        }
        guard let bytes = ByteCount.parse(text) else { return nil }
        return PlanDevice(name: "a device of \(ByteCount.text(bytes))", isGPU: true, memory: bytes, base: contextBase, efficiency: 0.4)
    }

    static let unknownGPU = PlanDevice(name: "a GPU of unknown size and speed (see --device)", isGPU: true, base: contextBase, efficiency: 0.4)

    /// This machine's processor: its speed in products of `dtype` found out in half a second, its bandwidth in a quarter of one.
    public static func measured(_ dtype: DType, threads: Int = 0) throws -> PlanDevice {
        let library = try Libtorch.open()
        if threads > 0 { library.threads = threads }
        let peak = try product(dtype), bandwidth = try copying()
        return PlanDevice(
            name: "this cpu, \(library.threads) threads", isGPU: false, memory: DeviceMemory.total(of: .cpu), halfPeak: peak, singlePeak: peak,
            bandwidth: bandwidth, base: hostBase, efficiency: 0.7)
    }

    private static func product(_ dtype: DType) throws -> Double {
        let side = 1024
        let x = try Tensor.full([side, side], 0.5, dtype), w = try Tensor.full([side, side], 0.25, dtype)
        _ = try x.linear(w)
        let count = try repeated(for: 0.5) { _ = try x.linear(w) }
        return 2 * Double(side * side * side) * count
    }

    private static func copying() throws -> Double {
        let from = try Tensor.full([64 << 20], 1), to = try Tensor.zeros([64 << 20])
        return 2 * Double(from.count * 4) * (try repeated(for: 0.25) { try to.copy_(from) })
    }

    /// How often a second `body` can be done.
    private static func repeated(for seconds: Double, _ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock(), start = clock.now
        var count = 0.0, elapsed = 0.0
        repeat {
            try body()
            count += 1
            let passed = (clock.now - start).components
            elapsed = Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
        } while elapsed < seconds
        return count / elapsed
    }
}
