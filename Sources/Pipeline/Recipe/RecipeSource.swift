import Foundation
import Groundwork
import Yams

/// A recipe's YAML with the command line's overrides laid over it, still untyped, and where each part of it was written.
struct RecipeSource {
    let file: String
    let root: Node
    /// The override that set a key path, for messages about its value.
    let overrides: [[String]: String]

    /// - Parameter overrides: `key.path=value`; the value is YAML (`3`, `[q_proj, v_proj]`, `{math: 2}`).
    init(file: String, text: String, overrides: [String]) throws {
        self.file = file
        var root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw RecipeError(place: file, reason: "the recipe is empty")
            }
            root = node
        } catch let error as YamlError {
            throw Self.syntaxError(error, file: file)
        }
        guard root.mapping != nil else {
            throw RecipeError(place: file, reason: "a recipe is a mapping of keys such as 'name: …', this file is not")
        }
        var written: [[String]: String] = [:]
        for override in overrides {
            let place = Self.name(override)
            guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
                throw RecipeError(place: place, reason: "an override is written key.path=value, such as train.batch=4")
            }
            let path = override[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            try Self.checkPath(path, place: place)
            let text = String(override[override.index(after: equals)...])
            let value: Node
            do {
                value = try Yams.compose(yaml: text) ?? Node("")
            } catch let error as YamlError {
                throw Self.syntaxError(error, file: place)
            }
            root = try Self.setting(value, at: path[...], in: root, place: place)
            written[path] = override
        }
        self.root = root
        self.overrides = written
    }

    /// As an error names it. What is said of a teacher may hold a key that ought not to stand there: it is left out.
    private static func name(_ override: String) -> String {
        guard override.hasPrefix("teachers"), let equals = override.firstIndex(of: "=") else { return "the override '\(override)'" }
        return "the override '\(override[...equals])…'"
    }

    /// "FILE:LINE" of a node, or the override that wrote it or a section around it.
    func place(of node: Node, path: [String]) -> String {
        for length in stride(from: path.count, through: 1, by: -1) {
            if let override = overrides[Array(path.prefix(length))] { return Self.name(override) }
        }
        return node.mark.map { "\(file):\($0.line)" } ?? file
    }

    private static func checkPath(_ path: [String], place: String) throws {
        for index in path.indices {
            let section = Array(path[..<index])
            guard let keys = RecipeSchema.keys(at: section) else {
                throw RecipeError(place: place, reason: "'\(section.joined(separator: "."))' holds no keys of its own")
            }
            if keys.contains(path[index]) || keys.contains("*") { continue }
            throw unknownKey(path[index], in: section, place: place)
        }
    }

    static func unknownKey(_ key: String, in section: [String], place: String) -> RecipeError {
        let full = (section + [key]).joined(separator: ".")
        if let near = RecipeSchema.suggestion(for: key, in: section) {
            return RecipeError(place: place, reason: "unknown key '\(full)'; did you mean '\(near)'?")
        }
        let known = (RecipeSchema.keys(at: section) ?? []).joined(separator: ", ")
        return RecipeError(place: place, reason: "unknown key '\(full)'; known here: \(known)")
    }

    private static func setting(_ value: Node, at path: ArraySlice<String>, in node: Node, place: String) throws -> Node {
        guard let key = path.first else { return value }
        guard var mapping = node.mapping else {
            throw RecipeError(place: place, reason: "there is no section to hold '\(key)': the recipe has a plain value there")
        }
        let inner = mapping.first { $0.key.scalar?.string == key }?.value ?? .mapping(.init([]))
        mapping[Node(key)] = try setting(value, at: path.dropFirst(), in: inner, place: place)
        return .mapping(mapping)
    }

    private static func syntaxError(_ error: YamlError, file: String) -> RecipeError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return RecipeError(place: "\(file):\(mark.line)", reason: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return RecipeError(place: "\(file):\(context.mark.line)", reason: "the key \(names) stands twice; keep one")
        default:
            return RecipeError(place: file, reason: "not YAML: \(error)".replacingOccurrences(of: "\n", with: " "))
        }
    }
}
