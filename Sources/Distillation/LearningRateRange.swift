import Foundation
import Groundwork

/// A learning-rate range test (Smith 2017): a short training whose rate grows by the same factor each step, until the loss runs away.
/// Where the loss falls fastest is a good peak rate; a tenth of the rate of the lowest loss is the usual limit.
public struct LearningRateRange: Codable, Sendable, Hashable {
    public struct Point: Codable, Sendable, Hashable {
        public let learningRate: Double
        public let loss: Double
        /// The exponential average, corrected for its start, of the losses so far, each relative to what its examples cost before the test.
        public let smoothed: Double
    }

    public let points: [Point]
    /// The rate of the lowest smoothed loss; nil where the loss never fell by a twentieth after the first three rates.
    public let lowest: Double?
    /// The rate at which the smoothed loss falls fastest.
    public let steepest: Double?
    /// The smaller of `steepest` and a tenth of `lowest`; nil where there is none.
    public let suggestion: Double?
    /// Whether the loss ran away; a test that ended before may have seen too little.
    public let diverged: Bool

    /// - Parameters:
    ///   - losses: of one step each; one that is not finite ends the curve.
    ///   - initial: what the examples of each step cost before the test: steps of easy examples are not mistaken for good rates.
    ///   - runaway: the test ends where the smoothed loss exceeds the lowest by this factor.
    public init(rates: [Double], losses: [Double], initial: [Double], smoothing: Double = 0.8, runaway: Double = 2) {
        let usual = initial.reduce(0, +) / Double(max(1, initial.count))
        var points: [Point] = [], average = 0.0, best = Double.infinity, diverged = false
        for (index, (rate, loss)) in zip(rates, losses).enumerated() {
            guard loss.isFinite else {
                diverged = true
                break
            }
            // Examples that cost next to nothing do not count a thousandfold.
            let relative = loss / max(initial[index], 0.01 * usual, .leastNormalMagnitude)
            average = smoothing * average + (1 - smoothing) * usual * relative
            let smoothed = average / (1 - pow(smoothing, Double(index + 1)))
            points.append(Point(learningRate: rate, loss: loss, smoothed: smoothed))
            best = min(best, smoothed)
            if smoothed > runaway * best {
                diverged = true
                break
            }
        }
        self.points = points
        self.diverged = diverged
        let bottom = points.indices.min { points[$0].smoothed < points[$1].smoothed } ?? 0
        // A fall within the noise of the steps is none.
        guard bottom >= 3, points[bottom].smoothed < 0.95 * points[0].smoothed else {
            (lowest, steepest, suggestion) = (nil, nil, nil)
            return
        }
        // Over three steps, so that one easy batch is not mistaken for a good rate. Equal steps of log rate: differences compare as they are.
        let steep = (3...bottom).min { points[$0].smoothed - points[$0 - 3].smoothed < points[$1].smoothed - points[$1 - 3].smoothed } ?? bottom
        let middle = (points[steep].learningRate * points[steep - 3].learningRate).squareRoot()
        lowest = points[bottom].learningRate
        steepest = middle
        suggestion = min(middle, points[bottom].learningRate / 10)
    }

    /// The curve as text, a line a rate, and what it suggests.
    public var text: String {
        let low = points.map(\.smoothed).min() ?? 0, high = min(points.map(\.smoothed).max() ?? 1, 2 * low)
        let rows = points.map { point in
            let share = high > low ? min(1, (point.smoothed - low) / (high - low)) : 0
            return String(format: "%9.2e  %8.4f  ", point.learningRate, point.smoothed) + String(repeating: "█", count: 1 + Int(share * 50))
        }
        let verdict: String
        if let suggestion, let lowest, let steepest {
            verdict = String(format: "suggested learning rate: %.1e (the loss falls fastest at %.1e and is lowest at %.1e)", suggestion, steepest, lowest)
                + (diverged ? "" : "; the loss did not run away, so higher rates may do too")
        } else {
            verdict = "no suggestion: the loss never fell by a twentieth after the first three rates. Check the examples, or take more steps"
        }
        return (["     rate      loss (smoothed, on equal examples)"] + rows + ["", verdict]).joined(separator: "\n")
    }
}

extension Trainer {
    /// Trains for a few steps with ever higher rates. The source's parameters change and nothing is written.
    public func findLearningRate(
        _ examples: [TrainingExample], from lowest: Double = 1e-6, to highest: Double = 1, steps: Int = 60
    ) throws -> LearningRateRange {
        guard !examples.isEmpty else { throw DistillationError.noExamples("no label was kept and no question given") }
        guard steps >= 8 else { throw DistillationError.badSetting(name: "the steps of a range test", value: "\(steps)", expected: "at least 8") }
        let optimizer = try AdamW(source.parameters, settings: configuration.optimizer)
        let perEpoch = configuration.stepsPerEpoch(examples: examples.count)
        var order: [Int] = []
        let batches = (0..<steps).map { step in
            if step % perEpoch == 0 { order = shuffle(examples, epoch: step / perEpoch) }
            let first = step % perEpoch * configuration.examplesPerStep
            return order[first..<min(first + configuration.examplesPerStep, examples.count)].map { examples[$0] }
        }
        let progress = Progress("\(title): range test", total: 2 * steps, unit: "passes")
        let initial = try batches.map { batch in
            if isInterrupted() { throw Interrupted() }
            let loss = try self.loss(of: batch, step: 0).total
            progress.advance(note: String(format: "loss before %.3f", loss))
            return loss
        }
        var rates: [Double] = [], losses: [Double] = []
        for (step, chosen) in batches.enumerated() {
            if isInterrupted() { throw Interrupted() }
            let rate = lowest * pow(highest / lowest, Double(step) / Double(steps - 1))
            rates.append(rate)
            do {
                losses.append(try self.step(step, of: chosen, epoch: Double(step + 1) / Double(perEpoch), rate: rate, optimizer: optimizer).loss.total)
            } catch DistillationError.notFinite {
                losses.append(.nan)
            }
            progress.advance(note: String(format: "rate %.1e, loss %.3f", rate, losses[step]))
            if LearningRateRange(rates: rates, losses: losses, initial: initial).diverged { break }
        }
        return LearningRateRange(rates: rates, losses: losses, initial: initial)
    }
}
