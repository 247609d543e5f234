import Foundation
import Groundwork

/// A file mapped read-only into memory: opening costs nothing, and only the pages that are touched are read.
/// The mapping lives as long as the object.
public final class MappedFile: Sendable {
    public let path: String
    /// The whole file, readable from any thread, while the object lives. Swift may release an object after its last mention,
    /// even within a statement that still uses the pointer: whoever keeps the pointer keeps the object, or uses `withBytes`.
    public nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    public var count: Int { bytes.count }

    /// Gives the whole file to `body`, mapped for as long as that runs.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Takes the whole pages within `range` out of this process's memory; the next touch brings them back from the file or its cache.
    public func forget(_ range: Range<Int>) {
        guard let start = bytes.baseAddress else { return }
        let page = Int(getpagesize())
        let first = (range.lowerBound + page - 1) / page * page, end = range.upperBound / page * page
        if end > first { madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED) }
    }

    /// - Throws: `FileError` when there is no such regular file or it cannot be read.
    public init(path: String) throws {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.lastError("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.lastError("examine", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, action: "open", reason: "it is not a regular file")
        }
        self.path = path
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw Self.lastError("map", path)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    private static func lastError(_ action: String, _ path: String) -> FileError {
        FileError(path: path, action: action, reason: String(cString: strerror(errno)))
    }
}
