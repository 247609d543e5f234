import Distillation
import Evaluation
import Questions
import Transformers

/// Trains one domain's specialist, then checks on the probe questions, which it was not trained on, whether it is better than
/// its base: what is not better is not merged. The held-out questions of the verdict stay untouched.
struct TrainPhase: Phase {
    let workbench: Workbench
    let domain: DomainSettings
    private var recipe: Recipe { workbench.recipe }
    private var training: AdapterTraining {
        AdapterTraining(workbench: workbench, settings: domain.train, title: name, folder: RunFiles.specialist(domain.domain))
    }

    var name: String { "train:\(domain.domain)" }
    var settings: [String: String] {
        get throws {
            var settings = try training.flatSettings
            settings["kind"] = domain.kind.rawValue
            // The check's answers depend on how much the answer agent may write.
            settings["agents.answer.maxTokens"] = "\(recipe.agents.answer.maxTokens)"
            return settings
        }
    }
    var inputs: [PhaseInput] {
        let material = domain.kind == .distilled ? RunFiles.labels(domain) : RunFiles.questions(domain.domain, .train)
        let start = recipe.primer == nil ? [] : RunFiles.adapterFiles(RunFiles.primer)
        return [.model(recipe.model.checkpoint)] + ([material, RunFiles.questions(domain.domain, .probe)] + start).map { .run($0) }
    }
    var outputs: [String] { training.outputs + [RunFiles.check(domain.domain)] }
    var work: [String] { [training.folder] }

    func run(in run: RunFolder) throws {
        let probes = try QuestionFile.read(run.file(RunFiles.questions(domain.domain, .probe)))
        try training.train(on: material(run), from: recipe.primer.map { _ in RunFiles.primer }, in: run, probes: probes)
        try check(run.file(training.folder), probes, in: run)
    }

    /// What the specialist learns from: the labels that passed the filter, or the questions with their own explanations.
    private func material(_ run: RunFolder) throws -> [KeptLabel] {
        guard domain.kind == .distilled else {
            return try training.supervised(QuestionFile.read(run.file(RunFiles.questions(domain.domain, .train))))
        }
        let kept = try LabelFunnel.sort(
            file: run.file(RunFiles.labels(domain)), limits: recipe.label.limits, count: workbench.tokenCount()).kept
        // Labels stand in the order in which they were answered; training follows that of the questions, which never changes.
        var place: [String: Int] = [:]
        for (number, question) in try QuestionFile.read(run.file(RunFiles.questions(domain.domain, .train))).enumerated() { place[question.id] = number }
        return kept.sorted { (place[$0.question.id] ?? .max, $0.question.id) < (place[$1.question.id] ?? .max, $1.question.id) }
    }

    private func check(_ folder: String, _ probes: [Question], in run: RunFolder) throws {
        let mode = domain.train.mode
        let base = try workbench.evaluate(probes, adapter: nil, name: nil, mode: mode, title: "check \(domain.domain): base")
        let specialist = try workbench.evaluate(
            probes, adapter: workbench.adapter(folder), name: domain.domain.rawValue, mode: mode, title: "check \(domain.domain): specialist")
        let comparison = try Comparison(first: base, second: specialist).overall.pair
        let check = SpecialistCheck(
            domain: domain.domain, mode: mode, isBetter: SpecialistGate.isBetter(comparison), comparison: comparison)
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
