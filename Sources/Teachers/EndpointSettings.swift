import Foundation

/// Where an OpenAI-compatible server is and how it is used:
/// `URL[,model=NAME][,key-env=VARIABLE][,weight=NUMBER][,slots=NUMBER][,timeout=SECONDS]`.
public struct EndpointSettings: Sendable, Hashable {
    /// The address below which `/chat/completions` stands, such as `http://localhost:8000/v1`.
    public var url: String
    /// What the server calls the model; nil asks the server, which must then have exactly one.
    public var model: String?
    /// The environment variable that holds the key; nil sends none.
    public var keyVariable: String?
    /// The share of requests beside other endpoints that have room too.
    public var weight: Double
    /// Requests at once at most; how many it really gets adapts to what it bears.
    public var slots: Int
    /// Seconds that one request may take, from its sending to the last byte of its reply.
    public var timeout: Double

    public init(
        url: String, model: String? = nil, keyVariable: String? = nil, weight: Double = 1, slots: Int = 64, timeout: Double = 600
    ) throws {
        self.url = try Self.base(url)
        self.model = model
        self.keyVariable = keyVariable
        self.weight = weight
        self.slots = slots
        self.timeout = timeout
    }

    /// - Parameter text: an argument of `--endpoint`.
    public init(parsing text: String) throws {
        var parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        try self.init(url: parts.removeFirst())
        var seen: Set<String> = []
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, !pair[1].isEmpty else { throw error("\(part.isEmpty ? "an empty part" : part) is not name=value") }
            guard seen.insert(pair[0]).inserted else { throw error("\(pair[0]) is given twice") }
            switch pair[0] {
            case "model": model = pair[1]
            case "key-env":
                // Whoever writes the key itself here must not read it again in the error.
                guard pair[1].wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
                    throw TeacherError.badEndpoint(text: url, reason: "key-env is the name of an environment variable, not the key")
                }
                keyVariable = pair[1]
            case "weight": weight = try number(pair, 1e-3...1e6)
            case "slots": slots = Int(try number(pair, 1...4096))
            case "timeout": timeout = try number(pair, 0.01...86_400)
            default: throw error("\(pair[0]) is none of model, key-env, weight, slots, timeout")
            }
        }
    }

    private func number(_ pair: [String], _ range: ClosedRange<Double>) throws -> Double {
        guard let value = Double(pair[1]), range.contains(value) else {
            throw error("\(pair[0]) is \(pair[1]), but must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func error(_ reason: String) -> TeacherError { .badEndpoint(text: url, reason: reason) }

    /// Brings an address into the form that `/chat/completions` can be put behind. Servers stand at `/v1` where nothing else is said.
    private static func base(_ text: String) throws -> String {
        guard var parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty
        else { throw TeacherError.badEndpoint(text: text, reason: "not an address such as http://localhost:8000/v1") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            parts.user = nil
            parts.password = nil
            parts.query = nil
            parts.fragment = nil
            throw TeacherError.badEndpoint(
                text: parts.string ?? host,
                reason: "an address holds no user, password or query; a key comes from the environment (key-env=VARIABLE)")
        }
        parts.scheme = scheme
        while parts.path.hasSuffix("/") { parts.path.removeLast() }
        if parts.path.hasSuffix("/chat/completions") { parts.path.removeLast("/chat/completions".count) }
        if parts.path.isEmpty { parts.path = "/v1" }
        return parts.string ?? text
    }
}

/// A key, kept out of every text: it has no description but its variable's name, and what a server says is cleaned of it.
struct EndpointKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let variable: String
    private let secret: String

    /// - Parameter environment: where keys are looked for.
    init?(_ settings: EndpointSettings, environment: [String: String]) throws {
        guard let variable = settings.keyVariable else { return nil }
        let secret = environment[variable]?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        guard !secret.isEmpty else { throw TeacherError.noKey(endpoint: settings.url, variable: variable) }
        guard secret.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw TeacherError.badEndpoint(text: settings.url, reason: "what \(variable) holds cannot be a key: keys are printable ASCII")
        }
        self.variable = variable
        self.secret = secret
    }

    /// The value of the `Authorization` header.
    var authorization: String { "Bearer " + secret }
    var description: String { "key of \(variable)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }

    func removed(from text: String) -> String { text.replacingOccurrences(of: secret, with: "[\(description)]") }
}
