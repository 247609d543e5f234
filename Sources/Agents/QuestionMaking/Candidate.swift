import Questions

/// One drafted question on its way through the checks.
struct Candidate {
    /// Its number among the drafts of its topic, from 0.
    let number: Int
    let topic: Topic
    let drafted: QuestionResult
    /// From the request to the end of the draft.
    let duration: Duration
    /// As it stands now: its letter may have been corrected, its explanation written anew.
    var question: AgentQuestion
    /// What a program gives as the answer, where one understands the question.
    let computed: ComputedAnswer?
    var tally: SolveTally?
    /// 1 − the opponent's probability of the right letter, 0 to 1.
    var difficulty: Double?
    var verdicts: [CheckVerdict] = []
    /// Whether the plain statement stands where the model's explanation spoke for another choice.
    private(set) var isRestated = false

    init(number: Int, topic: Topic, drafted: QuestionResult, duration: Duration = .zero) {
        self.number = number
        self.topic = topic
        self.drafted = drafted
        self.duration = duration
        question = drafted.question
        computed = ComputedAnswer(to: drafted.question.question)
    }

    /// Passed every check that was made.
    var stands: Bool { verdicts.allSatisfy(\.passed) }

    /// What the best of those that stand has most of. A computed answer comes first: what a model finds hard is often wrong instead. Then
    /// difficulty counts, and where that is not known the solves' agreement.
    var rank: Double {
        (computed == nil ? 0 : 1) + (difficulty ?? tally.flatMap { tally in letter.map { tally.agreement(on: $0) } } ?? 0)
    }

    /// How far one that fell came: first whether it is whole, then how many checks it passed.
    var progress: Int { (drafted.isWhole ? 100 : 0) + verdicts.count(where: \.passed) }

    var letter: Letter? { Letter(rawValue: question.answer) }
    var isCorrected: Bool { question.answer != drafted.question.answer }

    /// The candidate as the question that it is; nil where it is not in form.
    var asQuestion: Question? { question.asQuestion(id: "\(number)", source: "question agent") }

    /// Moves the letter. An explanation that speaks for another choice is replaced by the plain statement.
    mutating func correct(to letter: Letter) {
        guard letter.rawValue != question.answer else { return }
        question.answer = letter.rawValue
        mendExplanation()
    }

    /// Puts the shortest explanation there is in the place of one that contradicts the letter.
    mutating func mendExplanation() {
        guard let letter, Explanation(question).contradiction != nil else { return }
        question.explanation = AnswerFormat.statement(question.choiceTexts[letter.index])
        isRestated = true
    }

    mutating func note(_ check: CheckName, _ reason: String?) {
        verdicts.append(CheckVerdict(check: check, passed: reason == nil, reason: reason))
    }
}
