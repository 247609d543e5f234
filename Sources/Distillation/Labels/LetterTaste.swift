import Questions

/// How often a teacher says each letter, beside how often that letter is the right one: what it likes about a letter that has nothing to do
/// with the choice standing there. Counted over the first round of replies, in the order asked.
public struct LetterTaste: Codable, Sendable, Hashable, CustomStringConvertible {
    public private(set) var answers = 0
    /// By letter, A to D.
    public private(set) var said = [0, 0, 0, 0]
    public private(set) var right = [0, 0, 0, 0]

    public init() {}

    mutating func add(_ label: Label) {
        for answer in label.answers where answer.sample == 0 && !answer.isHinted {
            guard let letter = answer.said else { continue }
            answers += 1
            said[letter.index] += 1
            right[label.question.answer.turned(by: answer.rotation).index] += 1
        }
    }

    /// The largest distance between how often a letter is said and how often it is right, as a share of all replies.
    public var strongest: (letter: Letter, excess: Double)? {
        guard answers > 0 else { return nil }
        let excess = zip(said, right).map { Double($0 - $1) / Double(answers) }
        let index = excess.indices.max { abs(excess[$0]) < abs(excess[$1]) } ?? 0
        return (Letter.allCases[index], excess[index])
    }

    public var description: String {
        func shares(_ counts: [Int]) -> String {
            Letter.allCases.map { "\($0) \(Int((100 * Double(counts[$0.index]) / Double(max(1, answers))).rounded())) %" }.joined(separator: ", ")
        }
        return "says \(shares(said)) where right is \(shares(right))"
    }
}
