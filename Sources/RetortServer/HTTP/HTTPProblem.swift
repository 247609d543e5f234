import Agents
import Checkpoints
import HTTPTypes
import Hummingbird
import NIOCore
import Tokenizers
import Transformers

/// Why a request gets no result, as OpenAI's clients read it.
struct HTTPProblem: Error {
    let status: HTTPResponse.Status
    let message: String
    var code: String?
    var parameter: String?
    var retryAfter: Duration?

    init(_ status: HTTPResponse.Status, _ message: String, code: String? = nil, parameter: String? = nil, retryAfter: Duration? = nil) {
        self.status = status
        self.message = message
        self.code = code
        self.parameter = parameter
        self.retryAfter = retryAfter
    }

    static func bad(_ message: String, _ parameter: String? = nil, code: String? = nil) -> HTTPProblem {
        HTTPProblem(.badRequest, message, code: code, parameter: parameter)
    }

    static func busy(_ retryAfter: Duration) -> HTTPProblem {
        HTTPProblem(
            .tooManyRequests, "as many requests wait as can be served in time; ask again in \(retryAfter.components.seconds) s",
            code: "queue_full", retryAfter: retryAfter)
    }

    /// More came than could be served in time, which was not to be seen when this one was let in.
    static let late = HTTPProblem(
        .tooManyRequests, "the request's time had passed before its turn came", code: "deadline_exceeded", retryAfter: .seconds(1))
    /// Nobody is there to read it; the status is nginx's.
    static let cancelled = HTTPProblem(.init(code: 499, reasonPhrase: "Client Closed Request"), "the client went away", code: "cancelled")

    /// What other parts of the program throw. What is not known to be the request's fault is the server's.
    init(_ error: any Error) {
        switch error {
        case let problem as HTTPProblem: self = problem
        case is CancellationError: self = .cancelled
        case let error as AgentError:
            switch error {
            case .tooLong, .tooFewNewTokens, .deadlineNotPositive, .setting: self = .bad("\(error)", code: "invalid_request")
            default: self.init(.internalServerError, "\(error)")
            }
        case let error as ModelError:
            if case .tooLong = error {
                self = .bad("\(error)", code: "context_length_exceeded")
            } else {
                self.init(.internalServerError, "\(error)")
            }
        case let error as TokenizerError: self = .bad("\(error)", "messages")
        case is Transformers.DecodingError: self.init(.internalServerError, "\(error)")
        case is NIOTooManyBytesError: self.init(.contentTooLarge, "the request's body is too large")
        case let error as any HTTPResponseError where error.status == .notFound:
            self.init(.notFound, "there is nothing here; see GET /v1/models, POST /v1/answer, /v1/question, /v1/chat/completions", code: "not_found")
        case let error as any HTTPResponseError: self.init(error.status, error.status.reasonPhrase)
        default: self.init(.internalServerError, "\(error)")
        }
    }

    var json: JSONValue {
        let type = switch status.code {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
        return .object(JSONObject([
            ("error", .object(JSONObject([
                ("message", .string(message)), ("type", .string(type)), ("param", parameter.map { .string($0) } ?? .null),
                ("code", code.map { .string($0) } ?? .null),
            ])))
        ]))
    }

    var response: Response {
        var response = Response(status, json)
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter.components.seconds) }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}

extension Response {
    init(_ status: HTTPResponse.Status, _ json: JSONValue) {
        self.init(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: json.text() + "\n")))
    }

    /// Server-sent events, one after another, until there are no more.
    init(events: AsyncStream<String>) {
        self.init(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .accelBuffering: "no"],
            body: ResponseBody { writer in
                for await event in events { try await writer.write(ByteBuffer(string: event)) }
                try await writer.finish(nil)
            })
    }
}

/// Text of server-sent events.
enum ServerSentEvent {
    static func text(_ name: String? = nil, _ data: String) -> String { (name.map { "event: \($0)\n" } ?? "") + "data: \(data)\n\n" }
    static func text(_ name: String? = nil, _ data: JSONValue) -> String { text(name, data.text()) }
}
