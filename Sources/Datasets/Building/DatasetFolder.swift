import ContentHash
import Foundation
import Groundwork
import Questions

/// A built folder while it is made: everything goes to a neighbour of its place, which takes the place at the end.
public final class DatasetFolder {
    public static let manifest = "dataset.json", card = "README.md", dropped = "drops.jsonl"

    public let path: String
    private let temporary: String
    private var isFinished = false

    /// - Parameter force: replace what stands there, if it was built before.
    /// - Throws: `DatasetError` where something stands in the place that may not go; before any work is done.
    public init(_ path: String, force: Bool) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        temporary = self.path + ".partial-\(getpid())"
        if FileManager.default.fileExists(atPath: path) {
            let content = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? ["a file"]
            if !content.isEmpty {
                guard force else { throw DatasetError.outputExists(path: path) }
                guard content.contains(Self.manifest) else { throw DatasetError.outputForeign(path: path) }
            }
        }
        try WholeFile.makeFolder(temporary)
    }

    deinit {
        if !isFinished { try? FileManager.default.removeItem(atPath: temporary) }
    }

    /// Writes one part.
    /// - Returns: its SHA-256.
    func write(_ questions: [Question], to part: String) throws -> String {
        let file = temporary + "/" + part
        try WholeFile.write(to: file) { handle in
            var lines = Data()
            for question in questions {
                lines += Data((try QuestionFile.line(question) + "\n").utf8)
                if lines.count > 1 << 20 {
                    try handle.write(contentsOf: lines)
                    lines.removeAll(keepingCapacity: true)
                }
            }
            try handle.write(contentsOf: lines)
        }
        return try ContentHash.ofFile(file)
    }

    /// Writes drops, manifest and card, and puts the folder in its place.
    func finish(_ report: DatasetReport, drops: [Drop]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = try drops.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        try WholeFile.write(lines.joined(), to: temporary + "/" + Self.dropped)
        try WholeFile.write(DatasetCard.text(of: report), to: temporary + "/" + Self.card)
        encoder.outputFormatting.insert(.prettyPrinted)
        try WholeFile.write(try encoder.encode(report) + Data("\n".utf8), to: temporary + "/" + Self.manifest)
        try Interruption.check()
        try takePlace()
        isFinished = true
    }

    private func takePlace() throws {
        let old = path + ".replaced-\(getpid())"
        let exists = FileManager.default.fileExists(atPath: path)
        do {
            if exists { try FileManager.default.moveItem(atPath: path, toPath: old) }
            try FileManager.default.moveItem(atPath: temporary, toPath: path)
        } catch {
            if exists, !FileManager.default.fileExists(atPath: path) { try? FileManager.default.moveItem(atPath: old, toPath: path) }
            throw FileError(path: path, action: "put the folder in its place", reason: error.localizedDescription)
        }
        if exists { try? FileManager.default.removeItem(atPath: old) }
    }

    /// The manifest of a built folder.
    public static func report(of folder: String) throws -> DatasetReport {
        let file = folder + "/" + manifest
        let data = try WholeFile.read(file)
        do {
            return try JSONDecoder().decode(DatasetReport.self, from: data)
        } catch {
            throw DatasetError.badManifest(path: file, reason: "it is not a manifest of this version")
        }
    }
}
