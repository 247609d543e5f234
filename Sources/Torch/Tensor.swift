/// A tensor of libtorch: a reference to shared storage with a shape, strides and a type.
///
/// Copying the struct copies the reference. Every operator throws `TorchError` with its name and the shapes it was given.
/// There is no automatic differentiation: gradients in Retort are written by hand.
public struct Tensor: CustomStringConvertible {
    private let reference: Reference
    /// Outermost first.
    public let shape: [Int]
    /// In elements.
    public let strides: [Int]
    public let dtype: DType
    public let device: Device

    /// Owns one handle of the library, and whatever else must live as long as the storage does (a mapped file, say).
    private final class Reference {
        let handle: OpaquePointer
        let library: Libtorch
        let owner: AnyObject?

        init(_ handle: OpaquePointer, _ library: Libtorch, owner: AnyObject?) {
            self.handle = handle
            self.library = library
            self.owner = owner
        }

        deinit { _ = library.deleteTensor(handle) }
    }

    var handle: OpaquePointer { reference.handle }
    var library: Libtorch { reference.library }

    /// Takes over a handle that the library has given out.
    init(adopting handle: OpaquePointer, of library: Libtorch, owner: AnyObject? = nil) throws {
        reference = Reference(handle, library, owner: owner)
        var dimension: Int64 = 0, code: Int32 = 0, deviceType: Int32 = 0, deviceIndex: Int32 = 0
        var sizes: UnsafeMutablePointer<Int64>?, steps: UnsafeMutablePointer<Int64>?
        guard library.getDimension(handle, &dimension) == 0, library.getSizes(handle, &sizes) == 0,
            library.getStrides(handle, &steps) == 0, library.getDType(handle, &code) == 0,
            library.getDeviceType(handle, &deviceType) == 0, library.getDeviceIndex(handle, &deviceIndex) == 0
        else { throw library.failure("tensor metadata", []) }
        shape = (0..<Int(dimension)).map { Int(sizes![$0]) }
        strides = (0..<Int(dimension)).map { Int(steps![$0]) }
        guard let type = library.dtypes[code] else {
            throw TorchError.operatorFailed(name: "tensor", arguments: [], reason: "it has the unsupported element type \(code)")
        }
        dtype = type
        device = deviceType == library.deviceTypeCPU ? .cpu : .cuda(Int(max(deviceIndex, 0)))
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    public var isContiguous: Bool {
        var expected = 1
        for axis in shape.indices.reversed() where shape[axis] != 1 {
            if strides[axis] != expected { return false }
            expected *= shape[axis]
        }
        return true
    }

    public var description: String {
        "\(dtype.rawValue)[\(shape.map(String.init).joined(separator: ", "))]\(device == .cpu ? "" : "@\(device)")"
    }

    // MARK: Making

    public static func empty(_ shape: [Int], _ dtype: DType = .float32, _ device: Device = .cpu) throws -> Tensor {
        let library = try Libtorch.open()
        var strides = [Int64](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * Int64(max(shape[axis + 1], 1)) }
        let place = library.code(of: device)
        var handle: OpaquePointer?
        try library.check(
            library.emptyStrided(
                Int64(shape.count), shape.map(Int64.init), strides, library.code(of: dtype), place.type, place.index, &handle),
            "empty", [.integers(shape), .type(dtype)], on: device)
        return try Tensor(adopting: handle!, of: library)
    }

    public static func zeros(_ shape: [Int], _ dtype: DType = .float32, _ device: Device = .cpu) throws -> Tensor {
        let tensor = try empty(shape, dtype, device)
        try tensor.library.check(tensor.library.zero(tensor.handle), "zero_", [.tensor(tensor)])
        return tensor
    }

    public static func full(_ shape: [Int], _ value: Double, _ dtype: DType = .float32, _ device: Device = .cpu) throws -> Tensor {
        let tensor = try empty(shape, dtype, device)
        try tensor.library.check(tensor.library.fillScalar(tensor.handle, value), "fill_", [.tensor(tensor), .double(value)])
        return tensor
    }

    /// A 0-dimensional tensor, which broadcasts against anything; on the CPU, from where it combines with any device.
    public static func scalar(_ value: Double, _ dtype: DType = .float32) throws -> Tensor { try full([], value, dtype) }

    /// Copies host values; `dtype` may differ from their own type, `device` from the CPU.
    public init<Element>(_ values: [Element], _ shape: [Int], dtype: DType? = nil, device: Device = .cpu) throws where Element: TensorElement {
        precondition(values.count == shape.reduce(1, *), "the shape must hold all values")
        let host = try Tensor.empty(shape, Element.dtype)
        values.withUnsafeBytes { bytes in
            if bytes.count > 0 { host.dataPointer.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count) }
        }
        self = try host.to(dtype: dtype ?? Element.dtype, device: device)
    }

    /// Keeps this tensor's memory alive, for views of its host memory.
    public var storageOwner: AnyObject { reference }

    /// Views host memory without a copy. `owner` is kept alive as long as the tensor (a mapped file, an array's box).
    public init(viewing memory: UnsafeRawPointer, _ shape: [Int], _ dtype: DType, owner: AnyObject?) throws {
        let library = try Libtorch.open()
        var strides = [Int64](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * Int64(shape[axis + 1]) }
        var handle: OpaquePointer?
        try library.check(
            library.fromBlob(
                UnsafeMutableRawPointer(mutating: memory), Int64(shape.count), shape.map(Int64.init), strides, 0,
                library.code(of: dtype), library.deviceTypeCPU, 0, &handle, library.layoutStrided, nil, 0),
            "from_blob", [.integers(shape), .type(dtype)])
        self = try Tensor(adopting: handle!, of: library, owner: owner)
    }

    /// Another view of the same storage, its first element `offset` elements behind this one's.
    func reinterpreted(_ shape: [Int], strides: [Int], offset: Int) throws -> Tensor {
        var view: OpaquePointer?
        try library.check(
            library.reinterpret(handle, Int64(shape.count), shape.map(Int64.init), strides.map(Int64.init), Int64(offset), &view),
            "as_strided", [.tensor(self), .integers(shape), .integers(strides)])
        return try Tensor(adopting: view!, of: library, owner: reference.owner)
    }

    // MARK: Reading

    /// The address of the first element. The caller keeps the tensor alive; on a GPU it is a device address.
    public var dataPointer: UnsafeMutableRawPointer {
        var pointer: UnsafeMutableRawPointer?
        _ = library.getData(handle, &pointer)
        return pointer ?? UnsafeMutableRawPointer(bitPattern: 64)!  // an empty tensor has no storage
    }

    /// All elements in row-major order, converted to `Element`, from any device.
    public func values<Element: TensorElement>(_ type: Element.Type = Element.self) throws -> [Element] {
        if device != .cpu {  // straight into the array; the copy waits for the device
            return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
                if count > 0 {
                    let host = try Tensor(viewing: UnsafeRawPointer(buffer.baseAddress!), shape, Element.dtype, owner: nil)
                    try host.copy_(self.dtype == Element.dtype ? self : to(dtype: Element.dtype))
                }
                initialized = count
            }
        }
        let host = try to(dtype: Element.dtype, device: .cpu).contiguous()
        return withExtendedLifetime(host) {
            [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
                if count > 0 {
                    UnsafeMutableRawPointer(buffer.baseAddress!).copyMemory(from: host.dataPointer, byteCount: count * Element.dtype.size)
                }
                initialized = count
            }
        }
    }

    public func floats() throws -> [Float] { try values() }

    /// The only element.
    public func item() throws -> Double {
        precondition(count == 1, "only a tensor of one element is a number")
        return try values(Double.self)[0]
    }

    /// The elements of a contiguous tensor on the CPU, to read or change in place.
    public func withElements<Element: TensorElement, Result>(
        _ type: Element.Type = Element.self, _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        precondition(device == .cpu && isContiguous && dtype == Element.dtype, "direct access needs a contiguous \(Element.dtype) tensor on the CPU")
        return try withExtendedLifetime(self) {
            try body(UnsafeMutableBufferPointer(start: dataPointer.assumingMemoryBound(to: Element.self), count: count))
        }
    }
}

/// Swift types that are element types of tensors.
public protocol TensorElement { static var dtype: DType { get } }
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
