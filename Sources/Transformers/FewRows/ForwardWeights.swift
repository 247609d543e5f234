import Torch

/// What decoding computes with: the one place where it is chosen how weights are kept for going forward only.
///
/// On a GPU, and for types that the processor's own loops do not serve, these are the model's own weights with the adapter beside them. On a
/// CPU a second set of weights is a small price up to 2 GiB, and int8 is what it was asked for at any size: a `HostPass` holds it with the
/// adapter folded in.
struct ForwardWeights {
    /// Up to so many new tokens at once go through `host`. The products are as fast there as in libtorch for any number of rows; what many
    /// rows want is its flash attention.
    static let hostRows = 48

    let blocks: [DecoderBlock]
    let head: Linear
    /// Nil where it is part of the blocks.
    let adapter: Adapter?
    let host: HostPass?

    /// - Parameter slots: streams that can stand side by side.
    init(_ model: LanguageModel, _ adapter: Adapter?, slots: Int) throws {
        let plainHead = Linear(weight: model.head, bias: nil)
        let count = model.blocks.reduce(0) { $0 + $1.weights.projections.values.reduce(0) { $0 + $1.weight.count } }
        // The small changes of an adapter are lost in bfloat16, so with one the folded weights stay in float32.
        let format: PanelMatrix.Format = model.quantization == .int8 ? .int8 : model.dtype == .bfloat16 && adapter == nil ? .bfloat16 : .float32
        let bytes = count / 512 * format.blockBytes
        guard model.device == .cpu, model.dtype == .float32 || model.dtype == .bfloat16, model.quantization != .nf4,
            format == .int8 || bytes <= 2 << 30
        else {
            (blocks, head, self.adapter, host) = (model.blocks, plainHead, adapter, nil)
            return
        }
        let own = try HostPass(model, adapter, format)
        host = own
        if model.dtype == .float32 {
            (blocks, head, self.adapter) = (own.blocksForPrompts, own.headForPrompts, nil)
        } else {  // libtorch's products in bfloat16 are faster with many rows
            (blocks, head, self.adapter) = (model.blocks, plainHead, adapter)
        }
    }
}
