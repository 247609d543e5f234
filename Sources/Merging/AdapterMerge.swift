import Checkpoints
import Dispatch
import Foundation
import Groundwork
import Synchronization
import Torch

/// Merges adapters into one, from folders to a folder.
public enum AdapterMerge {
    public static let reportName = "merge.json"

    /// Reads the adapters of `inputs`, merges them and writes a PEFT adapter with its report to `folder`.
    ///
    /// Modules are merged two at a time, each in memory only while it is worked on, and the result does not depend on the
    /// number of threads. `MergePlan` says what becomes of the scales.
    ///
    /// - Parameters:
    ///   - threads: modules worked on at once.
    ///   - progress: called with the number of modules finished since the last call.
    /// - Throws: `MergeError`, `CheckpointError`, `FileError`, `Interrupted`. Nothing is left half written.
    @discardableResult
    public static func run(
        _ inputs: [MergeInput], settings: MergeSettings = MergeSettings(), to folder: String, threads: Int = 2,
        progress: ((Int) -> Void)? = nil
    ) throws -> MergeReport {
        precondition(threads > 0, "at least one thread")
        let plan = try MergePlan(inputs, settings, output: folder)
        let entries = plan.modules.flatMap { module in
            [
                Safetensors.Entry(
                    AdapterFile.tensorName(module.path, .a), plan.outputType(module.factors[0].a), module.factors[0].a.shape),
                Safetensors.Entry(
                    AdapterFile.tensorName(module.path, .b), plan.outputType(module.factors[0].b), module.factors[0].b.shape),
            ]
        }
        var reports: [Int: MergeReport.Module] = [:]
        var ready: [String: MergedTensor] = [:]
        var next = 0
        try AdapterFile.write(plan.configuration, entries, to: folder) { entry, sink in
            // The writer asks in the order of the modules, except for a copied adapter of several types.
            while ready[entry.name] == nil {
                try Interruption.check()
                let batch = next..<min(next + threads, plan.modules.count)
                precondition(!batch.isEmpty, "each entry belongs to a module and is asked for once")
                for (index, merged) in try zip(batch, merge(batch, of: plan)) {
                    reports[index] = merged.report
                    for tensor in merged.tensors { ready[tensor.name] = tensor }
                }
                next = batch.upperBound
                progress?(batch.count)
            }
            try ready.removeValue(forKey: entry.name)?.write(as: entry.type, to: sink)
        }
        let report = MergeReport(
            settings: settings,
            adapters: zip(inputs, plan.adapters).map { input, adapter in
                MergeReport.Adapter(
                    folder: input.folder, weight: input.weight, rank: adapter.configuration.rank,
                    alpha: adapter.configuration.alpha, rankStabilised: adapter.configuration.useRSLoRA)
            },
            modules: plan.modules.indices.compactMap { reports[$0] }, notes: plan.notes)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(report) + Data("\n".utf8), to: "\(folder)/\(reportName)")
        return report
    }

    /// Merges some modules at once, a thread each.
    private static func merge(_ batch: Range<Int>, of plan: MergePlan) throws -> [MergedModule] {
        let results = Mutex<[Int: Result<MergedModule, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: batch.count) { offset in
            let index = batch.lowerBound + offset
            let result = Result { try MergedModule(plan.modules[index], of: plan) }
            results.withLock { $0[index] = result }
        }
        return try results.withLock { results in try batch.compactMap { try results[$0]?.get() } }
    }
}

extension MergePlan {
    /// A copied tensor keeps its type.
    func outputType(_ tensor: StoredTensor) -> DType {
        if isCopy, case .dense(let type) = tensor.type { return type }
        return type
    }
}

/// One tensor of the result.
private struct MergedTensor: Sendable {
    enum Content: Sendable {
        /// As it lies in the only adapter's file.
        case copy(StoredTensor)
        case floats([Float])
    }
    let name: String
    let content: Content

    func write(as type: DType, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch content {
        case .copy(let tensor):
            try withExtendedLifetime(tensor) { try sink(tensor.bytes) }
        case .floats(let values):
            switch type {
            case .bfloat16: try values.map(HalfPrecision.bfloat16).withUnsafeBytes(sink)
            case .float16: try values.map { Float16($0) }.withUnsafeBytes(sink)
            default: try values.withUnsafeBytes(sink)
            }
        }
    }
}

/// Both merged factors of one module and what happened to them.
private struct MergedModule: Sendable {
    let tensors: [MergedTensor]
    let report: MergeReport.Module

    init(_ module: MergePlan.Module, of plan: MergePlan) throws {
        let a = try module.factors.map { try Self.finite($0.a) }
        let b = try module.factors.map { try Self.finite($0.b) }
        let density = plan.isSingle ? 1 : plan.settings.density
        let merge = FactorMerge(method: plan.settings.method, density: density, sign: plan.settings.sign)
        var (trimmedA, trimmedB) = (a, b)
        let mergedA = merge.merge(&trimmedA, weights: module.weights.a)
        let mergedB = merge.merge(&trimmedB, weights: module.weights.b)
        let names = (AdapterFile.tensorName(module.path, .a), AdapterFile.tensorName(module.path, .b))
        if plan.isCopy {
            let factors = module.factors[0]
            tensors = [MergedTensor(name: names.0, content: .copy(factors.a)), MergedTensor(name: names.1, content: .copy(factors.b))]
        } else {
            tensors = [
                MergedTensor(name: names.0, content: .floats(mergedA.merged)),
                MergedTensor(name: names.1, content: .floats(mergedB.merged)),
            ]
        }
        let parameters = mergedA.tally.entries + mergedB.tally.entries
        let share = { (count: Int) in Double(count) / Double(parameters) }
        let merged = LowRankDelta(a: mergedA.merged, b: mergedB.merged, rank: module.rank)
        let norm = merged.norm
        report = MergeReport.Module(
            path: module.path, adapters: module.adapters, rank: module.rank, parameters: parameters,
            trimmed: zip(mergedA.tally.trimmed, mergedB.tally.trimmed).map { share($0 + $1) },
            signConflicts: share(mergedA.tally.conflicts + mergedB.tally.conflicts),
            cosines: zip(a, b).map { a, b in
                let own = LowRankDelta(a: a, b: b, rank: module.rank)
                return own.cosine(merged, norms: (own.norm, norm))
            })
    }

    /// - Throws: `MergeError.notFinite` for the first entry that is no finite number.
    private static func finite(_ tensor: StoredTensor) throws -> [Float] {
        let values = try tensor.floats()
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw MergeError.notFinite(tensor: tensor.name, file: tensor.file.path, index: index, value: values[index])
        }
        return values
    }
}

package enum HalfPrecision {
    /// The upper half of the float's bits, rounded to nearest, ties to even.
    package static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }
}
