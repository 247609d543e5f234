import Crypto
import Foundation

/// SHA-256 of files, folders and texts: the identity of every input in a run's manifest and of every label's prompt.
/// A module of its own so that only what needs a hash builds the cryptography package.
public enum ContentHash {
    /// Lower-case hexadecimal SHA-256.
    public static func of(_ text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    /// Reads in pieces of 4 MiB; memory does not grow with the file.
    public static func ofFile(_ path: String) throws -> String {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        var hash = SHA256()
        while let piece = try handle.read(upToCount: 4 << 20), !piece.isEmpty { hash.update(data: piece) }
        return hex(hash.finalize())
    }

    /// A folder's hash: over the names and contents of the files right inside it, in order of name.
    public static func ofFolder(_ path: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        var parts: [String] = []
        for name in names {
            var isFolder: ObjCBool = false
            let file = path + "/" + name
            if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue {
                parts.append(name + ":" + (try ofFile(file)))
            }
        }
        return of(parts.joined(separator: "\n"))
    }

    private static func hex(_ digest: SHA256.Digest) -> String { digest.map { String(format: "%02x", $0) }.joined() }
}
