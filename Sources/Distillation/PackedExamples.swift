/// Examples laid one after another without padding, for one pass through the model.
public struct PackedExamples: Sendable {
    public let tokens: [Int]
    /// Tokens of each example, in order.
    public let lengths: [Int]
    /// Indices into `tokens` where logits are needed.
    public let rows: [Int]
    /// Parallel to `rows`.
    public let targets: [Target]
    public let names: [String]

    public init(_ examples: [TrainingExample]) {
        var tokens: [Int] = [], lengths: [Int] = [], rows: [Int] = [], targets: [Target] = []
        for example in examples {
            rows += example.rows.map { $0 + tokens.count }
            targets += example.targets
            lengths.append(example.tokens.count)
            tokens += example.tokens
        }
        self.tokens = tokens
        self.lengths = lengths
        self.rows = rows
        self.targets = targets
        names = examples.map(\.name)
    }
}
