import Foundation

/// A file that could not be read or written: which, what was tried, and the system's reason.
public struct FileError: Error, CustomStringConvertible {
    public let path: String
    public let action: String
    public let reason: String

    public init(path: String, action: String, reason: String) {
        self.path = path
        self.action = action
        self.reason = reason
    }

    static func last(_ action: String, _ path: String) -> FileError {
        FileError(path: path, action: action, reason: String(cString: strerror(errno)))
    }

    public var description: String { "cannot \(action) \(path): \(reason)" }
}

/// Whole files are written beside their place and renamed into it, so a reader sees the old file or the new one.
public enum WholeFile {
    /// Streams into a temporary neighbour of `path`, flushes it to the disk, then renames. Nothing remains on failure.
    public static func write(to path: String, _ body: (FileHandle) throws -> Void) throws {
        if Paths.isStream(path) { return try writeInto(path, body) }
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty { try makeFolder(folder) }
        let temporary = path + ".partial-\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw FileError.last("create", temporary) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        let early = EarlyFlush(descriptor)
        do {
            try body(handle)
            early.stop()
            errno = early.failure  // the system tells of an error once
            guard errno == 0, fsync(descriptor) == 0 else { throw FileError.last("flush", temporary) }
            close(descriptor)
            guard rename(temporary, path) == 0 else { throw FileError.last("rename into place", path) }
        } catch {
            early.stop()
            close(descriptor)
            unlink(temporary)
            throw named(error, path)
        }
    }

    /// What cannot be renamed into place: `/dev/stdout`, a pipe.
    private static func writeInto(_ path: String, _ body: (FileHandle) throws -> Void) throws {
        fflush(nil)  // it may be where `print` writes, too
        let descriptor = open(path, O_WRONLY | O_APPEND)
        guard descriptor >= 0 else { throw FileError.last("open", path) }
        defer { close(descriptor) }
        do { try body(FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)) } catch { throw named(error, path) }
    }

    /// The system's own complaints need the path; the errors of whoever makes the content say what they mean.
    private static func named(_ error: any Error, _ path: String) -> any Error {
        guard type(of: error) is NSError.Type || error is CocoaError || error is POSIXError else { return error }
        return FileError(path: path, action: "write", reason: "\(error.localizedDescription)")
    }

    public static func write(_ data: Data, to path: String) throws {
        try write(to: path) { try $0.write(contentsOf: data) }
    }

    public static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    public static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileError(path: path, action: "create the folder", reason: error.localizedDescription)
        }
    }

    public static func read(_ path: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            throw FileError(path: path, action: "read", reason: !exists ? "no such file" : isFolder.boolValue ? "it is a folder" : error.localizedDescription)
        }
    }
}

/// Sends a large file to the disk while more of it is being made, so that the flush at its end has little left to wait for: left alone, the
/// system begins when a tenth of its memory holds what no disk has.
private final class EarlyFlush {
    private static let piece = 64 << 20
    private let queue = DispatchQueue(label: "early flush", qos: .utility)
    private let timer: any DispatchSourceTimer
    /// An error number, or 0; to be read after `stop`.
    private(set) var failure: Int32 = 0

    init(_ descriptor: Int32) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + .milliseconds(200), repeating: .milliseconds(200))
        var flushed = 0
        timer.setEventHandler { [unowned self] in
            var status = stat()
            guard fstat(descriptor, &status) == 0, Int(status.st_size) >= flushed + Self.piece else { return }
            flushed = Int(status.st_size)
            if fsync(descriptor) != 0 { failure = errno }
        }
        timer.resume()
    }

    /// Nothing is done with the descriptor afterwards.
    func stop() {
        timer.cancel()
        queue.sync {}
    }
}

/// An append-only file of lines (JSONL). Each line goes out in one `write`, so it is there whole or not at all;
/// opening cuts off a last line that a crash left without its end.
public final class LineFile {
    public let path: String
    private let descriptor: Int32

    public init(appendingTo path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty { try WholeFile.makeFolder(folder) }
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw FileError.last("open", path) }
        let size = lseek(descriptor, 0, SEEK_END)
        var end = size
        var byte: UInt8 = 0
        while end > 0, pread(descriptor, &byte, 1, end - 1) == 1, byte != UInt8(ascii: "\n") { end -= 1 }
        if end != size, ftruncate(descriptor, end) != 0 { throw FileError.last("repair", path) }
    }

    deinit { close(descriptor) }

    public func append(_ line: String) throws {
        var bytes = Array(line.utf8)
        precondition(!bytes.contains(UInt8(ascii: "\n")), "a line holds no line end")
        bytes.append(UInt8(ascii: "\n"))
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, bytes.count - sent) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileError.last("append to", path) }
            sent += count
        }
    }

    /// Waits until all that was appended is on the disk.
    public func flush() throws {
        guard fsync(descriptor) == 0 else { throw FileError.last("flush", path) }
    }

    /// The lines of a file, without their ends and without blank ones; each with its number, counted from 1.
    public static func read(_ path: String) throws -> [(number: Int, text: String)] {
        let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
        var lines: [(Int, String)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if !trimmed.isEmpty { lines.append((index + 1, trimmed)) }
        }
        return lines
    }
}
