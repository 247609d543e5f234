/// Why an entry is left out of a collection.
public enum DropReason: String, Codable, CaseIterable, Sendable, CodingKeyRepresentable {
    case unreadable, wrongEncoding, missingField, notFourChoices, emptyText, duplicateChoices, badKey, missingFigure
    case conflictingKeys, duplicate, nearDuplicate, contaminated, otherDomain, beyondSize

    public var words: String {
        switch self {
        case .unreadable: "not readable as an entry"
        case .wrongEncoding: "wrong encoding"
        case .missingField: "a field is missing"
        case .notFourChoices: "not four choices"
        case .emptyText: "empty question or choice"
        case .duplicateChoices: "two choices are the same"
        case .badKey: "the answer is none of the choices"
        case .missingFigure: "refers to a figure that is not there"
        case .conflictingKeys: "the same question elsewhere with another answer"
        case .duplicate: "the same question stands earlier"
        case .nearDuplicate: "nearly the same question stands earlier"
        case .contaminated: "stands in an evaluation set"
        case .otherDomain: "in none of the wanted domains"
        case .beyondSize: "more than the domain's size"
        }
    }
}

/// One entry that was left out: where it stood and why.
public struct Drop: Codable, Sendable, Hashable {
    public let file: String
    /// "line 3"; nil for one that was dropped after reading.
    public let place: String?
    public let id: String?
    public let reason: DropReason
    public let detail: String?

    public init(file: String, place: String?, id: String?, reason: DropReason, detail: String?) {
        self.file = file
        self.place = place
        self.id = id
        self.reason = reason
        self.detail = detail
    }
}

/// What is worth knowing of a question that stays.
public enum QuestionFlag: String, Codable, CaseIterable, Sendable, CodingKeyRepresentable {
    /// "All of the above", "Both A and B": the choices' order must stay.
    case choiceNamesOthers
    /// The question or its explanation names a choice by its letter: the order must stay.
    case textNamesLetter
    /// Two choices differ in case, spacing or punctuation only.
    case choicesNearlySame

    public var words: String {
        switch self {
        case .choiceNamesOthers: "a choice speaks of other choices (\"all of the above\")"
        case .textNamesLetter: "question or explanation names a choice by its letter"
        case .choicesNearlySame: "choices differ in case or punctuation only"
        }
    }
}
