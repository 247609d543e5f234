import Checkpoints
import Torch

/// What a model holds in memory, from its shape alone. All sizes are in bytes unless they say otherwise.
public struct ModelFootprint: Sendable {
    public let configuration: ModelConfiguration
    /// The type that the pass computes in, and that everything is kept in which is not quantised.
    public let dtype: DType
    /// How the projections are kept; nil for plain weights in `dtype`.
    public let quantization: Quantization?
    /// Whether projections and embeddings stay in the file's quantised blocks, mapped, and are dequantised for every product.
    public let staysInFile: Bool

    public init(_ configuration: ModelConfiguration, dtype: DType, quantization: Quantization? = nil, staysInFile: Bool = false) {
        self.configuration = configuration
        self.dtype = dtype
        self.quantization = quantization
        self.staysInFile = staysInFile
    }

    init(_ model: LanguageModel) {
        self.init(model.configuration, dtype: model.dtype, quantization: model.quantization, staysInFile: model.head.staysInFile)
    }

    // MARK: Parameters

    /// The seven projections of one block.
    public var projectionParametersPerLayer: Int {
        Projection.allCases.reduce(0) { sum, projection in
            let size = projection.size(in: configuration)
            return sum + size.input * size.output
        }
    }
    /// Embeddings, and the head where it has weights of its own.
    public var embeddingParameters: Int {
        configuration.vocabularySize * configuration.hiddenSize * (configuration.tiesEmbeddings ? 1 : 2)
    }
    public var parameters: Int { configuration.tensorShapes().reduce(0) { $0 + $1.shape.reduce(1, *) } }
    /// Norms and biases: never quantised.
    public var smallParameters: Int { parameters - embeddingParameters - configuration.layerCount * projectionParametersPerLayer }

    // MARK: Bytes

    /// NF4 with double quantisation (Dettmers et al. 2023) as bitsandbytes stores it: half a byte a weight, a byte of scale for each 64
    /// weights, a float32 for each 256 of those scales.
    static let nf4BytesPerWeight = 0.5 + 1.0 / 64 + 4.0 / (64 * 256)
    /// A byte a weight, and step and origin in float32 for every 32; see `PanelMatrix`.
    static let int8BytesPerWeight = 1 + 8.0 / 32

    public var projectionBytes: Int {
        let count = configuration.layerCount * projectionParametersPerLayer
        return quantization == .nf4 ? Int((Double(count) * Self.nf4BytesPerWeight).rounded(.up)) : count * dtype.size
    }
    public var embeddingBytes: Int { embeddingParameters * dtype.size }
    public var smallBytes: Int { smallParameters * dtype.size }
    /// What the process holds beside a file that the weights stay in.
    public var weightBytes: Int { staysInFile ? smallBytes : projectionBytes + embeddingBytes + smallBytes }

    /// The largest projection in `dtype`, which a quantised one needs for its product; 0 for plain weights.
    public var dequantisedBytes: Int {
        quantization == .nf4 || staysInFile ? configuration.hiddenSize * configuration.intermediateSize * dtype.size : 0
    }

    /// Keys and values of one token in all blocks.
    public var cacheBytesPerToken: Int {
        2 * configuration.layerCount * configuration.keyValueHeadCount * configuration.headSize * dtype.size
    }

    /// The projections and the head once more, in panels for the CPU's loops while a model decodes, where `ForwardWeights` makes them.
    public func panelBytes(on device: Device) -> Int {
        guard device == .cpu, quantization != .nf4, dtype == .float32 || dtype == .bfloat16 else { return 0 }
        let projections = configuration.layerCount * projectionParametersPerLayer
        let count = Double(projections + configuration.vocabularySize * configuration.hiddenSize)
        if quantization == .int8 { return Int(count * Self.int8BytesPerWeight) }
        return projections * dtype.size <= ForwardWeights.mostBytes ? Int(count) * dtype.size : 0
    }
}

/// An adapter's size, from its rank and targets.
public struct AdapterFootprint: Sendable {
    public let rank: Int
    public let targets: Set<Projection>
    public let hasDropout: Bool

    public init(rank: Int, targets: Set<Projection>, hasDropout: Bool = false) {
        self.rank = rank
        self.targets = targets
        self.hasDropout = hasDropout
    }

    /// An adapter as it is; where its ranks differ, the largest counts for all.
    init(_ adapter: Adapter) {
        let factors = adapter.layers.flatMap { $0 }
        rank = factors.map { $0.value.a.shape[0] }.max() ?? 0
        targets = Set(factors.map(\.key))
        hasDropout = adapter.configuration.dropout > 0
    }

    /// A [rank, in] and B [out, rank] of every target in every block.
    public func parameters(of configuration: ModelConfiguration) -> Int {
        configuration.layerCount * targets.reduce(0) { sum, projection in
            let size = projection.size(in: configuration)
            return sum + rank * (size.input + size.output)
        }
    }
}
