import ContentHash
import Foundation
import Groundwork
import Questions

/// A file that questions were read from, and what became of its entries.
public struct SourceFile: Codable, Sendable, Hashable {
    public let path: String
    /// SHA-256 of the file as it lies there, packed or not.
    public let sha256: String
    public let entries: Int
    public let usable: Int

    public init(path: String, sha256: String, entries: Int, usable: Int) {
        self.path = path
        self.sha256 = sha256
        self.entries = entries
        self.usable = usable
    }
}

/// Questions with the file that each came from, and every entry that could not be used, with its reason.
public struct Intake: Sendable {
    public var questions: [Question] = []
    /// For each question, its file's place in `files`.
    public var origins: [Int] = []
    public var drops: [Drop] = []
    public var files: [SourceFile] = []
    /// Questions whose id stood already elsewhere and that have got another one.
    public var renamed = 0

    /// Reads files one entry at a time.
    /// - Parameters:
    ///   - acceptsDamage: also take texts in wrong encoding or without their figure, as evaluation sets have to be: what is
    ///     damaged there may stand intact among the questions that are held against it.
    ///   - progress: called with the entries read so far.
    /// - Throws: `FileError` or `DatasetError` for a file that cannot be read at all; `Interrupted`.
    public static func read(
        _ paths: [String], options: ReadingOptions = .standard, domains: DomainMap = .standard,
        acceptsDamage: Bool = false, progress: (Int) -> Void = { _ in }
    ) throws -> Intake {
        var intake = Intake()
        var ids: Set<String> = []
        var real: [String: String] = [:]
        var total = 0
        for path in paths {
            let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            if let earlier = real.updateValue(path, forKey: resolved) { throw DatasetError.sameFile(earlier, path) }
            var reader = try RecordReader(path, options: options)
            let name = RecordReader.stem(of: path)
            var entries = 0
            let before = intake.questions.count
            while let record = try reader.next() {
                entries += 1
                total += 1
                if total % 1000 == 0 {
                    try Interruption.check()
                    progress(total)
                }
                do {
                    var question = try Cleaning.question(
                        record, file: name, fields: options.fields, domains: domains, acceptsDamage: acceptsDamage)
                    if !ids.insert(question.id).inserted {
                        question.id = fresh(question.id, file: name, among: &ids)
                        intake.renamed += 1
                    }
                    intake.questions.append(question)
                    intake.origins.append(intake.files.count)
                } catch let refusal as Cleaning.Refusal {
                    intake.drops.append(Drop(
                        file: path, place: record.place, id: refusal.id, reason: refusal.reason, detail: refusal.detail))
                }
            }
            intake.files.append(SourceFile(
                path: path, sha256: try ContentHash.ofFile(path), entries: entries, usable: intake.questions.count - before))
        }
        progress(total)
        return intake
    }

    private static func fresh(_ id: String, file: String, among ids: inout Set<String>) -> String {
        var candidate = "\(file)/\(id)"
        var number = 2
        while !ids.insert(candidate).inserted {
            candidate = "\(file)/\(id)#\(number)"
            number += 1
        }
        return candidate
    }

    /// Dropped entries by reason.
    public var counts: [DropReason: Int] { Dictionary(drops.map { ($0.reason, 1) }, uniquingKeysWith: +) }
}

/// Makes a question of a record, or says why it cannot be one.
enum Cleaning {
    struct Refusal: Error {
        let reason: DropReason
        let detail: String?
        let id: String?
    }

    static func question(
        _ record: RawRecord, file: String, fields: FieldMap, domains: DomainMap, acceptsDamage: Bool
    ) throws -> Question {
        let values: [String: Any]
        switch record.content {
        case .broken(let reason, let detail): throw Refusal(reason: reason, detail: detail, id: nil)
        case .fields(let found): values = found
        }
        let id = fields.text(.id, in: values)
        func refuse(_ reason: DropReason, _ detail: String? = nil) -> Refusal { Refusal(reason: reason, detail: detail, id: id) }

        guard let text = fields.text(.question, in: values) else {
            throw refuse(.missingField, "no question at \"\(fields.places(of: .question)[0])\"")
        }
        guard let choices = fields.choices(in: values) else {
            throw refuse(.missingField, "no choices at \"\(fields.places(of: .choices).joined(separator: ", "))\"")
        }
        guard let key = fields.value(.answer, in: values) else {
            throw refuse(.missingField, "no answer at \"\(fields.places(of: .answer)[0])\"")
        }
        guard choices.count == 4 else { throw refuse(.notFourChoices, "\(choices.count) choices") }
        if ([text] + choices).contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw refuse(.emptyText) }
        let spaced = choices.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        if Set(spaced).count < 4 { throw refuse(.duplicateChoices) }
        if !acceptsDamage {
            if let bad = ([text] + choices).first(where: Wording.isMisencoded) { throw refuse(.wrongEncoding, String(bad.prefix(80))) }
            if Wording.lacksFigure(text) { throw refuse(.missingFigure) }
        }

        let domain = fields.text(.domain, in: values)
        let made = QuestionEntry(
            question: text, choices: choices, answer: try answer(key, among: choices, fields, refuse), id: id,
            source: fields.text(.source, in: values), subject: fields.text(.subject, in: values) ?? subject(ofTable: file, values),
            topic: fields.text(.topic, in: values), domain: domain.flatMap { Domain(rawValue: $0) }?.rawValue,
            explanation: fields.text(.explanation, in: values).flatMap { Wording.isMisencoded($0) ? nil : $0 },
            family: fields.text(.family, in: values), difficulty: fields.text(.difficulty, in: values).flatMap { Int($0) })
        do {
            return try made.question(file: file, number: record.number, domains: domains)
        } catch let invalid as QuestionEntry.Invalid {
            let detail = invalid.reasons.joined(separator: "; ")
            throw refuse(detail.contains("are the same") ? .duplicateChoices : detail.contains("is empty") ? .emptyText : .badKey, detail)
        }
    }

    private static func answer(
        _ key: Any, among choices: [String], _ fields: FieldMap, _ refuse: (DropReason, String?) -> Refusal
    ) throws -> QuestionEntry.Answer {
        guard let text = FieldMap.text(key)?.trimmingCharacters(in: .whitespacesAndNewlines) else {
            throw refuse(.badKey, "the answer is neither a text nor a number")
        }
        let isNumber = !(key is String)
        let letter = text.count == 1 ? Letter(rawValue: text.uppercased()) : nil
        let index = Int(text).map { $0 - fields.firstIndex }.flatMap { Letter(index: $0) }
        let texts = choices.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        let named = texts.filter { $0 == text }.count == 1 ? texts.firstIndex(of: text).flatMap { Letter(index: $0) } : nil
        let found: Letter?
        switch fields.key {
        case .letter: found = letter
        case .index: found = index
        case .text: found = named
        case .auto:
            if isNumber {
                found = index
            } else if let index, let named, index != named {
                throw refuse(.badKey, "\"\(text)\" is both a number and another choice's text; say which with --key")
            } else {
                // A lower-case letter may be a choice's text; a capital one is a letter whatever the choices read.
                found = Letter(rawValue: text) ?? named ?? letter ?? index
            }
        }
        // What is left may still be a choice with its letter before it; the record's own reading tells.
        if let found { return .index(found.index) }
        if fields.key == .index || fields.key == .letter || isNumber {
            throw refuse(.badKey, "the answer is \"\(text.prefix(80))\"")
        }
        return .text(text)
    }

    /// MMLU's tables carry the subject in their name: abstract_algebra_test.csv.
    private static func subject(ofTable file: String, _ values: [String: Any]) -> String? {
        guard values["subject"] == nil, values["topic"] == nil, values["A"] != nil, values["D"] != nil else { return nil }
        for ending in ["_test", "_dev", "_val", "_train", "_validation"] where file.hasSuffix(ending) {
            return String(file.dropLast(ending.count))
        }
        return file
    }
}
