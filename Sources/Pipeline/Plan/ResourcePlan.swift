import Torch

/// What a recipe's phases need in memory, time and money, worked out before anything is loaded.
///
/// The sizes come from `TrainingFootprint` and `DecodingFootprint`, the questions from a sample. Memory in bytes, times in seconds.
public struct ResourcePlan: Encodable {
    /// A share of a phase's memory.
    public struct Part: Encodable, Equatable {
        public var name: String
        public var bytes: Int
    }

    public struct Line: Encodable {
        public var phase: String
        public var questions: Int
        /// Steps of the optimiser, in training.
        public var steps: Int?
        /// Tokens that go through the base model.
        public var tokens: Double
        public var operations: Double
        /// Nil where the device's speed is unknown, or where another program does the work.
        public var seconds: Double?
        public var cost: Double?
        /// What lies in memory at the phase's peak; empty where no model is held.
        public var memory: [Part]
        public var peak: Int
        /// Blocks that keep their activations whole, in training.
        public var wholeBlocks: Int?
        public var note: String?
    }

    public struct Model: Encodable {
        public var checkpoint: String
        public var shapeFrom: String
        public var parameters: Int
        public var weights: [Part]
        public var dtype: String
        public var quantisation: String?
        public var layers: Int
        public var cacheBytesPerToken: Int
    }

    public struct Adapter: Encodable {
        public var rank: Int
        public var modules: [String]
        public var parameters: Int
        public var state: [Part]
        /// What one token leaves in one block, everything kept and only the block's input kept.
        public var blockBytesPerToken: Int
        public var blockInputBytesPerToken: Int
        /// Of one block and token, by tensor.
        public var kept: [Part]
        /// Logits, log-probabilities and gradient of one piece.
        public var logitBytes: Int
    }

    /// Something the plan has to keep to.
    public struct Check: Encodable {
        public var what: String
        /// Bytes or seconds.
        public var need: Double
        public var limit: Double
        public var holds: Bool { need <= limit }
        var isTime: Bool

        enum CodingKeys: String, CodingKey { case what, need, limit, holds }
        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(what, forKey: .what)
            try fields.encode(need, forKey: .need)
            try fields.encode(limit, forKey: .limit)
            try fields.encode(holds, forKey: .holds)
        }
    }

    public var recipe: String
    public var device: PlanDevice
    public var efficiency: Double
    public var pricePerHour: Double?
    public var model: Model
    public var adapter: Adapter
    public var lines: [Line]
    public var trainingPeak: Int
    public var inferencePeak: Int
    public var seconds: Double?
    public var cost: Double?
    public var checks: [Check]
    public var assumptions: [String]

    /// Plans a recipe.
    /// - Parameters:
    ///   - config: a `config.json`, or a built-in shape's name, in place of the recipe's own model.
    ///   - efficiency: the share of the device's peak that is reached; nil for the device's own default.
    /// - Throws: `CheckpointError`, `FileError`, `RunError`, `GeneratorError` for what cannot be read or found.
    public static func make(
        _ recipe: Recipe, config: String? = nil, device: PlanDevice, efficiency: Double? = nil, pricePerHour: Double? = nil
    ) throws -> ResourcePlan {
        let source = try PlanModel.find(recipe, config: config)
        return try ResourcePlanner(recipe: recipe, source: source, device: device, efficiency: efficiency, pricePerHour: pricePerHour).plan()
    }

    /// The device that a recipe is planned for unless the user names one: this processor, whose speed is measured, or, where the recipe
    /// asks for a GPU, one of unknown size and speed.
    public static func device(named name: String?, for recipe: Recipe) throws -> PlanDevice? {
        if let name, name != "cpu" { return PlanDevice.named(name) }
        if name == nil, recipe.model.device == .cuda { return .unknownGPU }
        let type: DType = switch recipe.model.dtype {
        case .bfloat16: .bfloat16
        case .float16: .float16
        case .float32, nil: .float32
        }
        return try .measured(type, threads: recipe.model.threads)
    }
}
