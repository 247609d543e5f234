import Foundation
import Questions

/// What a label file came to: how good the teacher is, what became of its labels, and what they cost.
public struct LabelReport: Codable, Sendable, Hashable {
    public private(set) var labels = 0
    /// Labels whose letter in the first round is the right one: the teacher's accuracy, before any repair.
    public private(set) var rightAtFirst = 0
    public private(set) var funnel = LabelFunnel()
    public private(set) var taste = LetterTaste()
    /// Replies of all kinds.
    public private(set) var replies = 0
    /// Letters that got the floor because no returned token spelled them, as a share of all scored letters.
    public private(set) var floored = 0.0
    public private(set) var promptTokens = 0
    public private(set) var completionTokens = 0
    /// Of all replies, added up; replies that ran side by side took less.
    public private(set) var seconds = 0.0
    public private(set) var provenance: LabelProvenance?
    private var scored = 0, atFloor = 0

    public init() {}

    private enum CodingKeys: CodingKey {
        case labels, rightAtFirst, funnel, taste, replies, floored, promptTokens, completionTokens, seconds, provenance
    }

    public init(file path: String, limits: LabelLimits = LabelLimits(), count: ((String) -> Int)? = nil) throws {
        try LabelFile.forEach(path) { add($0, limits: limits, count: count) }
    }

    public mutating func add(_ label: Label, limits: LabelLimits, count: ((String) -> Int)? = nil) {
        labels += 1
        if label.firstLetter == label.question.answer { rightAtFirst += 1 }
        _ = funnel.take(label, limits: limits, count: count)
        taste.add(label)
        provenance = label.provenance
        seconds += label.seconds
        replies += max(1, label.answers.count)
        for answer in label.answers {
            promptTokens += answer.promptTokens
            completionTokens += answer.completionTokens
            guard let scores = answer.letterLogProbabilities else { continue }
            scored += 4
            if let floor = answer.floor { atFloor += scores.count { $0 == floor } }
        }
        if label.answers.isEmpty { completionTokens += label.tokens }
        floored = Double(atFloor) / Double(max(1, scored))
    }
}
