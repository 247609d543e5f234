import Foundation
import Questions

/// One question on its way to a label: says what to ask next, takes the answers, and knows when it is done.
///
/// The first round asks under every rotation. While no answer is right and whole, further samples are drawn one at a time, then, where
/// that is wanted, the question is asked once with the right answer given.
struct LabelCase: Sendable {
    let question: Question
    private let rules: AskingRules
    private(set) var answers: [TeacherAnswer] = []
    private var drawn = 0
    private var hinted = false

    init(_ question: Question, rules: AskingRules) {
        self.question = question
        self.rules = rules
    }

    /// The askings to be made now, all of which may run at once; none when the label is done.
    mutating func next() -> [Asking] {
        if answers.isEmpty { return rules.turns.map { Asking(question, rotation: $0) } }
        if answers.contains(where: isGood) { return [] }
        if drawn < rules.samples {
            drawn += 1
            return [Asking(question, rotation: rules.turns[drawn % rules.turns.count], sample: drawn)]
        }
        if rules.hint, !hinted {
            hinted = true
            return [Asking(question, sample: drawn + 1, isHinted: true)]
        }
        return []
    }

    mutating func take(_ new: [TeacherAnswer]) { answers += new }

    /// Right, whole, of one mind with its own scores, and with something to learn from.
    private func isGood(_ answer: TeacherAnswer) -> Bool {
        answer.ending == .finished && answer.letter == question.answer && !answer.contradictsItself && !answer.reasoning.isEmpty
    }

    private var firstRound: ArraySlice<TeacherAnswer> { answers.prefix(rules.turns.count) }

    /// The mean of the log-probabilities over the first round, renormalised: what a letter adds to any choice that stands at it cancels
    /// over all four rotations.
    private var meanScores: [Double]? {
        let scores = firstRound.compactMap(\.ownScores)
        guard !scores.isEmpty else { return nil }
        return LetterLoss.logSoftmax((0..<4).map { choice in scores.reduce(0) { $0 + $1[choice] } / Double(scores.count) })
    }

    /// What most of the first round says, the earliest where two are said equally often.
    private var majority: Letter? {
        let letters = firstRound.compactMap(\.letter)
        let counts = Dictionary(letters.map { ($0, 1) }, uniquingKeysWith: +)
        return letters.first { counts[$0] == counts.values.max() }
    }

    func label(_ provenance: LabelProvenance) -> Label {
        let mean = meanScores
        let first = mean.flatMap { scores in scores.indices.max { scores[$0] < scores[$1] }.flatMap { Letter(index: $0) } } ?? majority
        // A worked explanation is the same text under every rotation and right whatever the scores are.
        let good = provenance.way == .informed ? nil : answers.firstIndex(where: isGood)
        let chosen = answers[good ?? 0]
        let origin: Label.Origin =
            if good == nil { .asked }
            else if chosen.isHinted { .hinted }
            else if chosen.sample > 0 || first != question.answer { .repaired }
            else { .asked }
        let scores = origin == .asked ? mean : chosen.ownScores
        var kept = answers
        for index in kept.indices { kept[index].dense = nil }
        return Label(
            question: question, reasoning: chosen.reasoning, rotation: chosen.rotation, letterLogProbabilities: scores,
            letter: origin == .asked ? first : chosen.letter, firstLetter: first, origin: origin, ending: chosen.ending,
            tokens: chosen.reasoningTokens, seconds: answers.reduce(0) { $0 + $1.seconds }, dense: chosen.dense, answers: kept,
            provenance: provenance)
    }
}
