import Checkpoints
import Distillation
import Foundation
import Groundwork
import Questions
import Testing
import Torch
import Transformers

private struct Expected: Decodable {
    var prompts: [[Int]]
    var sequences: [[Int]]
    var losses: [Double]
    var norms: [Double]
    var adapter: [String: [Float]]
}

/// From labels to a trained adapter, beside PEFT, transformers and torch (Tests/Oracles/distillation_training.py).
@Suite struct AdapterSourceTests {
    let scratch: Scratch
    private let expected: Expected
    let tiny = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/Distillation/tiny").path

    init() throws {
        scratch = try Scratch()
        expected = try Fixtures.decode(Expected.self, "tiny/expected.json")
    }

    private func examples(_ model: LanguageModel) throws -> [TrainingExample] {
        let (kept, funnel) = LabelFunnel.sort(try LabelFile.read(tiny + "/labels.jsonl"))
        #expect(funnel.kept == 6 && funnel.dropped == [.wrongLetter: 1, .unfinished: 1])
        return try ExampleBuilder(coder: model.tokenizer).examples(for: kept).examples
    }

    private func trainer(_ source: any GradientSource, _ model: LanguageModel, batch: Int, accumulation: Int) throws -> Trainer {
        let trainer = try Trainer(
            source: source, letters: AnswerTokens(coder: model.tokenizer).letters,
            configuration: TrainingConfiguration(
                epochs: 8, batch: batch, accumulation: accumulation, learningRate: 0.02, schedule: .cosine, warmup: 0.1,
                optimizer: AdamW.Settings(weightDecay: 0.01), maximumGradientNorm: 0.5,
                loss: DistillationLoss(alpha: 0.3, temperature: 2, scalesBySquare: true, reasoningWeight: 0.5), checkpointEvery: 3),
            title: "tiny")
        trainer.notice = { _ in }
        trainer.isInterrupted = { false }
        return trainer
    }

    @Test func tokensAreThoseOfTransformers() throws {
        let model = try LanguageModel.load(tiny + "/model")
        for (example, ids) in zip(try examples(model), expected.sequences) {
            // The last token is only a target.
            #expect(example.tokens == Array(ids.dropLast()))
            #expect(example.targets.last == .token(try #require(ids.last)))
        }
    }

    @Test(arguments: [(6, 1, false), (2, 3, true)])
    func trainsLikePEFT(batch: Int, accumulation: Int, checkpointing: Bool) throws {
        let model = try LanguageModel.load(tiny + "/model")
        let adapter = try Adapter.load(tiny + "/adapter", for: model)
        let source = try AdapterSource(model: model, adapter: adapter, base: "tiny", activations: checkpointing ? .inputs : .everything)
        let folder = scratch.path + "/adapter"
        let summary = try trainer(source, model, batch: batch, accumulation: accumulation).train(examples(model), to: folder)
        #expect(summary.losses.count == expected.losses.count)
        for (ours, theirs) in zip(summary.losses, expected.losses) { #expect(abs(ours - theirs) < 1e-4) }
        for (line, norm) in zip(try LineFile.read(folder + "/training/metrics.jsonl"), expected.norms) {
            let metrics = try JSONDecoder().decode(StepMetrics.self, from: Data(line.text.utf8))
            #expect(abs(metrics.gradientNorm / norm - 1) < 1e-3)
        }
        let trained = try Adapter.load(folder, for: model)
        var compared = 0
        for (name, tensor) in trained.parameters {
            guard let theirs = expected.adapter[name] else { continue }
            let worst = zip(try tensor.floats(), theirs).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-3, "\(name): \(worst)")
            compared += 1
        }
        #expect(compared == expected.adapter.count)
    }

    @Test func aFreshAdapterResumesToTheSameBytesWithDropout() throws {
        let model = try LanguageModel.load(tiny + "/model")
        func source() throws -> AdapterSource {
            let configuration = AdapterConfiguration(rank: 2, alpha: 4, useRSLoRA: true, dropout: 0.2)
            return try AdapterSource(model: model, adapter: Adapter(for: model, configuration, seed: 7), base: "tiny")
        }
        let whole = scratch.path + "/whole", broken = scratch.path + "/broken"
        _ = try trainer(source(), model, batch: 2, accumulation: 1).train(examples(model), to: whole)
        let first = try trainer(source(), model, batch: 2, accumulation: 1)
        first.probe = .losing(every: 10)
        #expect(throws: Stop.self) { try first.train(examples(model), to: broken) }
        _ = try trainer(source(), model, batch: 2, accumulation: 1).train(examples(model), to: broken)
        let name = "/adapter_model.safetensors"
        #expect(try WholeFile.read(whole + name) == WholeFile.read(broken + name))
    }

    @Test func aLossThatIsNoNumberNamesItsOriginAndTouchesNoWeight() throws {
        let model = try LanguageModel.load(tiny + "/model")
        let adapter = try Adapter.load(tiny + "/adapter", for: model)
        let (name, broken) = adapter.parameters[3]
        try broken.multiply_(by: .scalar(.nan))
        let before = try adapter.parameters.map { try $0.tensor.floats().map(\.bitPattern) }
        let source = try AdapterSource(model: model, adapter: adapter, base: "tiny")
        let error = #expect(throws: DistillationError.self) {
            try trainer(source, model, batch: 2, accumulation: 1).train(examples(model), to: scratch.path + "/broken")
        }
        let message = "\(try #require(error))"
        #expect(message.contains("step 1: the loss of ") && message.contains("(first of all, the adapter's \(name))"))
        #expect(try adapter.parameters.map { try $0.tensor.floats().map(\.bitPattern) } == before)
    }

    /// A training is continued only from the adapter that it was begun with.
    @Test func anotherStartIsAnotherTraining() throws {
        let model = try LanguageModel.load(tiny + "/model")
        func train(from start: String?) throws {
            let source = try AdapterSource(model: model, adapter: Adapter.load(tiny + "/adapter", for: model), base: "tiny", start: start)
            _ = try trainer(source, model, batch: 2, accumulation: 3).train(examples(model), to: scratch.path + "/started")
        }
        try train(from: "primer@1")
        try train(from: "primer@1")
        for other in ["primer@2", nil] { #expect(throws: DistillationError.self) { try train(from: other) } }
    }

    @Test func anInformedTeacherScoresLettersBehindTheExplanation() throws {
        let model = try LanguageModel.load(tiny + "/model")
        let question = Question.sample(1, explanation: "1 + 1 = 2.")
        let teacher = try NativeTeacher(
            identity: "tiny", coder: model.tokenizer, decoder: Decoder(model: model, slots: 2), way: .informed)
        let labels = try teacher.labels(for: [.sample(0), question, .sample(2, explanation: nil)])
        // The same scores from one plain pass over the example that the label is about.
        let example = try ExampleBuilder(coder: model.tokenizer).answering(question, reasoning: question.explanation, teacher: nil)
        let row = try #require(zip(example.rows, example.targets).first { if case .letter = $0.1 { true } else { false } }?.0)
        let logits = try model.logits(PackedSequences([example.tokens]), rows: [row]).floats()
        let letters = try AnswerTokens(coder: model.tokenizer).letters.map { Double(logits[$0]) }
        let total = log(letters.reduce(0) { $0 + exp($1) })
        for (ours, theirs) in zip(labels[1].letterLogProbabilities ?? [], letters) { #expect(abs(ours - (theirs - total)) < 1e-4) }
        #expect(labels[1].reasoning == "1 + 1 = 2.")
    }

    @Test func aFreeTeacherReasonsInFreshWordsButTheSameOnesAgain() throws {
        let model = try LanguageModel.load(tiny + "/model")
        func labels(_ seed: UInt64, slots: Int) throws -> [Label] {
            try NativeTeacher(
                identity: "tiny", coder: model.tokenizer, decoder: Decoder(model: model, slots: slots), way: .free,
                sampling: Sampling(temperature: 0.8), maximumTokens: 12, seed: seed
            ).labels(for: (0..<3).map { .sample($0) })
        }
        let first = try labels(1, slots: 3), again = try labels(1, slots: 1), other = try labels(2, slots: 3)
        #expect(first.map(\.reasoning) == again.map(\.reasoning))
        #expect(first.map(\.reasoning) != other.map(\.reasoning))
        #expect(first.allSatisfy { !$0.reasoning.contains("\"") && $0.tokens <= 12 })
    }

    /// Memory runs out in the middle of a step, with some of its gradients summed: the step begins again with less kept, and the run
    /// ends in the same bytes as one that was never short of it.
    @Test func outOfMemoryLowersThePlanAndRepeatsTheStep() throws {
        func run(_ name: String, failing passes: Set<Int>) throws -> (bytes: Data, notices: [String]) {
            let model = try LanguageModel.load(tiny + "/model")
            let adapter = try Adapter.load(tiny + "/adapter", for: model)
            let source = Starved(try AdapterSource(model: model, adapter: adapter, base: "tiny"), failing: passes)
            let trainer = try trainer(source, model, batch: 2, accumulation: 3)
            var notices: [String] = []
            trainer.notice = { notices.append($0) }
            _ = try trainer.train(examples(model), to: scratch.path + "/" + name)
            return (try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/\(name)/adapter_model.safetensors")), notices)
        }
        let fed = try run("fed", failing: [])
        // The second of the first step's three passes; the repeated step is passes 2, 3, 4.
        let starved = try run("starved", failing: [1])
        #expect(starved.bytes == fed.bytes)
        let told = starved.notices.filter { $0.contains("out of memory") }
        #expect(told.count == 1)
        let line = try #require(told.first)
        #expect(line.contains("step 1 ran out of memory and is done again: 1 instead of 2 of 2 blocks keep their activations") && !line.contains("\n"))
        // Once: a step that fails again fails.
        #expect(throws: TorchError.self) { try run("twice", failing: [1, 3]) }
    }
}

/// A source whose device runs out of memory in some passes, after the loss and before any gradient is whole.
private final class Starved: GradientSource {
    let inner: AdapterSource
    let failing: Set<Int>
    private var pass = 0
    init(_ inner: AdapterSource, failing: Set<Int>) { (self.inner, self.failing) = (inner, failing) }
    var parameters: [(name: String, tensor: Tensor)] { inner.parameters }
    var gradients: [Tensor] { inner.gradients }
    var identity: [String: String] { inner.identity }
    var notices: [String] { inner.notices }
    func zeroGradients() throws { try inner.zeroGradients() }
    func lowerActivations() -> String? { inner.lowerActivations() }
    func save(to folder: String) throws { try inner.save(to: folder) }
    func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws { try inner.measure(batch, loss: loss) }
    func accumulate(_ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor) throws {
        defer { pass += 1 }
        try inner.accumulate(batch, dropout: dropout, loss: loss)
        if failing.contains(pass) { throw TorchError.outOfMemory(name: "linear", arguments: [], reason: "CUDA out of memory. Tried to allocate 2 GiB") }
    }
}
