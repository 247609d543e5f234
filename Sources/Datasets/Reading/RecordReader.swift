import Foundation
import Groundwork

/// How a file is to be read.
public struct ReadingOptions: Sendable, Hashable {
    public var fields: FieldMap
    /// Whether a table's first row names its columns; nil to look.
    public var header: Bool?
    public static let standard = ReadingOptions()

    public init(fields: FieldMap = FieldMap(), header: Bool? = nil) {
        self.fields = fields
        self.header = header
    }
}

/// One entry of a file, before anything is known about it.
struct RawRecord {
    enum Content {
        case fields([String: Any])
        case broken(DropReason, String)
    }
    /// "line 3", "item 3", "row on line 3".
    let place: String
    let number: Int
    let content: Content
}

/// A file's entries, one at a time, whatever its form: JSONL, a JSON array, CSV or TSV, each also packed by gzip or Zstandard.
struct RecordReader {
    private enum Form {
        case lines(Lines)
        case elements(ArrayElements)
        case rows(CSVRows, columns: [String], first: (line: Int, fields: [[UInt8]])?)
    }

    let path: String
    private let fields: FieldMap
    private var form: Form
    private var number = 0
    private var isBroken = false

    init(_ path: String, options: ReadingOptions) throws {
        self.path = path
        fields = options.fields
        let stream = try ByteStream(path)
        var start: [UInt8] = []
        while start.allSatisfy(Blank.contains), let piece = try stream.next() { start += piece }
        if start.starts(with: [0xef, 0xbb, 0xbf]) { start.removeFirst(3) }  // the mark that spreadsheets put first
        let ending = Self.ending(of: path)
        if ending == "csv" || ending == "tsv" {
            var rows = CSVRows(stream, start: start, delimiter: UInt8(ascii: ending == "csv" ? "," : "\t"))
            let (columns, first) = try Self.columns(of: &rows, path, options)
            form = .rows(rows, columns: columns, first: first)
        } else if start.first(where: { !Blank.contains($0) }) == UInt8(ascii: "[") {
            form = .elements(ArrayElements(stream, start: start))
        } else {
            form = .lines(Lines(stream, start: start))
        }
    }

    /// The name's ending below that of the packing, in lower case.
    static func ending(of path: String) -> String {
        let name = path as NSString
        let ending = name.pathExtension.lowercased()
        return ["gz", "zst", "zstd"].contains(ending) ? (name.deletingPathExtension as NSString).pathExtension.lowercased() : ending
    }

    /// The file's name without folder and endings.
    static func stem(of path: String) -> String {
        var name = (path as NSString).lastPathComponent as NSString
        while ["gz", "zst", "zstd", "jsonl", "json", "csv", "tsv", "ndjson"].contains(name.pathExtension.lowercased()) {
            name = name.deletingPathExtension as NSString
        }
        return name as String
    }

    mutating func next() throws -> RawRecord? {
        if isBroken { return nil }
        switch form {
        case .lines(var lines):
            defer { form = .lines(lines) }
            guard let line = try lines.next() else { return nil }
            number += 1
            return RawRecord(place: "line \(line.number)", number: line.number, content: Self.object(line.bytes))
        case .elements(var elements):
            defer { form = .elements(elements) }
            number += 1
            do {
                guard let element = try elements.next() else { return nil }
                return RawRecord(place: "item \(number)", number: number, content: Self.object(element))
            } catch is ArrayElements.Unclosed {
                isBroken = true
                return RawRecord(place: "item \(number)", number: number, content: .broken(.unreadable, "the file ends before its array does"))
            }
        case .rows(var rows, let columns, let first):
            defer { form = .rows(rows, columns: columns, first: nil) }
            number += 1
            if let first { return row(first.fields, columns, line: first.line) }
            guard let (line, row) = try rows.next() else { return nil }
            switch row {
            case .fields(let fields): return self.row(fields, columns, line: line)
            case .broken(let reason):
                return RawRecord(place: "row on line \(line)", number: number, content: .broken(.unreadable, reason))
            }
        }
    }

    private static func object(_ bytes: [UInt8]) -> RawRecord.Content {
        guard String(validating: bytes, as: UTF8.self) != nil else { return .broken(.wrongEncoding, "not UTF-8") }
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) else {
            return .broken(.unreadable, "not valid JSON")
        }
        guard let record = value as? [String: Any] else { return .broken(.unreadable, "not a JSON object") }
        return .fields(record)
    }

    // MARK: Tables

    private func row(_ fields: [[UInt8]], _ columns: [String], line: Int) -> RawRecord {
        let place = "row on line \(line)"
        guard fields.count == columns.count else {
            return RawRecord(
                place: place, number: number, content: .broken(.unreadable, "\(fields.count) fields under \(columns.count) columns"))
        }
        var record: [String: Any] = [:]
        for (column, bytes) in zip(columns, fields) {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return RawRecord(place: place, number: number, content: .broken(.wrongEncoding, "not UTF-8"))
            }
            record[column] = text
        }
        // Four columns stand for the list that other forms have.
        if self.fields.places[.choices] == nil, record["choices"] == nil {
            record["choices"] = Self.letterColumns.compactMap { record[$0] }
        }
        return RawRecord(place: place, number: number, content: .fields(record))
    }

    private static let letterColumns = ["A", "B", "C", "D"]

    /// MMLU's files have six columns and no header: question, four choices, letter.
    private static func columns(
        of rows: inout CSVRows, _ path: String, _ options: ReadingOptions
    ) throws -> ([String], first: (line: Int, fields: [[UInt8]])?) {
        guard let (line, row) = try rows.next() else { return ([], nil) }
        guard case .fields(let fields) = row else { throw DatasetError.unreadable(path: path, reason: "its first row is broken") }
        let names = fields.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        let map = options.fields
        let wanted = map.places(of: .question) + map.places(of: .answer)
        let isChoices = map.places[.choices].map { $0.allSatisfy(names.contains) }
            ?? (names.contains("choices") || letterColumns.allSatisfy(names.contains))
        if options.header != false, wanted.allSatisfy(names.contains), isChoices { return (names, nil) }
        guard options.header != true, fields.count == 6 else {
            throw DatasetError.noColumns(path: path, found: names, wanted: (wanted + map.places(of: .choices)).joined(separator: ", "))
        }
        return (["question"] + letterColumns + ["answer"], (line, fields))
    }
}
