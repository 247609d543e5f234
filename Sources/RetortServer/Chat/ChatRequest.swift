import Checkpoints
import Tokenizers
import Transformers

/// A request to `/v1/chat/completions`.
struct ChatRequest: Sendable {
    let model: String?
    let messages: [Message]
    /// Nil for as many as fit.
    let maxTokens: Int?
    let sampling: Sampling
    let seed: UInt64
    let stops: [String]
    let streams: Bool
    let includesUsage: Bool
    /// Nil where no log-probabilities are wanted; else how many of the likeliest tokens beside each.
    let likeliest: Int?
    let deadline: Duration

    static let mostMessages = 256

    /// - Throws: `HTTPProblem` for what is missing, of the wrong kind or out of bounds, and for what would be done otherwise than asked.
    init(_ fields: JSONFields, _ settings: ServerSettings) throws(HTTPProblem) {
        try Self.refuseUnsupported(fields)
        model = try fields.text("model", most: 200)
        messages = try Self.messages(fields)
        let limit = 1...1_000_000
        if let most = try fields.integer("max_completion_tokens", limit) { maxTokens = most } else { maxTokens = try fields.integer("max_tokens", limit) }
        let topP = try fields.number("top_p", 0...1) ?? 1
        guard topP > 0 else { throw .bad("'top_p' must be above 0", "top_p") }
        sampling = Sampling(
            temperature: try fields.number("temperature", 0...2) ?? 1, topP: topP, topK: try fields.integer("top_k", 0...1_000_000) ?? 0,
            repetitionPenalty: try fields.number("repetition_penalty", 0.01...100) ?? 1)
        seed = try fields.seed() ?? .random(in: 0...UInt64.max)
        stops = try Self.stops(fields)
        streams = try fields.boolean("stream") ?? false
        if let options = fields["stream_options"] {
            guard case .object(let object) = options else { throw .bad("'stream_options' must be an object", "stream_options") }
            includesUsage = try JSONFields(object, at: "stream_options").boolean("include_usage") ?? false
        } else {
            includesUsage = false
        }
        let top = try fields.integer("top_logprobs", 0...20)
        let wants = try fields.boolean("logprobs") ?? false
        if let top, top > 0, !wants { throw .bad("'top_logprobs' needs 'logprobs': true", "top_logprobs") }
        likeliest = wants ? top ?? 0 : nil
        deadline = try fields.deadline(settings.chatDeadline, most: settings.longestDeadline)
    }

    /// What is asked for and cannot be had is said, not ignored.
    private static func refuseUnsupported(_ fields: JSONFields) throws(HTTPProblem) {
        if let count = try fields.integer("n", 1...1_000), count > 1 { throw .bad("only one choice is made ('n' = 1)", "n", code: "unsupported") }
        for key in ["presence_penalty", "frequency_penalty"] {
            if let penalty = try fields.number(key, -2...2), penalty != 0 {
                throw .bad("'\(key)' is not supported; use 'repetition_penalty'", key, code: "unsupported")
            }
        }
        for key in ["tools", "functions", "logit_bias"] {
            switch fields[key] {
            case nil: continue
            case .array(let list) where list.isEmpty: continue
            case .object(let object) where object.keys.isEmpty: continue
            default: throw .bad("'\(key)' is not supported", key, code: "unsupported")
            }
        }
        if let format = fields["response_format"] {
            guard case .object(let object) = format, object["type"] == .string("text") else {
                throw .bad(
                    "'response_format' can only be {\"type\": \"text\"}; for JSON that is valid by construction use /v1/answer or /v1/question",
                    "response_format", code: "unsupported")
            }
        }
    }

    private static func messages(_ fields: JSONFields) throws(HTTPProblem) -> [Message] {
        guard let list = try fields.list("messages", most: mostMessages), !list.isEmpty else {
            throw .bad("'messages' is missing or empty", "messages")
        }
        var messages: [Message] = []
        for (index, value) in list.enumerated() {
            let place = "messages[\(index)]"
            guard case .object(let object) = value else { throw .bad("'\(place)' must be an object", place) }
            let message = JSONFields(object, at: place)
            let role = try message.required("role", most: 20)
            let roles: [String: Message.Role] = ["system": .system, "developer": .system, "user": .user, "assistant": .assistant]
            guard let known = roles[role] else {
                throw .bad("'\(place).role' must be system, developer, user or assistant", "\(place).role")
            }
            messages.append(Message(known, try text(message["content"], at: place + ".content")))
        }
        return messages
    }

    /// A string, or a list of parts that are texts.
    private static func text(_ content: JSONValue?, at place: String) throws(HTTPProblem) -> String {
        switch content {
        case .string(let text): return text
        case .array(let parts):
            var text = ""
            for part in parts {
                guard case .object(let object) = part, object["type"] == .string("text"), case .string(let piece)? = object["text"] else {
                    throw .bad("'\(place)' may hold parts of type \"text\" only", place)
                }
                text += piece
            }
            return text
        default: throw .bad("'\(place)' must be a string or a list of texts", place)
        }
    }

    private static func stops(_ fields: JSONFields) throws(HTTPProblem) -> [String] {
        let values: [JSONValue]
        switch fields["stop"] {
        case nil: values = []
        case .string(let stop): values = [.string(stop)]
        default: values = try fields.list("stop", most: 4) ?? []
        }
        var stops: [String] = []
        for value in values {
            guard case .string(let stop) = value, (1...256).contains(stop.utf8.count) else {
                throw .bad("'stop' must be up to 4 strings of 1 to 256 bytes", "stop")
            }
            stops.append(stop)
        }
        return stops
    }
}
