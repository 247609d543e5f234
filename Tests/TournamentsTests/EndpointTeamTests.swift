import Agents
import Foundation
import Questions
import Synchronization
import Teachers
import Testing
import TestServers
import Tournaments
import Groundwork

/// Not side by side: a request that should be late is, on a busy machine, late for other reasons too.
@Suite(.serialized) struct EndpointTeamTests {
    private static let models = #"{"object":"list","data":[{"id":"stub","object":"model","owned_by":"someone"}]}"#

    private static func completion(_ text: String) -> String {
        let quoted = (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
        return """
            {"id":"1","object":"chat.completion","model":"stub-1","choices":[{"index":0,"finish_reason":"stop",\
            "message":{"role":"assistant","content":\(quoted)}}],"usage":{"prompt_tokens":7,"completion_tokens":3}}
            """
    }

    /// A team behind a server that answers `/chat/completions` as the closure says; it gets the body and the number of the request.
    private func withTeam(
        _ reply: @escaping @Sendable ([String: Any], Int) -> StubServer.Answer, _ body: (EndpointTeam, StubServer) throws -> Void
    ) throws {
        let count = Mutex(0)
        let server = StubServer { request in
            if request.path.hasSuffix("/models") { return .reply(body: Self.models) }
            let fields = (try? JSONSerialization.jsonObject(with: request.body)) as? [String: Any] ?? [:]
            return reply(fields, count.withLock { $0 += 1; return $0 })
        }
        defer { server.stop() }
        let endpoint = try Blocking.run { try await ChatEndpoint.open(EndpointSettings(url: server.url), environment: [:]) }
        defer { try? Blocking.run { await endpoint.close() } }
        try body(EndpointTeam(name: "far", endpoint: endpoint), server)
    }

    private let questions = (1...3).map {
        Question(id: "q\($0)", source: "t", subject: "s", topic: "t", domain: .other, question: "Question \($0)?", choices: ["k", "l", "m", "n"], answer: .B)
    }

    @Test func itIsAskedWithRetortsPromptsAndItsRepliesAreReadLeniently() throws {
        let bodies = Mutex<[String]>([])
        try withTeam({ body, _ in
            let messages = (body["messages"] as? [[String: Any]])?.compactMap { $0["content"] as? String } ?? []
            bodies.withLock { $0.append(messages.joined(separator: "|") + "|" + "\((body["response_format"] as? [String: Any])?["type"] ?? "none")") }
            return .reply(body: Self.completion(messages.last?.hasPrefix("Topic") == true
                ? "Here it is:\n" + questionText("C") + "\nEnjoy." : "I think\n{\"answer\": \"B\", \"reasoning\": \"so\"}"))
        }) { team, _ in
            try team.warmUp()
            let asked = try team.ask(geography, count: 2, deadline: .seconds(30), seed: 1)
            #expect(asked.count == 2 && asked.allSatisfy { $0.question?.answer == "C" && $0.topic == "capitals" && !$0.isLate && $0.tokens == 3 })
            #expect(FormatCheck.question(asked[0].output, tokens: words).isEmpty)
            let answers = try team.answer(questions, deadline: .seconds(30), seed: 1)
            #expect(answers.map(\.questionID) == ["q1", "q2", "q3"] && answers.allSatisfy { $0.letter == .B } && team.log == nil)
        }
        let asked = bodies.withLock { $0 }
        #expect(asked.contains { $0.hasPrefix(QuestionFormat.systemPrompt) && $0.contains("|Topic: capitals|json_object") })
        #expect(asked.contains { $0.hasPrefix(AnswerFormat.systemPrompt) && $0.contains("|Question 2?\nA) k\nB) l\nC) m\nD) n|json_object") })
    }

    @Test func aServerThatKnowsNoResponseFormatIsAskedWithout() throws {
        try withTeam({ body, _ in
            body["response_format"] == nil ? .reply(body: Self.completion("{\"answer\": \"B\"}"))
                : .reply(status: 400, body: #"{"error":{"message":"response_format is not supported"}}"#)
        }) { team, server in
            try team.warmUp()
            #expect(try team.answer(questions, deadline: .seconds(30), seed: 1).count == 3)
            #expect(server.total == 1 + 2 + 3)
        }
    }

    @Test func whatDoesNotComeInTimeIsMissingAndAskedOnce() throws {
        try withTeam({ _, number in number == 2 ? .stall : .reply(body: Self.completion("{\"answer\": \"B\"}")) }) { team, server in
            let answers = try team.answer(questions, deadline: .seconds(2), seed: 1)
            #expect(answers.map(\.questionID) == ["q1", "q3"] && server.total == 1 + 3)
            #expect(team.log?.contains("the answer to q2: no reply within 2 s") == true)
        }
    }

    @Test func aServerThatIsGoneEndsTheMatchInsteadOfLosingIt() throws {
        try withTeam({ _, number in number == 1 ? .reply(body: Self.completion("{\"answer\": \"B\"}")) : .reply(status: 401, body: "{}") }) { team, _ in
            let asker = FakeTeam(asks: Array(repeating: questionText("A"), count: 5))
            let error = #expect(throws: TeamUnavailable.self) {
                try Match(rules: TournamentRules(questions: 5), tokens: words).play(
                    Team(name: "near", questionAgent: asker, answerAgent: asker), Team(name: "far", questionAgent: team, answerAgent: team),
                    topics: geography, seed: 1)
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("team far cannot be reached"))
        }
    }
}
