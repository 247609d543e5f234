import Questions

/// Why one drafted question was chosen or fell: a line of `retort question --audit`.
public struct CandidateAudit: Codable, Sendable, Hashable {
    public var area: String
    public var topic: String
    /// Its number among the drafts of its topic, from 1.
    public var candidate: Int
    public var question: String
    /// As drafted, with their letters.
    public var choices: [String]
    /// The letter that the model declared.
    public var declared: String
    /// The letter after the checks.
    public var answer: String
    /// As drafted.
    public var explanation: String?
    /// The choice that the explanation speaks for, if it does for one.
    public var explained: String?
    public var checks: [CheckVerdict]
    /// What the independent solves say of the choices as drafted; nil where none was made.
    public var solves: SolveTally?
    /// 1 − the opponent's probability of the right letter; nil where it was not asked.
    public var difficulty: Double?
    /// Whether the answer follows from a computation or a table of facts.
    public var isComputed: Bool
    public var isChosen: Bool

    enum CodingKeys: String, CodingKey {
        case area, topic, candidate, question, choices, declared, answer, explanation, explained, checks, solves, difficulty
        case isComputed = "computed"
        case isChosen = "chosen"
    }

    init(_ candidate: Candidate, isChosen: Bool) {
        area = candidate.topic.area
        topic = candidate.topic.topic
        self.candidate = candidate.number + 1
        question = candidate.question.question
        choices = candidate.question.choices
        declared = candidate.drafted.question.answer
        answer = candidate.question.answer
        explanation = candidate.drafted.question.explanation
        explained = Explanation(candidate.drafted.question).named?.rawValue
        checks = candidate.verdicts
        solves = candidate.tally
        difficulty = candidate.difficulty
        isComputed = candidate.computed != nil
        self.isChosen = isChosen
    }

    /// How many candidates each check felled; one that fell by several counts for the first.
    public static func falls(_ audits: [CandidateAudit]) -> [(check: CheckName, count: Int)] {
        CheckName.allCases.map { name in (name, audits.count { $0.checks.first { !$0.passed }?.check == name }) }
    }
}
