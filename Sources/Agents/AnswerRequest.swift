import Questions

/// One question put to an answer agent, whatever it holds, with the time that its answer may take.
public struct AnswerRequest: Sendable, Hashable {
    public var id: String
    public var question: String
    /// Texts without "A) ".
    public var choices: [String]
    /// When the question was put, on the agent's clock: what it waited in a queue counts. Nil for the moment in which the
    /// agent turns to it.
    public var requested: Duration?
    /// How long its answer may take, from the request to the last byte. Nil for no limit.
    public var deadline: Duration?
    /// Time before the deadline that is left alone, in place of the agent's own.
    public var reserve: Duration?
    /// Set where it is already known that there is nothing to answer.
    public var refusal: AnswerRefusal?

    public init(
        id: String, question: String, choices: [String], requested: Duration? = nil, deadline: Duration? = nil,
        reserve: Duration? = nil, refusal: AnswerRefusal? = nil
    ) {
        self.id = id
        self.question = question
        self.choices = choices
        self.requested = requested
        self.deadline = deadline
        self.reserve = reserve
        self.refusal = refusal
    }

    public init(_ question: Question, requested: Duration? = nil, deadline: Duration? = nil, reserve: Duration? = nil) {
        self.init(
            id: question.id, question: question.question, choices: question.choices, requested: requested, deadline: deadline,
            reserve: reserve)
    }

    /// Why nobody can answer this, by its text alone.
    var objection: AnswerRefusal? {
        if let refusal { return refusal }
        if choices.count != 4 {
            return AnswerRefusal(.notFourChoices, "the question does not have four choices but \(choices.count)")
        }
        if !StringWriter.saysSomething(question) { return AnswerRefusal(.empty, "the question is empty") }
        if !choices.contains(where: StringWriter.saysSomething) { return AnswerRefusal(.empty, "all four choices are empty") }
        return nil
    }
}
