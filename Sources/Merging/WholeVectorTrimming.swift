import Dispatch
import Groundwork
import Synchronization

/// TIES as its paper has it: an adapter's largest entries survive wherever they are, so there is one threshold for all its modules.
/// It is found exactly, by two passes over all modules that keep nothing but a histogram.
enum WholeVectorTrimming {
    /// - Returns: the magnitude bits of the smallest entry that is kept, one an adapter.
    static func thresholds(_ plan: MergePlan, threads: Int) throws -> [UInt32] {
        var selections = plan.adapters.map { _ in ThresholdSelection() }
        for _ in 0..<2 {
            let present = selections
            let work = OrderedWork(plan.modules.count, threads: threads) { index in
                let module = plan.modules[index]
                var histograms: [(adapter: Int, counts: [Int])] = []
                for group in try MergedModule.coordinates(MergedModule.parts(of: module, plan), plan.settings).groups {
                    for (adapter, vector) in zip(module.adapters, group.vectors) {
                        histograms.append((adapter, vector.withUnsafeBufferPointer { present[adapter].histogram(of: $0) }))
                    }
                }
                return histograms
            }
            defer { work.stop() }
            for index in plan.modules.indices {
                try Interruption.check()
                for (adapter, counts) in try work.take(index) { selections[adapter].add(counts) }
            }
            for adapter in selections.indices {
                selections[adapter].advance(keeping: max(1, Int(plan.settings.density * Double(selections[adapter].total))))
            }
        }
        return selections.map(\.bits)
    }
}
