import Foundation
import Groundwork

/// A line of an `AnswerFile`.
protocol KeptAnswer: Codable {
    var id: String { get }
    /// Model, adapter, precision, sampling: answers of different ones are never mixed in a file.
    var settings: [String: String] { get }
    /// The hash of what was asked. An id alone may be a line's number in whatever file was given.
    var prompt: String { get }
    /// What every line begins with, its keys being sorted: so a torn one is known.
    static var beginning: String { get }
}

/// Answers that are kept as they come (JSONL), so that an evaluation that was stopped asks only for what is missing.
final class AnswerFile<Answer: KeptAnswer> {
    private let path: String
    let settings: [String: String]
    private let lines: LineFile
    private var kept: [String: (line: Int, answer: Answer)] = [:]

    /// Opens a file or makes one.
    ///
    /// A last line without its end was torn by a crash; opening the file to append cuts it off, and before that all of the file must be known as
    /// answers: it may be something else that was named by mistake.
    ///
    /// - Throws: `EvaluationError.otherAnswers` for a file of other settings, `badData` for one that holds anything else.
    init(_ path: String, settings: [String: String]) throws {
        self.path = path
        self.settings = settings
        if FileManager.default.fileExists(atPath: path) {
            let ends = try WholeFile.read(path).count { $0 == UInt8(ascii: "\n") }
            for (number, text) in try LineFile.read(path) {
                let isTorn = number > ends
                if isTorn, text.hasPrefix(Answer.beginning) || Answer.beginning.hasPrefix(text) { continue }
                guard !isTorn, let answer = try? JSONDecoder().decode(Answer.self, from: Data(text.utf8)) else {
                    throw Self.complaint(path, number, "it is no answer as this evaluation keeps them")
                }
                let differing = Set(settings.keys).union(answer.settings.keys).filter { settings[$0] != answer.settings[$0] }.sorted()
                func named(_ settings: [String: String]) -> String { differing.map { "\($0) \(settings[$0] ?? "none")" }.joined(separator: ", ") }
                guard differing.isEmpty else { throw EvaluationError.otherAnswers(path: path, found: named(answer.settings), wanted: named(settings)) }
                kept[answer.id] = (number, answer)
            }
        }
        lines = try LineFile(appendingTo: path)
    }

    /// What was answered before; nil where it is missing.
    ///
    /// - Parameter prompt: the hash of what would be asked now; worked out only where there is an answer.
    /// - Throws: `EvaluationError.badData` where something else was asked by that id.
    func answer(to id: String, prompt: () throws -> String) throws -> Answer? {
        guard let (line, answer) = kept[id] else { return nil }
        guard try prompt() == answer.prompt else {
            throw Self.complaint(path, line, "it is the answer to another question than the one whose id is \(id) now: the prompts differ")
        }
        return answer
    }

    func keep(_ answer: Answer) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try lines.append(String(decoding: try encoder.encode(answer), as: UTF8.self))
    }

    private static func complaint(_ path: String, _ line: Int, _ reason: String) -> EvaluationError {
        .badData(path: path, place: "line \(line)", reason: reason + "; give another file with --output, or remove it")
    }
}
