import Agents
import Distillation
import Evaluation
import Questions
import Transformers

/// The answer agent on probe questions while an adapter is trained: what `CollapseGuard` judges by.
public struct AdapterProbe {
    private let questions: [Question]
    private let model: LanguageModel
    private let adapter: Adapter
    private let vocabulary: AgentVocabulary
    private let mode: AnswerMode
    private let limits: AnswerLimits
    private let slots: Int

    /// - Parameters:
    ///   - adapter: the one in training, read anew at each look.
    ///   - newTokens: of one answer, at most.
    ///   - slots: answers written side by side.
    public init(
        questions: [Question], model: LanguageModel, adapter: Adapter, vocabulary: AgentVocabulary, mode: AnswerMode, newTokens: Int,
        slots: Int
    ) {
        self.questions = questions
        self.model = model
        self.adapter = adapter
        self.vocabulary = vocabulary
        self.mode = mode
        limits = AnswerLimits(newTokens: newTokens)
        self.slots = slots
    }

    /// - Parameter builder: makes the held-out text of the probes' own explanations.
    public func probe(every steps: Int, builder: ExampleBuilder) throws -> Probe {
        let heldOut = try questions.map { try builder.answering($0, reasoning: $0.explanation, teacher: nil) }
        return Probe(every: steps, heldOut: heldOut, look: look)
    }

    private func look(step: Int, start: ProbeReading?) throws -> ProbeReading {
        let decoder = try Decoder(model: model, adapter: adapter, slots: slots)
        let style = ChatStyle(vocabulary: vocabulary, mode: mode, limits: limits, sampling: .greedy)
        let records: [EvaluationRecord]
        do {
            records = try Evaluator(style: style, decoder: decoder).run(questions)
        } catch EvaluationError.notFinite(let question) {
            throw DistillationError.notFinite(step: step, what: "a letter's score of probe \(question)")
        }
        let right = questions.map(\.answer)
        let p = start.map { start in
            PairedComparison(zip(zip(start.answers, records), right).map { pair, right in
                (String(pair.0) == right.rawValue, pair.1.predicted == right)
            }).p
        }
        return ProbeReading(
            answers: records.map(\.predicted), right: right, wellFormed: records.count(where: isWellFormed),
            finished: records.count { $0.finished }, tokens: Double(records.reduce(0) { $0 + $1.tokens }) / Double(records.count),
            pAgainstStart: p)
    }

    private func isWellFormed(_ record: EvaluationRecord) -> Bool {
        let reasoning = record.reasoning ?? ""
        let answer = AgentAnswer(answer: record.predicted.rawValue, reasoning: reasoning)
        return FormatCheck.answer(answer, tokens: vocabulary.coding.count).isEmpty && !Self.isRepetition(reasoning)
    }

    /// Whether a text says little else than one thing over and over ("10000000"): the guide makes valid JSON of it all the same.
    static func isRepetition(_ text: String) -> Bool {
        let characters = Array(text), width = 4
        guard characters.count >= 24 else { return characters.count >= 8 && Set(characters).count <= 2 }
        let pieces = (0...characters.count - width).map { String(characters[$0..<$0 + width]) }
        return Double(Set(pieces).count) < 0.25 * Double(pieces.count)
    }
}
