import Foundation
import Questions

/// What a label must be for a student to learn from it.
public struct LabelLimits: Codable, Sendable, Hashable {
    /// What becomes of reasoning that is too long.
    public enum Excess: String, Codable, Sendable, CaseIterable {
        /// The label is left out.
        case drop
        /// The reasoning is cut behind the last sentence that fits; left out where not even one does.
        case cut
    }

    /// The most words of reasoning; the answer format allows 100.
    public var words: Int
    /// The most reasoning tokens: an answer agent that may write fewer would never reach the end it was taught.
    public var tokens: Int
    public var excess: Excess
    /// Whether a label whose letter is not the right one is learned from all the same, scores and reasoning.
    public var keepsWrong: Bool
    /// Whether reasoning that was written with the right answer at hand is learned from.
    public var keepsHinted: Bool
    /// Whether the student learns bare letters: what the reasoning is like does not matter then, nor whether there is any.
    public var onlyLetters: Bool

    public init(
        words: Int = 100, tokens: Int = 120, excess: Excess = .drop, keepsWrong: Bool = false, keepsHinted: Bool = true, onlyLetters: Bool = false
    ) {
        self.words = words
        self.tokens = tokens
        self.excess = excess
        self.keepsWrong = keepsWrong
        self.keepsHinted = keepsHinted
        self.onlyLetters = onlyLetters
    }
}

/// How many labels came in and what became of them.
public struct LabelFunnel: Codable, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
        case noLetter, wrongLetter, contradiction, hinted, unfinished, noReasoning, notEnglish, tooManyWords, tooManyTokens

        var words: String {
            switch self {
            case .noLetter: "no letter"
            case .wrongLetter: "wrong letter"
            case .contradiction: "ends on another letter than it scores"
            case .hinted: "right only with a hint"
            case .unfinished: "reasoning cut off"
            case .noReasoning: "no reasoning"
            case .notEnglish: "not English"
            case .tooManyWords: "too many words"
            case .tooManyTokens: "too many tokens"
            }
        }
    }

    public private(set) var labels = 0
    public private(set) var kept = 0
    /// Kept for their reasoning only: a worked explanation is right even where the teacher that read it chose another letter, and with a
    /// hint the scores are not the teacher's own, so such a question is trained on the right letter alone.
    public private(set) var keptWithoutScores = 0
    /// Kept, by where the taught reply comes from; those of the first round are not counted.
    public private(set) var keptRepaired = 0
    public private(set) var keptHinted = 0
    /// Kept with reasoning cut at a sentence.
    public private(set) var shortened = 0
    public private(set) var dropped: [Reason: Int] = [:]

    public init() {}

    private enum CodingKeys: CodingKey { case labels, kept, keptWithoutScores, keptRepaired, keptHinted, shortened, dropped }

    /// Counts that older files lack were nought.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        labels = try fields.decode(Int.self, forKey: .labels)
        kept = try fields.decode(Int.self, forKey: .kept)
        keptWithoutScores = try fields.decode(Int.self, forKey: .keptWithoutScores)
        keptRepaired = try fields.decodeIfPresent(Int.self, forKey: .keptRepaired) ?? 0
        keptHinted = try fields.decodeIfPresent(Int.self, forKey: .keptHinted) ?? 0
        shortened = try fields.decodeIfPresent(Int.self, forKey: .shortened) ?? 0
        dropped = try fields.decode([Reason: Int].self, forKey: .dropped)
    }

    public var description: String {
        var parts = ["\(labels) labels", "\(kept) kept"]
        if keptRepaired > 0 { parts.append("\(keptRepaired) of them repaired by further samples") }
        if keptHinted > 0 { parts.append("\(keptHinted) with a hint") }
        if keptWithoutScores > 0 { parts.append("\(keptWithoutScores) of them without the teacher's scores") }
        if shortened > 0 { parts.append("\(shortened) cut at a sentence") }
        for reason in Reason.allCases {
            if let count = dropped[reason] { parts.append("\(count) dropped: \(reason.words)") }
        }
        return parts.joined(separator: ", ")
    }

    /// Sorts labels into those to learn from and those to leave, counting each reason; the first that applies is counted.
    /// - Parameter count: a text's tokens by the student's tokenizer, which the limit is about; the teacher's own count without one.
    public static func sort(
        _ labels: [Label], limits: LabelLimits = LabelLimits(), count: ((String) -> Int)? = nil
    ) -> (kept: [KeptLabel], funnel: LabelFunnel) {
        var funnel = LabelFunnel()
        let kept = labels.compactMap { funnel.take($0, limits: limits, count: count) }
        return (kept, funnel)
    }

    /// The same over a file, in memory for what is kept only.
    public static func sort(
        file path: String, limits: LabelLimits = LabelLimits(), count: ((String) -> Int)? = nil
    ) throws -> (kept: [KeptLabel], funnel: LabelFunnel) {
        var funnel = LabelFunnel()
        var kept: [KeptLabel] = []
        try LabelFile.forEach(path) { label in
            if let one = funnel.take(label, limits: limits, count: count) { kept.append(one) }
        }
        return (kept, funnel)
    }

    /// Counts one label.
    /// - Returns: what a student learns from it, or nil.
    public mutating func take(_ label: Label, limits: LabelLimits, count: ((String) -> Int)? = nil) -> KeptLabel? {
        labels += 1
        let isInformed = label.provenance.way == .informed
        let isRight = label.letter == label.question.answer
        var text = label.reasoning
        var reason: Reason? =
            if label.letter == nil { .noLetter }
            else if !isRight && !limits.keepsWrong && !isInformed { .wrongLetter }
            else if !limits.onlyLetters && Self.contradictsItself(label) { .contradiction }
            else if label.origin == .hinted && !limits.keepsHinted { .hinted }
            else if limits.onlyLetters { nil }
            else if label.ending == .tokenLimit { .unfinished }
            else if text.isEmpty && !isInformed { .noReasoning }
            else if !isInformed && !EnglishCheck.passes(text) { .notEnglish }
            else { Self.excess(text, label, limits, count) }
        if reason == .tooManyWords || reason == .tooManyTokens, limits.excess == .cut {
            if let short = Self.cut(text, while: { Self.excess($0, label, limits, count) != nil }) {
                (text, reason) = (short, nil)
                shortened += 1
            }
        }
        if let reason {
            dropped[reason, default: 0] += 1
            return nil
        }
        kept += 1
        if label.origin == .repaired { keptRepaired += 1 }
        if label.origin == .hinted { keptHinted += 1 }
        let hasScores = (isRight || limits.keepsWrong) && label.origin != .hinted
        let scores = hasScores ? label.letterLogProbabilities.map { Turn.forward($0, by: label.rotation) } : nil
        if scores == nil { keptWithoutScores += 1 }
        return KeptLabel(
            question: label.question.rotated(by: label.rotation), reasoning: text, teacherScores: scores,
            dense: label.origin == .hinted ? nil : label.dense)
    }

    /// Whether the reply that is taught ends on another letter than it scores.
    private static func contradictsItself(_ label: Label) -> Bool {
        label.answers.first { $0.reasoning == label.reasoning && $0.rotation == label.rotation }?.contradictsItself ?? false
    }

    private static func excess(_ text: String, _ label: Label, _ limits: LabelLimits, _ count: ((String) -> Int)?) -> Reason? {
        if text.split(whereSeparator: \.isWhitespace).count > limits.words { return .tooManyWords }
        // Without a tokenizer a part of the text has its share of the tokens.
        let tokens = count?(text)
            ?? (text == label.reasoning ? label.tokens : Int((Double(label.tokens * text.utf8.count) / Double(max(1, label.reasoning.utf8.count))).rounded(.up)))
        return tokens > limits.tokens ? .tooManyTokens : nil
    }

    /// The most whole sentences from the beginning that are not too long.
    private static func cut(_ text: String, while isTooLong: (String) -> Bool) -> String? {
        var ends: [String.Index] = []
        var at = text.startIndex
        while at < text.endIndex {
            let next = text.index(after: at)
            if ".!?\n".contains(text[at]), next == text.endIndex || text[next].isWhitespace { ends.append(next) }
            at = next
        }
        return ends.reversed().lazy.map { text[..<$0].trimmingCharacters(in: .whitespacesAndNewlines) }.first { !$0.isEmpty && !isTooLong($0) }
    }
}

/// What a student is trained on for one question.
public struct KeptLabel: Sendable, Hashable {
    /// With its choices in the order in which the reasoning was written.
    public let question: Question
    public let reasoning: String
    /// The teacher's four letter log-probabilities in the same order, where they can be trusted.
    public let teacherScores: [Double]?
    /// The teacher's likeliest tokens along the reasoning.
    public let dense: DenseReasoning?

    public init(question: Question, reasoning: String, teacherScores: [Double]?, dense: DenseReasoning? = nil) {
        self.question = question
        self.reasoning = reasoning
        self.teacherScores = teacherScores
        self.dense = dense
    }
}
