import Checkpoints
import Foundation
import Testing
import Torch

import Merging

@Suite struct AdapterMergeTests {
    static let caseNames = [
        "ties-total-0.8", "ties-frequency-0.8", "ties-frequency-0.33-weighted", "ties-total-1.0-weighted", "ties-stable-first",
        "ties-union", "linear", "linear-negative", "prune", "ties-half",
    ]

    /// Every tensor against PEFT's `add_weighted_adapter`. Sums of three floats may be ordered differently, hence 1e-6;
    /// bfloat16 results must agree to the bit.
    @Test(arguments: caseNames) func tensorsArePEFTs(name: String) throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(try Fixture.cases()[name])
        try AdapterMerge.run(fixture.inputs, settings: fixture.settings(), to: folder("out"))
        let merged = try AdapterFile.read(folder("out"))
        let expected = try Fixture.expected(name)
        #expect(merged.tensors.count * 2 == expected.count)
        for (module, factors) in merged.tensors {
            for (tensor, key) in [(factors.a, "\(module).A"), (factors.b, "\(module).B")] {
                let reference = try #require(expected[key])
                #expect(tensor.shape == reference.shape)
                #expect(tensor.type == reference.type)
                let (found, wanted) = (try tensor.floats(), try reference.floats())
                #expect(distance(found.map(Double.init), wanted.map(Double.init)) < (name == "ties-half" ? 1e-9 : 1e-6), "\(key)")
            }
        }
    }

    /// What the factors mean is right whichever adapter comes first: the scale that is written is 1, since the factors carry it.
    /// PEFT writes √r = 2 when the first adapter is rank-stabilised.
    @Test(arguments: caseNames) func writtenScaleIsOne(name: String) throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(try Fixture.cases()[name])
        try AdapterMerge.run(fixture.inputs, settings: fixture.settings(), to: folder("out"))
        let merged = try AdapterFile.read(folder("out"))
        #expect(!merged.configuration.useRSLoRA)
        for module in merged.modules { #expect(merged.configuration.scale(of: module) == 1) }
        #expect(fixture.peftWrittenScale == (name == "ties-stable-first" ? 2 : 1))
    }

    /// With alpha ≠ r, rank-stabilised or not, with patterns, in float32 and bfloat16, by every method and at any density.
    @Test(arguments: ["plain", "stable", "third", "narrow", "mixed", "half-a", "half-b"],
        MergeMethod.all.map(\.name).filter { $0 != "iso_c" })
    func mergingOneAdapterChangesNothing(name: String, method: String) throws {
        let folder = try TemporaryFolder()
        let settings = MergeSettings(method: try .named(method), density: 0.8)
        let report = try AdapterMerge.run([MergeInput(folder: Fixture.adapter(name))], settings: settings, to: folder("out"))
        let (before, after) = (try AdapterFile.read(Fixture.adapter(name)), try AdapterFile.read(folder("out")))
        #expect(!after.configuration.useRSLoRA && after.configuration.rankPattern == before.configuration.rankPattern)
        for module in before.modules {
            // Every reader's scale: α/r, with patterns, is what it was.
            #expect(abs(after.configuration.scale(of: module) - before.configuration.scale(of: module)) < 1e-12)
        }
        #expect(after.tensors.count == before.tensors.count)
        for (module, factors) in before.tensors {
            let merged = try #require(after.tensors[module])
            #expect(Array(merged.a.bytes) == Array(factors.a.bytes))
            #expect(Array(merged.b.bytes) == Array(factors.b.bytes))
        }
        // PEFT's own idea of this adapter's delta.
        let expected = try Fixture.expected("delta-\(name)")
        let tolerance = name.hasPrefix("half") ? 0.01 : 1e-5
        for (module, delta) in try deltas(folder("out")) {
            #expect(distance(delta, try #require(expected[module]).floats().map(Double.init)) < tolerance)
        }
        #expect(report.modules.allSatisfy { $0.trimmed == [0] && $0.cosines.allSatisfy { abs(($0 ?? 0) - 1) < 1e-6 } })
    }

    @Test func aWeightScalesTheDelta() throws {
        let folder = try TemporaryFolder()
        try AdapterMerge.run([MergeInput(folder: Fixture.adapter("stable"), weight: -0.5)], to: folder("out"))
        let (before, after) = (try deltas(Fixture.adapter("stable")), try deltas(folder("out")))
        for (module, delta) in after {
            #expect(distance(delta, try #require(before[module]).map { -0.5 * $0 }) < 1e-6)
        }
    }

    /// The same adapter twice, each at weight 1, agrees with itself everywhere: TIES gives it back, whatever its own scale.
    @Test(arguments: ["plain", "stable", "mixed"]) func agreeingAdaptersComeBack(name: String) throws {
        let folder = try TemporaryFolder()
        let input = MergeInput(folder: Fixture.adapter(name))
        let report = try AdapterMerge.run([input, input], settings: MergeSettings(density: 1), to: folder("out"))
        let (before, after) = (try deltas(Fixture.adapter(name)), try deltas(folder("out")))
        #expect(before.count == after.count)
        for (module, delta) in after { #expect(distance(delta, try #require(before[module])) < 1e-6) }
        #expect(report.signConflicts == 0)
    }

    /// A module of another rank keeps its rank, and its scale is 1 too.
    @Test func ranksByPatternAreKept() throws {
        let folder = try TemporaryFolder()
        let input = MergeInput(folder: Fixture.adapter("mixed"))
        try AdapterMerge.run([input, input], to: folder("out"))
        let merged = try AdapterFile.read(folder("out")).configuration
        #expect(merged.rank == 4 && merged.alpha == 4)
        #expect(merged.rankPattern == ["v_proj": 2])
        #expect(merged.alphaPattern == ["v_proj": 2])
        #expect(merged.targetModules == ["q_proj", "v_proj"])
    }

    @Test func theBytesDoNotDependOnThreads() throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(try Fixture.cases()["ties-frequency-0.33-weighted"])
        for threads in [1, 2, 5] {
            try AdapterMerge.run(fixture.inputs, settings: fixture.settings(), to: folder("\(threads)"), threads: threads)
        }
        for name in [AdapterFile.weightsName, AdapterFile.configurationName, AdapterMerge.reportName] {
            let one = try Data(contentsOf: URL(fileURLWithPath: folder("1/\(name)")))
            #expect(one.count > 0)
            for threads in [2, 5] { #expect(try Data(contentsOf: URL(fileURLWithPath: folder("\(threads)/\(name)"))) == one) }
        }
    }

    @Test func reportsEachModule() throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(try Fixture.cases()["ties-union"])
        var finished = 0
        let report = try AdapterMerge.run(fixture.inputs, settings: fixture.settings(), to: folder("out")) { finished += $0 }
        // plain: q, v, down; narrow: q, up; two layers.
        #expect(report.modules.count == 8 && finished == 8)
        let query = try #require(report.modules.first { $0.path == "model.layers.0.self_attn.q_proj" })
        #expect(query.adapters == [0, 1] && query.rank == 4 && query.parameters == 128)
        // 64 entries a factor, of which Int(0.8 · 64) = 51 stay.
        #expect(query.trimmed == [26.0 / 128, 26.0 / 128])
        #expect(query.signConflicts > 0.1 && query.signConflicts < 0.9)
        #expect(query.cosines.allSatisfy { ($0 ?? 0) > 0.1 && ($0 ?? 1) < 1 })
        let up = try #require(report.modules.first { $0.path == "model.layers.1.mlp.up_proj" })
        #expect(up.adapters == [1] && up.signConflicts == 0)
        #expect(report.notes.contains { $0.contains("6 of 8 modules") })
        let written = try Data(contentsOf: URL(fileURLWithPath: folder("out/\(AdapterMerge.reportName)")))
        #expect(try JSONDecoder().decode(MergeReport.self, from: written) == report)
    }
}

@Suite struct MergeRefusalTests {
    private let plain = MergeInput(folder: Fixture.adapter("plain"))

    @Test func settings() throws {
        let folder = try TemporaryFolder()
        #expect(throws: MergeError.noAdapters) { try AdapterMerge.run([], to: folder("out")) }
        #expect(throws: MergeError.density(0)) { try AdapterMerge.run([plain], settings: .init(density: 0), to: folder("out")) }
        #expect(throws: MergeError.density(1.5)) { try AdapterMerge.run([plain], settings: .init(density: 1.5), to: folder("out")) }
        #expect(throws: MergeError.weight(0, folder: plain.folder)) {
            try AdapterMerge.run([MergeInput(folder: plain.folder, weight: 0)], to: folder("out"))
        }
        #expect(throws: MergeError.outputIsInput(plain.folder + "/../plain")) {
            try AdapterMerge.run([plain], to: plain.folder + "/../plain")
        }
        #expect(throws: MergeError.unknownMethod("slerp")) { try MergeMethod.named("slerp") }
        #expect(!FileManager.default.fileExists(atPath: folder("out")))
    }

    private let module = "model.layers.0.self_attn.q_proj"

    private func write(_ folder: String, rank: Int, width: Int = 3, a: Float = 1) throws -> MergeInput {
        let configuration = AdapterConfiguration(rank: rank, alpha: 4, targetModules: ["q_proj"])
        var factor = [Float](repeating: 1, count: rank * width)
        factor[1] = a
        try writeAdapter(configuration, [(module, factor, [Float](repeating: 1, count: rank * 2))], to: folder)
        return MergeInput(folder: folder)
    }

    @Test func ranksThatDiffer() throws {
        let folder = try TemporaryFolder()
        let inputs = [try write(folder("a"), rank: 2), try write(folder("b"), rank: 1)]
        #expect(throws: MergeError.ranksDiffer(module: module, found: ["\(folder("a")): rank 2", "\(folder("b")): rank 1"])) {
            try AdapterMerge.run(inputs, to: folder("out"))
        }
    }

    @Test func shapesThatDiffer() throws {
        let folder = try TemporaryFolder()
        let inputs = [try write(folder("a"), rank: 2), try write(folder("b"), rank: 2, width: 5)]
        #expect(throws: MergeError.shapesDiffer(module: module, factor: "A", found: ["\(folder("a")): [2, 3]", "\(folder("b")): [2, 5]"])) {
            try AdapterMerge.run(inputs, to: folder("out"))
        }
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan]) func numbersThatAreNone(value: Float) throws {
        let folder = try TemporaryFolder()
        let inputs = [try write(folder("a"), rank: 2), try write(folder("b"), rank: 2, a: value)]
        let error = #expect(throws: CheckpointError.self) { try AdapterMerge.run(inputs, to: folder("out")) }
        guard case .notFinite(let file, let tensor, let index, _) = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(tensor == AdapterFile.tensorName(module, .a))
        #expect(file == folder("b") + "/adapter_model.safetensors")
        #expect(index == 1)
        #expect(!FileManager.default.fileExists(atPath: folder("out/adapter_model.safetensors")))
        #expect(throws: CheckpointError.self) { try AdapterMerge.run([inputs[1]], to: folder("out")) }
    }

    /// What would be written as infinity, or is so large that its size cannot be told, is refused before there is a file.
    @Test func numbersThatGrowTooLarge() throws {
        let folder = try TemporaryFolder()
        let large = [try write(folder("a"), rank: 2, a: 1e30), try write(folder("b"), rank: 2)]
        #expect(throws: MergeError.self) { try AdapterMerge.run(large, to: folder("out")) }
        let halves = try (0..<2).map { index in
            let name = AdapterFile.tensorName(module, .a), other = AdapterFile.tensorName(module, .b)
            let configuration = AdapterConfiguration(rank: 1, alpha: 1024, targetModules: ["q_proj"])
            let entries = [Safetensors.Entry(name, .float16, [1, 3]), Safetensors.Entry(other, .float16, [2, 1])]
            try AdapterFile.write(configuration, entries, to: folder("half \(index)")) { entry, sink in
                try [Float16](repeating: 200, count: entry.shape[0] * entry.shape[1]).withUnsafeBytes(sink)
            }
            return MergeInput(folder: folder("half \(index)"))
        }
        let error = #expect(throws: MergeError.self) { try AdapterMerge.run(halves, settings: MergeSettings(method: .concatenation), to: folder("out")) }
        #expect(error == .tooLarge(tensor: AdapterFile.tensorName(module, .a), value: 204_800, type: .float16))
        #expect(throws: MergeError.self) { try AdapterMerge.run([large[1], large[1]], settings: MergeSettings(lambda: 1e300), to: folder("out")) }
        #expect(!FileManager.default.fileExists(atPath: folder("out/adapter_model.safetensors")))
    }

    /// Alpha may be below zero: the change is then turned round.
    @Test(arguments: [MergeConvention.peft, .paper, .mergekit]) func aScaleBelowZeroIsASign(convention: MergeConvention) throws {
        let folder = try TemporaryFolder()
        let (a, b): ([Float], [Float]) = ([1, 2, 3, 4, 5, 6], [1, -1, 0.5, 2])
        for (name, alpha) in [("plain", 4.0), ("turned", -4.0)] {
            let configuration = AdapterConfiguration(rank: 2, alpha: alpha, targetModules: ["q_proj"])
            try writeAdapter(configuration, [(module, a, b)], to: folder(name))
        }
        // Twice: of one adapter the tensors are copied.
        let settings = MergeSettings(method: .linear, convention: convention, lambda: 0.5)
        for name in ["plain", "turned"] {
            try AdapterMerge.run([MergeInput(folder: folder(name)), MergeInput(folder: folder(name))], settings: settings, to: folder("merged \(name)"))
        }
        let (plain, turned) = (try deltas(folder("merged plain"))[module]!, try deltas(folder("merged turned"))[module]!)
        #expect(plain.contains { $0 != 0 } && distance(turned, plain.map { -$0 }) < 1e-6)
    }

    /// A merge that was killed left its changes behind; the next one of that name clears them away, but not those of one that runs.
    @Test func changesOfAKilledMergeAreRemoved() throws {
        let folder = try TemporaryFolder()
        let inputs = [try write(folder("a"), rank: 2)], start = try write(folder("start"), rank: 2)
        let (killed, running) = (folder("out.changes-99999999"), folder("out.changes-\(getppid())"))
        for path in [killed, running] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        try AdapterMerge.run(inputs, relativeTo: start.folder, settings: MergeSettings(method: .linear), to: folder("out"))
        #expect(!FileManager.default.fileExists(atPath: killed) && FileManager.default.fileExists(atPath: running))
    }

    /// What an adapter lost would not be seen in the union of all modules; what it leaves out by choice is written down in the merge.
    @Test func blocksAreLeftOutByChoiceAlone() throws {
        let folder = try TemporaryFolder(), paths = (0..<2).map { "model.layers.\($0).self_attn.q_proj" }
        func adapter(_ name: String, _ blocks: Range<Int>, _ targets: [String] = ["q_proj"], layers: [Int]? = nil) throws -> MergeInput {
            let configuration = AdapterConfiguration(rank: 1, alpha: 2, targetModules: targets, layers: layers)
            try writeAdapter(configuration, blocks.map { (paths[$0], [1, 2], [3, 4]) }, to: folder(name))
            return MergeInput(folder: folder(name))
        }
        func merged(_ inputs: [MergeInput]) throws -> AdapterConfiguration {
            try AdapterMerge.run(inputs, to: folder("out"))
            return try AdapterFile.read(folder("out")).configuration
        }
        let whole = try adapter("whole", 0..<2), part = try adapter("part", 0..<1)
        #expect(throws: MergeError.incomplete(folder: folder("part"), module: paths[1])) { try AdapterMerge.run([whole, part], to: folder("out")) }
        let chosen = try adapter("chosen", 0..<1, layers: [0]), named = try adapter("named", 0..<1, [paths[0]])
        let both = try merged([whole, chosen])
        #expect(both.targetModules == ["q_proj"] && both.layers == nil)
        let first = try merged([chosen, chosen])
        #expect(first.targetModules == ["q_proj"] && first.layers == [0])
        let one = try merged([named, chosen])
        #expect(one.targetModules == [paths[0]] && one.layers == nil)
    }

    /// q in one layer and v in another: names alone would say both are in both layers.
    @Test func targetsAreWholePathsWhereNamesSayTooMuch() throws {
        let folder = try TemporaryFolder()
        let configuration = AdapterConfiguration(rank: 1, alpha: 2, targetModules: ["q_proj", "v_proj"])
        let paths = ["model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.v_proj"]
        try writeAdapter(configuration, paths.map { ($0, [1, 2], [3, 4]) }, to: folder("a"))
        let input = MergeInput(folder: folder("a"))
        try AdapterMerge.run([input, input], to: folder("out"))
        #expect(try AdapterFile.read(folder("out")).configuration.targetModules == paths)
    }
}
