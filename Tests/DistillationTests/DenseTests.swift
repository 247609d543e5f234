import Distillation
import Foundation
import Questions
import Testing
import Torch

private struct DenseFixture: Decodable {
    struct Row: Decodable {
        var token: Int
        var ids: [Int]?
        var logProbabilities: [Double]?
    }
    struct Case: Decodable {
        var reasoningWeight, denseWeight, reasoning, dense, total: Double
        var gradient: [Double]
    }
    var vocabulary: Int
    var letters: [Int]
    var rows: [Row]
    var logits: [Double]
    var cases: [Case]

    var targets: [Target] {
        rows.map { row in
            guard let ids = row.ids, let values = row.logProbabilities else { return .token(row.token) }
            return .dense(row.token, DenseTarget(ids: ids, logProbabilities: values))
        }
    }
}

@Suite struct DenseLossTests {
    private let fixture: DenseFixture
    private let targets: [Target]
    private let counts: LossCounts

    init() throws {
        fixture = try Fixtures.decode(DenseFixture.self, "dense.json")
        targets = fixture.targets
        counts = LossCounts(questions: 0, tokens: targets.count, dense: targets.count - 1)
    }

    private func evaluate(
        _ values: [Double], _ expected: DenseFixture.Case, _ dtype: DType = .float64
    ) throws -> (parts: LossParts, gradient: [Double]) {
        let loss = DistillationLoss(reasoningWeight: expected.reasoningWeight, denseWeight: expected.denseWeight)
        let (parts, gradient) = try loss.evaluate(
            logits: Tensor(values, [targets.count, fixture.vocabulary], dtype: dtype), targets: targets[...], letters: fixture.letters, over: counts)
        return (parts, try gradient.values(Double.self))
    }

    @Test(arguments: [DType.float64, .float32])
    func equalsPyTorch(dtype: DType) throws {
        let tolerance = dtype == .float64 ? 1e-12 : 3e-6
        for expected in fixture.cases {
            let (parts, gradient) = try evaluate(fixture.logits, expected, dtype)
            #expect(abs(parts.reasoning - expected.reasoning) < tolerance)
            #expect(abs(parts.dense - expected.dense) < tolerance)
            #expect(abs(parts.total - expected.total) < tolerance)
            let worst = zip(gradient, expected.gradient).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < tolerance)
        }
    }

    @Test func gradientIsTheSlopeOfTheLoss() throws {
        let expected = fixture.cases[2]
        let gradient = try evaluate(fixture.logits, expected).gradient
        for place in fixture.logits.indices {
            var up = fixture.logits, down = fixture.logits
            up[place] += 1e-6
            down[place] -= 1e-6
            let slope = (try evaluate(up, expected).parts.total - evaluate(down, expected).parts.total) / 2e-6
            #expect(abs(slope - gradient[place]) < 1e-7, "at \(place)")
        }
    }

    @Test func equalDistributionsHaveNoDistance() throws {
        let z = Array(fixture.logits.prefix(fixture.vocabulary))
        let top = z.max() ?? 0
        let logSum = top + log(z.reduce(0) { $0 + exp($1 - top) })
        let likeliest = z.indices.sorted { z[$0] > z[$1] }.prefix(5)
        let loss = DistillationLoss(reasoningWeight: 0, denseWeight: 1)
        for ids in [Array(likeliest), []] {
            let target = Target.dense(0, DenseTarget(ids: ids, logProbabilities: likeliest.map { z[$0] - logSum }))
            let (parts, gradient) = try loss.evaluate(
                logits: Tensor(z, [1, z.count]), targets: [target], letters: fixture.letters, over: LossCounts(questions: 0, tokens: 1, dense: 1))
            #expect(abs(parts.dense) < 1e-12)
            // Where the distributions are equal the ranked distance has a kink: any sign of a rounding error is a slope of it.
            if !ids.isEmpty { #expect(try gradient.values(Double.self).allSatisfy { abs($0) < 1e-12 }) }
        }
    }

    @Test func sumsOverPiecesOfABatch() throws {
        let expected = fixture.cases[0], loss = DistillationLoss()
        let logits = try Tensor(fixture.logits, [targets.count, fixture.vocabulary])
        var parts = LossParts()
        var gradient: [Double] = []
        for rows in [0..<1, 1..<3, 3..<5] {
            let (added, piece) = try loss.evaluate(
                logits: logits.narrow(0, rows.lowerBound, rows.count), targets: targets[rows], letters: fixture.letters, over: counts)
            parts += added
            gradient += try piece.values(Double.self)
        }
        #expect(abs(parts.total - expected.total) < 1e-12 && abs(parts.dense - expected.dense) < 1e-12)
        #expect(zip(gradient, expected.gradient).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func metricsOfEarlierRunsHaveNoDensePart() throws {
        let parts = try JSONDecoder().decode(LossParts.self, from: Data(#"{"hard":1,"soft":2,"reasoning":3,"total":4,"accuracy":0.5}"#.utf8))
        #expect(parts.dense == 0 && parts.total == 4)
    }
}

@Suite struct DenseReasoningTests {
    private func dense(_ pieces: [String], ids: Bool = true) -> DenseReasoning {
        let coder = ByteCoder()
        return DenseReasoning(
            pieces: pieces,
            places: pieces.indices.map { index in
                [(id: ids ? index + 10 : nil, logProbability: -0.25), (id: ids ? index + 20 : nil, logProbability: -2)]
            },
            width: 3, tokenizer: ids ? DenseVocabulary.identity(of: coder) : nil)
    }

    private func example(_ reasoning: String, _ dense: DenseReasoning, usesDense: Bool = true) throws -> TrainingExample {
        try ExampleBuilder(coder: ByteCoder(), usesDense: usesDense)
            .answering(KeptLabel(question: .sample(0), reasoning: reasoning, teacherScores: nil, dense: dense))
    }

    private func denseRows(_ example: TrainingExample) -> [(id: Int, target: DenseTarget)] {
        example.targets.compactMap { if case .dense(let id, let target) = $0 { (id, target) } else { nil } }
    }

    @Test func survivesItsFile() throws {
        let made = dense(["So", " it", " is."])
        let read = try JSONDecoder().decode(DenseReasoning.self, from: JSONEncoder().encode(made))
        #expect(read == made)
        #expect(made.logProbabilities.count == 18 && made.ids?.count == 36)
    }

    @Test func pairsTheSameTokenOfASharedTokenizer() throws {
        let rows = denseRows(try example("A b", dense(["A", " ", "b"])))
        // The blank alone has no place of its own in the text, so only what is visible is compared.
        #expect(rows.map(\.id) == [Int(UInt8(ascii: "A")), Int(UInt8(ascii: "b"))])
        #expect(rows.map(\.target) == [
            DenseTarget(ids: [10, 20], logProbabilities: [-0.25, -2]), DenseTarget(ids: [12, 22], logProbabilities: [-0.25, -2]),
        ])
    }

    @Test func pairsTokensThatBeginTogetherWhereTokenizersDiffer() throws {
        let rows = denseRows(try example("So it", dense(["So", " it"], ids: false)))
        #expect(rows.map(\.id) == [Int(UInt8(ascii: "S")), Int(UInt8(ascii: "i"))])
        #expect(rows.allSatisfy { $0.target.ids.isEmpty && $0.target.logProbabilities == [-0.25, -2] })
    }

    @Test func idsOfAnotherTokenizerAreNotTaken() throws {
        var other = dense(["S", "o"])
        other.tokenizer = "another"
        #expect(denseRows(try example("So", other)).map(\.target.ids) == [[], []])
    }

    @Test func staysAlignedOverQuotesAndLineEndsAndStopsWhereTheTextsDiffer() throws {
        let pieces = ["A", "\n\n", "\u{201C}", "b", "\"", "c", "X", "d"]
        let rows = denseRows(try example("A 'b'cYd", dense(pieces)))
        #expect(rows.map { String(UnicodeScalar(UInt8($0.id))) } == ["A", "b", "c"])
    }

    @Test func isLeftOutUnlessAskedFor() throws {
        let plain = try example("So it is.", dense(["So", " it", " is."]), usesDense: false)
        #expect(denseRows(plain).isEmpty)
        #expect(try plain.rows == example("So it is.", dense(["So", " it", " is."])).rows)
    }

    @Test func aLabelWithTornListsIsRefused() throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        var torn = dense(["So"])
        torn.width = 4
        let label = Label(
            question: .sample(0), reasoning: "So", letterLogProbabilities: nil, letter: .A, ending: .finished, tokens: 1, seconds: 0, dense: torn,
            provenance: LabelProvenance(teacher: "t", way: .free, promptHash: "", sampling: .greedy, maximumTokens: 9, seed: 0))
        try (String(decoding: JSONEncoder().encode(label), as: UTF8.self) + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: DistillationError.self) { try LabelFile.read(path) }
        #expect(error?.description.contains("dense reasoning") == true)
    }
}
