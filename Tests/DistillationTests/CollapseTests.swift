import Checkpoints
import Distillation
import Foundation
import Groundwork
import Questions
import Testing
import Torch
import Transformers

/// A model that knows its scale, so that a probe can find it collapsed until it was lowered.
private final class Scaled: GradientSource {
    let inner: BigramModel
    var scale = 1.0
    init() throws { inner = try BigramModel() }
    var parameters: [(name: String, tensor: Tensor)] { inner.parameters }
    var gradients: [Tensor] { inner.gradients }
    var identity: [String: String] { inner.identity }
    var notices: [String] { [] }
    func zeroGradients() throws { try inner.zeroGradients() }
    func accumulate(_ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor) throws {
        try inner.accumulate(batch, dropout: dropout, loss: loss)
    }
    func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws { try inner.measure(batch, loss: loss) }
    func multiplyScale(by factor: Double) -> [Double]? {
        scale *= factor
        return [1, 1]
    }
    func save(to folder: String) throws { try inner.save(to: folder) }
}

private func reading(
    _ letters: String, right: [Letter]? = nil, wellFormed: Int = 20, finished: Int = 20, p: Double? = nil
) -> ProbeReading {
    let answers = letters.compactMap { Letter(rawValue: String($0)) }
    return ProbeReading(
        answers: answers, right: right ?? answers.indices.map { Letter.allCases[$0 % 4] }, wellFormed: wellFormed, finished: finished,
        tokens: 10, pAgainstStart: p)
}

@Suite struct CollapseTests {
    let scratch: Scratch
    let letters = Array("ABCD".utf8).map(Int.init)
    private let sameLetter = reading(String(repeating: "B", count: 20))

    init() throws { scratch = try Scratch() }

    private func trainer(
        _ source: any GradientSource, rate: Double = 0.05, _ change: (inout TrainingConfiguration) -> Void = { _ in }
    ) throws -> Trainer {
        var configuration = TrainingConfiguration(epochs: 2, batch: 4, learningRate: rate, warmup: 0.1, seed: 9, checkpointEvery: 3)
        change(&configuration)
        let trainer = try Trainer(source: source, letters: letters, configuration: configuration, title: "toy")
        trainer.notice = { _ in }
        trainer.isInterrupted = { false }
        return trainer
    }

    /// Finds the model collapsed from step 6 on while its scale is above `healthy`.
    private func probe(_ source: Scaled, healthy: Double) throws -> Probe {
        Probe(every: 2, heldOut: Array(try ToyExamples.make(4, teacher: false))) { [sameLetter] step, _ in
            step >= 6 && source.scale > healthy ? sameLetter : .healthy
        }
    }

    private func lines(_ folder: String) throws -> [[String: Any]] {
        try LineFile.read(folder + "/training/metrics.jsonl").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.text.utf8)) as? [String: Any])
        }
    }

    @Test func aCollapsedTrainingGoesBackAndEndsWithSmallerSteps() throws {
        let folder = scratch.path + "/a", source = try Scaled()
        let trainer = try trainer(source)
        trainer.probe = try probe(source, healthy: 0.6)
        var notices: [String] = []
        trainer.notice = { notices.append($0) }
        let summary = try trainer.train(ToyExamples.make(24), to: folder)
        #expect(summary.steps == 12 && source.scale == 0.5)
        #expect(notices.contains { $0.contains("collapsed at step 6 of 12: B is the answer to 100 % of the probes") }, "\(notices)")

        let lines = try lines(folder)
        let retry = try #require(lines.firstIndex { $0["retry"] != nil })
        #expect(lines[retry]["step"] as? Int == 4)
        let steps = lines.filter { $0["loss"] != nil }.compactMap { $0["step"] as? Int }
        #expect(steps == Array(1...6) + Array(5...12))
        // The same step at a third of the rate.
        func rate(_ line: [String: Any]?) -> Double { line?["learningRate"] as? Double ?? 0 }
        let fifths = lines.filter { $0["step"] as? Int == 5 && $0["loss"] != nil }
        #expect(abs(rate(fifths.first) / 3 - rate(fifths.last)) < 1e-12 && fifths.count == 2)
        let probes = lines.compactMap { $0["probe"] as? [String: Any] }
        #expect(probes.count == 1 + 3 + 4 && probes.allSatisfy { $0["heldOutTextLoss"] is Double && $0["letterEntropy"] is Double })
        // A finished training stays finished, and leaves no weights behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/training").sorted() == ["metrics.jsonl", "summary.json"])
    }

    @Test func noRetryLeftIsADiagnosis() throws {
        let source = try Scaled(), trainer = try trainer(source)
        trainer.probe = try probe(source, healthy: 0)
        let error = #expect(throws: DistillationError.self) { try trainer.train(ToyExamples.make(24), to: scratch.path + "/a") }
        let text = try #require(error?.description)
        #expect(text.contains("step 6") && text.contains("after 2 retries") && text.contains("last good checkpoint is of step 4"), "\(text)")
        #expect(text.contains("Likely cause: the steps are too large") && source.scale == 0.25)
    }

    @Test func examplesWithOneRightLetterAreNamedAsTheCause() throws {
        let source = try Scaled(), trainer = try trainer(source)
        trainer.collapseGuard.maximumRetries = 0
        trainer.probe = try probe(source, healthy: 0)
        let builder = try ExampleBuilder(coder: ByteCoder())
        let examples = try (0..<24).map { try builder.answering(.sample($0 * 4 + 1), reasoning: "So.", teacher: nil) }
        let error = #expect(throws: DistillationError.self) { try trainer.train(examples, to: scratch.path + "/a") }
        #expect(error?.description.contains("100 % of the training examples have the same right letter") == true)
    }

    /// Killed before the collapse, right behind it, and later in the retry.
    @Test(arguments: [5, 7, 8, 11, 13])
    func aRetryThatWasKilledGoesOn(afterPasses: Int) throws {
        let whole = scratch.path + "/whole", broken = scratch.path + "/broken", examples = try ToyExamples.make(24)
        let undisturbed = try Scaled(), first = try trainer(undisturbed)
        first.probe = try probe(undisturbed, healthy: 0.6)
        let expected = try first.train(examples, to: whole)

        let lost = try Scaled(), second = try trainer(lost)
        second.probe = try probe(lost, healthy: 0.6)
        lost.inner.lostAfter = afterPasses
        #expect(throws: Stop.self) { try second.train(examples, to: broken) }
        let resumed = try Scaled(), third = try trainer(resumed)
        third.probe = try probe(resumed, healthy: 0.6)
        #expect(try third.train(examples, to: broken).losses == expected.losses)
        #expect(try WholeFile.read(whole + "/model.bin") == WholeFile.read(broken + "/model.bin"))
        #expect(resumed.scale == 0.5)
    }

    @Test func aGradientThatIsNoNumberIsRetriedToo() throws {
        let source = try Scaled(), trainer = try trainer(source)
        source.inner.poisonedPass = 7
        trainer.probe = try probe(source, healthy: 1)
        let folder = scratch.path + "/a"
        #expect(try trainer.train(ToyExamples.make(24), to: folder).steps == 12)
        let retry = try lines(folder).compactMap { $0["retry"] as? [String: Any] }
        #expect(retry.count == 1 && (retry.first?["reason"] as? String)?.contains("not a finite number") == true)
    }

    @Test func aLossThatRunsAwayIsCaughtBetweenProbes() throws {
        let source = try Scaled(), trainer = try trainer(source, rate: 100)
        trainer.probe = Probe(every: 100) { _, _ in .healthy }
        let error = #expect(throws: DistillationError.self) { try trainer.train(ToyExamples.make(24), to: scratch.path + "/a") }
        #expect(error?.description.contains("the training loss rose") == true && error?.description.contains("learning rate") == true)
    }

    /// Letters alone, in the order that they stand in, to a model that says A: a step where that is right (it costs log(1 + 3e⁻³) = 0.14),
    /// then two where it is not (3 more), over and over. The probes see nothing.
    private func easyFirst(_ source: any GradientSource, rate: Double, isWatched: Bool = true) throws -> (Trainer, [TrainingExample]) {
        try source.parameters[1].tensor.copy_(Tensor((0..<260).map { $0 == letters[0] ? Float(3) : 0 }, [1, 260]))
        let trainer = try trainer(source, rate: rate) {
            $0.epochs = 4
            $0.shuffle = false
            $0.loss.reasoningWeight = 0
        }
        trainer.probe = isWatched ? Probe(every: 100) { _, _ in .healthy } : nil
        let builder = try ExampleBuilder(coder: ByteCoder())
        let numbers = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14]
        return (trainer, try numbers.map { try builder.answering(.sample($0), reasoning: nil, teacher: nil) })
    }

    /// The metrics of the steps but for the time they took.
    private func steps(_ folder: String) throws -> [StepMetrics] {
        try LineFile.read(folder + "/training/metrics.jsonl").compactMap { line in
            guard var step = try? JSONDecoder().decode(StepMetrics.self, from: Data(line.text.utf8)) else { return nil }
            (step.seconds, step.tokensPerSecond) = (0, 0)
            return step
        }
    }

    @Test(arguments: [1e-9, 0.01])
    func harderExamplesAreNoCollapse(rate: Double) throws {
        let folder = scratch.path + "/watched", unwatched = scratch.path + "/unwatched"
        let (trainer, examples) = try easyFirst(Scaled(), rate: rate)
        _ = try trainer.train(examples, to: folder)
        let steps = try steps(folder)
        #expect(steps.count == 12 && steps[0].loss.total < 0.3 && steps[1].loss.total > 2.5)
        // Steps 2 to 5, of which one is easy; no later ones cost more.
        #expect(steps.filter { $0.soundLoss != nil }.map(\.step) == [5])
        let sound = try #require(steps[4].soundLoss)
        #expect(abs(sound - 2.39) < 0.2)
        // Having measured leaves no trace in the weights.
        let (other, _) = try easyFirst(Scaled(), rate: rate, isWatched: false)
        _ = try other.train(examples, to: unwatched)
        #expect(try WholeFile.read(folder + "/model.bin") == WholeFile.read(unwatched + "/model.bin"))
    }

    /// Killed before the examples are measured again, in the step that does so, and behind the next checkpoint.
    @Test(arguments: [3, 4, 5, 7])
    func aKilledTrainingJudgesHarderExamplesAlike(afterPasses: Int) throws {
        let whole = scratch.path + "/whole", broken = scratch.path + "/broken"
        let (first, examples) = try easyFirst(Scaled(), rate: 0.01)
        _ = try first.train(examples, to: whole)
        let lost = try Scaled(), (second, _) = try easyFirst(lost, rate: 0.01)
        lost.inner.lostAfter = afterPasses
        #expect(throws: Stop.self) { try second.train(examples, to: broken) }
        _ = try easyFirst(Scaled(), rate: 0.01).0.train(examples, to: broken)
        #expect(try steps(whole) == steps(broken))
        #expect(try WholeFile.read(whole + "/model.bin") == WholeFile.read(broken + "/model.bin"))
    }

    /// What ran away is told by equal examples, not by the easy ones of the first step; a run that was killed before it says the same.
    @Test func aRunawayBehindAnEasyStepIsCaught() throws {
        func failure(_ trainer: Trainer, _ examples: [TrainingExample], _ folder: String) throws -> String {
            trainer.collapseGuard.maximumRetries = 0
            return try #require(#expect(throws: DistillationError.self) { try trainer.train(examples, to: scratch.path + folder) }).description
        }
        let (first, examples) = try easyFirst(Scaled(), rate: 100)
        let whole = try failure(first, examples, "/whole")
        #expect(whole.contains("collapsed at step 5") && whole.contains("the training loss rose from 2."), "\(whole)")
        let lost = try Scaled(), (second, _) = try easyFirst(lost, rate: 100)
        lost.inner.lostAfter = 4
        #expect(throws: Stop.self) { try second.train(examples, to: scratch.path + "/broken") }
        #expect(try failure(easyFirst(Scaled(), rate: 100).0, examples, "/broken") == whole)
    }

    @Test func symptomsAreThoseOfTheLimits() {
        let watch = CollapseGuard(), healthy = reading(String(repeating: "ABCD", count: 5))
        func symptoms(_ reading: ProbeReading, after earlier: [ProbeReading]) -> [String] {
            watch.symptoms(of: reading, after: earlier).map(\.description)
        }
        #expect(symptoms(healthy, after: [healthy]).isEmpty)
        let one = symptoms(sameLetter, after: [healthy])
        #expect(one.count == 2 && one[0].hasPrefix("B is the answer to 100 %") && one[1].contains("entropy is 0.00"))
        #expect(symptoms(reading(String(repeating: "ABCD", count: 5), wellFormed: 18), after: [healthy]) == ["10 % of the answers are malformed (5 % at most)"])
        #expect(symptoms(reading(String(repeating: "ABCD", count: 5), finished: 17), after: [healthy]) == ["15 % of the answers do not end (5 % at most)"])
        #expect(symptoms(reading(String(repeating: "ABCD", count: 5), finished: 19), after: [healthy]).isEmpty)
        let worse = reading(String(repeating: "BCDA", count: 5), p: 0.001)
        #expect(symptoms(worse, after: [healthy]).first?.contains("0.0 % of the probes are right against 100.0 %") == true)
        #expect(symptoms(reading(String(repeating: "BCDA", count: 5), p: 0.2), after: [healthy]).isEmpty)
    }

    @Test func aHeldOutLossThatRisesByHalfIsASign() {
        func reading(_ loss: Double) -> ProbeReading {
            var reading = ProbeReading.healthy
            reading.heldOutLoss = loss
            return reading
        }
        #expect(CollapseGuard().symptoms(of: reading(2.9), after: [reading(2)]).isEmpty)
        #expect(CollapseGuard().symptoms(of: reading(3.1), after: [reading(2)]).map(\.description) == ["the held-out loss rose from 2.00 to 3.10"])
        #expect(CollapseGuard().symptoms(of: reading(3.1), after: [.healthy]).isEmpty)  // nothing was held out at the start
    }

    @Test func everySignHasItsLikelyCause() {
        func cause(
            _ symptoms: CollapseSymptom..., from: Int = 0, at: Int = 20, losses: (first: Double, last: Double)? = (2, 1), letters: [Int] = [5, 5, 5, 5],
            replies: [Int] = [10, 12], answers: Double? = 30
        ) -> String {
            CollapseFacts(
                attempts: [(from, at)], learningRate: 1e-3, losses: losses, letters: letters, replyTokens: replies, answerTokens: answers
            ).cause(of: Collapse(step: at, symptoms: symptoms))
        }
        #expect(cause(.notFinite("the loss"), at: 1).hasPrefix("the first step fails at every learning rate"))
        #expect(cause(.notFinite("the loss")).hasPrefix("the steps are too large"))
        #expect(cause(.trainingLoss(9, start: 3)).contains("Lower the learning rate below 0.001"))
        #expect(cause(.heldOutLoss(3, start: 2)).contains("learnt by heart"))
        #expect(cause(.heldOutLoss(3, start: 2), losses: (2, 4)).hasPrefix("the steps are too large"))
        #expect(cause(.oneLetter("A", share: 1), letters: [17, 1, 1, 1]).hasPrefix("85 % of the training examples have the same right letter"))
        #expect(cause(.lowEntropy(bits: 0.1)).hasPrefix("the steps are too large"))
        #expect(cause(.unfinished(share: 0.4, limit: 0.05), replies: [28, 30]).contains("keep shorter labels only"))
        #expect(cause(.unfinished(share: 0.4, limit: 0.05)).hasPrefix("the steps are too large"))
        #expect(cause(.worse(accuracy: 0.2, start: 0.5, p: 0.001)).contains("the labels teach something else"))
        #expect(cause(.worse(accuracy: 0.2, start: 0.5, p: 0.001), losses: (2, 4)).hasPrefix("the steps are too large"))
    }

    @Test func aLimitThatTheBaseBreaksHoldsOnceItWasKept() {
        let watch = CollapseGuard(), letters = String(repeating: "ABCD", count: 5)
        let base = reading(letters, finished: 10), better = reading(letters, finished: 20)
        #expect(watch.symptoms(of: reading(letters, finished: 10), after: [base]).isEmpty)
        #expect(watch.symptoms(of: reading(letters, finished: 8), after: [base]).count == 1)
        #expect(watch.symptoms(of: reading(letters, finished: 10), after: [base, better]).count == 1)
    }

    @Test func aLetterThatIsMostlyRightIsNoCollapse() {
        let right = [Letter](repeating: .B, count: 20)
        #expect(CollapseGuard().symptoms(of: reading(String(repeating: "B", count: 20), right: right), after: [.healthy]).isEmpty)
    }

    @Test func aFewProbesSayNothing() {
        #expect(CollapseGuard().symptoms(of: reading("BBBB", wellFormed: 0, finished: 0), after: [.healthy]).isEmpty)
    }

    /// s·B·A is the same for half the scale and twice B; measuring sees what training sees.
    @Test func aLowerScaleWithGrownFactorsComputesTheSame() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Distillation/tiny").path
        let model = try LanguageModel.load(folder + "/model")
        let adapter = try Adapter(for: model, .init(rank: 4, alpha: 8, useRSLoRA: true), seed: 1)
        for (name, tensor) in adapter.parameters where name.hasSuffix("lora_B.weight") {
            try tensor.copy_(Tensor((0..<tensor.count).map { Float($0 % 7) * 0.01 }, tensor.shape))
        }
        let source = try AdapterSource(model: model, adapter: adapter, base: "tiny")
        let batch = PackedExamples(try [ExampleBuilder(coder: model.tokenizer).answering(.sample(1), reasoning: "So.", teacher: nil)])
        func logits() throws -> [Float] {
            var values: [Float] = []
            try source.measure(batch) { _, logits in values += try logits.floats() }
            return values
        }
        let before = try logits()
        var trained: [Float] = []
        try source.accumulate(batch, dropout: .init(seed: 0, step: 0)) { _, logits in
            trained += try logits.floats()
            return try logits.multiplied(by: 0)
        }
        #expect(!before.isEmpty && zip(before, trained).allSatisfy { abs($0 - $1) < 1e-5 })
        let multipliers = try #require(source.multiplyScale(by: 0.5))
        let halved = try logits()
        #expect(zip(before, halved).contains { abs($0 - $1) > 1e-4 })
        for (parameter, factor) in zip(adapter.parameters, multipliers) {
            try parameter.tensor.copy_(parameter.tensor.multiplied(by: factor))
        }
        #expect(try zip(before, logits()).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(adapter.configuration.alpha == 4 && adapter.configuration.scale == 2)
    }
}

@Suite struct LearningRateRangeTests {
    private let rates = (0..<40).map { 1e-6 * pow(10, Double($0) / 6.5) }

    private func range(_ losses: [Double]) -> LearningRateRange {
        LearningRateRange(rates: rates, losses: losses, initial: losses.map { _ in 4 })
    }

    @Test func theSuggestionLiesBeforeTheLowestLoss() throws {
        // Flat at 4, falls between 1e-5 and 1e-3, runs away at 1e-1.
        let losses = rates.map { rate in 4 - 3 / (1 + pow(1e-4 / rate, 2)) + pow(rate / 0.1, 2) }
        let range = self.range(losses)
        let suggestion = try #require(range.suggestion), lowest = try #require(range.lowest)
        #expect(range.diverged && suggestion > 1e-5 && suggestion <= lowest / 10)
        #expect(range.text.contains("suggested learning rate") && range.text.split(separator: "\n").count == range.points.count + 2)
    }

    @Test func aLossThatNeverFallsGivesNoSuggestion() {
        let range = range(rates.map { 3 + pow($0 / 0.01, 2) })
        #expect(range.suggestion == nil && range.diverged && range.text.contains("no suggestion"))
    }

    @Test func aLossThatIsNoNumberEndsTheCurve() {
        let range = range([4, 3.9, 3, 2.5, 2, 1.8, .nan, 1])
        #expect(range.points.count == 6 && range.diverged && range.suggestion != nil)
    }

    /// Hard examples first, so that the losses fall most at rates that change nothing.
    @Test func stepsOfEasyExamplesAreNotMistakenForGoodRates() throws {
        let initial = rates.indices.map { $0 < 3 ? 6.0 : [3, 4, 3.5][$0 % 3] }
        let losses = zip(rates, initial).map { rate, loss in loss * (1 - 0.6 / (1 + pow(1e-3 / rate, 2)) + pow(rate / 0.3, 2)) }
        let range = LearningRateRange(rates: rates, losses: losses, initial: initial)
        let steepest = try #require(range.steepest), suggestion = try #require(range.suggestion)
        #expect(steepest > 2e-4 && steepest < 5e-3 && suggestion > 1e-4, "\(range.text)")
    }

    @Test func aTrainerFindsARateAndWritesNothing() throws {
        let configuration = TrainingConfiguration(batch: 4, seed: 9)
        let trainer = try Trainer(source: BigramModel(), letters: Array("ABCD".utf8).map(Int.init), configuration: configuration, title: "toy")
        trainer.isInterrupted = { false }
        let range = try trainer.findLearningRate(ToyExamples.make(24), from: 1e-5, to: 100, steps: 40)
        let suggestion = try #require(range.suggestion)
        #expect(range.diverged && suggestion > 1e-4 && suggestion < 10, "\(range.text)")
        #expect(throws: DistillationError.self) { try trainer.findLearningRate(ToyExamples.make(4), steps: 3) }
    }
}
