import Agents
import Checkpoints
import Foundation
import Groundwork
import Merging

/// A recipe and the folder it is carried out in.
public struct RecipeRun {
    public let recipe: Recipe
    public let folder: RunFolder
    private let say: (String) -> Void

    /// - Parameter say: one line of news for the user.
    public init(recipe: Recipe, folder: RunFolder, say: @escaping (String) -> Void = { _ in }) {
        self.recipe = recipe
        self.folder = folder
        self.say = say
    }

    /// What a run would do now. Reads; writes nothing and loads no model.
    public func plan(_ choice: PhaseChoice = PhaseChoice()) throws -> RunPlan {
        let engine = try engine()
        let states = try engine.plan(choice)
        let missing = engine.missingInputs()
        let source = try? PlanModel.find(recipe), shape = recipe.model.shape ?? source.map { ModelShape($0.configuration) }
        return RunPlan(
            recipe: recipe.name, folder: folder.path, model: recipe.model.checkpoint,
            modelParameters: shape.map(AdapterSize.baseParameters),
            weightsGB: source.map { Double(ResourcePlanner.footprint(of: $0, recipe, onGPU: recipe.model.device == .cuda).weightBytes) / 1e9 },
            limits: recipe.limits,
            adapters: adapters(shape),
            phases: states.map { RunPlan.PhaseLine($0.name, $0.state) },
            missing: missing.map { RunPlan.MissingLine(phase: $0.phase, input: $0.input.label) })
    }

    /// Carries out what is due.
    /// - Throws: `Interrupted`, after which the same call continues; `RunError`; whatever a phase throws.
    public func execute(_ choice: PhaseChoice = PhaseChoice()) throws -> RunResult {
        let lock = try RunLock(folder)
        defer { withExtendedLifetime(lock) {} }
        let engine = try engine()
        try engine.execute(choice)
        func there(_ name: String) -> String? { folder.exists(name) ? folder.file(name) : nil }
        return RunResult(
            folder: folder.path, adapter: there(recipe.merge.name), questions: there(RunFiles.generatedQuestions),
            answers: there(RunFiles.answers), report: there(RunFiles.reportText),
            reportPage: there(RunFiles.reportPage), reportData: there(RunFiles.report),
            verdict: there(RunFiles.report).flatMap { _ in try? folder.readJSON(Report.self, from: RunFiles.report).verdict },
            manifest: folder.file(Manifest.fileName))
    }

    private func adapters(_ shape: ModelShape?) -> [RunPlan.AdapterLine] {
        func line(_ name: String, _ kind: DomainSettings.Kind, _ teacher: String?, _ questions: Int, _ train: TrainSettings) -> RunPlan.AdapterLine {
            RunPlan.AdapterLine(
                name: name, kind: kind.rawValue, teacher: teacher, questions: questions, rank: train.rank, alpha: train.alpha,
                scale: train.scale, plainScale: train.alpha / Double(train.rank), rankStabilised: train.rankStabilised,
                parameters: shape.map { AdapterSize.parameters(rank: train.rank, modules: train.modules, shape: $0) })
        }
        let primer = recipe.primer.map { line(PrimerSettings.name, .supervised, nil, $0.questions * recipe.domains.count, $0.train) }
        return (primer.map { [$0] } ?? [])
            + recipe.domains.map { line($0.domain.rawValue, $0.kind, $0.teacher, $0.questions, $0.train) }
    }

    private func engine() throws -> PhaseEngine {
        let workbench = Workbench(recipe: recipe, say: say)
        let primer = recipe.primer.map { [PrimerPhase(workbench: workbench, primer: $0)] } ?? []
        let phases: [any Phase] = [CollectPhase(recipe: recipe)] + primer + [LabelPhase(workbench: workbench)]
            + recipe.domains.map { TrainPhase(workbench: workbench, domain: $0) }
            + [
                MergePhase(workbench: workbench), ValidatePhase(workbench: workbench), TournamentPhase(workbench: workbench),
                ReportPhase(workbench: workbench),
            ]
        return try PhaseEngine(
            run: folder, recipe: recipe.name, seed: recipe.seed, phases: phases, resolveModel: ModelIdentity.path, say: say)
    }
}

/// What `--dry-run` prints.
public struct RunPlan: Encodable {
    struct AdapterLine: Encodable {
        /// A domain, or "primer".
        var name: String
        var kind: String
        var teacher: String?
        var questions: Int
        var rank: Int
        var alpha: Double
        var scale: Double
        var plainScale: Double
        var rankStabilised: Bool
        var parameters: Int?
    }
    struct PhaseLine: Encodable {
        var name: String
        /// "valid", "to do" or "left".
        var state: String
        var because: String?

        init(_ name: String, _ state: PhaseState) {
            self.name = name
            switch state {
            case .valid: (self.state, because) = ("valid", nil)
            case .due(let reason): (self.state, because) = ("to do", reason)
            case .left(let reason): (self.state, because) = ("left", reason)
            }
        }
    }
    struct MissingLine: Encodable {
        var phase: String
        var input: String
    }

    var recipe: String
    var folder: String
    var model: String
    var modelParameters: Int?
    var weightsGB: Double?
    var limits: Limits
    var adapters: [AdapterLine]
    var phases: [PhaseLine]
    var missing: [MissingLine]

    public var text: String {
        var lines = ["recipe \(recipe), run folder \(folder)", ""]
        let size = modelParameters.map { ", \(AdapterSize.short($0)) parameters" } ?? ", size unknown (give model.shape, or fetch the model)"
        let weights = weightsGB.map { String(format: ", weights about %.1f GB in memory", $0) } ?? ""
        lines.append("base model  \(model)\(size)\(weights)")
        for adapter in adapters {
            let scale = adapter.rankStabilised
                ? String(format: "scale α/√r = %.4g (plain α/r would be %.4g)", adapter.scale, adapter.plainScale)
                : String(format: "scale α/r = %.4g", adapter.scale)
            lines.append(
                "adapter     \(adapter.name): \(adapter.kind)\(adapter.teacher.map { " by \($0)" } ?? ""), \(adapter.questions) questions, "
                    + "rank \(adapter.rank), alpha \(Self.plain(adapter.alpha)), \(scale)"
                    + (adapter.parameters.map { ", \($0) parameters (\(AdapterSize.short($0)))" } ?? ""))
        }
        if let limit = limits.trainingMemory { lines.append("limit       \(Self.plain(limit)) GB of memory in training") }
        if let limit = limits.inferenceMemory { lines.append("limit       \(Self.plain(limit)) GB of memory in use") }
        lines += ["", "phases"]
        let width = phases.map(\.name.count).max() ?? 0
        for phase in phases {
            let state = phase.state + (phase.because.map { ", because \($0)" } ?? "")
            lines.append("  " + phase.name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + state)
        }
        if !missing.isEmpty {
            lines += ["", "missing inputs"]
            lines += missing.map { "  \($0.input)  (\($0.phase))" }
        }
        return lines.joined(separator: "\n")
    }

    private static func plain(_ value: Double) -> String { value == value.rounded() ? String(Int(value)) : String(value) }
}

/// Where a finished run's results lie.
public struct RunResult: Encodable {
    var folder: String
    var adapter: String?
    var questions: String?
    var answers: String?
    var report: String?
    var reportPage: String?
    var reportData: String?
    var verdict: String?
    var manifest: String

    public var text: String {
        var lines: [String] = []
        if let verdict { lines += [verdict, ""] }
        if let adapter { lines.append("unified adapter   \(adapter)") }
        if let questions { lines.append("sample questions  \(questions)") }
        if let answers { lines.append("sample answers    \(answers)") }
        if let report { lines.append("report            \(report)") }
        if let reportPage { lines.append("to look at        \(reportPage)") }
        if lines.isEmpty { lines.append("run folder        \(folder)") }
        return lines.joined(separator: "\n")
    }
}
