import Checkpoints
import Foundation
import Testing

import Merging

/// PEFT's merges of whole deltas, where PEFT's scale is right (`merging.py`).
@Suite struct PEFTDeltaTests {
    private struct Case: Decodable {
        let adapters: [String]
        let weights: [Double]
        let method: String
        let density: Double?
        let sign: String?
        let rank: Int?
    }

    @Test(arguments: ["cat", "cat-mixed", "svd", "ties_svd", "magnitude_prune_svd"]) func deltasArePEFTs(name: String) throws {
        let folder = try TemporaryFolder()
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/delta-cases.json"))
        let fixture = try #require(try JSONDecoder().decode([String: Case].self, from: data)[name])
        let isDelta = fixture.method.hasSuffix("_svd")
        let settings = MergeSettings(
            method: try .named(isDelta ? String(fixture.method.dropLast("_svd".count)) : fixture.method), space: isDelta ? .delta : nil,
            convention: .peft, density: fixture.density ?? 1, sign: fixture.sign.flatMap(SignElection.init), rank: fixture.rank.map(MergeRank.count))
        let inputs = zip(fixture.adapters, fixture.weights).map { MergeInput(folder: Fixture.adapter($0), weight: $1) }
        try AdapterMerge.run(inputs, settings: settings, to: folder("out"))
        let (found, expected) = (try deltas(folder("out")), try Fixture.expected("merged-\(name)"))
        #expect(found.count == expected.count)
        for (module, delta) in found {
            #expect(distance(delta, try #require(expected[module]).floats().map(Double.init)) < 1e-5, "\(module)")
        }
    }
}

/// mergekit's own arithmetic (`merging_mergekit.py`).
@Suite struct MergekitTests {
    private struct Fixtures: Decodable {
        struct Case: Decodable {
            let method: String
            let weights: [Float]
            let density: Double
            let sign: String?
            let gamma: Double
            let merged: [Float]
        }
        let deltas: [[Float]]
        let width: Int
        let cases: [Case]
    }

    @Test(arguments: 0..<8) func entriesAreMergekits(number: Int) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/mergekit.json"))
        let fixtures = try JSONDecoder().decode(Fixtures.self, from: data)
        #expect(fixtures.cases.count == 8)
        let fixture = fixtures.cases[number]
        var vectors = fixtures.deltas
        let settings = MergeSettings(
            method: try .named(fixture.method), convention: .mergekit, density: fixture.density,
            sign: fixture.sign.flatMap(SignElection.init), gamma: fixture.gamma)
        let merged = EntryMerge(settings).merge(&vectors, weights: fixture.weights, width: fixtures.width).merged
        #expect(distance(merged.map(Double.init), fixture.merged.map(Double.init)) < 1e-6, "\(fixture.method)")
    }
}

/// TIES as its paper has it, over the whole adapter.
@Suite struct PaperTests {
    /// Factors of two modules of which one is a hundred times larger: by tensor each keeps half, by the whole vector only the large one.
    @Test func theWholeVectorIsTrimmed() throws {
        let folder = try TemporaryFolder()
        let configuration = AdapterConfiguration(rank: 1, alpha: 1, targetModules: ["q_proj", "v_proj"])
        let inputs = try ["a", "b"].map { name in
            try writeAdapter(
                configuration,
                [("model.layers.0.self_attn.q_proj", [100, 200, 300, 400], [500, 600]),
                 ("model.layers.0.self_attn.v_proj", [1, 2, 3, 4], [5, 6])], to: folder(name))
            return MergeInput(folder: folder(name))
        }
        func trimmed(_ convention: MergeConvention) throws -> [[Double]] {
            let settings = MergeSettings(method: .ties, convention: convention, density: 0.5)
            return try AdapterMerge.run(inputs, settings: settings, to: folder("out-\(convention)")).modules.map(\.trimmed)
        }
        #expect(try trimmed(.paper) == [[0, 0], [1, 1]])
        #expect(try trimmed(.peft) == [[0.5, 0.5], [0.5, 0.5]])
    }

    /// The threshold of each adapter is its own, and the same with any number of threads.
    @Test(arguments: MergeSpace.allCases) func thresholdsDoNotDependOnThreads(space: MergeSpace) throws {
        let folder = try TemporaryFolder()
        let inputs = ["plain", "stable", "third"].map { MergeInput(folder: Fixture.adapter($0)) }
        let settings = MergeSettings(method: .ties, space: space, convention: .paper, density: 0.3)
        let reports = try [1, 3].map { try AdapterMerge.run(inputs, settings: settings, to: folder("\($0)"), threads: $0) }
        #expect(reports[0] == reports[1])
        for adapter in 0..<3 {
            let all = reports[0].modules.reduce(0.0) { $0 + Double($1.parameters) }
            let dropped = reports[0].modules.reduce(0.0) { $0 + $1.trimmed[adapter] * Double($1.parameters) }
            #expect(abs(dropped / all - 0.7) < 0.01, "\(adapter)")
        }
    }
}

@Suite struct MergeChoiceTests {
    private let inputs = ["plain", "third"].map { MergeInput(folder: Fixture.adapter($0)) }

    @Test func choicesThatAreNone() throws {
        let folder = try TemporaryFolder()
        func refusal(_ settings: MergeSettings) -> MergeError? {
            #expect(throws: MergeError.self) { try AdapterMerge.run(inputs, settings: settings, to: folder("out")) }
        }
        #expect(refusal(MergeSettings(method: .concatenation, space: .core))
            == .unavailable(method: "cat", choice: "space core", instead: ["factors"]))
        #expect(refusal(MergeSettings(method: .della, convention: .peft))
            == .unavailable(method: "della", choice: "convention peft", instead: ["mergekit", "paper"]))
        #expect(refusal(MergeSettings(rank: .count(4))) == .rankIsGiven(method: "ties"))
        #expect(refusal(MergeSettings(lambda: 0))?.description.contains("lambda 0.0") == true)
        #expect(refusal(MergeSettings(method: .della, density: 0.1))?.description.contains("epsilon") == true)
        #expect(refusal(MergeSettings(space: .core, rank: .count(0)))?.description.contains("rank 0") == true)
        #expect(!FileManager.default.fileExists(atPath: folder("out")))
    }

    /// Settings come back from the report as they were chosen, with what was not chosen filled in.
    @Test func theReportNamesEveryChoice() throws {
        let folder = try TemporaryFolder()
        let settings = MergeSettings(method: .della, space: .core, density: 0.5, rank: .full, seed: 3)
        let report = try AdapterMerge.run(inputs, settings: settings, to: folder("out"))
        #expect(report.settings.convention == .mergekit && report.settings.sign == .total && report.settings.rank == .full)
        let written = try Data(contentsOf: URL(fileURLWithPath: folder("out/\(AdapterMerge.reportName)")))
        #expect(try JSONDecoder().decode(MergeReport.self, from: written) == report)
    }

    /// A module at which two adapters cancel stands out from ten at which they agree.
    @Test func theReportTellsWhatSurprises() throws {
        let folder = try TemporaryFolder()
        let configuration = AdapterConfiguration(rank: 1, alpha: 1, targetModules: ["q_proj"])
        let inputs = try ["a", "b"].map { name in
            let modules = (0..<10).map { layer in
                let turn: Float = name == "b" && layer == 7 ? -1 : 1
                return ("model.layers.\(layer).self_attn.q_proj", [turn, 2 * turn, turn], [Float(layer + 1), 1])
            }
            try writeAdapter(configuration, modules, to: folder(name))
            return MergeInput(folder: folder(name))
        }
        let report = try AdapterMerge.run(inputs, settings: MergeSettings(density: 1, sign: .total), to: folder("out"))
        let first = try #require(report.surprises.first)
        #expect(report.surprises.allSatisfy { $0.path == "model.layers.7.self_attn.q_proj" })
        #expect(report.surprises.contains { $0.measure == .signConflicts && $0.usual == 0 })
        #expect(report.summary.contains(first.sentence))
    }
}
