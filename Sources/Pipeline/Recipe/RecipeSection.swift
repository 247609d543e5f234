import Foundation
import Groundwork
import Yams

/// A typed view of one section of a recipe. Opening it refuses unknown keys; reading a value refuses a wrong type or range;
/// both name the file and the line.
struct RecipeSection {
    let source: RecipeSource
    let path: [String]
    private let node: Node
    private let values: [(key: String, value: Node)]

    init(_ source: RecipeSource) throws { try self.init(source, source.root, path: []) }

    private init(_ source: RecipeSource, _ node: Node, path: [String]) throws {
        self.source = source
        self.path = path
        self.node = node
        let place = source.place(of: node, path: path)
        guard let mapping = node.mapping else {
            throw RecipeError(
                place: place, reason: "'\(path.joined(separator: "."))' is a section: write its keys indented under it")
        }
        guard let known = RecipeSchema.keys(at: path) else { preconditionFailure("\(path) is in no schema") }
        var values: [(String, Node)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw RecipeError(place: source.place(of: key, path: path), reason: "a key is a plain word")
            }
            if !known.contains(name) && !known.contains("*") {
                throw RecipeSource.unknownKey(name, in: path, place: source.place(of: key, path: path))
            }
            values.append((name, value))
        }
        self.values = values
    }

    /// The keys written, in the order of the file.
    var names: [String] { values.map(\.key) }

    func has(_ key: String) -> Bool { node(key) != nil }

    func section(_ key: String) throws -> RecipeSection? {
        guard let value = node(key) else { return nil }
        return try RecipeSection(source, value, path: path + [key])
    }

    func requiredSection(_ key: String) throws -> RecipeSection {
        guard let section = try section(key) else { throw missing(key) }
        return section
    }

    func string(_ key: String) throws -> String {
        guard let value = node(key) else { throw missing(key) }
        guard let text = value.scalar?.string, !text.isEmpty else { throw wrong(key, "a text", value) }
        return text
    }

    func string(_ key: String, default fallback: String) throws -> String { has(key) ? try string(key) : fallback }

    func optionalString(_ key: String) throws -> String? { has(key) ? try string(key) : nil }

    func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = node(key) else { throw missing(key) }
        let text = value.scalar?.string.replacingOccurrences(of: "_", with: "") ?? ""
        guard let number = Int(text), range.contains(number) else {
            let bounds = range.upperBound == .max
                ? "a whole number of at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw wrong(key, bounds, value)
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        has(key) ? try integer(key, in: range) : fallback
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        guard let value = node(key) else { throw missing(key) }
        guard let number = Double(value.scalar?.string ?? ""), range.contains(number) else {
            let bounds = range.upperBound == .infinity
                ? "a number of at least \(Self.plain(range.lowerBound))"
                : "a number from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))"
            throw wrong(key, bounds, value)
        }
        return number
    }

    func number(_ key: String, in range: ClosedRange<Double>, default fallback: Double) throws -> Double {
        has(key) ? try number(key, in: range) : fallback
    }

    func optionalNumber(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        has(key) ? try number(key, in: range) : nil
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        guard let value = node(key) else { return fallback }
        switch value.scalar?.string {
        case "true": return true
        case "false": return false
        default: throw wrong(key, "true or false", value)
        }
    }

    /// A duration such as `10s`, `1.5 s`, `800ms` or `2min`, in seconds.
    func seconds(_ key: String, default fallback: Double) throws -> Double {
        guard let value = node(key) else { return fallback }
        guard let seconds = Seconds.parse(value.scalar?.string ?? ""), seconds > 0 else {
            throw wrong(key, "a duration such as 6s or 800ms", value)
        }
        return seconds
    }

    /// An amount of memory, `8G` or `512MiB`.
    func bytes(_ key: String) throws -> Int {
        guard let value = node(key) else { throw missing(key) }
        guard let bytes = ByteCount.parse(value.scalar?.string ?? "") else { throw wrong(key, "an amount of memory such as 8G or 512M", value) }
        return bytes
    }

    /// Two durations, `[2s, 3s]`.
    func optionalSecondsRange(_ key: String) throws -> [Double]? {
        guard let value = node(key) else { return nil }
        let numbers = (value.sequence.map(Array.init) ?? []).compactMap { Seconds.parse($0.scalar?.string ?? "") }
        guard numbers.count == 2, numbers[0] <= numbers[1] else { throw wrong(key, "two durations such as [2s, 3s]", value) }
        return numbers
    }

    func word<T: RawRepresentable & CaseIterable>(_ key: String, default fallback: T) throws -> T where T.RawValue == String {
        has(key) ? try word(key) : fallback
    }

    func word<T: RawRepresentable & CaseIterable>(_ key: String) throws -> T where T.RawValue == String {
        guard let value = node(key) else { throw missing(key) }
        let text = value.scalar?.string ?? ""
        guard let found = T(rawValue: text) else {
            let names = T.allCases.map(\.rawValue)
            let near = NearestName.of(text, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw wrong(key, "one of \(names.joined(separator: ", "))", value, hint: near)
        }
        return found
    }

    func words<T: RawRepresentable & CaseIterable>(_ key: String, default fallback: [T]) throws -> [T] where T.RawValue == String {
        guard let value = node(key) else { return fallback }
        let names = T.allCases.map(\.rawValue)
        let found = try strings(key, default: []).map { text in
            guard let word = T(rawValue: text) else {
                let near = NearestName.of(text, among: names).map { "; did you mean '\($0)'?" } ?? ""
                throw wrong(key, "a list of \(names.joined(separator: ", "))", value, hint: near)
            }
            return word
        }
        guard !found.isEmpty, Set(found.map(\.rawValue)).count == found.count else {
            throw wrong(key, "a list of \(names.joined(separator: ", ")), each at most once", value)
        }
        return found
    }

    func strings(_ key: String, default fallback: [String]) throws -> [String] {
        guard let value = node(key) else { return fallback }
        if let one = value.scalar?.string, !one.isEmpty { return [one] }
        guard let list = value.sequence else { throw wrong(key, "a list of texts", value) }
        return try list.map { item in
            guard let text = item.scalar?.string, !text.isEmpty else { throw wrong(key, "a list of texts", value) }
            return text
        }
    }

    func error(_ key: String, _ reason: String) -> RecipeError {
        let place = node(key).map { source.place(of: $0, path: path + [key]) } ?? source.place(of: node, path: path)
        return RecipeError(place: place, reason: reason)
    }

    private func missing(_ key: String) -> RecipeError {
        RecipeError(
            place: source.place(of: node, path: path), reason: "the key '\((path + [key]).joined(separator: "."))' is missing")
    }

    private func wrong(_ key: String, _ wanted: String, _ found: Node, hint: String = "") -> RecipeError {
        let shown = found.scalar.map { "'\($0.string)'" } ?? (found.mapping == nil ? "a list" : "a section")
        let full = (path + [key]).joined(separator: ".")
        return RecipeError(
            place: source.place(of: found, path: path + [key]), reason: "'\(full)' is \(wanted), not \(shown)\(hint)")
    }

    private func node(_ key: String) -> Node? {
        precondition(
            RecipeSchema.keys(at: path)?.contains { $0 == key || $0 == "*" } == true, "\(key) is not in the schema of \(path)")
        guard let value = values.first(where: { $0.key == key })?.value else { return nil }
        return value.tag == Tag(.null) ? nil : value
    }

    private static func plain(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
    }
}

/// Durations as people write them.
public enum Seconds {
    /// `10s`, `1.5 s`, `800ms`, `2min` or a plain number of seconds; nil for anything else.
    public static func parse(_ text: String) -> Double? {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        let units: [(String, Double)] = [("ms", 0.001), ("min", 60), ("s", 1), ("h", 3600), ("", 1)]
        for (unit, factor) in units where trimmed.hasSuffix(unit) {
            let digits = trimmed.dropLast(unit.count).trimmingCharacters(in: .whitespaces)
            if let number = Double(digits), number.isFinite, number >= 0 { return number * factor }
            return nil
        }
        return nil
    }
}
