import Foundation
import Groundwork

/// A run's folder: every file of the run by its path inside it.
public struct RunFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// The path of a file inside, for reading or writing.
    public func file(_ name: String) -> String { path + "/" + name }

    public func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    public func remove(_ name: String) throws {
        guard exists(name) else { return }
        do {
            try FileManager.default.removeItem(atPath: file(name))
        } catch {
            throw FileError(path: file(name), action: "remove", reason: error.localizedDescription)
        }
    }

    /// Moves `name` to `set-aside/<name>-<n>` with the first free n.
    /// - Returns: where it lies now, inside the folder; nil if there was nothing.
    func setAside(_ name: String) throws -> String? {
        guard exists(name) else { return nil }
        let flat = name.replacingOccurrences(of: "/", with: "-")
        var number = 1
        while exists("set-aside/\(flat)-\(number)") { number += 1 }
        let target = "set-aside/\(flat)-\(number)"
        try WholeFile.makeFolder(file("set-aside"))
        do {
            try FileManager.default.moveItem(atPath: file(name), toPath: file(target))
        } catch {
            throw FileError(path: file(name), action: "set aside", reason: error.localizedDescription)
        }
        return target
    }

    public func writeJSON(_ value: some Encodable, to name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(value) + Data("\n".utf8), to: file(name))
    }

    public func readJSON<T: Decodable>(_ type: T.Type, from name: String) throws -> T {
        let data = try WholeFile.read(file(name))
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw FileError(
                path: file(name), action: "understand",
                reason: "it does not hold what this version of Retort wrote there; remove it to make it anew")
        }
    }
}

/// Keeps a second run out of the folder while this one works. Ends with the process, however that ends.
public final class RunLock {
    private let descriptor: Int32

    /// - Throws: `RunError.locked` while another process holds the folder.
    public init(_ run: RunFolder) throws {
        try WholeFile.makeFolder(run.path)
        let path = run.file("lock")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileError(path: path, action: "open", reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = pread(descriptor, &bytes, bytes.count, 0)
            close(descriptor)
            let holder = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw RunError.locked(folder: run.path, holder: holder)
        }
        let text = "\(getpid())\n"
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.utf8.count, 0) }
    }

    deinit { close(descriptor) }
}

/// Why a run cannot go on.
public enum RunError: Error, CustomStringConvertible, Equatable {
    case locked(folder: String, holder: String)
    case unknownPhase(String, known: [String])
    case missingInput(phase: String, input: String, remedy: String)
    case missingOutput(phase: String, output: String)
    case brokenManifest(path: String, reason: String)
    case notSupported(what: String, remedy: String)
    case failed(phase: String, reason: String)

    public var description: String {
        switch self {
        case .locked(let folder, let holder):
            "another run\(holder.isEmpty ? "" : " (process \(holder))") works in \(folder); wait for it or choose another folder with --out"
        case .unknownPhase(let name, let known):
            "there is no phase '\(name)'" + (NearestName.of(name, among: known).map { "; did you mean '\($0)'?" } ?? "")
                + " The phases are \(known.joined(separator: ", "))"
        case .missingInput(let phase, let input, let remedy): "\(phase) needs \(input), which is not there; \(remedy)"
        case .missingOutput(let phase, let output): "\(phase) ended without writing \(output)"
        case .brokenManifest(let path, let reason): "\(path): \(reason); remove it to start the run's phases anew"
        case .notSupported(let what, let remedy): "\(what); \(remedy)"
        case .failed(let phase, let reason): "\(phase): \(reason)"
        }
    }
}
