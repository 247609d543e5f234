import Agents
import Evaluation
import Foundation
import Groundwork
import Questions
import Transformers

/// Accuracy of base, specialists and unified adapter on the held-out questions, and both agents under their clocks.
struct ValidatePhase: Phase {
    let workbench: Workbench
    private var recipe: Recipe { workbench.recipe }

    let name = "validate"
    var settings: [String: String] {
        get throws {
            var settings = try FlatSettings.of(recipe.validate, under: "validate")
            settings.merge(try FlatSettings.of(recipe.agents, under: "agents")) { $1 }
            settings["revision"] = "1"
            settings["seed"] = "\(recipe.seed)"
            settings["model.dtype"] = recipe.model.dtype?.rawValue ?? "default"
            return settings
        }
    }
    var inputs: [PhaseInput] {
        let adapters = recipe.domains.map { RunFiles.specialist($0.domain) } + [recipe.merge.name]
        return [.model(recipe.model.checkpoint)] + recipe.domains.map { .run(RunFiles.questions($0.domain, .test)) }
            + adapters.flatMap(RunFiles.adapterFiles).map { .run($0) } + (recipe.agents.topics.map { [.external($0)] } ?? [])
    }
    var outputs: [String] { [RunFiles.accuracy, RunFiles.agents, RunFiles.generatedQuestions, RunFiles.answers] }
    var work: [String] { ["validate"] }

    func run(in run: RunFolder) throws {
        let tests = try recipe.domains.map { try QuestionFile.read(run.file(RunFiles.questions($0.domain, .test))) }
        let unified = try workbench.adapter(run.file(recipe.merge.name))
        var accuracies: [ModeAccuracy] = []
        // Reasoning begins with a look at the letters, so one run measures both modes.
        let mode: TrainSettings.Mode = recipe.validate.modes.contains(.reasonFirst) ? .reasonFirst : .letter
        var results: [[EvaluationResult]] = []
        for (settings, questions) in zip(recipe.domains, tests) {
            let domain = settings.domain
            let specialist = { try workbench.adapter(run.file(RunFiles.specialist(domain))) }
            results.append([
                try result(run, questions, nil, "base", domain, mode),
                try result(run, questions, specialist, "specialist", domain, mode),
                try result(run, questions, { unified }, recipe.merge.name, domain, mode),
            ])
        }
        for mode in recipe.validate.modes {
            accuracies.append(ModeAccuracy(mode: mode, domains: try zip(recipe.domains, results).map { settings, results in
                let asked = mode == .letter ? results.map { $0.letterMode ?? $0 } : results
                return DomainAccuracy(
                    domain: settings.domain, base: asked[0].overall, letters: asked[2].letters,
                    specialist: try Comparison(first: asked[0], second: asked[1]).overall.pair,
                    unified: try Comparison(first: asked[0], second: asked[2]).overall.pair, records: asked)
            }))
        }
        try run.writeJSON(accuracies, to: RunFiles.accuracy)
        try agents(run, unified, tests)
    }

    /// The result of an earlier, stopped run of this phase, or a new one.
    private func result(
        _ run: RunFolder, _ questions: [Question], _ adapter: (() throws -> Adapter)?, _ who: String, _ domain: Domain,
        _ mode: TrainSettings.Mode
    ) throws -> EvaluationResult {
        let file = "validate/parts/\(domain)-\(mode.rawValue)-\(who).json"
        if run.exists(file) { return try run.readJSON(EvaluationResult.self, from: file) }
        let made = try workbench.evaluate(
            questions, adapter: adapter?(), name: adapter == nil ? nil : who, mode: mode, title: "\(domain), \(mode.rawValue): \(who)")
        try run.writeJSON(made, to: file)
        return made
    }

    private func agents(_ run: RunFolder, _ unified: Adapter, _ tests: [[Question]]) throws {
        let team = try AgentTeam(workbench: workbench, name: recipe.merge.name, adapter: unified)
        try team.warmUp()
        let topics = try TopicList.read(recipe, run)
        let questionProgress = Progress("generated questions", total: recipe.validate.generatedQuestions, unit: "questions")
        let questions = try team.questions.ask(
            topics, count: recipe.validate.generatedQuestions, deadline: .seconds(recipe.agents.question.deadline), seed: recipe.seed,
            each: { _ in questionProgress.advance() })
        // Held-out questions of all domains in turn.
        var asked: [Question] = []
        var index = 0
        let available = tests.reduce(0) { $0 + $1.count }
        while asked.count < min(recipe.validate.answers, available) {
            for test in tests where index < test.count && asked.count < recipe.validate.answers { asked.append(test[index]) }
            index += 1
        }
        let answerProgress = Progress("timed answers", total: asked.count, unit: "answers")
        let answers = try team.answers.answer(
            asked, deadline: .seconds(recipe.agents.answer.deadline), seed: recipe.seed, each: { _ in answerProgress.advance() })
        let tokens = try workbench.agentVocabulary().coding.count
        let judged = try judge(questions)
        let summary = AgentsSummary(
            questions: Latency(questions.map(\.seconds), late: questions.count(where: \.isLate), limit: recipe.agents.question.deadline),
            answers: Latency(answers.map(\.seconds), late: answers.count(where: \.isLate), limit: recipe.agents.answer.deadline),
            validQuestions: questions.count { record in
                record.question.map { FormatCheck.question($0, tokens: tokens).isEmpty } ?? false
            },
            validAnswers: answers.count { record in
                record.answer.map { FormatCheck.answer($0, tokens: tokens).isEmpty } ?? false
            },
            fromPool: questions.count(where: \.isFromPool), agreedByBase: judged,
            rightAnswers: zip(asked, answers).count { $0.answer == $1.letter })
        try run.writeJSON(questions, to: RunFiles.generatedQuestions)
        try run.writeJSON(zip(asked, answers).map { AnsweredQuestion(question: $0, answer: $1) }, to: RunFiles.answers)
        try run.writeJSON(summary, to: RunFiles.agents)
    }

    /// How many generated questions the base model, which did not write them, answers as their author does.
    private func judge(_ records: [QuestionRecord]) throws -> Int {
        let readable = records.enumerated().compactMap { index, record -> Question? in
            guard let question = record.question, let letter = Letter(rawValue: question.answer), question.choices.count == 4 else { return nil }
            return Question(
                id: "generated-\(index)", source: "question agent", subject: record.area, topic: record.topic, domain: .other,
                question: question.question, choices: question.choiceTexts, answer: letter)
        }
        guard !readable.isEmpty else { return 0 }
        return try workbench.evaluate(readable, adapter: nil, name: nil, mode: .reasonFirst, title: "judging generated questions").overall.successes
    }
}

/// Accuracy in one way of asking.
struct ModeAccuracy: Codable {
    var mode: TrainSettings.Mode
    var domains: [DomainAccuracy]
}

struct DomainAccuracy: Codable {
    var domain: Domain
    var base: Proportion
    /// What the unified adapter said.
    var letters: [String: Int]
    /// First the base, second the specialist or the unified adapter.
    var specialist: PairedComparison
    var unified: PairedComparison
    /// Of base, specialist and unified adapter.
    var records: [EvaluationResult]
}

/// The agents under their clocks.
struct AgentsSummary: Codable {
    var questions: Latency
    var answers: Latency
    /// Questions that pass the tournament's format check.
    var validQuestions: Int
    var validAnswers: Int
    /// Questions that were replaced because time ran out.
    var fromPool: Int
    var agreedByBase: Int
    var rightAnswers: Int
}

/// Seconds from request to reply.
struct Latency: Codable {
    var count: Int
    var median: Double
    var slowest: Double
    var late: Int
    var limit: Double

    init(_ seconds: [Double], late: Int, limit: Double) {
        let sorted = seconds.sorted()
        count = sorted.count
        median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        slowest = sorted.last ?? 0
        self.late = late
        self.limit = limit
    }
}

struct AnsweredQuestion: Codable {
    var question: Question
    var answer: AnswerRecord
}
