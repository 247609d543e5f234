import Foundation

/// Numbers on the host that a device writes to. Where the device's runtime can pin memory they lie in pages that never move: the device then
/// copies into them itself, several times as fast as into any others.
package final class HostMemory: @unchecked Sendable {  // a piece of memory; who writes it when is its user's
    package let floats: UnsafeMutableBufferPointer<Float>
    private let release: @convention(c) (UnsafeMutableRawPointer?) -> Int32

    package init(count: Int, for device: Device) {
        typealias Allocate = @convention(c) (UnsafeMutablePointer<UnsafeMutableRawPointer?>, Int, UInt32) -> Int32
        typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Int32
        let bytes = max(count, 1) * 4
        if device != .cpu, let library = (try? Libtorch.open())?.gpuLibrary {
            typealias LastError = @convention(c) () -> Int32
            for (allocate, free, last) in [("cudaHostAlloc", "cudaFreeHost", "cudaGetLastError"), ("hipHostMalloc", "hipHostFree", "hipGetLastError")] {
                guard let make = dlsym(library, allocate), let end = dlsym(library, free), let clear = dlsym(library, last) else { continue }
                var memory: UnsafeMutableRawPointer?
                guard unsafeBitCast(make, to: Allocate.self)(&memory, bytes, 0) == 0, let memory else {
                    _ = unsafeBitCast(clear, to: LastError.self)()  // or the next operator would take it for its own
                    break
                }
                floats = UnsafeMutableBufferPointer(start: memory.bindMemory(to: Float.self, capacity: count), count: count)
                release = unsafeBitCast(end, to: Free.self)
                return
            }
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        floats = UnsafeMutableBufferPointer(start: memory.bindMemory(to: Float.self, capacity: count), count: count)
        release = { memory in
            memory?.deallocate()
            return 0
        }
    }

    deinit { _ = release(floats.baseAddress) }

    /// The same numbers as a tensor.
    package func tensor(_ shape: [Int]) throws -> Tensor {
        precondition(shape.reduce(1, *) == floats.count, "the shape must hold all numbers")
        return try Tensor(viewing: UnsafeRawPointer(floats.baseAddress!), shape, .float32, owner: self)
    }
}
