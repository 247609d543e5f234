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
    private let decode: ([Transformers.Stream]) throws -> Void

    /// - Parameters:
    ///   - identity: the teacher's name with whatever fixes its content.
    ///   - decoder: over the teacher's model.
    public convenience init(
        identity: String, coder: any ChatCoder, decoder: Decoder, way: TeacherWay,
        sampling: Sampling = Sampling(temperature: 0.6, topP: 0.95), maximumTokens: Int = 120, seed: UInt64 = 0
    ) throws {
        try self.init(
            identity: identity, coder: coder, way: way, sampling: sampling, maximumTokens: maximumTokens, seed: seed,
            decode: { try decoder.run($0, progress: nil) })
    }

    package init(
        identity: String, coder: any ChatCoder, way: TeacherWay, sampling: Sampling, maximumTokens: Int, seed: UInt64,
        decode: @escaping ([Transformers.Stream]) throws -> Void
    ) throws {
        guard maximumTokens > 0 else {
            throw DistillationError.badSetting(name: "the teacher's token limit", value: "\(maximumTokens)", expected: "at least 1")
        }
        self.coder = coder
        self.decode = decode
        tokens = try AnswerTokens(coder: coder)
        mask = ReasoningMask.make(coder, quote: tokens.quote)
        provenance = LabelProvenance(
            teacher: identity, way: way, promptHash: try Self.promptHash(coder, tokens), sampling: way == .free ? sampling : .greedy,
            maximumTokens: way == .free ? maximumTokens : 0, seed: way == .free ? seed : 0)
    }

    public func labels(for questions: [Question]) throws -> [Label] {
        let start = ContinuousClock.now
        var guides: [TeacherGuide] = []
        var texts: [String] = []
        let streams = try questions.map { question in
            let text = AnswerFormat.sanitise(question.explanation ?? "")
            let guide = switch provenance.way {
            case .free:
                TeacherGuide(tokens: tokens, sampling: provenance.sampling, mask: mask, maximumTokens: provenance.maximumTokens)
            case .informed:
                TeacherGuide(tokens: tokens, reasoning: coder.tokens(of: text))
            }
            guides.append(guide)
            texts.append(text)
            return Transformers.Stream(
                prompt: try coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question)), guide: guide,
                seed: Self.seed(provenance.seed, question.id))
        }
        try decode(streams)
        let elapsed = (ContinuousClock.now - start).components
        let seconds = (Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18) / Double(max(1, questions.count))
        return try zip(questions, zip(guides, texts)).map { question, made in
            let (guide, text) = made
            guard guide.scores.count == 4, guide.scores.allSatisfy(\.isFinite) else {
                throw DistillationError.badTeacher("no finite scores of the four letters for \(question.id)")
            }
            // A text cut inside a character, or with typographic quotes, is brought into the form that the student is taught.
            let reasoning = provenance.way == .informed ? text : coder.text(of: guide.reasoning)
            return Label(
                question: question, reasoning: Self.trimmed(reasoning),
                letterLogProbabilities: LetterLoss.logSoftmax(guide.scores.map(Double.init)), ending: guide.ending,
                tokens: guide.reasoning.count, seconds: seconds, provenance: provenance)
        }
    }

    /// Without what a JSON string cannot hold; the length stays as it is, for the funnel to judge.
    private static func trimmed(_ text: String) -> String {
        text.replacingOccurrences(of: "\u{FFFD}", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Each question's own stream of random numbers, whatever it is batched with.
    private static func seed(_ seed: UInt64, _ id: String) -> UInt64 {
        id.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    private static func promptHash(_ coder: any ChatCoder, _ tokens: AnswerTokens) throws -> String {
        let question = Question(
            id: "", source: "", subject: "", topic: "", domain: .other, question: "Which?", choices: ["1", "2", "3", "4"], answer: .A)
        let prompt = try coder.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(question))
        let reply = [tokens.reasoningOpening, [tokens.quote], tokens.link, tokens.answerOpening, tokens.letters]
        return ContentHash.of("\(prompt) \(reply)")
    }
}
