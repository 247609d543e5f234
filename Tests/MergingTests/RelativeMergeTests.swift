import Checkpoints
import Foundation
import Groundwork
import Merging
import Testing

/// Merging what adapters learnt since a common start, on fixtures of three scales, of which the third stands for the start.
@Suite struct RelativeMergeTests {
    private let start = Fixture.adapter("third")

    @Test(arguments: ["ties", "linear", "dare_ties", "svd"]) func oneAdapterComesBack(method: String) throws {
        let folder = try TemporaryFolder()
        try AdapterMerge.run(
            [MergeInput(folder: Fixture.adapter("stable"))], relativeTo: start, settings: MergeSettings(method: .named(method)), to: folder("out"))
        let (found, expected) = (try deltas(folder("out")), try deltas(Fixture.adapter("stable")))
        #expect(found.keys.sorted() == expected.keys.sorted())
        for (module, values) in expected { #expect(distance(found[module] ?? [], values) < 1e-5, "\(module)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test func theSumOfChangesIsAddedToTheStart() throws {
        let folder = try TemporaryFolder()
        let report = try AdapterMerge.run(
            [MergeInput(folder: Fixture.adapter("plain"), weight: 0.5), MergeInput(folder: Fixture.adapter("stable"), weight: 2)], relativeTo: start,
            settings: MergeSettings(method: .linear, rank: .full), to: folder("out"))
        let (a, b, common) = (try deltas(Fixture.adapter("plain")), try deltas(Fixture.adapter("stable")), try deltas(start))
        let found = try deltas(folder("out"))
        for (module, values) in common {
            let expected = values.indices.map { values[$0] + 0.5 * (a[module]![$0] - values[$0]) + 2 * (b[module]![$0] - values[$0]) }
            #expect(distance(found[module] ?? [], expected) < 1e-5, "\(module)")
        }
        #expect(report.adapters.map(\.weight) == [0.5, 2] && report.adapters.map(\.rankStabilised) == [false, true])
        #expect(report.settings.space == .core && report.settings.method == .linear)
    }

    /// Adapters that have not moved from the start merge to the start, once, however many they are; plain sums count it three times.
    @Test func theStartCountsOnce() throws {
        let folder = try TemporaryFolder()
        let inputs = (0..<3).map { _ in MergeInput(folder: start) }
        try AdapterMerge.run(inputs, relativeTo: start, settings: MergeSettings(method: .linear), to: folder("out"))
        let (found, expected) = (try deltas(folder("out")), try deltas(start))
        for (module, values) in expected { #expect(distance(found[module] ?? [], values) < 1e-5, "\(module)") }
    }

    /// The change of each adapter carries the start's factors, so the adapters' factors side by side say some things twice. Those empty
    /// directions are no small entries that a density could drop first: the same deltas without them merge alike.
    @Test(arguments: ["ties", "della"], [MergeSpace.core, .knots]) func factorsThatRepeatThemselvesCountOnce(method: String, space: MergeSpace) throws {
        let folder = try TemporaryFolder(), path = "model.layers.0.mlp.up_proj"
        let rank = 3, width = 20, height = 30
        var inputs: [String: [MergeInput]] = [:]
        for adapter in 0..<3 {
            var random = CounterRandom(seed: 7, phase: "factors", step: UInt64(adapter))
            func rows(_ count: Int, _ width: Int) -> [[Float]] { (0..<count).map { _ in (0..<width).map { _ in Float(random.normal()) } } }
            let a = rows(rank, width), b = rows(height, rank)
            for (name, copies) in [("once", 1), ("four times", 4)] {
                let whole = "\(folder("\(name) \(adapter)"))"
                let configuration = AdapterConfiguration(rank: rank * copies, alpha: Double(rank * copies), targetModules: ["up_proj"])
                try writeAdapter(
                    configuration,
                    [(path, (0..<copies).flatMap { _ in a.flatMap { $0 } }, b.flatMap { row in (0..<copies).flatMap { _ in row.map { $0 / Float(copies) } } })],
                    to: whole)
                inputs[name, default: []].append(MergeInput(folder: whole))
            }
        }
        func merged(_ name: String, density: Double) throws -> [Double] {
            let out = folder("\(name) at \(density)")
            try AdapterMerge.run(
                inputs[name]!, settings: MergeSettings(method: .named(method), space: space, density: density, sign: .total, rank: .full, seed: 3), to: out)
            return try deltas(out)[path]!
        }
        let (once, often, whole) = (try merged("once", density: 0.5), try merged("four times", density: 0.5), try merged("four times", density: 1))
        #expect(distance(often, once) < 1e-4)
        #expect(distance(often, whole) > 0.05)
    }

    @Test func whatWorksOnFactorsAloneIsRefused() throws {
        let folder = try TemporaryFolder()
        let inputs = [MergeInput(folder: Fixture.adapter("plain")), MergeInput(folder: Fixture.adapter("stable"))]
        for settings in [MergeSettings(method: .concatenation), MergeSettings(method: .ties, space: .factors)] {
            #expect(throws: MergeError.self) { try AdapterMerge.run(inputs, relativeTo: start, settings: settings, to: folder("out")) }
        }
        #expect(throws: MergeError.outputIsInput(start)) { try AdapterMerge.run(inputs, relativeTo: start, to: start) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
