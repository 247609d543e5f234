import AsyncHTTPClient
import Distillation
import Foundation

/// One endpoint for work against the clock: each request is sent once, and what has not come when its time is over is missing.
/// Where every request should be answered at last, `TeacherPool` is what is wanted.
public final class ChatEndpoint: Sendable {
    public enum Failure: Error, Sendable, Hashable {
        /// It cannot be reached, or will answer nothing: a wrong key, an unknown model.
        case unavailable(String)
        /// It refuses this request.
        case refused(String)
        /// Nothing usable came in time.
        case missing(String)
    }

    private let endpoint: Endpoint
    private let card: ServerCard
    private let client: HTTPClient

    /// The address with the model's name.
    public var identity: String { "\(endpoint.settings.url) \(card.model)" }

    /// Asks the server which model it has.
    /// - Parameter environment: holds the key.
    /// - Throws: `TeacherError`.
    public static func open(
        _ settings: EndpointSettings, environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> ChatEndpoint {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let endpoint = try Endpoint(settings, client: client, environment: environment)
            return ChatEndpoint(endpoint, try await endpoint.card(), client)
        } catch {
            try? await client.shutdown()
            guard let failure = error as? AttemptFailure else { throw error }
            throw TeacherError.unknownModel(endpoint: settings.url, reason: failure.reason)
        }
    }

    private init(_ endpoint: Endpoint, _ card: ServerCard, _ client: HTTPClient) {
        (self.endpoint, self.card, self.client) = (endpoint, card, client)
    }

    /// - Parameters:
    ///   - inJSON: asks with `response_format` for a JSON object.
    ///   - seconds: from the sending to the last byte of the reply.
    /// - Throws: `Failure`, `CancellationError`.
    public func reply(to request: TeacherRequest, inJSON: Bool, seconds: Double) async throws -> TeacherReply {
        do {
            return try await endpoint.ask(request, as: card, inJSON: inJSON, seconds: seconds)
        } catch let failure as AttemptFailure {
            switch failure.kind {
            case .unreachable, .closed: throw Failure.unavailable(failure.reason)
            case .refused: throw Failure.refused(failure.reason)
            case .busy, .dropped, .faulty: throw Failure.missing(failure.reason)
            }
        } catch RespondentError.refused(let reason) {
            throw Failure.refused(reason)
        }
    }

    public func close() async { try? await client.shutdown() }
}
