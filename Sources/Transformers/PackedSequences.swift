/// Sequences one after another without padding; attention sees each alone.
public struct PackedSequences: Sendable {
    /// All tokens, sequence after sequence.
    public var tokens: [Int]
    /// The length of each sequence; they sum to `tokens.count`.
    public var lengths: [Int]

    public init(tokens: [Int], lengths: [Int]) {
        precondition(lengths.reduce(0, +) == tokens.count && lengths.allSatisfy { $0 > 0 }, "the lengths cover the tokens")
        self.tokens = tokens
        self.lengths = lengths
    }

    public init(_ sequences: [[Int]]) {
        self.init(tokens: Array(sequences.joined()), lengths: sequences.map(\.count))
    }

    /// Where each sequence starts in `tokens`.
    public var starts: [Int] {
        var sum = 0
        return lengths.map { length in
            defer { sum += length }
            return sum
        }
    }

    /// The position of each token in its own sequence.
    var positions: [Int] { lengths.flatMap { 0..<$0 } }
}
