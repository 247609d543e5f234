import Foundation

/// One step of a run. It reads files, writes files, and nothing else passes between phases; so each can be run, looked at,
/// replaced or repeated alone.
public protocol Phase {
    /// "collect", "train:math", …
    var name: String { get }
    /// Everything of the recipe (and of the code's own revision) that its outputs follow from, flat and printable;
    /// a phase is repeated when any of it changes.
    var settings: [String: String] { get throws }
    var inputs: [PhaseInput] { get }
    /// Files and folders in the run folder that exist, and are final, once the phase has run.
    var outputs: [String] { get }
    /// Its own records of work that a stopped run continues from, in the run folder. Kept while settings and inputs stay the
    /// same; what belongs to others is handled as `staleWork` says.
    var work: [String] { get }
    var staleWork: StaleWork { get }
    func run(in run: RunFolder) throws
}

extension Phase {
    public var work: [String] { [] }
    public var staleWork: StaleWork { .delete }
}

/// What happens to a phase's unfinished work and old outputs when its settings or inputs have changed.
public enum StaleWork: Sendable {
    case delete
    /// Moved beside, under `set-aside/`: for what was expensive to make.
    case setAside
}

/// A file or folder that a phase reads.
public struct PhaseInput: Sendable, Hashable {
    public enum Place: Sendable, Hashable {
        /// In the run folder, written by an earlier phase.
        case run(String)
        /// Anywhere else; relative to the working folder.
        case external(String)
        /// A model: a GGUF file, a folder, or a repository id of the local cache.
        case model(String)
    }
    public let place: Place

    public static func run(_ path: String) -> PhaseInput { PhaseInput(place: .run(path)) }
    public static func external(_ path: String) -> PhaseInput { PhaseInput(place: .external(path)) }
    public static func model(_ reference: String) -> PhaseInput { PhaseInput(place: .model(reference)) }

    /// How the manifest and messages name it.
    public var label: String {
        switch place {
        case .run(let path), .external(let path), .model(let path): path
        }
    }
}

/// Turns settings into the flat form that the manifest keeps and compares.
public enum FlatSettings {
    /// `{"train": {"rank": 16}}` becomes `["train.rank": "16"]`.
    public static func of(_ value: some Encodable, under prefix: String = "") throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let object = try JSONSerialization.jsonObject(with: encoder.encode(value), options: [.fragmentsAllowed])
        var flat: [String: String] = [:]
        add(object, prefix, to: &flat)
        return flat
    }

    private static func add(_ value: Any, _ path: String, to flat: inout [String: String]) {
        switch value {
        case let mapping as [String: Any]:
            for (key, inner) in mapping { add(inner, path.isEmpty ? key : path + "." + key, to: &flat) }
        case let sections as [[String: Any]] where !sections.isEmpty:
            // Key by key: a mapping printed whole comes in another order in every process.
            for (index, section) in sections.enumerated() { add(section, "\(path).\(index)", to: &flat) }
        case let list as [Any]:
            flat[path] = "[" + list.map(item).joined(separator: ", ") + "]"
        default:
            flat[path] = "\(value)"
        }
    }

    /// In quotes where its own commas would read as two items.
    private static func item(_ value: Any) -> String {
        guard let text = value as? String, text.contains(where: { ",\"".contains($0) }) else { return "\(value)" }
        return "\"" + text.replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }
}
