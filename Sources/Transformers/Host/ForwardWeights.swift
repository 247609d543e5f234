import Torch

/// What decoding computes with: the one place where it is chosen how weights are kept for going forward only.
///
/// On a GPU, for 4-bit weights and for types that the processor's own loops do not serve, these are the model's own weights with the adapter
/// beside them. On a CPU a second set of weights is a small price up to 2 GiB, and int8 is what was asked for at any size: a `HostPass` holds
/// it, with the adapter folded in or, in int8, beside it.
struct ForwardWeights {
    /// Up to so many new tokens at once go through `host`, whose attention takes one query at a time.
    static let hostRows = 48
    /// A second set of weights may be so large.
    static let mostBytes = 2 << 30

    let blocks: [DecoderBlock]
    let head: Linear
    /// Nil where it is part of the blocks.
    let adapter: Adapter?
    let host: HostPass?

    /// Whether a first pass may go over the model's own weights (`init(plain:_:)`) with the same results but for rounding in float32, and
    /// so without waiting for the second set.
    static func canBeginPlain(_ model: LanguageModel) -> Bool { model.device == .cpu && model.dtype == .float32 && model.quantization == nil }

    /// The model's own weights with the adapter beside them.
    init(plain model: LanguageModel, _ adapter: Adapter?) {
        self.init(blocks: model.blocks, head: model.head, adapter: adapter, host: nil)
    }

    private init(blocks: [DecoderBlock], head: Linear, adapter: Adapter?, host: HostPass?) {
        (self.blocks, self.head, self.adapter, self.host) = (blocks, head, adapter, host)
    }

    /// - Parameter slots: streams that can stand side by side.
    /// - Throws: `QuantizationError` where the model was to be int8 and cannot be.
    init(_ model: LanguageModel, _ adapter: Adapter?, slots: Int) throws {
        guard try Self.serves(model), let format = Self.format(model, adapter) else {
            self.init(plain: model, adapter)
            return
        }
        let base = try HostWeights(model, folding: format == .int8 ? nil : adapter, format, manyRows: slots > 4)
        try self.init(model, base, beside: format == .int8 ? adapter : nil, format)
    }

    /// One set of weights for several adapters, none of them folded in: what another adapter takes is its own factors.
    /// - Parameter adapters: nil for the base alone.
    static func sharing(_ model: LanguageModel, _ adapters: [Adapter?], slots: Int) throws -> [ForwardWeights] {
        guard try serves(model), let format = format(model, nil) else { return adapters.map { ForwardWeights(plain: model, $0) } }
        let base = try HostWeights(model, folding: nil, format, manyRows: slots > 4)
        return try adapters.map { try ForwardWeights(model, base, beside: $0, format) }
    }

    private init(_ model: LanguageModel, _ base: HostWeights, beside adapter: Adapter?, _ format: PanelMatrix.Format) throws {
        // The small changes of an adapter would be lost in bfloat16.
        let own = try adapter.map { try base.adding($0, model.configuration, format == .int8 ? .int8 : .float32) } ?? base
        let host = HostPass(model, own)
        // libtorch's products in bfloat16 are faster with many rows.
        self = model.dtype == .float32
            ? ForwardWeights(blocks: own.blocksForPrompts, head: own.headForPrompts, adapter: adapter, host: host)
            : ForwardWeights(blocks: model.blocks, head: model.head, adapter: adapter, host: host)
    }

    /// Whether the processor's own loops take the model.
    private static func serves(_ model: LanguageModel) throws -> Bool {
        let isServed = model.device == .cpu && (model.dtype == .float32 || model.dtype == .bfloat16)
        if model.quantization == .int8, !isServed { throw QuantizationError.int8(model.device, model.dtype) }
        return isServed && model.quantization != .nf4
    }

    /// Nil where the second set of weights would be too large.
    private static func format(_ model: LanguageModel, _ adapter: Adapter?) -> PanelMatrix.Format? {
        if model.quantization == .int8 { return .int8 }
        // The small changes of an adapter are lost in bfloat16, so with one the folded weights stay in float32.
        let format: PanelMatrix.Format = model.dtype == .bfloat16 && adapter == nil ? .bfloat16 : .float32
        let count = model.blocks.reduce(0) { $0 + $1.weights.projections.values.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        return count / 512 * format.blockBytes <= mostBytes ? format : nil
    }
}

/// A way of keeping weights that cannot be had.
public enum QuantizationError: Error, CustomStringConvertible {
    case int8(Device, DType)

    public var description: String {
        switch self {
        case .int8(let device, let dtype):
            "int8 weights are for decoding on a CPU in float32 or bfloat16, not on \(device) in \(dtype.rawValue): "
                + "\(device == .cpu ? "leave --dtype out" : "add --device cpu"), or leave --quantization out"
        }
    }
}
