import Torch

/// How a tensor's elements lie in a file: plain numbers, or ggml's blocks of small integers with shared scales.
public enum StoredType: Sendable, Hashable, CustomStringConvertible {
    case dense(DType)
    case q4_0, q4_1, q5_0, q5_1, q8_0, q4_K, q5_K, q6_K
    /// A type whose size is known, so the file can be checked and listed, but whose numbers Retort does not read.
    case opaque(name: String, blockLength: Int, blockBytes: Int)

    /// Elements that share one block; a row is a whole number of blocks.
    public var blockLength: Int {
        switch self {
        case .dense: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q4_K, .q5_K, .q6_K: 256
        case .opaque(_, let length, _): length
        }
    }

    public var blockBytes: Int {
        switch self {
        case .dense(let type): type.size
        case .q4_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        case .opaque(_, _, let bytes): bytes
        }
    }

    public var isQuantised: Bool {
        if case .dense = self { false } else { true }
    }

    public var description: String {
        switch self {
        case .dense(let type): type.rawValue
        case .q4_0: "Q4_0"
        case .q4_1: "Q4_1"
        case .q5_0: "Q5_0"
        case .q5_1: "Q5_1"
        case .q8_0: "Q8_0"
        case .q4_K: "Q4_K"
        case .q5_K: "Q5_K"
        case .q6_K: "Q6_K"
        case .opaque(let name, _, _): name
        }
    }

    /// The types whose numbers `StoredTensor.floats()` gives, for messages.
    static let readable = "F64, F32, F16, BF16, integers, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K"

    /// Bytes that a tensor of `shape` takes, or nil when the shape is not one: negative, too large for 63 bits,
    /// or with rows (the last dimension) that are not whole blocks.
    func byteCount(shape: [Int]) -> Int? {
        guard let elements = elementCount(of: shape), (shape.last ?? 1) % blockLength == 0 else { return nil }
        let (bytes, overflow) = (elements / blockLength).multipliedReportingOverflow(by: blockBytes)
        return overflow ? nil : bytes
    }
}

/// The number of elements of a tensor of `shape`, or nil when a dimension is negative or the product overflows.
func elementCount(of shape: [Int]) -> Int? {
    var product = 1
    for size in shape {
        guard size >= 0 else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        product = next
    }
    return product
}
