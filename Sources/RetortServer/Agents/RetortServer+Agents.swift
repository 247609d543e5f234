import Agents
import Checkpoints
import Foundation
import Groundwork
import Hummingbird
import Questions
import Transformers

/// What an agent tells while it works, each part with the time that was left.
enum AgentEvent<Record: Sendable>: Sendable {
    case news(RequestWork.News, remaining: Duration)
    case done(Record, remaining: Duration)
}

extension RetortServer {
    /// `POST /v1/answer`: a question with its choices in, `{"answer", "reasoning"}` out.
    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let fields = try await JSONFields(request, most: settings.bodyBytes)
        let asked = try AnswerFields(fields)
        let adapter = try models.adapter(asked.model ?? models.standard)
        let limit = try fields.deadline(settings.answerDeadline, most: settings.longestDeadline)
        let models = models, answering = settings.answering
        let events: AsyncThrowingStream<AgentEvent<AnswerRecord>, any Error> = try start("/v1/answer", context, limit: limit, asked.streams) { work in
            let agent = try models.answerAgent(adapter, answering, mode: asked.mode)
            // A round that reads other callers' prompts takes far longer than the steps by which an agent knows its pace.
            let question = AnswerRequest(asked.question, deadline: work.remainingForWork, reserve: limit / 6)
            return try agent.answer([question], seed: asked.seed, together: 1)[0]
        }
        return try await respond(events, asked.streams, "answer") { record in
            // The letter of a refusal stands there for the format's sake alone.
            if let refusal = record.refusal {
                throw refusal.kind == .noTime ? .busy(.seconds(1)) : HTTPProblem.bad(refusal.reason, "question", code: "refused")
            }
            guard let answer = record.answer, let letter = record.letter else {
                throw HTTPProblem(.internalServerError, "the model's reply is no answer")
            }
            var object = JSONObject([("answer", .string(answer.answer))])
            object["reasoning"] = answer.reasoning.map { .string($0) }
            if asked.wantsConfidence {
                let probabilities = Self.probabilities(record.logProbabilities)
                object["confidence"] = .number(probabilities[letter.index])
                object["probabilities"] = Self.byLetter(probabilities)
            }
            return .object(object)
        }
    }

    /// `POST /v1/question`: a topic in, a question out.
    func question(_ request: Request, _ context: ServerContext) async throws -> Response {
        let fields = try await JSONFields(request, most: settings.bodyBytes)
        let topic = try fields.required("topic", most: 400)
        guard topic.contains(where: { $0.isLetter || $0.isNumber }) else { throw HTTPProblem.bad("'topic' says nothing", "topic") }
        let area = try fields.text("area", most: 200) ?? ""
        let adapter = try models.adapter(try fields.text("model", most: 200) ?? models.standard)
        let seed = try fields.seed() ?? .random(in: 0...UInt64.max), streams = try fields.boolean("stream") ?? false
        let limit = try fields.deadline(settings.questionDeadline, most: settings.longestDeadline)
        let models = models, asking = settings.asking
        let events: AsyncThrowingStream<AgentEvent<QuestionRecord>, any Error> = try start("/v1/question", context, limit: limit, streams) { work in
            let agent = try models.questionAgent(adapter, asking)
            return try agent.ask(
                [Topic(area: area, topic: topic)], count: 1, deadline: work.remainingForWork, seed: seed, together: 1)[0]
        }
        return try await respond(events, streams, "question") { record in
            guard record.question != nil else { throw HTTPProblem(.internalServerError, "the model's reply is no question") }
            return try JSONValue(parsing: record.output)
        }
    }

    private func start<Record: Sendable>(
        _ path: String, _ context: ServerContext, limit: Duration, _ streams: Bool,
        _ work: @escaping @Sendable (RequestWork) throws -> Record
    ) throws(HTTPProblem) -> AsyncThrowingStream<AgentEvent<Record>, any Error> {
        let start = RequestWork.clock.now()
        let remaining: @Sendable () -> Duration = { limit - (RequestWork.clock.now() - start) }
        var watch: (@Sendable (RequestWork.News) -> AgentEvent<Record>?)?
        if streams {
            watch = { news in AgentEvent<Record>.news(news, remaining: remaining()) }
        }
        return try begin(path, context, limit: limit, watch: watch) { request, tell in
            tell(.done(try work(request), remaining: request.remaining))
        }
    }

    /// The result as JSON, or as the last of the events that led to it.
    private func respond<Record: Sendable>(
        _ events: AsyncThrowingStream<AgentEvent<Record>, any Error>, _ streams: Bool, _ name: String,
        _ json: @escaping @Sendable (Record) throws -> JSONValue
    ) async throws -> Response {
        guard streams else {
            for try await case .done(let record, _) in events { return Response(.ok, try json(record)) }
            throw HTTPProblem.cancelled
        }
        return try await Self.eventStream(events) { event, _ in
            switch event {
            case .news(let news, let remaining): return Self.text(of: news, remaining)
            case .done(let record, let remaining):
                do {
                    return ServerSentEvent.text(name, .object(JSONObject([(name, try json(record)), Self.left(remaining)])))
                } catch {
                    return ServerSentEvent.text("error", HTTPProblem(error).json)
                }
            }
        }
    }

    private static func text(of news: RequestWork.News, _ remaining: Duration) -> String {
        switch news {
        case .written(let stream, let text):
            return ServerSentEvent.text("text", .object(JSONObject([("stream", .integer(stream)), ("text", .string(text)), left(remaining)])))
        case .takenBack(let stream):
            return ServerSentEvent.text("back", .object(JSONObject([("stream", .integer(stream)), left(remaining)])))
        case .scored(let stream, let scores):
            guard scores.count == Letter.allCases.count else { return "" }
            return ServerSentEvent.text("scores", .object(JSONObject([
                ("stream", .integer(stream)), ("probabilities", byLetter(probabilities(scores))), left(remaining),
            ])))
        }
    }

    private static func left(_ remaining: Duration) -> (String, JSONValue) {
        ("remaining_ms", .integer(Int((remaining / .milliseconds(1)).rounded())))
    }

    private static func probabilities(_ logProbabilities: [Float]) -> [Double] {
        logProbabilities.count == Letter.allCases.count ? logProbabilities.map { exp(Double($0)) } : [0.25, 0.25, 0.25, 0.25]
    }

    private static func byLetter(_ values: [Double]) -> JSONValue {
        .object(JSONObject(zip(Letter.allCases, values).map { ($0.rawValue, .number(($1 * 10_000).rounded() / 10_000)) }))
    }
}

/// What `/v1/answer` reads: a question as question agents write it, and how it is to be answered.
struct AnswerFields: Sendable {
    let question: Question
    let model: String?
    /// Nil for the agent's own.
    let mode: AnswerMode?
    let seed: UInt64
    let streams: Bool
    let wantsConfidence: Bool

    init(_ fields: JSONFields) throws(HTTPProblem) {
        let text = try fields.required("question", most: 16_000), topic = try fields.text("topic", most: 400) ?? ""
        guard !text.allSatisfy(\.isWhitespace) else { throw .bad("'question' is empty", "question") }
        guard let list = try fields.list("choices", most: 4), list.count == 4 else { throw .bad("'choices' must be a list of four", "choices") }
        var choices: [String] = []
        for (index, value) in list.enumerated() {
            guard case .string(let choice) = value, (1...4_000).contains(choice.utf8.count) else {
                throw .bad("'choices[\(index)]' must be a string of 1 to 4000 bytes", "choices[\(index)]")
            }
            choices.append(choice)
        }
        let asked = AgentQuestion(topic: topic, question: text, choices: choices, answer: "A", explanation: nil)
        question = Question(
            id: "request", source: "", subject: topic, topic: topic, domain: .other, question: text, choices: asked.choiceTexts, answer: .A)
        model = try fields.text("model", most: 200)
        if let name = try fields.text("mode", most: 40) {
            guard let known = AnswerMode(rawValue: name) else {
                throw .bad("'mode' must be one of \(AnswerMode.allCases.map(\.rawValue).joined(separator: ", "))", "mode")
            }
            mode = known
        } else {
            mode = nil
        }
        seed = try fields.seed() ?? 0
        streams = try fields.boolean("stream") ?? false
        wantsConfidence = try fields.boolean("confidence") ?? false
    }
}
