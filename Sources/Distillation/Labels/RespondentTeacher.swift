import Foundation
import Questions
import Tokenizers
import Transformers

/// A teacher that converses: any respondent, asked for reasoning in its own words and a last line that names the letter.
///
/// The letters are scored where the reply names its own. Where it names none, or the server gives no likelihoods there, the reply is
/// handed back with "Answer:" behind it and the letters are scored at the token that follows.
public struct RespondentTeacher: Sendable {
    public let provenance: LabelProvenance
    public let respondent: any Respondent
    private let vocabulary: DenseVocabulary?
    /// As many as the OpenAI protocol allows to ask for.
    static let letterAlternatives = 20

    /// - Parameter vocabulary: the student's, where dense labels are wanted and the teacher has the same tokenizer.
    public init(
        _ respondent: any Respondent, sampling: Sampling, maximumTokens: Int, seed: UInt64 = 0, rules: AskingRules = AskingRules(),
        vocabulary: DenseVocabulary? = nil
    ) throws {
        guard maximumTokens > 0 else {
            throw DistillationError.badSetting(name: "the teacher's token limit", value: "\(maximumTokens)", expected: "at least 1")
        }
        try rules.validate(way: .free, temperature: sampling.temperature)
        self.respondent = respondent
        self.vocabulary = vocabulary
        provenance = LabelProvenance(
            teacher: respondent.identity, way: .free, promptHash: TeacherPrompt.hash, sampling: sampling, maximumTokens: maximumTokens, seed: seed,
            asking: rules)
    }

    func answer(_ asking: Asking) async throws -> TeacherAnswer {
        let messages = TeacherPrompt.messages(asking), seed = asking.seed(provenance.seed)
        let reply = try await respondent.reply(to: TeacherRequest(
            messages: messages, sampling: provenance.sampling, maximumTokens: provenance.maximumTokens,
            alternatives: max(Self.letterAlternatives, provenance.asking.dense), seed: seed))
        let reading = ReplyReading(reply)
        var promptTokens = reply.promptTokens, completionTokens = reply.completionTokens, seconds = reply.seconds
        var scores = reading.scores, forced: Letter?
        // A server that gave no likelihoods for the reply gives none for another.
        if scores == nil, !reading.isStillThinking, reading.stated == nil || !reply.tokens.isEmpty {
            if let more = try await led(messages, behind: reading, seed: seed) {
                promptTokens += more.promptTokens
                completionTokens += more.completionTokens
                seconds += more.seconds
                // A blank may stand before the letter as a token of its own.
                scores = more.tokens.first { !$0.text.allSatisfy(\.isWhitespace) }.flatMap(LetterScores.init)
                if scores == nil { forced = ReplyReading(more).stated }
            }
        }
        let onlyThought = reading.reasoning.isEmpty ? reading.thinking ?? "" : ""
        let reasoning = onlyThought.isEmpty ? reading.reasoning : onlyThought
        let span = onlyThought.isEmpty ? reading.reasoningTokens : nil
        return TeacherAnswer(
            to: asking, reasoning: reasoning, thinking: onlyThought.isEmpty ? reading.thinking : nil, stated: reading.stated ?? forced,
            letterLogProbabilities: scores?.logProbabilities, floor: scores?.floor, ending: reply.ending == .finished ? .finished : .tokenLimit,
            promptTokens: promptTokens, completionTokens: completionTokens,
            reasoningTokens: span?.count ?? Self.estimate(of: reasoning, in: reply), seconds: seconds,
            dense: span.flatMap { dense(reply.tokens[$0]) })
    }

    /// A few tokens behind "Answer:"; nil where the server takes no reply to go on with.
    private func led(_ messages: [Message], behind reading: ReplyReading, seed: UInt64) async throws -> TeacherReply? {
        let opening = (Self.opening(reading) + TeacherPrompt.forcing).trimmingCharacters(in: .newlines)
        do {
            return try await respondent.reply(to: TeacherRequest(
                messages: messages + [Message(role: .assistant, text: opening)], sampling: .greedy, maximumTokens: 4,
                alternatives: Self.letterAlternatives, seed: seed))
        } catch RespondentError.refused {
            return nil
        }
    }

    /// What the teacher has said so far, up to where it would name its letter.
    private static func opening(_ reading: ReplyReading) -> String { reading.stated == nil ? reading.visible : reading.reasoning }

    /// A share of the tokens written, by length, where the server does not say which token is which.
    private static func estimate(of reasoning: String, in reply: TeacherReply) -> Int {
        let all = reply.text.utf8.count + (reply.thinking?.utf8.count ?? 0)
        guard all > 0 else { return 0 }
        return min(reply.completionTokens, Int((Double(reply.completionTokens * reasoning.utf8.count) / Double(all)).rounded(.up)))
    }

    private func dense(_ tokens: ArraySlice<TeacherReply.Token>) -> DenseReasoning? {
        let width = provenance.asking.dense
        guard width > 0, tokens.contains(where: { !$0.alternatives.isEmpty }) else { return nil }
        return DenseReasoning(
            pieces: tokens.map(\.text),
            places: tokens.map { token in
                token.alternatives.prefix(width).map { (id: vocabulary?.id(of: $0.text), logProbability: $0.logProbability) }
            },
            width: width, tokenizer: vocabulary?.identity)
    }

    enum Outcome: Sendable {
        case label(Label)
        /// The teacher answers others, but not this one.
        case refused(Question, reason: String)
    }

    func finish(_ question: Question) async throws -> Outcome {
        do {
            return .label(try await label(question))
        } catch RespondentError.refused(let reason) {
            return .refused(question, reason: reason)
        }
    }

    /// Asks until the question's label is made.
    private func label(_ question: Question) async throws -> Label {
        var one = LabelCase(question, rules: provenance.asking)
        while true {
            let askings = one.next()
            if askings.isEmpty { return one.label(provenance) }
            let answers = try await withThrowingTaskGroup(of: (Int, TeacherAnswer).self) { group in
                for (number, asking) in askings.enumerated() { group.addTask { (number, try await answer(asking)) } }
                var answers = [TeacherAnswer?](repeating: nil, count: askings.count)
                for try await (number, answer) in group { answers[number] = answer }
                return answers.compactMap { $0 }
            }
            one.take(answers)
        }
    }
}
