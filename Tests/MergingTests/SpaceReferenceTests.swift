import Checkpoints
import Foundation
import Groundwork
import Testing

import Merging

/// Core space, KnOTS, Iso-C and what drops at random, against the papers' formulas in float64, PEFT and mergekit (`merging_spaces.py`).
@Suite struct SpaceReferenceTests {
    private struct Fixtures: Decodable {
        struct Case: Decodable {
            let adapters: [String]
            let weights: [Double]
            let settings: MergeSettings
        }
        struct Matrices: Decodable {
            let weights: [Float]
            let settings: MergeSettings
        }
        struct Draws: Decodable {
            let seed: UInt64
            let step: UInt64
            let bits: [UInt64]
        }
        let cases: [String: Case]
        let dense: [Matrices]
        let draws: [Draws]
    }

    private static func fixtures() throws -> Fixtures {
        try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: URL(fileURLWithPath: "\(Fixture.folder)/spaces.json")))
    }

    static let caseNames = [
        "core-linear-cut", "core-ties", "core-ties-paper", "core-ties-mergekit", "core-dare_linear", "core-dare_ties-cut", "core-della",
        "knots-ties", "knots-ties-cut", "knots-ties-paper", "knots-dare_ties", "knots-della_linear",
        "iso_c-core", "iso_c-delta", "iso_c-cut", "iso_c-shared", "iso_c-single",
        "delta-dare_ties", "delta-dare_linear-cut", "delta-della", "delta-della-paper",
        "peft-dare_linear", "peft-dare_ties", "peft-dare_ties-total", "peft-dare_linear_svd", "peft-dare_ties_svd",
    ]

    /// Deltas, not factors, which are unique only up to a rotation. The reference is float64, the merge decomposes in float32: factors
    /// disturbed by eight roundings move no reference by more than 1.4e-5 of a module's largest entry. Another basis, other draws, another
    /// convention or a density 0.02 higher move them by 4e-2 and more.
    @Test(arguments: caseNames) func deltasAreTheReferences(name: String) throws {
        let folder = try TemporaryFolder()
        let cases = try Self.fixtures().cases
        #expect(cases.count == Self.caseNames.count)
        let fixture = try #require(cases[name])
        let inputs = zip(fixture.adapters, fixture.weights).map { MergeInput(folder: Fixture.adapter($0), weight: $1) }
        try AdapterMerge.run(inputs, settings: fixture.settings, to: folder("out"))
        let (found, expected) = (try deltas(folder("out")), try Fixture.expected("spaces"))
        let modules = expected.keys.filter { $0.hasPrefix("\(name)/") }
        #expect(found.count == modules.count)
        for (module, delta) in found {
            let reference = try #require(expected["\(name)/\(module)"]).floats().map(Double.init)
            #expect(distance(delta, reference) < 2e-5, "\(module)")
        }
    }

    /// Matrices whose entries are merged as they are: nothing is decomposed, sums of three floats are rounded.
    @Test(arguments: 0..<8) func matricesAreTheReferences(number: Int) throws {
        let (fixtures, expected) = (try Self.fixtures(), try Fixture.expected("spaces"))
        #expect(fixtures.dense.count == 8)
        let (weights, settings) = (fixtures.dense[number].weights, fixtures.dense[number].settings)
        var matrices = try (0..<3).map { matrix -> [Float] in try #require(expected["matrix/\(matrix)"]).floats() }
        let randoms = (0..<3 as Range<UInt64>).map { CounterRandom(seed: settings.seed, phase: "merge/dense/matrix", step: $0) }
        let merged = EntryMerge(settings).merge(&matrices, weights: weights, width: 10, randoms: randoms).merged
        let reference = try #require(expected["dense/\(number)"]).floats().map(Double.init)
        #expect(distance(merged.map(Double.init), reference) < 1e-6, "\(settings.method.name)")
    }

    /// The references drop what these numbers drop: if they change, so does every merge with a seed.
    @Test func drawsAreThoseOfTheReferences() throws {
        for draws in try Self.fixtures().draws {
            var random = CounterRandom(seed: draws.seed, phase: "merge/dense/matrix", step: draws.step)
            let bits = draws.bits.map { _ in random.next() >> 11 }
            #expect(bits == draws.bits)
        }
    }
}
