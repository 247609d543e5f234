import Checkpoints
import Foundation
import Groundwork
import Torch

/// Merges adapters into one, from folders to a folder.
public enum AdapterMerge {
    public static let reportName = "merge.json"

    /// Reads the adapters of `inputs`, merges them and writes a PEFT adapter with its report to `folder`.
    ///
    /// The adapters are mapped; modules are merged by several threads, each in memory only while it is worked on and until it is
    /// written, so memory grows with the largest module and not with their number. The result does not depend on the number of
    /// threads. `MergePlan` says what becomes of the scales.
    ///
    /// - Parameters:
    ///   - threads: modules worked on at once.
    ///   - progress: called with the number of modules finished since the last call.
    /// - Throws: `MergeError`, `CheckpointError`, `FileError`, `TorchError` (the spaces but `factors` decompose matrices with libtorch),
    ///   `Interrupted`. Nothing is left half written.
    @discardableResult
    public static func run(
        _ inputs: [MergeInput], settings: MergeSettings = MergeSettings(), to folder: String, threads: Int = 2,
        progress: ((Int) -> Void)? = nil
    ) throws -> MergeReport {
        precondition(threads > 0, "at least one thread")
        let plan = try MergePlan(inputs, settings, output: folder)
        let restore = try oneLibraryThread(plan)
        defer { restore() }
        let thresholds = plan.settings.trimsWholeVector && !plan.isSingle
            ? try WholeVectorTrimming.thresholds(plan, threads: threads) : nil
        let entries = plan.modules.flatMap { module in
            let factors = module.factors[0]
            return [
                Safetensors.Entry(
                    AdapterFile.tensorName(module.path, .a), plan.outputType(factors.a), [module.rank, module.shape[1]]),
                Safetensors.Entry(
                    AdapterFile.tensorName(module.path, .b), plan.outputType(factors.b), [module.shape[0], module.rank]),
            ]
        }
        let work = OrderedWork(plan.modules.count, threads: threads) { index in
            try MergedModule(plan.modules[index], of: plan, thresholds: thresholds)
        }
        defer { work.stop() }
        var reports: [MergeReport.Module] = []
        var ready: [String: MergedTensor] = [:]
        try AdapterFile.write(plan.configuration, entries, to: folder) { entry, sink in
            // The writer asks in the order of the modules, except for a copied adapter of several types.
            while ready[entry.name] == nil {
                try Interruption.check(keepsWork: false)
                precondition(reports.count < plan.modules.count, "each entry belongs to a module and is asked for once")
                let merged = try work.take(reports.count)
                reports.append(merged.report)
                for tensor in merged.tensors { ready[tensor.name] = tensor }
                progress?(1)
            }
            try ready.removeValue(forKey: entry.name)?.write(to: sink)
        }
        let report = MergeReport(plan, reports)
        try report.write(to: folder)
        return report
    }

    /// Where modules are decomposed side by side, each with one of libtorch's threads.
    private static func oneLibraryThread(_ plan: MergePlan) throws -> () -> Void {
        guard plan.settings.space != .factors, !plan.isSingle else { return {} }
        let library = try Libtorch.open()
        let before = library.threads
        library.threads = 1
        return { library.threads = before }
    }
}

extension MergePlan {
    /// A copied tensor keeps its type.
    func outputType(_ tensor: StoredTensor) -> DType {
        if isCopy, case .dense(let type) = tensor.type { return type }
        return type
    }
}
