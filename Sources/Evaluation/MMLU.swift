import Foundation
import Groundwork
import Questions

/// MMLU's 57 subjects (Hendrycks et al. 2021) and their four groups, as lm-evaluation-harness groups them.
public enum MMLU {
    public enum Group: String, CaseIterable, Codable, Sendable {
        case stem = "STEM"
        case humanities
        case socialSciences = "social sciences"
        case other
    }

    /// Nil for a subject that is not MMLU's.
    public static func group(of subject: String) -> Group? { groups[subject] }

    public static var subjects: [String] { groups.keys.sorted() }

    private static let groups: [String: Group] = {
        let names: [Group: String] = [
            .stem: """
                abstract_algebra anatomy astronomy college_biology college_chemistry college_computer_science college_mathematics
                college_physics computer_security conceptual_physics electrical_engineering elementary_mathematics
                high_school_biology high_school_chemistry high_school_computer_science high_school_mathematics high_school_physics
                high_school_statistics machine_learning
                """,
            .humanities: """
                formal_logic high_school_european_history high_school_us_history high_school_world_history international_law
                jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_law world_religions
                """,
            .socialSciences: """
                econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics
                high_school_microeconomics high_school_psychology human_sexuality professional_psychology public_relations
                security_studies sociology us_foreign_policy
                """,
            .other: """
                business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing medical_genetics
                miscellaneous nutrition professional_accounting professional_medicine virology
                """,
        ]
        return Dictionary(uniqueKeysWithValues: names.flatMap { group, text in
            text.split(whereSeparator: \.isWhitespace).map { (String($0), group) }
        })
    }()

    /// One split of MMLU: "test", "dev", "val".
    ///
    /// - Parameter path: the folder that MMLU's own archive unpacks to, or the one above it: `test/abstract_algebra_test.csv`, six columns
    ///   without a header (question, A, B, C, D, letter); or a folder with `test.jsonl` or `mmlu_test.jsonl`, lines as `QuestionFile` reads them.
    /// - Throws: `EvaluationError.badData` for a folder or a file that is not of this shape.
    public static func read(_ split: String, in path: String) throws -> [Question] {
        let folder = [path, path + "/data"].first { isFolder("\($0)/\(split)") }
        if let folder { return try csvFolder("\(folder)/\(split)", split) }
        for name in ["\(split).jsonl", "mmlu_\(split).jsonl", "\(split).json"] where FileManager.default.fileExists(atPath: "\(path)/\(name)") {
            return try QuestionFile.read("\(path)/\(name)")
        }
        throw EvaluationError.badData(
            path: path, place: nil, reason: "it holds neither \(split)/SUBJECT_\(split).csv, as MMLU's own archive does, nor \(split).jsonl")
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func csvFolder(_ folder: String, _ split: String) throws -> [Question] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix("_\(split).csv") }.sorted()
        guard !names.isEmpty else {
            throw EvaluationError.badData(path: folder, place: nil, reason: "it holds no file SUBJECT_\(split).csv")
        }
        return try names.flatMap { try csvFile("\(folder)/\($0)", subject: String($0.dropLast(split.count + 5)), split) }
    }

    private static func csvFile(_ path: String, subject: String, _ split: String) throws -> [Question] {
        let rows = try CSV.rows(String(decoding: WholeFile.read(path), as: UTF8.self)) { reason in
            EvaluationError.badData(path: path, place: nil, reason: reason)
        }
        guard !rows.isEmpty else { throw EvaluationError.badData(path: path, place: nil, reason: "it holds no questions") }
        return try rows.enumerated().map { index, row in
            guard row.count == 6, let answer = Letter(rawValue: row[5].trimmingCharacters(in: .whitespaces)) else {
                throw EvaluationError.badData(
                    path: path, place: "row \(index + 1)",
                    reason: "it has \(row.count) columns, the last being \"\(row.last ?? "")\"; six are wanted: question, A, B, C, D, letter")
            }
            return Question(
                id: "mmlu/\(split)/\(subject)/\(index)", source: "mmlu_\(split)", subject: subject, topic: subject,
                domain: DomainMap.standard[subject], question: row[0], choices: Array(row[1...4]), answer: answer)
        }
    }
}

/// Comma-separated values (RFC 4180): cells in quotes may hold commas, line ends, and quotes written twice.
enum CSV {
    static func rows(_ text: String, complaint: (String) -> any Error) throws -> [[String]] {
        var rows: [[String]] = [], row: [String] = [], cell = ""
        var quoted = false, started = false
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        // The mark that some programs put before a file's first byte is no part of its first cell.
        if next == "\u{FEFF}" { next = scalars.next() }
        func endRow() {
            row.append(cell)
            if row.count > 1 || !cell.isEmpty { rows.append(row) }
            (row, cell, started) = ([], "", false)
        }
        while let scalar = next {
            next = scalars.next()
            switch scalar {
            case "\"" where quoted && next == "\"":
                cell.unicodeScalars.append("\"")
                next = scalars.next()
            case "\"" where quoted: quoted = false
            case "\"" where !started: (quoted, started) = (true, true)
            case "," where !quoted:
                row.append(cell)
                (cell, started) = ("", false)
            case "\r" where !quoted && (next == "\n" || next == nil): break
            case "\n" where !quoted: endRow()
            default:
                cell.unicodeScalars.append(scalar)
                started = true
            }
        }
        if quoted { throw complaint("a cell's quote is opened in row \(rows.count + 1) and never closed") }
        endRow()
        return rows
    }
}
