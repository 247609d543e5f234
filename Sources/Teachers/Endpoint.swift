import AsyncHTTPClient
import Distillation
import Foundation
import Synchronization

/// Why one attempt at an endpoint failed, and what that says about the endpoint.
struct AttemptFailure: Error {
    enum Kind: Sendable {
        /// It asks for less: 429, 503.
        case busy
        /// It cannot be reached.
        case unreachable
        /// It took too long or broke the connection off: too much load, or this request.
        case dropped
        /// It answered with an error of its own or with something unreadable.
        case faulty
        /// It refuses this request, and perhaps every one.
        case refused
        /// It will answer nothing: a wrong key, an unknown model.
        case closed
    }

    let kind: Kind
    let reason: String
    /// What the endpoint asked to be left alone for.
    var wait: Duration?

    init(_ kind: Kind, _ reason: String, wait: Duration? = nil) {
        self.kind = kind
        self.reason = reason
        self.wait = wait
    }
}

/// What a server says of itself.
struct ServerCard: Sendable {
    let model: String
    let dialect: Dialect
    /// Requests that it works on at once, if it tells.
    let slots: Int?
}

/// One server: sends one request once.
struct Endpoint: Sendable {
    let settings: EndpointSettings
    private let key: EndpointKey?
    private let client: HTTPClient

    /// - Parameter environment: holds the key.
    init(_ settings: EndpointSettings, client: HTTPClient, environment: [String: String]) throws {
        self.settings = settings
        self.client = client
        key = try EndpointKey(settings, environment: environment)
    }

    /// - Parameters:
    ///   - inJSON: whether the reply is to be a JSON object (`response_format`).
    ///   - seconds: that the request may take; nil: as the settings say.
    /// - Throws: `AttemptFailure`, `RespondentError.refused`, `CancellationError`.
    func ask(
        _ request: TeacherRequest, as card: ServerCard, inJSON: Bool = false, seconds: Double? = nil
    ) async throws -> TeacherReply {
        let start = ContinuousClock.now
        let body = try JSONEncoder().encode(ChatRequest(request, model: card.model, dialect: card.dialect, inJSON: inJSON))
        let reply = try await send(settings.url + "/chat/completions", body, timeout: seconds ?? settings.timeout)
        do {
            return try ChatReply.read(reply, to: request, model: card.model, seconds: (ContinuousClock.now - start) / .seconds(1))
        } catch let error as Malformed {
            throw AttemptFailure(.faulty, "it answered with \(error.reason)")
        }
    }

    /// Asks for the list of models. A server that has no such list is taken for a plain one if the settings name its model.
    func card() async throws -> ServerCard {
        struct Models: Decodable {
            struct Model: Decodable {
                let id: String
                let owned_by: String?
            }

            let data: [Model]
        }
        struct Properties: Decodable { let total_slots: Int? }

        let models: Models
        do {
            let list = try await send(settings.url + "/models", nil, timeout: min(30, settings.timeout))
            models = try JSONDecoder().decode(Models.self, from: list)
        } catch {
            guard let model = settings.model else {
                if error is DecodingError { throw AttemptFailure(.closed, "it has no readable list of models") }
                throw error
            }
            // Trouble that may pass is for the caller to wait out; a list that is refused or unreadable tells nothing, and asking will.
            if let failure = error as? AttemptFailure, ![.closed, .refused, .faulty].contains(failure.kind) { throw failure }
            if error is CancellationError { throw error }
            return ServerCard(model: model, dialect: .plain, slots: nil)
        }
        guard let name = settings.model ?? (models.data.count == 1 ? models.data[0].id : nil) else {
            throw AttemptFailure(.closed, "it has \(models.data.count) models: \(models.data.prefix(8).map(\.id).joined(separator: ", "))")
        }
        let owner = models.data.first { $0.id == name }?.owned_by ?? models.data.first?.owned_by
        let dialect = owner.flatMap(Dialect.init(rawValue:)) ?? .plain
        var slots: Int?
        // llama-server's own addresses stand beside /v1, not below it.
        let root = settings.url.hasSuffix("/v1") ? String(settings.url.dropLast(3)) : settings.url
        if dialect == .llamaCpp, let data = try? await send(root + "/props", nil, timeout: 30) {
            slots = (try? JSONDecoder().decode(Properties.self, from: data))?.total_slots
        }
        return ServerCard(model: name, dialect: dialect, slots: slots)
    }

    private func send(_ url: String, _ body: Data?, timeout: Double) async throws -> Data {
        var message = HTTPClientRequest(url: url)
        message.headers.add(name: "Accept", value: "application/json")
        if let key { message.headers.add(name: "Authorization", value: key.authorization) }
        if let body {
            message.method = .POST
            message.headers.add(name: "Content-Type", value: "application/json")
            message.body = .bytes(body)
        }
        let request = message, client = client
        do {
            let (status, wait, data) = try await withDeadline(seconds: timeout, of: client) {
                let response = try await client.execute(request, timeout: .nanoseconds(Int64(timeout * 1e9)))
                let body = try await response.body.collect(upTo: 64 << 20)
                return (Int(response.status.code), RetryAfter.wait(response.headers.first(name: "Retry-After")), Data(body.readableBytesView))
            }
            if status == 200 { return data }
            throw failure(status: status, wait: wait, body: data)
        } catch let failure as AttemptFailure {
            throw failure
        } catch is DeadlineExceeded {
            throw AttemptFailure(.dropped, "no reply within \(Int(timeout.rounded(.up))) s")
        } catch {
            try Task.checkCancellation()
            throw failure(of: error, timeout: timeout)
        }
    }

    private func failure(of error: any Error, timeout: Double) -> AttemptFailure {
        let text = key?.removed(from: "\(error)") ?? "\(error)"
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout: return AttemptFailure(.unreachable, "no connection within 10 s")
            case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout:
                return AttemptFailure(.dropped, "no reply within \(Int(timeout.rounded(.up))) s")
            case .remoteConnectionClosed: return AttemptFailure(.dropped, "it closed the connection before its reply was complete")
            default: break
            }
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return AttemptFailure(.closed, "its TLS certificate is not trusted here; use one that is, or add its authority to the system's")
        }
        let kind = "\(type(of: error))"
        if kind.contains("NIOConnectionError") || text.contains("onnection refused") || text.contains("resolve") || kind.contains("SSL") {
            let what = kind.contains("SSL") ? "no TLS connection" : "it cannot be reached"
            return AttemptFailure(.unreachable, "\(what): \(Self.cause(text))")
        }
        return AttemptFailure(.dropped, "the connection broke: \(Self.cause(text))")
    }

    /// The system's own words out of an error of SwiftNIO.
    private static func cause(_ text: String) -> String {
        if let refused = text.range(of: "Connection refused") { return String(text[refused]) }
        return String(text.prefix(200))
    }

    private func failure(status: Int, wait: Duration?, body: Data) -> AttemptFailure {
        let said = "HTTP \(status)" + message(body)
        switch status {
        case 401, 403:
            // What a server says of a wrong key may show part of it.
            let remedy = key.map { "check what \($0.variable) holds" } ?? "add key-env=VARIABLE"
            return AttemptFailure(.closed, "it does not let us in (HTTP \(status)); \(remedy)")
        case 404: return AttemptFailure(.closed, "\(said); check the address and the model's name")
        case 402: return AttemptFailure(.closed, said)
        case 429 where String(decoding: body.prefix(4096), as: UTF8.self).contains("insufficient_quota"): return AttemptFailure(.closed, said)
        case 429, 503, 529: return AttemptFailure(.busy, said, wait: wait)
        case 408, 504: return AttemptFailure(.dropped, said, wait: wait)
        case 300..<400: return AttemptFailure(.closed, "\(said), a redirection; give the final address")
        case 400, 413, 422: return AttemptFailure(.refused, said)
        case 405..<500 where status != 409 && status != 425: return AttemptFailure(.closed, said)
        default: return AttemptFailure(.faulty, said, wait: wait)
        }
    }

    /// `: ` and the server's own message, cut short and without the key.
    private func message(_ body: Data) -> String {
        struct Complaint: Decodable {
            struct Inner: Decodable { let message: String? }

            let error: Inner?
            let message: String?
            let detail: String?

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                error = try? container.decode(Inner.self, forKey: .error)
                message = (try? container.decode(String.self, forKey: .message)) ?? (try? container.decode(String.self, forKey: .error))
                detail = try? container.decode(String.self, forKey: .detail)
            }

            enum CodingKeys: CodingKey { case error, message, detail }
        }
        let complaint = try? JSONDecoder().decode(Complaint.self, from: body)
        let raw = complaint?.error?.message ?? complaint?.message ?? complaint?.detail ?? ""
        let text = (key?.removed(from: raw) ?? raw).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.isEmpty ? "" : ": " + (text.count > 240 ? text.prefix(240) + "…" : text)
    }
}

struct DeadlineExceeded: Error {}

/// Cancels `body` when the time is over; the client's own deadline ends with a reply's head. The timer is the event loop's, which forgets one
/// that is cancelled: a cancelled `Task.sleep` stays in memory until its time.
func withDeadline<Value: Sendable>(
    seconds: Double, of client: HTTPClient, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let work = Task { try await body() }
    let deadline = Deadline()
    let timer = client.eventLoopGroup.any().scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
        deadline.pass()
        work.cancel()
    }
    defer { timer.cancel() }
    do {
        return try await withTaskCancellationHandler { try await work.value } onCancel: { work.cancel() }
    } catch {
        throw deadline.isOver ? DeadlineExceeded() : error
    }
}

private final class Deadline: Sendable {
    private let state = Atomic(false)
    var isOver: Bool { state.load(ordering: .relaxed) }
    func pass() { state.store(true, ordering: .relaxed) }
}

/// `Retry-After`: seconds, or a date of HTTP (RFC 9110, 10.2.3).
package enum RetryAfter {
    package static func wait(_ text: String?, now: Date = Date()) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if let seconds = Double(text) { return seconds.isFinite && seconds >= 0 ? .seconds(min(seconds, 86_400)) : nil }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { .seconds(min(max(0, $0.timeIntervalSince(now)), 86_400)) }
    }
}
