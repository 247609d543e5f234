import Foundation
import Groundwork

/// Files of questions: JSONL, one question a line, or one JSON array.
///
/// Three shapes of a question are read, also mixed in one file:
/// - Retort's own, with every field of `Question`;
/// - the exchange shape `{"question", "choices", "answer", "subject"?, "explanation"?, "id"?, "source"?, "topic"?, "domain"?}`,
///   `answer` being an index from 0, a letter or the right choice's text;
/// - the question agent's output, whose choices carry their letters ("A) Vienna").
///
/// What is missing is filled in: the id from file name and position, the source from the file name, the topic from the
/// subject, the domain from the subject by `DomainMap`.
public enum QuestionFile {
    /// All questions of a file.
    /// - Throws: `QuestionFileError` naming up to ten bad entries with line and reason; `FileError` if it cannot be read.
    public static func read(_ path: String, domains: DomainMap = .standard) throws -> [Question] {
        let result = try inspect(path, domains: domains)
        guard result.problems.isEmpty else {
            throw QuestionFileError.invalid(path: path, problems: result.problems, of: result.questions.count + result.problems.count)
        }
        guard !result.questions.isEmpty else { throw QuestionFileError.empty(path: path) }
        return result.questions
    }

    /// What is wrong with an entry of a file.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// "line 3" of JSONL, "item 3" of an array, counted from 1.
        public let place: String
        public let reasons: [String]
        public var description: String { "\(place): \(reasons.joined(separator: "; "))" }
    }

    /// The good questions of a file, and what is wrong with the others.
    public static func inspect(
        _ path: String, domains: DomainMap = .standard
    ) throws -> (questions: [Question], problems: [Problem]) {
        let data = try WholeFile.read(path)
        let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
        var questions: [Question] = [], problems: [Problem] = []
        var places: [String: String] = [:]
        func take(_ place: String, _ number: Int, _ record: () throws -> QuestionRecord) {
            do {
                let question = try record().question(file: name, number: number, domains: domains)
                if let earlier = places.updateValue(place, forKey: question.id) {
                    problems.append(Problem(place: place, reasons: ["the id \"\(question.id)\" stands already on \(earlier)"]))
                } else {
                    questions.append(question)
                }
            } catch let error as QuestionRecord.Invalid {
                problems.append(Problem(place: place, reasons: error.reasons))
            } catch {
                problems.append(Problem(place: place, reasons: [QuestionRecord.reason(of: error)]))
            }
        }
        let decoder = JSONDecoder()
        if data.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "[") {
            let records: [Result<QuestionRecord, any Error>]
            do {
                records = try decoder.decode([Attempt].self, from: data).map(\.record)
            } catch {
                throw QuestionFileError.notJSON(path: path, reason: QuestionRecord.reason(of: error))
            }
            for (index, record) in records.enumerated() { take("item \(index + 1)", index + 1) { try record.get() } }
        } else {
            for line in try LineFile.read(path) {
                take("line \(line.number)", line.number) { try decoder.decode(QuestionRecord.self, from: Data(line.text.utf8)) }
            }
        }
        return (questions, problems)
    }

    /// Writes JSONL, whole or not at all.
    public static func write(_ questions: [Question], to path: String) throws {
        try WholeFile.write(questions.map { try line($0) + "\n" }.joined(), to: path)
    }

    /// One question as one line of JSON, keys in alphabetical order, so that equal questions give equal bytes.
    public static func line(_ question: Question) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(question), as: UTF8.self)
    }

    /// An element of an array that may be bad without spoiling the others.
    private struct Attempt: Decodable {
        let record: Result<QuestionRecord, any Error>
        init(from decoder: any Decoder) { record = Result { try QuestionRecord(from: decoder) } }
    }
}

public enum QuestionFileError: Error, CustomStringConvertible {
    case notJSON(path: String, reason: String)
    case invalid(path: String, problems: [QuestionFile.Problem], of: Int)
    case empty(path: String)

    public var description: String {
        switch self {
        case .notJSON(let path, let reason):
            return "\(path) is neither JSONL nor a JSON array of questions: \(reason)"
        case .invalid(let path, let problems, let count):
            let shown = problems.prefix(10).map { "\n  \($0)" }.joined()
            let rest = problems.count > 10 ? "\n  and \(problems.count - 10) more" : ""
            return "\(path): \(problems.count) of \(count) questions cannot be used; correct or remove them:\(shown)\(rest)"
        case .empty(let path):
            return "\(path) holds no question"
        }
    }
}
