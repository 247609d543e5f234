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
}
