import Datasets
import Questions

/// How drafted questions are judged: how many, by whom, and what they must not be.
public struct QuestionReview {
    public static let defaultCandidates = 4

    /// Drafts of each topic.
    public var candidates: Int
    /// Solves of each draft, under shuffled choices.
    public var solves: Int
    /// The share of the solves that must choose the declared letter.
    public var agreement: Double
    /// The mean probability that the declared letter must reach in the solves.
    public var confidence: Double
    /// Whether a letter against which the solves, or a computation, clearly decide is moved instead of the question dropped.
    public var corrects: Bool
    /// Orders of the choices under which the opponent is asked.
    public var opponentOrders: Int
    /// Solves the drafts; nil where a question counts as right once nothing speaks against it.
    public var solver: AnswerAgent?
    /// Whose probability of the right letter makes a question hard or easy; nil where the order of drafting decides.
    public var opponent: AnswerAgent?
    /// What no question may be nearly a copy of.
    public var avoid: KnownQuestions

    public init(
        candidates: Int = 4, solves: Int = 4, agreement: Double = 0.75, confidence: Double = 0.4, corrects: Bool = true,
        opponentOrders: Int = 2, solver: AnswerAgent? = nil, opponent: AnswerAgent? = nil, avoid: KnownQuestions = KnownQuestions()
    ) {
        precondition(candidates > 0 && solves >= 0 && opponentOrders >= 0, "counts of a review are not negative")
        self.candidates = candidates
        self.solves = solves
        self.agreement = agreement
        self.confidence = confidence
        self.corrects = corrects
        self.opponentOrders = opponentOrders
        self.solver = solver
        self.opponent = opponent
        self.avoid = avoid
    }

    /// Judges the right answer of a candidate by what is computed and what the solves say, and notes the verdict. Its letter may
    /// be moved.
    func judgeAnswer(of candidate: inout Candidate) {
        if let computed = candidate.computed {
            let right = Letter.allCases.filter { computed.isSaid(by: candidate.question.choiceTexts[$0.index]) }
            guard right.count == 1 else {
                candidate.note(.answer, right.isEmpty ? "no choice is right: it is \(computed)" : "\(right.count) choices are right")
                return
            }
            settle(&candidate, on: right[0], because: "it is \(computed)")
        } else if let tally = candidate.tally, tally.solves > 0 {
            let favourite = tally.favourite
            let share = tally.agreement(on: favourite), probability = tally.probability(of: favourite)
            let named = Explanation(candidate.question).named
            if candidate.letter != favourite, share < 1 || (named != nil && named != favourite) {
                // A letter is moved only where nothing but itself speaks for another.
                candidate.note(.answer, "\(tally.votes[favourite.index]) of \(tally.solves) solves chose \(favourite)")
            } else if share >= agreement && probability >= confidence {
                settle(&candidate, on: favourite, because: "\(tally.votes[favourite.index]) of \(tally.solves) solves chose it")
            } else {
                candidate.note(.answer, "the solves do not agree: \(tally.votes.map(String.init).joined(separator: ", ")) for A to D")
            }
        } else {
            candidate.note(.answer, solver == nil ? nil : "no time to solve it")
        }
    }

    private func settle(_ candidate: inout Candidate, on letter: Letter, because reason: String) {
        if candidate.letter == letter {
            candidate.note(.answer, nil)
        } else if corrects {
            candidate.correct(to: letter)
            candidate.note(.answer, nil)
        } else {
            candidate.note(.answer, "\(letter) is right, not \(candidate.question.answer): \(reason)")
        }
    }
}
