import Agents
import ArgumentParser
import Evaluation
import Groundwork
import Transformers

/// Modes of the answer agent, separated by commas.
struct ModeList: ExpressibleByArgument {
    let modes: [AnswerMode]

    init?(argument: String) {
        let names = argument.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        modes = names.compactMap(AnswerMode.init(rawValue:))
        guard !modes.isEmpty, modes.count == names.count, Set(modes).count == modes.count else { return nil }
    }

    static var allValueStrings: [String] { AnswerMode.allCases.map(\.rawValue) }
}

extension Evaluate {
    /// Asks the answer agent itself, without a deadline, in one mode after the other.
    func run(_ modes: [AnswerMode]) throws {
        let asked = try questionOptions.read(mmlu: nil)
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let agents = try AgentModel(model, adapter: adapter, slots: styleOptions.slots)
        var runs: [(mode: AnswerMode, records: [AnswerRecord], seconds: Double)] = []
        for mode in modes {
            // A vote of equal reasonings would be none; the others take the likeliest token unless they are told otherwise.
            let standard = mode == .vote ? AgentSettings.voting.temperature : 0
            let temperature = styleOptions.temperature ?? standard
            let agent = try agents.answerAgent(AgentSettings(
                maxNewTokens: styleOptions.maxTokens ?? 150, temperature: temperature, topP: AgentSettings.answers.topP,
                doSample: temperature > 0, mode: mode, votes: votes))
            try agent.warmUp()
            let progress = Progress(mode.rawValue, total: asked.count, unit: "questions")
            let voices = mode == .vote ? votes ?? AnswerMode.standardVotes : 1
            let start = ContinuousClock.now
            let records = try agent.answer(
                asked, seed: styleOptions.seed, together: max(1, styleOptions.slots / voices), each: { _ in progress.advance() })
            runs.append((mode, records, (ContinuousClock.now - start) / .seconds(1)))
        }
        let comparison = try ModeComparison(
            runs, on: asked, model: modelOptions.model, adapter: adapterOptions.adapter, minimumQuestions: minQuestions)
        print(comparison.table)
        try json.write(comparison)
    }
}
