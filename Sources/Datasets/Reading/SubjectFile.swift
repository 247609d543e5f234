import Foundation
import Groundwork
import Questions

/// Domains of subjects from a JSON file: `{"subject": "math", …}`, or the same for each of several files.
public enum SubjectFile {
    /// - Returns: `base` with the file's subjects on top.
    /// - Throws: `DatasetError` for anything that is no such map, and for a subject that is given two domains.
    public static func read(_ path: String, over base: DomainMap = .standard) throws -> DomainMap {
        guard let object = (try? JSONSerialization.jsonObject(with: try WholeFile.read(path))) as? [String: Any] else {
            _ = try WholeFile.read(path)
            throw DatasetError.badSubjects(path: path, reason: "not a JSON object")
        }
        var domains: [String: Domain] = [:]
        func take(_ entries: [String: Any]) throws {
            for (subject, value) in entries {
                if let nested = value as? [String: Any] {
                    try take(nested)
                    continue
                }
                guard let name = value as? String, let domain = Domain(rawValue: name) else {
                    let known = Domain.allCases.map(\.rawValue).joined(separator: ", ")
                    throw DatasetError.badSubjects(path: path, reason: "the domain of \"\(subject)\" is not one of \(known)")
                }
                if let other = domains.updateValue(domain, forKey: subject), other != domain {
                    throw DatasetError.badSubjects(path: path, reason: "\"\(subject)\" is both \(other) and \(domain)")
                }
            }
        }
        try take(object)
        return base.changed(by: domains)
    }
}
