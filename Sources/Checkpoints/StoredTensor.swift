import Torch

/// A tensor as it lies in a mapped file: a name, a type, a shape and a range of bytes that was checked to be inside the file.
public struct StoredTensor: Sendable {
    public let name: String
    public let type: StoredType
    /// Row-major, outermost first, whatever the file's own order (GGUF's is the reverse).
    public let shape: [Int]
    public let file: MappedFile
    /// Where the bytes begin in the file.
    public let offset: Int
    public let byteCount: Int
    /// GGUF files of the llama architecture store the rows of each of so many attention heads with the two halves of the
    /// head interleaved (for a rotary embedding over neighbouring pairs). `floats`, `copyFloats` and `copyBytes` give the
    /// rows in Hugging Face's order again; `bytes` alone is as stored. Nil: stored in canonical order.
    public let interleavedHeads: Int?

    /// The caller has checked that the range lies in the file and fits type and shape.
    init(
        name: String, type: StoredType, shape: [Int], file: MappedFile, offset: Int, byteCount: Int,
        interleavedHeads: Int? = nil
    ) {
        precondition(offset >= 0 && byteCount >= 0 && offset + byteCount <= file.count)
        self.name = name
        self.type = type
        self.shape = shape
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
        self.interleavedHeads = interleavedHeads
    }

    /// The bytes in the file's own order, without a copy. They are valid while `file` is held; see `MappedFile.bytes`.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount]) }

    /// Gives the bytes in the file's own order to `body`, mapped for as long as that runs.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(file) { try body(bytes) }
    }

    /// Lets go of the memory that reading the bytes has taken. They can be read again; the system keeps or drops them as it likes.
    public func forget() { file.forget(offset..<offset + byteCount) }

    public var elementCount: Int { Checkpoints.elementCount(of: shape) ?? 0 }

    /// Whether a dense tensor's first element lies at an address that its type may be read from directly.
    public var isAligned: Bool {
        guard case .dense(let type) = type, let start = bytes.baseAddress else { return false }
        return Int(bitPattern: start) % type.size == 0
    }

    /// The same bytes under another name, and with the rows read as `interleavedHeads` says.
    func renamed(_ name: String, interleavedHeads: Int? = nil) -> StoredTensor {
        StoredTensor(
            name: name, type: type, shape: shape, file: file, offset: offset, byteCount: byteCount,
            interleavedHeads: interleavedHeads)
    }

    /// Some rows of a matrix [rows, width] that is stored in canonical order.
    public func rows(_ range: Range<Int>) -> StoredTensor {
        precondition(shape.count == 2 && interleavedHeads == nil && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows of a plain matrix")
        let rowBytes = byteCount / max(1, shape[0])
        return StoredTensor(
            name: name, type: type, shape: [range.count, shape[1]], file: file, offset: offset + range.lowerBound * rowBytes,
            byteCount: range.count * rowBytes)
    }

    /// All elements as float32, row-major, dequantised where need be.
    /// - Throws: `CheckpointError.unsupported` for a type that Retort does not read.
    public func floats() throws -> [Float] {
        try requireReadable()
        return try [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            try copyFloats(into: UnsafeMutableBufferPointer(rebasing: buffer.prefix(elementCount)))
            count = elementCount
        }
    }

    /// The same, where a number that is none would spoil what is made of it; the memory that reading took is let go.
    /// - Throws: also `CheckpointError.notFinite`, for the first of them.
    public func finiteFloats() throws -> [Float] {
        let values = try floats()
        forget()
        if let index = values.firstNotFinite() { throw CheckpointError.notFinite(path: file.path, name: name, index: index, value: values[index]) }
        return values
    }

    /// - Throws: `CheckpointError.unsupported` for a type that Retort does not read.
    public func requireReadable() throws {
        if case .opaque(let type, _, _) = type {
            throw CheckpointError.unsupported(
                path: file.path, what: "the type \(type) of tensor \(name)", remedy: "Retort reads \(StoredType.readable)")
        }
    }
}
