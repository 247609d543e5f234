import Agents
import Distillation
import Evaluation
import Foundation
import Groundwork
import Merging
import Torch
import Tournaments

/// Writes what the run came to, for people (`report.html`, `report.md`) and for programs (`report.json`).
struct ReportPhase: Phase {
    let workbench: Workbench
    private var recipe: Recipe { workbench.recipe }

    let name = "report"
    var settings: [String: String] {
        get throws { try ["revision": "2", "recipe": recipe.name].merging(FlatSettings.of(recipe, under: "")) { $1 } }
    }
    var inputs: [PhaseInput] {
        let files = [RunFiles.collection, RunFiles.funnel, RunFiles.selection, RunFiles.accuracy, RunFiles.agents,
                     RunFiles.generatedQuestions, RunFiles.answers, RunFiles.match, "\(recipe.merge.name)/\(AdapterMerge.reportName)"]
        return (files + recipe.domains.map { RunFiles.check($0.domain) } + trainings.map { RunFiles.training($0.folder) }
            + recipe.domains.map { RunFiles.questions($0.domain, .test) }).map { .run($0) }
    }
    /// Every adapter that the run trains.
    private var trainings: [(name: String, folder: String, settings: TrainSettings)] {
        (recipe.primer.map { [(PrimerSettings.name, RunFiles.primer, $0.train)] } ?? [])
            + recipe.domains.map { ($0.domain.rawValue, RunFiles.specialist($0.domain), $0.train) }
    }
    var outputs: [String] { [RunFiles.reportPage, RunFiles.reportText, RunFiles.report] }

    func run(in run: RunFolder) throws {
        let manifest = try Manifest.read(run, recipe: recipe.name)
        let accuracy = try run.readJSON([ModeAccuracy].self, from: RunFiles.accuracy)
        let match = try run.readJSON(MatchResult.self, from: RunFiles.match)
        var training: [Report.Training] = []
        for (name, folder, settings) in trainings {
            let summary = try run.readJSON(TrainingSummary.self, from: RunFiles.training(folder))
            training.append(Report.Training(
                name: name, scale: settings.scale, examples: summary.examples, steps: summary.steps,
                tokens: summary.tokens, seconds: summary.seconds, tokensPerSecond: summary.tokensPerSecond,
                peakResidentBytes: summary.peakResidentBytes, firstLoss: summary.losses.first ?? 0, lastLoss: summary.losses.last ?? 0, final: summary.final))
        }
        let merge = try run.readJSON(MergeReport.self, from: "\(recipe.merge.name)/\(AdapterMerge.reportName)")
        let installation = try? Installation.find()
        let report = Report(
            recipe: recipe.name, model: recipe.model.checkpoint, verdict: try Report.verdict(accuracy, name: recipe.merge.name),
            version: RetortVersion.current, torch: installation?.version ?? "unknown", seed: recipe.seed,
            collection: try run.readJSON([String: Collected].self, from: RunFiles.collection),
            labels: try run.readJSON([String: LabelSummary].self, from: RunFiles.funnel), training: training,
            checks: try recipe.domains.map { try run.readJSON(SpecialistCheck.self, from: RunFiles.check($0.domain)) },
            selection: try run.readJSON(Selection.self, from: RunFiles.selection),
            merge: Report.Merge(
                method: recipe.merge.method.rawValue, density: recipe.merge.density, sign: recipe.merge.sign.rawValue,
                modules: merge.modules.count, parameters: merge.parameters, signConflicts: merge.signConflicts, summary: merge.summary),
            accuracy: try accuracy.map(Report.Accuracy.init),
            agents: try run.readJSON(AgentsSummary.self, from: RunFiles.agents),
            questions: Array(try run.readJSON([QuestionRecord].self, from: RunFiles.generatedQuestions).prefix(4)),
            answers: Array(try run.readJSON([AnsweredQuestion].self, from: RunFiles.answers).prefix(4)),
            match: Report.Match(
                questions: match.rules.questions, teams: match.teams, winner: match.winner, decision: match.decision.rawValue),
            targets: recipe.targets,
            hopes: Report.Hopes(
                questionSeconds: recipe.agents.question.target, answerSeconds: recipe.agents.answer.target,
                generatedCorrect: recipe.validate.generatedCorrect),
            limits: recipe.limits,
            phases: recipe.phaseNames.compactMap { name in
                manifest.phases[name].map { Report.PhaseTime(name: name, seconds: $0.seconds, outputs: $0.outputs) }
            },
            settings: try FlatSettings.of(recipe),
            inputs: Dictionary(
                manifest.phases.values.flatMap(\.inputs).filter { !run.exists($0.key) }, uniquingKeysWith: { first, _ in first }))
        try run.writeJSON(report, to: RunFiles.report)
        try WholeFile.write(ReportText.markdown(report), to: run.file(RunFiles.reportText))
        try WholeFile.write(ReportPage.html(of: [run]), to: run.file(RunFiles.reportPage))
    }
}

extension Recipe {
    var phaseNames: [String] {
        ["collect"] + (primer == nil ? [] : [PrimerSettings.name]) + ["label"] + domains.map { "train:\($0.domain)" } + ["merge", "validate", "tournament"]
    }
}
