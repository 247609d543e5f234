import Torch

/// Walks the structure of a GGUF file. Every read is checked against the end, and every count against the bytes that
/// are left to hold so many things, before anything is allocated.
struct GGUFReader {
    let file: MappedFile
    private var position: Int
    private let end: Int
    private var place: String

    init(file: MappedFile, range: Range<Int>? = nil, place: String = "header") {
        self.file = file
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? file.count
        self.place = place
    }

    func malformed(_ reason: String) -> CheckpointError {
        .malformed(path: file.path, place: "\(place), byte \(position)", reason: reason)
    }

    // MARK: Pieces

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= end - position else {
            throw malformed("\(count) bytes are announced, the file has \(end - position) more")
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: file.bytes[position..<position + count])
    }

    private mutating func number<T: FixedWidthInteger>(_: T.Type) throws -> T {
        T(littleEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }

    /// A count or length of 64 bits that must leave room for `count` things of at least `size` bytes.
    private mutating func count(of things: String, atLeast size: Int) throws -> Int {
        let raw = try number(UInt64.self)
        guard raw <= UInt64((end - position) / size) else {
            throw malformed("\(raw) \(things) are announced, the file has room for \((end - position) / size)")
        }
        return Int(raw)
    }

    mutating func string() throws -> String {
        let length = try count(of: "bytes of text", atLeast: 1)
        guard let text = String(validating: try take(length), as: UTF8.self) else {
            throw malformed("the text before it is not UTF-8")
        }
        return text
    }

    private mutating func element() throws -> GGUFElement {
        let raw = try number(UInt32.self)
        guard let element = GGUFElement(rawValue: raw) else { throw malformed("there is no value type \(raw)") }
        return element
    }

    mutating func scalar(_ element: GGUFElement) throws -> GGUFValue {
        switch element {
        case .uint8: return .integer(Int(try number(UInt8.self)))
        case .int8: return .integer(Int(try number(Int8.self)))
        case .uint16: return .integer(Int(try number(UInt16.self)))
        case .int16: return .integer(Int(try number(Int16.self)))
        case .uint32: return .integer(Int(try number(UInt32.self)))
        case .int32: return .integer(Int(try number(Int32.self)))
        case .uint64:
            let raw = try number(UInt64.self)
            return Int(exactly: raw).map { .integer($0) } ?? .number(Double(raw))
        case .int64: return .integer(Int(try number(Int64.self)))
        case .float32: return .number(Double(Float(bitPattern: try number(UInt32.self))))
        case .float64: return .number(Double(bitPattern: try number(UInt64.self)))
        case .bool:
            let raw = try number(UInt8.self)
            guard raw <= 1 else { throw malformed("a boolean is 0 or 1, not \(raw)") }
            return .boolean(raw == 1)
        case .string: return .string(try string())
        case .array: return .array(try array(depth: 0))
        }
    }

    private mutating func array(depth: Int) throws -> GGUFArray {
        guard depth < 4 else { throw malformed("arrays are nested deeper than four levels") }
        let element = try element()
        let count = try count(of: "array elements", atLeast: element.size ?? (element == .string ? 8 : 12))
        let start = position
        switch element {
        case .string:
            for _ in 0..<count { _ = try take(try self.count(of: "bytes of text", atLeast: 1)) }
        case .array:
            for _ in 0..<count { _ = try array(depth: depth + 1) }
        default:
            _ = try take(count * (element.size ?? 0))
        }
        return GGUFArray(element: element, count: count, file: file, range: start..<position)
    }

    // MARK: Sections

    mutating func header() throws -> (version: Int, tensorCount: Int, metadataCount: Int) {
        guard file.count >= 24, file.bytes.prefix(4).elementsEqual("GGUF".utf8) else {
            throw malformed("a GGUF file begins with “GGUF” and a header of 24 bytes")
        }
        position = 4
        let version = try number(UInt32.self)
        guard version & 0xFFFF != 0 else {
            throw CheckpointError.unsupported(
                path: file.path, what: "a big-endian GGUF file", remedy: "convert it with gguf_convert_endian.py")
        }
        guard version == 2 || version == 3 else {
            throw CheckpointError.unsupported(
                path: file.path, what: "GGUF version \(version)", remedy: "versions 2 and 3 are; convert the model again")
        }
        // A tensor's entry takes at least 24 bytes, a metadata entry at least 13.
        let tensorCount = try count(of: "tensors", atLeast: 24)
        return (Int(version), tensorCount, try count(of: "metadata entries", atLeast: 13))
    }

    mutating func metadata(count: Int) throws -> [String: GGUFValue] {
        var metadata: [String: GGUFValue] = [:]
        for index in 0..<count {
            place = "metadata entry \(index)"
            let key = try string()
            place = "metadata \(quoted(key))"
            let value = try scalar(try element())
            guard metadata.updateValue(value, forKey: key) == nil else { throw malformed("the key is there twice") }
        }
        return metadata
    }

    mutating func tensors(count: Int, alignment: Int) throws -> [String: StoredTensor] {
        struct Entry {
            let name: String, type: StoredType, shape: [Int], offset: Int, byteCount: Int
        }
        var entries: [Entry] = []
        for index in 0..<count {
            place = "tensor \(index)"
            let name = try string()
            place = "tensor \(quoted(name))"
            let rank = try number(UInt32.self)
            guard rank <= 4 else { throw malformed("it has \(rank) dimensions; there are at most 4") }
            var shape: [Int] = []
            for _ in 0..<rank {
                guard let size = Int(exactly: try number(UInt64.self)) else { throw malformed("a dimension is beyond 63 bits") }
                shape.insert(size, at: 0)
            }
            let code = try number(UInt32.self)
            guard let type = StoredType(ggml: code) else {
                throw CheckpointError.unsupported(
                    path: file.path, what: "ggml type \(code) of tensor \(quoted(name))",
                    remedy: "Retort reads \(StoredType.readable)")
            }
            guard let byteCount = type.byteCount(shape: shape) else {
                throw malformed("\(shape) is no shape for \(type)")
            }
            guard let offset = Int(exactly: try number(UInt64.self)), offset % alignment == 0 else {
                throw malformed("its offset is not a multiple of the alignment \(alignment)")
            }
            entries.append(Entry(name: name, type: type, shape: shape, offset: offset, byteCount: byteCount))
        }
        place = "tensor data"
        let padding = (alignment - position % alignment) % alignment
        let start = position + padding
        let available = max(0, end - start)
        var tensors: [String: StoredTensor] = [:]
        var previous: (name: String, end: Int) = ("", 0)
        for entry in entries.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            guard entry.offset <= available, entry.byteCount <= available - entry.offset else {
                throw malformed(
                    "tensor \(quoted(entry.name)) takes \(entry.byteCount) bytes from \(entry.offset), the file holds \(available); is it cut short?")
            }
            guard entry.offset >= previous.end else {
                throw malformed("tensors \(quoted(previous.name)) and \(quoted(entry.name)) overlap")
            }
            let tensor = StoredTensor(
                name: entry.name, type: entry.type, shape: entry.shape, file: file,
                offset: entry.byteCount == 0 ? 0 : start + entry.offset, byteCount: entry.byteCount)
            guard tensors.updateValue(tensor, forKey: entry.name) == nil else {
                throw malformed("tensor \(quoted(entry.name)) is there twice")
            }
            previous = (entry.name, entry.offset + entry.byteCount)
        }
        return tensors
    }
}

extension StoredType {
    /// By ggml's number of the type, `ggml_type` in `ggml.h`; nil for numbers that are not, or no longer, given.
    init?(ggml code: UInt32) {
        switch code {
        case 0: self = .dense(.float32)
        case 1: self = .dense(.float16)
        case 2: self = .q4_0
        case 3: self = .q4_1
        case 6: self = .q5_0
        case 7: self = .q5_1
        case 8: self = .q8_0
        case 9: self = .opaque(name: "Q8_1", blockLength: 32, blockBytes: 40)
        case 10: self = .opaque(name: "Q2_K", blockLength: 256, blockBytes: 84)
        case 11: self = .opaque(name: "Q3_K", blockLength: 256, blockBytes: 110)
        case 12: self = .q4_K
        case 13: self = .q5_K
        case 14: self = .q6_K
        case 15: self = .opaque(name: "Q8_K", blockLength: 256, blockBytes: 292)
        case 16: self = .opaque(name: "IQ2_XXS", blockLength: 256, blockBytes: 66)
        case 17: self = .opaque(name: "IQ2_XS", blockLength: 256, blockBytes: 74)
        case 18: self = .opaque(name: "IQ3_XXS", blockLength: 256, blockBytes: 98)
        case 19: self = .opaque(name: "IQ1_S", blockLength: 256, blockBytes: 50)
        case 20: self = .opaque(name: "IQ4_NL", blockLength: 32, blockBytes: 18)
        case 21: self = .opaque(name: "IQ3_S", blockLength: 256, blockBytes: 110)
        case 22: self = .opaque(name: "IQ2_S", blockLength: 256, blockBytes: 82)
        case 23: self = .opaque(name: "IQ4_XS", blockLength: 256, blockBytes: 136)
        case 24: self = .dense(.int8)
        case 25: self = .dense(.int16)
        case 26: self = .dense(.int32)
        case 27: self = .dense(.int64)
        case 28: self = .dense(.float64)
        case 29: self = .opaque(name: "IQ1_M", blockLength: 256, blockBytes: 56)
        case 30: self = .dense(.bfloat16)
        case 34: self = .opaque(name: "TQ1_0", blockLength: 256, blockBytes: 54)
        case 35: self = .opaque(name: "TQ2_0", blockLength: 256, blockBytes: 66)
        case 39: self = .opaque(name: "MXFP4", blockLength: 32, blockBytes: 17)
        default: return nil
        }
    }
}
