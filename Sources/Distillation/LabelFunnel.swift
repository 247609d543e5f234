import Questions

/// What a label must be for a student to learn from it.
public struct LabelLimits: Codable, Sendable, Hashable {
    /// The most words of reasoning; the answer format allows 100.
    public var words: Int
    /// The most reasoning tokens: an answer agent that may write fewer would never reach the end it was taught.
    public var tokens: Int
    /// Whether a label whose letter is not the right one is learned from all the same, scores and reasoning.
    public var keepsWrong: Bool

    public init(words: Int = 100, tokens: Int = 120, keepsWrong: Bool = false) {
        self.words = words
        self.tokens = tokens
        self.keepsWrong = keepsWrong
    }
}

/// How many labels came in and what became of them.
public struct LabelFunnel: Codable, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
        case wrongLetter, unfinished, tooManyWords, tooManyTokens, noReasoning
    }

    public private(set) var labels = 0
    public private(set) var kept = 0
    /// Kept for their reasoning only: a worked explanation is right even where the teacher that read it chose another letter,
    /// so such a question is trained on the right letter alone.
    public private(set) var keptWithoutScores = 0
    public private(set) var dropped: [Reason: Int] = [:]

    public init() {}

    public var description: String {
        var parts = ["\(labels) labels", "\(kept) kept"]
        if keptWithoutScores > 0 { parts.append("\(keptWithoutScores) of them without the teacher's scores") }
        for reason in Reason.allCases {
            if let count = dropped[reason] { parts.append("\(count) dropped: \(Self.words(reason))") }
        }
        return parts.joined(separator: ", ")
    }

    private static func words(_ reason: Reason) -> String {
        switch reason {
        case .wrongLetter: "wrong letter"
        case .unfinished: "reasoning cut off"
        case .tooManyWords: "too many words"
        case .tooManyTokens: "too many tokens"
        case .noReasoning: "no reasoning"
        }
    }

    /// Sorts labels into those to learn from and those to leave, counting each reason; the first that applies is counted.
    public static func sort(_ labels: [Label], limits: LabelLimits = LabelLimits()) -> (kept: [KeptLabel], funnel: LabelFunnel) {
        var funnel = LabelFunnel()
        var kept: [KeptLabel] = []
        for label in labels {
            funnel.labels += 1
            let isInformed = label.provenance.way == .informed
            let isTrusted = label.letter == label.question.answer || limits.keepsWrong
            let reason: Reason? =
                if !isTrusted && !isInformed { .wrongLetter }
                else if label.ending == .tokenLimit { .unfinished }
                else if label.reasoning.isEmpty && !isInformed { .noReasoning }
                else if label.reasoning.split(whereSeparator: \.isWhitespace).count > limits.words { .tooManyWords }
                else if label.tokens > limits.tokens { .tooManyTokens }
                else { nil }
            if let reason {
                funnel.dropped[reason, default: 0] += 1
                continue
            }
            funnel.kept += 1
            if !isTrusted { funnel.keptWithoutScores += 1 }
            kept.append(KeptLabel(
                question: label.question, reasoning: label.reasoning,
                teacherScores: isTrusted ? label.letterLogProbabilities : nil))
        }
        return (kept, funnel)
    }
}

/// What a student is trained on for one question.
public struct KeptLabel: Sendable, Hashable {
    public let question: Question
    public let reasoning: String
    /// The teacher's four letter log-probabilities, where they can be trusted.
    public let teacherScores: [Double]?

    public init(question: Question, reasoning: String, teacherScores: [Double]?) {
        self.question = question
        self.reasoning = reasoning
        self.teacherScores = teacherScores
    }
}
