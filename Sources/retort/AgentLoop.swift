import Agents
import ArgumentParser
import Foundation
import Groundwork
import Pipeline
import Questions
import Submission
import Torch
import Transformers

struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Both agents behind a line protocol: requests on standard input, replies on standard output.",
        discussion: """
            Prints a line with "ready" when the model is warm. From then on each line of input is a JSON request or a list of requests, \
            and each request is answered by one line that carries its id. Ends with its input. A submission's Python files use it.
            """)

    @Option(help: ArgumentHelp("A submission's folder, whose manifest says what to load.", valueName: "dir"))
    var submission: String?

    @Option(help: "A GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String?

    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: "Keep the weights as int8 (decoding on a CPU) or nf4 (4 bits, as bitsandbytes does). (default: as --dtype says)")
    var quantization: Quantization?

    @OptionGroup var compute: ComputeOptions

    @Option(help: ArgumentHelp("The question agent's settings.", valueName: "file"))
    var qgen: String?

    @Option(help: ArgumentHelp("The answer agent's settings.", valueName: "file"))
    var agen: String?

    @Option(help: ArgumentHelp("Questions known to be right, for when time runs out.", valueName: "file"))
    var pool: String?

    @Option(help: "The agent to warm up: question or answer. (default: both)")
    var agent: SettingsFile.Agent?

    @Option(help: "Requests of one list that are decoded side by side.")
    var slots = 8

    func validate() throws {
        if (submission == nil) == (model == nil) { throw ValidationError("Give either --submission or --model.") }
        if submission != nil, adapterOptions.adapter != nil || quantization != nil || qgen != nil || agen != nil || pool != nil {
            throw ValidationError("The submission's manifest names its adapter, quantization, settings and pool; give them only with --model.")
        }
        if !(1...256).contains(slots) { throw ValidationError("--slots is a number from 1 to 256.") }
    }

    /// What is to be loaded, from the command line or a manifest.
    private struct Sources {
        var model: String
        var adapter: String?
        var quantization: Quantization?
        var qgen: String?
        var agen: String?
        var pool: String?
        var defaults = AgentService.Defaults()
    }

    private func sources() throws -> Sources {
        guard let submission else {
            return Sources(
                model: model ?? "", adapter: adapterOptions.adapter, quantization: quantization, qgen: qgen, agen: agen, pool: pool)
        }
        let manifest = try SubmissionManifest.read(folder: submission)
        let located = try manifest.locateModel(folder: submission)
        if let warning = located.warning { Console.note("warning: \(warning)") }
        var sources = Sources(
            model: located.reference, adapter: manifest.adapter.map { "\(submission)/\($0)" }, quantization: manifest.quantization,
            qgen: "\(submission)/\(manifest.question.settings)", agen: "\(submission)/\(manifest.answer.settings)",
            pool: "\(submission)/\(manifest.pool)")
        sources.defaults.questionDeadline = manifest.question.deadline
        sources.defaults.answerDeadline = manifest.answer.deadline
        return sources
    }

    func run() throws {
        let began = ContinuousClock.now
        // Replies have standard output for themselves; whatever else prints goes to standard error.
        let replies = dup(STDOUT_FILENO)
        guard replies >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
            throw FileError(path: "standard output", action: "set apart", reason: String(cString: strerror(errno)))
        }
        var sources = try sources()
        // Settings are cheap to refuse, so they come before the model.
        sources.defaults.questionSettings = try .read(sources.qgen, for: .question)
        sources.defaults.answerSettings = try .read(sources.agen, for: .answer)
        if let pool = sources.pool { sources.defaults.pool = try QuestionFile.read(pool) }

        try compute.applyThreads()
        Console.note("loading \(sources.model)")
        let model = try LanguageModel.load(
            sources.model, device: compute.chosenDevice(), dtype: compute.dtype?.type, quantization: sources.quantization)
        let adapter = try sources.adapter.map { try Adapter.load($0, for: model, onlyInference: true) }
        let decoder = try Decoder(model: model, adapter: adapter, slots: slots)
        let vocabulary = try AgentVocabulary(model.tokenizer)
        let agents = AgentModel(vocabulary: vocabulary, contextLength: model.configuration.contextLength) { try decoder.run($0) }
        let service = AgentService(model: agents, decode: { try decoder.run($0) }, defaults: sources.defaults) {
            Console.note("warning: \($0)")
        }
        try service.warmUp(agent.map { [$0] } ?? SettingsFile.Agent.allCases)

        let loop = AgentLoop(input: STDIN_FILENO, output: replies, service: service)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        try loop.run(ready: ReadyLine(
            version: RetortVersion.current, model: sources.model, adapter: sources.adapter, seconds: seconds))
    }
}

extension SettingsFile.Agent: ExpressibleByArgument {}

/// A settings file for one agent.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("settings"), help: ArgumentHelp(
        "The agent's settings, such as a submission's qgen.yaml or agen.yaml; other options change single values.", valueName: "file"))
    var path: String?

    func read(_ agent: SettingsFile.Agent) throws -> AgentSettings { try .read(path, for: agent) }
}

extension AgentSettings {
    /// What a settings file says, with its warnings on standard error; the standard without a file.
    static func read(_ path: String?, for agent: SettingsFile.Agent) throws -> AgentSettings {
        guard let path else { return agent.standard }
        let (settings, warnings) = try SettingsFile.read(path, for: agent)
        for warning in warnings { Console.note("warning: \(warning)") }
        return settings
    }
}
