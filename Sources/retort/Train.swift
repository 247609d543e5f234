import Agents
import ArgumentParser
import Checkpoints
import Distillation
import Foundation
import Groundwork
import Pipeline
import Questions
import Tokenizers
import Transformers

extension Schedule.Shape: ExpressibleByArgument {}
extension ExampleBuilder.Style: ExpressibleByArgument {}

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a LoRA adapter on questions (supervised) or on a teacher's labels (distilled).",
        discussion: """
            A stopped command continues from its last checkpoint, in DIR/training; on a CPU it ends in the same bytes as an \
            uninterrupted one. The loss is α·CE + (1−α)·T²·KL over the four letters, plus λ·CE over the reasoning.

            With --probe, the answer agent is tried on questions that nothing is trained on. A training that collapses (one letter \
            whatever is asked, answers that do not end, a loss that runs away) goes back to its last good checkpoint and on with \
            smaller steps, --max-retries times.
            """)

    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Questions to train on; their explanations are the reasoning.", valueName: "file"))
    var questions: String?

    @Option(help: ArgumentHelp("Labels to train on, from `retort label`.", valueName: "file"))
    var labels: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The PEFT adapter folder to write. (needed but for --find-lr)", valueName: "dir"))
    var output: String?

    @Option(help: "A trained PEFT adapter folder to start from: its rank, alpha, scale, targets and dropout stay. (default: a fresh adapter)")
    var adapter: String?

    @Option(help: "The adapter's rank. (default: 16)")
    var rank: Int?

    @Option(help: "The adapter's alpha. (default: 16)")
    var alpha: Double?

    @Flag(inversion: .prefixedNo, help: "Scale by alpha/√rank instead of alpha/rank. (default: --rslora)")
    var rslora: Bool?

    @Option(help: "Share of the adapter's inputs that is dropped in training. (default: 0)")
    var dropout: Double?

    @Option(parsing: .upToNextOption, help: "Projections with an adapter. (default: all seven)")
    var targets: [String] = []

    @Option(help: "The highest learning rate.")
    var lr = 1e-3

    @Option(help: "How the learning rate falls: constant, linear or cosine.")
    var schedule = Schedule.Shape.cosine

    @Option(help: "Share of all steps in which the learning rate rises.")
    var warmup = 0.05

    @Option(help: "AdamW's weight decay.")
    var weightDecay = 0.0

    @Option(help: "Largest norm of the gradients; 0 for no limit.")
    var clip = 1.0

    @Option(help: "Questions in one pass.")
    var batch = 8

    @Option(help: "Passes in one step.")
    var accumulation = 1

    @Option(help: "Times through all questions; may be a fraction.")
    var epochs = 1.0

    @Option(help: "Stop after this many steps.")
    var steps: Int?

    @Flag(inversion: .prefixedNo, help: "Take the questions in a random order, another one each epoch; else as they stand in the file.")
    var shuffle = true

    @Option(help: "reason: the reasoning and then the letter; letter: the bare letter.")
    var style = ExampleBuilder.Style.reason

    @Option(help: "For this share of the questions (0 to 1), learn to write the question too.")
    var askingShare = 0.0

    @Flag(help: "For every question, learn the letter of each wrong choice too, once it is stated: letters come faster to small models.")
    var bindChoices = false

    @Option(help: "α, the weight of the right letter against the teacher's letters.")
    var hardWeight = 0.3

    @Option(help: "T, which softens both distributions.")
    var temperature = 2.0

    @Option(help: "λ, the weight of the reasoning.")
    var reasoningWeight = 1.0

    @Option(help: "δ, the weight of the teacher's likeliest tokens along the reasoning, where labels hold them; 0 leaves them out.")
    var denseWeight = 1.0

    @Flag(inversion: .prefixedNo, help: "Multiply the soft term by T².")
    var temperatureSquared = true

    @Option(help: "Longest reasoning of a label that is learnt from, in words.")
    var maxWords = 100

    @Option(help: "The same in tokens, by the model's own tokenizer.")
    var maxTokens = 120

    @Flag(help: "Cut longer reasoning at a sentence instead of leaving the label out.")
    var cutReasoning = false

    @Flag(inversion: .prefixedNo, help: "Learn from reasoning that was written with the right answer given (never from its scores).")
    var hinted = true

    @Flag(help: "Compute each block again in the backward pass: least memory, about a quarter more time. (default: as few blocks as the free memory allows)")
    var checkpointing = false

    @Option(help: ArgumentHelp("The most memory that activations may take, such as 8G or 512M; blocks that do not fit are computed again. (default: what is free)", valueName: "bytes"))
    var activationMemory: ByteArgument?

    @Option(help: "Steps between checkpoints.")
    var saveEvery = 25

    @Option(help: ArgumentHelp("Questions to watch over the training with; give at least 16, and none of those trained on.", valueName: "file"))
    var probe: String?

    @Option(help: "Steps between looks at the probes, which also come before the first step and after the last. (default: 25)")
    var probeEvery: Int?

    @Option(help: "How often a collapsed training may begin again at its last good checkpoint, with a third of the learning rate and half the scale. (default: 2)")
    var maxRetries: Int?

    @Flag(help: "Train nothing: raise the learning rate from 1e-6 to 1 over --steps steps (default: 60), print the losses and suggest a rate.")
    var findLr = false

    @Option(help: "Draws the adapter's first values, the order of the questions, and dropout.")
    var seed: UInt64 = 0

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if (questions == nil) == (labels == nil) { throw ValidationError("Give either --questions or --labels.") }
        if !findLr, output == nil { throw ValidationError("Missing expected argument '--output <dir>'") }
        if findLr, output != nil || probe != nil { throw ValidationError("--find-lr trains and writes nothing; leave out --output and --probe.") }
        if findLr, let steps, steps < 8 { throw ValidationError("--find-lr needs --steps of at least 8.") }
        if probe == nil, probeEvery != nil || maxRetries != nil { throw ValidationError("--probe-every and --max-retries need --probe.") }
        if let probeEvery, probeEvery < 1 { throw ValidationError("--probe-every is a number of at least 1.") }
        if let maxRetries, maxRetries < 0 { throw ValidationError("--max-retries is a number of at least 0.") }
        if adapter != nil, rank != nil || alpha != nil || rslora != nil || dropout != nil || !targets.isEmpty {
            throw ValidationError("--adapter brings its own rank, alpha, scale, dropout and targets; leave those options out.")
        }
        if modelOptions.quantization == .int8 {
            throw ValidationError("--quantization int8 is for decoding; train on nf4, or on the weights as they are.")
        }
        if checkpointing, activationMemory != nil { throw ValidationError("--checkpointing keeps the least already; leave out --activation-memory.") }
        if let rank, !(1...65_536).contains(rank) { throw ValidationError("--rank is a number from 1 to 65536.") }
        if let alpha, !(alpha > 0 && alpha <= 1e6) { throw ValidationError("--alpha is a number above 0 and at most 1e6.") }
        if let dropout, !(0..<1).contains(dropout) { throw ValidationError("--dropout is a share from 0 to below 1.") }
        if let wrong = targets.first(where: { !AdapterConfiguration.allProjections.contains($0) }) {
            throw ValidationError("'\(wrong)' is no projection; they are \(AdapterConfiguration.allProjections.joined(separator: ", ")).")
        }
        do { try training.validate() } catch { throw ValidationError("\(error)") }
    }

    private var training: TrainingConfiguration {
        TrainingConfiguration(
            epochs: epochs, batch: batch, accumulation: accumulation, learningRate: lr, schedule: schedule, warmup: warmup,
            optimizer: AdamW.Settings(weightDecay: weightDecay), maximumGradientNorm: clip,
            loss: DistillationLoss(
                alpha: hardWeight, temperature: temperature, scalesBySquare: temperatureSquared, reasoningWeight: reasoningWeight,
                denseWeight: denseWeight),
            seed: seed, shuffle: shuffle, checkpointEvery: saveEvery, maximumSteps: steps)
    }

    private struct Result: Encodable {
        let model: String
        let adapter: String
        let rank: Int
        let alpha: Double
        let rslora: Bool
        let scale: Double
        let parameters: Int
        let examples: Int
        let steps: Int
        let tokens: Int
        let seconds: Double
        let tokensPerSecond: Double
        let peakResidentBytes: Int?
        let losses: [Double]
        let final: LossParts
        let funnel: LabelFunnel?

        enum CodingKeys: String, CodingKey {
            case model, adapter, rank, alpha, rslora, scale, parameters, examples, steps, tokens, seconds, losses, final, funnel
            case tokensPerSecond = "tokens_per_second"
            case peakResidentBytes = "peak_resident_bytes"
        }
    }

    func run() throws {
        let (kept, funnel) = try material()
        let probes = try probe.map { try QuestionFile.read($0) } ?? []
        if probe != nil, probes.count < 16 {
            throw ValidationError("--probe holds \(probes.count) questions; fewer than 16 say nothing about a collapse.")
        }
        let taught = Set(kept.map(\.question.fingerprint))
        if let same = probes.first(where: { taught.contains($0.fingerprint) }) {
            throw ValidationError("--probe's question \(same.id) is trained on too; take probes that are not.")
        }
        let model = try modelOptions.load()
        if let note = model.attentionNote { Console.note("warning: \(note)") }
        let fresh = AdapterConfiguration(
            rank: rank ?? 16, alpha: alpha ?? 16, useRSLoRA: rslora ?? true,
            targetModules: targets.isEmpty ? AdapterConfiguration.allProjections : targets, dropout: dropout ?? 0, baseModel: modelOptions.model)
        let adapter = try self.adapter.map { try Adapter.load($0, for: model) } ?? Adapter(for: model, fresh, seed: seed)
        let builder = try ExampleBuilder(
            coder: model.tokenizer, style: style, usesDense: denseWeight > 0 && kept.contains { $0.dense != nil })
        let source = try AdapterSource(
            model: model, adapter: adapter, base: ModelIdentity.of(modelOptions.model), start: self.adapter.map(ModelIdentity.ofAdapter),
            activations: checkpointing ? .inputs : .fitting(limit: activationMemory?.bytes))
        let trainer = try Trainer(source: source, letters: builder.tokens.letters, configuration: training, title: "train")
        let examples = try builder.examples(for: kept, askingShare: askingShare, bindsChoices: bindChoices, seed: seed).examples
        guard let output else {
            let range = try trainer.findLearningRate(examples, steps: steps ?? 60)
            print(range.text)
            return try json.write(range)
        }
        trainer.collapseGuard.maximumRetries = maxRetries ?? 2
        if !probes.isEmpty {
            let watch = AdapterProbe(
                questions: probes, model: model, adapter: adapter, vocabulary: try AgentVocabulary(model.tokenizer),
                mode: style == .letter ? .letter : .reasonFirst, newTokens: 150, slots: 16)
            trainer.probe = try watch.probe(every: probeEvery ?? 25, builder: builder)
        }
        let summary = try trainer.train(examples, to: output)
        let configuration = adapter.configuration
        let memory = summary.peakResidentBytes.map { String(format: ", %.2f GB at most", Double($0) / 1e9) } ?? ""
        print(String(
            format: "%d steps, %d tokens in %.1f s (%.0f tokens/s)%@; loss %.4f → %.4f", summary.steps, summary.tokens, summary.seconds,
            summary.tokensPerSecond, memory, summary.losses.first ?? 0, summary.losses.last ?? 0))
        let end = summary.final
        print(String(format: "at the end: CE %.3f, KL %.3f, reasoning %.3f", end.hard, end.soft, end.reasoning)
            + (end.dense == 0 ? "" : String(format: ", dense %.3f", end.dense)))
        print("adapter in \(output)")
        try json.write(Result(
            model: modelOptions.model, adapter: output, rank: configuration.rank, alpha: configuration.alpha,
            rslora: configuration.useRSLoRA, scale: configuration.scale, parameters: adapter.parameterCount,
            examples: summary.examples, steps: summary.steps, tokens: summary.tokens, seconds: summary.seconds,
            tokensPerSecond: summary.tokensPerSecond, peakResidentBytes: summary.peakResidentBytes, losses: summary.losses,
            final: summary.final, funnel: funnel))
    }

    /// What is learnt from, and of labels what became of them.
    private func material() throws -> (kept: [KeptLabel], funnel: LabelFunnel?) {
        guard let labels else {
            let questions = try QuestionFile.read(questions ?? "")
            return (questions.map { KeptLabel(question: $0, reasoning: $0.explanation ?? "", teacherScores: nil) }, nil)
        }
        let limits = LabelLimits(
            words: maxWords, tokens: maxTokens, excess: cutReasoning ? .cut : .drop, keepsHinted: hinted, onlyLetters: style == .letter)
        let coder = try Tokenizer.load(from: Checkpoint.open(modelOptions.model))
        let sorted = try LabelFunnel.sort(file: labels, limits: limits) { coder.tokens(of: $0).count }
        Console.note("\(sorted.funnel)")
        return (sorted.kept, sorted.funnel)
    }
}
