import Foundation
import Groundwork

/// The labels of one teacher on disk: JSONL, append-only. Labels are the expensive part of a run, so every one that was made is kept
/// as it was made, right or wrong; which of them a student learns from is decided on reading (`LabelFunnel`).
///
/// A file that exists is continued: `contains` tells what need not be labelled again. One that another teacher, prompt or
/// parameter set began is refused. Memory holds the ids of the questions labelled, never the labels.
public final class LabelFile {
    public let path: String
    public let provenance: LabelProvenance
    private let lines: LineFile
    private let lock: Lock
    private let flushEvery: Int
    private var unflushed = 0
    private var known: Set<String> = []
    private let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    /// - Parameter flushEvery: labels that may be lost to a power cut; a killed process loses at most the one being written.
    public init(continuing path: String, provenance: LabelProvenance, flushEvery: Int = 32) throws {
        self.path = path
        self.provenance = provenance
        self.flushEvery = flushEvery
        lock = try Lock(path)
        var known: Set<String> = []
        if FileManager.default.fileExists(atPath: path) {
            // Validated before the file is opened for writing: a file that is refused stays as it is.
            try Self.parse(path, toleratingTornEnd: true) { number, label in
                let differences = provenance.differences(from: label.provenance)
                guard differences.isEmpty else {
                    throw DistillationError.otherProvenance(path: path, line: number, differences: differences)
                }
                known.insert(label.question.id)
            }
        }
        self.known = known
        lines = try LineFile(appendingTo: path)
    }

    /// Two processes at work on one file would label every question twice. The lock ends with the process, however that ends.
    private final class Lock {
        private let descriptor: Int32

        init(_ path: String) throws {
            let folder = (path as NSString).deletingLastPathComponent
            if !folder.isEmpty { try WholeFile.makeFolder(folder) }
            descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw FileError(path: path, action: "open", reason: String(cString: strerror(errno))) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw FileError(path: path, action: "append to", reason: "another process is labelling into it; wait for that one or choose another file")
            }
        }

        deinit { close(descriptor) }
    }

    public var count: Int { known.count }

    public func contains(_ questionID: String) -> Bool { known.contains(questionID) }

    /// Appends a label; one whose question is already there is ignored.
    public func append(_ label: Label) throws {
        let differences = provenance.differences(from: label.provenance)
        guard differences.isEmpty else {
            throw DistillationError.otherProvenance(path: path, line: known.count + 1, differences: differences)
        }
        guard known.insert(label.question.id).inserted else { return }
        try lines.append(String(decoding: try encoder.encode(label), as: UTF8.self))
        unflushed += 1
        if unflushed >= flushEvery { try flush() }
    }

    public func flush() throws {
        guard unflushed > 0 else { return }
        try lines.flush()
        unflushed = 0
    }

    /// Hands over every label of a file, which must all have one provenance, one after another.
    public static func forEach(_ path: String, _ body: (Label) throws -> Void) throws {
        var provenance: LabelProvenance?
        try parse(path, toleratingTornEnd: false) { number, label in
            let differences = label.provenance.differences(from: provenance ?? label.provenance)
            guard differences.isEmpty else {
                throw DistillationError.otherProvenance(path: path, line: number, differences: differences)
            }
            provenance = label.provenance
            try body(label)
        }
    }

    /// Every label of a file.
    public static func read(_ path: String) throws -> [Label] {
        var labels: [Label] = []
        try forEach(path) { labels.append($0) }
        return labels
    }

    private static func parse(_ path: String, toleratingTornEnd: Bool, _ body: (Int, Label) throws -> Void) throws {
        let reader = try LineReader(path), decoder = JSONDecoder()
        while let line = try reader.next() {
            // What a kill left without its line end is cut off by opening the file for appending.
            if toleratingTornEnd, !line.isEnded { break }
            let label: Label
            do {
                label = try decoder.decode(Label.self, from: Data(line.text.utf8))
            } catch {
                throw DistillationError.badLabel(path: path, line: line.number, reason: Self.reason(of: error))
            }
            if let flaw = label.flaw() {
                throw DistillationError.badLabel(path: path, line: line.number, reason: flaw)
            }
            try body(line.number, label)
        }
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "the key \"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "the value of \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is of the wrong kind"
        default: "no valid JSON object of a label"
        }
    }
}
