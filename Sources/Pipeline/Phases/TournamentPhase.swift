import Agents
import Foundation
import Groundwork
import Questions
import Tournaments

/// A match of the unified agents against the base model's agents by the tournament's rules.
struct TournamentPhase: Phase {
    let workbench: Workbench
    private var recipe: Recipe { workbench.recipe }

    let name = "tournament"
    var settings: [String: String] {
        get throws {
            var settings = try FlatSettings.of(recipe.tournament, under: "tournament")
            settings.merge(try FlatSettings.of(recipe.agents, under: "agents")) { $1 }
            settings["revision"] = "1"
            settings["seed"] = "\(recipe.seed)"
            settings["model.dtype"] = recipe.model.dtype?.rawValue ?? "default"
            return settings
        }
    }
    var inputs: [PhaseInput] {
        [.model(recipe.model.checkpoint)] + RunFiles.adapterFiles(recipe.merge.name).map { .run($0) }
            + recipe.domains.map { .run(RunFiles.questions($0.domain, .test)) } + (recipe.agents.topics.map { [.external($0)] } ?? [])
    }
    var outputs: [String] { [RunFiles.match] }

    func run(in run: RunFolder) throws {
        let cap = recipe.tournament.maxTokens
        let unified = try AgentTeam(
            workbench: workbench, name: recipe.merge.name, adapter: workbench.adapter(run.file(recipe.merge.name)), cap: cap)
        let base = try AgentTeam(workbench: workbench, name: recipe.tournament.opponent.rawValue, adapter: nil, cap: cap)
        try unified.warmUp()
        try base.warmUp()
        let rules = TournamentRules(
            questions: recipe.tournament.questions, questionSeconds: recipe.agents.question.deadline,
            answerSeconds: recipe.agents.answer.deadline)
        workbench.say("tournament: \(unified.name) against \(base.name), \(rules.questions) questions an inning")
        let tokens = try workbench.agentVocabulary().coding.count
        // Equal totals are decided on held-out questions, as a closed benchmark would be.
        let benchmark = try recipe.domains.flatMap {
            try QuestionFile.read(run.file(RunFiles.questions($0.domain, .test))).prefix(5)
        }
        let match = try Match(rules: rules, tokens: tokens).play(
            unified.team, base.team, topics: TopicList.read(recipe, run), seed: recipe.seed, benchmark: benchmark)
        for team in match.teams {
            workbench.say(String(
                format: "tournament: %@ questions %.0f + answers %.0f = %.0f", team.name, team.questionScore, team.answerScore, team.total))
        }
        try run.writeJSON(match, to: RunFiles.match)
    }
}
