import Agents
import Checkpoints
import Distillation
import Evaluation
import Foundation
import Groundwork
import Questions
import Tokenizers
import Torch
import Transformers

/// What the phases of one process share: the recipe, and the base model, loaded when the first phase asks for it.
final class Workbench {
    let recipe: Recipe
    let say: (String) -> Void
    private var loaded: LanguageModel?
    private var vocabulary: AgentVocabulary?

    init(recipe: Recipe, say: @escaping (String) -> Void) {
        self.recipe = recipe
        self.say = say
    }

    /// - Throws: what loading throws; `RunError.notSupported` for a base that this version cannot hold.
    func model() throws -> LanguageModel {
        if let loaded { return loaded }
        let settings = recipe.model
        let device: Device =
            switch settings.device {
            case .auto: try .best()
            case .cpu: .cpu
            case .cuda: .cuda(0)
            }
        if settings.threads > 0 { try Libtorch.open().threads = settings.threads }
        let dtype = settings.dtype.map { $0 == .float32 ? DType.float32 : $0 == .bfloat16 ? .bfloat16 : .float16 }
        let model = try LanguageModel.load(
            settings.checkpoint, device: device, dtype: dtype, quantization: settings.quantisation == .nf4 ? .nf4 : nil)
        try checkAgents(model)
        say("\(settings.checkpoint): \(AdapterSize.short(AdapterSize.baseParameters(ModelShape(model.configuration)))) parameters, "
            + "\(model.quantization.map { "\($0.rawValue), " } ?? "")\(model.dtype.rawValue) on \(model.device)")
        if let note = model.attentionNote { say("warning: \(note)") }
        loaded = model
        return model
    }

    /// Agents that could not say anything are found before anything is trained for them.
    private func checkAgents(_ model: LanguageModel) throws {
        let made = try AgentVocabulary(model.tokenizer)
        let idle = AgentModel(vocabulary: made, contextLength: model.configuration.contextLength, decode: { _ in })
        _ = try idle.questionAgent(recipe.agents.question.agentSettings)
        _ = try idle.answerAgent(recipe.agents.answer.agentSettings)
        vocabulary = made
    }

    func agentVocabulary() throws -> AgentVocabulary {
        if let vocabulary { return vocabulary }
        let made = try AgentVocabulary(model().tokenizer)
        vocabulary = made
        return made
    }

    /// Counts a text's tokens as the base model's tokenizer cuts it.
    func tokenCount() throws -> (String) -> Int {
        // The weights of a base that is not loaded yet are not needed for this.
        let coder = try loaded?.tokenizer ?? Tokenizer.load(from: Checkpoint.open(recipe.model.checkpoint))
        return { coder.tokens(of: $0).count }
    }

    func adapter(_ folder: String) throws -> Adapter { try Adapter.load(folder, for: model(), onlyInference: true) }

    /// Runs streams on the base model and, if given, an adapter.
    func decoding(_ adapter: Adapter?, slots: Int) throws -> ([Transformers.Stream], ((Int) -> Void)?) throws -> Void {
        let decoder = try Decoder(model: model(), adapter: adapter, slots: slots)
        return { try decoder.run($0, progress: $1) }
    }

    /// Accuracy on `questions`, asked through the checkpoint's chat template.
    func evaluate(
        _ questions: [Question], adapter: Adapter?, name: String?, mode: TrainSettings.Mode, title: String
    ) throws -> EvaluationResult {
        let style = try ChatStyle(
            vocabulary: agentVocabulary(), mode: mode == .letter ? .letter : .reasonFirst,
            limits: AnswerLimits(newTokens: recipe.agents.answer.maxTokens), sampling: .greedy)
        let evaluator = Evaluator(style: style, decode: try decoding(adapter, slots: recipe.validate.slots))
        let progress = Progress(title, total: questions.count, unit: "questions")
        return try evaluator.evaluate(
            questions, model: recipe.model.checkpoint, adapter: name, seed: recipe.seed, progress: { progress.advance(to: $0) })
    }
}

extension LabelSettings {
    var limits: LabelLimits {
        LabelLimits(words: maxWords, tokens: maxTokens, excess: cut == true ? .cut : .drop, keepsHinted: keepHinted != false)
    }
}

extension TeacherSettings {
    var rules: AskingRules {
        AskingRules(rotations: rotations ?? 1, samples: samples ?? 0, hint: hint ?? false, dense: dense ?? 0)
    }
}

extension SamplingSettings {
    var sampling: Sampling {
        Sampling(temperature: temperature, topP: topP, topK: topK, repetitionPenalty: repetitionPenalty)
    }
}

extension GenerationSettings {
    var agentSettings: AgentSettings {
        AgentSettings(
            maxNewTokens: maxTokens, temperature: sampling.temperature, topP: sampling.topP, topK: sampling.topK,
            repetitionPenalty: sampling.repetitionPenalty, doSample: sampling.temperature > 0)
    }
}

/// Where each phase's files lie in a run folder.
enum RunFiles {
    enum Split: String, CaseIterable { case train, probe, test }
    static func questions(_ domain: Domain, _ split: Split) -> String { "questions/\(domain)/\(split.rawValue).jsonl" }
    static let collection = "questions/collection.json"
    static func labels(_ settings: DomainSettings) -> String { "labels/\(settings.dataset).jsonl" }
    static let funnel = "labels/funnel.json"
    static let primer = "train/\(PrimerSettings.name)"
    static func specialist(_ domain: Domain) -> String { "train/\(domain)" }
    static func adapterFiles(_ folder: String) -> [String] {
        ["\(folder)/\(AdapterFile.configurationName)", "\(folder)/\(AdapterFile.weightsName)"]
    }
    /// The summary of the training whose adapter lies in `folder`.
    static func training(_ folder: String) -> String { "\(folder)/training.json" }
    static func check(_ domain: Domain) -> String { "train/\(domain)/check.json" }
    static let selection = "selection.json"
    static let accuracy = "validate/accuracy.json"
    static let agents = "validate/agents.json"
    static let generatedQuestions = "validate/questions.json"
    static let answers = "validate/answers.json"
    static let match = "tournament/match.json"
    static let reportPage = "report.html"
    static let reportText = "report.md"
    static let report = "report.json"
}
