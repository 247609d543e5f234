import Foundation
import Groundwork

/// One line of the metrics file.
public struct StepMetrics: Codable, Sendable, Hashable {
    /// Counted from 1.
    public var step: Int
    public var epoch: Double
    public var loss: LossParts
    public var learningRate: Double
    /// Before clipping.
    public var gradientNorm: Double
    /// Tokens that went through the model in this step, prompts included.
    public var tokens: Int
    public var seconds: Double
    public var tokensPerSecond: Double
    /// What the examples of the last steps cost at the last good checkpoint; measured only where their loss looked like a collapse.
    public var soundLoss: Double?
}

/// What training came to.
public struct TrainingSummary: Codable, Sendable, Hashable {
    public var examples: Int
    public var steps: Int
    /// Tokens that went through the model, prompts included.
    public var tokens: Int
    /// Time spent in steps: forward, backward, optimiser. Loading, checkpoints and probes are not in it.
    public var seconds: Double
    public var tokensPerSecond: Double
    /// The most memory the process has held, if the system tells: of the last process, where training was resumed.
    public var peakResidentBytes: Int?
    /// The total loss of every step.
    public var losses: [Double]
    /// The parts of the loss, averaged over the last tenth of the steps.
    public var final: LossParts

    init(examples: Int, metrics: [StepMetrics]) {
        self.examples = examples
        steps = metrics.count
        tokens = metrics.reduce(0) { $0 + $1.tokens }
        seconds = metrics.reduce(0) { $0 + $1.seconds }
        tokensPerSecond = Double(tokens) / max(seconds, 1e-9)
        peakResidentBytes = ProcessMemory.peakResidentBytes
        losses = metrics.map(\.loss.total)
        let tail = metrics.suffix(max(1, metrics.count / 10))
        var sum = LossParts()
        for line in tail { sum += line.loss }
        let count = Double(max(1, tail.count))
        sum.hard /= count
        sum.soft /= count
        sum.reasoning /= count
        sum.dense /= count
        sum.total /= count
        sum.accuracy /= count
        final = sum
    }
}

public enum ProcessMemory {
    /// The peak of this process's resident set: `VmHWM` of /proc/self/status; nil where there is no such file.
    public static var peakResidentBytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes * 1024
    }
}
