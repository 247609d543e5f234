import Agents
import Datasets
import Foundation
import Questions

/// What came of a set of generated questions.
struct QuestionSummary: Encodable {
    let requested: Int
    let passing: Int
    let late: Int
    let fromPool: Int
    let corrected: Int
    let refused: Int
    let slowest: Double
    /// How often A, B, C, D is right, with Pearson's χ² against equal shares (three degrees of freedom) and its p.
    let letters: [Int]
    let chiSquared: Double
    let p: Double
    let candidates: Int
    /// Drafts that each check felled, by the first that did.
    let falls: [String: Int]
    let records: [QuestionRecord]

    enum CodingKeys: String, CodingKey {
        case requested, passing, late, corrected, refused, slowest, letters, p, candidates, falls, records
        case fromPool = "from_pool"
        case chiSquared = "chi_squared"
    }

    init(requested: Int, records: [QuestionRecord], audits: [CandidateAudit], tokens: (String) -> Int) {
        self.requested = requested
        self.records = records
        let questions = records.compactMap(\.question)
        passing = questions.count { FormatCheck.question($0, tokens: tokens).isEmpty }
        late = records.count(where: \.isLate)
        fromPool = records.count(where: \.isFromPool)
        corrected = records.count { $0.isCorrected == true }
        refused = records.count { $0.refusal != nil }
        slowest = records.map(\.seconds).max() ?? 0
        let biases = Biases(questions.compactMap { $0.asQuestion(id: "", source: "") })
        letters = biases.letters
        chiSquared = biases.chiSquared
        p = biases.p
        candidates = audits.count
        falls = Dictionary(uniqueKeysWithValues: CandidateAudit.falls(audits).map { ($0.check.rawValue, $0.count) })
    }

    func lines(file: String) -> [String] {
        let place = file == "-" ? "" : " in \(file)"
        var lines = [
            "\(records.count - refused) questions\(place): \(passing) pass the format check, \(late) late, \(fromPool) from the pool, slowest "
                + String(format: "%.2f s", slowest),
            "right letters A \(letters[0]), B \(letters[1]), C \(letters[2]), D \(letters[3]): "
                + String(format: "χ² %.2f, p %.2f", chiSquared, p),
        ]
        lines += records.compactMap { record in record.refusal.map { "refused \(record.area): \(record.topic.prefix(60)): \($0)" } }
        return lines
    }

    /// How many drafts fell, and by what.
    var table: [String] {
        let standing = candidates - falls.values.reduce(0, +)
        return ["\(candidates) drafts, of which \(standing) stood\(corrected > 0 ? "; \(corrected) of the chosen had their letter corrected" : "")"]
            + CheckName.allCases.compactMap { check in
                guard let count = falls[check.rawValue], count > 0 else { return nil }
                return "  \(String(count).leftPadded(to: 5)) fell by \(check.rawValue)"
            }
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
