import Foundation
import Groundwork

/// The labels of one teacher on disk: JSONL, append-only. Labels are the expensive part of a run, so every one that was made is kept
/// as it was made, right or wrong; which of them a student learns from is decided on reading (`LabelFunnel`).
///
/// A file that exists is continued: `contains` tells what need not be labelled again. One that another teacher, prompt or
/// parameter set began is refused.
public final class LabelFile {
    public let path: String
    public let provenance: LabelProvenance
    private let lines: LineFile
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
        if FileManager.default.fileExists(atPath: path) {
            // Validated before the file is opened for writing: a file that is refused stays as it is.
            for (number, label) in try Self.parse(path, toleratingTornEnd: true) {
                let differences = provenance.differences(from: label.provenance)
                guard differences.isEmpty else {
                    throw DistillationError.otherProvenance(path: path, line: number, differences: differences)
                }
                known.insert(label.question.id)
            }
        }
        lines = try LineFile(appendingTo: path)
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

    /// Every label of a file, which must all have one provenance.
    public static func read(_ path: String) throws -> [Label] {
        let labels = try parse(path, toleratingTornEnd: false)
        for (number, label) in labels {
            let differences = label.provenance.differences(from: labels[0].label.provenance)
            guard differences.isEmpty else {
                throw DistillationError.otherProvenance(path: path, line: number, differences: differences)
            }
        }
        return labels.map(\.label)
    }

    private static func parse(_ path: String, toleratingTornEnd: Bool) throws -> [(number: Int, label: Label)] {
        let data = try WholeFile.read(path)
        let endIsTorn = toleratingTornEnd && data.last != nil && data.last != UInt8(ascii: "\n")
        let lines = try LineFile.read(path)
        let decoder = JSONDecoder()
        var labels: [(Int, Label)] = []
        for (index, line) in lines.enumerated() {
            // What a kill left without its line end is cut off by opening the file for appending.
            if endIsTorn && index == lines.count - 1 { break }
            let label: Label
            do {
                label = try decoder.decode(Label.self, from: Data(line.text.utf8))
            } catch {
                throw DistillationError.badLabel(path: path, line: line.number, reason: Self.reason(of: error))
            }
            if let flaw = label.flaw() {
                throw DistillationError.badLabel(path: path, line: line.number, reason: flaw)
            }
            labels.append((line.number, label))
        }
        return labels
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
