import Foundation

/// libtorch through its stable C ABI (PyTorch ≥ 2.10), opened at run time.
///
/// No C++, no headers, no relinking: the functions below are looked up by name in whatever PyTorch this machine has, so one
/// binary serves CPU, CUDA and ROCm. Signatures are those of `torch/csrc/inductor/aoti_torch/c/shim.h` and
/// `torch/csrc/stable/c/shim.h`. This module imports the C library and Foundation only; it knows tensors and operators,
/// nothing of models.
public final class Libtorch: Sendable {
    typealias Handle = OpaquePointer
    typealias Status = Int32
    typealias LinearPointwise = @convention(c) (
        _ x: Handle, _ weight: Handle, _ bias: UnsafePointer<Handle?>?, _ name: UnsafePointer<CChar>, _ scalars: OpaquePointer?, _ count: Int64,
        _ algorithm: OpaquePointer?, _ result: UnsafeMutablePointer<Handle?>) -> Status
    typealias LinearBinary = @convention(c) (
        _ x: Handle, _ other: Handle, _ weight: Handle, _ bias: UnsafePointer<Handle?>?, _ name: UnsafePointer<CChar>,
        _ result: UnsafeMutablePointer<Handle?>) -> Status
    typealias AddMM = @convention(c) (_ out: Handle, _ self: Handle, _ first: Handle, _ second: Handle, _ beta: Double, _ alpha: Double) -> Status

    public let installation: Installation
    /// Whether CUDA's or ROCm's kernels were loaded beside the CPU's.
    public var hasGPULibraries: Bool { gpuLibrary != nil }
    /// The part of it that drives GPUs; through it the runtime that it brought is found too.
    nonisolated(unsafe) let gpuLibrary: UnsafeMutableRawPointer?

    let callDispatcher: @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutablePointer<UInt64>, UInt64) -> Status
    let abiVersion: UInt64
    let newHandle: @convention(c) (Handle, UnsafeMutablePointer<Handle?>) -> Status
    let newUndefined: (@convention(c) (UnsafeMutablePointer<Handle?>) -> Status)?
    let deleteTensor: @convention(c) (Handle) -> Status
    let getDimension: @convention(c) (Handle, UnsafeMutablePointer<Int64>) -> Status
    let getSizes: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutablePointer<Int64>?>) -> Status
    let getStrides: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutablePointer<Int64>?>) -> Status
    let getDType: @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Status
    let getDeviceType: @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Status
    let getDeviceIndex: @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Status
    let getData: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Status
    let emptyStrided: @convention(c) (Int64, UnsafePointer<Int64>, UnsafePointer<Int64>, Int32, Int32, Int32, UnsafeMutablePointer<Handle?>) -> Status
    let reinterpret: @convention(c) (Handle, Int64, UnsafePointer<Int64>, UnsafePointer<Int64>, Int64, UnsafeMutablePointer<Handle?>) -> Status
    let fromBlob: @convention(c) (UnsafeMutableRawPointer, Int64, UnsafePointer<Int64>, UnsafePointer<Int64>, Int64, Int32, Int32, Int32, UnsafeMutablePointer<Handle?>, Int32, UnsafePointer<UInt8>?, Int64) -> Status
    let subtract: @convention(c) (Handle, Handle, Double, UnsafeMutablePointer<Handle?>) -> Status
    let fillScalar: @convention(c) (Handle, Double) -> Status
    let zero: @convention(c) (Handle) -> Status
    let newList: @convention(c) (Int, UnsafeMutablePointer<OpaquePointer?>) -> Status
    let pushBack: @convention(c) (OpaquePointer, UInt64) -> Status
    let newCell: @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>) -> Status
    let errorText: (@convention(c) () -> UnsafePointer<CChar>?)?
    let parallelFor: @convention(c) (Int64, Int64, Int64, @convention(c) (Int64, Int64, UnsafeMutableRawPointer?) -> Void, UnsafeMutableRawPointer?) -> Status
    let threadCount: @convention(c) (UnsafeMutablePointer<UInt32>) -> Status
    /// `out = beta · self + alpha · first · second`, on the CPU and on a GPU; nil where this PyTorch has no such function.
    let addmmCPU, addmmGPU: AddMM?
    /// oneDNN's products, where this PyTorch has them. Called directly: the dispatcher leaves some 90 bytes behind for every string that it
    /// is given (PyTorch 2.13).
    let linearPointwise: LinearPointwise?
    let linearBinary: LinearBinary?
    let setOpenMPThreads: (@convention(c) (Int32) -> Void)?
    let layoutStrided: Int32
    let deviceTypeCPU: Int32
    let deviceTypeCUDA: Int32
    /// The library's number of each type, and back.
    let dtypeCodes: [DType: Int32]
    let dtypes: [Int32: DType]

    private static let opened = Result { try Libtorch(Installation.find()) }

    /// The library of this process; found and loaded at the first call.
    public static func open() throws -> Libtorch { try opened.get() }

    /// Begins to load the library on a thread of its own, for a third of a second; what is called next need not wait for it until it
    /// calls `open`, which says what went wrong.
    public static func openInBackground() {
        let thread = Thread { _ = opened }
        thread.stackSize = 8 << 20  // initialisers of libraries count on a main thread's
        thread.start()
    }

    /// Threads that operators use inside; `OMP_NUM_THREADS` sets it before the start.
    public var threads: Int {
        get {
            var count: UInt32 = 1
            _ = threadCount(&count)
            return Int(count)
        }
        set { setOpenMPThreads?(Int32(clamping: newValue)) }
    }

    private init(_ installation: Installation) throws {
        self.installation = installation
        let folder = installation.libraryFolder
        // OpenMP's threads wait for one another by spinning. Left at its default, a busy second process makes that ten
        // times slower (measured: 276 tokens/s of training alone, 17 beside another trainer); a short spin costs nothing alone.
        if getenv("OMP_WAIT_POLICY") == nil { setenv("GOMP_SPINCOUNT", "2000", 0) }
        // Large activations are fresh memory. With pages of 2 MB instead of 4 KB the kernel hands it out at a fraction of the cost
        // (measured: 195 → 227 tokens/s of training).
        setenv("THP_MEM_ALLOC_ENABLE", "1", 0)

        // A pass over many prompts takes and frees tensors of some megabytes again and again. Kept back from the system their memory need not
        // be cleared each time (MMLU on a Xeon: 4.2 → 3.1 s of the kernel's time in a run of 14 s, for 70 MB more).
        if getenv("MALLOC_TRIM_THRESHOLD_") == nil, getenv("MALLOC_MMAP_THRESHOLD_") == nil { Platform.keepFreedMemory(upTo: 256 << 20) }

        // oneDNN compiles a kernel for every new number of rows and keeps it with some 0.1 MB: of packed batches, each of which is new, those
        // of the present one are enough.
        setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", 0)

        // cuDNN's attention builds a plan, some 30 ms, for every new length of the keys: in decoding that is every token.
        setenv("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1", 0)

        func load(_ name: String, required: Bool) throws -> UnsafeMutableRawPointer? {
            let path = "\(folder)/\(name).\(Platform.libraryEnding)"
            if !required && !Platform.exists(path) { return nil }
            if let library = dlopen(path, RTLD_NOW | RTLD_GLOBAL) { return library }
            let reason = dlerror().map { String(cString: $0) } ?? "dlopen failed"
            if required { throw TorchError.unusable(path: path, reason: reason) }
            return nil
        }
        // Preloads what a GPU build needs from the wheels beside it, as Python's own import does.
        _ = try load("libtorch_global_deps", required: false)
        _ = try load("libc10", required: true)
        guard let library = try load("libtorch_cpu", required: true) else {
            throw TorchError.unusable(path: folder, reason: "libtorch_cpu did not load")
        }
        var gpuLibrary: UnsafeMutableRawPointer?
        for kind in ["cuda", "hip"] {
            _ = try load("libc10_\(kind)", required: false)
            gpuLibrary = try load("libtorch_\(kind)", required: false) ?? gpuLibrary
        }
        self.gpuLibrary = gpuLibrary

        func optional<F>(_ name: String, _ type: F.Type) -> F? {
            dlsym(library, name).map { unsafeBitCast($0, to: type) }
        }
        func symbol<F>(_ name: String, _ type: F.Type = F.self) throws -> F {
            guard let function = optional(name, type) else {
                throw TorchError.unusable(path: folder, reason: "it lacks \(name) (its version is \(installation.version))")
            }
            return function
        }
        func number(_ name: String) throws -> Int32 {
            try symbol(name, (@convention(c) () -> Int32).self)()
        }

        callDispatcher = try symbol("torch_call_dispatcher")
        abiVersion = try symbol("aoti_torch_abi_version", (@convention(c) () -> UInt64).self)()
        newHandle = try symbol("aoti_torch_new_tensor_handle")
        newUndefined = optional("aoti_torch_new_uninitialized_tensor", (@convention(c) (UnsafeMutablePointer<Handle?>) -> Status).self)
        deleteTensor = try symbol("aoti_torch_delete_tensor_object")
        getDimension = try symbol("aoti_torch_get_dim")
        getSizes = try symbol("aoti_torch_get_sizes")
        getStrides = try symbol("aoti_torch_get_strides")
        getDType = try symbol("aoti_torch_get_dtype")
        getDeviceType = try symbol("aoti_torch_get_device_type")
        getDeviceIndex = try symbol("aoti_torch_get_device_index")
        getData = try symbol("aoti_torch_get_data_ptr")
        emptyStrided = try symbol("aoti_torch_empty_strided")
        reinterpret = try symbol("aoti_torch__reinterpret_tensor")
        fromBlob = try symbol("aoti_torch_create_tensor_from_blob_v2")
        subtract = try symbol("aoti_torch_aten_subtract_Tensor")
        fillScalar = try symbol("aoti_torch_aten_fill__Scalar")
        zero = try symbol("aoti_torch_zero_")
        newList = try symbol("torch_new_list_reserve_size")
        pushBack = try symbol("torch_list_push_back")
        parallelFor = try symbol("torch_parallel_for")
        threadCount = try symbol("torch_get_num_threads")
        linearPointwise = optional("aoti_torch_cpu__linear_pointwise", LinearPointwise.self)
        linearBinary = optional("aoti_torch_cpu__linear_pointwise_binary", LinearBinary.self)
        addmmCPU = optional("aoti_torch_cpu_addmm_out", AddMM.self)
        addmmGPU = gpuLibrary.flatMap { dlsym($0, "aoti_torch_cuda_addmm_out") }.map { unsafeBitCast($0, to: AddMM.self) }
        errorText = optional("torch_exception_get_what_without_backtrace", (@convention(c) () -> UnsafePointer<CChar>?).self)
        if let make = optional("torch_new_stable_ivalue", (@convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>) -> Status).self) {
            newCell = make
        } else {
            // Before 2.13 an optional's cell comes from C++'s operator new, because the callee deletes it.
            guard Self.operatorNew != nil else {
                throw TorchError.unusable(path: folder, reason: "C++'s operator new was not found")
            }
            newCell = { result in
                result.pointee = Libtorch.operatorNew?(8)?.assumingMemoryBound(to: UInt64.self)
                return result.pointee == nil ? 1 : 0
            }
        }
        var openMP: (@convention(c) (Int32) -> Void)?
        for name in Platform.openMPNames where openMP == nil {
            if let handle = dlopen("\(folder)/\(name)", RTLD_NOW) ?? dlopen(name, RTLD_NOW | RTLD_NOLOAD),
                let function = dlsym(handle, "omp_set_num_threads")
            {
                openMP = unsafeBitCast(function, to: (@convention(c) (Int32) -> Void).self)
            }
        }
        setOpenMPThreads = openMP
        layoutStrided = try number("aoti_torch_layout_strided")
        deviceTypeCPU = try number("aoti_torch_device_type_cpu")
        deviceTypeCUDA = try number("aoti_torch_device_type_cuda")
        var codes: [DType: Int32] = [:]
        for type in DType.allCases { codes[type] = try number("aoti_torch_dtype_\(type.rawValue)") }
        dtypeCodes = codes
        dtypes = Dictionary(uniqueKeysWithValues: codes.map { ($1, $0) })
    }

    private static let operatorNew: (@convention(c) (Int) -> UnsafeMutableRawPointer?)? = {
        guard let function = dlsym(dlopen(nil, RTLD_NOW), "_Znwm") else { return nil }
        return unsafeBitCast(function, to: (@convention(c) (Int) -> UnsafeMutableRawPointer?).self)
    }()

    /// The text of the error that the last failed call left.
    var lastError: String {
        guard let text = errorText?() else { return "libtorch gave no reason (its text needs PyTorch 2.13)" }
        let whole = String(cString: text)
        return whole.split(separator: "\n").first.map(String.init) ?? whole
    }

    func code(of device: Device) -> (type: Int32, index: Int32) {
        switch device {
        case .cpu: (deviceTypeCPU, 0)
        case .cuda(let index): (deviceTypeCUDA, Int32(clamping: index))
        }
    }

    func code(of type: DType) -> Int32 { dtypeCodes[type]! }

    /// Runs `body` over pieces of `0..<count` on libtorch's own threads, so that they do not fight over the cores.
    public func parallel(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        withoutActuallyEscaping(body) { body in
            var context = body
            withUnsafeMutablePointer(to: &context) { pointer in
                _ = parallelFor(0, Int64(count), Int64(grain), { begin, end, context in
                    context!.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(Int(begin)..<Int(end))
                }, UnsafeMutableRawPointer(pointer))
            }
        }
    }
}
