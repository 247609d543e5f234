import Questions

/// Which questions of a file are asked.
public struct QuestionSelection: Sendable, Hashable {
    /// Only these subjects; empty for all.
    public var subjects: [String]
    /// Only the first ones of the file that pass the subject filter; nil for all.
    public var limit: Int?

    public init(subjects: [String] = [], limit: Int? = nil) {
        self.subjects = subjects
        self.limit = limit
    }

    /// - Throws: `EvaluationError` for a subject that no question has, or when nothing remains.
    public func select(_ questions: [Question]) throws -> [Question] {
        let known = Set(questions.map(\.subject))
        for subject in subjects where !known.contains(subject) {
            throw EvaluationError.unknownSubject(subject, known: known.sorted())
        }
        let wanted = Set(subjects)
        let selected = subjects.isEmpty ? questions : questions.filter { wanted.contains($0.subject) }
        let limited = limit.map { Array(selected.prefix(max(0, $0))) } ?? selected
        guard !limited.isEmpty else { throw EvaluationError.noQuestions }
        return limited
    }
}
