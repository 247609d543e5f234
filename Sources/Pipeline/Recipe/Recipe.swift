import Foundation
import Groundwork
import Questions

/// Everything a run is made of, typed and checked. Read with `Recipe.read`; every key is described in docs/recipe.md.
public struct Recipe: Sendable, Codable, Equatable {
    public var name: String
    /// Draws everything random in the run: questions, splits, adapters' first values, dropout, sampling.
    public var seed: UInt64
    public var model: ModelSettings
    public var limits: Limits
    public var teachers: [String: TeacherSettings]
    /// In the order of the file.
    public var domains: [DomainSettings]
    public var label: LabelSettings
    /// Nil for specialists that start from fresh adapters.
    public var primer: PrimerSettings?
    public var merge: MergeRecipe
    public var agents: AgentsSettings
    public var validate: ValidateSettings
    public var tournament: TournamentSettings
    /// What the plan hopes to reach; printed beside what was reached.
    public var targets: [TargetSettings]

    /// - Parameters:
    ///   - overrides: `key.path=value`, laid over the file in order.
    /// - Throws: `RecipeError` with file and line, or `FileError`.
    public static func read(_ path: String, overrides: [String] = []) throws -> Recipe {
        let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
        return try parse(text, file: path, overrides: overrides)
    }

    public static func parse(_ text: String, file: String, overrides: [String] = []) throws -> Recipe {
        try Recipe(RecipeSection(RecipeSource(file: file, text: text, overrides: overrides)))
    }

    public func domain(_ domain: Domain) -> DomainSettings? { domains.first { $0.domain == domain } }
}

/// The frozen base model.
public struct ModelSettings: Sendable, Codable, Equatable {
    public enum Quantisation: String, Sendable, Codable, CaseIterable { case asStored = "as_stored", nf4 }
    public enum DeviceChoice: String, Sendable, Codable, CaseIterable { case auto, cpu, cuda }
    public enum Precision: String, Sendable, Codable, CaseIterable { case float32, bfloat16, float16 }

    /// A GGUF file, a Hugging Face folder, or a repository id in the local cache.
    public var checkpoint: String
    public var quantisation: Quantisation
    public var dtype: Precision?
    public var device: DeviceChoice
    /// 0 for as many as there are processors.
    public var threads: Int
    /// The model's dimensions, for planning where the checkpoint itself is not at hand.
    public var shape: ModelShape?
}

/// The dimensions that the size of an adapter follows from.
public struct ModelShape: Sendable, Codable, Equatable {
    public var vocabulary: Int
    public var hidden: Int
    public var intermediate: Int
    public var layers: Int
    public var heads: Int
    public var keyValueHeads: Int
    public var headSize: Int
    public var tiedEmbeddings: Bool

    public init(
        vocabulary: Int, hidden: Int, intermediate: Int, layers: Int, heads: Int, keyValueHeads: Int, headSize: Int,
        tiedEmbeddings: Bool
    ) {
        self.vocabulary = vocabulary
        self.hidden = hidden
        self.intermediate = intermediate
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.tiedEmbeddings = tiedEmbeddings
    }
}

/// Peaks that the plan has to stay under, in GB (10⁹ bytes).
public struct Limits: Sendable, Codable, Equatable {
    public var trainingMemory: Double?
    public var inferenceMemory: Double?
}

/// A maker of labels.
public struct TeacherSettings: Sendable, Codable, Equatable {
    public enum Engine: String, Sendable, Codable, CaseIterable {
        case native, llamaCpp = "llama.cpp", openAI = "openai"
    }

    public var engine: Engine
    /// A checkpoint (native), a GGUF file (llama.cpp) or the name a server knows; `base` is the recipe's own base model.
    public var model: String
    /// Of one server, or of the first of several.
    public var endpoint: String?
    /// Of the others; nil where there are none.
    public var furtherEndpoints: [String]?
    /// A PEFT folder to put on a native teacher's model, or `primer` for the run's own.
    public var adapter: String?
    /// Whether the teacher is shown the right answer and its worked explanation before it reasons.
    public var informed: Bool
    public var maxTokens: Int
    public var sampling: SamplingSettings
    public var slots: Int
    /// The quantisation of the teacher's file, for the record.
    public var quantisation: String?
    /// Orders of the choices under which each question is asked; nil for one.
    public var rotations: Int?
    /// Further replies drawn while none is right; nil for none.
    public var samples: Int?
    /// Whether a question that is still wrong is asked with its right answer given.
    public var hint: Bool?
    /// Likeliest tokens stored for every token of the reasoning; nil for none.
    public var dense: Int?

    /// All endpoints, each with this teacher's model and slots unless it names its own.
    public var servers: [String] {
        ((endpoint.map { [$0] } ?? []) + (furtherEndpoints ?? [])).map { text in
            text + (text.contains(",model=") ? "" : ",model=\(model)") + (text.contains(",slots=") ? "" : ",slots=\(slots)")
        }
    }
}

public struct SamplingSettings: Sendable, Codable, Equatable {
    public var temperature: Double
    public var topP: Double
    public var topK: Int
    public var repetitionPenalty: Double
}

/// One specialist: its questions, its teacher if any, its training.
public struct DomainSettings: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable { case distilled, supervised }

    public var domain: Domain
    public var kind: Kind
    /// Names an entry of `teachers`; only for distilled domains.
    public var teacher: String?
    /// How many questions to train on.
    public var questions: Int
    /// Families of the generator; empty for all of the domain. Not used when `files` are given.
    public var families: [String]
    /// 1 easy … 3 hard; nil draws among all that a family offers.
    public var difficulty: Int?
    /// Question files to draw from instead of the generator.
    public var files: [String]
    /// Only these subjects of the files; empty for all that the subject map puts into the domain.
    public var subjects: [String]
    /// The name of the labelled data set in the run folder.
    public var dataset: String
    public var train: TrainSettings
}

public struct LabelSettings: Sendable, Codable, Equatable {
    /// Reasoning longer than this many words is no label.
    public var maxWords: Int
    /// Reasoning longer than this many tokens is none either: an answer agent that may write fewer would never reach its end.
    public var maxTokens: Int
    /// Whether reasoning that is too long is cut at a sentence instead; nil for no.
    public var cut: Bool?
    /// Whether reasoning written with the right answer at hand is learned from; nil for yes.
    public var keepHinted: Bool?
}

/// The adapter that all specialists start from.
public struct PrimerSettings: Sendable, Codable, Equatable {
    /// How teachers, phases and reports name it.
    static let name = "primer"

    /// How many of each domain's training questions it is trained on; all where a domain has fewer.
    public var questions: Int
    public var train: TrainSettings
}

public struct TrainSettings: Sendable, Codable, Equatable {
    public enum Schedule: String, Sendable, Codable, CaseIterable { case cosine, linear, constant }
    public enum Mode: String, Sendable, Codable, CaseIterable { case reasonFirst = "reason-first", letter }

    public var rank: Int
    public var alpha: Double
    public var rankStabilised: Bool
    public var dropout: Double
    public var modules: [String]
    public var learningRate: Double
    public var schedule: Schedule
    /// The share of all steps in which the learning rate rises.
    public var warmup: Double
    public var weightDecay: Double
    /// Gradients are scaled down to this norm; 0 for never.
    public var clip: Double
    public var batch: Int
    public var accumulate: Int
    public var epochs: Double
    /// Stops after this many steps, however many the epochs have.
    public var steps: Int?
    /// For so many of a hundred questions (0 to 1) the adapter also learns to write the question itself.
    public var askingShare: Double
    /// Whether each question also teaches the letters of its wrong choices, once they are stated.
    public var bindChoices: Bool
    public var checkpointing: Bool
    /// The most bytes that activations may take; nil for what the device has free.
    public var activationMemory: Int?
    /// Steps between checkpoints that a stopped run continues from.
    public var saveEvery: Int
    /// Steps between looks at the probe questions; 0 for never.
    public var probeEvery: Int
    /// How often a training that its probes found collapsed is begun again at its last good checkpoint.
    public var maximumRetries: Int
    /// T of the distillation loss.
    public var temperature: Double
    /// α of the distillation loss: the weight of the right letter against the teacher's letters.
    public var hardWeight: Double
    /// λ of the distillation loss: the weight of the reasoning text.
    public var reasoningWeight: Double
    /// δ of the distillation loss: the weight of the teacher's likeliest tokens, where labels hold them; nil for 1.
    public var denseWeight: Double?
    /// Whether the soft term is multiplied by T².
    public var scaleByTemperature: Bool
    /// Whether the specialist learns to reason before its letter or to give the letter alone.
    public var mode: Mode

    /// Whether an adapter trained with the one settings can go on being trained with the other.
    func hasSameAdapter(as other: TrainSettings) -> Bool {
        (rank, alpha, rankStabilised, dropout) == (other.rank, other.alpha, other.rankStabilised, other.dropout)
            && Set(modules) == Set(other.modules)
    }

    /// α/√r when rank-stabilised (Kalajdzievski 2023), else α/r.
    public var scale: Double { rankStabilised ? alpha / Double(rank).squareRoot() : alpha / Double(rank) }
}

/// How the specialists become one adapter.
public struct MergeRecipe: Sendable, Codable, Equatable {
    public enum Method: String, Sendable, Codable, CaseIterable { case ties }
    public enum Sign: String, Sendable, Codable, CaseIterable { case frequency, total }

    public var method: Method
    public var density: Double
    public var sign: Sign
    /// By domain; 1 where none is given.
    public var weights: [String: Double]
    /// The merged adapter's folder name.
    public var name: String
    /// Whether a specialist that is not better than its base is left out.
    public var requireBetter: Bool
}

public struct AgentsSettings: Sendable, Codable, Equatable {
    public var question: GenerationSettings
    public var answer: GenerationSettings
    /// A `topics.json`; the domains' own topics where none is given.
    public var topics: String?
}

/// How an agent generates, and how long it may take.
public struct GenerationSettings: Sendable, Codable, Equatable {
    public var sampling: SamplingSettings
    public var maxTokens: Int
    /// Seconds from the request; later is wrong.
    public var deadline: Double
    /// The seconds that the plan hopes for, from and to.
    public var target: [Double]?
    /// Drafts from which the question agent chooses; nil for one, given as it is.
    public var candidates: Int?
}

public struct ValidateSettings: Sendable, Codable, Equatable {
    /// Held-out questions per domain, for the verdict.
    public var heldOut: Int
    /// Question files to draw held-out questions from instead of setting some of the domain's own aside.
    public var heldOutFiles: [String]
    /// Questions per domain that watch over training and decide which specialists are merged.
    public var probes: Int
    public var modes: [TrainSettings.Mode]
    /// Questions that the question agent makes for judging.
    public var generatedQuestions: Int
    /// The share of them that has to be correct by an independent check.
    public var generatedCorrect: Double?
    /// Answers that the answer agent gives under the clock.
    public var answers: Int
    /// Streams decoded side by side.
    public var slots: Int
}

public struct TournamentSettings: Sendable, Codable, Equatable {
    public enum Opponent: String, Sendable, Codable, CaseIterable { case base }
    /// Questions per inning.
    public var questions: Int
    public var opponent: Opponent
    /// The rules' own cap on new tokens of a question and an answer.
    public var maxTokens: [Int]
}

public struct TargetSettings: Sendable, Codable, Equatable {
    public var name: String
    /// Accuracies in percent.
    public var from: Double
    public var toAtLeast: Double
    public var toAtMost: Double
}
