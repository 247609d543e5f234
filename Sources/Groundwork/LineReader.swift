import Foundation

/// The lines of a file one after another, in memory that does not grow with the file. Blank lines are passed over.
public final class LineReader {
    public let path: String
    private let handle: FileHandle
    private var buffer = Data()
    private var atEnd = false
    private var number = 0
    private static let piece = 1 << 20

    public init(_ path: String) throws {
        self.path = path
        guard let handle = FileHandle(forReadingAtPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw FileError(path: path, action: "read", reason: exists ? "no permission" : "no such file")
        }
        self.handle = handle
    }

    deinit { try? handle.close() }

    /// A line without its end.
    public struct Line {
        /// Counted from 1.
        public let number: Int
        public let text: String
        /// False for a last line without a line end, as a killed writer leaves it.
        public let isEnded: Bool
    }

    public func next() throws -> Line? {
        while let line = try nextRaw() {
            if !line.text.allSatisfy(\.isWhitespace) { return line }
        }
        return nil
    }

    private func nextRaw() throws -> Line? {
        var searched = buffer.startIndex
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(upTo: end, isEnded: true)
            }
            searched = buffer.endIndex
            if atEnd { return buffer.isEmpty ? nil : take(upTo: buffer.endIndex, isEnded: false) }
            let read = searched - buffer.startIndex
            let more: Data
            do {
                more = try handle.read(upToCount: Self.piece) ?? Data()
            } catch {
                throw FileError(path: path, action: "read", reason: error.localizedDescription)
            }
            atEnd = more.isEmpty
            // Rebased, so that what was taken is let go of.
            buffer = Data(buffer) + more
            searched = buffer.startIndex + read
        }
    }

    private func take(upTo end: Int, isEnded: Bool) -> Line {
        number += 1
        let text = String(decoding: buffer[..<end], as: UTF8.self)
        buffer = buffer[(isEnded ? end + 1 : end)...]
        return Line(number: number, text: text.trimmingCharacters(in: .whitespaces), isEnded: isEnded)
    }
}
