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
        var (asking, answering) = try settings(team)
        answering.mode = team.mode ?? answering.mode
        asking.candidates = asking.candidates ?? QuestionReview.defaultCandidates
        let agents = try agentModel(team.model, team.adapter, slots: max(asking.streams, answering.streams))
        let questionAgent = try agents.questionAgent(asking)
        let answerAgent = try agents.answerAgent(answering)
        try questionAgent.warmUp()
        try answerAgent.warmUp()
        let parts = [
            try ModelIdentity.of(team.model), try team.adapter.map { "adapter " + (try ModelIdentity.ofAdapter($0)) },
            "mode \(answerAgent.mode.rawValue)", "asking \(try JSONText.line(asking))", "answering \(try JSONText.line(answering))",
            quantization?.rawValue, compute.dtype?.rawValue,
        ]
        return .init(
            Team(name: name, questionAgent: questionAgent, answerAgent: answerAgent), identity: parts.compactMap { $0 }.joined(separator: ", "))
    }

    /// What a folder of settings says; the defaults where it has no such file.
    private func settings(_ team: TeamDescription.ModelTeam) throws -> (asking: AgentSettings, answering: AgentSettings) {
        guard let folder = team.settings else { return (.questions, .answers) }
        let found = try SettingsFile.Agent.allCases.map { agent -> AgentSettings? in
            let path = "\(folder)/\(agent.file)"
            return FileManager.default.fileExists(atPath: path) ? try .read(path, for: agent) : nil
        }
        if found.allSatisfy({ $0 == nil }) {
            let names = SettingsFile.Agent.allCases.map(\.file).joined(separator: " nor ")
            throw FileError(path: folder, action: "find settings in", reason: "it holds neither \(names)")
        }
        return (found[0] ?? .questions, found[1] ?? .answers)
    }

    private func agentModel(_ reference: String, _ adapter: String?, slots: Int) throws -> AgentModel {
        let key = "\(reference)\n\(adapter ?? "")\n\(slots)"
        if let known = agents[key] { return known }
        let model = try languageModel(reference)
        if let adapter { Console.note("loading adapter \(adapter)") }
        let made = try AgentModel(model, adapter: adapter.map { try Adapter.load($0, for: model, onlyInference: true) }, slots: slots)
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
