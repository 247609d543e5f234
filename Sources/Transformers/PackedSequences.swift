/// Sequences one after another without padding; attention sees each alone.
///
/// Sequences that begin alike can share their beginning: it is a piece of its own, computed once, and others go on from it.
public struct PackedSequences: Sendable {
    /// Consecutive tokens of the batch.
    public struct Piece: Sendable, Hashable {
        public let count: Int
        /// The earlier piece that this piece goes on from, if any.
        public let continues: Int?

        public init(count: Int, continues: Int? = nil) {
            self.count = count
            self.continues = continues
        }
    }

    /// All tokens, piece after piece.
    public let tokens: [Int]
    public let pieces: [Piece]

    public init(tokens: [Int], pieces: [Piece]) {
        precondition(pieces.reduce(0) { $0 + $1.count } == tokens.count && pieces.allSatisfy { $0.count > 0 }, "the pieces cover the tokens")
        precondition(
            pieces.enumerated().allSatisfy { index, piece in piece.continues.map { (0..<index).contains($0) } ?? true },
            "a piece goes on from an earlier one")
        self.tokens = tokens
        self.pieces = pieces
    }

    public init(tokens: [Int], lengths: [Int]) { self.init(tokens: tokens, pieces: lengths.map { Piece(count: $0) }) }

    public init(_ sequences: [[Int]]) {
        self.init(tokens: Array(sequences.joined()), lengths: sequences.map(\.count))
    }

    /// Where each piece starts in `tokens`.
    public var starts: [Int] {
        var sum = 0
        return pieces.map { piece in
            defer { sum += piece.count }
            return sum
        }
    }

    /// What each piece goes on from, from the sequence's first piece on.
    var ancestors: [[Int]] {
        var chains: [[Int]] = []
        for piece in pieces { chains.append(piece.continues.map { chains[$0] + [$0] } ?? []) }
        return chains
    }

    /// The position of each token in its own sequence.
    var positions: [Int] {
        zip(pieces, ancestors).flatMap { piece, chain in
            let before = chain.reduce(0) { $0 + pieces[$1].count }
            return before..<before + piece.count
        }
    }
}
