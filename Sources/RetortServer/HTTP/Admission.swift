import HTTPTypes
import Hummingbird

/// Turns every error into an answer, and counts.
struct Answering: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = HTTPProblem(error).response
            // Whatever is left of a body that was not read would be taken for the next request.
            if response.status == .contentTooLarge { response.headers[.connection] = "close" }
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        metrics.answered(context.endpointPath ?? "other", Int(response.status.code))
        return response
    }
}

/// Who may ask: those who know the token, and no other site's page in a browser of this machine.
struct Admission: RouterMiddleware {
    let settings: ServerSettings

    /// The page itself asks for the token; health tells nothing.
    private static let open: Set<String> = ["/", "/page.css", "/page.js", "/healthz"]

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let host = request.head.authority ?? ""
        // A name of another site that was pointed at this machine.
        if settings.isLoopback, settings.token == nil, !ServerSettings.isLoopback(Self.name(of: host)) {
            throw HTTPProblem(.misdirectedRequest, "this server answers to localhost only; without a token it must not be reached by another name")
        }
        if let origin = request.headers[.origin], origin != "http://\(host)", origin != "https://\(host)" {
            throw HTTPProblem(.forbidden, "pages of other sites may not use this server")
        }
        if let token = settings.token, !Self.open.contains(request.uri.path) {
            let given = request.headers[.authorization] ?? ""
            guard given.hasPrefix("Bearer "), Self.isSame(given.dropFirst(7), token) else {
                throw HTTPProblem(.unauthorized, "the bearer token is missing or wrong", code: "invalid_api_key")
            }
        }
        return try await next(request, context)
    }

    /// Takes the same time wherever two texts differ, so that a token cannot be found letter by letter.
    static func isSame(_ given: some StringProtocol, _ token: String) -> Bool {
        let expected = Array(token.utf8)
        var difference = given.utf8.count ^ expected.count
        for (index, byte) in given.utf8.enumerated() { difference |= Int(byte ^ expected[index % expected.count]) }
        return difference == 0
    }

    /// The name in `name:port` or `[name]:port`.
    static func name(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}

extension HTTPField.Name {
    static let accelBuffering = Self("X-Accel-Buffering")!
    static let referrerPolicy = Self("Referrer-Policy")!
}
