import Torch

/// What decoding on a model holds and costs, from shapes alone; mirrors `ModelBackend` and `KeyValueCache`. All sizes are in bytes.
public struct DecodingFootprint: Sendable {
    public let model: ModelFootprint
    public let device: Device
    /// Streams side by side.
    public let slots: Int
    /// Parameters of the adapter that is applied; 0 without one.
    public let adapterParameters: Int

    public init(model: ModelFootprint, device: Device, slots: Int, adapterParameters: Int) {
        self.model = model
        self.device = device
        self.slots = slots
        self.adapterParameters = adapterParameters
    }

    /// Tokens that a slot of the cache has room for at first. A GPU's recorded passes are lost when it grows.
    static func firstCapacity(on device: Device) -> Int { device == .cpu ? 128 : 512 }

    /// Tokens that a slot of the cache has room for once streams with such a prompt have reached `longest` tokens: it grows by halves.
    public static func capacity(prompt: Int, longest: Int, on device: Device = .cpu) -> Int {
        var capacity = firstCapacity(on: device)
        if prompt > capacity { capacity = max(prompt, capacity + capacity / 2) }
        while longest > capacity { capacity += capacity / 2 }
        return capacity
    }

    /// One slot more than there are streams: it holds what all prompts begin with.
    public func cacheBytes(prompt: Int, longest: Int) -> Int {
        (slots + 1) * Self.capacity(prompt: prompt, longest: longest, on: device) * model.cacheBytesPerToken
    }

    /// Float32 on a CPU; a GPU holds an adapter as it computes (`Adapter.load`).
    public var adapterBytes: Int { adapterParameters * (device == .cpu ? 4 : model.dtype.size) }

    /// The scales of four-bit weights as a GPU's own kernel wants them: two bytes for 64 weights (`GPUFourBitKernel`).
    public var scaleBytes: Int {
        let isWanted = device != .cpu && model.quantization == .nf4 && model.dtype == .bfloat16
        return isWanted ? model.configuration.layerCount * model.projectionParametersPerLayer / 64 * 2 : 0
    }

    public var panelBytes: Int { model.panelBytes(on: device) }

    /// A round's own tensors: of a group of new prompts (at most 2,048 tokens) or of one token a stream, and the logits of every stream on the
    /// device and on the host.
    public func workingBytes(prompt: Int) -> Int {
        let configuration = model.configuration
        let tokens = max(slots, min(slots * prompt, max(2_048, prompt)))
        let queries = configuration.headCount * configuration.headSize
        let block = tokens * (2 * configuration.intermediateSize + 4 * configuration.hiddenSize + 4 * queries) * model.dtype.size
        let logits = slots * configuration.vocabularySize * (model.dtype.size + 4)
        return block + logits + model.dequantisedBytes
    }

    /// Floating-point operations for computing `tokens` tokens, `rows` of which reach the head.
    public func operations(tokens: Double, rows: Double) -> Double {
        let configuration = model.configuration
        let block = Double(configuration.layerCount * model.projectionParametersPerLayer + adapterParameters)
        return 2 * tokens * block + 2 * rows * Double(configuration.vocabularySize * configuration.hiddenSize)
    }

    /// Bytes that a round of one token for each of `streams` streams reads, `context` tokens behind each: every weight once, the
    /// adapter, and the streams' keys and values.
    public func roundBytes(streams: Double, context: Double) -> Double {
        let embedding = model.configuration.vocabularySize * model.configuration.hiddenSize * model.dtype.size
        let weights = model.projectionBytes + model.smallBytes + embedding + (panelBytes > 0 ? 0 : adapterBytes)
        return Double(weights) + streams * context * Double(model.cacheBytesPerToken)
    }
}
