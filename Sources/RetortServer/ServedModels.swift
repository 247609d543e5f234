import Agents
import Checkpoints
import Groundwork
import Questions
import Synchronization
import Tokenizers
import Transformers

/// One base, and adapters on it, each under the name that a request's `model` asks for.
public final class ServedModels: Sendable {
    /// The base first.
    let names: [String]
    let tokenizer: Tokenizer
    let vocabulary: AgentVocabulary
    private let decoder: SharedDecoder
    private let created: Int
    private let questionAgents = KeptAgents<Int, QuestionAgent>()
    private let answerAgents = KeptAgents<AnswerPlace, AnswerAgent>()

    private struct AnswerPlace: Hashable {
        let adapter: Int
        /// Nil for the settings' own.
        let mode: AnswerMode?
    }

    private final class KeptAgents<Place: Hashable & Sendable, Agent>: Sendable {
        // Unchecked: what an agent holds does not change, but for the pace that it learns behind a lock, and its streams go to `run`, which any
        // thread may call.
        private struct Kept: @unchecked Sendable { let agent: Agent }
        private let agents = Mutex<[Place: Kept]>([:])

        func agent(at place: Place, _ make: () throws -> Agent) throws -> Agent {
            try agents.withLock { agents in
                if let known = agents[place] { return known }
                let made = Kept(agent: try make())
                agents[place] = made
                return made
            }.agent
        }
    }

    /// - Parameters:
    ///   - name: of the base.
    ///   - adapters: loaded once; they stay beside the base's weights, so that a request's choice costs nothing.
    ///   - slots: streams side by side.
    ///   - context: tokens that a prompt and its reply may have together.
    /// - Throws: `ServerError` for a name that is taken or no name.
    public convenience init(
        _ model: LanguageModel, name: String, adapters: [(name: String, adapter: Adapter)], slots: Int, context: Int
    ) throws {
        try self.init(
            names: [name] + adapters.map(\.name), tokenizer: model.tokenizer,
            decoder: SharedDecoder(model: model, adapters: [nil] + adapters.map(\.adapter), slots: slots, context: context))
    }

    /// - Parameter names: of the decoder's adapters, in their order; the base first.
    public init(names: [String], tokenizer: Tokenizer, decoder: SharedDecoder) throws {
        for (index, name) in names.enumerated() {
            if name.isEmpty || name.utf8.count > 200 { throw ServerError.adapterName(name, reason: "a name has 1 to 200 characters") }
            if names[..<index].contains(name) { throw ServerError.adapterName(name, reason: "another model has it already") }
        }
        self.names = names
        self.tokenizer = tokenizer
        self.decoder = decoder
        vocabulary = try AgentVocabulary(tokenizer)
        created = UnixTime.now
    }

    var status: SharedDecoder.Status { decoder.status }
    var capacity: Int { decoder.capacity }

    /// What a request gets that names no model: the first adapter, for which the server was started, or else the base.
    var standard: String { names.count > 1 ? names[1] : names[0] }

    /// `GET /v1/models`, with what the page needs to know under "retort".
    func list(_ settings: ServerSettings) -> JSONValue {
        let own = JSONObject([
            ("standard", .string(standard)), ("modes", .array(AnswerMode.allCases.map { .string($0.rawValue) })),
            ("mode", (try? answerAgent(0, settings.answering, mode: nil).mode.rawValue).map { .string($0) } ?? .null),
            ("answer_deadline_ms", .integer(Int(settings.answerDeadline / .milliseconds(1)))),
            ("question_deadline_ms", .integer(Int(settings.questionDeadline / .milliseconds(1)))),
        ])
        return .object(JSONObject([
            ("object", .string("list")),
            ("data", .array(names.enumerated().map { index, name in
                .object(JSONObject([
                    ("id", .string(name)), ("object", .string("model")), ("created", .integer(created)), ("owned_by", .string("retort")),
                    ("parent", index == 0 ? .null : .string(names[0])), ("max_model_len", .integer(capacity)),
                ]))
            })),
            ("retort", .object(own)),
        ]))
    }

    /// The place of the adapter under a name.
    func adapter(_ name: String) throws(HTTPProblem) -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw HTTPProblem(
                .notFound, "there is no model '\(name.prefix(200))' here; there is \(names.map { "'\($0)'" }.joined(separator: ", "))",
                code: "model_not_found", parameter: "model")
        }
        return index
    }

    /// Runs streams under an adapter for the request that this thread works on.
    func run(_ streams: [Transformers.Stream], adapter: Int) throws {
        guard let work = RequestWork.current else { return try decoder.run(streams, adapter: adapter) }
        let observed = streams.enumerated().map { index, stream in
            Transformers.Stream(
                prompt: stream.prompt, guide: ObservedGuide(stream.guide, work, index, tokenizer), seed: stream.seed)
        }
        work.add(promptTokens: streams.reduce(0) { $0 + $1.prompt.count })
        try decoder.run(observed, adapter: adapter, cancellation: work.cancellation)
    }

    /// The agents of one adapter.
    func agents(_ adapter: Int) -> AgentModel {
        AgentModel(vocabulary: vocabulary, contextLength: capacity) { [self] in try run($0, adapter: adapter) }
    }

    /// The question agent of one adapter, the same for all requests: it plans by the pace that it has learnt.
    func questionAgent(_ adapter: Int, _ settings: AgentSettings) throws -> QuestionAgent {
        try questionAgents.agent(at: adapter) { try agents(adapter).questionAgent(settings) }
    }

    /// The answer agent of one adapter and mode, likewise.
    func answerAgent(_ adapter: Int, _ settings: AgentSettings, mode: AnswerMode?) throws -> AnswerAgent {
        let mode = mode == settings.mode ?? .standard ? nil : mode
        return try answerAgents.agent(at: AnswerPlace(adapter: adapter, mode: mode)) { try agents(adapter).answerAgent(settings, mode: mode) }
    }

    /// Lets every adapter's agents and a chat work once, so that what happens only once happens before the first request: weights are laid
    /// out, kernels chosen, the beginnings of the agents' prompts computed.
    public func warmUp(_ settings: ServerSettings) throws {
        for adapter in names.indices {
            try answerAgent(adapter, settings.answering, mode: nil).warmUp()
            try questionAgent(adapter, settings.asking).warmUp()
        }
    }

    func stop() { decoder.stop() }
}
