import Checkpoints
import Distillation
import Foundation
import Groundwork
import Questions
import Transformers

/// Training one adapter inside a run: what the primer and every specialist have in common.
struct AdapterTraining {
    let workbench: Workbench
    let settings: TrainSettings
    /// Names the training in progress lines and keeps its random numbers apart from the others'.
    let title: String
    /// In the run folder.
    let folder: String
    private var recipe: Recipe { workbench.recipe }

    /// What the trained adapter follows from, beside its questions.
    var flatSettings: [String: String] {
        get throws {
            var flat = try FlatSettings.of(settings, under: "train")
            flat["revision"] = "2"
            flat["seed"] = "\(recipe.seed)"
            flat["model.dtype"] = recipe.model.dtype?.rawValue ?? "default"
            flat["model.quantisation"] = recipe.model.quantisation.rawValue
            flat.merge(try FlatSettings.of(recipe.label, under: "label")) { $1 }
            // How often to save and to look, and what memory may be used, changes nothing in the result of a training that stays healthy.
            for key in ["train.saveEvery", "train.probeEvery", "train.maximumRetries", "train.activationMemory", "train.checkpointing"] { flat[key] = nil }
            return flat
        }
    }

    var outputs: [String] { RunFiles.adapterFiles(folder) + [RunFiles.training(folder)] }

    /// - Parameters:
    ///   - start: the folder of the adapter to start from, in the run folder; nil for a fresh one.
    ///   - probes: questions that watch over the training, where the recipe wants that.
    func train(
        on labels: [KeptLabel], from start: String? = nil, in run: RunFolder, probes: [Question] = []
    ) throws {
        let model = try workbench.model()
        let builder = try ExampleBuilder(
            coder: model.tokenizer, style: settings.mode == .reasonFirst ? .reason : .letter,
            usesDense: settings.denseWeight != 0 && labels.contains { $0.dense != nil })
        let (examples, _) = try builder.examples(for: labels, askingShare: settings.askingShare, bindsChoices: settings.bindChoices, seed: recipe.seed)
        // All adapters begin with the same values: factors that started together can be averaged.
        let adapter = try start.map { try Adapter.load(run.file($0), for: model) }
            ?? Adapter(for: model, settings.adapter(base: recipe.model.checkpoint), seed: recipe.seed)
        let source = try AdapterSource(
            model: model, adapter: adapter, base: ModelIdentity.of(recipe.model.checkpoint),
            start: start.map { try ModelIdentity.ofAdapter(run.file($0)) }, activations: settings.activations)
        let trainer = try Trainer(
            source: source, letters: builder.tokens.letters, configuration: settings.training(seed: recipe.seed), title: title)
        trainer.notice = workbench.say
        trainer.collapseGuard.maximumRetries = settings.maximumRetries
        if !probes.isEmpty, settings.probeEvery > 0 {
            let watch = AdapterProbe(
                questions: probes, model: model, adapter: adapter, vocabulary: try workbench.agentVocabulary(),
                mode: settings.mode == .letter ? .letter : .reasonFirst, newTokens: recipe.agents.answer.maxTokens, slots: recipe.validate.slots)
            trainer.probe = try watch.probe(every: settings.probeEvery, builder: builder)
        }
        try run.writeJSON(trainer.train(examples, to: run.file(folder)), to: RunFiles.training(folder))
    }

    /// Questions with their own explanations as the reasoning. An explanation that is longer than an answer may be would teach
    /// never to stop, so the bare letter stands in its place.
    func supervised(_ questions: [Question]) throws -> [KeptLabel] {
        let coder = try workbench.model().tokenizer
        return questions.map { question in
            let text = question.explanation ?? ""
            let fits = text.split(whereSeparator: \.isWhitespace).count <= recipe.label.maxWords
                && coder.tokens(of: text).count <= recipe.label.maxTokens
            return KeptLabel(question: question, reasoning: fits ? text : "", teacherScores: nil)
        }
    }
}

extension TrainSettings {
    var activations: ActivationChoice { checkpointing ? .inputs : .fitting(limit: activationMemory) }

    func adapter(base: String) -> AdapterConfiguration {
        AdapterConfiguration(
            rank: rank, alpha: alpha, useRSLoRA: rankStabilised, targetModules: modules, dropout: dropout, baseModel: base)
    }

    func training(seed: UInt64) -> TrainingConfiguration {
        let shape: Distillation.Schedule.Shape =
            switch schedule {
            case .cosine: .cosine
            case .linear: .linear
            case .constant: .constant
            }
        return TrainingConfiguration(
            epochs: epochs, batch: batch, accumulation: accumulate, learningRate: learningRate, schedule: shape, warmup: warmup,
            optimizer: AdamW.Settings(weightDecay: weightDecay), maximumGradientNorm: clip,
            loss: DistillationLoss(
                alpha: hardWeight, temperature: temperature, scalesBySquare: scaleByTemperature, reasoningWeight: reasoningWeight,
                denseWeight: denseWeight ?? 1),
            seed: seed, checkpointEvery: saveEvery, maximumSteps: steps)
    }
}
