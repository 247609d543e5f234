import Checkpoints
import Foundation
import Tokenizers

/// The model that a plan is made for: its shape, and its tokenizer where that is at hand. No weights are read.
public struct PlanModel {
    public let configuration: ModelConfiguration
    /// Where the shape was found, for the reader of the plan.
    public let origin: String
    public let tokenizer: Tokenizer?
    /// Bytes of a file whose weights are converted while they are loaded: on a CPU its pages count as the process's until the system needs them.
    public let convertedFile: Int
    /// Whether that file's weights are quantised blocks, which stay where they are on a CPU in float32.
    public var isQuantised = false
    /// Whether it is a checkpoint of four bits, whose projections stay so unless a recipe says otherwise.
    public var isFourBit = false

    /// Shapes that can be given by name.
    public static let builtIn: [String: ModelConfiguration] = [
        "qwen2.5-72b": shape(.qwen2, vocabulary: 152_064, hidden: 8192, intermediate: 29_568, layers: 80, heads: 64, groups: 8, size: 128),
        "qwen2.5-32b": shape(.qwen2, vocabulary: 152_064, hidden: 5120, intermediate: 27_648, layers: 64, heads: 40, groups: 8, size: 128),
        "qwen2.5-7b": shape(.qwen2, vocabulary: 152_064, hidden: 3584, intermediate: 18_944, layers: 28, heads: 28, groups: 4, size: 128),
        "smollm2-135m": shape(.llama, vocabulary: 49_152, hidden: 576, intermediate: 1536, layers: 30, heads: 9, groups: 3, size: 64, tied: true),
    ]

    private static func shape(
        _ family: ModelConfiguration.Family, vocabulary: Int, hidden: Int, intermediate: Int, layers: Int, heads: Int, groups: Int, size: Int,
        tied: Bool = false
    ) -> ModelConfiguration {
        ModelConfiguration(
            family: family, vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate, layerCount: layers, headCount: heads,
            keyValueHeadCount: groups, headSize: size, normEpsilon: 1e-6, ropeTheta: 1e6, contextLength: 32_768, tiesEmbeddings: tied,
            attentionBias: family == .qwen2, usesQueryKeyNorm: family == .qwen3)
    }

    /// - Parameter config: a `config.json`, or a built-in shape's name; nil for the recipe's own model.
    /// - Throws: `CheckpointError` for a file that cannot be read; `RunError` where the model is nowhere to be found.
    public static func find(_ recipe: Recipe, config: String? = nil) throws -> PlanModel {
        if let config {
            if let known = builtIn[config.lowercased()] {
                return PlanModel(configuration: known, origin: "the built-in shape \(config.lowercased())", tokenizer: nil, convertedFile: 0)
            }
            guard FileManager.default.fileExists(atPath: config) else {
                throw RunError.missingInput(
                    phase: "plan", input: config,
                    remedy: "give a config.json, or a built-in shape: \(builtIn.keys.sorted().joined(separator: ", "))")
            }
            return PlanModel(configuration: try .read(configJSON: config), origin: config, tokenizer: nil, convertedFile: 0)
        }
        let reference = recipe.model.checkpoint
        if let path = ModelIdentity.path(reference) {
            // A folder's shape stands in its config.json, whatever form its weights have.
            let json = path + "/config.json"
            let checkpoint = Result { try Checkpoint.open(reference) }
            let hasJSON = FileManager.default.fileExists(atPath: json)
            let configuration = hasJSON ? try .read(configJSON: json) : try checkpoint.get().configuration
            let opened = try? checkpoint.get()
            let file = opened?.gguf == nil ? nil : try? FileManager.default.attributesOfItem(atPath: opened?.path ?? "")[.size] as? Int
            return PlanModel(
                configuration: configuration, origin: path, tokenizer: opened.flatMap { try? Tokenizer.load(from: $0) },
                convertedFile: file ?? 0, isQuantised: (try? opened?.tensor("model.embed_tokens.weight"))?.type.isQuantised ?? false,
                isFourBit: opened?.isFourBit ?? false)
        }
        if let shape = recipe.model.shape {
            return PlanModel(configuration: ModelConfiguration(shape), origin: "the recipe's model.shape", tokenizer: nil, convertedFile: 0)
        }
        throw RunError.missingInput(
            phase: "plan", input: reference,
            remedy: "fetch the model, give the recipe a model.shape, or plan with --config CONFIG.JSON or a built-in shape "
                + "(\(builtIn.keys.sorted().joined(separator: ", ")))")
    }
}

extension ModelConfiguration {
    /// What a recipe's shape says; biases, which it leaves out, are under 0.01 % of a model.
    init(_ shape: ModelShape) {
        self.init(
            family: .llama, vocabularySize: shape.vocabulary, hiddenSize: shape.hidden, intermediateSize: shape.intermediate,
            layerCount: shape.layers, headCount: shape.heads, keyValueHeadCount: shape.keyValueHeads, headSize: shape.headSize,
            normEpsilon: 1e-6, ropeTheta: 1e6, contextLength: 32_768, tiesEmbeddings: shape.tiedEmbeddings, attentionBias: false,
            usesQueryKeyNorm: false)
    }
}
