import Agents
import Foundation
import Groundwork
import Pipeline
import Questions
import Tokenizers
import Transformers

/// Answers requests with the agents of one model.
///
/// Requests of one line that ask the same agent for the same kind of reply are decoded side by side.
public final class AgentService: AgentServing {
    /// What requests that do not say otherwise get.
    public struct Defaults: Sendable {
        public var questionSettings = AgentSettings.questions
        public var answerSettings = AgentSettings.answers
        /// Seconds; nil for no limit.
        public var questionDeadline: Double? = 10
        public var answerDeadline: Double? = 6
        /// Questions known to be right, for when time runs out.
        public var pool: [Question] = []

        public init() {}
    }

    private let model: AgentModel
    private let decode: Decoding
    private let defaults: Defaults
    private let clock: RequestClock
    private let warn: (String) -> Void
    private var answerAgents: [AgentSettings: AnswerAgent] = [:]
    private var questionAgents: [AgentSettings: QuestionAgent] = [:]
    /// A contest asks for its questions one by one, yet they are one set: none twice, and the letters even.
    private let memory = QuestionMemory()
    private var warned: Set<String> = []
    /// Agents for as many different settings are kept.
    private static let keptAgents = 16

    /// - Parameters:
    ///   - decode: the model's, for free continuations.
    ///   - warn: told once about each setting that means nothing.
    public init(
        model: AgentModel, decode: @escaping Decoding, defaults: Defaults = Defaults(), clock: RequestClock = .continuous,
        warn: @escaping (String) -> Void = { _ in }
    ) {
        self.model = model
        self.decode = decode
        self.defaults = defaults
        self.clock = clock
        self.warn = warn
    }

    /// Makes one agent, or both, and lets them work once; settings that mean nothing are found here.
    public func warmUp(_ agents: [SettingsFile.Agent] = SettingsFile.Agent.allCases) throws {
        let answering = try answerAgent(defaults.answerSettings), asking = try questionAgent(defaults.questionSettings)
        if agents.contains(.answer) { try answering.warmUp() }
        if agents.contains(.question) { try asking.warmUp() }
    }

    private func answerAgent(_ settings: AgentSettings) throws -> AnswerAgent {
        if let agent = answerAgents[settings] { return agent }
        if answerAgents.count >= Self.keptAgents { answerAgents = [:] }
        let agent = try model.answerAgent(settings, clock: clock)
        answerAgents[settings] = agent
        return agent
    }

    private func questionAgent(_ settings: AgentSettings) throws -> QuestionAgent {
        if let agent = questionAgents[settings] { return agent }
        if questionAgents.count >= Self.keptAgents { questionAgents = [:] }
        let agent = try model.questionAgent(settings, pool: defaults.pool, clock: clock)
        questionAgents[settings] = agent
        return agent
    }

    // MARK: Requests

    /// What a request wants, once its message is read.
    private enum Wish {
        case question(Topic)
        case answer(Question)
        case chat(system: String?, message: String)
    }

    /// What must be the same for requests to be decoded together.
    private struct Terms: Hashable {
        let kind: Int
        let agent: SettingsFile.Agent
        let settings: AgentSettings
        let limit: Double?
        let elapsed: Double
        let read: Duration
        let seed: UInt64
    }

    private struct Job {
        let id: RequestID
        let wish: Wish
    }

    public func serve(_ requests: [TimedRequest], reply: (AgentReply) throws -> Void) throws {
        var groups: [(terms: Terms, jobs: [Job])] = []
        for timed in requests {
            do {
                let (terms, job) = try read(timed)
                if let index = groups.firstIndex(where: { $0.terms == terms }) {
                    groups[index].jobs.append(job)
                } else {
                    groups.append((terms, [job]))
                }
            } catch {
                try reply(AgentReply(id: timed.request.id, error: DecodingReason.of(error)))
            }
        }
        for (terms, jobs) in groups {
            for answer in try replies(to: jobs, terms) { try reply(answer) }
        }
    }

    /// One bad request of a group must not spoil the others: then each is worked on alone.
    private func replies(to jobs: [Job], _ terms: Terms) throws -> [AgentReply] {
        do {
            return try work(jobs, terms)
        } catch let error as Interrupted {
            throw error
        } catch {
            guard jobs.count > 1 else { return [AgentReply(id: jobs[0].id, error: "\(error)")] }
            return try jobs.flatMap { try replies(to: [$0], terms) }
        }
    }

    private func read(_ timed: TimedRequest) throws -> (Terms, Job) {
        let request = timed.request
        let wish = try wish(of: request)
        let agent: SettingsFile.Agent = request.agent == .question ? .question : .answer
        let base = agent == .question ? defaults.questionSettings : defaults.answerSettings
        let (settings, unknown) = try SettingsFile.laying(request.settings ?? [:], over: base, for: agent)
        for key in unknown where warned.insert(key).inserted { warn("'\(key)' is no setting of an agent and changes nothing") }
        let standard = agent == .question ? defaults.questionDeadline : defaults.answerDeadline
        let limit = request.deadline.map { $0 == 0 ? nil : $0 } ?? standard
        let kind = switch wish {
        case .question: 0
        case .answer: 1
        case .chat: 2
        }
        let terms = Terms(
            kind: kind, agent: agent, settings: settings, limit: limit, elapsed: request.elapsed ?? 0, read: timed.read,
            seed: request.seed ?? 0)
        return (terms, Job(id: request.id, wish: wish))
    }

    private func wish(of request: AgentRequest) throws -> Wish {
        switch request.agent {
        case .question:
            if let topic = request.topic { return .question(Topic(area: request.area ?? "", topic: topic)) }
            guard let message = request.message else { throw Missing(what: "\"topic\" or \"message\"") }
            if let found = MessageReading.topic(of: message) { return .question(Topic(area: found.area, topic: found.topic)) }
            return .chat(system: request.system, message: message)
        case .answer:
            let id = "\(request.id)"
            if let question = request.question { return .answer(try question.asQuestion(id: id)) }
            guard let message = request.message else { throw Missing(what: "\"question\" or \"message\"") }
            if let posed = MessageReading.question(of: message) { return .answer(try posed.asQuestion(id: id)) }
            return .chat(system: request.system, message: message)
        case .chat:
            guard let message = request.message else { throw Missing(what: "\"message\"") }
            return .chat(system: request.system, message: message)
        }
    }

    private struct Missing: Error, CustomStringConvertible {
        let what: String
        var description: String { "\(what) is missing" }
    }

    // MARK: Work

    private func work(_ jobs: [Job], _ terms: Terms) throws -> [AgentReply] {
        // What is over when work begins is still given the shortest time: the agents then reply at once.
        let before = terms.elapsed + seconds(clock.now() - terms.read)
        let left = terms.limit.map { Duration.seconds(max(0.001, $0 - before)) }
        var topics: [(RequestID, Topic)] = [], questions: [(RequestID, Question)] = [], chats: [Chat] = []
        for job in jobs {
            switch job.wish {
            case .question(let topic): topics.append((job.id, topic))
            case .answer(let question): questions.append((job.id, question))
            case .chat(let system, let message): chats.append(Chat(id: job.id, system: system, message: message))
            }
        }
        var replies = try ask(topics, terms, left) + answer(questions, terms, left) + chat(chats, terms, left)
        for index in replies.indices {
            // The agent's clock began when work did.
            let whole = (replies[index].seconds ?? 0) + before
            replies[index].seconds = whole
            replies[index].late = terms.limit.map { whole > $0 } ?? false
        }
        return replies
    }

    private func ask(_ wanted: [(RequestID, Topic)], _ terms: Terms, _ left: Duration?) throws -> [AgentReply] {
        guard !wanted.isEmpty else { return [] }
        var records = try questionAgent(terms.settings).ask(
            wanted.map(\.1), count: wanted.count, deadline: left, seed: terms.seed, together: wanted.count, memory: memory)
        // The agent takes topics in an order of its own.
        return wanted.map { id, topic in
            let index = records.firstIndex { $0.area == topic.area && $0.topic == topic.topic } ?? records.startIndex
            guard index < records.endIndex else { return AgentReply(id: id, error: "the question agent gave no question on \(topic.topic)") }
            let record = records.remove(at: index)
            return AgentReply(
                id: id, output: record.output, tokens: record.tokens, seconds: record.seconds, ending: record.ending.rawValue,
                problems: FormatCheck.question(record.output, tokens: model.vocabulary.coding.count))
        }
    }

    private func answer(_ wanted: [(RequestID, Question)], _ terms: Terms, _ left: Duration?) throws -> [AgentReply] {
        guard !wanted.isEmpty else { return [] }
        let records = try answerAgent(terms.settings).answer(
            wanted.map(\.1), deadline: left, seed: terms.seed, together: wanted.count)
        return zip(wanted, records).map { wish, record in
            AgentReply(
                id: wish.0, output: record.output, tokens: record.tokens, seconds: record.seconds, ending: record.ending.rawValue,
                problems: FormatCheck.answer(record.output, tokens: model.vocabulary.coding.count))
        }
    }

    private struct Chat {
        let id: RequestID
        let system: String?
        let message: String
    }

    private func chat(_ chats: [Chat], _ terms: Terms, _ left: Duration?) throws -> [AgentReply] {
        guard !chats.isEmpty else { return [] }
        let coding = model.vocabulary.coding
        let time = Deadline(clock: clock, limit: left)
        let guides = chats.map { _ in ChatGuide(settings: terms.settings, ends: coding.endTokens, deadline: time) }
        let streams = try zip(chats, guides).enumerated().map { index, pair in
            let (chat, guide) = pair
            let prompt = try coding.prompt(system: chat.system ?? "You are a helpful assistant.", user: chat.message)
            return Transformers.Stream(prompt: prompt, guide: guide, seed: terms.seed &+ UInt64(index))
        }
        try decode(streams)
        return zip(chats, guides).map { chat, guide in
            AgentReply(
                id: chat.id, output: String(decoding: guide.ids.flatMap { coding.bytes(of: $0) }, as: UTF8.self), tokens: guide.ids.count,
                seconds: seconds(time.elapsed), ending: (guide.ending ?? .closed).rawValue)
        }
    }

    private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
