import Foundation

/// Nobody reads the output any more (`retort … | head`): no fault, and nothing is left to say.
public struct ReaderGone: Error {
    public init() {}
}

/// Standard output and standard error, without Foundation's way of ending the program where they cannot be written.
public enum Console {
    /// - Throws: `ReaderGone`; `FileError` where what reads it takes no more (a full disk).
    public static func write(_ data: Data) throws {
        fflush(nil)  // what `print` still holds comes first
        try data.withUnsafeBytes { bytes in
            guard put(bytes, to: STDOUT_FILENO) else {
                if errno == EPIPE { throw ReaderGone() }
                throw FileError.last("write to", "standard output")
            }
        }
    }

    public static func write(_ text: String) throws { try write(Data(text.utf8)) }

    /// Writes what `print` still holds; to be called at the end, since `print` keeps its faults to itself.
    /// - Throws: as `write`.
    public static func finish() throws {
        errno = 0
        guard fflush(nil) != 0 else { return }
        if errno == EPIPE || errno == 0 { throw ReaderGone() }
        throw FileError.last("write to", "standard output")
    }

    /// A line for the user that is no result, on standard error. Where that cannot be written the work goes on.
    public static func note(_ line: String) { show(line + "\n") }

    static func show(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { put($0, to: STDERR_FILENO) } }

    private static func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            #else
            let count = Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
