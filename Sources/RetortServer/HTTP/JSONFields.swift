import Checkpoints
import Hummingbird
import NIOCore

/// The fields of a request's JSON object, each read with its limits. A field that is null counts as missing; one that nobody asks for is
/// ignored.
struct JSONFields {
    let object: JSONObject
    /// Where the object stands in the request, for messages.
    var place = ""

    init(_ object: JSONObject, at place: String = "") {
        self.object = object
        self.place = place
    }

    /// Reads the whole body.
    init(_ request: Request, most bytes: Int) async throws {
        let buffer = try await request.body.collect(upTo: bytes)
        let value: JSONValue
        do {
            value = try buffer.withUnsafeReadableBytes { try JSONValue(parsing: $0) }
        } catch let error as JSONError {
            throw HTTPProblem.bad("the request's body is no JSON: \(error)", code: "invalid_json")
        }
        guard case .object(let object) = value else { throw HTTPProblem.bad("the request's body is no JSON object", code: "invalid_json") }
        self.init(object)
    }

    private func name(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    subscript(_ key: String) -> JSONValue? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    private func wrong(_ key: String, _ wanted: String) -> HTTPProblem { .bad("'\(name(key))' must be \(wanted)", name(key)) }

    func text(_ key: String, most bytes: Int) throws(HTTPProblem) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value, text.utf8.count <= bytes else { throw wrong(key, "a string of at most \(bytes) bytes") }
        return text
    }

    func required(_ key: String, most bytes: Int) throws(HTTPProblem) -> String {
        guard let text = try text(key, most: bytes) else { throw .bad("'\(name(key))' is missing", name(key)) }
        return text
    }

    func boolean(_ key: String) throws(HTTPProblem) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .boolean(let flag) = value else { throw wrong(key, "true or false") }
        return flag
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws(HTTPProblem) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let number) = value, range.contains(number) else {
            throw wrong(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ key: String, _ range: ClosedRange<Double>) throws(HTTPProblem) -> Double? {
        let number: Double
        switch self[key] {
        case nil: return nil
        case .integer(let value): number = Double(value)
        case .number(let value): number = value
        default: number = .nan
        }
        guard range.contains(number) else { throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    func list(_ key: String, most count: Int) throws(HTTPProblem) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard case .array(let elements) = value, elements.count <= count else { throw wrong(key, "a list of at most \(count)") }
        return elements
    }

    /// A seed is any whole number.
    func seed() throws(HTTPProblem) -> UInt64? {
        try integer("seed", Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
    }

    /// `deadline_ms`, counted from the request's arrival.
    func deadline(_ standard: Duration, most: Duration) throws(HTTPProblem) -> Duration {
        let limit = Int(most.components.seconds) * 1000
        return try integer("deadline_ms", 1...max(1, limit)).map { .milliseconds($0) } ?? standard
    }
}
