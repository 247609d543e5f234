import Checkpoints
import Groundwork
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// A model behind HTTP: both agents, chat as OpenAI's clients speak it, and a page.
///
/// Requests are read and refused by Hummingbird's tasks, wait in a bounded queue (`WorkQueue`), and are worked on by threads that hand streams
/// to one decoder (`SharedDecoder`); what comes of them goes back as events. Nothing here opens a file: models and adapters are what the
/// command line named, the page is part of the program. docs/server.md tells how it is used.
///
/// May import everything above it in `Package.swift`; only the command line imports it.
public struct RetortServer: Sendable {
    let settings: ServerSettings
    let models: ServedModels
    let metrics: ServerMetrics
    let queue: WorkQueue
    let connections: ConnectionWatch
    let matches = LiveMatches()

    /// - Throws: `ServerError` for settings that cannot be.
    public init(models: ServedModels, settings: ServerSettings) throws {
        try settings.validate()
        self.settings = settings
        self.models = models
        metrics = ServerMetrics()
        // A thread does nothing but wait for its streams; a request that has several of them leaves slots to others.
        queue = WorkQueue(threads: models.status.slots, places: settings.queue)
        connections = ConnectionWatch()
    }

    /// The server as a service; it ends, when asked to, after what it has accepted.
    /// - Parameter running: gets the port once the server listens.
    public func application(running: @escaping @Sendable (Int) -> Void = { _ in }) -> some ApplicationProtocol {
        var logger = Logger(label: "retort")
        logger.logLevel = .error
        return Application(
            router: router(),
            server: .http1(configuration: http1),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port), serverName: "retort"),
            onServerRunning: { channel in running(channel.localAddress?.port ?? settings.port) },
            logger: logger)
    }

    private var http1: HTTP1Channel.Configuration {
        var configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [connections.handler()], idleTimeout: .seconds(settings.idleSeconds))
        configuration.httpDecoder = .init(maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 100)
        return configuration
    }

    private func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self)
        router.middlewares.add(Answering(metrics: metrics))
        router.middlewares.add(Admission(settings: settings))
        router.get("/healthz") { _, _ in Response(.ok, .object(JSONObject([("status", .string("ok"))]))) }
        router.get("/metrics") { _, _ in
            Response(status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(models.status, queue.status))))
        }
        router.get("/v1/models") { _, _ in Response(.ok, models.list(settings)) }
        router.post("/v1/chat/completions") { request, context in try await chat(request, context) }
        router.post("/v1/answer") { request, context in try await answer(request, context) }
        router.post("/v1/question") { request, context in try await question(request, context) }
        addMatches(to: router)
        ServedPage.add(to: router)
        return router
    }

    /// Serves until `stop` returns, and then on until all that was accepted is done. Only a match is not played to its end.
    /// - Parameters:
    ///   - stop: waits for the wish to stop.
    ///   - running: gets the port once the server listens.
    public func run(until stop: @escaping @Sendable () async -> Void, running: @escaping @Sendable (Int) -> Void) async throws {
        var logger = Logger(label: "retort")
        logger.logLevel = .critical
        let group = ServiceGroup(configuration: .init(
            services: [.init(service: application(running: running), successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: logger))
        let waiting = Task {
            await stop()
            matches.stop()
            await group.triggerGracefulShutdown()
        }
        defer { waiting.cancel() }
        try await group.run()
        queue.stop()
        models.stop()
    }
}
