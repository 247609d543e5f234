import ContentHash
import Foundation
import Questions
import Transformers

/// A teacher that runs in this process, on any model that Retort can decode.
///
/// - `free`: the teacher reasons through the answer format itself and its four letters are scored behind its reasoning.
/// - `informed`: the question's worked explanation is put into the teacher's mouth as its reasoning, and the teacher only scores the
///   four letters there: one forward pass. Its scores tell how plausible each choice still looks to a model that has read
///   the explanation; the text that the student learns is the explanation's. Weaker than a real teacher, and marked as such
///   in every label.
public final class NativeTeacher: Teacher {
    public let provenance: LabelProvenance
    private let coder: any ChatCoder
    private let tokens: AnswerTokens
    private let mask: TokenMask
    private let vocabularyIdentity: String?
    private let decode: ([Transformers.Stream]) throws -> Void

    /// - Parameters:
    ///   - identity: the teacher's name with whatever fixes its content.
    ///   - decoder: over the teacher's model.
    public convenience init(
        identity: String, coder: any ChatCoder, decoder: Decoder, way: TeacherWay,
        sampling: Sampling = Sampling(temperature: 0.6, topP: 0.95), maximumTokens: Int = 120, seed: UInt64 = 0, rules: AskingRules = AskingRules()
    ) throws {
        try self.init(
            identity: identity, coder: coder, way: way, sampling: sampling, maximumTokens: maximumTokens, seed: seed, rules: rules,
            decode: { try decoder.run($0, progress: nil) })
    }

    package init(
        identity: String, coder: any ChatCoder, way: TeacherWay, sampling: Sampling, maximumTokens: Int, seed: UInt64,
        rules: AskingRules = AskingRules(), decode: @escaping ([Transformers.Stream]) throws -> Void
    ) throws {
        guard maximumTokens > 0 else {
            throw DistillationError.badSetting(name: "the teacher's token limit", value: "\(maximumTokens)", expected: "at least 1")
        }
        try rules.validate(way: way, temperature: sampling.temperature)
        self.coder = coder
        self.decode = decode
        vocabularyIdentity = rules.dense > 0 ? DenseVocabulary.identity(of: coder) : nil
        tokens = try AnswerTokens(coder: coder)
        mask = ReasoningMask.make(coder, quote: tokens.quote)
        provenance = LabelProvenance(
            teacher: identity, way: way, promptHash: try Self.promptHash(coder, tokens, hasHint: rules.hint), sampling: way == .free ? sampling : .greedy,
            maximumTokens: way == .free ? maximumTokens : 0, seed: way == .free ? seed : 0, asking: rules)
    }

    public func answers(to askings: [Asking]) throws -> [TeacherAnswer] {
        let start = ContinuousClock.now
        var guides: [TeacherGuide] = []
        var texts: [String] = []
        let streams = try askings.map { asking in
            let question = asking.asked
            let text = AnswerFormat.sanitise(question.explanation ?? "")
            let guide = switch provenance.way {
            case .free:
                TeacherGuide(
                    tokens: tokens, sampling: provenance.sampling, mask: mask, maximumTokens: provenance.maximumTokens, watched: provenance.asking.dense)
            case .informed:
                TeacherGuide(tokens: tokens, reasoning: coder.tokens(of: text))
            }
            guides.append(guide)
            texts.append(text)
            let user = AnswerFormat.userMessage(question) + (asking.isHinted ? TeacherPrompt.hint(question.answer) : "")
            return Transformers.Stream(
                prompt: try coder.prompt(system: AnswerFormat.systemPrompt, user: user), guide: guide, seed: asking.seed(provenance.seed))
        }
        try decode(streams)
        let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(max(1, askings.count))
        return try askings.indices.map { number in
            let guide = guides[number]
            guard guide.scores.count == 4, guide.scores.allSatisfy(\.isFinite) else {
                throw DistillationError.badTeacher("no finite scores of the four letters for \(askings[number].question.id)")
            }
            // A text cut inside a character, or with typographic quotes, is brought into the form that the student is taught.
            let reasoning = provenance.way == .informed ? texts[number] : coder.text(of: guide.reasoning)
            return TeacherAnswer(
                to: askings[number], reasoning: Self.trimmed(reasoning), letterLogProbabilities: guide.scores.map(Double.init),
                ending: guide.ending, promptTokens: streams[number].prompt.count, completionTokens: provenance.way == .free ? guide.reasoning.count : 0,
                reasoningTokens: guide.reasoning.count, seconds: seconds, dense: dense(guide))
        }
    }

    private func dense(_ guide: TeacherGuide) -> DenseReasoning? {
        guard provenance.asking.dense > 0, guide.reasoning.count == guide.likeliest.count else { return nil }
        return DenseReasoning(
            pieces: guide.reasoning.map { String(decoding: coder.bytes(of: $0), as: UTF8.self) },
            places: guide.likeliest.map { $0.map { (id: $0.token, logProbability: Double($0.logProbability)) } },
            width: provenance.asking.dense, tokenizer: vocabularyIdentity)
    }

    /// Without what a JSON string cannot hold; the length stays as it is, for the funnel to judge.
    private static func trimmed(_ text: String) -> String {
        text.replacingOccurrences(of: "\u{FFFD}", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func promptHash(_ coder: any ChatCoder, _ tokens: AnswerTokens, hasHint: Bool) throws -> String {
        let question = Question(
            id: "", source: "", subject: "", topic: "", domain: .other, question: "Which?", choices: ["1", "2", "3", "4"], answer: .A)
        let prompt = try coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question))
        let reply = [tokens.reasoningOpening, [tokens.quote], tokens.link, tokens.answerOpening, tokens.letters]
        let base = ContentHash.of("\(prompt) \(reply)")
        return hasHint ? ContentHash.of(base + TeacherPrompt.hint(.A)) : base
    }
}
