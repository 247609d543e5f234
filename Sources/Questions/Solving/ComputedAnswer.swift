import Groundwork

/// The right answer of a question that a program can answer: plain arithmetic, and what the generator's tables of facts hold.
public enum ComputedAnswer: Sendable, Hashable, CustomStringConvertible {
    case number(Double)
    /// A text without case, spacing and punctuation.
    case text(String)

    /// - Returns: nil for a question that no program here understands.
    public init?(to question: String) {
        if let value = ArithmeticQuestion.value(of: question) {
            self = .number(value)
        } else if let text = Facts.known[Fingerprint.normalised(question)] {
            self = .text(text)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        case .text(let text): "\"\(text)\""
        }
    }

    public func isSaid(by choice: String) -> Bool {
        switch self {
        case .number(let value):
            (NumberText(choice)?.value ?? ArithmeticQuestion.value(of: choice)).map { NumberText.near($0, value) } ?? false
        case .text(let text):
            if let number = NumberText(text), let chosen = NumberText(choice) {
                number.equals(chosen)
            } else {
                Fingerprint.normalised(choice) == text
            }
        }
    }

    /// Questions of the generator's forms that always have one and the same answer.
    private enum Facts {
        /// Question to answer, both normalised. Made once, when the first question is looked up.
        static let known: [String: String] = {
            var known: [String: String] = [:]
            for family in QuestionGenerator.families { known.merge(facts(of: family)) { first, _ in first } }
            return known
        }()

        private static let draws = 2000
        /// "Which of these is a mammal?" has many answers, which shows when it comes again and again.
        private static let repeats = 3

        private static func facts(of family: QuestionFamily) -> [String: String] {
            var answers: [String: (text: String, count: Int)] = [:]
            var ambiguous: Set<String> = []
            for draw in 0..<draws {
                var random = CounterRandom(seed: 0, phase: "facts/\(family.name)", step: UInt64(draw))
                let grade = random.element(of: family.grades)
                guard let draft = family.draw(&random, grade) else { continue }
                let question = Fingerprint.normalised(draft.question), answer = Fingerprint.normalised(draft.answer)
                if let known = answers[question], known.text != answer { ambiguous.insert(question) }
                answers[question] = (answer, (answers[question]?.count ?? 0) + 1)
                // A family that makes its numbers up has nothing to look up.
                if draw == 199, answers.count > 180 { return [:] }
            }
            return answers.filter { !ambiguous.contains($0.key) && $0.value.count >= repeats }.mapValues(\.text)
        }
    }
}
