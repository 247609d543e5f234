/// Who plays: a question agent and an answer agent.
public struct Team {
    public let name: String
    public let questionAgent: any QuestionAsking
    public let answerAgent: any QuestionAnswering

    public init(name: String, questionAgent: any QuestionAsking, answerAgent: any QuestionAnswering) {
        self.name = name
        self.questionAgent = questionAgent
        self.answerAgent = answerAgent
    }
}
