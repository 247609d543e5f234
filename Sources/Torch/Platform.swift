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

    static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// glibc's `malloc_trim`; nil elsewhere.
    private static let trim = dlsym(dlopen(nil, RTLD_NOW), "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
    }

    /// Gives the heap's free pages back to the system, those between pieces in use as well.
    static func releaseFreePages() {
        _ = trim?(0)
    }
}
