import ContentHash
import Foundation
import Groundwork
import Torch
import Transformers

/// Looks at the model while it trains: a guard that throws stops the run before the next step.
public struct Probe {
    /// Steps between looks.
    public let every: Int
    public let body: (StepMetrics) throws -> Void

    public init(every: Int, body: @escaping (StepMetrics) throws -> Void) {
        precondition(every > 0, "a probe looks every so many steps")
        self.every = every
        self.body = body
    }
}

/// Trains a student's adapter on examples.
///
/// The order of the examples, the dropout and so the result follow from the seed, the step and nothing else: a run that was
/// stopped or killed and is started again with the same settings ends in the same bytes.
public final class Trainer {
    private let source: any GradientSource
    private let letters: [Int]
    private let configuration: TrainingConfiguration
    private let title: String
    private let dropoutSeed: UInt64
    /// Called every so many steps, after the checkpoint of that step if there is one.
    public var probe: Probe?
    /// Where notices go; standard error unless set.
    public var notice: (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
    /// Whether the user has asked to stop.
    package var isInterrupted: () -> Bool = { Interruption.isRequested }

    /// - Parameters:
    ///   - letters: the token ids of A, B, C, D.
    ///   - title: names the run in progress lines and keeps its random numbers apart from other runs of the same seed.
    public init(source: any GradientSource, letters: [Int], configuration: TrainingConfiguration, title: String) throws {
        try configuration.validate()
        guard letters.count == 4 else {
            throw DistillationError.badSetting(name: "the letters' token ids", value: "\(letters)", expected: "four")
        }
        self.source = source
        self.letters = letters
        self.configuration = configuration
        self.title = title
        var random = CounterRandom(seed: configuration.seed, phase: "dropout/\(title)")
        dropoutSeed = random.next()
    }

    /// Trains, or continues an interrupted run, or returns the summary of a finished one.
    /// - Parameter folder: gets the trained weights, and a folder `training` with checkpoints and metrics.
    /// - Throws: `Interrupted` after a checkpoint when the user asks to stop.
    public func train(_ examples: [TrainingExample], to folder: String) throws -> TrainingSummary {
        guard !examples.isEmpty else { throw DistillationError.noExamples("no label was kept and no question given") }
        let store = TrainingFolder(folder: folder + "/training", identity: identity(of: examples))
        if let summary = try store.finished() {
            notice("\(title): already trained, in \(folder)")
            return summary
        }
        let optimizer = try AdamW(source.parameters, settings: configuration.optimizer)
        let begun = try store.restore(into: optimizer)
        try WholeFile.makeFolder(store.folder)
        var (metrics, history) = try MetricsFile.open(store.metricsPath, after: begun)

        let total = configuration.totalSteps(examples: examples.count)
        let schedule = configuration.schedule(examples: examples.count)
        for line in source.notices { notice("\(title): \(line)") }
        if begun > 0 { notice("\(title): continuing after step \(begun) of \(total)") }
        let progress = Progress(title, total: total, alreadyDone: begun, unit: "steps")
        var order = (epoch: -1, indices: [Int]())
        for step in begun..<total {
            let perEpoch = configuration.stepsPerEpoch(examples: examples.count)
            if step / perEpoch != order.epoch { order = (step / perEpoch, shuffle(examples, epoch: step / perEpoch)) }
            let first = step % perEpoch * configuration.examplesPerStep
            let chosen = order.indices[first..<min(first + configuration.examplesPerStep, examples.count)]
            let line = try self.step(
                step, of: chosen.map { examples[$0] }, epoch: Double(step + 1) / Double(perEpoch),
                rate: schedule.rate(at: step), optimizer: optimizer)
            try metrics.append(line)
            history.append(line)
            let isLast = step + 1 == total, stops = isInterrupted() && !isLast
            if stops || (!isLast && (step + 1) % configuration.checkpointEvery == 0) {
                try metrics.flush()
                try store.save(optimizer)
            }
            progress.advance(note: Self.note(line))
            if stops { throw Interrupted() }
            if let probe, (step + 1) % probe.every == 0 { try probe.body(line) }
        }
        try metrics.flush()
        try source.save(to: folder)
        let summary = TrainingSummary(examples: examples.count, metrics: history)
        try store.finish(summary)
        return summary
    }

    /// Forward, backward and update for one accumulated batch. The weights are touched last, once loss and gradients are known
    /// to be finite.
    private func step(
        _ step: Int, of examples: [TrainingExample], epoch: Double, rate: Double, optimizer: AdamW
    ) throws -> StepMetrics {
        let start = ContinuousClock.now
        let (parts, tokens): (LossParts, Int)
        do {
            (parts, tokens) = try accumulate(step, examples)
        } catch let error as TorchError where error.isOutOfMemory {
            // The gradients hold part of the batch: the step begins again, once. A second failure is the caller's.
            guard let change = source.lowerActivations() else { throw error }
            notice("\(title): step \(step + 1) ran out of memory and is done again: \(change). \(error.shortened)")
            (parts, tokens) = try accumulate(step, examples)
        }
        let gradients = source.gradients
        let (norm, notFinite) = try optimizer.norm(of: gradients)
        if let notFinite { throw DistillationError.notFinite(step: step + 1, what: "the gradient of \(notFinite)") }
        let limit = configuration.maximumGradientNorm
        try optimizer.update(with: gradients, times: limit > 0 ? AdamW.clipFactor(norm: norm, limit: limit) : 1, learningRate: rate)
        let elapsed = (ContinuousClock.now - start).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return StepMetrics(
            step: step + 1, epoch: epoch, loss: parts, learningRate: rate, gradientNorm: norm, tokens: tokens,
            seconds: seconds, tokensPerSecond: Double(tokens) / max(seconds, 1e-9))
    }

    /// Loss, gradients and number of tokens of one accumulated batch.
    private func accumulate(_ step: Int, _ examples: [TrainingExample]) throws -> (LossParts, Int) {
        let counts = LossCounts(examples)
        var parts = LossParts()
        var tokens = 0
        try source.zeroGradients()
        for (pass, first) in stride(from: 0, to: examples.count, by: configuration.batch).enumerated() {
            let batch = PackedExamples(Array(examples[first..<min(first + configuration.batch, examples.count)]))
            let dropout = TrainingPass.Dropout(seed: dropoutSeed, step: UInt64(step * configuration.accumulation + pass))
            try source.accumulate(batch, dropout: dropout) { rows, logits in
                let (added, gradient) = try configuration.loss.evaluate(
                    logits: logits, targets: batch.targets[rows], letters: letters, over: counts)
                guard added.total.isFinite else {
                    let origin = try source.firstNotFinite(in: batch).map { " (first of all, \($0))" } ?? ""
                    throw DistillationError.notFinite(step: step + 1, what: "the loss of \(batch.names.joined(separator: ", "))\(origin)")
                }
                parts += added
                return gradient
            }
            tokens += batch.tokenCount
        }
        return (parts, tokens)
    }

    /// The examples' order in an epoch: those of one question stay together, since they share their prompt.
    private func shuffle(_ examples: [TrainingExample], epoch: Int) -> [Int] {
        guard configuration.shuffle else { return Array(examples.indices) }
        var random = CounterRandom(seed: configuration.seed, phase: "shuffle/\(title)", step: UInt64(epoch))
        let firsts = examples.indices.filter { $0 == 0 || examples[$0].name != examples[$0 - 1].name }
        let ends = firsts.dropFirst() + [examples.count]
        return random.shuffled(Array(zip(firsts, ends))).flatMap { $0..<$1 }
    }

    private func identity(of examples: [TrainingExample]) -> [String: String] {
        var text = ""
        for example in examples {
            text += "\(example.name)\u{1}\(example.tokens)\u{1}\(example.rows)\u{1}"
            for target in example.targets {
                switch target {
                case .token(let id): text += "\(id) "
                case .dense(let id, let dense): text += "\(id) \(dense.ids)\(dense.logProbabilities) "
                case .letter(let gold, let teacher): text += "\(gold.rawValue)\(teacher ?? []) "
                }
            }
            text += "\n"
        }
        var ours = ["examples": "\(examples.count)", "hash of the examples": ContentHash.of(text), "title": title]
        // Said only where it bears on the result, so that other runs stay what they were.
        if LossCounts(examples).dense > 0 { ours["dense weight"] = "\(configuration.loss.denseWeight)" }
        return configuration.identity.merging(source.identity) { $1 }.merging(ours) { $1 }
    }

    private static func note(_ line: StepMetrics) -> String {
        let loss = String(format: "loss %.3f (hard %.2f, soft %.2f, text %.2f", line.loss.total, line.loss.hard, line.loss.soft, line.loss.reasoning)
        return loss + (line.loss.dense == 0 ? ")" : String(format: ", dense %.2f)", line.loss.dense)) + String(format: ", %.0f tokens/s", line.tokensPerSecond)
    }
}
