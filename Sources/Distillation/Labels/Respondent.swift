import Tokenizers
import Transformers

/// What a teacher is asked for once.
public struct TeacherRequest: Sendable, Hashable {
    /// The conversation so far: system prompt and user message; a last assistant message is a reply to go on with.
    public var messages: [Message]
    public var sampling: Sampling
    /// Tokens of thinking and reply together, at most.
    public var maximumTokens: Int
    /// Likeliest tokens wanted with their log-probabilities at every place of the reply; 0 for none.
    public var alternatives: Int
    public var seed: UInt64

    public init(messages: [Message], sampling: Sampling, maximumTokens: Int, alternatives: Int, seed: UInt64) {
        self.messages = messages
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.alternatives = alternatives
        self.seed = seed
    }
}

/// What it answered.
public struct TeacherReply: Sendable, Hashable {
    /// Why the reply ended.
    public enum Ending: String, Codable, Sendable {
        /// The teacher ended its turn.
        case finished
        /// The token limit cut it off.
        case tokenLimit
    }

    /// One token of the reply.
    public struct Token: Sendable, Hashable {
        public var text: String
        /// Of the token that was written, before any sampling setting.
        public var logProbability: Double
        /// The likeliest tokens there, likeliest first; may be empty, may lack the one written.
        public var alternatives: [Alternative]

        public init(text: String, logProbability: Double, alternatives: [Alternative]) {
            self.text = text
            self.logProbability = logProbability
            self.alternatives = alternatives
        }
    }

    public struct Alternative: Sendable, Hashable {
        public var text: String
        public var logProbability: Double

        public init(text: String, logProbability: Double) {
            self.text = text
            self.logProbability = logProbability
        }
    }

    /// The reply without its thinking where the server gives that apart.
    public var text: String
    /// What the server gave as thinking in a field of its own; `<think>…</think>` inside `text` is left there.
    public var thinking: String?
    /// The tokens of `text`; empty where the server gives none.
    public var tokens: [Token]
    public var ending: Ending
    public var promptTokens: Int
    /// Tokens written, thinking included.
    public var completionTokens: Int
    /// The model's name as the server states it.
    public var model: String
    /// From the request that succeeded to its last byte, waiting for a free slot not counted.
    public var seconds: Double

    public init(
        text: String, thinking: String? = nil, tokens: [Token], ending: Ending, promptTokens: Int, completionTokens: Int, model: String,
        seconds: Double
    ) {
        self.text = text
        self.thinking = thinking
        self.tokens = tokens
        self.ending = ending
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.model = model
        self.seconds = seconds
    }
}

/// Why a respondent has no answer, after whatever it tried again.
public enum RespondentError: Error, CustomStringConvertible {
    /// This request cannot be answered, such as one longer than the teacher's context; others may be.
    case refused(String)
    /// No request can be answered any more: a wrong key, an unknown model, servers that stay away. What was answered is not touched.
    case unavailable(String)

    public var description: String {
        switch self {
        case .refused(let reason): "the teacher does not answer this request: \(reason)"
        case .unavailable(let reason): "no teacher can be reached: \(reason)"
        }
    }
}

/// A model that can be asked: the native engine, a llama.cpp server, OpenAI-compatible endpoints.
public protocol Respondent: Sendable {
    /// The model's name with whatever fixes its content: a file's hash, or endpoint model ids. Part of every label's provenance.
    var identity: String { get }
    /// Requests it can work on at once; asking for more only makes them wait.
    var slots: Int { get }
    /// Asks once; a respondent retries by itself what may succeed when tried again.
    /// - Throws: `RespondentError`, what no retry mends; `CancellationError` when the task is cancelled.
    func reply(to request: TeacherRequest) async throws -> TeacherReply
    /// Frees what it holds, such as a server it started. Nothing may be asked afterwards.
    func close() async
}
