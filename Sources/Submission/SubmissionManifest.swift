import Checkpoints
import ContentHash
import Foundation
import Groundwork
import Pipeline
import Transformers

/// As the command line writes it.
extension Quantization: Codable {}

/// What stands in a submission's `manifest.json`: how to run it, and what it was made from.
public struct SubmissionManifest: Codable, Sendable, Hashable {
    /// A file of the submission.
    public struct File: Codable, Sendable, Hashable {
        /// Inside the folder.
        public var path: String
        public var bytes: Int
        public var sha256: String
    }

    public struct Model: Codable, Sendable, Hashable {
        /// As it was given: an absolute path, or a repository id.
        public var reference: String
        /// Inside the folder, where it was included.
        public var path: String?
        public var family: String
        public var bytes: Int
        /// See `SubmissionManifest.fingerprint`.
        public var fingerprint: String
    }

    public struct Agent: Codable, Sendable, Hashable {
        public var settings: String
        /// The contest's seconds for each reply.
        public var deadline: Double
    }

    /// Of this file's own shape.
    public var format = 1
    public var version: String
    public var `protocol` = AgentProtocol.version
    public var created: String
    public var binary: File
    public var model: Model
    /// Inside the folder.
    public var adapter: String?
    public var quantization: Quantization?
    public var question: Agent
    public var answer: Agent
    public var pool: String
    /// All other files.
    public var files: [File]

    /// - Throws: `FileError`, `SubmissionError`.
    public static func read(folder: String) throws -> SubmissionManifest {
        let path = folder + "/" + SubmissionLayout.manifest
        func unusable(_ reason: String) -> SubmissionError {
            .file(path: path, reason: reason, remedy: "write the submission again with `retort submit`")
        }
        do {
            let manifest = try JSONDecoder().decode(SubmissionManifest.self, from: WholeFile.read(path))
            guard manifest.format == 1 else { throw unusable("its format is \(manifest.format), not 1") }
            return manifest
        } catch let error as Swift.DecodingError {
            throw unusable("it is no submission's manifest: \(DecodingReason.of(error))")
        }
    }

    /// Tells models apart without reading them whole: the SHA-256 over each file's size and first MiB, in which the configuration, the
    /// tokenizer and the tensors' names and shapes stand.
    public static func fingerprint(_ checkpoint: Checkpoint) throws -> (fingerprint: String, bytes: Int) {
        var parts: [String] = [], total = 0
        for path in checkpoint.files {
            guard let handle = FileHandle(forReadingAtPath: path) else { throw FileError(path: path, action: "read", reason: "no permission") }
            defer { try? handle.close() }
            do {
                let head = try handle.read(upToCount: 1 << 20) ?? Data()
                let bytes = Int(try handle.seekToEnd())
                total += bytes
                parts.append("\(bytes):" + ContentHash.of(head.base64EncodedString()))
            } catch {
                throw FileError(path: path, action: "read", reason: error.localizedDescription)
            }
        }
        return (ContentHash.of(parts.sorted().joined(separator: "\n")), total)
    }

    /// Where the base model lies on this machine: what RETORT_MODEL names, else the copy in the folder, else what was given at first.
    /// - Returns: with a warning if it is not the model that the submission was made with.
    public func locateModel(
        folder: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> (reference: String, warning: String?) {
        let named = environment["RETORT_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
        let reference = named ?? model.path.map { folder + "/" + $0 } ?? model.reference
        do {
            let found = try Self.fingerprint(Checkpoint.open(reference)).fingerprint
            let differs = found != model.fingerprint
            return (reference, differs ? "\(reference) is not the model that this submission was made with (\(model.reference))" : nil)
        } catch {
            throw SubmissionError.modelNotFound(reference: reference, reason: "\(error)")
        }
    }
}
