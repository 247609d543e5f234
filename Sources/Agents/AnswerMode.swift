/// In which order an answer agent thinks and commits itself.
public enum AnswerMode: String, Codable, Sendable, CaseIterable {
    /// The letter at once, without a reasoning: one pass of the model.
    case letter
    /// The letter at once, then a reasoning that explains it. The clock may shorten the explanation, never change the letter.
    case answerFirst = "answer-first"
    /// A reasoning, then the letter that follows from it. The letter of the first pass stands in where there is no time.
    case reasonFirst = "reason-first"
    /// Several sampled reasonings beside each other; the probabilities that they give the four letters are averaged.
    case vote

    /// The one that answers best on the questions that an adapter was trained for: see docs/agents.md.
    public static let standard = AnswerMode.reasonFirst
    /// How many reasonings vote where nothing else is said.
    public static let standardVotes = 5

    /// The reply ends with its letter, which follows from what was written before.
    var endsWithLetter: Bool { self == .reasonFirst || self == .vote }
}
