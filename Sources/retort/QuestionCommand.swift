import Agents
import ArgumentParser
import Foundation
import Groundwork
import Questions

/// How an agent generates, where it is not left at the reference plan's values.
struct GenerationOptions: ParsableArguments {
    @Option(help: "New tokens of a reply at most.")
    var maxTokens: Int?

    @Option(help: "0 takes the likeliest token each time.")
    var temperature: Double?

    @Option(help: "Sample from the smallest set of tokens that reaches this probability.")
    var topP: Double?

    @Option(help: "Makes tokens that have been used less likely; 1 for off.")
    var repetitionPenalty: Double?

    @Option(help: "Another seed draws other replies.")
    var seed: UInt64 = 0

    func apply(to settings: AgentSettings) -> AgentSettings {
        var settings = settings
        if let maxTokens { settings.maxNewTokens = maxTokens }
        if let temperature {
            settings.doSample = temperature > 0
            settings.temperature = temperature
        }
        if let topP { settings.topP = topP }
        if let repetitionPenalty { settings.repetitionPenalty = repetitionPenalty }
        return settings
    }
}

struct QuestionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "question",
        abstract: "The question agent: write four-choice questions on topics, each within its deadline.",
        discussion: """
            Writes a JSON array of {"topic", "question", "choices", "answer", "explanation"}, valid by construction and within the \
            limits of a tournament's format check.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("Topics: {\"Area\": [\"topic\", …], …}.", valueName: "file"))
    var topics: String

    @Option(help: "How many questions.")
    var count: Int

    @Option(help: "Time for each question, from the moment it is asked for.")
    var deadline = DurationArgument(seconds: 10)

    @Option(help: ArgumentHelp("Questions known to be right, for when time runs out.", valueName: "file"))
    var pool: String?

    @OptionGroup var settings: SettingsOptions
    @OptionGroup var generation: GenerationOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSON file to write.", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if count < 1 { throw ValidationError("--count is a number of at least 1.") }
    }

    private struct Result: Encodable {
        let requested: Int
        let passing: Int
        let late: Int
        let fromPool: Int
        let letters: [Int]
        let records: [QuestionRecord]
        enum CodingKeys: String, CodingKey {
            case requested, passing, late, letters, records
            case fromPool = "from_pool"
        }
    }

    func run() throws {
        let topics = try Topic.read(topics)
        let poolQuestions = try pool.map { try QuestionFile.read($0) } ?? []
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let agents = try AgentModel(model, adapter: adapter, slots: 1)
        let agent = try agents.questionAgent(generation.apply(to: settings.read(.question)), pool: poolQuestions)
        try agent.warmUp()
        let progress = Progress("questions", total: count, unit: "questions")
        let records = try agent.ask(
            topics, count: count, deadline: deadline.duration, seed: generation.seed, each: { _ in progress.advance() })
        let questions = records.compactMap(\.question)
        try WholeFile.write(JSONText.pretty(questions), to: output)
        let passing = questions.count { FormatCheck.question($0, tokens: agents.vocabulary.coding.count).isEmpty }
        let late = records.count(where: \.isLate)
        let slowest = records.map(\.seconds).max() ?? 0
        print(String(
            format: "%d questions in %@: %d pass the format check, %d late, slowest %.2f s", records.count, output, passing, late, slowest))
        try json.write(Result(
            requested: count, passing: passing, late: late, fromPool: records.count(where: \.isFromPool),
            letters: QuestionRecord.letterCounts(records), records: records))
    }
}
