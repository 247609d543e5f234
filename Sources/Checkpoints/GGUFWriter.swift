import Foundation
import Groundwork
import Torch

extension GGUF {
    /// A metadata value to be written.
    public enum Scalar: Sendable {
        case string(String)
        case uint32(UInt32)
        case float32(Float)
    }

    /// Writes a GGUF file of version 3 whole, one tensor in memory at a time.
    /// - Parameters:
    ///   - tensors: of type float32, float16 or bfloat16, shapes outermost first; in the order in which they will lie in the file.
    ///   - content: called once for each tensor; hands its bytes, row-major, to the sink in one piece or in many.
    /// - Throws: `CheckpointError.unwritable`, `FileError`, whatever `content` throws. Nothing remains at `path` then.
    public static func write(
        _ metadata: [(key: String, value: Scalar)], _ tensors: [Safetensors.Entry], to path: String,
        content: (_ tensor: Safetensors.Entry, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        var header = Data("GGUF".utf8)
        header.append(integer: UInt32(3))
        header.append(integer: UInt64(tensors.count))
        header.append(integer: UInt64(metadata.count))
        for (key, value) in metadata {
            header.append(ggufString: key)
            switch value {
            case .string(let text):
                header.append(integer: GGUFElement.string.rawValue)
                header.append(ggufString: text)
            case .uint32(let number):
                header.append(integer: GGUFElement.uint32.rawValue)
                header.append(integer: number)
            case .float32(let number):
                header.append(integer: GGUFElement.float32.rawValue)
                header.append(integer: number.bitPattern)
            }
        }
        var offset = 0
        for tensor in tensors {
            guard let type = ggmlType(tensor.type) else {
                throw CheckpointError.unwritable(path: path, reason: "\(tensor.type) of \(tensor.name) is no type for it")
            }
            header.append(ggufString: tensor.name)
            header.append(integer: UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { header.append(integer: UInt64(size)) }
            header.append(integer: type)
            header.append(integer: UInt64(offset))
            offset += padded(byteCount(tensor))
        }
        header.append(Data(count: padded(header.count) - header.count))
        try WholeFile.write(to: path) { file in
            try file.write(contentsOf: header)
            for tensor in tensors {
                var missing = byteCount(tensor)
                try content(tensor) { bytes in
                    missing -= bytes.count
                    try file.write(contentsOf: Data(bytes))
                }
                guard missing == 0 else {
                    throw CheckpointError.unwritable(path: path, reason: "\(tensor.name) has not the bytes of its shape")
                }
                try file.write(contentsOf: Data(count: padded(byteCount(tensor)) - byteCount(tensor)))
            }
        }
    }

    private static func byteCount(_ tensor: Safetensors.Entry) -> Int { tensor.shape.reduce(1, *) * tensor.type.size }
    /// The format's usual alignment.
    private static func padded(_ count: Int) -> Int { (count + 31) / 32 * 32 }

    private static func ggmlType(_ type: DType) -> UInt32? {
        switch type {
        case .float32: 0
        case .float16: 1
        case .bfloat16: 30
        default: nil
        }
    }
}

extension Data {
    fileprivate mutating func append(integer value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(ggufString text: String) {
        append(integer: UInt64(text.utf8.count))
        append(Data(text.utf8))
    }
}
