import Questions

/// What is in files of questions, without changing anything.
public struct Inspection: Codable, Sendable, Hashable {
    public let files: [SourceFile]
    public let drops: [DropReason: Int]
    public let flags: [QuestionFlag: Int]
    public let domains: [String: Int]
    public let subjects: [String: Int]
    /// Subjects that the domain map does not know, whose questions are therefore of the domain `other`.
    public let unknownSubjects: [String]
    public let biases: Biases
    public let biasesByFile: [String: Biases]
    public let withExplanation: Int

    public init(_ intake: Intake, domains map: DomainMap) {
        let questions = intake.questions
        files = intake.files
        drops = intake.counts
        flags = Dictionary(questions.flatMap { $0.flags.map { ($0, 1) } }, uniquingKeysWith: +)
        domains = Dictionary(questions.map { ($0.domain.rawValue, 1) }, uniquingKeysWith: +)
        subjects = Dictionary(questions.map { ($0.subject, 1) }, uniquingKeysWith: +)
        unknownSubjects = Set(questions.filter { $0.domain == .other }.map(\.subject)).filter { !map.contains($0) }.sorted()
        biases = Biases(questions)
        biasesByFile = Dictionary(grouping: questions.indices) { intake.files[intake.origins[$0]].path }
            .mapValues { indices in Biases(indices.map { questions[$0] }) }
        withExplanation = questions.count { $0.explanation != nil }
    }
}
