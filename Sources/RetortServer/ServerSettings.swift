import Agents

/// How the server listens, and what it lets in.
public struct ServerSettings: Sendable {
    public var host = "127.0.0.1"
    /// 0 takes a free one.
    public var port = 8080
    /// Whoever does not know it is refused; nil lets everybody in who can reach a loopback address.
    public var token: String?
    /// Requests that wait for a thread.
    public var queue = 64
    /// Time of an answer, a question and a chat completion, from the request's arrival, where the request names none.
    public var answerDeadline = Duration.seconds(6), questionDeadline = Duration.seconds(10), chatDeadline = Duration.seconds(120)
    /// The longest time that a request may name.
    public var longestDeadline = Duration.seconds(600)
    public var answering = AgentSettings.answers, asking = AgentSettings.questions
    /// Bytes of a request's body.
    public var bodyBytes = 1 << 20
    /// A connection that says nothing for so long is closed.
    public var idleSeconds: Int64 = 75

    public init() {}

    var isLoopback: Bool { Self.isLoopback(host) }

    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host == "[::1]" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }

    /// - Throws: `ServerError` for what would let everybody in.
    public func validate() throws {
        if !isLoopback, token == nil { throw ServerError.openToAll(host: host) }
        if let token, token.utf8.count < 16 { throw ServerError.shortToken(characters: token.utf8.count) }
    }
}

/// Why there is no server.
public enum ServerError: Error, CustomStringConvertible {
    case openToAll(host: String)
    case shortToken(characters: Int)
    case adapterName(String, reason: String)

    public var description: String {
        switch self {
        case .openToAll(let host):
            "the server would listen on \(host), where others reach it, without a token: name the environment variable that holds one "
                + "with --api-key-env, or its file with --api-key-file, or listen on 127.0.0.1"
        case .shortToken(let characters):
            "the token has \(characters) characters; give it at least 16, such as `openssl rand -hex 16` prints"
        case .adapterName(let name, let reason):
            "'\(name)' cannot be served under this name: \(reason)"
        }
    }
}
