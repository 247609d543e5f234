import Agents
import ArgumentParser
import Foundation
import Groundwork
import Pipeline
import Questions
import Transformers

struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Search how an agent should generate, on a validation set, under its deadline.",
        discussion: """
            Every way of generating replies to the same questions with the same seeds; the better half goes on to twice as many. What is \
            late or malformed is wrong. Writes agen.yaml or qgen.yaml with what was measured; the same command continues a search that \
            was stopped.
            """)

    @Option(help: "answer: tuned to be right; question: tuned to write questions that pass the checks.")
    var agent: Tuning.Agent

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("The answer agent's validation set, JSONL or a JSON array.", valueName: "file"))
    var questions: String?

    @Option(help: ArgumentHelp("The question agent's topics: {\"Area\": [\"topic\", …], …}.", valueName: "file"))
    var topics: String?

    @Option(help: "How many questions are answered (default: all) or asked for (default: 40) by those in the race to its end.")
    var count: Int?

    @Option(help: "Time for each reply. (default: 6s for an answer, 10s for a question)")
    var deadline: DurationArgument?

    @Option(help: ArgumentHelp("Temperatures; 0 takes the likeliest token each time. (default: 0,0.2,0.7; for questions 0.4,0.6,0.8)", valueName: "list"))
    var temperature: NumberList?

    @Option(help: ArgumentHelp("Sample from the smallest set of tokens that reaches this probability. (default: 0.9)", valueName: "list"))
    var topP: NumberList?

    @Option(help: ArgumentHelp("Make tokens that have been used less likely; 1 for off. (default: 1; for questions 1,1.1)", valueName: "list"))
    var repetitionPenalty: NumberList?

    @Option(help: ArgumentHelp("New tokens of a reply at most. (default: 60,150; for questions 200)", valueName: "list"))
    var maxTokens: NumberList?

    @Option(help: ArgumentHelp(
        "How the answer agent finds its letter. (default: \(AnswerMode.allCases.map(\.rawValue).joined(separator: ",")))", valueName: "list"))
    var mode: ModeList?

    @Option(help: ArgumentHelp("Drafts from which the question agent chooses. (default: 1,4)", valueName: "list"))
    var candidates: NumberList?

    @Option(help: ArgumentHelp("Try so many combinations, drawn at random, in place of all.", valueName: "count"))
    var trials: Int?

    @Option(help: "Names the random numbers of all replies, and which combinations are drawn.")
    var seed: UInt64 = 0

    @Option(name: .shortAndLong, help: ArgumentHelp("The YAML file to write. (default: agen.yaml, qgen.yaml)", valueName: "file"))
    var output: String?

    @OptionGroup var json: JSONOptions

    private var space: TuningSpace {
        let isAnswer = agent == .answer
        return TuningSpace(
            temperatures: temperature?.values ?? (isAnswer ? [0, 0.2, 0.7] : [0.4, 0.6, 0.8]), topPs: topP?.values ?? [0.9],
            repetitionPenalties: repetitionPenalty?.values ?? (isAnswer ? [1] : [1, 1.1]),
            maxTokens: maxTokens?.values.map { Int($0) } ?? (isAnswer ? [60, 150] : [200]),
            modes: isAnswer ? mode?.modes ?? AnswerMode.allCases : [],
            candidates: isAnswer ? [] : candidates?.values.map { Int($0) } ?? [1, QuestionReview.defaultCandidates])
    }

    func validate() throws {
        switch agent {
        case .answer:
            if questions == nil { throw ValidationError("--agent answer needs --questions FILE, a validation set.") }
            if topics != nil { throw ValidationError("--topics is for --agent question.") }
            if candidates != nil { throw ValidationError("--candidates is for --agent question.") }
        case .question:
            if topics == nil { throw ValidationError("--agent question needs --topics FILE.") }
            if questions != nil { throw ValidationError("--questions is for --agent answer.") }
            if mode != nil { throw ValidationError("--mode is for --agent answer.") }
        }
        for (name, value) in [("count", count), ("trials", trials)] {
            if let value, value < 1 { throw ValidationError("--\(name) is a number of at least 1.") }
        }
        if let tokens = maxTokens?.values, tokens.contains(where: { $0 != $0.rounded() || $0 < 1 || $0 > 1e6 }) {
            throw ValidationError("--max-tokens are whole numbers of at least 1.")
        }
        if let drafts = candidates?.values, drafts.contains(where: { $0 != $0.rounded() || !(1...1000).contains($0) }) {
            throw ValidationError("--candidates are whole numbers from 1 to 1000.")
        }
        do { _ = try space.grid() } catch { throw ValidationError("\(error)") }
    }

    func run() throws {
        let points = try trials.map { try space.drawn($0, seed: seed) } ?? space.grid()
        let tuning = try agent == .answer ? answers(points) : asking(points)
        Console.note("\(points.count) ways of generating, \(tuning.questions.count) questions")
        let report = try tuning.run()
        print(report.text)
        print("settings in \(report.output)")
        try json.write(report)
    }

    private func answers(_ points: [TuningPoint]) throws -> Tuning {
        let all = RaceOrder.of(try QuestionFile.read(questions ?? ""))
        let questions = Array(all.prefix(count ?? all.count))
        let (agents, identity) = try load(slots: space.modes.contains(.vote) ? AnswerMode.standardVotes : 1)
        let deadline = deadline ?? DurationArgument(seconds: 6)
        let tokens = agents.vocabulary.coding.count
        let standard = TuningPoint(.answers, mode: try agents.answerAgent().mode)
        return Tuning(
            agent: .answer, standard: standard, points: points, questions: try questions.map(QuestionFile.line), ids: questions.map(\.id),
            deadline: deadline.seconds, model: identity, seed: seed, output: output ?? SettingsFile.Agent.answer.file,
            examine: { point in
                let agent = try agents.answerAgent(point.settings, mode: point.mode ?? standard.mode ?? .letter)
                try agent.warmUp()
                return { index, seed in
                    let question = questions[index]
                    let record = try agent.answer([question], deadline: deadline.duration, seed: seed, together: 1)[0]
                    return TuningTrial(record, to: question, tokens: tokens)
                }
            }, say: Console.note)
    }

    private func asking(_ points: [TuningPoint]) throws -> Tuning {
        let chosen = Topic.chosen(count ?? 40, from: try Topic.read(topics ?? ""), seed: seed)
        let (agents, identity) = try load(slots: min(4 * (space.candidates.max() ?? 1), 32))
        let deadline = deadline ?? DurationArgument(seconds: 10)
        let tokens = agents.vocabulary.coding.count
        return Tuning(
            agent: .question, standard: TuningPoint(.questions), points: points,
            questions: chosen.enumerated().map { "\($0) \($1)" }, ids: chosen.map(\.topic), deadline: deadline.seconds, model: identity,
            seed: seed, output: output ?? SettingsFile.Agent.question.file,
            examine: { point in
                var settings = point.settings
                settings.candidates = point.candidates
                // A single draft is judged as several are, else it would look better for want of a judge.
                let judge = try agents.answerAgent(mode: .letter)
                let agent = try agents.questionAgent(
                    settings, review: QuestionReview(candidates: settings.candidates ?? 1, solver: judge, opponent: judge))
                try agent.warmUp()
                return { index, seed in
                    let record = try agent.ask([chosen[index]], count: 1, deadline: deadline.duration, seed: seed, together: 1)[0]
                    return TuningTrial(record, tokens: tokens, isFair: Self.isFair)
                }
            }, say: Console.note)
    }

    /// A draft that every check passed, with four choices of which the model wrote each itself.
    private static func isFair(_ record: QuestionRecord) -> Bool {
        record.repairedChoices == 0 && record.ending != .deadline && (record.standing ?? 1) > 0
    }

    private func load(slots: Int) throws -> (AgentModel, identity: String) {
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let parts = [
            try ModelIdentity.of(modelOptions.model), try adapterOptions.adapter.map { "adapter " + (try ModelIdentity.ofAdapter($0)) },
            modelOptions.quantization?.rawValue, modelOptions.compute.dtype?.rawValue,
        ]
        return (try AgentModel(model, adapter: adapter, slots: slots), parts.compactMap { $0 }.joined(separator: ", "))
    }
}

extension Tuning.Agent: ExpressibleByArgument {}

/// Numbers separated by commas.
struct NumberList: ExpressibleByArgument {
    let values: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard parts.allSatisfy({ $0?.isFinite == true }) else { return nil }
        values = parts.compactMap { $0 }
    }
}
