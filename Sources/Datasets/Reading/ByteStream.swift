import Foundation
import Groundwork

/// A file's bytes in pieces; gzip and Zstandard are unpacked on the way, recognised by their first bytes, not by the name.
final class ByteStream {
    private let unpacker: any ByteSource

    init(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError(path: path, action: "read", reason: "no such file")
        }
        guard !isFolder.boolValue else { throw FileError(path: path, action: "read", reason: "it is a folder; name its files") }
        let plain = try PlainFile(path)
        switch plain.firstBytes(4) {
        case let bytes where bytes.starts(with: [0x1f, 0x8b]): unpacker = try GzipFile(path)
        case [0x28, 0xb5, 0x2f, 0xfd]: unpacker = try ZstandardFile(plain)
        default: unpacker = plain
        }
    }

    /// The next bytes, at most a few hundred thousand; nil at the end.
    func next() throws -> [UInt8]? { try unpacker.next() }
}

protocol ByteSource: AnyObject {
    func next() throws -> [UInt8]?
}

/// The file as it stands.
final class PlainFile: ByteSource {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw FileError(path: path, action: "open", reason: String(cString: strerror(errno))) }
    }

    deinit { close(descriptor) }

    /// Without moving on; fewer where the file is shorter or cannot be looked into.
    func firstBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, 0)
        return Array(bytes.prefix(max(0, got)))
    }

    func next() throws -> [UInt8]? {
        while true {
            var failure: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
                let got = read(descriptor, buffer.baseAddress, buffer.count)
                if got < 0 { failure = errno }
                count = max(0, got)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw FileError(path: path, action: "read", reason: String(cString: strerror(failure))) }
            return piece.isEmpty ? nil : piece
        }
    }
}

/// gzip through zlib's file functions (zlib.h of zlib 1.2), which also read files of several members.
final class GzipFile: ByteSource {
    private typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> OpaquePointer?
    private typealias Read = @convention(c) (OpaquePointer, UnsafeMutableRawPointer?, UInt32) -> Int32
    private typealias Complaint = @convention(c) (OpaquePointer, UnsafeMutablePointer<Int32>) -> UnsafePointer<CChar>?
    private typealias Close = @convention(c) (OpaquePointer) -> Int32

    private static let library = Result {
        try SharedLibrary(
            ["libz.so.1", "libz.1.dylib"], for: "a gzip file", remedy: "install zlib (Debian: zlib1g), or unpack the file with gunzip")
    }

    private let path: String
    private let file: OpaquePointer
    private let read: Read
    private let complaint: Complaint
    private let close: Close

    init(_ path: String) throws {
        self.path = path
        let library = try Self.library.get()
        read = try library.function("gzread", as: Read.self)
        complaint = try library.function("gzerror", as: Complaint.self)
        close = try library.function("gzclose", as: Close.self)
        guard let file = try library.function("gzopen", as: Open.self)(path, "rb") else {
            throw FileError(path: path, action: "open", reason: String(cString: strerror(errno)))
        }
        self.file = file
    }

    deinit { _ = close(file) }

    func next() throws -> [UInt8]? {
        var result: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
            result = read(file, buffer.baseAddress, UInt32(buffer.count))
            count = Int(max(0, result))
        }
        // A file that breaks off gives what is there and then an end, and only the error's number tells.
        var code: Int32 = 0
        let text = complaint(file, &code).map { String(cString: $0) } ?? ""
        guard result >= 0, code == 0 else {
            throw DatasetError.badCompression(path: path, reason: text.isEmpty ? "zlib's error \(code)" : text)
        }
        return piece.isEmpty ? nil : piece
    }
}

/// Zstandard through its streaming functions (zstd.h of zstd 1.x).
final class ZstandardFile: ByteSource {
    /// `ZSTD_inBuffer` and `ZSTD_outBuffer` have the same layout.
    private struct Buffer {
        var start: UnsafeMutableRawPointer?
        var size: Int
        var position: Int
    }
    private typealias Create = @convention(c) () -> OpaquePointer?
    private typealias Free = @convention(c) (OpaquePointer) -> Int
    private typealias Decompress = @convention(c) (OpaquePointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int
    private typealias IsError = @convention(c) (Int) -> UInt32
    private typealias ErrorName = @convention(c) (Int) -> UnsafePointer<CChar>

    private static let library = Result {
        try SharedLibrary(
            ["libzstd.so.1", "libzstd.1.dylib"], for: "a Zstandard file",
            remedy: "install it (Debian: libzstd1), or unpack the file with zstd -d")
    }

    private let packed: PlainFile
    private let stream: OpaquePointer
    private let free: Free
    private let decompress: Decompress
    private let isError: IsError
    private let errorName: ErrorName
    private var input: [UInt8] = []
    private var consumed = 0
    /// What the library still expects: 0 where a frame is complete.
    private var expected = 0
    /// The last call filled its room, so more may be waiting inside.
    private var mayHoldMore = false

    init(_ packed: PlainFile) throws {
        self.packed = packed
        let library = try Self.library.get()
        free = try library.function("ZSTD_freeDStream", as: Free.self)
        decompress = try library.function("ZSTD_decompressStream", as: Decompress.self)
        isError = try library.function("ZSTD_isError", as: IsError.self)
        errorName = try library.function("ZSTD_getErrorName", as: ErrorName.self)
        guard let stream = try library.function("ZSTD_createDStream", as: Create.self)() else {
            throw DatasetError.badCompression(path: packed.path, reason: "there is no memory for it")
        }
        self.stream = stream
    }

    deinit { _ = free(stream) }

    func next() throws -> [UInt8]? {
        while true {
            if consumed == input.count, !mayHoldMore {
                guard let piece = try packed.next() else {
                    if expected != 0 { throw DatasetError.badCompression(path: packed.path, reason: "it breaks off in the middle") }
                    return nil
                }
                (input, consumed) = (piece, 0)
            }
            let piece = try unpack()
            if !piece.isEmpty { return piece }
        }
    }

    private func unpack() throws -> [UInt8] {
        var status = 0
        let piece = [UInt8](unsafeUninitializedCapacity: 1 << 18) { room, count in
            var output = Buffer(start: UnsafeMutableRawPointer(room.baseAddress), size: room.count, position: 0)
            input.withUnsafeMutableBytes { bytes in
                var source = Buffer(start: bytes.baseAddress, size: bytes.count, position: consumed)
                status = decompress(stream, &output, &source)
                consumed = source.position
            }
            count = output.position
        }
        if isError(status) != 0 {
            throw DatasetError.badCompression(path: packed.path, reason: String(cString: errorName(status)))
        }
        expected = status
        mayHoldMore = piece.count == 1 << 18
        return piece
    }
}
