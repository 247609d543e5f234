import Groundwork

/// A JSON object in a file, read key by key; every complaint names the file and the key.
package struct JSONFile {
    package let path: String
    package let object: JSONObject
    /// The path of keys above `object`, for messages: "" or "rope_scaling.".
    private let prefix: String

    /// Configurations are kilobytes and an index of shards megabytes; anything past this is not one.
    private static let largest = 100_000_000

    package init(path: String) throws {
        let file = try MappedFile(path: path)
        guard file.count <= Self.largest else {
            throw CheckpointError.malformed(path: path, place: "size", reason: "\(file.count) bytes of JSON; at most \(Self.largest) are read")
        }
        self = try file.withBytes { try JSONFile(path: path, bytes: $0) }
    }

    init(path: String, bytes: UnsafeRawBufferPointer) throws {
        do {
            guard case .object(let object) = try JSONValue(parsing: bytes) else {
                throw CheckpointError.malformed(path: path, place: "JSON", reason: "it is not an object")
            }
            self.init(path: path, object: object, prefix: "")
        } catch let error as JSONError {
            throw CheckpointError.malformed(path: path, place: "JSON, byte \(error.offset)", reason: error.reason)
        }
    }

    private init(path: String, object: JSONObject, prefix: String) {
        self.path = path
        self.object = object
        self.prefix = prefix
    }

    func malformed(_ key: String, _ reason: String) -> CheckpointError {
        .malformed(path: path, place: prefix + key, reason: reason)
    }

    /// The value, or nil when the key is absent or null.
    func value(_ key: String) -> JSONValue? { object[key] == .null ? nil : object[key] }

    private func typed<T>(_ key: String, _ wanted: String, _ convert: (JSONValue) -> T?) throws -> T? {
        guard let value = value(key) else { return nil }
        guard let converted = convert(value) else { throw malformed(key, "expected \(wanted), found \(value.kind)") }
        return converted
    }

    func int(_ key: String) throws -> Int? {
        try typed(key, "an integer") {
            switch $0 {
            case .integer(let number): number
            case .number(let number): Int(exactly: number)
            default: nil
            }
        }
    }

    func number(_ key: String) throws -> Double? {
        try typed(key, "a number") {
            switch $0 {
            case .integer(let number): Double(number)
            case .number(let number): number
            default: nil
            }
        }
    }

    func flag(_ key: String) throws -> Bool? {
        try typed(key, "true or false") { if case .boolean(let flag) = $0 { flag } else { nil } }
    }

    func string(_ key: String) throws -> String? {
        try typed(key, "a string") { if case .string(let text) = $0 { text } else { nil } }
    }

    func strings(_ key: String) throws -> [String]? {
        guard let elements = try array(key) else { return nil }
        return try elements.map {
            guard case .string(let text) = $0 else { throw malformed(key, "expected strings, found \($0.kind) among them") }
            return text
        }
    }

    func array(_ key: String) throws -> [JSONValue]? {
        try typed(key, "an array") { if case .array(let elements) = $0 { elements } else { nil } }
    }

    func object(_ key: String) throws -> JSONFile? {
        try typed(key, "an object") {
            if case .object(let object) = $0 { JSONFile(path: path, object: object, prefix: "\(prefix)\(key).") } else { nil }
        }
    }

    /// A whole number that is at least 1 and sane as a size: products of three such stay within 63 bits.
    func size(_ key: String) throws -> Int? {
        guard let number = try int(key) else { return nil }
        guard (1...1 << 20).contains(number) else { throw malformed(key, "\(number) is not between 1 and \(1 << 20)") }
        return number
    }

    func required<T>(_ key: String, _ value: T?) throws -> T {
        guard let value else { throw malformed(key, "the key is missing") }
        return value
    }
}
