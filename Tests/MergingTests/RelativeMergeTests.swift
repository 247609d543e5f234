import Checkpoints
import Foundation
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
