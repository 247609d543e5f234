import Foundation

/// Graphs of a GPU's runtime (CUDA graphs, HIP graphs): one call queues a whole recorded pass. Launching the hundreds of small kernels of a
/// pass over one token one by one takes longer than they do.
///
/// The runtime's functions and libtorch's guard of streams are looked up by name. Recording and repeating happen on one stream of the
/// recorder's own, on which nothing else allocates memory that outlives a pass: so what libtorch's allocator gave a recorded pass for its
/// intermediate results belongs to no other tensor while the pass is repeated. To the allocator that memory is free, though: where the device is
/// full it may give it back. So whoever keeps recordings lets them go when an allocation has failed or little memory is left.
package final class GPUGraphs: PassRecorder {
    private typealias Pointer = UnsafeMutableRawPointer
    private typealias CreateStream = @convention(c) (UnsafeMutablePointer<Pointer?>, UInt32) -> Int32
    private typealias OnStream = @convention(c) (Pointer?) -> Int32
    private typealias Begin = @convention(c) (Pointer, Int32) -> Int32
    private typealias End = @convention(c) (Pointer, UnsafeMutablePointer<Pointer?>) -> Int32
    private typealias Instantiate = @convention(c) (UnsafeMutablePointer<Pointer?>, Pointer, UInt64) -> Int32
    private typealias Launch = @convention(c) (Pointer, Pointer) -> Int32
    private typealias Destroy = @convention(c) (Pointer) -> Int32
    private typealias LastError = @convention(c) () -> Int32
    private typealias OpenGuard = @convention(c) (Pointer, Int32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias CloseGuard = @convention(c) (OpaquePointer) -> Int32

    private let index: Int32
    private let stream: Pointer
    private let lock = NSLock()
    private let library: Libtorch
    private let synchronize: OnStream
    private let begin: Begin
    private let end: End
    private let instantiate: Instantiate
    private let launch: Launch
    private let destroyGraph, destroyExecutable, destroyStream: Destroy
    private let clearError: LastError
    private let openGuard: OpenGuard
    private let closeGuard: CloseGuard

    /// Nil where the device has no graphs or this libtorch no way to them, and where `RETORT_GPU_GRAPHS` is 0.
    package init?(on device: Device) {
        guard ProcessInfo.processInfo.environment["RETORT_GPU_GRAPHS"] != "0" else { return nil }
        guard case .cuda(let index) = device, let library = try? Libtorch.open(), let handle = library.gpuLibrary else { return nil }
        func symbol<F>(_ name: String, _: F.Type = F.self) -> F? { dlsym(handle, name).map { unsafeBitCast($0, to: F.self) } }
        let kind = symbol("cudaGraphLaunch", Launch.self) != nil ? "cuda" : "hip"
        guard let create: CreateStream = symbol(kind + "StreamCreateWithFlags"), let synchronize: OnStream = symbol(kind + "StreamSynchronize"),
            let begin: Begin = symbol(kind + "StreamBeginCapture"), let end: End = symbol(kind + "StreamEndCapture"),
            let instantiate: Instantiate = symbol(kind + "GraphInstantiateWithFlags"), let launch: Launch = symbol(kind + "GraphLaunch"),
            let destroyGraph: Destroy = symbol(kind + "GraphDestroy"), let destroyExecutable: Destroy = symbol(kind + "GraphExecDestroy"),
            let destroyStream: Destroy = symbol(kind + "StreamDestroy"), let clearError: LastError = symbol(kind + "GetLastError"),
            let openGuard: OpenGuard = symbol("aoti_torch_create_cuda_stream_guard"),
            let closeGuard: CloseGuard = symbol("aoti_torch_delete_cuda_stream_guard")
        else { return nil }
        var made: Pointer?
        // Not the kind that waits for the default stream: while one of those records, nothing may be queued there.
        let nonBlocking: UInt32 = 1
        guard let status = try? library.onStream(of: device, { _ in create(&made, nonBlocking) }), status == 0, let stream = made else {
            _ = clearError()
            return nil
        }
        self.index = Int32(clamping: index)
        self.stream = stream
        self.library = library
        (self.synchronize, self.begin, self.end, self.instantiate, self.launch) = (synchronize, begin, end, instantiate, launch)
        (self.destroyGraph, self.destroyExecutable, self.destroyStream) = (destroyGraph, destroyExecutable, destroyStream)
        (self.clearError, self.openGuard, self.closeGuard) = (clearError, openGuard, closeGuard)
    }

    deinit { _ = destroyStream(stream) }

    package func within<Result>(_ body: () throws -> Result) throws -> Result {
        lock.lock()  // decoders of one model share the stream, and what one of them queues must not get into another's recording
        defer { lock.unlock() }
        try library.onStream(of: .cuda(Int(index))) { try check(synchronize($0), "wait for what was queued before") }
        var handle: OpaquePointer?
        try library.check(openGuard(stream, index, &handle), "cuda_stream_guard", [], on: .cuda(Int(index)))
        defer { if let handle { _ = closeGuard(handle) } }
        do {
            let result = try body()
            try check(synchronize(stream), "wait for a recorded pass")
            return result
        } catch {
            _ = synchronize(stream)
            throw error
        }
    }

    package func record(_ body: @escaping () throws -> Void) throws -> () throws -> Void {
        try body()  // what is made once and kept is made here, in memory that belongs to no recording
        try within(body)  // kernels are chosen, workspaces and memory taken: nothing of that may happen while it is recorded
        return try within {
            let relaxed: Int32 = 2
            try check(begin(stream, relaxed), "begin to record")
            var graph: Pointer?
            do {
                try body()
            } catch {
                if end(stream, &graph) == 0, let graph { _ = destroyGraph(graph) }
                _ = clearError()
                throw error
            }
            try check(end(stream, &graph), "end a recording")
            guard let graph else { throw failure("keep a recording", 0) }
            defer { _ = destroyGraph(graph) }
            var executable: Pointer?
            try check(instantiate(&executable, graph, 0), "make a recording ready")
            guard let executable else { throw failure("make a recording ready", 0) }
            let recording = Recording(self, executable)
            return { try recording.replay() }
        }
    }

    private final class Recording {
        let graphs: GPUGraphs
        let executable: Pointer

        init(_ graphs: GPUGraphs, _ executable: Pointer) { (self.graphs, self.executable) = (graphs, executable) }

        deinit { _ = graphs.destroyExecutable(executable) }

        func replay() throws { try graphs.check(graphs.launch(executable, graphs.stream), "repeat a recorded pass") }
    }

    private func check(_ status: Int32, _ what: String) throws { if status != 0 { throw failure(what, status) } }

    private func failure(_ what: String, _ status: Int32) -> TorchError {
        _ = clearError()
        return .operatorFailed(name: what, arguments: ["cuda:\(index)"], reason: "the GPU's runtime gave error \(status)")
    }
}
