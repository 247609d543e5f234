import Agents
import ArgumentParser
import Evaluation
import Foundation
import Groundwork
import Pipeline
import Questions
import Transformers

extension AnswerMode: ExpressibleByArgument {}

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure accuracy on questions or a benchmark, with intervals; compare two adapters, or an adapter with its base.",
        discussion: """
            Style chat puts each question in the checkpoint's own template as the answer agent sees it: mode letter scores the four \
            letters at once, mode reason-first lets the model write its reasoning first; --modes asks in several modes and compares them. Style mmlu is the raw five-shot prompt that \
            MMLU is reported with. With --compare both are asked the same questions, and McNemar's test says whether they differ: \
            the first is the base with --adapter, or the bare base; the second is the base with the adapter of --compare.

            Benchmarks: mmlu (--data: the folder of MMLU's own archive, or one with test.jsonl and dev.jsonl), math500 and \
            livecodebench (--data: their JSONL). The last runs the programs in a sandbox and refuses where none can be made.
            """)

    enum Benchmark: String, ExpressibleByArgument, CaseIterable {
        case mmlu, math500, livecodebench
        var isWritten: Bool { self != .mmlu }
    }

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("A second adapter, asked the same questions.", valueName: "dir"))
    var compare: String?

    @OptionGroup var questionOptions: EvaluationQuestions

    @Option(help: ArgumentHelp("Compare the answer agent's modes on the same questions: \(AnswerMode.allCases.map(\.rawValue).joined(separator: ",")).", valueName: "list"))
    var modes: ModeList?

    @Option(help: "Reasonings in mode vote. (default: \(AnswerMode.standardVotes))")
    var votes: Int?

    @OptionGroup var styleOptions: EvaluationStyle

    @Option(help: "mmlu, math500 or livecodebench, in place of --questions; needs --data.")
    var benchmark: Benchmark?

    @Option(help: ArgumentHelp("The benchmark's own file or folder.", valueName: "path"))
    var data: String?

    @Flag(help: "Ask each question four times, every choice once at every letter: letter bias, and accuracy that it cannot fake.")
    var rotate = false

    @Option(help: "Fewer questions give an indication, no verdict.")
    var minQuestions = PairedComparison.minimumQuestions

    @Option(name: .shortAndLong, help: ArgumentHelp(
        "Keep each answer in this JSONL file as it comes, and continue from it.", valueName: "file"))
    var output: String?

    @Option(help: "Seconds for each test of a program, of livecodebench.")
    var testTimeout = 6.0

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if (questionOptions.questions == nil) == (benchmark == nil) { throw ValidationError("Give either --questions or --benchmark with --data.") }
        if (benchmark == nil) != (data == nil) { throw ValidationError("--benchmark and --data belong together.") }
        if benchmark == .mmlu, styleOptions.shots != nil { throw ValidationError("--benchmark mmlu brings its own shots; --shots needs --questions.") }
        try styleOptions.check(bringsShots: benchmark == .mmlu)
        if benchmark?.isWritten == true {
            if rotate || styleOptions.style != nil || styleOptions.mode != nil || !questionOptions.subject.isEmpty {
                throw ValidationError("--rotate, --style, --mode and --subject are for four-choice questions, not for \(benchmark?.rawValue ?? "").")
            }
        }
        if output != nil, compare != nil || modes != nil {
            throw ValidationError("--output keeps the answers of one model in one mode; it cannot stand with --compare or --modes.")
        }
        if modes != nil {
            if benchmark != nil || compare != nil || rotate || styleOptions.mode != nil || styleOptions.style != nil {
                throw ValidationError("--modes compares modes on --questions; --benchmark, --compare, --rotate, --style and --mode cannot stand beside it.")
            }
        }
        if let votes, votes < 1 || modes?.modes.contains(.vote) != true {
            throw ValidationError("--votes is a number of at least 1, and needs vote among --modes.")
        }
        if minQuestions < 1 { throw ValidationError("--min-questions is a number of at least 1.") }
        if !(testTimeout > 0 && testTimeout <= 3_600) { throw ValidationError("--test-timeout is a number of seconds above 0, up to an hour.") }
    }

    func run() throws {
        func work() throws {
            if let modes { return try run(modes.modes) }
            try benchmark?.isWritten == true ? runWritten() : runQuestions()
        }
        try output == nil ? Interrupted.losing(work) : work()
    }

    /// Whose answers a file keeps. Model and adapter are read whole, so it is asked for only where answers are kept.
    func identity(_ model: LanguageModel, adapter: String?) throws -> [String: String] {
        [
            "model": try ModelIdentity.of(modelOptions.model), "adapter": try adapter.map(ModelIdentity.ofAdapter) ?? "none",
            "precision": [model.quantization?.rawValue, model.dtype.rawValue, model.device == .cpu ? nil : "on a GPU"].compactMap { $0 }.joined(separator: " "),
            // The wording that stands between prompt and answer is the program's.
            "retort": RetortVersion.current,
        ]
    }

    /// Each evaluation with what it cost.
    struct Result<Found: Encodable, Compared: Encodable>: Encodable {
        let result: Found
        let compared: Found?
        let comparison: Compared?
        let rotation: Rotation?
        let comparedRotation: Rotation?
        let seconds: Double
        /// Without what was kept of an earlier run; nil where nothing else was asked.
        let questionsPerSecond: Double?
        /// Bytes of memory at most, loading included; nil where the system does not tell.
        let peakMemory: Int?
        let deviceMemory: Int?

        enum CodingKeys: String, CodingKey {
            case result, compared, comparison, rotation, seconds
            case comparedRotation = "compared_rotation"
            case questionsPerSecond = "questions_per_second"
            case peakMemory = "peak_memory"
            case deviceMemory = "device_memory"
        }
    }

    private func runQuestions() throws {
        let mmlu = benchmark == .mmlu ? data : nil
        let asked = try questionOptions.read(mmlu: mmlu)
        let model = try modelOptions.load()
        let asking = try styleOptions.asking(model, mmlu: mmlu)
        let (first, rotation, answers) = try evaluate(asked, model, adapterOptions.load(for: model), adapterOptions.adapter, asking)
        print(first.table)
        if let rotation { print("\n" + rotation.table) }
        let told = [answers.rate.map { String(format: "speed: %.2f questions/s", $0) }, ProcessMemory.peak.map { "peak memory \(ByteCount.text($0))" }]
        print(told.compactMap { $0 }.joined(separator: ", "))
        var second: EvaluationResult?
        var comparison: Comparison?
        var comparedRotation: Rotation?
        if let compare {
            Console.note("loading adapter \(compare)")
            let (other, rotated, _) = try evaluate(asked, model, Adapter.load(compare, for: model, onlyInference: true), compare, asking)
            print("\n" + other.table)
            if let rotated { print("\n" + rotated.table) }
            let compared = try Comparison(first: first, second: other, minimumQuestions: minQuestions)
            print("\n" + compared.table + "\n\n" + compared.overall.sentence)
            second = other
            comparison = compared
            comparedRotation = rotated
        }
        try json.write(Result(
            result: first, compared: second, comparison: comparison, rotation: rotation,
            comparedRotation: comparedRotation, seconds: answers.seconds, questionsPerSecond: answers.rate, peakMemory: ProcessMemory.peak,
            deviceMemory: ProcessMemory.used(on: model.device)))
    }

    /// The progress of asking and its rate: without what an earlier run had answered, and what it takes to look into its file.
    final class Asking {
        private let progress: Groundwork.Progress
        private let clock = ContinuousClock()
        private var start = ContinuousClock.now, end = ContinuousClock.now, earlier = 0, answered = 0

        init(_ title: String, total: Int, unit: String) { progress = Groundwork.Progress(title, total: total, unit: unit) }

        func resume(at count: Int) {
            (earlier, answered) = (count, count)
            if count > 0 { (start, end) = (clock.now, clock.now) }
            progress.resume(at: count)
        }

        func advance(to count: Int) {
            (answered, end) = (count, clock.now)
            progress.advance(to: count)
        }

        var seconds: Double { (end - start) / .seconds(1) }
        /// Answers a second; nil where nothing was asked.
        var rate: Double? { answered == earlier ? nil : Double(answered - earlier) / max(seconds, 1e-9) }
    }

    private func evaluate(
        _ asked: [Question], _ model: LanguageModel, _ adapter: Adapter?, _ name: String?, _ asking: any AskingStyle
    ) throws -> (EvaluationResult, Rotation?, Asking) {
        let kept = try output.map { (path: $0, settings: try identity(model, adapter: name).merging(styleOptions.settings) { $1 }) }
        let asked = rotate ? Rotation.expand(asked) : asked
        let answers = Asking(name ?? "base", total: asked.count, unit: "questions")
        let decoder = try Decoder(model: model, adapter: adapter, slots: styleOptions.slots)
        let start = ContinuousClock.now
        let evaluator = Evaluator(style: asking, clock: { ContinuousClock.now - start }, decoder: decoder)
        let records = try evaluator.run(
            asked, seed: styleOptions.seed, keepingIn: kept, progress: answers.advance, resumed: answers.resume)
        func result(_ records: [EvaluationRecord]) -> EvaluationResult {
            EvaluationResult(model: modelOptions.model, adapter: name, style: asking.name, records: records)
        }
        return rotate ? (result(Rotation.unmoved(records)), Rotation(records), answers) : (result(records), nil, answers)
    }
}
