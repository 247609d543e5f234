import ContentHash
import Foundation
import Groundwork
import Torch
import Transformers

/// Trains a student's adapter on examples.
///
/// The order of the examples, the dropout and so the result follow from the seed, the step and nothing else: a run that was
/// stopped or killed and is started again with the same settings ends in the same bytes.
///
/// With a probe, a training that collapses goes back to its last good checkpoint and goes on with a lower learning rate and a
/// lower scale.
public final class Trainer {
    let source: any GradientSource
    private let letters: [Int]
    let configuration: TrainingConfiguration
    let title: String
    private let dropoutSeed: UInt64
    /// Watches over the training; nil trains unwatched.
    public var probe: Probe?
    /// What the probe may not find, and what follows if it does.
    public var collapseGuard = CollapseGuard()
    /// Where notices go; standard error unless set.
    public var notice: (String) -> Void = { Console.note($0) }
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
    /// - Throws: `Interrupted` after a checkpoint when the user asks to stop; `DistillationError.collapsed` when no retry is left.
    public func train(_ examples: [TrainingExample], to folder: String) throws -> TrainingSummary {
        guard !examples.isEmpty else { throw DistillationError.noExamples("no label was kept and no question given") }
        let store = TrainingFolder(folder: folder + "/training", identity: identity(of: examples))
        if let summary = try store.finished() {
            notice("\(title): already trained, in \(folder)")
            return summary
        }
        var run = try TrainingRun(source: source, configuration: configuration, collapseGuard: collapseGuard, store: store)
        let total = configuration.totalSteps(examples: examples.count), begun = run.position
        for line in source.notices { notice("\(title): \(line)") }
        if begun != TrainingPosition() {
            notice("\(title): continuing after step \(begun.step) of \(total)" + (begun.retries > 0 ? ", retry \(begun.retries)" : ""))
        }
        if let probe, !run.hasGood {
            if run.log.readings.isEmpty { try look(probe, &run) }
            try run.save(isGood: true)
        }
        var progress = Progress(title, total: total, alreadyDone: run.position.step, unit: "steps")
        while run.position.step < total {
            do {
                let line = try advance(&run, examples)
                let isLast = line.step == total, stops = isInterrupted() && !isLast
                let isDue = probe.map { isLast || line.step % $0.every == 0 } ?? false
                if let probe, isDue { try look(probe, &run) }
                if !isLast, stops || isDue || line.step % configuration.checkpointEvery == 0 { try run.save(isGood: isDue) }
                progress.advance(note: Self.note(line))
                if stops { throw Interrupted() }
            } catch let collapse as Collapse {
                notice("\(title): collapsed at step \(collapse.step) of \(total): \(collapse.reason)")
                notice("\(title): " + (try run.retreat(from: collapse, examples)))
                progress = Progress(title, total: total, alreadyDone: run.position.step, unit: "steps")
            }
        }
        try run.log.flush()
        try run.optimizer.checkParameters()
        try source.save(to: folder)
        let summary = TrainingSummary(examples: examples.count, metrics: run.log.steps)
        try store.finish(summary)
        return summary
    }

    /// One step, on the examples that are its turn.
    /// - Throws: `Collapse` where a probe watches and the loss is not a number or has exploded.
    private func advance(_ run: inout TrainingRun, _ examples: [TrainingExample]) throws -> StepMetrics {
        let step = run.position.step, chosen = turn(step, &run, examples)
        do {
            var line = try self.step(
                step, of: chosen, epoch: Double(step + 1) / Double(configuration.stepsPerEpoch(examples: examples.count)),
                rate: configuration.schedule(examples: examples.count).rate(at: step) * run.rateFactor, optimizer: run.optimizer)
            let symptom = try probe == nil ? nil : runaway(&line, &run, examples)
            try run.log.append(line)
            if let symptom { throw Collapse(step: line.step, symptoms: [symptom]) }
            return line
        } catch DistillationError.notFinite(let step, let what) where probe != nil {
            throw Collapse(step: step, symptoms: [.notFinite(what)])
        }
    }

    /// The examples whose turn it is after `step` steps.
    private func turn(_ step: Int, _ run: inout TrainingRun, _ examples: [TrainingExample]) -> [TrainingExample] {
        let perEpoch = configuration.stepsPerEpoch(examples: examples.count)
        if run.order.epoch != step / perEpoch { run.order = (step / perEpoch, shuffle(examples, epoch: step / perEpoch)) }
        let first = step % perEpoch * configuration.examplesPerStep
        return run.order.indices[first..<min(first + configuration.examplesPerStep, examples.count)].map { examples[$0] }
    }

    /// Whether the loss of the last steps has run away, rather than their examples being hard: those of a suspect loss are measured once
    /// more at the last good checkpoint. What they cost there goes into the line, so that a resumed run has the same suspicions.
    private func runaway(_ line: inout StepMetrics, _ run: inout TrainingRun, _ examples: [TrainingExample]) throws -> CollapseSymptom? {
        guard let suspect = collapseGuard.suspectLoss(of: line, after: run.log.steps) else { return nil }
        let step = line.step, window = collapseGuard.lossWindow
        let batches = (step - window..<step).map { turn($0, &run, examples) }
        let sound = try run.atGood { try batches.reduce(0) { try $0 + loss(of: $1, step: step).total } / Double(window) }
        line.soundLoss = sound
        return collapseGuard.symptom(of: suspect, sound: sound)
    }

    /// Reads the probes and writes down what they say.
    /// - Throws: `Collapse` where they say that the training has collapsed.
    private func look(_ probe: Probe, _ run: inout TrainingRun) throws {
        let step = run.position.step, earlier = run.log.readings.map(\.reading)
        var reading: ProbeReading
        do {
            let losses = probe.heldOut.isEmpty ? nil : try loss(of: probe.heldOut, step: step)
            reading = try probe.look(step, earlier.first)
            (reading.heldOutLoss, reading.heldOutTextLoss) = (losses?.total, losses?.reasoning)
        } catch DistillationError.notFinite(_, let what) where !earlier.isEmpty {
            throw Collapse(step: step, symptoms: [.notFinite(what)])
        }
        notice("\(title): step \(step), \(reading.sentence)")
        let symptoms = earlier.isEmpty ? [] : collapseGuard.symptoms(of: reading, after: earlier)
        try run.log.append(reading)
        if !symptoms.isEmpty { throw Collapse(step: step, symptoms: symptoms) }
    }

    /// The loss of examples as the parameters are, from forward passes alone.
    func loss(of examples: [TrainingExample], step: Int) throws -> LossParts {
        let counts = LossCounts(examples)
        var parts = LossParts()
        for first in stride(from: 0, to: examples.count, by: configuration.batch) {
            let batch = PackedExamples(Array(examples[first..<min(first + configuration.batch, examples.count)]))
            try source.measure(batch) { rows, logits in
                let added = try configuration.loss.evaluate(logits: logits, targets: batch.targets[rows], letters: letters, over: counts).parts
                guard added.total.isFinite else {
                    throw DistillationError.notFinite(step: step, what: "the loss of \(batch.names.joined(separator: ", "))")
                }
                parts += added
            }
        }
        return parts
    }

    /// Forward, backward and update for one accumulated batch. The weights are touched last, once loss and gradients are known
    /// to be finite.
    func step(
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
    func shuffle(_ examples: [TrainingExample], epoch: Int) -> [Int] {
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
