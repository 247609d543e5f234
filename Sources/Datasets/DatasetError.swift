/// What stops the work on a collection of questions, with the remedy.
public enum DatasetError: Error, CustomStringConvertible {
    case missingLibrary(names: [String], purpose: String, remedy: String)
    case missingFunction(String, library: String)
    case badCompression(path: String, reason: String)
    case unreadable(path: String, reason: String)
    case noColumns(path: String, found: [String], wanted: String)
    case badMapping(String, reason: String)
    case badSubjects(path: String, reason: String)
    case nothingUsable(paths: [String])
    case outputExists(path: String)
    case outputForeign(path: String)
    case sameFile(String, String)
    case badManifest(path: String, reason: String)

    public var description: String {
        switch self {
        case .missingLibrary(let names, let purpose, let remedy):
            "\(purpose) needs the library \(names.joined(separator: " or ")), which this machine does not have; \(remedy)"
        case .missingFunction(let symbol, let library):
            "the library \(library) has no function \(symbol); install a newer one"
        case .badCompression(let path, let reason):
            "\(path) cannot be unpacked: \(reason); fetch or pack it again"
        case .unreadable(let path, let reason):
            "cannot read \(path): \(reason)"
        case .noColumns(let path, let found, let wanted):
            "\(path): the columns \(found.map { "\"\($0)\"" }.joined(separator: ", ")) hold no \(wanted); "
                + "name the columns with --map question=… --map choices=…,…,…,… --map answer=…, or give six columns without a header"
        case .badMapping(let text, let reason):
            "the mapping \"\(text)\" cannot be used: \(reason)"
        case .badSubjects(let path, let reason):
            "\(path) is no map from subjects to domains: \(reason); write {\"subject\": \"math\", …}"
        case .nothingUsable(let paths):
            "no usable question in \(paths.joined(separator: ", ")); `retort data inspect` says what is wrong with them"
        case .outputExists(let path):
            "\(path) exists; choose another place, or replace it with --force"
        case .outputForeign(let path):
            "\(path) exists and was not written by this command, so --force does not replace it; choose another folder"
        case .sameFile(let first, let second):
            "\(first) and \(second) are the same file; name it once"
        case .badManifest(let path, let reason):
            "\(path) cannot be read: \(reason); build the folder again"
        }
    }
}
