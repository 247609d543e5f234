import Checkpoints
import ContentHash
import Evaluation
import Foundation
import Groundwork
import Merging
import Yams

/// The README of an exported adapter or model: what it is and what it was made from, in the form that model hubs read.
public enum ModelCard {
    /// - Parameters:
    ///   - adapter: what was exported; its own folder's `merge.json` tells of the merge.
    ///   - isMerged: the adapter is in the weights.
    ///   - run: the run that made it; its recipe, data and results go into the card.
    /// - Throws: `FileError`; `RunError` for a folder that is no run.
    public static func text(title: String, adapter: AdapterFile, base: String?, isMerged: Bool, run: RunFolder?) throws -> String {
        var lines = ["---"]
        // A path says nothing elsewhere, and the hub knows repositories only.
        let isPath = base.map { $0.hasPrefix("/") || $0.hasPrefix(".") || FileManager.default.fileExists(atPath: $0) } ?? false
        if let base, !isPath { lines.append("base_model: \(JSONValue.string(base).text())") }
        lines += ["library_name: \(isMerged ? "transformers" : "peft")", "tags:", "- lora", "- retort", "---", "", "# \(title)", ""]
        let configuration = adapter.configuration
        let what = isMerged ? "A model with a LoRA adapter merged into its weights" : "A LoRA adapter"
        let target = base.map { " for `\(isPath ? ($0 as NSString).lastPathComponent : $0)`" } ?? ""
        lines.append("\(what), written by Retort \(RetortVersion.current)\(target).")
        let scale = "rank \(configuration.rank), alpha \(configuration.alpha)\(configuration.useRSLoRA ? ", rank-stabilised" : "")"
        let targets = adapter.targetNames.joined(separator: ", ")
        lines += ["", "Adapter: \(scale), on \(adapter.modules.count) layers (\(targets)).", ""]
        lines += try merge(of: adapter)
        lines += ["## Made from", "", "| file | SHA-256 |", "|---|---|"]
        for name in [AdapterFile.configurationName, AdapterFile.weightsName] {
            lines.append("| \(name) | `\(try ContentHash.ofFile("\(adapter.folder)/\(name)"))` |")
        }
        if let run { lines += try self.run(run) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func merge(of adapter: AdapterFile) throws -> [String] {
        let path = "\(adapter.folder)/\(AdapterMerge.reportName)"
        guard FileManager.default.fileExists(atPath: path),
            let report = try? JSONDecoder().decode(MergeReport.self, from: WholeFile.read(path))
        else { return [] }
        let settings = report.settings
        var choices = ["`\(settings.method.name)` (\(settings.method.paper))"]
        if let space = settings.space { choices.append("space \(space.rawValue)") }
        if let convention = settings.convention { choices.append("convention \(convention.rawValue)") }
        if settings.method.usesDensity { choices.append("density \(settings.density)") }
        if let sign = settings.sign { choices.append("signs by \(sign.rawValue)") }
        if settings.lambda != 1 { choices.append("lambda \(settings.lambda)") }
        var lines = ["## Merge", "", choices.joined(separator: ", ") + ":", ""]
        lines += ["| adapter | weight | rank | alpha | rank-stabilised | mean cosine with the result |", "|---|---|---|---|---|---|"]
        for (index, merged) in report.adapters.enumerated() {
            let cosine = report.meanCosine(of: index).map { String(format: "%.3f", $0) } ?? ""
            let name = (merged.folder as NSString).lastPathComponent
            lines.append("| \(name) | \(merged.weight) | \(merged.rank) | \(merged.alpha) | \(merged.rankStabilised ? "yes" : "no") | \(cosine) |")
        }
        if let choice = report.choice {
            let verdict = choice.verdict.split(separator: "\n").joined(separator: " ")
            lines += ["", "`\(choice.winner)`, chosen among \(choice.tried.count) by \(choice.questions) questions. \(verdict)"]
        }
        return lines + [""]
    }

    private static func run(_ run: RunFolder) throws -> [String] {
        guard run.exists(Manifest.fileName) else {
            throw FileError(path: run.file(Manifest.fileName), action: "read", reason: "no such file; --run takes a run's folder")
        }
        let manifest = try Manifest.read(run, recipe: "")
        var lines = ["", "## Run", "", "Recipe `\(manifest.recipe)`, Retort \(manifest.version).", ""]
        lines += ["| phase | settings | seed | finished |", "|---|---|---|---|"]
        for (name, entry) in manifest.inOrder {
            lines.append("| \(name) | `\(entry.settingsHash.prefix(16))` | \(entry.seed) | \(entry.finished) |")
        }
        lines += try recipe(manifest)
        lines += ["", "| data | SHA-256 |", "|---|---|"]
        var inputs: [String: String] = [:]
        for entry in manifest.phases.values { inputs.merge(entry.inputs) { first, _ in first } }
        let made = Set(manifest.phases.values.flatMap(\.outputs.keys))
        let data = manifest.phases.values.flatMap(\.outputs).filter { $0.key.hasPrefix("questions/") || $0.key.hasPrefix("labels/") }
        let given = inputs.filter { !made.contains($0.key) }.map { (name: $0.key, hash: $0.value) }
        for (name, hash) in (given + data.map { (name: $0.key, hash: $0.value) }).sorted(by: { $0.name < $1.name }) {
            lines.append("| \(name) | `\(hash)` |")
        }
        if run.exists(RunFiles.accuracy) {
            lines += ["", "Accuracy on held-out questions (95 % interval):", "", "| mode | domain | base | merged |", "|---|---|---|---|"]
            for accuracy in try run.readJSON([ModeAccuracy].self, from: RunFiles.accuracy) {
                for domain in accuracy.domains {
                    lines.append("| \(accuracy.mode.rawValue) | \(domain.domain) | \(percent(domain.base)) | \(percent(domain.unified.second)) |")
                }
            }
        }
        return lines
    }

    /// The recipe as the manifest keeps it: for each phase what its outputs follow from, phases of the same settings together. What a key is read
    /// from may stand there, a key never does.
    private static func recipe(_ manifest: Manifest) throws -> [String] {
        var groups: [(phases: [String], settings: [String: String])] = []
        // The report's settings are the recipe that was run last: phases that were taken as they lay may have had another.
        for (name, entry) in manifest.inOrder where name != "report" && !entry.settings.isEmpty {
            if let same = groups.firstIndex(where: { $0.settings == entry.settings }) {
                groups[same].phases.append(name)
            } else {
                groups.append(([name], entry.settings))
            }
        }
        guard !groups.isEmpty else { return [] }
        let phases = Node(groups.map { group in
            (scalar(group.phases.joined(separator: ", ")), Node(group.settings.sorted { $0.key < $1.key }.map { (scalar($0.key), value($0.value)) }))
        })
        let text = try Yams.serialize(node: phases, width: -1, allowUnicode: true).trimmingCharacters(in: .newlines)
        return ["", "What each phase was set to, every default filled in (1 is yes, 0 is no):", "", "```yaml", text, "```"]
    }

    /// A list, where the manifest has one in either of its spellings (`[a, b]`, `["a", "b"]`), else a text or a number.
    private static func value(_ text: String) -> Node {
        let inside = text.dropFirst().dropLast()
        guard text.hasPrefix("["), text.hasSuffix("]"), !inside.contains("[") else { return scalar(text) }
        let items = (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? inside.components(separatedBy: ", ")
        return Node(items.map(scalar), .implicit, .flow)
    }

    /// On one line, whatever it holds, so that none of its lines can be the one that ends the block.
    private static func scalar(_ text: String) -> Node {
        Node(text, .implicit, text.contains(where: \.isNewline) ? .doubleQuoted : .any)
    }

    private static func percent(_ share: Proportion) -> String {
        String(format: "%.1f %% (%.1f to %.1f), %d questions", 100 * share.value, 100 * share.lower, 100 * share.upper, share.count)
    }
}
