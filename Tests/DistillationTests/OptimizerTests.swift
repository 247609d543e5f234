import Distillation
import Testing
import Torch

// Both fixtures by Tests/Oracles/distillation.py.
private struct OptimizerFixture: Decodable {
    struct Step: Decodable {
        var gradients: [[Float]]
        var norm, rate: Double
        var parameters: [[Float]]
    }
    var shapes: [[Int]]
    var start: [[Float]]
    var steps: [Step]
}

private struct ScheduleFixture: Decodable {
    var peak: Double
    var warmup, total: Int
    var constant, linear, cosine: [Double]
}

@Suite struct OptimizerTests {
    @Test func stepsLikePyTorchWithClipping() throws {
        let fixture = try Fixtures.decode(OptimizerFixture.self, "optimizer.json")
        let parameters = try zip(fixture.start, fixture.shapes).enumerated().map { (name: "p\($0)", tensor: try Tensor($1.0, $1.1)) }
        let optimizer = try AdamW(parameters, settings: AdamW.Settings(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1))
        let schedule = Schedule(shape: .cosine, peak: 0.05, warmupSteps: 2, totalSteps: 6)
        for (number, step) in fixture.steps.enumerated() {
            let gradients = try zip(step.gradients, fixture.shapes).map { try Tensor($0, $1) }
            let (norm, notFinite) = try optimizer.norm(of: gradients)
            #expect(abs(norm / step.norm - 1) < 1e-6)
            #expect(notFinite == nil)
            #expect(abs(schedule.rate(at: number) - step.rate) < 1e-12)
            try optimizer.update(with: gradients, times: AdamW.clipFactor(norm: norm, limit: 1), learningRate: schedule.rate(at: number))
            for (parameter, expected) in zip(parameters, step.parameters) {
                #expect(zip(try parameter.tensor.floats(), expected).allSatisfy { abs($0 - $1) < 2e-6 }, "step \(number + 1)")
            }
        }
    }

    @Test func namesTheGradientThatIsNoNumber() throws {
        let optimizer = try AdamW([("first", .zeros([2])), ("second", .zeros([3]))])
        let gradients = [try Tensor([Float(1), 2], [2]), try Tensor([Float(0), .nan, 1], [3])]
        #expect(try optimizer.norm(of: gradients).notFinite == "second")
        // The backward pass comes to the later one first.
        #expect(try optimizer.norm(of: [.full([2], .infinity), gradients[1]]).notFinite == "second")
        #expect(try optimizer.norm(of: [.full([2], .infinity), .zeros([3])]).notFinite == "first")
    }

    @Test func schedulesEqualTransformers() throws {
        let fixture = try Fixtures.decode(ScheduleFixture.self, "schedules.json")
        for (shape, expected) in [(Schedule.Shape.constant, fixture.constant), (.linear, fixture.linear), (.cosine, fixture.cosine)] {
            let schedule = Schedule(shape: shape, peak: fixture.peak, warmupSteps: fixture.warmup, totalSteps: fixture.total)
            // Beyond the last step a cosine would rise again; no step is taken there.
            for step in 0..<(shape == .cosine ? fixture.total : expected.count) {
                #expect(abs(schedule.rate(at: step) - expected[step]) < 1e-12, "\(shape) at \(step)")
            }
        }
    }
}
