import Agents
import ArgumentParser
import Checkpoints
import Foundation
import Groundwork
import Pipeline
import Questions
import Teachers
import Tokenizers
import Tournaments
import Transformers

/// Makes the teams that `--team` describes: a model is loaded once for all teams that play with it.
final class TournamentTeams {
    private let compute: ComputeOptions
    private let quantization: Quantization?
    private var models: [String: LanguageModel] = [:]
    private var agents: [String: AgentModel] = [:]
    private var endpoints: [ChatEndpoint] = []
    /// The tokenizer of the first model that was loaded.
    private(set) var tokenizer: (name: String, coder: Tokenizer)?

    init(compute: ComputeOptions, quantization: Quantization?) {
        (self.compute, self.quantization) = (compute, quantization)
    }

    func team(_ description: TeamDescription) throws -> Tournament.Entrant {
        switch description.player {
        case .model(let team): return try model(team, name: description.name)
        case .endpoint(let settings):
            let endpoint = try Blocking.run { try await ChatEndpoint.open(settings) }
            endpoints.append(endpoint)
            let team = EndpointTeam(name: description.name, endpoint: endpoint)
            Console.note("\(description.name): \(endpoint.identity)")
            try team.warmUp()
            return .init(Team(name: description.name, questionAgent: team, answerAgent: team), identity: endpoint.identity)
        case .command(let command):
            let team = try ExternalTeam(name: description.name, command)
            let folder = URL(fileURLWithPath: command.folder).standardizedFileURL.path
            return .init(
                Team(name: description.name, questionAgent: team, answerAgent: team),
                identity: "cmd:\(folder)" + (command.python.map { " python \($0)" } ?? "") + (command.startup > 0 ? " startup \(command.startup)" : ""))
        }
    }

    func close() {
        let open = endpoints
        try? Blocking.run { for endpoint in open { await endpoint.close() } }
    }

    private func model(_ team: TeamDescription.ModelTeam, name: String) throws -> Tournament.Entrant {
        let (asking, answering) = try settings(team)
        let agents = try agentModel(team.model, team.adapter)
        let questionAgent = try agents.questionAgent(asking.settings)
        let mode = team.mode ?? answering.mode
        let answerAgent = try mode.map { try agents.answerAgent(answering.settings, mode: $0) } ?? agents.answerAgent(answering.settings)
        try questionAgent.warmUp()
        try answerAgent.warmUp()
        let parts = [
            try ModelIdentity.of(team.model), try team.adapter.map { "adapter " + (try ModelIdentity.ofAdapter($0)) },
            "mode \(answerAgent.mode.rawValue)", "asking \(try JSONText.line(asking.settings))", "answering \(try JSONText.line(answering.settings))",
            quantization?.rawValue, compute.dtype?.rawValue,
        ]
        return .init(
            Team(name: name, questionAgent: questionAgent, answerAgent: answerAgent), identity: parts.compactMap { $0 }.joined(separator: ", "))
    }

    /// What a folder of settings says; the defaults where it has no such file.
    private func settings(_ team: TeamDescription.ModelTeam) throws -> (asking: GenerationFile, answering: GenerationFile) {
        let defaults = (GenerationFile(settings: .questions), GenerationFile(settings: .answers))
        guard let folder = team.settings else { return defaults }
        let paths = [GenerationFile.questions, GenerationFile.answers].map { "\(folder)/\($0)" }
        let found = try paths.map { FileManager.default.fileExists(atPath: $0) ? try GenerationFile.read($0) : nil }
        if found.allSatisfy({ $0 == nil }) {
            throw FileError(path: folder, action: "find settings in", reason: "it holds neither \(GenerationFile.questions) nor \(GenerationFile.answers)")
        }
        return (found[0] ?? defaults.0, found[1] ?? defaults.1)
    }

    private func agentModel(_ reference: String, _ adapter: String?) throws -> AgentModel {
        let key = "\(reference)\n\(adapter ?? "")"
        if let known = agents[key] { return known }
        let model = try languageModel(reference)
        if let adapter { Console.note("loading adapter \(adapter)") }
        let made = try AgentModel(model, adapter: adapter.map { try Adapter.load($0, for: model) }, slots: 1)
        agents[key] = made
        return made
    }

    private func languageModel(_ reference: String) throws -> LanguageModel {
        if let known = models[reference] { return known }
        Console.note("loading \(reference)")
        let model = try LanguageModel.load(
            reference, device: compute.chosenDevice(), dtype: compute.dtype?.type, quantization: quantization)
        models[reference] = model
        if tokenizer == nil { tokenizer = (reference, model.tokenizer) }
        return model
    }
}
