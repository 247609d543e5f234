import Questions
import Tokenizers

/// MMLU as people report it (Hendrycks et al. 2021; lm-evaluation-harness, task `mmlu`): a raw prompt without a chat template,
///
///     The following are multiple choice questions (with answers) about abstract algebra.
///
///     Find all c in Z_3 such that Z_3[x]/(x^2 + c) is a field.
///     A. 0
///     B. 1
///     C. 2
///     D. 3
///     Answer: B
///
///     …
///     Answer:
///
/// the shots being the first ones of the subject in the shots file, in its order. The letters are scored with the space before
/// them (" A"); their tokens are what tokenising context and continuation together adds to the context's tokens.
public struct MMLUStyle: AskingStyle {
    private let encode: @Sendable (String) -> [Int]
    private let beginning: [Int]
    private let shots: [String: [Question]]
    private let shotCount: Int
    private let contextLength: Int?
    private let letters: [Int]

    public var name: String { "mmlu \(shotCount)-shot" }
    public var sharesBeginningBySubject: Bool { true }

    /// - Parameters:
    ///   - shots: solved questions (MMLU's `dev` split).
    ///   - shotCount: how many of a subject's shots stand before each question.
    ///   - contextLength: a longer prompt loses its beginning, as in lm-evaluation-harness; nil for no limit.
    public init(tokenizer: Tokenizer, shots: [Question], shotCount: Int, contextLength: Int? = nil) throws {
        try self.init(
            encode: { tokenizer.encode($0, specialTokens: false) }, bos: tokenizer.addsBOS ? tokenizer.bos : nil, shots: shots,
            shotCount: shotCount, contextLength: contextLength)
    }

    package init(
        encode: @escaping @Sendable (String) -> [Int], bos: Int?, shots: [Question], shotCount: Int, contextLength: Int?
    ) throws {
        precondition(shotCount >= 0, "a number of shots is not negative")
        self.encode = encode
        beginning = bos.map { [$0] } ?? []
        self.shots = Dictionary(grouping: shots, by: \.subject)
        self.shotCount = shotCount
        self.contextLength = contextLength
        let context = encode(Self.cue)
        letters = try Letter.allCases.map { letter in
            let whole = encode("\(Self.cue) \(letter)")
            guard whole.count == context.count + 1, whole.starts(with: context), let token = whole.last else {
                throw EvaluationError.letterIsNotOneToken(" \(letter)", tokens: whole.count - context.count)
            }
            return token
        }
    }

    public func ask(_ question: Question) throws -> (prompt: [Int], guide: any JudgingGuide) {
        let prompt = beginning + encode(try text(for: question))
        return (contextLength.map { Array(prompt.suffix($0)) } ?? prompt, LetterGuide(letters: letters))
    }

    /// The prompt as text.
    ///
    /// - Throws: `EvaluationError.tooFewShots`.
    public func text(for question: Question) throws -> String {
        let solved = (shots[question.subject] ?? []).prefix(shotCount)
        guard solved.count == shotCount else {
            throw EvaluationError.tooFewShots(subject: question.subject, found: solved.count, wanted: shotCount)
        }
        let subject = question.subject.replacing("_", with: " ")
        return "The following are multiple choice questions (with answers) about \(subject).\n\n"
            + solved.map { Self.block($0) + " \($0.answer)\n\n" }.joined() + Self.block(question)
    }

    private static let cue = "Answer:"

    private static func block(_ question: Question) -> String {
        let text = question.question.trimmingPrefix(while: \.isWhitespace)
        let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
        let choices = zip(Letter.allCases, question.choices).map { "\n\($0). \($1)" }.joined()
        return text[..<end] + choices + "\n" + cue
    }
}
