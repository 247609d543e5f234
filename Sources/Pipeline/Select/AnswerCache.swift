import ContentHash
import Evaluation
import Foundation
import Groundwork
import Questions

/// The answers of all contestants, one file each, appended to as they come, so that a stopped race goes on where it was. A file's
/// name holds a hash of all that its answers depend on: other adapters, questions or settings have other files.
struct AnswerCache {
    let folder: String
    let questions: [Question]

    /// Asked together and written together: what an interruption can lose.
    static let portion = 64

    func file(_ key: String) -> String { "\(folder)/answers/\(key).jsonl" }

    /// The answers to the first `count` questions; those that are missing are asked for, in portions.
    func records(_ key: String, count: Int, ask: (_ questions: [Question], _ done: Int) throws -> [EvaluationRecord]) throws -> [EvaluationRecord] {
        let path = file(key)
        let lines = try LineFile(appendingTo: path)
        var records = try read(path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        while records.count < count {
            try Interruption.check()
            let portion = Array(questions[records.count..<min(count, records.count + Self.portion)])
            let answered = try ask(portion, records.count)
            for record in answered { try lines.append(String(decoding: encoder.encode(record), as: UTF8.self)) }
            try lines.flush()
            records += answered
        }
        return Array(records.prefix(count))
    }

    private func read(_ path: String) throws -> [EvaluationRecord] {
        let decoder = JSONDecoder()
        return try LineFile.read(path).enumerated().map { index, line in
            guard let record = try? decoder.decode(EvaluationRecord.self, from: Data(line.text.utf8)), index < questions.count,
                record.fingerprint == questions[index].fingerprint.description, record.logProbabilities.count == 4
            else { throw SelectionError.cache(path: path, line: line.number) }
            return record
        }
    }

    /// A fixed random order in which each domain has its share of any beginning.
    static func order(_ questions: [Question]) -> [Question] {
        let placed = Dictionary(grouping: questions, by: \.domain).values.flatMap { group in
            group.map { (key: ContentHash.of("\($0.id)\n\($0.fingerprint)"), question: $0) }.sorted { $0.key < $1.key }
                .enumerated().map { (share: (Double($0) + 0.5) / Double(group.count), key: $1.key, question: $1.question) }
        }
        return placed.sorted { ($0.share, $0.key) < ($1.share, $1.key) }.map(\.question)
    }
}
