import ContentHash
import Foundation
import Groundwork
import Questions

/// The records of all contestants of a race, one file each, appended to as they come, so that a stopped race goes on where it was. A
/// file's name holds a hash of all that its records depend on: other adapters, questions or settings have other files.
struct RecordCache<Record: Codable> {
    let folder: String
    /// Made together and written together: what an interruption can lose.
    let portion: Int
    /// Whether a record that was read is of the question with this index.
    let isOf: (_ record: Record, _ index: Int) -> Bool

    func file(_ key: String) -> String { "\(folder)/answers/\(key).jsonl" }

    /// The records of the first `count` questions; those that are missing are made, in portions.
    func records(_ key: String, count: Int, make: (Range<Int>) throws -> [Record]) throws -> [Record] {
        let path = file(key)
        let lines = try LineFile(appendingTo: path)
        var records = try read(path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        while records.count < count {
            try Interruption.check()
            let made = try make(records.count..<min(count, records.count + portion))
            for record in made { try lines.append(String(decoding: encoder.encode(record), as: UTF8.self)) }
            try lines.flush()
            records += made
        }
        return Array(records.prefix(count))
    }

    private func read(_ path: String) throws -> [Record] {
        let decoder = JSONDecoder()
        return try LineFile.read(path).enumerated().map { index, line in
            guard let record = try? decoder.decode(Record.self, from: Data(line.text.utf8)), isOf(record, index) else {
                throw SelectionError.cache(path: path, line: line.number)
            }
            return record
        }
    }
}

/// The order in which a race asks its questions.
package enum RaceOrder {
    /// Fixed and random; each domain has its share of any beginning.
    package static func of(_ questions: [Question]) -> [Question] {
        let placed = Dictionary(grouping: questions, by: \.domain).values.flatMap { group in
            group.map { (key: ContentHash.of("\($0.id)\n\($0.fingerprint)"), question: $0) }.sorted { $0.key < $1.key }
                .enumerated().map { (share: (Double($0) + 0.5) / Double(group.count), key: $1.key, question: $1.question) }
        }
        return placed.sorted { ($0.share, $0.key) < ($1.share, $1.key) }.map(\.question)
    }
}
