import Distillation
import Foundation
import Questions
import Testing
import Torch

// Made by Tests/Oracles/distillation.py: torch's cross_entropy, kl_div and autograd in float64.
struct LossFixture: Decodable {
    struct Row: Decodable {
        var token: Int?
        var letter: Int?
        var teacher: [Double]?

        var target: Target {
            token.map { .token($0) } ?? .letter(gold: Letter.allCases[letter ?? 0], teacher: teacher)
        }
    }
    struct Case: Decodable {
        var alpha, temperature, reasoningWeight, hard, soft, reasoning, total: Double
        var square: Bool
        var gradient: [Double]

        var loss: DistillationLoss {
            DistillationLoss(alpha: alpha, temperature: temperature, scalesBySquare: square, reasoningWeight: reasoningWeight)
        }
    }
    var vocabulary: Int
    var letters: [Int]
    var targets: [Row]
    var logits: [Double]
    var cases: [Case]
}

private func counts(_ targets: [Target]) -> LossCounts {
    LossCounts([TrainingExample(name: "", tokens: Array(targets.indices), rows: Array(targets.indices), targets: targets)])
}

@Suite struct LossTests {
    let fixture: LossFixture
    let targets: [Target]

    init() throws {
        fixture = try Fixtures.decode(LossFixture.self, "loss.json")
        targets = fixture.targets.map(\.target)
    }

    @Test(arguments: [DType.float64, .float32])
    func equalsPyTorch(dtype: DType) throws {
        let tolerance = dtype == .float64 ? 1e-12 : 2e-6
        let logits = try Tensor(fixture.logits, [targets.count, fixture.vocabulary], dtype: dtype)
        for expected in fixture.cases {
            let (parts, gradient) = try expected.loss.evaluate(
                logits: logits.copied(), targets: targets[...], letters: fixture.letters, over: counts(targets))
            #expect(abs(parts.hard - expected.hard) < tolerance)
            #expect(abs(parts.soft - expected.soft) < tolerance)
            #expect(abs(parts.reasoning - expected.reasoning) < tolerance)
            #expect(abs(parts.total - expected.total) < tolerance)
            #expect(gradient.dtype == dtype)
            let worst = zip(try gradient.values(Double.self), expected.gradient).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < tolerance)
        }
    }

    @Test func sumsOverPiecesOfABatch() throws {
        let logits = try Tensor(fixture.logits, [targets.count, fixture.vocabulary])
        let loss = fixture.cases[0].loss
        var parts = LossParts()
        var gradient: [Double] = []
        for rows in [0..<3, 3..<4, 4..<targets.count] {
            let (added, piece) = try loss.evaluate(
                logits: logits.narrow(0, rows.lowerBound, rows.count), targets: targets[rows], letters: fixture.letters,
                over: counts(targets))
            parts += added
            gradient += try piece.values(Double.self)
        }
        #expect(abs(parts.total - fixture.cases[0].total) < 2e-6)
        #expect(zip(gradient, fixture.cases[0].gradient).allSatisfy { abs($0 - $1) < 2e-6 })
    }

    @Test func gradientIsTheSlopeOfTheLoss() throws {
        let logits = fixture.logits, loss = fixture.cases[0].loss, counts = counts(targets)
        func evaluate(_ values: [Double]) throws -> (parts: LossParts, gradient: Tensor) {
            try loss.evaluate(
                logits: Tensor(values, [targets.count, fixture.vocabulary]), targets: targets[...], letters: fixture.letters, over: counts)
        }
        let gradient = try evaluate(logits).gradient.values(Double.self)
        for place in stride(from: 0, to: logits.count, by: 3) {
            var up = logits, down = logits
            up[place] += 1e-5
            down[place] -= 1e-5
            let slope = (try evaluate(up).parts.total - evaluate(down).parts.total) / 2e-5
            #expect(abs(slope - gradient[place]) < 1e-8, "at \(place)")
        }
    }

    @Test func identicalStudentAndTeacherHaveNoDivergence() throws {
        let z = [1.5, -0.25, 3, 0]
        let letter = LetterLoss(student: z, gold: 2, teacher: z.map { $0 - 7 }, alpha: 0, temperature: 2, scalesBySquare: true)
        #expect(abs(letter.soft) < 1e-14)
        #expect(letter.gradient.allSatisfy { abs($0) < 1e-14 })
    }

    @Test func theSoftGradientKeepsItsSizeOverTemperatures() {
        // For small logits T²·(s − p)/T tends to (z − t − mean)/4, whatever T is.
        func size(_ temperature: Double, _ scales: Bool) -> Double {
            let letter = LetterLoss(
                student: [0.1, 0, 0, -0.1], gold: 0, teacher: [-0.1, 0.1, 0, 0], alpha: 0, temperature: temperature, scalesBySquare: scales)
            return letter.gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        #expect(abs(size(8, true) / size(1, true) - 1) < 0.02)
        #expect(abs(size(8, false) / size(1, false) - 1.0 / 64) < 0.001)
    }

    @Test func withoutATeacherAlphaIsOne() {
        let letter = LetterLoss(student: [0, 1, 2, 3], gold: 1, teacher: nil, alpha: 0.3, temperature: 2, scalesBySquare: true)
        #expect(letter.soft == 0)
        #expect(letter.total == letter.hard)
        #expect(abs(letter.gradient.reduce(0, +)) < 1e-15)
    }

    @Test func refusesSettingsOutsideTheirRange() {
        for loss in [
            DistillationLoss(alpha: 1.2), DistillationLoss(temperature: 0), DistillationLoss(reasoningWeight: -1), DistillationLoss(alpha: .nan),
        ] {
            #expect(throws: DistillationError.self) { try loss.validate() }
        }
    }
}
