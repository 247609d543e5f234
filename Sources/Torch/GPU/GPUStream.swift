import Foundation

extension Libtorch {
    private typealias Stream = @convention(c) (Int32, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int32
    private typealias OpenGuard = @convention(c) (Int32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias CloseGuard = @convention(c) (OpaquePointer) -> Int32

    private static let streams: (current: Stream, open: OpenGuard, close: CloseGuard)? = {
        let process = dlopen(nil, RTLD_NOW)  // libtorch's own are global
        func symbol<F>(_ name: String, _: F.Type = F.self) -> F? { dlsym(process, name).map { unsafeBitCast($0, to: F.self) } }
        guard let current: Stream = symbol("aoti_torch_get_current_cuda_stream"), let open: OpenGuard = symbol("aoti_torch_create_device_guard"),
            let close: CloseGuard = symbol("aoti_torch_delete_device_guard")
        else { return nil }
        return (current, open, close)
    }()

    /// Runs `body` with a GPU as the current one and with the stream that libtorch works on there: a kernel is queued behind the operators before
    /// it, and memory that is freed afterwards is not given out to another stream.
    func onStream<Result>(of device: Device, _ body: (UnsafeMutableRawPointer?) throws -> Result) throws -> Result {
        guard case .cuda(let index) = device else { preconditionFailure("streams belong to GPUs") }
        guard let streams = Self.streams else {
            throw TorchError.unusable(path: installation.libraryFolder, reason: "it does not tell the GPU's stream")
        }
        var handle: OpaquePointer?, stream: UnsafeMutableRawPointer?
        try check(streams.open(Int32(clamping: index), &handle), "device_guard", [], on: device)
        defer { if let handle { _ = streams.close(handle) } }
        try check(streams.current(Int32(clamping: index), &stream), "get_current_cuda_stream", [], on: device)
        return try body(stream)
    }
}
