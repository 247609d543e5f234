import Foundation
import Synchronization

/// Products of a few rows of bfloat16 with four-bit weights on an NVIDIA GPU: a kernel of Retort's own, compiled when it is first wanted.
///
/// One pass over the codes, for up to three matrices that share their input: a byte's two numbers come out of a table in shared memory, the
/// tensor cores multiply them, and each block's scale is applied to the block's sum in float32. An H200 reads the codes of large matrices at 1.5 to 2.5 TB/s so,
/// where the kernels of bitsandbytes 0.50 reach 1.1 with one row and 0.35 with sixteen (docs/performance.md).
package final class GPUFourBitKernel: Sendable {
    /// Rows of `x` at most.
    package static let mostRows = 16
    static let mostMatrices = 3

    /// How a kernel is cut; measured on an H200.
    struct Shape: Hashable {
        /// Threads of a block, in groups of 32 that share its outputs and split its weights.
        let warps: Int
        /// Blocks of 64 weights whose loads a group has under way.
        let ahead: Int
        /// Outputs of a block, in sixteens.
        let tiles: Int
        /// Rows of `x`, in eights.
        let groups: Int
        /// Blocks that a multiprocessor holds at once.
        let resident: Int

        static let all = [many, middle, few, manyOfTwo, middleOfTwo]
        private static let many = Shape(warps: 8, ahead: 2, tiles: 2, groups: 1, resident: 4)
        private static let middle = Shape(warps: 16, ahead: 2, tiles: 2, groups: 1, resident: 2)
        private static let few = Shape(warps: 16, ahead: 3, tiles: 1, groups: 1, resident: 2)
        private static let manyOfTwo = Shape(warps: 8, ahead: 2, tiles: 2, groups: 2, resident: 3)
        private static let middleOfTwo = Shape(warps: 16, ahead: 2, tiles: 2, groups: 2, resident: 1)

        /// Large blocks where all are at work at once, and smaller ones where there are too few or several rounds of them.
        static func fitting(rows: Int, outputs: Int, multiprocessors: Int) -> Shape {
            let blocks = outputs / 32
            if rows > 8 { return blocks > 2 * multiprocessors ? manyOfTwo : middleOfTwo }
            if blocks >= 6 * multiprocessors { return many }
            return (multiprocessors...2 * multiprocessors).contains(blocks) ? middle : few
        }
    }

    private typealias Pointer = UnsafeMutableRawPointer
    private typealias Launch = @convention(c) (
        Pointer, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Pointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Pointer?
    ) -> Int32

    // Addresses of what the driver has loaded for good, and tensors that nobody writes.
    private struct Kept: @unchecked Sendable {
        let kernels: [Shape: UnsafeMutableRawPointer]
        /// For each format the two numbers that a byte of codes stands for, int32 [256].
        let pairs: [FourBitMatrix.Format: Tensor]
    }

    private let device: Device
    private let multiprocessors: Int
    private let launch: Launch
    private let kept: Kept
    private let library: Libtorch

    private static let found = Mutex<[Device: (kernel: GPUFourBitKernel?, note: String?)]>([:])

    /// The device's kernel; compiled and tried on small matrices the first time. The note says why there is none where one was to be expected.
    package static func find(on device: Device) -> (kernel: GPUFourBitKernel?, note: String?) {
        if device == .cpu { return (nil, nil) }
        if let known = found.withLock({ $0[device] }) { return known }
        var result: (kernel: GPUFourBitKernel?, note: String?) = (nil, nil)
        do {
            if ProcessInfo.processInfo.environment["RETORT_GPU_KERNELS"] != "0", let made = try GPUFourBitKernel(device) {
                if try made.agrees() {
                    result.kernel = made
                } else {
                    result.note = "Retort's kernel for four-bit weights computes something else on \(device)"
                }
            }
        } catch {
            result.note = "Retort's kernel for four-bit weights cannot be used on \(device): \(error)"
        }
        if result.note != nil { result.note! += "; bitsandbytes' kernels stand in, which are slower" }
        found.withLock { $0[device] = result }
        return result
    }

    /// - Returns: nil where there is no compiler (ROCm) or the GPU is older than the kernel's instructions.
    private init?(_ device: Device) throws {
        guard case .cuda(let index) = device else { return nil }
        let library = try Libtorch.open()
        typealias Attribute = @convention(c) (UnsafeMutablePointer<Int32>, Int32, Int32) -> Int32
        guard let compiler = dlopen("\(library.installation.libraryFolder)/libcaffe2_nvrtc.\(Platform.libraryEnding)", RTLD_NOW),
            let gpu = library.gpuLibrary, let attribute = dlsym(gpu, "cudaDeviceGetAttribute").map({ unsafeBitCast($0, to: Attribute.self) }),
            let launch = dlsym(compiler, "cuLaunchKernel").map({ unsafeBitCast($0, to: Launch.self) })
        else { return nil }
        func value(_ number: Int32) -> Int {
            var value: Int32 = 0
            return attribute(&value, number, Int32(clamping: index)) == 0 ? Int(value) : 0
        }
        let (major, minor, multiprocessors) = (value(75), value(76), value(16))
        guard major >= 8, multiprocessors > 0 else { return nil }
        self.device = device
        self.multiprocessors = multiprocessors
        self.launch = launch
        self.library = library
        let pairs: [FourBitMatrix.Format: Tensor] = try FourBitMatrix.Format.allCases.reduce(into: [:]) { pairs, format in
            let bits = format.table.map { Int32(truncatingIfNeeded: ($0.bitPattern &+ 0x7fff &+ ($0.bitPattern >> 16 & 1)) >> 16) }
            pairs[format] = try Tensor((0..<256).map { bits[$0 >> 4] | bits[$0 & 15] << 16 }, [256], device: device)
        }
        let runtime = try RuntimeCompiler(compiler)
        let images = Mutex<[Shape: Result<[UInt8], any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: Shape.all.count) { number in
            let shape = Shape.all[number]
            let names = [("WARPS", shape.warps), ("AHEAD", shape.ahead), ("TILES", shape.tiles), ("GROUPS", shape.groups), ("RESIDENT", shape.resident)]
            let text = names.map { "#define \($0) \($1)\n" }.joined() + Self.source
            let image = Result { try runtime.compile(text, architecture: "sm_\(major)\(minor)") }
            images.withLock { $0[shape] = image }
        }
        kept = Kept(kernels: try library.onStream(of: device) { _ in
            try images.withLock { try $0.mapValues { try runtime.load($0.get(), function: "product") } }
        }, pairs: pairs)
    }

    /// Whether the kernel takes such weights.
    package static func takes(_ matrix: FourBitMatrix) -> Bool { matrix.blockSize == 64 && matrix.shape[1] % 64 == 0 }

    /// `x Wᵀ + bias + residual` of up to three matrices side by side.
    ///
    /// - Parameters:
    ///   - x: bfloat16 [rows, in], of at most `mostRows`.
    ///   - biases: bfloat16 [out] for each matrix.
    ///   - residual: bfloat16 [rows, all outputs].
    /// - Returns: [rows, all outputs].
    package func products(_ x: Tensor, _ matrices: [FourBitMatrix], biases: [Tensor?], residual: Tensor? = nil) throws -> Tensor {
        let outputs = matrices.reduce(0) { $0 + $1.shape[0] }
        return try products(
            x, matrices, biases: biases, residual: residual,
            shape: .fitting(rows: x.shape[0], outputs: outputs, multiprocessors: multiprocessors))
    }

    private func products(_ x: Tensor, _ matrices: [FourBitMatrix], biases: [Tensor?], residual: Tensor?, shape: Shape) throws -> Tensor {
        precondition(matrices.count <= Self.mostMatrices && x.shape[0] <= Self.mostRows && x.dtype == .bfloat16, "few rows of bfloat16, few matrices")
        let rows = x.shape[0], outputs = matrices.reduce(0) { $0 + $1.shape[0] }
        let result = try Tensor.empty([rows, outputs], .bfloat16, device)
        let x = try x.contiguous(), residual = try residual?.contiguous(), biases = try biases.map { try $0?.contiguous() }
        let scales = try matrices.map { try $0.halfScales() }

        // Every argument in eight bytes of its own, in the kernel's order.
        func bits(_ tensor: Tensor?) -> UInt64 { tensor.map { UInt64(UInt(bitPattern: $0.dataPointer)) } ?? 0 }
        var values: [UInt64] = []
        var blocks = 0
        for place in 0..<Self.mostMatrices {
            guard place < matrices.count else {
                values += [0, 0, 0, 0, 0]
                continue
            }
            let matrix = matrices[place]
            values += [
                bits(matrix.packed), bits(scales[place].halves), bits(biases[place]), UInt64(scales[place].factor.bitPattern), UInt64(matrix.shape[0]),
            ]
            blocks += (matrix.shape[0] + 16 * shape.tiles - 1) / (16 * shape.tiles)
        }
        values += [bits(kept.pairs[matrices[0].format]), bits(x), bits(residual), bits(result), UInt64(rows), UInt64(x.shape[1]), UInt64(outputs)]
        let status = try values.withUnsafeMutableBytes { memory in
            var arguments: [UnsafeMutableRawPointer?] = (0..<memory.count / 8).map { memory.baseAddress! + 8 * $0 }
            return try withExtendedLifetime((x, residual, biases, scales)) {
                try library.onStream(of: device) { stream in
                    launch(kept.kernels[shape]!, UInt32(blocks), 1, 1, UInt32(shape.warps * 32), 1, 1, 0, stream, &arguments, nil)
                }
            }
        }
        guard status == 0 else {
            throw TorchError.operatorFailed(name: "four-bit product", arguments: [x.description] + matrices.map(\.description), reason: "the driver gave error \(status)")
        }
        return result
    }

    /// Tries every shape on small matrices, whose outputs fill no block, beside products on the CPU.
    private func agrees() throws -> Bool {
        let inputs = 192
        func wave(_ shape: [Int], _ pace: Float) throws -> Tensor {
            let values = (0..<shape.reduce(1, *)).map { index in (Float(index) * pace).truncatingRemainder(dividingBy: 2) - 1 }
            return try Tensor(values, shape, dtype: .bfloat16).to(dtype: .float32)
        }
        let weights = try [40, 8, 24].map { try wave([$0, inputs], 0.0137) }
        let host = try weights.map { try FourBitMatrix(quantizing: $0) }, matrices = try host.map { try $0.to(device: device) }
        for (shape, rows) in Shape.all.flatMap({ shape in (shape.groups == 1 ? [1, 7] : [9, 16]).map { (shape, $0) } }) {
            let x = try wave([rows, inputs], 0.071), bias = try wave([40], 0.31), residual = try wave([rows, 72], 0.17)
            func there(_ tensor: Tensor) throws -> Tensor { try tensor.to(dtype: .bfloat16, device: device) }
            let result = try products(there(x), matrices, biases: [there(bias), nil, nil], residual: there(residual), shape: shape).floats()
            let parts = try host.enumerated().map { try x.linear($1.dequantized(to: .float32), bias: $0 == 0 ? bias : nil) }
            let expected = try Tensor.concatenated(parts, 1).adding(residual).floats()
            let largest = expected.reduce(0) { max($0, abs($1)) }
            // Each number of the table and the result are rounded to eight bits.
            guard zip(result, expected).allSatisfy({ abs($0 - $1) <= 0.01 * largest }) else { return false }
        }
        return true
    }
}
