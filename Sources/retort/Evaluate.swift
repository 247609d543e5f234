import Agents
import ArgumentParser
import Evaluation
import Foundation
import Groundwork
import Questions
import Transformers

extension AnswerGuide.Mode: ExpressibleByArgument {}

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure accuracy on four-choice questions, with intervals; compare two adapters, or an adapter with its base.",
        discussion: """
            Style chat puts each question in the checkpoint's own template as the answer agent sees it: mode letter scores the four \
            letters at once, mode reason lets the model write its reasoning first. Style mmlu is the raw five-shot prompt that \
            MMLU is reported with. With --compare both are asked the same questions, and McNemar's test says whether they differ: \
            the first is the base with --adapter, or the bare base; the second is the base with the adapter of --compare.
            """)

    enum Style: String, ExpressibleByArgument, CaseIterable { case chat, mmlu }

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("A second adapter, asked the same questions.", valueName: "dir"))
    var compare: String?

    @Option(help: ArgumentHelp("Questions, JSONL or a JSON array.", valueName: "file"))
    var questions: String

    @Option(help: "chat or mmlu.")
    var style = Style.chat

    @Option(help: "letter or reason; for style chat. (default: letter)")
    var mode: AnswerGuide.Mode?

    @Option(help: ArgumentHelp("Solved questions (MMLU's dev split), for style mmlu.", valueName: "file"))
    var shots: String?

    @Option(help: "How many of a subject's shots stand before each question.")
    var numShots: Int?

    @Option(parsing: .upToNextOption, help: "Only these subjects.")
    var subject: [String] = []

    @Option(help: "Only so many questions from the file's beginning, after the choice of subjects.")
    var limit: Int?

    @Option(help: "Tokens of a reply at most, in mode reason.")
    var maxTokens = 150

    @Option(help: "Of the reasoning; 0 takes the likeliest token each time.")
    var temperature = 0.0

    @Option(help: "Names the random numbers where a temperature is above 0.")
    var seed: UInt64 = 0

    @Option(help: "Questions answered side by side.")
    var slots = 16

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if style == .mmlu, mode == .reason { throw ValidationError("Style mmlu scores letters; --mode reason needs --style chat.") }
        if style == .chat, shots != nil || numShots != nil { throw ValidationError("--shots and --num-shots need --style mmlu.") }
        if style == .mmlu, (numShots ?? (shots == nil ? 0 : 5)) > 0, shots == nil {
            throw ValidationError("--num-shots needs --shots FILE with solved questions, such as MMLU's dev split.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit is a number of at least 1.") }
        if let numShots, numShots < 0 { throw ValidationError("--num-shots is a number from 0 up.") }
        if maxTokens < 1 { throw ValidationError("--max-tokens is a number of at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if slots < 1 { throw ValidationError("--slots is a number of at least 1.") }
    }

    private struct Result: Encodable {
        let result: EvaluationResult
        let compared: EvaluationResult?
        let comparison: Comparison?
        let seconds: Double
    }

    func run() throws {
        let asked = try QuestionSelection(subjects: subject, limit: limit).select(QuestionFile.read(questions))
        let model = try modelOptions.load()
        let asking = try askingStyle(model)
        let start = ContinuousClock.now
        let first = try evaluate(asked, model, adapterOptions.load(for: model), adapterOptions.adapter, asking)
        print(first.table)
        var second: EvaluationResult?
        var comparison: Comparison?
        if let compare {
            Console.note("loading adapter \(compare)")
            let other = try evaluate(asked, model, Adapter.load(compare, for: model), compare, asking)
            print("\n" + other.table)
            let compared = try Comparison(first: first, second: other)
            print("\n" + compared.table + "\n\n" + compared.overall.sentence)
            second = other
            comparison = compared
        }
        let elapsed = (ContinuousClock.now - start).components
        try json.write(Result(
            result: first, compared: second, comparison: comparison,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18))
    }

    private func askingStyle(_ model: LanguageModel) throws -> any AskingStyle {
        switch style {
        case .chat:
            let limits = AnswerLimits(newTokens: maxTokens)
            return try ChatStyle(
                tokenizer: model.tokenizer, mode: mode ?? .letter, limits: limits, sampling: Sampling(temperature: temperature))
        case .mmlu:
            return try MMLUStyle(
                tokenizer: model.tokenizer, shots: shots.map { try QuestionFile.read($0) } ?? [],
                shotCount: numShots ?? (shots == nil ? 0 : 5), contextLength: model.configuration.contextLength)
        }
    }

    private func evaluate(
        _ asked: [Question], _ model: LanguageModel, _ adapter: Adapter?, _ name: String?, _ asking: any AskingStyle
    ) throws -> EvaluationResult {
        let decoder = try Decoder(model: model, adapter: adapter, slots: slots)
        let progress = Progress(name ?? "base", total: asked.count, unit: "questions")
        return try Evaluator(style: asking, decode: { try decoder.run($0, progress: $1) }).evaluate(
            asked, model: modelOptions.model, adapter: name, seed: seed, progress: { progress.advance(to: $0) })
    }
}
