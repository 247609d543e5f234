import Checkpoints
import Synchronization
import Tokenizers
import Torch

/// A decoder with its weights on a device, and its tokenizer.
public final class LanguageModel {
    public let configuration: ModelConfiguration
    public let tokenizer: Tokenizer
    /// The path of the file or folder that it came from.
    public let path: String
    public let device: Device
    /// The type that the pass computes in.
    public let dtype: DType
    /// How the projections are kept; nil for plain weights in `dtype`.
    public let quantization: Quantization?

    let embedding: Linear  // [vocabulary, hidden]
    let blocks: [DecoderBlock]
    let finalNorm: Tensor
    let head: Linear  // [vocabulary, hidden]
    let rotary: RotaryEmbedding
    /// Nil where the processor's own loops do not serve.
    let hostAttention: HostSequenceAttention?
    /// Nil where packed sequences are attended piece by piece.
    package var unequalLengthAttention: (any UnequalLengthAttention)?
    /// Why training on this device is slower than it could be, if it is.
    public let attentionNote: String?

    /// Nil where a round of decoding is queued kernel by kernel.
    package var passRecorder: (any PassRecorder)?
    private let notes = Mutex<[String]>([])
    /// Why decoding on this device is slower than it could be, once that is known.
    public var decodingNote: String? { notes.withLock { $0.isEmpty ? nil : $0.joined(separator: "\n") } }
    func note(_ text: String) { notes.withLock { if !$0.contains(text) { $0.append(text) } } }

    /// Opens a GGUF file, a Hugging Face folder or a repository id in the local cache and puts its weights on `device`.
    ///
    /// Weights that lie in the file in `dtype` already stay mapped and are read when they are needed; others are converted.
    /// - Parameter dtype: float32 on a CPU and bfloat16 on a GPU unless said otherwise.
    public static func load(
        _ reference: String, device: Device = .cpu, dtype: DType? = nil, quantization: Quantization? = nil
    ) throws -> LanguageModel {
        Libtorch.openInBackground()
        let checkpoint = try Checkpoint.open(reference)
        let tokenizer = try Tokenizer.load(from: checkpoint)
        try device.check()
        return try LanguageModel(
            checkpoint, tokenizer, device: device, dtype: dtype ?? (device == .cpu ? .float32 : .bfloat16),
            quantization: quantization)
    }

    package init(
        _ checkpoint: Checkpoint, _ tokenizer: Tokenizer, device: Device, dtype: DType, quantization: Quantization? = nil
    ) throws {
        let configuration = checkpoint.configuration
        self.configuration = configuration
        self.tokenizer = tokenizer
        path = checkpoint.path
        self.device = device
        self.dtype = dtype
        self.quantization = try Self.quantization(quantization, of: checkpoint)

        let room = WeightRoom()
        func weight(_ name: String) throws -> Tensor {
            try Tensor(stored: checkpoint.tensor(name)).to(dtype: dtype, device: device)
        }
        func optional(_ name: String, _ present: Bool) throws -> Tensor? { present ? try weight(name) : nil }

        func table(_ name: String) throws -> Linear {
            try Linear.load(name, from: checkpoint, bias: nil, quantization: nil, dtype: dtype, device: device, room: room)
        }
        embedding = try table("model.embed_tokens.weight")
        head = configuration.tiesEmbeddings ? embedding : try table("lm_head.weight")
        finalNorm = try weight("model.norm.weight")
        blocks = try (0..<configuration.layerCount).map { layer in
            var projections: [Projection: Linear] = [:]
            for projection in Projection.allCases {
                let path = projection.path(layer: layer)
                let biased = switch projection {
                case .query, .key, .value: configuration.attentionBias
                case .output: configuration.attentionOutputBias
                default: false
                }
                projections[projection] = try Linear.load(
                    path + ".weight", from: checkpoint, bias: optional(path + ".bias", biased), quantization: quantization, dtype: dtype,
                    device: device, room: room)
            }
            let prefix = "model.layers.\(layer)"
            return DecoderBlock(
                configuration: configuration,
                weights: BlockWeights(
                    inputNorm: try weight(prefix + ".input_layernorm.weight"), projections: projections,
                    queryNorm: try optional(prefix + ".self_attn.q_norm.weight", configuration.usesQueryKeyNorm),
                    keyNorm: try optional(prefix + ".self_attn.k_norm.weight", configuration.usesQueryKeyNorm),
                    outputNorm: try weight(prefix + ".post_attention_layernorm.weight")))
        }
        rotary = RotaryEmbedding(configuration, dtype: dtype, device: device)
        let flash = FlashAttention.find(on: device, dtype: dtype)
        hostAttention = HostSequenceAttention(
            (configuration.headCount, configuration.keyValueHeadCount, configuration.headSize), dtype, device)
        unequalLengthAttention = flash.kernel ?? hostAttention
        attentionNote = flash.note
        passRecorder = GPUGraphs(on: device)
    }

    /// How the projections will be kept: as asked, else as the checkpoint keeps them.
    private static func quantization(_ asked: Quantization?, of checkpoint: Checkpoint) throws -> Quantization? {
        guard checkpoint.isFourBit else { return asked }
        if let asked, asked != .nf4 { throw ModelError.alreadyQuantised(path: checkpoint.path, asked: asked) }
        return .nf4
    }

    var attentionShape: (heads: Int, groups: Int, size: Int) {
        (configuration.headCount, configuration.keyValueHeadCount, configuration.headSize)
    }

    /// [tokens, hidden]
    func embed(_ tokens: [Int]) throws -> Tensor {
        for token in tokens where token < 0 || token >= configuration.vocabularySize {
            throw ModelError.tokenOutside(token: token, vocabulary: configuration.vocabularySize)
        }
        return try embedding.lookUp(tokens, device)
    }

    /// Logits [rows, vocabulary] in float32 at the given places of packed sequences; in one piece, so for few rows.
    public func logits(_ batch: PackedSequences, rows: [Int], adapter: Adapter? = nil) throws -> Tensor {
        let attention = try PackedAttention(batch, model: self)
        let table = try rotary.table(batch.positions)
        let wanted = try Tensor(rows.map(Int64.init), [rows.count], device: device)
        var x = try embed(batch.tokens)
        for (layer, block) in blocks.enumerated() {
            x = try block.infer(x, adapter?.block(layer), table, rows: layer == blocks.count - 1 ? wanted : nil) {
                try attention.forward($0, $1, $2).output
            }
        }
        let normal = try RMSNorm.forward(x, finalNorm, epsilon: configuration.normEpsilon).output
        return try head.product(normal).to(dtype: dtype == .float64 ? .float64 : .float32)
    }
}

/// What a caller can ask of a model that it cannot do.
public enum ModelError: Error, CustomStringConvertible {
    case tokenOutside(token: Int, vocabulary: Int)
    case tooLong(tokens: Int, context: Int)
    case noTargets([String])
    case alreadyQuantised(path: String, asked: Quantization)

    public var description: String {
        switch self {
        case .tokenOutside(let token, let vocabulary):
            "token \(token) lies outside the model's vocabulary of \(vocabulary); the tokenizer belongs to another model"
        case .tooLong(let tokens, let context):
            "\(tokens) tokens do not fit the model's context of \(context); shorten the prompt or ask for fewer new tokens"
        case .noTargets(let targets):
            "none of the modules to train (\(targets.joined(separator: ", "))) is in the model; "
                + "it has \(AdapterConfiguration.allProjections.joined(separator: ", "))"
        case .alreadyQuantised(let path, let asked):
            "\(path) keeps its weights in 4 bits, which are not turned into \(asked.rawValue); leave --quantization out, or use the 16-bit checkpoint"
        }
    }
}

extension Tensor {
    /// A stored tensor as it lies in its mapped file, without a copy where type and alignment allow; else as float32.
    init(stored tensor: StoredTensor) throws {
        if case .dense(let type) = tensor.type, tensor.isAligned, tensor.interleavedHeads == nil, let start = tensor.bytes.baseAddress {
            self = try Tensor(viewing: start, tensor.shape, type, owner: tensor.file)
        } else {
            let copy = try Tensor.empty(tensor.shape, .float32)
            let library = try Libtorch.open()
            try copy.withElements(Float.self) { try tensor.copyFloats(into: $0, with: library) }
            self = copy
        }
    }
}
