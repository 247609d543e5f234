import Checkpoints
import Distillation
import Evaluation
import Foundation
import Groundwork
import Questions
import Transformers

/// Trains one domain's specialist, then checks on the probe questions, which it was not trained on, whether it is better than
/// its base: what is not better is not merged. The held-out questions of the verdict stay untouched.
struct TrainPhase: Phase {
    let workbench: Workbench
    let domain: DomainSettings
    private var recipe: Recipe { workbench.recipe }

    var name: String { "train:\(domain.domain)" }
    var settings: [String: String] {
        get throws {
            var settings = try FlatSettings.of(domain.train, under: "train")
            settings["revision"] = "1"
            settings["seed"] = "\(recipe.seed)"
            settings["kind"] = domain.kind.rawValue
            settings["model.dtype"] = recipe.model.dtype?.rawValue ?? "default"
            settings["model.quantisation"] = recipe.model.quantisation.rawValue
            settings.merge(try FlatSettings.of(recipe.label, under: "label")) { $1 }
            // The check's answers depend on how much the answer agent may write.
            settings["agents.answer.maxTokens"] = "\(recipe.agents.answer.maxTokens)"
            // How often to save and to look changes nothing in the result.
            for key in ["train.saveEvery", "train.probeEvery"] { settings[key] = nil }
            return settings
        }
    }
    var inputs: [PhaseInput] {
        let material = domain.kind == .distilled ? RunFiles.labels(domain) : RunFiles.questions(domain.domain, .train)
        return [.model(recipe.model.checkpoint), .run(material), .run(RunFiles.questions(domain.domain, .probe))]
    }
    private var folder: String { RunFiles.specialist(domain.domain) }
    var outputs: [String] {
        RunFiles.adapterFiles(folder) + [RunFiles.training(domain.domain), RunFiles.check(domain.domain)]
    }
    var work: [String] { [folder] }

    func run(in run: RunFolder) throws {
        let model = try workbench.model()
        let kept = try material(run, coder: model.tokenizer)
        let builder = try ExampleBuilder(coder: model.tokenizer, style: domain.train.mode == .reason ? .reason : .letter)
        let (examples, _) = try builder.examples(for: kept, askingShare: domain.train.askingShare, seed: recipe.seed)
        // All specialists begin with the same A: factors that started together can be averaged.
        let adapter = try Adapter(for: model, domain.train.adapter(base: recipe.model.checkpoint), seed: recipe.seed)
        let source = try AdapterSource(
            model: model, adapter: adapter, base: ModelIdentity.of(recipe.model.checkpoint), checkpointing: domain.train.checkpointing)
        let trainer = try Trainer(
            source: source, letters: builder.tokens.letters, configuration: domain.train.training(seed: recipe.seed), title: name)
        trainer.notice = workbench.say
        let probes = try QuestionFile.read(run.file(RunFiles.questions(domain.domain, .probe)))
        if domain.train.probeEvery > 0 {
            trainer.probe = Probe(every: domain.train.probeEvery) { try watch($0, adapter, probes) }
        }
        let summary = try trainer.train(examples, to: run.file(folder))
        try run.writeJSON(summary, to: RunFiles.training(domain.domain))
        try check(run.file(folder), probes, in: run)
    }

    /// What the specialist learns from: the labels that passed the filter, or the questions with their own explanations.
    private func material(_ run: RunFolder, coder: any ChatCoder) throws -> [KeptLabel] {
        let limits = LabelLimits(words: recipe.label.maxWords, tokens: recipe.label.maxTokens)
        if domain.kind == .distilled {
            return LabelFunnel.sort(try LabelFile.read(run.file(RunFiles.labels(domain))), limits: limits).kept
        }
        return try QuestionFile.read(run.file(RunFiles.questions(domain.domain, .train))).map { question in
            // An explanation that is longer than an answer may be would teach never to stop.
            let text = question.explanation ?? ""
            let fits = text.split(whereSeparator: \.isWhitespace).count <= limits.words
                && coder.tokens(of: text).count <= limits.tokens
            return KeptLabel(question: question, reasoning: fits ? text : "", teacherScores: nil)
        }
    }

    /// Stops a training that says one letter whatever is asked.
    private func watch(_ metrics: StepMetrics, _ adapter: Adapter, _ probes: [Question]) throws {
        let result = try workbench.evaluate(
            probes, adapter: adapter, name: name, mode: .letter, title: "\(name): probes after step \(metrics.step)")
        let most = result.letters.values.max() ?? 0
        workbench.say("\(name): step \(metrics.step), \(result.overall.successes) of \(result.overall.count) probes right by letter")
        if probes.count >= 16, most == probes.count, result.overall.value < 0.5 {
            throw RunError.failed(
                phase: name, reason: "after step \(metrics.step) the adapter says the same letter for all \(probes.count) probes: it has collapsed. "
                    + "Lower train.learning_rate or train.alpha")
        }
    }

    private func check(_ folder: String, _ probes: [Question], in run: RunFolder) throws {
        let mode = domain.train.mode
        let base = try workbench.evaluate(probes, adapter: nil, name: nil, mode: mode, title: "check \(domain.domain): base")
        let specialist = try workbench.evaluate(
            probes, adapter: workbench.adapter(folder), name: domain.domain.rawValue, mode: mode, title: "check \(domain.domain): specialist")
        let comparison = try Comparison(first: base, second: specialist).overall
        let check = SpecialistCheck(
            domain: domain.domain, mode: mode, isBetter: comparison.second.value > comparison.first.value, comparison: comparison)
        workbench.say("\(name): on \(probes.count) probes \(comparison.sentence)")
        try run.writeJSON(check, to: RunFiles.check(domain.domain))
    }
}

/// Whether a specialist is better than its base, on questions that neither trained it nor judge it in the end.
struct SpecialistCheck: Codable {
    var domain: Domain
    var mode: TrainSettings.Mode
    var isBetter: Bool
    /// First the base, second the specialist.
    var comparison: PairedComparison
}

extension TrainSettings {
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
                alpha: hardWeight, temperature: temperature, scalesBySquare: scaleByTemperature, reasoningWeight: reasoningWeight),
            seed: seed, checkpointEvery: saveEvery, maximumSteps: steps)
    }
}
