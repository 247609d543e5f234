import Questions

/// Why a question was not put to the model, or not to its end: the machine-readable side of a refusal. Its reply is valid all
/// the same, with the reason as its reasoning.
public struct AnswerRefusal: Error, Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The entry is no question: broken JSON, or fields that are missing or of another type.
        case unreadable
        /// There are not four choices.
        case notFourChoices = "not-four-choices"
        /// The question says nothing that can be seen, or none of its choices does.
        case empty
        /// The prompt leaves no room for a reply in the model's context.
        case tooLong = "too-long"
        /// The model cannot read the question within the deadline.
        case noTime = "no-time"
    }

    public var kind: Kind
    /// For people, without what would need escapes in JSON.
    public var reason: String

    /// - Parameter reason: may quote what was asked; it is shortened and cleaned.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        let clean = AnswerFormat.sanitise(reason).unicodeScalars
        self.reason = clean.count > Self.scalars ? String(clean.prefix(Self.scalars)) + "…" : String(clean)
    }

    /// A reason is cut after so many scalars: even at a token for each byte it then passes a tournament's checks.
    private static let scalars = 110

    /// A refusal names a letter only because the format demands one.
    static let letter = Letter.A

    /// The reply in JSON.
    public var json: String {
        AnswerFormat.reasoningOpening + "Not answered: " + reason + AnswerFormat.answerLink.joined() + Self.letter.rawValue
            + AnswerFormat.closing
    }
}
