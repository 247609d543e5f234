import Foundation
import Questions

/// Where a question's fields stand in somebody else's records.
///
/// A place is a key, or a path with dots (`question.stem`); a path through a list gives the list of what it finds
/// (`choices.text`). `choices` is one place that holds a list, or four places separated by commas.
public struct FieldMap: Sendable, Hashable {
    public enum Field: String, CaseIterable, Sendable {
        case question, choices, answer, subject, topic, explanation, id, source, domain, family, difficulty
    }

    /// What the answer's key is.
    public enum Key: String, CaseIterable, Sendable {
        /// A letter, one choice's text, or a number counted from `firstIndex`, whichever fits; refused where two fit differently.
        case auto
        case letter, index, text
    }

    public var places: [Field: [String]]
    public var key: Key
    /// The number of the first choice where answers are numbers: 0 or 1.
    public var firstIndex: Int

    public init(places: [Field: [String]] = [:], key: Key = .auto, firstIndex: Int = 0) {
        self.places = places
        self.key = key
        self.firstIndex = firstIndex
    }

    /// - Parameter mappings: `field=place`, as on the command line.
    public init(mappings: [String], key: Key = .auto, firstIndex: Int = 0) throws {
        self.init(key: key, firstIndex: firstIndex)
        for mapping in mappings {
            let sides = mapping.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2, !sides[1].isEmpty else {
                throw DatasetError.badMapping(mapping, reason: "write FIELD=PLACE")
            }
            guard let field = Field(rawValue: sides[0]) else {
                let known = Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw DatasetError.badMapping(mapping, reason: "the fields are \(known)")
            }
            guard places[field] == nil else { throw DatasetError.badMapping(mapping, reason: "\(field.rawValue) is mapped twice") }
            let found = sides[1].split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
            guard found.allSatisfy({ !$0.isEmpty }), found.count == 1 || field == .choices else {
                throw DatasetError.badMapping(mapping, reason: "only choices may have several places, separated by commas")
            }
            places[field] = found
        }
    }

    /// The places of a field; its own name where nothing is mapped.
    func places(of field: Field) -> [String] { places[field] ?? [field.rawValue] }

    /// What stands at a field's first place.
    func value(_ field: Field, in record: [String: Any]) -> Any? {
        Self.find(places(of: field)[0], in: record)
    }

    func text(_ field: Field, in record: [String: Any]) -> String? { value(field, in: record).flatMap(Self.text) }

    /// All choices, nil where there is none at all.
    func choices(in record: [String: Any]) -> [String]? {
        let places = places(of: .choices)
        if places.count > 1 {
            let found = places.map { Self.find($0, in: record).flatMap(Self.text) }
            // A column that is there and empty is an empty choice; one that is missing is a missing choice.
            let present = found.compactMap { $0 }
            return present.isEmpty ? nil : present
        }
        switch Self.find(places[0], in: record) {
        case let list as [Any]: return list.map { Self.text($0) ?? "" }
        // {"A": "…", "B": "…", …}
        case let named as [String: Any]: return named.sorted { $0.key < $1.key }.map { Self.text($0.value) ?? "" }
        default: return nil
        }
    }

    private static func find(_ path: String, in value: Any) -> Any? {
        if let record = value as? [String: Any] {
            if let found = record[path] { return found is NSNull ? nil : found }
            guard let dot = path.firstIndex(of: ".") else { return nil }
            return record[String(path[..<dot])].flatMap { find(String(path[path.index(after: dot)...]), in: $0) }
        }
        if let list = value as? [Any] {
            let found = list.compactMap { find(path, in: $0) }
            return found.isEmpty ? nil : found
        }
        return nil
    }

    /// A text or a number as text; nil for anything else.
    static func text(_ value: Any) -> String? {
        if let text = value as? String { return text }
        guard let number = value as? NSNumber, !isBoolean(number) else { return nil }
        return number.stringValue
    }

    private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" || "\(type(of: number))" == "Bool" }
}
