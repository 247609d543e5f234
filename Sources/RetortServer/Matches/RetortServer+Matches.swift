import Agents
import Checkpoints
import Hummingbird

/// What `POST /v1/tournaments` reads.
struct MatchFields: Sendable {
    /// Places of both teams' adapters.
    let teams: [Int]
    let questions: Int
    let topics: [Topic]
    let seed: UInt64

    init(_ fields: JSONFields, _ models: ServedModels) throws(HTTPProblem) {
        teams = [
            try models.adapter(fields.required("first", most: 200)), try models.adapter(fields.required("second", most: 200)),
        ]
        questions = try fields.integer("questions", 1...20) ?? 5
        seed = try fields.seed() ?? .random(in: 0...UInt64.max)
        guard let list = try fields.list("topics", most: 100), !list.isEmpty else { throw .bad("'topics' is missing or empty", "topics") }
        var topics: [Topic] = []
        for (index, value) in list.enumerated() {
            guard case .string(let topic) = value, topic.utf8.count <= 400, topic.contains(where: { $0.isLetter || $0.isNumber }) else {
                throw .bad("'topics[\(index)]' must be a string of at most 400 bytes that says something", "topics[\(index)]")
            }
            topics.append(Topic(area: "", topic: topic))
        }
        self.topics = topics
    }
}

extension RetortServer {
    func addMatches(to router: Router<ServerContext>) {
        router.post("/v1/tournaments") { request, _ in
            let fields = try MatchFields(await JSONFields(request, most: settings.bodyBytes), models)
            let match = try matches.begin()
            match.play(fields, models, settings)
            return Response(.accepted, .object(JSONObject([
                ("id", .string(match.id)), ("events", .string("/v1/tournaments/\(match.id)/events")),
            ])))
        }
        router.get("/v1/tournaments/:id/events") { _, context in
            Response(events: try match(context).events())
        }
        router.delete("/v1/tournaments/:id") { _, context in
            try match(context).stop()
            return Response(.ok, .object(JSONObject([("stopped", .boolean(true))])))
        }
    }

    private func match(_ context: ServerContext) throws(HTTPProblem) -> LiveMatch {
        guard let id = context.parameters.get("id"), let match = matches.match(id) else {
            throw HTTPProblem(.notFound, "there is no such match; only the last one is kept", code: "not_found")
        }
        return match
    }
}
