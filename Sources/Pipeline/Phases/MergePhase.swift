import Foundation
import Groundwork
import Merging
import Questions

/// Merges the specialists that are better than their base into the unified adapter.
struct MergePhase: Phase {
    let workbench: Workbench
    private var recipe: Recipe { workbench.recipe }

    let name = "merge"
    var settings: [String: String] {
        get throws {
            var settings = try FlatSettings.of(recipe.merge, under: "merge")
            settings["revision"] = "2"
            return settings
        }
    }
    var inputs: [PhaseInput] {
        recipe.domains.flatMap { domain in
            (RunFiles.adapterFiles(RunFiles.specialist(domain.domain)) + [RunFiles.check(domain.domain)]).map { .run($0) }
        }
    }
    var outputs: [String] { RunFiles.adapterFiles(recipe.merge.name) + ["\(recipe.merge.name)/\(AdapterMerge.reportName)", RunFiles.selection] }

    func run(in run: RunFolder) throws {
        var selection = Selection(merged: [], leftOut: [:])
        for domain in recipe.domains.map(\.domain) {
            let check = try run.readJSON(SpecialistCheck.self, from: RunFiles.check(domain))
            if check.isBetter || !recipe.merge.requireBetter {
                selection.merged.append(domain)
            } else {
                let reason = SpecialistGate.reason(check.comparison, questions: "probe")
                selection.leftOut[domain.rawValue] = reason
                workbench.say(SpecialistGate.warning(domain.rawValue, reason))
            }
        }
        guard !selection.merged.isEmpty else {
            throw RunError.failed(
                phase: name, reason: "no specialist is better than its base, so there is nothing to merge; see train/*/check.json, and "
                    + "change the training (train.learning_rate, train.epochs, domains.*.questions)")
        }
        let sign: SignElection = recipe.merge.sign == .frequency ? .frequency : .total
        let report = try AdapterMerge.run(
            selection.merged.map { domain in
                MergeInput(
                    folder: run.file(RunFiles.specialist(domain)), weight: recipe.merge.weights[domain.rawValue] ?? 1)
            },
            settings: MergeSettings(method: MergeMethod.named(recipe.merge.method.rawValue), density: recipe.merge.density, sign: sign),
            to: run.file(recipe.merge.name))
        workbench.say(report.summary)
        try run.writeJSON(selection, to: RunFiles.selection)
    }
}

/// Which specialists went into the unified adapter.
struct Selection: Codable {
    var merged: [Domain]
    /// The reason, by domain.
    var leftOut: [String: String]
}
