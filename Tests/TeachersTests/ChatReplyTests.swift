import Distillation
import Foundation
import Synchronization
import Teachers
import TestServers
import Testing
import Tokenizers

@Suite struct ChatReplyTests {
    /// Asks a server that answers every request with `body`.
    private func reply(
        _ body: String, models: String = Stubs.models, to request: TeacherRequest = Stubs.request("?"),
        seen: (@Sendable ([String: Any]) -> Void)? = nil
    ) async throws -> TeacherReply {
        let server = StubServer { request in
            if request.path == "/v1/models" { return .reply(body: models) }
            if let sent = (try? JSONSerialization.jsonObject(with: request.body)) as? [String: Any] { seen?(sent) }
            return .reply(body: body)
        }
        defer { server.stop() }
        var pace = Stubs.fastPace
        pace.patience = .milliseconds(1)
        let pool = try await TeacherPool.open([EndpointSettings(parsing: server.url)], pace: pace)
        do {
            let reply = try await pool.reply(to: request)
            await pool.close()
            return reply
        } catch {
            await pool.close()
            throw error
        }
    }

    @Test func textTokensAndCountsAreRead() async throws {
        let reply = try await reply(Stubs.completion("The answer is B.", logprobs: Stubs.places(["The answer", " is", " B", "."], others: [(" A", -2)])))
        #expect(reply.text == "The answer is B." && reply.tokens.map(\.text) == ["The answer", " is", " B", "."] && reply.thinking == nil)
        #expect(reply.tokens[2].alternatives == [.init(text: " B", logProbability: -0.25), .init(text: " A", logProbability: -2)])
        #expect(reply.ending == .finished && reply.promptTokens == 7 && reply.completionTokens == 3 && reply.model == "stub-1")
    }

    @Test func theTokenLimitIsTold() async throws {
        #expect(try await reply(Stubs.completion("The", ending: "length")).ending == .tokenLimit)
    }

    @Test(arguments: ["reasoning_content", "reasoning"])
    func thinkingInAFieldOfItsOwnIsApartAndSoAreItsTokens(field: String) async throws {
        let tokens = ["<think>", "B is", " right", "</think>", "\n\n", "B", "."]
        let reply = try await reply(Stubs.completion("B.", thinking: "B is right", field: field, logprobs: Stubs.places(tokens)))
        #expect(reply.thinking == "B is right" && reply.text == "B." && reply.tokens.map(\.text) == ["B", "."])
    }

    @Test func thinkingInsideTheTextStaysThere() async throws {
        let tokens = ["<think>", "hm", "</think>", " C"]
        let reply = try await reply(Stubs.completion("<think>hm</think> C", logprobs: Stubs.places(tokens)))
        #expect(reply.text == "<think>hm</think> C" && reply.tokens.map(\.text) == tokens)
    }

    @Test func endTokensAndStrippedSpaceAreNoPartOfTheText() async throws {
        let reply = try await reply(Stubs.completion("D", logprobs: Stubs.places(["\n", "D", "<|im_end|>", ""])))
        #expect(reply.text == "D" && reply.tokens.map(\.text) == ["D"])
    }

    @Test func aGivenBeginningIsNotRepeated() async throws {
        var request = Stubs.request("?")
        request.messages.append(Message(.assistant, "The answer is"))
        let echoed = try await reply(Stubs.completion("The answer is 4.", logprobs: Stubs.places([" 4", "."])), to: request)
        let plain = try await reply(Stubs.completion(" 4.", logprobs: Stubs.places([" 4", "."])), to: request)
        #expect(echoed.text == " 4." && plain.text == " 4." && echoed.tokens == plain.tokens && plain.tokens.count == 2)
    }

    @Test func aCharacterOfSeveralTokensIsPutTogetherFromBytes() async throws {
        let places = #"{"content":[{"token":"\#u{FFFD}","bytes":[226,130],"logprob":-1,"top_logprobs":[]},{"token":"\#u{FFFD}","bytes":[172],"logprob":-0.5,"top_logprobs":[]}]}"#
        #expect(try await reply(Stubs.completion("€", logprobs: places)).tokens.count == 2)
    }

    @Test func aTokenListedTwiceCountsOnceAndWhatIsImpossibleNotAtAll() async throws {
        let places = #"{"content":[{"token":"A","logprob":-0.5,"top_logprobs":[{"token":"B","logprob":-2},{"token":"A","logprob":-0.7},{"token":"A","logprob":-0.5},{"token":"C","logprob":null}]}]}"#
        let token = try #require(try await reply(Stubs.completion("A", logprobs: places)).tokens.first)
        #expect(token.alternatives == [.init(text: "A", logProbability: -0.5), .init(text: "B", logProbability: -2)])
    }

    @Test(arguments: [
        ("{}", "has no choices"), ("not json", "no JSON"), ("", "no JSON"), (#"{"choices":[]}"#, "without choices"),
        (#"{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#, "without content"),
        (#"{"choices":[{"message":{"content":"A"}}]}"#, "ended by nothing"),
        (Stubs.completion("A", logprobs: #"{"tokens":["A"],"token_logprobs":[-0.1]}"#), "has no content"),
        (Stubs.completion("A", logprobs: #"{"content":[{"token":"A","logprob":"-0.1"}]}"#), "is not what it should be"),
        (Stubs.completion("A", logprobs: #"{"content":[{"token":"A","logprob":0.9}]}"#), "log-probability is 0.9"),
        (Stubs.completion("A", logprobs: #"{"content":[{"token":"A"}]}"#), "log-probability is missing"),
        (Stubs.completion("A", logprobs: Stubs.places(["B"])), "other tokens than its text"),
    ])
    func whatCannotBeUsedIsSaid(body: String, reason: String) async throws {
        let error = await #expect(throws: RespondentError.self) { try await reply(body) }
        #expect("\(error!)".contains(reason), "\(error!)")
    }

    @Test(arguments: ["llamacpp", "vllm", "sglang", "openai"])
    func everyServerIsAskedInItsOwnWordsForTheWholeDistribution(owner: String) async throws {
        let models = #"{"data":[{"id":"m","owned_by":"\#(owner)"}]}"#
        let sent = Mutex<String>("")
        var request = Stubs.request("?", alternatives: 30)
        request.messages.append(Message(.assistant, "B"))
        request.sampling.repetitionPenalty = 1.25
        _ = try await reply(Stubs.completion(" is"), models: models, to: request, seen: { body in
            let keys = body.keys.sorted().filter { !["messages", "model", "seed", "temperature", "top_p", "logprobs", "max_tokens"].contains($0) }
            sent.withLock { $0 = keys.map { "\($0)=\(body[$0]!)" }.joined(separator: " ") }
        })
        let expected = [
            "llamacpp": "min_p=0 repeat_penalty=1.25 top_k=0 top_logprobs=30",
            "vllm": "add_generation_prompt=0 continue_final_message=1 repetition_penalty=1.25 top_k=-1 top_logprobs=20",
            "sglang": "continue_final_message=1 repetition_penalty=1.25 top_k=-1 top_logprobs=20",
            "openai": "repetition_penalty=1.25 top_logprobs=20",
        ]
        #expect(sent.withLock { $0 }.replacingOccurrences(of: "false", with: "0").replacingOccurrences(of: "true", with: "1") == expected[owner])
    }
}
