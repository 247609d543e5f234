import Agents
import Foundation
import Groundwork
import Yams

/// Reads a team's `qgen.yaml` or `agen.yaml`.
public enum SettingsFile {
    /// Whose settings they are.
    public enum Agent: String, Sendable, CaseIterable {
        case question, answer

        /// The contest's `max_new_tokens`, which no team may raise.
        public var tokenLimit: Int { self == .question ? 1024 : 512 }

        /// What the file is called.
        public var file: String { self == .question ? "qgen.yaml" : "agen.yaml" }

        /// What holds where no file says otherwise.
        public var standard: AgentSettings { self == .question ? .questions : .answers }
    }

    /// A file that cannot be used.
    public struct Invalid: Error, CustomStringConvertible {
        public let file: String
        public let reason: String
        public var description: String { "\(file): \(reason)" }
    }

    private static let largestFile = 1 << 20

    /// Keys that are not the agent's own are left alone, since teams keep other things in these files, and named in `warnings`.
    /// - Throws: `FileError`; `Invalid` with the key and what is allowed.
    public static func read(_ path: String, for agent: Agent) throws -> (settings: AgentSettings, warnings: [String]) {
        let data = try WholeFile.read(path)
        guard data.count <= largestFile else {
            throw Invalid(file: path, reason: "it has \(data.count) bytes; settings are a few lines of YAML")
        }
        return try read(String(decoding: data, as: UTF8.self), file: path, for: agent)
    }

    /// - Parameter file: named in errors.
    public static func read(_ text: String, file: String, for agent: Agent) throws -> (settings: AgentSettings, warnings: [String]) {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw Invalid(file: file, reason: "it is empty; it holds lines such as 'temperature: 0.7'")
            }
            guard let mapping = node.mapping else {
                throw Invalid(file: file, reason: "it is not a mapping of keys such as 'temperature: 0.7'")
            }
            let keys: [String] = mapping.compactMap { $0.key.string }
            let settings = try YAMLDecoder().decode(AgentSettings.self, from: node)
            try checkLimit(settings, agent)
            return (settings, unknown(keys).map { "\(file): '\($0)' is no setting of the \(agent.rawValue) agent and changes nothing" })
        } catch let error as YamlError {
            throw Invalid(file: file, reason: firstLine("\(error)"))
        } catch let error as AgentError {
            throw Invalid(file: file, reason: "\(error)")
        } catch let error as DecodingError {
            throw Invalid(file: file, reason: reason(of: error, in: text))
        }
    }

    /// `base` with a request's own values laid over it.
    /// - Throws: `AgentError` or `DecodingError` for a value that means nothing or may not be.
    public static func laying(
        _ changes: [String: SettingValue], over base: AgentSettings, for agent: Agent
    ) throws -> (settings: AgentSettings, unknown: [String]) {
        let coded = try JSONEncoder().encode(base)
        var values = try JSONDecoder().decode([String: SettingValue].self, from: coded)
        // A temperature alone decides whether anything is drawn, as in a file.
        if changes["temperature"] != nil, changes["do_sample"] == nil { values["do_sample"] = nil }
        values.merge(changes) { $1 }
        let settings = try JSONDecoder().decode(AgentSettings.self, from: JSONEncoder().encode(values))
        try checkLimit(settings, agent)
        return (settings, unknown(changes.keys.sorted()))
    }

    private static func checkLimit(_ settings: AgentSettings, _ agent: Agent) throws {
        guard settings.maxNewTokens <= agent.tokenLimit else {
            throw AgentError.setting(
                key: "max_new_tokens", value: "\(settings.maxNewTokens)",
                allowed: "a whole number up to \(agent.tokenLimit), the tournament's limit for the \(agent.rawValue) agent")
        }
    }

    private static func unknown(_ keys: [String]) -> [String] {
        let known = Set(AgentSettings.CodingKeys.allCases.map(\.rawValue))
        return keys.filter { !known.contains($0) }
    }

    /// The key, what is allowed and what is there.
    private static func reason(of error: DecodingError, in text: String) -> String {
        guard case .typeMismatch(let type, let context) = error, let key = context.codingPath.last?.stringValue else {
            return DecodingReason.of(error)
        }
        let written = (try? Yams.load(yaml: text) as? [String: Any])?[key].map { "\($0)" } ?? "something else"
        return "\(key) is \(written); allowed is \(DecodingReason.name(of: type))"
    }

    private static func firstLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    }

    /// The settings as such a file.
    /// - Parameter comment: lines that stand above them.
    public static func text(_ settings: AgentSettings, comment: [String]) throws -> String {
        let values = try JSONDecoder().decode([String: SettingValue].self, from: JSONEncoder().encode(settings))
        let lines = try AgentSettings.CodingKeys.allCases.compactMap { key -> String? in
            // Where nothing is sampled, transformers warns of settings that mean nothing.
            if !settings.doSample, [.temperature, .topP, .topK].contains(key) { return nil }
            // A JSON scalar is a YAML scalar, and easier to read than Yams's 6e-1.
            return try values[key.rawValue].map { "\(key.rawValue): \(String(decoding: try JSONEncoder().encode($0), as: UTF8.self))\n" }
        }
        return comment.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined() + lines.joined()
    }
}
