import Synchronization

/// A frozen weight [out, in] of four bits an element, in blocks that share a scale, as bitsandbytes keeps it (Dettmers et al. 2023).
///
/// An element is `table[code] · scale`. Blocks run through the rows one after another, so a block may span two rows. With double
/// quantisation the scales are bytes themselves: 0.516 instead of 0.625 bytes an element at a block size of 64.
public struct FourBitMatrix: CustomStringConvertible {
    /// Which sixteen numbers a code stands for.
    public enum Format: String, Sendable, CaseIterable {
        /// Quantiles of the normal distribution.
        case nf4
        /// A sign, two bits of exponent, one of mantissa.
        case fp4

        /// The numbers from code 0 to code 15, within ±1.
        public var table: [Float] {
            switch self {
            case .nf4:
                [-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                 -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1]
            case .fp4:
                [0, 0.0625, 8, 12, 4, 6, 2, 3, 0, -0.0625, -8, -12, -4, -6, -2, -3].map { $0 / 12 }
            }
        }
    }

    /// One scale a block.
    public enum Scales {
        /// float32 [blocks]
        case plain(Tensor)
        /// `map[codes] · scales + offset`, where `scales` has one element for `blockSize` blocks.
        ///
        /// `codes` uint8 [blocks]; `map` float32 [256]; `scales` float32; `offset` float32 [1]; `blockSize` a power of two.
        case nested(codes: Tensor, map: Tensor, scales: Tensor, offset: Tensor, blockSize: Int)
    }

    /// uint8, two elements a byte, the earlier one in the high half.
    public let packed: Tensor
    public let scales: Scales
    public let format: Format
    /// Elements that share a scale; a power of two from 32 up.
    public let blockSize: Int
    /// [out, in]
    public let shape: [Int]

    private let halves = HalfScales()

    public var device: Device { packed.device }
    /// The number of elements.
    public var count: Int { shape[0] * shape[1] }
    public var description: String { "\(format.rawValue)[\(shape[0]), \(shape[1])]" }

    /// Takes a matrix as it is stored; the caller has checked that the parts' sizes fit the shape.
    public init(packed: Tensor, scales: Scales, format: Format, blockSize: Int, shape: [Int]) {
        precondition(shape.count == 2 && blockSize >= 32 && blockSize & (blockSize - 1) == 0, "a matrix in blocks of 32, 64, 128, …")
        precondition(packed.dtype == .uint8 && packed.count == (shape[0] * shape[1] + 1) / 2, "two elements a byte")
        self.packed = packed
        self.scales = scales
        self.format = format
        self.blockSize = blockSize
        self.shape = shape
    }

    /// Quantises to NF4 with double quantisation on the CPU, bit for bit as bitsandbytes does there.
    ///
    /// - Parameter weight: [out, in] of any floating-point type, on the CPU.
    /// - Throws: `TorchError.operatorFailed` where an element is infinite or not a number.
    public init(quantizing weight: Tensor, blockSize: Int = 64) throws {
        let blocks = (weight.count + blockSize - 1) / blockSize
        let (packed, scales) = (try Tensor.empty([(weight.count + 1) / 2], .uint8), try Tensor.empty([blocks]))
        let floats = try weight.to(dtype: .float32).contiguous()
        guard try FourBitKernels.quantize(floats, blockSize: blockSize, packed: packed, scales: scales) else {
            throw TorchError.operatorFailed(
                name: "quantize to nf4", arguments: [weight.description], reason: "the weight holds elements that are infinite or not numbers")
        }
        let offset = try scales.mean([0], keeping: true)
        let codes = try Tensor.empty([blocks], .uint8), nested = try Tensor.empty([(blocks + 255) / 256])
        try FourBitKernels.quantizeScales(scales.subtracting(offset), codes: codes, scales: nested)
        self.init(
            packed: packed,
            scales: .nested(codes: codes, map: try Tensor(EightBitMap.dynamic, [256]), scales: nested, offset: offset, blockSize: 256),
            format: .nf4, blockSize: blockSize, shape: weight.shape)
    }

    /// The same matrix with all its parts on `device`.
    ///
    /// - Throws: also `BitsAndBytesError`, so that who loads a model for a GPU learns of it now and not at the first product.
    public func to(device: Device) throws -> FourBitMatrix {
        if device != .cpu { _ = try BitsAndBytes.open() }
        let moved: Scales
        switch scales {
        case .plain(let scales): moved = .plain(try scales.to(device: device))
        case .nested(let codes, let map, let scales, let offset, let size):
            moved = .nested(
                codes: try codes.to(device: device), map: try map.to(device: device), scales: try scales.to(device: device),
                offset: try offset.to(device: device), blockSize: size)
        }
        return FourBitMatrix(packed: try packed.to(device: device), scales: moved, format: format, blockSize: blockSize, shape: shape)
    }

    /// Bytes that all parts take.
    public var byteCount: Int {
        switch scales {
        case .plain(let scales): packed.count + scales.count * 4
        case .nested(let codes, let map, let scales, _, _): packed.count + codes.count + (map.count + scales.count + 1) * 4
        }
    }

    /// The whole weight [out, in], of whatever floating-point type, on the matrix's device.
    /// - Throws: `BitsAndBytesError` on a GPU without its kernels; `TorchError`.
    public func dequantized(to dtype: DType) throws -> Tensor {
        if device != .cpu {
            let kernels = try BitsAndBytes.open()
            // Its kernels know three types; float64 is for tests.
            return try kernels.dequantize(self, to: dtype == .float64 ? .float32 : dtype).to(dtype: dtype)
        }
        let result = try Tensor.empty(shape)
        FourBitKernels.dequantize(self, into: result)
        return try result.to(dtype: dtype)
    }
}

extension FourBitMatrix {
    /// The scales as float16 [blocks] and what they are to be multiplied by; made once, for the GPU's kernel. Two bytes for 64 elements, and
    /// eleven bits of each scale that is not some 16,000 times smaller than the largest.
    func halfScales() throws -> (halves: Tensor, factor: Float) {
        try halves.value {
            let plain = try BitsAndBytes.open().plainScales(self)
            let largest = Float(try plain.maximum().item())
            let factor = largest > 0 ? largest : 1
            return (try plain.divided(by: .scalar(Double(factor))).to(dtype: .float16), factor)
        }
    }

    /// A place for what is made when it is first wanted.
    fileprivate final class HalfScales: Sendable {
        private struct Made: @unchecked Sendable {  // nobody writes the tensor
            let halves: Tensor
            let factor: Float
        }
        private let made = Mutex<Made?>(nil)

        func value(_ make: () throws -> (halves: Tensor, factor: Float)) throws -> (halves: Tensor, factor: Float) {
            if let known = made.withLock({ $0 }) { return (known.halves, known.factor) }
            let (halves, factor) = try make()
            let new = Made(halves: halves, factor: factor)
            made.withLock { $0 = new }
            return (halves, factor)
        }
    }

    /// `x Wᵀ + bias` of several matrices side by side [rows, all outputs], where the device does them at once; else nil.
    package static func products(_ x: Tensor, _ matrices: [FourBitMatrix], biases: [Tensor?]) throws -> Tensor? {
        guard x.device != .cpu, x.dtype == .bfloat16, x.shape.count == 2, x.shape[0] <= GPUFourBitKernel.mostRows,
            matrices.count <= GPUFourBitKernel.mostMatrices,
            matrices.allSatisfy({ GPUFourBitKernel.takes($0) && $0.format == matrices[0].format && $0.shape[1] == x.shape[1] }),
            let kernel = GPUFourBitKernel.find(on: x.device).kernel
        else { return nil }
        return try kernel.products(x, matrices, biases: biases)
    }
}

extension Tensor {
    /// `self · weightᵀ + bias + residual` for `self` [n, in], `bias` [out], `residual` [n, out].
    ///
    /// A few rows, as decoding brings them, are multiplied while the weight is read, and the whole of it never exists; for many
    /// rows it is dequantised once, since that costs less than their product.
    public func linear(_ weight: FourBitMatrix, bias: Tensor? = nil, residual: Tensor? = nil) throws -> Tensor {
        if dtype != .float64, weight.shape[1] % weight.blockSize == 0, shape.count == 2 {
            if device == .cpu, shape[0] <= FourBitKernels.mostRows {
                return try FourBitKernels.product(self, weight, bias, residual)
            }
            if dtype == .bfloat16, device != .cpu, shape[0] <= GPUFourBitKernel.mostRows, GPUFourBitKernel.takes(weight),
                let kernel = GPUFourBitKernel.find(on: device).kernel
            {
                return try kernel.products(self, [weight], biases: [bias], residual: residual)
            }
            if device != .cpu, BitsAndBytes.takes(shape[0], out: weight.shape[0], columns: weight.shape[1], dtype) {
                // One row's residual is a bias: one kernel instead of two.
                if shape[0] == 1, bias == nil, let residual { return try BitsAndBytes.open().product(self, weight, residual.reshaped([weight.shape[0]])) }
                let product = try BitsAndBytes.open().product(self, weight, bias)
                return try residual.map { try product.adding($0) } ?? product
            }
        }
        return try linear(weight.dequantized(to: dtype), bias: bias, residual: residual)
    }
}

/// The 256 numbers of bitsandbytes' dynamic 8-bit type (Dettmers 2016): the position of the first set bit is a power of ten, the bits behind it
/// a linear fraction.
enum EightBitMap {
    static let dynamic: [Float] = {
        var values: [Float] = [0, 1]
        for exponent in 0..<7 {
            // In float32 throughout, in the order of operations of the original, each product and sum rounded once: the same numbers to the last bit.
            let count = 1 << exponent, step = Float(0.9) / Float(count)
            let bounds = (0...count).map { place in
                place < (count + 1) / 2 ? Float(0.1).addingProduct(step, Float(place)) : Float(1).addingProduct(-step, Float(count - place))
            }
            let power = Float([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1][exponent])
            for place in 0..<count {
                let mean = power * ((bounds[place] + bounds[place + 1]) / 2)
                values += [mean, -mean]
            }
        }
        return values.sorted()
    }()
}
