import Foundation

/// A question as it stands in a file, before anything is known to be right about it.
package struct QuestionEntry: Decodable {
    package enum Answer {
        case index(Int)
        case text(String)
    }

    /// Everything that is wrong with a record.
    package struct Invalid: Error {
        package let reasons: [String]
    }

    private enum Key: String, CodingKey, CaseIterable {
        case id, source, subject, topic, domain, question, choices, answer, explanation, family, difficulty
    }

    private var texts: [Key: String] = [:]
    private var choices: [String] = []
    private var answer: Answer
    private var difficulty: Int?

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        for key in [Key.id, .source, .subject, .topic, .domain, .question, .explanation, .family] {
            texts[key] = try fields.decodeIfPresent(String.self, forKey: key)
        }
        guard texts[.question] != nil else { throw Invalid(reasons: ["\"question\" is missing"]) }
        choices = try fields.decode([String].self, forKey: .choices)
        difficulty = try fields.decodeIfPresent(Int.self, forKey: .difficulty)
        if let index = try? fields.decode(Int.self, forKey: .answer) {
            answer = .index(index)
        } else {
            answer = .text(try fields.decode(String.self, forKey: .answer))
        }
    }

    /// A record that another reader has taken apart.
    package init(
        question: String, choices: [String], answer: Answer, id: String? = nil, source: String? = nil, subject: String? = nil,
        topic: String? = nil, domain: String? = nil, explanation: String? = nil, family: String? = nil, difficulty: Int? = nil
    ) {
        texts[.question] = question
        (texts[.id], texts[.source], texts[.subject], texts[.topic]) = (id, source, subject, topic)
        (texts[.domain], texts[.explanation], texts[.family]) = (domain, explanation, family)
        self.choices = choices
        self.answer = answer
        self.difficulty = difficulty
    }

    /// The checked question.
    /// - Throws: `Invalid` with every reason.
    package func question(file: String, number: Int, domains: DomainMap) throws -> Question {
        var reasons: [String] = []
        guard choices.count == 4 else {
            throw Invalid(reasons: ["\"choices\" has \(choices.count) \(choices.count == 1 ? "entry" : "entries"), not four"])
        }
        let lettered = zip(Letter.allCases, choices).map { AgentQuestion.text(of: $1, after: $0) }
        let texts4 = lettered.contains(nil) ? choices.map(Self.trimmed) : lettered.compactMap { $0.map(Self.trimmed) }
        let letter = Self.letter(answer, among: texts4, asWritten: choices, &reasons)
        var domain: Domain?
        if let name = texts[.domain] {
            domain = Domain(rawValue: name)
            if domain == nil {
                let known = Domain.allCases.map(\.rawValue).joined(separator: ", ")
                reasons.append("\"domain\" is \"\(name)\", not one of \(known)")
            }
        }
        let subject = texts[.subject] ?? texts[.topic] ?? "unknown"
        guard let letter, reasons.isEmpty else { throw Invalid(reasons: reasons) }
        let explanation = texts[.explanation].map(Self.trimmed)
        let question = Question(
            id: texts[.id] ?? "\(file)/\(number)", source: texts[.source] ?? file, subject: subject,
            topic: texts[.topic] ?? subject.replacingOccurrences(of: "_", with: " "), domain: domain ?? domains[subject],
            question: Self.trimmed(texts[.question] ?? ""), choices: texts4, answer: letter,
            explanation: explanation?.isEmpty == true ? nil : explanation, family: texts[.family], difficulty: difficulty)
        let problems = question.problems
        guard problems.isEmpty else { throw Invalid(reasons: problems) }
        return question
    }

    /// A single capital letter is a letter, whatever the choices read; anything else must be one choice's text.
    private static func letter(
        _ answer: Answer, among texts: [String], asWritten choices: [String], _ reasons: inout [String]
    ) -> Letter? {
        switch answer {
        case .index(let index):
            if let letter = Letter(index: index) { return letter }
            reasons.append("\"answer\" is \(index); an index runs from 0 to 3")
        case .text(let written):
            let text = trimmed(written)
            if let letter = Letter(rawValue: text) { return letter }
            for wanted in [choices.map(trimmed), texts] {
                let hits = wanted.indices.filter { wanted[$0] == text }
                if hits.count == 1 { return Letter(index: hits[0]) }
            }
            reasons.append("\"answer\" is \"\(text)\": neither a letter from A to D nor the text of one choice")
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// A decoding error in words: which key, and what is wrong with it.
    static func reason(of error: any Error) -> String {
        func key(_ path: [any CodingKey]) -> String {
            path.reduce(into: "") { text, key in
                text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? key.stringValue : "." + key.stringValue)
            }
        }
        switch error {
        case let invalid as Invalid: return invalid.reasons.joined(separator: "; ")
        case DecodingError.keyNotFound(let missing, _): return "\"\(missing.stringValue)\" is missing"
        case DecodingError.typeMismatch(let type, let context):
            let path = key(context.codingPath)
            return path.isEmpty ? "not a JSON object" : "\"\(path)\" is not \(name(of: type))"
        case DecodingError.valueNotFound(_, let context): return "\"\(key(context.codingPath))\" is null"
        case DecodingError.dataCorrupted(let context):
            let path = key(context.codingPath)
            return path.isEmpty ? "not valid JSON" : "\"\(path)\" cannot be read: \(context.debugDescription)"
        default: return "\(error)"
        }
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type: "a whole number"
        case is [Any].Type, is [String].Type: "a list"
        default: "a \(type)"
        }
    }
}

extension Question {
    /// Why the question cannot be used; empty for a good one.
    public var problems: [String] {
        var reasons: [String] = []
        if question.allSatisfy(\.isWhitespace) { reasons.append("the question is empty") }
        for (letter, choice) in zip(Letter.allCases, choices) where choice.allSatisfy(\.isWhitespace) {
            reasons.append("choice \(letter) is empty")
        }
        for (index, choice) in choices.enumerated() {
            if let earlier = choices[..<index].firstIndex(of: choice), let first = Letter(index: earlier), let second = Letter(index: index) {
                reasons.append("choices \(first) and \(second) are the same: \"\(choice)\"")
            }
        }
        return reasons
    }
}
