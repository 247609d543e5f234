import Agents
import Foundation
import Pipeline
import Questions

/// The line protocol between a client and `retort agents`: a `ReadyLine` once the model is warm; from then on a line of input is one
/// request or a list of requests that are worked on side by side, and every request is answered by one line that carries its id.
/// Whatever a line holds, it is answered; the protocol ends with the input.
public enum AgentProtocol {
    /// Grows when a client of an older version would misread this one.
    public static let version = 1
    /// Bytes of a line at most; what is longer is passed over and answered with an error.
    public static let longestLine = 1 << 20
    /// Requests in one list at most.
    public static let largestBatch = 1024
}

/// The first line of output.
public struct ReadyLine: Codable, Sendable {
    public var ready = true
    public var `protocol` = AgentProtocol.version
    public var version: String
    public var model: String
    public var adapter: String?
    /// From the start of loading to the end of the warm-up.
    public var seconds: Double

    public init(version: String, model: String, adapter: String?, seconds: Double) {
        self.version = version
        self.model = model
        self.adapter = adapter
        self.seconds = seconds
    }
}

/// What a client calls its request: a text or a whole number, given back as it came.
public enum RequestID: Codable, Sendable, Hashable {
    case number(Int)
    case text(String)

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        }
    }
}

/// One request.
public struct AgentRequest: Decodable, Sendable {
    public enum Agent: String, Codable, Sendable, CaseIterable {
        /// Writes a question on `topic`, or on the topic that `message` names.
        case question
        /// Answers `question`, or the one that `message` states.
        case answer
        /// Continues `message` freely.
        case chat
    }

    public var id: RequestID
    public var agent: Agent
    public var topic: String?
    public var area: String?
    public var question: PosedQuestion?
    /// The request in words, as a caller of `generate_response` gives it: see `MessageReading`.
    public var message: String?
    /// For `chat`, and for messages that turn out to be one.
    public var system: String?
    /// Laid over the agent's settings, by the names of `qgen.yaml` and `agen.yaml`.
    public var settings: [String: SettingValue]?
    /// Seconds for the reply, from when the line was read; the agent's own limit if there is none, 0 for no limit.
    public var deadline: Double?
    /// Seconds of the deadline that had passed when the client wrote the line.
    public var elapsed: Double?
    public var seed: UInt64?

    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        id = try fields.decode(RequestID.self, forKey: .id)
        let name = try fields.decode(String.self, forKey: .agent)
        guard let agent = Agent(rawValue: name) else {
            let known = Agent.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(forKey: .agent, in: fields, debugDescription: "it is \"\(name)\", not one of \(known)")
        }
        self.agent = agent
        topic = try fields.decodeIfPresent(String.self, forKey: .topic)
        area = try fields.decodeIfPresent(String.self, forKey: .area)
        question = try fields.decodeIfPresent(PosedQuestion.self, forKey: .question)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        system = try fields.decodeIfPresent(String.self, forKey: .system)
        settings = try fields.decodeIfPresent([String: SettingValue].self, forKey: .settings)
        deadline = try Self.seconds(.deadline, fields)
        elapsed = try Self.seconds(.elapsed, fields)
        do {
            seed = try fields.decodeIfPresent(UInt64.self, forKey: .seed)
        } catch {
            throw DecodingError.dataCorruptedError(forKey: .seed, in: fields, debugDescription: "it is not a whole number from 0 up")
        }
    }

    private enum Key: String, CodingKey {
        case id, agent, topic, area, question, message, system, settings, deadline, elapsed, seed
    }

    /// Bounded to a month, so that nothing a client writes leaves the range of a duration.
    private static func seconds(_ key: Key, _ fields: KeyedDecodingContainer<Key>) throws -> Double? {
        guard let value = try fields.decodeIfPresent(Double.self, forKey: key) else { return nil }
        guard value >= 0, value <= 2_600_000 else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: fields, debugDescription: "it is \(value), not a number of seconds from 0 to 2600000")
        }
        return value
    }
}

/// A question without its answer, as an answer agent is given it.
public struct PosedQuestion: Codable, Sendable, Hashable {
    public var question: String
    /// With or without their letters.
    public var choices: [String]

    public init(question: String, choices: [String]) {
        self.question = question
        self.choices = choices
    }
}

/// The reply to one request.
public struct AgentReply: Codable, Sendable, Hashable {
    /// Nil for a line that could not be read.
    public var id: RequestID?
    /// The agent's text; for questions and answers one JSON object.
    public var output: String?
    public var tokens: Int?
    /// From the moment when the line was read, with what had elapsed before.
    public var seconds: Double?
    public var late: Bool?
    public var ending: String?
    /// Why the output would fail a tournament's format check; empty if it passes. Missing for a chat.
    public var problems: [String]?
    /// Instead of all that.
    public var error: String?

    public init(
        id: RequestID?, output: String? = nil, tokens: Int? = nil, seconds: Double? = nil, late: Bool? = nil, ending: String? = nil,
        problems: [String]? = nil, error: String? = nil
    ) {
        self.id = id
        self.output = output
        self.tokens = tokens
        self.seconds = seconds
        self.late = late
        self.ending = ending
        self.problems = problems
        self.error = error
    }

    /// `id` is written even where it is null, so that no client takes an error for a reply of its own.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fields.encodeIfPresent(output, forKey: .output)
        try fields.encodeIfPresent(tokens, forKey: .tokens)
        try fields.encodeIfPresent(seconds, forKey: .seconds)
        try fields.encodeIfPresent(late, forKey: .late)
        try fields.encodeIfPresent(ending, forKey: .ending)
        try fields.encodeIfPresent(problems, forKey: .problems)
        try fields.encodeIfPresent(error, forKey: .error)
    }
}

/// What a line holds: requests, and what is wrong with those that are none.
struct ReadLine {
    var requests: [AgentRequest] = []
    var errors: [AgentReply] = []

    init(_ data: Data) {
        let decoder = JSONDecoder()
        let isList = data.first { !Self.blanks.contains($0) } == UInt8(ascii: "[")
        do {
            let attempts = isList ? try decoder.decode([Attempt].self, from: data) : [try decoder.decode(Attempt.self, from: data)]
            guard attempts.count <= AgentProtocol.largestBatch else {
                errors = attempts.map { AgentReply(id: $0.id, error: "a list holds at most \(AgentProtocol.largestBatch) requests") }
                return
            }
            for attempt in attempts {
                switch attempt.request {
                case .success(let request): requests.append(request)
                case .failure(let error):
                    errors.append(AgentReply(id: attempt.id, error: "the request cannot be read: \(DecodingReason.of(error))"))
                }
            }
        } catch {
            errors = [AgentReply(id: nil, error: "the line cannot be read: \(DecodingReason.of(error))")]
        }
    }

    private static let blanks = Array(" \t\r\n".utf8)

    /// An element of a list that may be bad without spoiling the others.
    private struct Attempt: Decodable {
        let id: RequestID?
        let request: Result<AgentRequest, any Error>

        init(from decoder: any Decoder) {
            struct Identified: Decodable { let id: RequestID }
            id = (try? Identified(from: decoder))?.id
            request = Result { try AgentRequest(from: decoder) }
        }
    }
}
