import Distillation
import Foundation
import Groundwork
import Questions
import Transformers

/// Has the teachers label the training questions of the distilled domains. Labels are never lost: they are appended one by one,
/// and when teacher, prompt or questions change the old ones are set aside.
struct LabelPhase: Phase {
    let workbench: Workbench
    private var recipe: Recipe { workbench.recipe }

    let name = "label"
    private var distilled: [DomainSettings] { recipe.domains.filter { $0.kind == .distilled } }

    var settings: [String: String] {
        get throws {
            var settings = ["revision": "1", "seed": "\(recipe.seed)"]
            for domain in distilled {
                settings["domains.\(domain.domain).dataset"] = domain.dataset
                if let teacher = domain.teacher.flatMap({ recipe.teachers[$0] }) {
                    settings.merge(try FlatSettings.of(teacher, under: "domains.\(domain.domain).teacher")) { $1 }
                }
            }
            settings.merge(try FlatSettings.of(recipe.label, under: "label")) { $1 }
            return settings
        }
    }
    var inputs: [PhaseInput] {
        let teachers = distilled.compactMap { $0.teacher.flatMap { recipe.teachers[$0] } }
        let adapters = Set(teachers.compactMap(\.adapter)).sorted().flatMap { name -> [PhaseInput] in
            name == PrimerSettings.name ? RunFiles.adapterFiles(RunFiles.primer).map { .run($0) } : [.external(name)]
        }
        return distilled.map { .run(RunFiles.questions($0.domain, .train)) }
            + Set(teachers.compactMap(modelReference)).sorted().map { .model($0) } + adapters
    }
    var outputs: [String] { distilled.map(RunFiles.labels) + [RunFiles.funnel] }
    let staleWork = StaleWork.setAside

    private func modelReference(_ teacher: TeacherSettings) -> String? {
        switch teacher.engine {
        case .native, .llamaCpp: teacher.model == "base" ? recipe.model.checkpoint : teacher.model
        case .openAI: nil
        }
    }

    func run(in run: RunFolder) throws {
        var funnels: [String: LabelSummary] = [:]
        for settings in distilled {
            guard let name = settings.teacher, let teacher = recipe.teachers[name] else { continue }
            let questions = try QuestionFile.read(run.file(RunFiles.questions(settings.domain, .train)))
            let path = run.file(RunFiles.labels(settings))
            try maker(teacher, run).label(.questions(questions), into: path, title: "label \(settings.domain)")
            let report = try LabelReport(file: path, limits: recipe.label.limits, count: workbench.tokenCount())
            workbench.say("label \(settings.domain): \(report.funnel)")
            funnels[settings.domain.rawValue] = LabelSummary(
                teacher: name, dataset: settings.dataset, right: report.rightAtFirst, funnel: report.funnel, report: report)
        }
        try run.writeJSON(funnels, to: RunFiles.funnel)
    }

    private func maker(_ settings: TeacherSettings, _ run: RunFolder) throws -> LabelMaker {
        let rules = settings.rules
        switch settings.engine {
        case .native: return .native(try native(settings, run), batch: settings.slots)
        case .llamaCpp, .openAI:
            // The student's own vocabulary: what the teacher's likeliest tokens are to be found in, where both share it.
            let vocabulary = try rules.dense > 0 ? LabelMaker.vocabulary(of: recipe.model.checkpoint) : nil
            let served: ServedTeacher = settings.engine == .openAI
                ? .endpoints(settings.servers)
                : .llamaServer(
                    model: settings.model, slots: settings.slots, maximumTokens: settings.maxTokens,
                    threads: recipe.model.threads > 0 ? recipe.model.threads : nil)
            return try served.open(
                sampling: settings.sampling.sampling, maximumTokens: settings.maxTokens, seed: recipe.seed, rules: rules, vocabulary: vocabulary,
                notice: { Console.note($0) })
        }
    }

    private func native(_ settings: TeacherSettings, _ run: RunFolder) throws -> NativeTeacher {
        let reference = modelReference(settings) ?? recipe.model.checkpoint
        let model = try settings.model == "base"
            ? workbench.model() : LanguageModel.load(reference, device: workbench.model().device, dtype: workbench.model().dtype)
        let folder = settings.adapter.map { $0 == PrimerSettings.name ? run.file(RunFiles.primer) : $0 }
        let identity = try ModelIdentity.of(reference) + (folder.map { try " + " + ModelIdentity.ofAdapter($0) } ?? "")
        return try NativeTeacher(
            identity: identity, coder: model.tokenizer,
            decoder: Decoder(model: model, adapter: folder.map { try Adapter.load($0, for: model, onlyInference: true) }, slots: settings.slots),
            way: settings.informed ? .informed : .free, sampling: settings.sampling.sampling, maximumTokens: settings.maxTokens,
            seed: recipe.seed, rules: settings.rules)
    }
}

/// What labelling one domain came to.
struct LabelSummary: Codable {
    var teacher: String
    var dataset: String
    /// Labels whose letter in the first round is the right one.
    var right: Int
    var funnel: LabelFunnel
    /// Nil in a run of an earlier version.
    var report: LabelReport?
}
