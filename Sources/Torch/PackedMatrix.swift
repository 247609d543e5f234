/// A frozen weight [out, in] in the layout that oneDNN's kernels read, made once and used for many products on the CPU.
///
/// MKL lays a weight out anew in every product; with few rows that is most of the work. It is an opaque object of libtorch:
/// neither its elements nor its strides can be read.
public final class PackedMatrix: CustomStringConvertible {
    let handle: Libtorch.Handle
    private let library: Libtorch
    /// [out, in]
    public let shape: [Int]
    public let dtype: DType

    /// - Parameters:
    ///   - weight: [out, in], float32 or bfloat16, on the CPU.
    ///   - rows: how many rows a product mostly has; others work as well.
    /// - Throws: `TorchError` where this PyTorch was built without oneDNN or oneDNN has no kernel for the type on this processor.
    public init(_ weight: Tensor, rows: Int) throws {
        library = weight.library
        shape = weight.shape
        dtype = weight.dtype
        handle = try library.handles("mkldnn::_reorder_linear_weight", with: [.tensor(weight.contiguous()), .optionalInteger(rows)])[0]
        // A layout without a kernel that reads it shows here, and not in the first product.
        _ = try Tensor.zeros([1, weight.shape[1]], weight.dtype).linear(self)
    }

    deinit { _ = library.deleteTensor(handle) }

    public var description: String { "\(dtype.rawValue)[\(shape.map(String.init).joined(separator: ", "))]" }
}
