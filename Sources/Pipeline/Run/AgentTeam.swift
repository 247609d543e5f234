import Agents
import Foundation
import Questions
import Transformers

/// The two agents of one model and adapter, as a recipe sets them.
struct AgentTeam {
    let questions: QuestionAgent
    let answers: AnswerAgent
    let name: String

    /// - Parameter cap: the most new tokens of a question and of an answer, where a tournament's rules set one.
    init(workbench: Workbench, name: String, adapter: Adapter?, cap: [Int]? = nil) throws {
        self.name = name
        let settings = workbench.recipe.agents
        var question = settings.question.agentSettings, answer = settings.answer.agentSettings
        if let cap {
            question.maxNewTokens = min(question.maxNewTokens, cap[0])
            answer.maxNewTokens = min(answer.maxNewTokens, cap[1])
        }
        question.candidates = settings.question.candidates
        let model = try AgentModel(workbench.model(), adapter: adapter, slots: question.streams)
        var review: QuestionReview?
        if let candidates = question.candidates, candidates > 1 {
            // The base model stands for an opponent of whom nothing is known.
            let base = try AgentModel(workbench.model(), slots: question.streams)
            review = QuestionReview(
                candidates: candidates, solver: try model.answerAgent(mode: .letter), opponent: try base.answerAgent(mode: .letter))
        }
        questions = try model.questionAgent(question, review: review)
        answers = try model.answerAgent(answer)
    }

    /// Before the first request whose time counts.
    func warmUp() throws {
        try questions.warmUp()
        try answers.warmUp()
    }

    var team: Team { Team(name: name, questionAgent: questions, answerAgent: answers) }
}

/// What the question agent is asked about.
enum TopicList {
    /// The recipe's topics file, else the topics of the training questions.
    static func read(_ recipe: Recipe, _ run: RunFolder) throws -> [Topic] {
        if let path = recipe.agents.topics { return try Topic.read(path) }
        var seen: Set<Topic> = []
        return try recipe.domains.flatMap { settings in
            try QuestionFile.read(run.file(RunFiles.questions(settings.domain, .test)))
                .map { Topic(area: settings.domain.rawValue, topic: $0.topic) }.filter { seen.insert($0).inserted }
        }
    }
}
