/// A question as the question agent writes it and a tournament reads it.
///
/// Fields that a tournament's checks must be able to find missing are optional here.
public struct AgentQuestion: Codable, Sendable, Hashable {
    public var topic: String
    public var question: String
    /// Each starts with its letter: "A) Vienna".
    public var choices: [String]
    /// "A" … "D".
    public var answer: String
    /// At most 100 words.
    public var explanation: String?

    public init(topic: String, question: String, choices: [String], answer: String, explanation: String?) {
        self.topic = topic
        self.question = question
        self.choices = choices
        self.answer = answer
        self.explanation = explanation
    }

    public init(_ question: Question) {
        self.init(
            topic: question.topic, question: question.question,
            choices: zip(Letter.allCases, question.choices).map { "\($0)) \($1)" }, answer: question.answer.rawValue,
            explanation: question.explanation)
    }

    /// The question behind the agent's output.
    /// - Returns: nil if it has not four choices, lettered in order, or if its answer is not one of the letters.
    public func asQuestion(id: String, source: String, domains: DomainMap = .standard) -> Question? {
        let texts = zip(Letter.allCases, choices).compactMap { AgentQuestion.text(of: $1, after: $0) }
        guard choices.count == 4, texts.count == 4, let letter = Letter(rawValue: answer) else { return nil }
        return Question(
            id: id, source: source, subject: topic, topic: topic, domain: domains[topic], question: question, choices: texts,
            answer: letter, explanation: explanation)
    }

    /// The choices without their letters ("A) ", "A. ", "A: ", "(A) "); one that does not start with its own letter stays as it is.
    public var choiceTexts: [String] {
        choices.enumerated().map { index, text in
            Letter(index: index).flatMap { AgentQuestion.text(of: text, after: $0) } ?? text
        }
    }

    /// What follows `letter` and its mark in `choice`, or nil if the choice does not start so.
    static func text(of choice: String, after letter: Letter) -> String? {
        var rest = Substring(choice)
        let parenthesis = rest.first == "("
        if parenthesis { rest.removeFirst() }
        guard rest.first == Character(letter.rawValue) else { return nil }
        rest.removeFirst()
        guard let mark = rest.first, parenthesis ? mark == ")" : ").:".contains(mark) else { return nil }
        rest.removeFirst()
        return String(rest.drop(while: \.isWhitespace))
    }
}

/// The answer agent's reply as a tournament reads it.
public struct AgentAnswer: Codable, Sendable, Hashable {
    public var answer: String
    /// At most 100 words.
    public var reasoning: String?
    /// The probability of the answer's letter among the four, if the agent was asked for it.
    public var confidence: Double?

    public init(answer: String, reasoning: String?, confidence: Double? = nil) {
        self.answer = answer
        self.reasoning = reasoning
        self.confidence = confidence
    }
}
