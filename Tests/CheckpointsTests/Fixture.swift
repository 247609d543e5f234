import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

/// Files under Tests/Fixtures, and folders of a test's own that vanish with it.
enum Fixture {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path

    /// Made by Tests/Oracles/checkpoints.py.
    static func path(_ name: String) -> String { "\(root)/Checkpoints/\(name)" }
    /// Made by Tests/Oracles/transformers_tiny.py.
    static func tiny(_ name: String) -> String { "\(root)/Transformers/\(name)" }

    static func json(_ name: String) throws -> JSONValue {
        try MappedFile(path: path(name)).withBytes { try JSONValue(parsing: $0) }
    }

    @discardableResult static func inFolder<T>(_ body: (String) throws -> T) throws -> T {
        let folder = NSTemporaryDirectory() + "retort-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    /// Writes `bytes` to a file, gives its path to `body`, removes it.
    @discardableResult static func withFile<T>(_ bytes: [UInt8], _ suffix: String, _ body: (String) throws -> T) throws -> T {
        try inFolder { folder in
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/file\(suffix)"))
            return try body("\(folder)/file\(suffix)")
        }
    }

    static func bytes(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }
}

extension JSONValue {
    subscript(key: String) -> JSONValue { if case .object(let object) = self { object[key] ?? .null } else { .null } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var pairs: [(key: String, value: JSONValue)] { if case .object(let object) = self { object.pairs } else { [] } }
    var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
    var int: Int? { if case .integer(let number) = self { number } else { nil } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
}

/// A safetensors file from parts that need not fit each other.
func safetensorsBytes(header: String, data: [UInt8] = [], announced: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (announced ?? UInt64(header.utf8.count)).littleEndian, Array.init) + Array(header.utf8) + data
}

/// Bytes of a GGUF file, written piece by piece so that each can lie.
struct GGUFBytes {
    var bytes: [UInt8] = []

    init(version: UInt32 = 3, tensors: UInt64, entries: UInt64) {
        bytes = Array("GGUF".utf8)
        add(version)
        add(tensors)
        add(entries)
    }

    mutating func add<T: FixedWidthInteger>(_ number: T) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }

    mutating func add(_ text: String, announced: UInt64? = nil) {
        add(announced ?? UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func entry(_ key: String, _ element: GGUFElement) {
        add(key)
        add(element.rawValue)
    }

    mutating func tensor(_ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64) {
        add(name)
        add(UInt32(dimensions.count))
        for size in dimensions { add(size) }
        add(type)
        add(offset)
    }

    mutating func data(_ count: Int) {
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + count)
    }
}
