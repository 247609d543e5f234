import Distillation
import Foundation
import Groundwork
import Questions
import Testing
import Torch
import Transformers

/// A model that keeps the names of every pass's examples, and can be told to draw the same noise in each.
private final class Watched: GradientSource {
    let inner: BigramModel
    let isNoiseless: Bool
    var passes: [[String]] = []
    /// Before this pass a weight, which no example of the toy ever meets, becomes infinite.
    var breaksBefore: Int?
    init(_ inner: BigramModel, isNoiseless: Bool = false) { (self.inner, self.isNoiseless) = (inner, isNoiseless) }
    var parameters: [(name: String, tensor: Tensor)] { inner.parameters }
    var gradients: [Tensor] { inner.gradients }
    var identity: [String: String] { inner.identity }
    var notices: [String] { [] }
    func zeroGradients() throws { try inner.zeroGradients() }
    func accumulate(_ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor) throws {
        if passes.count == breaksBefore { try inner.table.narrow(0, 259, 1).narrow(1, 259, 1).copy_(.full([1, 1], .infinity)) }
        passes.append(batch.names)
        try inner.accumulate(batch, dropout: isNoiseless ? TrainingPass.Dropout(seed: 0, step: 0) : dropout, loss: loss)
    }
    func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws { try inner.measure(batch, loss: loss) }
    func save(to folder: String) throws { try inner.save(to: folder) }
}

@Suite struct TrainerTests {
    let scratch: Scratch
    let letters = Array("ABCD".utf8).map(Int.init)

    init() throws { scratch = try Scratch() }

    private func configuration(_ change: (inout TrainingConfiguration) -> Void = { _ in }) -> TrainingConfiguration {
        var configuration = TrainingConfiguration(
            epochs: 2, batch: 4, learningRate: 0.05, warmup: 0.1, maximumGradientNorm: 1, seed: 9, checkpointEvery: 3)
        change(&configuration)
        return configuration
    }

    private func trainer(_ source: any GradientSource, _ configuration: TrainingConfiguration) throws -> Trainer {
        let trainer = try Trainer(source: source, letters: letters, configuration: configuration, title: "toy")
        trainer.notice = { _ in }
        trainer.isInterrupted = { false }
        return trainer
    }

    private func bytes(_ folder: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/model.bin")) }

    @Test func learns() throws {
        let folder = scratch.path + "/a"
        let summary = try trainer(BigramModel(), configuration()).train(ToyExamples.make(24), to: folder)
        #expect(summary.steps == 12 && summary.losses.count == 12)
        #expect(summary.losses[11] < summary.losses[0] - 1)
        #expect(summary.tokens > 0 && summary.examples == 24)
        let lines = try LineFile.read(folder + "/training/metrics.jsonl")
        let last = try JSONDecoder().decode(StepMetrics.self, from: Data(lines[11].text.utf8))
        #expect(last.step == 12 && abs(last.loss.total - summary.losses[11]) < 1e-12 && last.epoch == 2)
        // Done is done: the same command returns the same summary and leaves no weights of the optimiser behind.
        #expect(try trainer(BigramModel(), configuration()).train(ToyExamples.make(24), to: folder) == summary)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder + "/training")
        #expect(left.sorted() == ["metrics.jsonl", "summary.json"])
    }

    /// What the loss is averaged over is the whole accumulated batch, whatever passes it is split into.
    @Test func batchEightEqualsBatchTwoTimesFour() throws {
        // 21 examples: the last step of an epoch is smaller. Some carry no teacher.
        let examples = try ToyExamples.make(15) + ToyExamples.make(21, teacher: false)[15...]
        var losses: [[Double]] = []
        for (batch, accumulation) in [(8, 1), (2, 4), (3, 3)] {
            let source = Watched(try BigramModel(), isNoiseless: true)
            let settings = configuration {
                $0.batch = batch
                $0.accumulation = accumulation
            }
            losses.append(try trainer(source, settings).train(examples, to: scratch.path + "/\(batch)").losses)
        }
        #expect(losses[0].count == 6 && losses[1].count == 6)
        #expect(zip(losses[0], losses[1]).allSatisfy { abs($0 - $1) < 1e-5 }, "\(losses)")
        // Nine examples a step are another batch, and another loss.
        #expect(abs(losses[0][0] - losses[2][0]) > 1e-4)
    }

    /// The four examples of a question share its prompt, so a pass should see them together, and every question in every epoch.
    @Test func examplesOfOneQuestionStayTogether() throws {
        let labels = (0..<6).map { KeptLabel(question: .sample($0), reasoning: "So.", teacherScores: nil) }
        let examples = try ExampleBuilder(coder: ByteCoder()).examples(for: labels, bindsChoices: true).examples
        let source = Watched(try BigramModel())
        let settings = configuration {
            $0.batch = 4
            $0.accumulation = 1
        }
        _ = try trainer(source, settings).train(examples, to: scratch.path + "/together")
        #expect(source.passes.count == 12 && source.passes.allSatisfy { $0.count == 4 && Set($0).count == 1 })
        let epochs = [source.passes[..<6], source.passes[6...]].map { $0.map { $0[0] } }
        #expect(epochs.allSatisfy { $0.sorted() == labels.map(\.question.id) } && epochs[0] != epochs[1])
    }

    @Test func withoutShufflingTheExamplesComeAsTheyStand() throws {
        let examples = try ToyExamples.make(10), folder = scratch.path + "/in-order"
        let source = Watched(try BigramModel())
        _ = try trainer(source, configuration { $0.shuffle = false }).train(examples, to: folder)
        let once = [examples[..<4], examples[4..<8], examples[8...]].map { $0.map(\.name) }
        #expect(source.passes == once + once)
        let shuffled = Watched(try BigramModel())
        _ = try trainer(shuffled, configuration()).train(examples, to: scratch.path + "/shuffled")
        #expect(shuffled.passes != source.passes)
    }

    @Test(arguments: [1, 4, 7, 11])
    func aLostRunEndsInTheSameBytes(lostAfter: Int) throws {
        let examples = try ToyExamples.make(24)
        let whole = scratch.path + "/whole", broken = scratch.path + "/broken"
        let expected = try trainer(BigramModel(), configuration()).train(examples, to: whole)
        let first = try trainer(BigramModel(), configuration())
        first.probe = .losing(every: lostAfter)
        #expect(throws: Stop.self) { try first.train(examples, to: broken) }
        let resumed = try trainer(BigramModel(), configuration()).train(examples, to: broken)
        #expect(try bytes(whole) == bytes(broken))
        #expect(resumed.losses == expected.losses)
        #expect(resumed.tokens == expected.tokens)
    }

    @Test func anInterruptedRunSavesFirst() throws {
        let examples = try ToyExamples.make(24)
        let whole = scratch.path + "/whole", broken = scratch.path + "/broken"
        _ = try trainer(BigramModel(), configuration()).train(examples, to: whole)
        let first = try trainer(BigramModel(), configuration())
        var asked = 0
        first.isInterrupted = {
            asked += 1
            return asked == 5
        }
        #expect(throws: Interrupted.self) { try first.train(examples, to: broken) }
        #expect(FileManager.default.fileExists(atPath: broken + "/training/step-00000005.safetensors"))
        let source = try BigramModel()
        _ = try trainer(source, configuration()).train(examples, to: broken)
        #expect(source.passes == 7)
        #expect(try bytes(whole) == bytes(broken))
    }

    @Test func anInfiniteGradientStopsBeforeTheWeights() throws {
        let examples = try ToyExamples.make(24)
        let healthy = try BigramModel(), poisoned = try BigramModel()
        poisoned.poisonedPass = 3
        let first = try trainer(healthy, configuration())
        first.probe = .losing(every: 3)
        #expect(throws: Stop.self) { try first.train(examples, to: scratch.path + "/a") }
        let error = #expect(throws: DistillationError.self) {
            try trainer(poisoned, configuration()).train(examples, to: scratch.path + "/b")
        }
        #expect(error?.description.contains("step 4") == true && error?.description.contains("bias") == true)
        #expect(try healthy.table.floats() == poisoned.table.floats())
    }

    /// Neither a loss nor a gradient shows it, but what is written would be broken for ever.
    @Test(arguments: [6, 11]) func aWeightThatIsNoNumberIsNotWritten(pass: Int) throws {
        let source = Watched(try BigramModel()), folder = scratch.path + "/a"
        source.breaksBefore = pass
        let error = #expect(throws: DistillationError.self) { try trainer(source, configuration()).train(ToyExamples.make(24), to: folder) }
        #expect(error?.description.contains("no finite number, so it is not written") == true, "\(String(describing: error))")
        #expect(!FileManager.default.fileExists(atPath: folder + "/model.bin"))
        // The checkpoint of before is still there to go on from.
        let state = try String(contentsOfFile: folder + "/training/state.json", encoding: .utf8)
        #expect(state.contains("\"step\" : \(pass / 3 * 3)"), "\(state)")
    }

    @Test(arguments: ["\"retries\" : -3", "\"retries\" : 1099511627776"]) func aCheckpointWithImpossibleNumbersIsRefused(entry: String) throws {
        let folder = scratch.path + "/a", interrupted = try trainer(BigramModel(), configuration())
        interrupted.isInterrupted = { true }
        #expect(throws: Interrupted.self) { try interrupted.train(ToyExamples.make(24), to: folder) }
        let path = folder + "/training/state.json"
        let state = try String(contentsOfFile: path, encoding: .utf8)
        try state.replacingOccurrences(of: "\"step\" :", with: "\(entry),\n  \"step\" :").write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: DistillationError.self) { try trainer(BigramModel(), configuration()).train(ToyExamples.make(24), to: folder) }
        #expect(error?.description.contains("retries") == true)
    }

    @Test func aLossThatIsNoNumberNamesItsQuestions() throws {
        let model = try BigramModel()
        try model.table.copy_(.full([260, 260], .nan))
        let error = #expect(throws: DistillationError.self) {
            try trainer(model, configuration()).train(ToyExamples.make(8), to: scratch.path + "/a")
        }
        #expect(error?.description.contains("step 1") == true && error?.description.contains("q") == true)
    }

    @Test func otherSettingsOrExamplesDoNotContinueARun() throws {
        let examples = try ToyExamples.make(24), folder = scratch.path + "/a"
        let first = try trainer(BigramModel(), configuration())
        first.probe = .losing(every: 4)
        #expect(throws: Stop.self) { try first.train(examples, to: folder) }
        let error = #expect(throws: DistillationError.self) {
            try trainer(BigramModel(), configuration { $0.learningRate = 0.01 }).train(examples, to: folder)
        }
        #expect(error?.description.contains("learning rate: 0.05 there, 0.01 here") == true)
        #expect(throws: DistillationError.self) {
            try trainer(BigramModel(), configuration()).train(ToyExamples.make(24, teacher: false), to: folder)
        }
    }

    @Test func aQuarterOfAnEpochIsAQuarterOfTheSteps() throws {
        let settings = configuration { $0.epochs = 0.25 }
        #expect(settings.totalSteps(examples: 40) == 3)
        #expect(configuration { $0.epochs = 0.01 }.totalSteps(examples: 4) == 1)
        #expect(configuration { $0.maximumSteps = 5 }.totalSteps(examples: 40) == 5)
        let summary = try trainer(BigramModel(), settings).train(ToyExamples.make(24), to: scratch.path + "/a")
        #expect(summary.steps == 2)
    }

    @Test func refusesSettingsOutsideTheirRange() throws {
        for change: (inout TrainingConfiguration) -> Void in [
            { $0.epochs = 0 }, { $0.batch = 0 }, { $0.accumulation = -1 }, { $0.learningRate = .infinity }, { $0.warmup = 1.5 },
            { $0.optimizer.beta2 = 1 }, { $0.checkpointEvery = 0 }, { $0.maximumGradientNorm = -1 }, { $0.maximumSteps = 0 },
        ] {
            #expect(throws: DistillationError.self) { try trainer(BigramModel(vocabulary: 2), configuration(change)) }
        }
        #expect(throws: DistillationError.self) {
            try trainer(BigramModel(vocabulary: 2), configuration()).train([], to: scratch.path + "/a")
        }
    }
}
