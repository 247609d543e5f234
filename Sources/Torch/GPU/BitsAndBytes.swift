import Foundation

/// bitsandbytes' C library: the kernels that read four-bit weights on a GPU. A CPU needs none of it, `FourBitKernels` are Retort's own.
///
/// Its functions take device addresses and the stream that libtorch works on. They are those of its release 0.50, in whose source
/// (`bitsandbytes/backends/cuda/ops.py`) the order of their arguments stands.
final class BitsAndBytes: Sendable {
    /// Whether its product for few rows beats a product with the dequantised weight, which moves nine times the bytes: its own rule for a GPU of
    /// 132 multiprocessors (`_gemm_4bit_use_custom_cuda` in `backends/cuda/ops.py`), in tiles of 64 outputs.
    static func takes(_ rows: Int, out: Int, columns: Int, _ dtype: DType) -> Bool {
        if rows <= 8 { return true }
        guard dtype != .float32 else { return false }
        let tiles = (out + 63) / 64
        if out * columns < 4 << 20 { return rows <= (tiles <= 33 ? 32 : tiles <= 66 ? 16 : 8) }
        return rows <= (tiles >= 396 ? 64 : tiles >= 264 ? 48 : tiles >= 132 ? 32 : tiles >= 99 || (tiles >= 66 && columns < out) ? 16 : 8)
    }

    /// (table, codes, scales, result, block size, elements, stream)
    private typealias Expand = @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int32, Int32,
        UnsafeMutableRawPointer?
    ) -> Void
    /// (x, weight, scales, codes of the scales, their map, their offset, result, bias, rows, out, in, block size, format, stream)
    private typealias Multiply = @convention(c) (
        UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?,
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer, UnsafeMutableRawPointer?, Int32, Int32, Int32, Int32, Int32,
        UnsafeMutableRawPointer?
    ) -> Void

    private static let names: [DType: String] = [.float32: "fp32", .bfloat16: "bf16", .float16: "fp16"]

    private let expand: [FourBitMatrix.Format: [DType: Expand]]
    private let expandScales: Expand
    private let multiply: [DType: Multiply]

    private static let opened = Result { try BitsAndBytes(BitsAndBytesFile.find(for: Libtorch.open().installation)) }

    /// The library of this process; found and loaded at the first call.
    static func open() throws -> BitsAndBytes { try opened.get() }

    init(_ path: String) throws {
        guard let library = dlopen(path, RTLD_NOW) else {
            throw BitsAndBytesError.unusable(path: path, reason: dlerror().map { String(cString: $0) } ?? "dlopen failed")
        }
        func symbol<F>(_ name: String, in handle: UnsafeMutableRawPointer? = library, _ type: F.Type = F.self) throws -> F {
            guard let function = dlsym(handle, name) else { throw BitsAndBytesError.unusable(path: path, reason: "it lacks \(name)") }
            return unsafeBitCast(function, to: type)
        }
        var expand: [FourBitMatrix.Format: [DType: Expand]] = [:]
        for format in FourBitMatrix.Format.allCases {
            for (type, name) in Self.names {
                expand[format, default: [:]][type] = try symbol("cdequantize_blockwise_\(name)_\(format.rawValue)")
            }
        }
        self.expand = expand
        expandScales = try symbol("cdequantize_blockwise_fp32")
        multiply = try Self.names.reduce(into: [:]) { $0[$1.key] = try symbol("cgemm_4bit_\($1.value)", Multiply.self) }
    }

    /// - Parameter dtype: float32, bfloat16 or float16.
    func dequantize(_ matrix: FourBitMatrix, to dtype: DType) throws -> Tensor {
        guard let kernel = expand[matrix.format]?[dtype] else { preconditionFailure("bitsandbytes has no kernel for \(dtype)") }
        let scales = try plainScales(matrix)
        let result = try Tensor.empty(matrix.shape, dtype, matrix.device)
        try onDevice(of: matrix.packed) { stream in
            withExtendedLifetime(scales) {
                kernel(
                    nil, matrix.packed.dataPointer, scales.dataPointer, result.dataPointer, Int32(matrix.blockSize), Int32(matrix.count), stream)
            }
        }
        return result
    }

    /// float32 [blocks] on the matrix's device.
    func plainScales(_ matrix: FourBitMatrix) throws -> Tensor {
        switch matrix.scales {
        case .plain(let scales): return scales
        case .nested(let codes, let map, let scales, let offset, let blockSize):
            let result = try Tensor.empty([codes.count], .float32, matrix.device)
            try onDevice(of: codes) { stream in
                expandScales(
                    map.dataPointer, codes.dataPointer, scales.dataPointer, result.dataPointer, Int32(blockSize), Int32(codes.count), stream)
            }
            return try result.adding(offset)
        }
    }

    /// `x Wᵀ + bias` for a few rows of float32, bfloat16 or float16; rows of the weight are whole blocks.
    func product(_ x: Tensor, _ matrix: FourBitMatrix, _ bias: Tensor?) throws -> Tensor {
        guard let kernel = multiply[x.dtype] else { preconditionFailure("bitsandbytes has no kernel for \(x.dtype)") }
        let result = try Tensor.empty([x.shape[0], matrix.shape[0]], x.dtype, x.device)
        let x = try x.contiguous(), bias = try bias?.contiguous()
        var nested: (codes: Tensor, map: Tensor, offset: Tensor)?
        let scales: Tensor
        switch matrix.scales {
        // The kernel knows bitsandbytes' own block size of scales alone.
        case .nested(let codes, let map, let own, let offset, blockSize: 256): (scales, nested) = (own, (codes, map, offset))
        default: scales = try plainScales(matrix)
        }
        try onDevice(of: x) { stream in
            withExtendedLifetime((x, bias, scales)) {
                kernel(
                    x.dataPointer, matrix.packed.dataPointer, scales.dataPointer, nested?.codes.dataPointer, nested?.map.dataPointer,
                    nested?.offset.dataPointer, result.dataPointer, bias?.dataPointer, Int32(x.shape[0]), Int32(matrix.shape[0]),
                    Int32(matrix.shape[1]), Int32(matrix.blockSize), matrix.format == .fp4 ? 1 : 2, stream)
            }
        }
        return result
    }

    private func onDevice(of tensor: Tensor, _ body: (UnsafeMutableRawPointer?) -> Void) throws {
        try tensor.library.onStream(of: tensor.device, body)
    }
}

/// Where the library lies and which of its builds fits this PyTorch.
package enum BitsAndBytesFile {
    /// `RETORT_BITSANDBYTES` (a file, or a folder with the builds); else the package beside this PyTorch; else the one that python3 imports.
    package static func find(
        for torch: Installation, environment: [String: String] = ProcessInfo.processInfo.environment, python: () -> String? = pythonPackage
    ) throws -> String {
        if let given = environment["RETORT_BITSANDBYTES"], !given.isEmpty {
            if given.hasSuffix(".\(Platform.libraryEnding)") {
                guard Platform.exists(given) else { throw BitsAndBytesError.notInstalled(looked: ["RETORT_BITSANDBYTES=\(given), which is not there"]) }
                return given
            }
            return try choose(in: given, for: torch)
        }
        let beside = URL(fileURLWithPath: torch.libraryFolder).deletingLastPathComponent().deletingLastPathComponent().path + "/bitsandbytes"
        if Platform.exists(beside) { return try choose(in: beside, for: torch) }
        if let package = python() { return try choose(in: package, for: torch) }
        throw BitsAndBytesError.notInstalled(looked: ["RETORT_BITSANDBYTES, which is not set", beside, "the active python3"])
    }

    package static func pythonPackage() -> String? {
        let question = "import importlib.util as u; s = u.find_spec('bitsandbytes'); print(s.submodule_search_locations[0] if s else '')"
        guard let answer = Installation.output(of: ["python3", "-c", question]), !answer.isEmpty else { return nil }
        return answer
    }

    /// The build for exactly this CUDA or ROCm; else the newest older one of the same major version, else the oldest newer one: within a major version
    /// they run on one another's runtime.
    package static func choose(in folder: String, for torch: Installation) throws -> String {
        guard let (kind, wanted) = torch.gpuRuntime else { throw BitsAndBytesError.noneFits(folder: folder, wanted: "a PyTorch without a GPU runtime", found: []) }
        let prefix = "libbitsandbytes_\(kind)", names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let builds = names.filter { $0.hasPrefix("libbitsandbytes_") && $0.hasSuffix(".\(Platform.libraryEnding)") }.sorted()
        guard !builds.isEmpty else { throw BitsAndBytesError.notInstalled(looked: ["\(folder), which holds no libbitsandbytes_*.\(Platform.libraryEnding)"]) }
        // "128" is CUDA 12.8, "714" is ROCm 7.14: CUDA's major versions have two digits, ROCm's one.
        let digits = kind == "cuda" ? 2 : 1
        var versions: [(minor: Int, name: String)] = []
        for name in builds where name.hasPrefix(prefix) {
            let version = name.dropFirst(prefix.count).prefix { $0.isNumber }
            if let major = Int(version.prefix(digits)), let minor = Int(version.dropFirst(digits)), major == wanted.major {
                versions.append((minor, name))
            }
        }
        let older = versions.filter { $0.minor <= wanted.minor }.max { $0.minor < $1.minor }
        guard let best = older ?? versions.min(by: { $0.minor < $1.minor }) else {
            throw BitsAndBytesError.noneFits(folder: folder, wanted: "\(kind == "cuda" ? "CUDA" : "ROCm") \(wanted.major).\(wanted.minor)", found: builds)
        }
        return folder + "/" + best.name
    }
}

/// Why four-bit weights cannot be used on a GPU.
package enum BitsAndBytesError: Error, Equatable, CustomStringConvertible {
    case notInstalled(looked: [String])
    /// Builds are there, none for the GPU runtime of this PyTorch.
    case noneFits(folder: String, wanted: String, found: [String])
    case unusable(path: String, reason: String)

    package var description: String {
        switch self {
        case .notInstalled(let looked):
            "four-bit weights on a GPU need the bitsandbytes library, which was not found (looked at: \(looked.joined(separator: "; "))). "
                + "Install it (pip install bitsandbytes), or set RETORT_BITSANDBYTES to its folder, or use --device cpu"
        case .noneFits(let folder, let wanted, let found):
            "the bitsandbytes in \(folder) has no build for \(wanted) (found: \(found.joined(separator: ", "))). "
                + "Install a version that has one (pip install -U bitsandbytes), or set RETORT_BITSANDBYTES to a file that fits, or use --device cpu"
        case .unusable(let path, let reason):
            "\(path) cannot be used: \(reason). Retort needs bitsandbytes 0.50 or newer for the GPU of this PyTorch (pip install -U bitsandbytes); "
                + "or use --device cpu"
        }
    }
}
