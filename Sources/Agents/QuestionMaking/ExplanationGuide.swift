import Groundwork
import Questions
import Transformers

/// Writes only the explanation of a question that stands: the reply is forced up to it, letter included, then sampled.
final class ExplanationGuide: Guide {
    private let forced: [Int]
    private let deadline: Deadline
    private var writer: StringWriter
    private var pace = Pace()
    private var isOpened = false
    /// The text, once the guide has finished; empty where there was no time for one.
    private(set) var text: String?

    init(_ question: AgentQuestion, vocabulary: AgentVocabulary, limits: QuestionLimits, sampling: Sampling, deadline: Deadline) {
        let coding = vocabulary.coding
        var pieces = [QuestionFormat.opening(topic: question.topic), question.question, QuestionFormat.quote]
        for (letter, choice) in zip(Letter.allCases, question.choiceTexts) {
            pieces += [QuestionFormat.choiceOpening(letter), choice, QuestionFormat.quote]
        }
        pieces += [QuestionFormat.answerLink, question.answer, QuestionFormat.explanationOpening]
        // Each piece alone, as a model is trained on it.
        forced = pieces.flatMap { coding.plain($0) }
        self.deadline = deadline
        // Behind the text come a quote and the closing.
        let room = limits.newTokens - forced.count - 1 - coding.count(QuestionFormat.closing)
        writer = StringWriter(vocabulary, sampling: sampling, wordLimit: limits.words, tokenLimit: room)
    }

    func next() throws -> Demand {
        if !isOpened {
            isOpened = true
            return .append(forced)
        }
        if deadline.isShort(of: pace.reserve(steps: 2)) { writer.stop(.deadline) }
        if let demand = writer.next() {
            if case .sample = demand { pace.begin(at: deadline.clock.now()) }
            return demand
        }
        text = writer.ending == .deadline ? "" : writer.text
        return .finish
    }

    func sampled(_ token: Int) throws {
        pace.end(at: deadline.clock.now())
        try writer.sampled(token)
    }

    func scored(_ logProbabilities: [Float]) throws {
        throw AgentError.decoder("scores came where none were demanded")
    }
}
