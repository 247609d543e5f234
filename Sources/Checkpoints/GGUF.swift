import Groundwork
import Torch

/// A GGUF file, version 2 or 3, little-endian (llama.cpp's format; its specification is `docs/gguf.md` of the ggml repository).
/// Opening reads the metadata and the list of tensors and checks every count, length and range; no tensor is touched.
public struct GGUF: Sendable {
    public let file: MappedFile
    public let version: Int
    public let metadata: [String: GGUFValue]
    /// By ggml's names ("blk.0.attn_q.weight"), shapes outermost first.
    public let tensors: [String: StoredTensor]

    public var path: String { file.path }

    /// - Throws: `FileError` when the file cannot be opened, `CheckpointError` when it is not a sound GGUF file.
    public init(path: String) throws { try self.init(file: MappedFile(path: path)) }

    package init(file: MappedFile) throws {
        self.file = file
        var reader = GGUFReader(file: file)
        let header = try reader.header()
        version = header.version
        metadata = try reader.metadata(count: header.metadataCount)
        let alignment = try Self.alignment(metadata, path: file.path)
        tensors = try reader.tensors(count: header.tensorCount, alignment: alignment)
    }

    private static func alignment(_ metadata: [String: GGUFValue], path: String) throws -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard case .integer(let alignment) = value, alignment > 0, alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
            throw CheckpointError.malformed(
                path: path, place: "general.alignment", reason: "it must be a power of two up to 1048576")
        }
        return alignment
    }
}

/// A metadata value. Integers of every width become `Int`; the few unsigned ones beyond it become `number`.
public enum GGUFValue: Sendable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case string(String)
    case array(GGUFArray)

    var kind: String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a boolean"
        case .string: "a string"
        case .array(let array): "an array of \(array.count) elements of type \(array.element)"
        }
    }
}

/// The numbering of value types in the file.
public enum GGUFElement: UInt32, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of one element; nil when they vary.
    var size: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// An array in the metadata. It was walked and found sound when the file was opened, and is decoded when asked for, so that
/// a hostile file cannot make many times its own size of memory.
public struct GGUFArray: Sendable {
    public let element: GGUFElement
    public let count: Int
    let file: MappedFile
    let range: Range<Int>
}

extension GGUF {
    /// The typed getters give nil for a key that is not there.
    /// - Throws: `CheckpointError.malformed` naming the key when its value is of another type.
    public func string(_ key: String) throws -> String? {
        guard let value = metadata[key] else { return nil }
        guard case .string(let text) = value else { throw mismatch(key, value, "a string") }
        return text
    }

    public func int(_ key: String) throws -> Int? {
        guard let value = metadata[key] else { return nil }
        guard case .integer(let number) = value else { throw mismatch(key, value, "an integer") }
        return number
    }

    public func float(_ key: String) throws -> Double? {
        switch metadata[key] {
        case nil: return nil
        case .number(let number): return number
        case .integer(let number): return Double(number)
        case .some(let value): throw mismatch(key, value, "a number")
        }
    }

    public func bool(_ key: String) throws -> Bool? {
        guard let value = metadata[key] else { return nil }
        guard case .boolean(let flag) = value else { throw mismatch(key, value, "a boolean") }
        return flag
    }

    public func strings(_ key: String) throws -> [String]? {
        try array(key, of: [.string]) { reader, _ in try reader.string() }
    }

    public func ints(_ key: String) throws -> [Int]? {
        try array(key, of: [.uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64]) { reader, element in
            guard case .integer(let number) = try reader.scalar(element) else {
                throw reader.malformed("a number beyond 63 bits")
            }
            return number
        }
    }

    public func floats(_ key: String) throws -> [Float]? {
        try array(key, of: [.float32, .float64]) { reader, element in
            guard case .number(let number) = try reader.scalar(element) else { throw reader.malformed("not a number") }
            return Float(number)
        }
    }

    private func array<T>(
        _ key: String, of elements: Set<GGUFElement>, _ decode: (inout GGUFReader, GGUFElement) throws -> T
    ) throws -> [T]? {
        guard let value = metadata[key] else { return nil }
        guard case .array(let array) = value, elements.contains(array.element) || array.count == 0 else {
            throw mismatch(key, value, "an array of \(elements.map { "\($0)" }.sorted().joined(separator: " or "))")
        }
        var reader = GGUFReader(file: file, range: array.range, place: key)
        var decoded: [T] = []
        decoded.reserveCapacity(array.count)
        for _ in 0..<array.count { decoded.append(try decode(&reader, array.element)) }
        return decoded
    }

    private func mismatch(_ key: String, _ value: GGUFValue, _ wanted: String) -> CheckpointError {
        .malformed(path: path, place: key, reason: "expected \(wanted), found \(value.kind)")
    }
}
