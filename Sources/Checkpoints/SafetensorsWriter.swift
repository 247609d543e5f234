import Foundation
import Groundwork
import Torch

extension Safetensors {
    /// What a tensor to be written is called and how large it is; its bytes come later.
    public struct Entry: Sendable, Equatable {
        public let name: String
        public let type: DType
        public let shape: [Int]

        public init(_ name: String, _ type: DType, _ shape: [Int]) {
            self.name = name
            self.type = type
            self.shape = shape
        }
    }

    /// Writes a file whole (beside its place, then renamed), one tensor in memory at a time. Tensors stand in the order of
    /// their element size, widest first, then as given, and the header is padded to eight bytes, so each is aligned and the
    /// same tensors make the same file to the last byte.
    /// - Parameter content: called once for each entry; hands its bytes, row-major, to the sink in one piece or in many.
    /// - Throws: `CheckpointError.unwritable` for duplicate names, impossible shapes, or bytes that do not fit the shape;
    ///   `FileError`; whatever `content` throws. Nothing remains at `path` then.
    public static func write(
        _ entries: [Entry], metadata: [String: String] = [:], to path: String,
        content: (_ entry: Entry, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let ordered = entries.enumerated()
            .sorted { ($1.element.type.size, $0.offset) < ($0.element.type.size, $1.offset) }.map(\.element)
        let header = try header(ordered, metadata: metadata, path: path)
        try WholeFile.write(to: path) { file in
            try file.write(contentsOf: header)
            for entry in ordered {
                var missing = StoredType.dense(entry.type).byteCount(shape: entry.shape) ?? 0
                try content(entry) { bytes in
                    missing -= bytes.count
                    guard missing >= 0 else { throw CheckpointError.unwritable(path: path, reason: "too many bytes for \(entry.name)") }
                    guard bytes.count > 0, let start = bytes.baseAddress else { return }
                    try file.write(contentsOf: Data(
                        bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none))
                }
                guard missing == 0 else {
                    throw CheckpointError.unwritable(path: path, reason: "\(missing) bytes of \(entry.name) were not given")
                }
            }
        }
    }

    /// Writes tensors that are in memory.
    public static func write(
        _ tensors: [(name: String, type: DType, shape: [Int], bytes: [UInt8])], metadata: [String: String] = [:], to path: String
    ) throws {
        let contents = Dictionary(tensors.map { ($0.name, $0.bytes) }) { first, _ in first }
        try write(tensors.map { Entry($0.name, $0.type, $0.shape) }, metadata: metadata, to: path) { entry, sink in
            try (contents[entry.name] ?? []).withUnsafeBytes(sink)
        }
    }

    private static func header(_ entries: [Entry], metadata: [String: String], path: String) throws -> Data {
        var header = JSONObject()
        if !metadata.isEmpty {
            header["__metadata__"] = .object(JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        var offset = 0
        for entry in entries {
            guard let count = StoredType.dense(entry.type).byteCount(shape: entry.shape), count <= Int.max - offset else {
                throw CheckpointError.unwritable(path: path, reason: "\(entry.shape) of \(entry.name) is no shape")
            }
            guard header[entry.name] == nil, entry.name != "__metadata__" else {
                throw CheckpointError.unwritable(path: path, reason: "two tensors are called \(entry.name)")
            }
            header[entry.name] = .object(JSONObject([
                ("dtype", .string(entry.type.safetensorsName)),
                ("shape", .array(entry.shape.map { .integer($0) })),
                ("data_offsets", .array([.integer(offset), .integer(offset + count)])),
            ]))
            offset += count
        }
        var text = Data(JSONValue.object(header).text().utf8)
        text.append(Data(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text
    }
}
