import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

import Merging

/// Random adapters: ranks, alphas, rank stabilisation, patterns, weights.
private struct RandomAdapters {
    let inputs: [MergeInput]

    /// - Parameter ranks: one an adapter; v_proj has one less where `mixes`.
    init(_ folder: TemporaryFolder, seed: UInt64, ranks: [Int], mixes: Bool = false) throws {
        var random = CounterRandom(seed: seed, phase: "adapters")
        inputs = try ranks.enumerated().map { index, rank in
            let pattern: ModulePatterns<Int> = mixes && rank > 1 ? ["v_proj": rank - 1] : [:]
            let configuration = AdapterConfiguration(
                rank: rank, alpha: Double(random.integer(in: 1...40)), useRSLoRA: random.uniform() < 0.5, targetModules: ["q_proj", "v_proj"],
                rankPattern: pattern, alphaPattern: mixes ? ["v_proj": Double(random.integer(in: 1...40))] : [:])
            let modules = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"].map { path in
                let rank = configuration.rank(of: path)
                return (
                    path, (0..<rank * 24).map { _ in Float(random.normal()) }, (0..<rank * 16).map { _ in Float(random.normal()) })
            }
            try writeAdapter(configuration, modules, to: folder("in-\(index)"))
            return MergeInput(folder: folder("in-\(index)"), weight: (random.uniform() * 3 - 1.5) + 0.01)
        }
    }

    /// Σ weight · scale · B·A, by module.
    func sum() throws -> [String: [Double]] {
        var sum: [String: [Double]] = [:]
        for input in inputs {
            for (module, delta) in try deltas(input.folder) {
                let weighted = delta.map { $0 * input.weight }
                sum[module] = sum[module].map { zip($0, weighted).map(+) } ?? weighted
            }
        }
        return sum
    }
}

/// As a reader sees it who knows α/r and nothing of rank stabilisation or patterns.
private func plainDeltas(_ folder: String) throws -> [String: [Double]] {
    let adapter = try AdapterFile.read(folder)
    let scale = adapter.configuration.alpha / Double(adapter.configuration.rank)
    return try deltas(folder).reduce(into: [:]) { all, entry in
        let own = adapter.configuration.scale(of: entry.key)
        all[entry.key] = entry.value.map { $0 / own * scale }
    }
}

private func expectEqual(_ found: [String: [Double]], _ expected: [String: [Double]], _ tolerance: Double, _ what: String = "") throws {
    #expect(found.count == expected.count)
    for (module, delta) in expected { #expect(distance(try #require(found[module]), delta) < tolerance, "\(what) \(module)") }
}

@Suite struct ScaleTests {
    @Test(arguments: 0..<20 as Range<UInt64>) func concatenationIsTheSumOfTheDeltas(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var random = CounterRandom(seed: seed, phase: "ranks")
        let adapters = try RandomAdapters(
            folder, seed: seed, ranks: (0..<random.integer(in: 2...4)).map { _ in random.integer(in: 1...6) }, mixes: seed % 2 == 0)
        try AdapterMerge.run(adapters.inputs, settings: MergeSettings(method: .concatenation), to: folder("out"))
        try expectEqual(deltas(folder("out")), adapters.sum(), 1e-6)
        try expectEqual(plainDeltas(folder("out")), adapters.sum(), 1e-6)
    }

    /// Whatever the space, a sum that is not cut to a rank loses nothing, with adapters of different ranks.
    @Test(arguments: [MergeSpace.delta, .core, .knots], 0..<5 as Range<UInt64>)
    func sumsAreExactInEverySpace(space: MergeSpace, seed: UInt64) throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: seed, ranks: [3, 2, 4], mixes: true)
        let settings = MergeSettings(method: .linear, space: space, rank: .full)
        let report = try AdapterMerge.run(adapters.inputs, settings: settings, to: folder("out"))
        try expectEqual(deltas(folder("out")), adapters.sum(), 1e-5)
        try expectEqual(plainDeltas(folder("out")), adapters.sum(), 1e-5)
        #expect(report.modules.allSatisfy { ($0.energyKept ?? 1) > 1 - 1e-6 })
    }

    /// One adapter, weight 1, every method that reconciles, every space and convention it has.
    @Test(arguments: MergeMethod.all.filter { $0 != .isotropic }) func oneAdapterKeepsItsDelta(method: MergeMethod) throws {
        for space in method.spaces {
            for convention in method.conventions {
                for seed in 0..<3 as Range<UInt64> {
                    let folder = try TemporaryFolder()
                    let adapters = try RandomAdapters(folder, seed: seed, ranks: [4])
                    for rank in space == .factors ? [nil] : [nil, MergeRank.full, .count(4), .count(9)] {
                        let settings = MergeSettings(method: method, space: space, convention: convention, density: 0.5, rank: rank)
                        let out = folder("out \(rank.map { "\($0)" } ?? "")")
                        try AdapterMerge.run([MergeInput(folder: adapters.inputs[0].folder)], settings: settings, to: out)
                        try expectEqual(deltas(out), deltas(adapters.inputs[0].folder), 1e-6, "\(method.name) \(space) \(convention)")
                        try expectEqual(plainDeltas(out), deltas(adapters.inputs[0].folder), 1e-6)
                    }
                }
            }
        }
    }

    /// A rank below its own is all that a method may take from a single adapter: every one gives the best approximation of that rank.
    @Test(arguments: MergeMethod.all.filter { $0.combination != .isotropic && $0.spaces.contains { $0 != .factors } })
    func oneAdapterIsCutAndNotTrimmed(method: MergeMethod) throws {
        let folder = try TemporaryFolder()
        let adapter = MergeInput(folder: try RandomAdapters(folder, seed: 1, ranks: [4]).inputs[0].folder)
        try AdapterMerge.run([adapter], settings: MergeSettings(method: .truncation, rank: .count(2)), to: folder("cut"))
        for space in method.spaces where space != .factors {
            for convention in method.conventions {
                let settings = MergeSettings(method: method, space: space, convention: convention, density: 0.5, rank: .count(2))
                try AdapterMerge.run([adapter], settings: settings, to: folder("out"))
                try expectEqual(deltas(folder("out")), deltas(folder("cut")), 1e-4, "\(method.name) \(space) \(convention)")
            }
        }
    }

    /// An adapter that agrees with itself comes back from every method that averages, at any weights of one sum.
    @Test(arguments: [MergeSpace.factors, .delta, .core, .knots], MergeConvention.allCases)
    func agreeingAdaptersComeBack(space: MergeSpace, convention: MergeConvention) throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: 3, ranks: [4])
        let input = MergeInput(folder: adapters.inputs[0].folder)
        let settings = MergeSettings(method: .ties, space: space, convention: convention, density: 1)
        try AdapterMerge.run([input, input, input], settings: settings, to: folder("out"))
        try expectEqual(deltas(folder("out")), deltas(input.folder), 1e-5)
    }

    @Test(arguments: [MergeSpace.factors, .delta, .core, .knots]) func lambdaScalesTheDelta(space: MergeSpace) throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: 5, ranks: [4, 4])
        var settings = MergeSettings(method: .ties, space: space, rank: space == .factors ? nil : .full)
        try AdapterMerge.run(adapters.inputs, settings: settings, to: folder("one"))
        settings.lambda = -2.5
        try AdapterMerge.run(adapters.inputs, settings: settings, to: folder("out"))
        try expectEqual(deltas(folder("out")), deltas(folder("one")).mapValues { $0.map { -2.5 * $0 } }, 1e-5)
    }

    /// The best approximation of rank 2, whose error no other of that rank undercuts; what it keeps is in the report.
    @Test func truncationKeepsWhatItSays() throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: 9, ranks: [3, 3])
        let report = try AdapterMerge.run(
            adapters.inputs, settings: MergeSettings(method: .truncation, rank: .count(2)), to: folder("out"))
        let (found, whole) = (try deltas(folder("out")), try adapters.sum())
        for module in report.modules {
            #expect(module.rank == 2)
            let (kept, sum) = (try #require(found[module.path]), try #require(whole[module.path]))
            let square = { (values: [Double]) in values.reduce(0) { $0 + $1 * $1 } }
            let energy = try #require(module.energyKept)
            #expect(energy > 0.3 && energy < 0.999)
            #expect(abs(energy - square(kept) / square(sum)) < 1e-5)
            // What was cut off is orthogonal to what was kept.
            #expect(abs(square(zip(sum, kept).map(-)) / square(sum) - (1 - energy)) < 1e-5)
        }
    }

    /// All singular values of the isotropic merge are the mean of the sum's.
    @Test func isotropicMergeHasOneSingularValue() throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: 11, ranks: [2, 3])
        let inputs = adapters.inputs.map { MergeInput(folder: $0.folder) }
        try AdapterMerge.run(inputs, settings: MergeSettings(method: .isotropic, rank: .full), to: folder("out"))
        try AdapterMerge.run(inputs, settings: MergeSettings(method: .truncation, rank: .full), to: folder("sum"))
        func singularValues(_ folder: String, _ module: String) throws -> [Float] {
            try Tensor(try #require(try deltas(folder)[module]), [16, 24]).singularValueDecomposition().s.to(dtype: .float32).floats()
        }
        let module = "model.layers.0.self_attn.q_proj"
        let (flat, sum) = (try singularValues(folder("out"), module), try singularValues(folder("sum"), module))
        let mean = sum.prefix(5).reduce(0, +) / 5
        #expect(flat.prefix(5).allSatisfy { abs($0 - mean) < 1e-4 * mean })
        #expect(flat.dropFirst(5).allSatisfy { $0 < 1e-4 * mean })
    }

    /// The order of the adapters changes nothing in the spaces whose bases do not depend on it, up to the signs of their vectors, which
    /// decide only draws.
    @Test(arguments: [MergeSpace.delta, .core, .knots]) func orderChangesNothing(space: MergeSpace) throws {
        let folder = try TemporaryFolder()
        let adapters = try RandomAdapters(folder, seed: 13, ranks: [3, 4, 2])
        let settings = MergeSettings(method: .ties, space: space, density: 0.6, sign: .total, rank: .full)
        try AdapterMerge.run(adapters.inputs, settings: settings, to: folder("one"))
        try AdapterMerge.run(adapters.inputs.reversed(), settings: settings, to: folder("two"))
        try expectEqual(deltas(folder("two")), deltas(folder("one")), 1e-4)
    }
}
