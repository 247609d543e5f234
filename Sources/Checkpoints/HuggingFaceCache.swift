import Foundation
import Groundwork

/// The local cache of the Hugging Face hub, as `huggingface_hub` lays it out:
/// `models--ORG--NAME/refs/REVISION` holds a commit, `models--ORG--NAME/snapshots/COMMIT/` the files. Retort never downloads.
public struct HuggingFaceCache: Sendable {
    /// The folder that holds `models--…`.
    public let folder: String

    /// The cache that Python's tools use in the same environment: `HF_HUB_CACHE`, `HF_HOME/hub`,
    /// `XDG_CACHE_HOME/huggingface/hub`, `~/.cache/huggingface/hub`, the first that is set.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func path(_ key: String) -> String? {
            guard let value = environment[key], !value.isEmpty else { return nil }
            return (value as NSString).expandingTildeInPath
        }
        let home = path("HOME") ?? NSHomeDirectory()
        folder = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE")
            ?? path("HF_HOME").map { $0 + "/hub" } ?? path("XDG_CACHE_HOME").map { $0 + "/huggingface/hub" }
            ?? home + "/.cache/huggingface/hub"
    }

    /// Whether `text` could be a repository id: `name` or `org/name`, optionally `@revision`.
    static func isRepository(_ text: String) -> Bool { split(text) != nil }

    private static func split(_ text: String) -> (repository: [String], revision: String)? {
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let repository = halves[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let revision = halves.count == 2 ? halves[1] : "main"
        // A dot or two alone would climb out of the cache.
        func isPlain(_ part: String) -> Bool {
            !part.isEmpty && part.utf8.count <= 128 && !part.hasPrefix(".") && !part.contains("..")
                && part.utf8.allSatisfy { Character(Unicode.Scalar($0)).isLetter && $0 < 128 || (0x30...0x39).contains($0) || "-_.".utf8.contains($0) }
        }
        guard repository.count <= 2, repository.allSatisfy(isPlain), isPlain(revision) else { return nil }
        return (repository, revision)
    }

    /// The folder of the snapshot that a repository's revision (`main` unless `ORG/NAME@REVISION` says otherwise) names.
    /// - Throws: `CheckpointError.notFound` when the repository, the revision or the snapshot is not in the cache.
    public func snapshot(_ reference: String) throws -> String {
        let remedy = "download it with “hf download \(reference.prefix { $0 != "@" })” or give the path of a folder or GGUF file"
        guard let (repository, revision) = Self.split(reference) else {
            throw CheckpointError.notFound(reference: quoted(reference), looked: ["this path"], remedy: "give a path or ORG/NAME")
        }
        let root = folder + "/models--" + repository.joined(separator: "--")
        var commit = revision
        let reference_ = root + "/refs/" + revision
        if let text = try? String(contentsOfFile: reference_, encoding: .utf8) {
            commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard Self.split(commit)?.repository == [commit] else {
                throw CheckpointError.malformed(path: reference_, place: "content", reason: "it is not the name of a commit")
            }
        }
        let snapshot = root + "/snapshots/" + commit
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: snapshot, isDirectory: &isFolder), isFolder.boolValue else {
            throw CheckpointError.notFound(reference: reference, looked: ["this path", snapshot], remedy: remedy)
        }
        return snapshot
    }
}
