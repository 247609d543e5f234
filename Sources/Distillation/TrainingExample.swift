import Groundwork
import Questions

/// What the model is taught at one place of an example.
public enum Target: Sendable, Hashable {
    /// The token that stands next: cross-entropy over the whole vocabulary.
    case token(Int)
    /// The same, and beside it the distance from the teacher's likeliest tokens at this place.
    case dense(Int, DenseTarget)
    /// The answer's letter: the letter loss over the four letter tokens. `teacher` holds four log-probabilities.
    case letter(gold: Letter, teacher: [Double]?)
}

/// One prompt with its completion, and what is taught where.
public struct TrainingExample: Sendable, Hashable {
    /// Names the question in messages. Consecutive examples of one name stay together when a trainer shuffles.
    public let name: String
    /// Prompt and completion without the completion's last token, which is only ever a target.
    public let tokens: [Int]
    /// Positions whose logits carry loss, ascending: `row` predicts what stands at `row + 1`.
    public let rows: [Int]
    /// Parallel to `rows`.
    public let targets: [Target]

    public init(name: String, tokens: [Int], rows: [Int], targets: [Target]) {
        precondition(rows.count == targets.count, "every row has one target")
        precondition(rows.allSatisfy { tokens.indices.contains($0) }, "rows lie inside the example")
        self.name = name
        self.tokens = tokens
        self.rows = rows
        self.targets = targets
    }
}

/// Makes training examples of questions and labels, in the very tokens that guided decoding will meet.
///
/// Every segment of the reply is tokenised alone. Taught are the text that the model writes itself, the quote that ends it,
/// the end of the reply and the end-of-turn token (a student that never learned to stop is the classic wreck of distillation
/// from long reasoning), and the letter; the forced pieces of the JSON skeleton in between are not.
public struct ExampleBuilder {
    /// What the student is to write before the letter.
    public enum Style: String, Codable, Sendable, CaseIterable {
        /// Reasoning, then the letter; the bare letter for questions without any reasoning.
        case reason
        /// The bare letter.
        case letter
    }

    private let coder: any ChatCoder
    public let tokens: AnswerTokens
    public let style: Style
    /// The student's vocabulary, by which is told whether a label's likeliest tokens are the student's; nil where these are not learned from.
    private let vocabulary: String?

    /// - Parameter usesDense: whether the teacher's likeliest tokens along the reasoning are learned from, where labels hold them.
    public init(coder: any ChatCoder, style: Style = .reason, usesDense: Bool = false) throws {
        self.coder = coder
        self.style = style
        vocabulary = usesDense ? DenseVocabulary.identity(of: coder) : nil
        tokens = try AnswerTokens(coder: coder)
    }

    /// Answering a question.
    /// - Parameters:
    ///   - reasoning: what the student learns to write before the letter.
    ///   - teacher: the teacher's four letter log-probabilities, if there is a teacher.
    ///   - dense: the teacher's likeliest tokens along the reasoning, if they are known.
    public func answering(
        _ question: Question, reasoning: String?, teacher: [Double]?, dense: DenseReasoning? = nil
    ) throws -> TrainingExample {
        let reasoning = AnswerFormat.sanitise(reasoning ?? "")
        let reply = style == .letter || reasoning.isEmpty
            ? AnswerFormat.letterReply(question.answer)
            : AnswerFormat.reply(reasoning: reasoning, answer: question.answer)
        let prompt = try coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question))
        return build(name: question.id, prompt: prompt, reply: reply, dense: dense) { _ in .letter(gold: question.answer, teacher: teacher) }
    }

    public func answering(_ label: KeptLabel) throws -> TrainingExample {
        try answering(label.question, reasoning: label.reasoning, teacher: label.teacherScores, dense: label.dense)
    }

    /// Finding the letter of each wrong choice once it is stated as the answer: taught are the letters alone, nothing is learnt of the
    /// statements. Beside the question's own example, whose prompt they share, they teach to read the letter off the choices, which a
    /// model that sees right answers only takes far longer to find out.
    public func binding(_ question: Question) throws -> [TrainingExample] {
        let prompt = try coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question))
        return zip(Letter.allCases, question.choices).filter { $0.0 != question.answer }.map { letter, choice in
            let reply = AnswerFormat.reply(reasoning: AnswerFormat.statement(choice), answer: letter)
            return build(name: question.id, prompt: prompt, reply: reply, letterAlone: true) { _ in .letter(gold: letter, teacher: nil) }
        }
    }

    /// Writing a question on its topic: plain cross-entropy on every text and on the letter.
    public func asking(_ question: Question) throws -> TrainingExample {
        let prompt = try coder.prompt(
            system: QuestionFormat.systemPrompt, user: QuestionFormat.userMessage(topic: question.topic))
        return build(name: question.id + " (asking)", prompt: prompt, reply: QuestionFormat.reply(question)) { .token($0) }
    }

    /// Examples for all labels, and question-writing examples for a share of them, so that one adapter both answers and asks.
    /// - Parameters:
    ///   - askingShare: 0 for none … 1 for one question-writing example per question; which ones follows from `seed`.
    ///   - bindsChoices: with the examples of `binding` for every question.
    ///   - maximumTokens: longer examples are left out.
    /// - Returns: the examples, and how many were left out.
    public func examples(
        for labels: [KeptLabel], askingShare: Double = 0, bindsChoices: Bool = false, maximumTokens: Int = .max, seed: UInt64 = 0
    ) throws -> (examples: [TrainingExample], tooLong: Int) {
        guard (0...1).contains(askingShare) else {
            throw DistillationError.badSetting(name: "the share of question-writing examples", value: "\(askingShare)", expected: "0 to 1")
        }
        var examples = try labels.flatMap { try [answering($0)] + (bindsChoices ? binding($0.question) : []) }
        var random = CounterRandom(seed: seed, phase: "asking")
        let count = Int((askingShare * Double(labels.count)).rounded())
        for index in random.sample(count, of: Array(labels.indices)).sorted() {
            examples.append(try asking(labels[index].question))
        }
        let kept = examples.filter { $0.tokens.count <= maximumTokens }
        return (kept, examples.count - kept.count)
    }

    private func build(
        name: String, prompt: [Int], reply: [ReplySegment], letterAlone: Bool = false, dense: DenseReasoning? = nil, letterTarget: (Int) -> Target
    ) -> TrainingExample {
        var sequence = prompt
        var rows: [Int] = []
        var targets: [Target] = []
        for (index, segment) in reply.enumerated() {
            let pieces = coder.tokens(of: segment.text)
            let isTaught = switch segment.kind {
            case .letter: true
            case _ where letterAlone: false
            case .free: true
            // The quote that ends a text, and the end of the reply.
            case .fixed: index == reply.count - 1 || (index > 0 && reply[index - 1].kind == .free)
            }
            let known = segment.kind == .free && isTaught ? denseTargets(dense, pieces) : []
            for (place, token) in pieces.enumerated() {
                if isTaught {
                    rows.append(sequence.count - 1)
                    let beside = known.isEmpty ? nil : known[place]
                    targets.append(segment.kind == .letter ? letterTarget(token) : beside.map { .dense(token, $0) } ?? .token(token))
                }
                sequence.append(token)
            }
            if letterAlone, segment.kind == .letter {
                return TrainingExample(name: name, tokens: Array(sequence.dropLast()), rows: rows, targets: targets)
            }
        }
        rows.append(sequence.count - 1)
        targets.append(.token(tokens.endOfTurn))
        return TrainingExample(name: name, tokens: sequence, rows: rows, targets: targets)
    }

    private func denseTargets(_ dense: DenseReasoning?, _ tokens: [Int]) -> [DenseTarget?] {
        guard let dense, let vocabulary else { return [] }
        let shares = dense.ids != nil && dense.tokenizer == vocabulary
        return DenseAlignment(dense).targets(for: tokens.map(coder.bytes), sharesTokenizer: shares).map { target in
            target.map { DenseTarget(ids: shares ? $0.ids : [], logProbabilities: $0.logProbabilities) }
        }
    }
}
