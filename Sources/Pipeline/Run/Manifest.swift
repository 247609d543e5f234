import ContentHash
import Foundation
import Groundwork

/// What each finished phase of a run was made from and what it made: `manifest.json` in the run folder.
public struct Manifest: Codable, Equatable, Sendable {
    public struct Entry: Codable, Equatable, Sendable {
        public var settings: [String: String]
        /// SHA-256 of the settings in order of their names.
        public var settingsHash: String
        /// SHA-256 by name.
        public var inputs: [String: String]
        public var outputs: [String: String]
        public var seed: UInt64
        public var version: String
        /// ISO 8601.
        public var finished: String
        public var seconds: Double
    }

    public var recipe: String
    public var version: String
    public var phases: [String: Entry]

    /// The phases in the order in which they ended. Of those of one second the longer comes first: it is the short ones, such as the merge, that
    /// begin and end within it.
    var inOrder: [(name: String, entry: Entry)] {
        phases.sorted { ($0.value.finished, $1.value.seconds, $0.key) < ($1.value.finished, $0.value.seconds, $1.key) }
            .map { (name: $0.key, entry: $0.value) }
    }

    public static let fileName = "manifest.json"

    public init(recipe: String) {
        self.recipe = recipe
        version = RetortVersion.current
        phases = [:]
    }

    /// The folder's manifest, or an empty one where there is none.
    public static func read(_ run: RunFolder, recipe: String) throws -> Manifest {
        guard run.exists(fileName) else { return Manifest(recipe: recipe) }
        let data = try WholeFile.read(run.file(fileName))
        do {
            return try JSONDecoder().decode(Manifest.self, from: data)
        } catch {
            throw RunError.brokenManifest(path: run.file(fileName), reason: "not a manifest of this version")
        }
    }

    public func write(_ run: RunFolder) throws { try run.writeJSON(self, to: Self.fileName) }

    static func hash(_ settings: [String: String]) -> String {
        ContentHash.of(settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"))
    }
}

public enum RetortVersion {
    public static let current = "0.1.0"
}

/// Content hashes of files and folders. A file of more than 64 MiB is read once and then known by its size and its time of
/// change, so that planning a run does not read a base model again and again; everything else is read each time.
final class FileHashes {
    private struct Known: Codable {
        var size: Int
        var modified: Double
        var hash: String
    }

    private var known: [String: Known] = [:]
    private let cache: String
    private static let large = 64 << 20

    /// - Parameter cache: where the hashes of large files are kept.
    init(cache: String) {
        self.cache = cache
        if let data = try? Data(contentsOf: URL(fileURLWithPath: cache)),
            let stored = try? JSONDecoder().decode([String: Known].self, from: data)
        {
            known = stored
        }
    }

    /// - Returns: nil if there is nothing at `path`.
    func hash(_ path: String) throws -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        guard isFolder.boolValue else { return try file(path) }
        var parts: [String] = []
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        } catch {
            throw FileError(path: path, action: "list", reason: error.localizedDescription)
        }
        for name in names {
            var inner: ObjCBool = false
            let file = path + "/" + name
            guard FileManager.default.fileExists(atPath: file, isDirectory: &inner), !inner.boolValue else { continue }
            parts.append(name + ":" + (try self.file(file)))
        }
        return ContentHash.of(parts.joined(separator: "\n"))
    }

    private func file(_ path: String) throws -> String {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath)
            let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
            let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            let key = URL(fileURLWithPath: path).standardizedFileURL.path
            if size >= Self.large, let entry = known[key], entry.size == size, entry.modified == modified { return entry.hash }
            let hash = try ContentHash.ofFile(path)
            if size >= Self.large { known[key] = Known(size: size, modified: modified, hash: hash) }
            return hash
        } catch {
            throw FileError(path: path, action: "read", reason: error.localizedDescription)
        }
    }

    /// Keeps what was learnt about large files; a loss costs only time.
    func save() throws {
        guard !known.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(known), to: cache)
    }
}
