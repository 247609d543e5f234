import Questions

/// Everything that is known of a built folder: `dataset.json`, from which the card is written.
public struct DatasetReport: Codable, Sendable, Hashable {
    public struct Source: Codable, Sendable, Hashable {
        public let file: SourceFile
        /// Nil where nobody has said it.
        public let licence: String?
        /// Questions of this file in the output.
        public let kept: Int
        public let drops: [DropReason: Int]
    }

    public struct Part: Codable, Sendable, Hashable {
        /// Relative to the folder.
        public let path: String
        public let sha256: String
        public let questions: Int
        public let biases: Biases
    }

    public struct DomainPart: Codable, Sendable, Hashable {
        public let domain: Domain
        /// The size asked for; nil for everything there is.
        public let wanted: Int?
        /// Training questions that were there before the size was cut.
        public let available: Int
        public let splits: [SplitName: Part]
        /// Questions of each subject in each split.
        public let subjects: [String: [SplitName: Int]]
        /// Of all splits together, before letters were moved.
        public let biasesBefore: Biases
        /// Questions whose choices had to stay in their order; 0 where nothing was moved.
        public let orderKept: Int
    }

    public var format = 1
    public let seed: UInt64
    public let validationShare: Double
    public let testShare: Double
    public let lettersBalanced: Bool
    public let sources: [Source]
    public let evaluation: [SourceFile]
    public let entries: Int
    public let kept: Int
    public let drops: [DropReason: Int]
    public let contamination: [Contamination.Kind: Int]
    public let flags: [QuestionFlag: Int]
    public let renamedIds: Int
    public let domains: [DomainPart]

    public var parts: [Part] { domains.flatMap { domain in SplitName.allCases.compactMap { domain.splits[$0] } } }
}
