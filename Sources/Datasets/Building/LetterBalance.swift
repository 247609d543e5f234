import Groundwork
import Questions

/// Puts the right answers evenly on the four letters by moving choices about.
///
/// Where a choice speaks of others ("all of the above") or a text names a letter, the order stays, and the other questions make
/// up for it. The same questions and seed give the same order, whatever order the questions come in.
public enum LetterBalance {
    /// - Parameter purpose: names the list, so that two lists of one seed are not drawn alike.
    /// - Returns: the questions in their order, and how many had to stay as they were.
    public static func balanced(_ questions: [Question], seed: UInt64, purpose: String) -> (questions: [Question], kept: Int) {
        var result = questions
        var free: [Int] = [], letters = [0, 0, 0, 0]
        for (index, question) in questions.enumerated() {
            if question.flags.isDisjoint(with: [.choiceNamesOthers, .textNamesLetter]) {
                free.append(index)
            } else {
                letters[question.answer.index] += 1
            }
        }
        let places = free.map { (position: Split.position(of: questions[$0].fingerprint, seed: seed), id: questions[$0].id, index: $0) }
            .sorted { ($0.position, $0.id) < ($1.position, $1.id) }
        var random = CounterRandom(seed: seed, phase: "letters/\(purpose)")
        let targets = random.shuffled(Self.targets(places.count, beside: letters))
        for (place, target) in zip(places, targets) {
            result[place.index] = moved(questions[place.index], to: target, seed: seed)
        }
        return (result, questions.count - free.count)
    }

    /// `count` letters that, with those that are fixed, come as near to equal shares as they can: always the rarest next.
    private static func targets(_ count: Int, beside fixed: [Int]) -> [Letter] {
        var totals = fixed
        return (0..<count).map { _ in
            let rarest = Letter.allCases.min { (totals[$0.index], $0) < (totals[$1.index], $1) } ?? .A
            totals[rarest.index] += 1
            return rarest
        }
    }

    private static func moved(_ question: Question, to letter: Letter, seed: UInt64) -> Question {
        var random = CounterRandom(
            seed: seed ^ question.fingerprint.high, phase: "distractors", step: question.fingerprint.low)
        var wrong = question.choices
        let right = wrong.remove(at: question.answer.index)
        // From an order that the file did not choose, so that a rearranged copy ends the same.
        var choices = random.shuffled(wrong.sorted())
        choices.insert(right, at: letter.index)
        var result = question
        result.choices = choices
        result.answer = letter
        return result
    }
}
