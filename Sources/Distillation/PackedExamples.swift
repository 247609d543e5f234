import Transformers

/// Examples laid one after another without padding, for one pass through the model. What several of them begin with (the system
/// prompt, mostly) is laid down once and they go on from it, as long as nothing is taught there. Under dropout a shared beginning has
/// one mask for all of them.
public struct PackedExamples: Sendable {
    public let sequences: PackedSequences
    /// Indices into `sequences.tokens` where logits are needed.
    public let rows: [Int]
    /// Parallel to `rows`.
    public let targets: [Target]
    public let names: [String]
    /// Tokens of all examples, those of a shared beginning counted for each.
    public let tokenCount: Int

    /// A shorter shared beginning saves nothing.
    private static let leastShared = 8

    public init(_ examples: [TrainingExample]) {
        var layout = Layout()
        layout.add(examples.sorted { $0.tokens.lexicographicallyPrecedes($1.tokens) }[...], from: 0, on: nil)
        sequences = PackedSequences(tokens: layout.tokens, pieces: layout.pieces)
        rows = layout.rows
        targets = layout.targets
        names = examples.map(\.name)
        tokenCount = examples.reduce(0) { $0 + $1.tokens.count }
    }

    private struct Layout {
        var tokens: [Int] = [], pieces: [PackedSequences.Piece] = [], rows: [Int] = [], targets: [Target] = []

        /// Lays down sorted examples that have their first `depth` tokens in common, which `piece` and those before it hold.
        mutating func add(_ examples: ArraySlice<TrainingExample>, from depth: Int, on piece: Int?) {
            guard examples.count > 1 else {
                for example in examples {
                    rows += example.rows.map { $0 - depth + tokens.count }
                    targets += example.targets
                    append(example.tokens.dropFirst(depth), on: piece)
                }
                return
            }
            // How far each example agrees with the one before it. Sorted, those that agree further stand together.
            let agreements = zip(examples, examples.dropFirst()).map { PackedExamples.shared($0, $1) }
            let all = agreements.min() ?? 0
            let isWorthIt = all >= depth + leastShared
            if isWorthIt { append(examples[examples.startIndex].tokens[depth..<all], on: piece) }
            let (start, parent) = isWorthIt ? (all, pieces.count - 1) : (depth, piece)
            // Apart where they agree no further than this.
            var first = examples.startIndex
            for (offset, agreement) in agreements.enumerated() where agreement < start + leastShared {
                let next = examples.startIndex + offset + 1
                add(examples[first..<next], from: start, on: parent)
                first = next
            }
            add(examples[first...], from: start, on: parent)
        }

        private mutating func append(_ new: ArraySlice<Int>, on piece: Int?) {
            tokens += new
            pieces.append(PackedSequences.Piece(count: new.count, continues: piece))
        }
    }

    /// Tokens that two examples begin with and can share: each keeps one of its own, and those whose logits carry loss.
    private static func shared(_ first: TrainingExample, _ second: TrainingExample) -> Int {
        let limit = [first, second].map { min($0.rows.first ?? .max, $0.tokens.count - 1) }.min() ?? 0
        return zip(first.tokens.prefix(limit), second.tokens).prefix { $0 == $1 }.count
    }
}
