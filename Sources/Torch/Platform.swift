/// What differs between operating systems: the C library and the names of shared libraries.
#if canImport(Glibc)
@_exported import Glibc
#elseif canImport(Musl)
@_exported import Musl
#else
@_exported import Darwin
#endif

enum Platform {
    #if os(macOS)
    static let libraryEnding = "dylib"
    static let openMPNames = ["libomp.dylib"]
    #else
    static let libraryEnding = "so"
    static let openMPNames = ["libgomp.so.1", "libomp.so", "libiomp5.so"]
    #endif

    /// Has glibc's heap keep so many free bytes at its end, and serve all tensors but very large ones; other C libraries do as they like.
    static func keepFreedMemory(upTo bytes: Int32) {
        #if canImport(Glibc)
        // Swift's module of glibc lacks <malloc.h>.
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "mallopt") else { return }
        let set = unsafeBitCast(symbol, to: (@convention(c) (_ parameter: Int32, _ value: Int32) -> Int32).self)
        let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)
        _ = set(trimThreshold, bytes)
        _ = set(mapThreshold, 32 << 20)  // the largest that is taken
        #endif
    }

    static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
