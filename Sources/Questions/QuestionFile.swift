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
    public struct Problem: Error, Hashable, CustomStringConvertible {
        /// "line 3" of JSONL, "item 3" of an array, counted from 1.
        public let place: String
        public let reasons: [String]
        public var description: String { "\(place): \(reasons.joined(separator: "; "))" }
    }

    /// Hands over the questions of a file one after another. JSONL is never held as a whole, whatever its size; a JSON array is.
    /// - Parameter limit: stops behind so many.
    /// - Throws: the same as `read`, or what `body` throws; behind a bad entry nothing more is handed over.
    public static func forEach(
        _ path: String, limit: Int = .max, domains: DomainMap = .standard, _ body: (Question) throws -> Void
    ) throws {
        let reader = try Reader(path, domains: domains)
        var problems: [Problem] = [], count = 0
        while count < limit, let entry = try reader.nextEntry() {
            count += 1
            switch entry {
            case .success(let question): if problems.isEmpty { try body(question) }
            case .failure(let problem): problems.append(problem)
            }
        }
        guard problems.isEmpty else { throw QuestionFileError.invalid(path: path, problems: problems, of: count) }
        if count == 0 { throw QuestionFileError.empty(path: path) }
    }

    /// The good questions of a file, and what is wrong with the others.
    public static func inspect(
        _ path: String, domains: DomainMap = .standard
    ) throws -> (questions: [Question], problems: [Problem]) {
        let reader = try Reader(path, domains: domains)
        var questions: [Question] = [], problems: [Problem] = []
        while let entry = try reader.nextEntry() {
            switch entry {
            case .success(let question): questions.append(question)
            case .failure(let problem): problems.append(problem)
            }
        }
        return (questions, problems)
    }

    /// The entries of a file one after another. Ids are remembered, since each may stand in a file once; questions are not.
    public final class Reader {
        private let path: String
        private let name: String
        private let domains: DomainMap
        private let lines: LineReader?
        private var items: ArraySlice<Result<QuestionEntry, any Error>> = []
        private var number = 0
        private var places: [String: Int] = [:]
        private let decoder = JSONDecoder()

        public init(_ path: String, domains: DomainMap = .standard) throws {
            self.path = path
            self.domains = domains
            name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            guard try LineReader(path).next()?.text.first == "[" else {
                lines = try LineReader(path)
                return
            }
            lines = nil
            do {
                items = try decoder.decode([Attempt].self, from: WholeFile.read(path)).map(\.record)[...]
            } catch let error as FileError {
                throw error
            } catch {
                throw QuestionFileError.notJSON(path: path, reason: QuestionEntry.reason(of: error))
            }
        }

        /// - Throws: `QuestionFileError.invalid` at the first bad entry.
        public func next() throws -> Question? {
            do {
                return try nextEntry()?.get()
            } catch let problem as Problem {
                throw QuestionFileError.invalid(path: path, problems: [problem], of: number)
            }
        }

        func nextEntry() throws -> Result<Question, Problem>? {
            if let lines {
                guard let line = try lines.next() else { return nil }
                number = line.number
                return entry { try decoder.decode(QuestionEntry.self, from: Data(line.text.utf8)) }
            }
            guard let item = items.popFirst() else { return nil }
            number += 1
            return entry { try item.get() }
        }

        private func place(_ number: Int) -> String { "\(lines == nil ? "item" : "line") \(number)" }

        private func entry(_ record: () throws -> QuestionEntry) -> Result<Question, Problem> {
            func bad(_ reasons: [String]) -> Result<Question, Problem> { .failure(Problem(place: place(number), reasons: reasons)) }
            do {
                let question = try record().question(file: name, number: number, domains: domains)
                if let earlier = places.updateValue(number, forKey: question.id) {
                    return bad(["the id \"\(question.id)\" stands already on \(place(earlier))"])
                }
                return .success(question)
            } catch let error as QuestionEntry.Invalid {
                return bad(error.reasons)
            } catch {
                return bad([QuestionEntry.reason(of: error)])
            }
        }
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
        let record: Result<QuestionEntry, any Error>
        init(from decoder: any Decoder) { record = Result { try QuestionEntry(from: decoder) } }
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
