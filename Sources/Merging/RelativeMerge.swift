import Checkpoints
import Foundation
import Groundwork

extension AdapterMerge {
    /// Merges what adapters have learnt since a common start, and adds the start back:
    ///
    ///     start + merge(adapter₁ − start, …, adapterₙ − start)
    ///
    /// for specialists that were trained on from one adapter. A plain merge of n of them counts the start n times, or lets it win
    /// the elections of signs. Changes are merged at full rank, in the space `core` where the settings say none; the sum is cut to the
    /// rank of the settings, else to the largest of the adapters. One adapter comes back to rounding.
    ///
    /// The report is that of the changes: its cosines and norms are theirs.
    ///
    /// - Parameters:
    ///   - start: the PEFT adapter folder from which all were trained on.
    ///   - folder: differences are kept in a neighbour of it and are gone at the end.
    /// - Throws: as `run(_:settings:to:threads:progress:)`; `MergeError` for a method that works on factors alone.
    @discardableResult
    public static func run(
        _ inputs: [MergeInput], relativeTo start: String, settings: MergeSettings = MergeSettings(), to folder: String, threads: Int = 2
    ) throws -> MergeReport {
        var chosen = try relative(settings)
        if inputs.count == 1 { chosen.rank = nil }  // nothing to reconcile: its change comes back as it is
        try check(inputs + [MergeInput(folder: start)], settings: MergeSettings(method: .concatenation), to: folder)
        removeAbandonedChanges(beside: folder)
        let scratch = folder + "\(changes)\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        var adapters: [MergeReport.Adapter] = []
        let changes = try inputs.enumerated().map { index, input in
            let change = "\(scratch)/\(index)"
            let report = try run(
                [MergeInput(folder: input.folder), MergeInput(folder: start, weight: -1)], settings: MergeSettings(method: .concatenation),
                to: change, threads: threads)
            let own = report.adapters[0]
            adapters.append(MergeReport.Adapter(
                folder: own.folder, weight: input.weight, rank: own.rank, alpha: own.alpha, rankStabilised: own.rankStabilised))
            return MergeInput(folder: change, weight: input.weight)
        }
        let merged = "\(scratch)/merged"
        let changed = try run(changes, settings: chosen, to: merged, threads: threads)
        let rank = settings.rank ?? .count(adapters.map(\.rank).max() ?? 1)
        let sum = try run(
            [MergeInput(folder: merged), MergeInput(folder: start)], settings: MergeSettings(method: .truncation, rank: rank), to: folder,
            threads: threads)
        var notes = changed.notes + ["merged were the changes since \(start), which was added back; cosines and norms are those of the changes"]
        if let kept = sum.energyKept { notes.append("the cut to the rank kept \(MergeReport.rounded(100 * kept)) % of the energy") }
        let report = MergeReport(
            settings: changed.settings, adapters: adapters, modules: changed.modules, surprises: changed.surprises, notes: notes)
        try report.write(to: folder)
        return report
    }

    /// Between an output folder's name and the number of the process that works beside it.
    private static let changes = ".changes-"

    /// What merges of this name left that were killed.
    private static func removeAbandonedChanges(beside folder: String) {
        let parent = (folder as NSString).deletingLastPathComponent, prefix = (folder as NSString).lastPathComponent + changes
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.isEmpty ? "." : parent)) ?? [] where name.hasPrefix(prefix) {
            guard let process = pid_t(name.dropFirst(prefix.count)), process != getpid(), kill(process, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: (parent as NSString).appendingPathComponent(name))
        }
    }

    /// The settings by which changes are merged.
    ///
    /// - Throws: `MergeError.unavailable` for a method or a space that knows factors only: the factors of a difference are no coordinates.
    private static func relative(_ settings: MergeSettings) throws -> MergeSettings {
        var chosen = settings
        let spaces = settings.method.spaces.filter { $0 != .factors }
        chosen.space = settings.space ?? (spaces.contains(.core) ? .core : spaces.first)
        guard let space = chosen.space, spaces.contains(space) else {
            throw MergeError.unavailable(
                method: settings.method.name, choice: "space factors relative to a start", instead: spaces.isEmpty ? ["linear, space core"] : spaces.map(\.rawValue))
        }
        chosen.rank = .full
        try chosen.check()
        return chosen
    }

    /// Every check of a merge, without the merge.
    ///
    /// - Throws: what `run` would throw before it writes anything.
    public static func check(
        _ inputs: [MergeInput], relativeTo start: String? = nil, settings: MergeSettings, to folder: String
    ) throws {
        guard let start else {
            _ = try MergePlan(inputs, settings, output: folder)
            return
        }
        _ = try relative(settings)
        _ = try MergePlan(inputs + [MergeInput(folder: start)], MergeSettings(method: .concatenation), output: folder)
    }
}
