import Foundation
import Groundwork
import Questions
import Torch

/// A training in progress: the optimiser with its parameters, the metrics, and what is on disk to continue or go back to.
struct TrainingRun {
    let optimizer: AdamW
    var log: TrainingLog
    /// The examples' order in the present epoch.
    var order = (epoch: -1, indices: [Int]())
    private let source: any GradientSource
    private let configuration: TrainingConfiguration
    private let collapseGuard: CollapseGuard
    private var store: TrainingFolder

    /// Begins, or continues what the folder holds.
    init(
        source: any GradientSource, configuration: TrainingConfiguration, collapseGuard: CollapseGuard, store: TrainingFolder
    ) throws {
        self.source = source
        self.configuration = configuration
        self.collapseGuard = collapseGuard
        var store = store
        optimizer = try AdamW(source.parameters, settings: configuration.optimizer)
        let position = try store.restore(into: optimizer) { retries in
            for _ in 0..<retries { _ = source.multiplyScale(by: collapseGuard.scaleFactor) }
        }
        try WholeFile.makeFolder(store.folder)
        log = try TrainingLog(continuing: store.metricsPath, at: position)
        self.store = store
    }

    var position: TrainingPosition { TrainingPosition(retries: log.retries.count, step: log.steps.count) }
    /// Whether there is a checkpoint to go back to.
    var hasGood: Bool { store.good != nil }
    /// What the schedule's rate is multiplied by.
    var rateFactor: Double { pow(collapseGuard.rateFactor, Double(log.retries.count)) }

    /// - Parameter isGood: whether a later collapse may go back here.
    mutating func save(isGood: Bool) throws {
        try log.flush()
        try store.save(optimizer, retries: log.retries.count, isGood: isGood)
    }

    /// What is measured with the weights of the last good checkpoint. The present ones are back afterwards, to the bit.
    func atGood(_ measure: () throws -> Double) throws -> Double {
        let present = try optimizer.parameters.map { try $0.tensor.floats() }
        // An optimiser of its own takes the checkpoint's moments: those of the training stay as they are.
        _ = try store.restoreGood(into: AdamW(optimizer.parameters, settings: optimizer.settings))
        let measured = Result { try measure() }
        for (parameter, values) in zip(optimizer.parameters, present) {
            try parameter.tensor.copy_(Tensor(values, parameter.tensor.shape))
        }
        return try measured.get()
    }

    /// Goes back to the last good checkpoint and takes smaller steps from there. What the weights compute is the checkpoint's, to the bit
    /// where the scale's factor is a power of two.
    /// - Returns: what was done, in words.
    /// - Throws: `DistillationError.collapsed` when no retry is left.
    mutating func retreat(from collapse: Collapse, _ examples: [TrainingExample]) throws -> String {
        guard log.retries.count < collapseGuard.maximumRetries else {
            try log.flush()
            throw DistillationError.collapsed(
                step: collapse.step, retries: log.retries.count, reason: collapse.reason,
                cause: facts(of: collapse, examples).cause(of: collapse), goodStep: store.good?.step ?? 0)
        }
        let step = try store.restoreGood(into: optimizer)
        let isScaled = try lowerScale()
        let number = log.retries.count + 1
        let retry = TrainingLog.Retry(
            number: number, reason: collapse.reason, collapsedAt: collapse.step,
            learningRate: configuration.learningRate * pow(collapseGuard.rateFactor, Double(number)),
            scaleFactor: isScaled ? pow(collapseGuard.scaleFactor, Double(number)) : 1)
        try log.append(retry, from: step)
        try save(isGood: true)
        let scale = isScaled ? String(format: " and %.3g of the adapter's scale", retry.scaleFactor) : ""
        return "retry \(number) of \(collapseGuard.maximumRetries) from step \(step), "
            + String(format: "with a peak learning rate of %.3g", retry.learningRate) + scale
    }

    /// A parameter p that becomes m·p for the same output has gradients 1/m as large, so the moments follow.
    private func lowerScale() throws -> Bool {
        guard let multipliers = source.multiplyScale(by: collapseGuard.scaleFactor) else { return false }
        for (index, factor) in multipliers.enumerated() where factor != 1 {
            let scaled = [
                (optimizer.parameters[index].tensor, factor), (optimizer.firstMoments[index], 1 / factor),
                (optimizer.secondMoments[index], 1 / (factor * factor)),
            ]
            for (tensor, factor) in scaled { try tensor.copy_(tensor.multiplied(by: factor)) }
        }
        return true
    }

    private func facts(of collapse: Collapse, _ examples: [TrainingExample]) -> CollapseFacts {
        var letters = [Int](repeating: 0, count: Letter.allCases.count)
        var replyTokens: [Int] = []
        for example in examples {
            for case .letter(let gold, _) in example.targets {
                letters[gold.index] += 1
                replyTokens.append(example.targets.count)
            }
        }
        let losses = log.steps.map(\.loss.total), window = collapseGuard.lossWindow
        func mean(_ some: ArraySlice<Double>) -> Double { some.reduce(0, +) / Double(max(1, some.count)) }
        return CollapseFacts(
            attempts: zip([0] + log.retries.map(\.from), log.retries.map(\.retry.collapsedAt) + [collapse.step]).map { (from: $0, at: $1) },
            learningRate: configuration.learningRate * rateFactor,
            losses: losses.first.map { (first: $0, last: mean(losses.suffix(window))) }, letters: letters,
            replyTokens: replyTokens, answerTokens: log.readings.last?.reading.tokens)
    }
}
