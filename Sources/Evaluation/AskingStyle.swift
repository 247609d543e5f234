import Questions
import Transformers

/// A way of putting a question to a model.
public protocol AskingStyle {
    /// For results and reports: "chat letter", "mmlu 5-shot".
    var name: String { get }
    /// True if the prompts of one subject begin alike and those of different subjects do not: then the questions run subject by
    /// subject, and the decoder computes each subject's common beginning once.
    var sharesBeginningBySubject: Bool { get }
    /// The tokens that stand before the answer and the guide that gets the answer out.
    func ask(_ question: Question) throws -> (prompt: [Int], guide: any JudgingGuide)
}

/// A guide that ends with the scores of the four letters.
public protocol JudgingGuide: Guide {
    /// Log-probabilities of A, B, C, D normalised over these four; nil until they were read.
    var letterLogProbabilities: [Float]? { get }
    /// The same right behind the prompt, where the guide read them there and again later; else nil.
    var firstPassLogProbabilities: [Float]? { get }
    /// What the model wrote before its letter.
    var reasoning: String? { get }
    /// Tokens appended and sampled.
    var tokens: Int { get }
    /// Whether the model ended its reasoning by itself.
    var finished: Bool { get }
}

/// Reads the scores of the four letters right behind the prompt: one forward pass, nothing generated.
public final class LetterGuide: JudgingGuide {
    private let letters: [Int]
    public private(set) var letterLogProbabilities: [Float]?
    public var firstPassLogProbabilities: [Float]? { nil }
    public var reasoning: String? { nil }
    public var tokens: Int { 0 }
    public var finished: Bool { true }

    /// - Parameter letters: the tokens of A, B, C, D.
    public init(letters: [Int]) {
        precondition(letters.count == 4, "four letters")
        self.letters = letters
    }

    public func next() -> Demand { letterLogProbabilities == nil ? .score(letters) : .finish }

    public func sampled(_ token: Int) {
        preconditionFailure("a letter guide samples nothing")
    }

    public func scored(_ logProbabilities: [Float]) { letterLogProbabilities = logProbabilities }
}
