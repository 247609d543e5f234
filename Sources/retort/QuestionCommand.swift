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
            limits of a tournament's format check. Several drafts of each topic are checked, solved and ranked, and the best is given; \
            where none is fit in time, a question with a computed answer stands in.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("Topics: {\"Area\": [\"topic\", …], …}.", valueName: "file"))
    var topics: String

    @Option(help: "How many questions.")
    var count: Int

    @Option(help: "Time for each question, from the moment it is asked for.")
    var deadline = DurationArgument(seconds: 10)

    @Option(help: "Questions that are written at once and share one deadline.")
    var batch = 1

    @Option(help: ArgumentHelp("Questions known to be right, which stand in before those that are built in.", valueName: "file"))
    var pool: String?

    @OptionGroup var settingsFile: SettingsOptions
    @Option(help: ArgumentHelp("Solved questions that the prompt shows. (default: of the generator's)", valueName: "file"))
    var shots: String?

    @Option(help: "How many it shows. (default: 0 with an adapter, which has learnt the format; else 4)")
    var numShots: Int?

    @OptionGroup var reviewOptions: ReviewOptions
    @OptionGroup var generation: GenerationOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSON file to write ('-' for standard output).", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if count < 1 { throw ValidationError("--count is a number of at least 1.") }
        if let numShots, !(0...100).contains(numShots) { throw ValidationError("--num-shots is a number from 0 to 100.") }
        if batch < 1 { throw ValidationError("--batch is a number of at least 1.") }
        if output == "-", json.path == "-" { throw ValidationError("-o and --json cannot both write to standard output.") }
    }

    func run() throws {
        let topics = try Topic.read(topics)
        let poolQuestions = try pool.map { try QuestionFile.read($0) } ?? []
        let settings = try generation.apply(to: settingsFile.read(.question))
        let shotCount = numShots ?? (adapterOptions.adapter == nil ? 4 : 0)
        let examples = try shots.map { Array(try QuestionFile.read($0).prefix(shotCount)) } ?? QuestionExamples.builtIn(shotCount)
        let candidates = reviewOptions.candidates ?? settings.candidates ?? QuestionReview.defaultCandidates
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        // Drafts and their solves side by side, as far as memory for their keys and values is no question.
        let slots = candidates == 1 ? batch : min(batch * candidates * max(1, reviewOptions.solves), 32)
        let agents = try AgentModel(model, adapter: adapter, slots: slots)
        let review = try candidates == 1 ? nil : reviewOptions.review(
            candidates: candidates, own: agents, base: model, slots: slots,
            load: { try $0 == modelOptions.model ? model : modelOptions.load($0) })
        let agent = try agents.questionAgent(settings, pool: poolQuestions, builtInPool: true, examples: examples, review: review)
        let auditFile = try reviewOptions.audit.map { path in
            try WholeFile.write("", to: path)
            return try LineFile(appendingTo: path)
        }
        try agent.warmUp()
        let progress = Progress("questions", total: count, unit: "questions")
        var records: [QuestionRecord] = [], audits: [CandidateAudit] = []
        var complaint: (any Error)?
        do {
            _ = try agent.ask(
                topics, count: count, deadline: deadline.duration, seed: generation.seed, together: batch,
                audit: { audit in
                    audits.append(audit)
                    do { try auditFile?.append(JSONText.line(audit)) } catch { complaint = complaint ?? error }
                },
                each: { record in
                    records.append(record)
                    progress.advance()
                })
        } catch is Interrupted where !records.isEmpty {
            try report(records, audits, agents)
            Console.note("interrupted after \(records.count) of \(count) questions, which are written")
            throw ExitCode(CommandLineRun.interrupted)
        }
        try report(records, audits, agents)
        if let complaint { throw complaint }
    }

    /// Writes what there is, also after an interruption.
    private func report(_ records: [QuestionRecord], _ audits: [CandidateAudit], _ agents: AgentModel) throws {
        let questions = records.compactMap(\.question)
        let text = try JSONText.pretty(questions)
        if output == "-" { try Console.write(text) } else { try WholeFile.write(text, to: output) }
        let summary = QuestionSummary(requested: count, records: records, audits: audits, tokens: agents.vocabulary.coding.count)
        for line in summary.lines(file: output) {
            if output == "-" { Console.note(line) } else { print(line) }
        }
        if !audits.isEmpty { for line in summary.table { Console.note(line) } }
        try json.write(summary)
    }
}
