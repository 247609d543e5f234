import Agents
import ArgumentParser
import Datasets
import Foundation
import Pipeline
import Questions
import Transformers

/// A model with or without an adapter, as one argument.
struct ModelArgument: ExpressibleByArgument {
    let model: String
    let adapter: String?

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        model = first
        if parts.count == 2 {
            let value = parts[1].hasPrefix("adapter=") ? String(parts[1].dropFirst("adapter=".count)) : parts[1]
            guard !value.isEmpty else { return nil }
            adapter = value
        } else {
            adapter = nil
        }
    }
}

/// How drafted questions are judged.
struct ReviewOptions: ParsableArguments {
    @Option(help: "Drafts of each topic, from which the best is chosen; 1 gives the first as it is. (default: the settings', else 4)")
    var candidates: Int?

    @Option(help: "Solves of each draft under shuffled choices; 0 for none.")
    var solves = 4

    @Option(help: ArgumentHelp(
        "Who solves the drafts. (default: the agent's own model and adapter)", valueName: "model[,adapter=path]"))
    var solver: ModelArgument?

    @Option(help: "How the solver answers.")
    var solverMode = AnswerMode.letter

    @Option(help: ArgumentHelp(
        "Whose errors make a question hard. (default: the model without its adapter)", valueName: "model[,adapter=path]"))
    var opponent: ModelArgument?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Questions that none may be nearly a copy of.", valueName: "file"))
    var avoid: [String] = []

    @Option(help: ArgumentHelp("Write why each draft was chosen or fell, one JSON object a line.", valueName: "file"))
    var audit: String?

    func validate() throws {
        if let candidates, !(1...1000).contains(candidates) { throw ValidationError("--candidates is a number from 1 to 1000.") }
        if solves < 0 { throw ValidationError("--solves is a number from 0 up.") }
        if (candidates ?? 4) == 1, solver != nil || opponent != nil || audit != nil || !avoid.isEmpty {
            throw ValidationError("--solver, --opponent, --avoid and --audit judge drafts; they need --candidates of 2 or more.")
        }
    }

    /// - Parameters:
    ///   - own: the agent's model with its adapter.
    ///   - base: the agent's model and where it came from.
    ///   - load: loads another model.
    func review(
        candidates: Int, own: AgentModel, base: LanguageModel, slots: Int, load: (String) throws -> LanguageModel
    ) throws -> QuestionReview {
        func agents(_ argument: ModelArgument) throws -> AgentModel {
            let model = try load(argument.model)
            return try AgentModel(model, adapter: argument.adapter.map { try Adapter.load($0, for: model, onlyInference: true) }, slots: slots)
        }
        var known = KnownQuestions()
        for path in avoid { try QuestionFile.forEach(path) { known.insert($0) } }
        let solver = try self.solver.map(agents) ?? own
        let opponent = try self.opponent.map(agents) ?? AgentModel(base, slots: slots)
        return QuestionReview(
            candidates: candidates, solves: solves, solver: solves == 0 ? nil : try solver.answerAgent(mode: solverMode),
            opponent: try opponent.answerAgent(mode: .letter), avoid: known)
    }
}
