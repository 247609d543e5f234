import AsyncHTTPClient
import Distillation
import Foundation

/// Any number of OpenAI-compatible endpoints as one teacher: each request is answered once, by whichever has room.
public final class TeacherPool: Respondent {
    public let identity: String
    public let slots: Int
    private let endpoints: [Endpoint]
    private let cards: ServerCards
    private let queue: EndpointQueue
    private let client: HTTPClient
    private let pace: AdaptiveLimit.Pace

    /// Failures that a request may have seen at endpoints that answer others, before it counts as unanswerable.
    private static let mostFailures = 10
    /// Requests at once with which an endpoint begins that does not tell its slots.
    private static let firstLimit = 8

    /// Opens the endpoints. One whose model is not named is asked for its list of models, and must answer.
    /// - Parameters:
    ///   - identity: who the teacher is, if that is known better than from model names.
    ///   - environment: where keys are.
    ///   - notice: told in one line when an endpoint is given up, begins to fail, or answers again.
    /// - Throws: `TeacherError`.
    public static func open(
        _ endpoints: [EndpointSettings], identity: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> TeacherPool {
        try await open(endpoints, identity: identity, environment: environment, pace: .init(), notice: notice)
    }

    package static func open(
        _ settings: [EndpointSettings], identity: String? = nil, environment: [String: String] = [:], pace: AdaptiveLimit.Pace,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> TeacherPool {
        guard !settings.isEmpty else { throw TeacherError.badEndpoint(text: "", reason: "no endpoint is given") }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.reduce(0) { $0 + $1.slots }
        // Retrying is the pool's, which knows other endpoints.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let endpoints = try settings.map { try Endpoint($0, client: client, environment: environment) }
            var cards = [ServerCard?](repeating: nil, count: endpoints.count)
            var models: [String] = []
            for (index, endpoint) in endpoints.enumerated() {
                if let model = endpoint.settings.model {
                    models.append(model)
                    continue
                }
                do {
                    let card = try await endpoint.card()
                    cards[index] = card
                    models.append(card.model)
                } catch let failure as AttemptFailure {
                    throw TeacherError.unknownModel(endpoint: endpoint.settings.url, reason: failure.reason)
                }
            }
            return TeacherPool(
                endpoints, cards: cards, client: client, identity: identity ?? Set(models).sorted().joined(separator: " | "), pace: pace,
                notice: notice)
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private init(
        _ endpoints: [Endpoint], cards: [ServerCard?], client: HTTPClient, identity: String, pace: AdaptiveLimit.Pace,
        notice: @escaping @Sendable (String) -> Void
    ) {
        self.endpoints = endpoints
        self.cards = ServerCards(cards)
        self.client = client
        self.identity = identity
        self.pace = pace
        let most = zip(endpoints, cards).map { min($0.settings.slots, max(1, $1?.slots ?? .max)) }
        slots = most.reduce(0, +)
        queue = EndpointQueue(
            endpoints.indices.map { index in
                let first = cards[index]?.slots == nil ? Self.firstLimit : most[index]
                return (endpoints[index].settings.url, endpoints[index].settings.weight, AdaptiveLimit(most: most[index], first: first))
            }, pace: pace, notice: notice)
    }

    /// How each endpoint has done so far, in the order of the settings.
    public var report: [EndpointReport] {
        get async { await queue.report }
    }

    public func reply(to request: TeacherRequest) async throws -> TeacherReply {
        var attempts = 0, ownFailures = 0
        var last: EndpointQueue.Lease?
        while true {
            let lease = try await queue.lease(avoiding: last?.endpoint)
            attempts += 1
            do {
                let reply = try await attempt(request, lease)
                await queue.end(lease, .answered)
                return reply
            } catch let failure as AttemptFailure {
                let isKnownToAnswer = await queue.end(lease, .failed(failure))
                last = lease
                switch failure.kind {
                case .refused where isKnownToAnswer:
                    throw RespondentError.refused("\(endpoints[lease.endpoint].settings.url): \(failure.reason)")
                case .dropped, .faulty:
                    if lease.wasHealthy { ownFailures += 1 }
                    if ownFailures >= Self.mostFailures {
                        throw RespondentError.refused(
                            "\(ownFailures) attempts failed at endpoints that answer others, at last at "
                                + "\(endpoints[lease.endpoint].settings.url): \(failure.reason)")
                    }
                case .refused, .busy, .unreachable, .closed: break
                }
                // A pause that the endpoint asked for is kept by the queue; another endpoint may answer at once.
                if failure.kind != .busy, failure.kind != .closed { try await Task.sleep(for: pace.pause(attempts)) }
            } catch let error as RespondentError {
                // It did answer, by withholding.
                await queue.end(lease, .answered)
                throw error
            } catch {
                await queue.end(lease, .cancelled)
                throw error
            }
        }
    }

    private func attempt(_ request: TeacherRequest, _ lease: EndpointQueue.Lease) async throws -> TeacherReply {
        let endpoint = endpoints[lease.endpoint]
        if let card = await cards.card(at: lease.endpoint) { return try await endpoint.ask(request, as: card) }
        let card = try await endpoint.card()
        await cards.set(card, at: lease.endpoint)
        if let slots = card.slots { await queue.setSlots(slots, of: lease.endpoint) }
        return try await endpoint.ask(request, as: card)
    }

    /// Whether the first endpoint lists its models now, which llama.cpp's server does not while it loads one.
    func isReady() async -> Bool {
        guard let card = try? await endpoints[0].card(), card.dialect == .llamaCpp else { return false }
        await cards.set(card, at: 0)
        await queue.setSlots(card.slots ?? endpoints[0].settings.slots, of: 0)
        return true
    }

    /// The only endpoint's server has ended.
    func giveUp(because reason: String) async { await queue.giveUp(0, because: reason) }

    public func close() async { try? await client.shutdown() }
}

/// What the servers have said of themselves, each asked when it is first needed.
private actor ServerCards {
    private var cards: [ServerCard?]

    init(_ cards: [ServerCard?]) { self.cards = cards }

    func card(at index: Int) -> ServerCard? { cards[index] }
    func set(_ card: ServerCard, at index: Int) { cards[index] = card }
}
