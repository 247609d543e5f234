import Foundation
import Groundwork
import Torch

/// Tensors in safetensors files: one file, or shards joined by an index (`model.safetensors.index.json`).
/// The format is eight bytes of header length, a JSON header of names, types, shapes and ranges, and the data; ranges must
/// fill the data without gaps or overlaps (safetensors' own rule, so that one file cannot be two).
public struct Safetensors: Sendable {
    /// The file or index that was opened.
    public let path: String
    public let tensors: [String: StoredTensor]
    /// `__metadata__` of a single file; of shards, what all files say, the first shard by name winning.
    public let metadata: [String: String]
    /// All files that hold tensors, in order of name.
    public let files: [MappedFile]

    /// The reference implementation's limit on the header.
    private static let largestHeader = 100_000_000

    /// - Parameter path: a `.safetensors` file or a `.safetensors.index.json`.
    /// - Throws: `FileError` when a file cannot be opened, `CheckpointError` when one is not sound.
    public init(path: String) throws {
        self.path = path
        if path.hasSuffix(".json") {
            let folder = (path as NSString).deletingLastPathComponent
            let shards = try Self.shards(JSONFile(path: path))
            var tensors: [String: StoredTensor] = [:]
            var metadata: [String: String] = [:]
            var files: [MappedFile] = []
            for (shard, names) in shards.sorted(by: { $0.key < $1.key }) {
                let file = try MappedFile(path: (folder as NSString).appendingPathComponent(shard))
                let part = try Self.read(file)
                for name in names {
                    guard let tensor = part.tensors[name] else {
                        throw CheckpointError.missingTensor(
                            path: file.path, name: quoted(name), reason: "\(path) says that this shard holds it")
                    }
                    tensors[name] = tensor
                }
                metadata.merge(part.metadata) { first, _ in first }
                files.append(file)
            }
            (self.tensors, self.metadata, self.files) = (tensors, metadata, files)
        } else {
            let file = try MappedFile(path: path)
            (tensors, metadata) = try Self.read(file)
            files = [file]
        }
    }

    /// Shard file → names of its tensors.
    private static func shards(_ index: JSONFile) throws -> [String: [String]] {
        var shards: [String: [String]] = [:]
        for (name, value) in try index.required("weight_map", index.object("weight_map")).object.pairs {
            guard case .string(let shard) = value, shard.hasSuffix(".safetensors"), !shard.contains("/"), !shard.contains("\0")
            else { throw index.malformed("weight_map.\(quoted(name))", "expected the name of a .safetensors file beside the index") }
            shards[shard, default: []].append(name)
        }
        guard !shards.isEmpty else { throw index.malformed("weight_map", "it names no tensors") }
        return shards
    }

    // MARK: One file

    private static func read(_ file: MappedFile) throws -> (tensors: [String: StoredTensor], metadata: [String: String]) {
        try withExtendedLifetime(file) { try readHeld(file) }
    }

    private static func readHeld(_ file: MappedFile) throws -> (tensors: [String: StoredTensor], metadata: [String: String]) {
        func malformed(_ place: String, _ reason: String) -> CheckpointError {
            .malformed(path: file.path, place: place, reason: reason)
        }
        guard file.count >= 8 else { throw malformed("header", "a safetensors file has at least 8 bytes, this one \(file.count)") }
        let announced = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard announced <= UInt64(min(file.count - 8, largestHeader)) else {
            throw malformed("header", "its length is given as \(announced) bytes; the file has \(file.count), the limit is \(largestHeader)")
        }
        let start = 8 + Int(announced)
        let header: JSONObject
        do {
            guard case .object(let object) = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: file.bytes[8..<start])) else {
                throw malformed("header", "it is not a JSON object")
            }
            header = object
        } catch let error as JSONError {
            throw malformed("header, byte \(8 + error.offset)", error.reason)
        }
        var metadata: [String: String] = [:]
        var tensors: [String: StoredTensor] = [:]
        for (name, value) in header.pairs {
            guard case .object(let entry) = value else { throw malformed(quoted(name), "expected an object, found \(value.kind)") }
            if name == "__metadata__" {
                for (key, value) in entry.pairs {
                    guard case .string(let text) = value else { throw malformed("__metadata__.\(quoted(key))", "expected a string") }
                    metadata[key] = text
                }
            } else {
                tensors[name] = try tensor(name, entry, file: file, start: start)
            }
        }
        var end = start
        for tensor in tensors.values.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            guard tensor.offset == end else {
                throw malformed("tensor \(quoted(tensor.name))", tensor.offset < end
                    ? "it overlaps the tensor before it" : "\(tensor.offset - end) bytes before it belong to no tensor")
            }
            end += tensor.byteCount
        }
        guard end == file.count else { throw malformed("data", "\(file.count - end) bytes at the end belong to no tensor") }
        return (tensors, metadata)
    }

    private static func tensor(_ name: String, _ entry: JSONObject, file: MappedFile, start: Int) throws -> StoredTensor {
        func malformed(_ reason: String) -> CheckpointError {
            .malformed(path: file.path, place: "tensor \(quoted(name))", reason: reason)
        }
        func integers(_ key: String) throws -> [Int] {
            guard case .array(let elements) = entry[key] else { throw malformed("“\(key)” is not an array") }
            return try elements.map {
                guard case .integer(let number) = $0, number >= 0 else { throw malformed("“\(key)” holds something else than sizes") }
                return number
            }
        }
        guard case .string(let code) = entry["dtype"] else { throw malformed("“dtype” is not a string") }
        guard let type = StoredType(safetensors: code) else { throw malformed("there is no dtype \(quoted(code))") }
        let shape = try integers("shape")
        let range = try integers("data_offsets")
        guard range.count == 2, range[0] <= range[1], range[1] <= file.count - start else {
            throw malformed("its range \(range) is not inside the \(file.count - start) bytes of data; is the file cut short?")
        }
        guard type.byteCount(shape: shape) == range[1] - range[0] else {
            throw malformed("\(range[1] - range[0]) bytes do not hold shape \(shape) of \(code)")
        }
        return StoredTensor(
            name: name, type: type, shape: shape, file: file, offset: start + range[0], byteCount: range[1] - range[0])
    }
}

extension StoredType {
    init?(safetensors code: String) {
        switch code {
        case "F64": self = .dense(.float64)
        case "F32": self = .dense(.float32)
        case "F16": self = .dense(.float16)
        case "BF16": self = .dense(.bfloat16)
        case "I64": self = .dense(.int64)
        case "I32": self = .dense(.int32)
        case "I16": self = .dense(.int16)
        case "I8": self = .dense(.int8)
        case "U8": self = .dense(.uint8)
        case "BOOL": self = .dense(.bool)
        case "U64", "C64": self = .opaque(name: code, blockLength: 1, blockBytes: 8)
        case "U32": self = .opaque(name: code, blockLength: 1, blockBytes: 4)
        case "U16": self = .opaque(name: code, blockLength: 1, blockBytes: 2)
        case "F8_E4M3", "F8_E5M2", "F8_E8M0": self = .opaque(name: code, blockLength: 1, blockBytes: 1)
        case "F4": self = .opaque(name: code, blockLength: 2, blockBytes: 1)
        default: return nil
        }
    }
}

extension DType {
    /// The name in a safetensors header.
    var safetensorsName: String {
        switch self {
        case .float64: "F64"
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .int64: "I64"
        case .int32: "I32"
        case .int16: "I16"
        case .int8: "I8"
        case .uint8: "U8"
        case .bool: "BOOL"
        }
    }
}
