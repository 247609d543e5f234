import Foundation
import Testing

import RetortServer

@Suite struct ChatRouteTests {
    static let asked = #"{"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}], "seed": 11, "max_tokens": 40"#

    private func choice(_ reply: Reply) throws -> [String: Any] { try #require((try reply.json()["choices"] as? [[String: Any]])?.first) }

    private func text(_ reply: Reply) throws -> String { try #require((try choice(reply)["message"] as? [String: Any])?["content"] as? String) }

    @Test func aCompletionHasOpenAIsShape() async throws {
        let server = try await LiveServer()
        let reply = await server.post("/v1/chat/completions", Self.asked + #", "model": "base"}"#)
        let object = try reply.json()
        #expect(object["object"] as? String == "chat.completion" && object["model"] as? String == "base")
        let usage = try #require(object["usage"] as? [String: Int])
        #expect(usage["total_tokens"] == (usage["prompt_tokens"] ?? 0) + (usage["completion_tokens"] ?? 0))
        #expect(["stop", "length"].contains(try choice(reply)["finish_reason"] as? String))
        // The same seed says the same, another adapter something else.
        #expect(try await text(server.post("/v1/chat/completions", Self.asked + #", "model": "base"}"#)) == (try text(reply)))
        #expect(try await text(server.post("/v1/chat/completions", Self.asked + #", "model": "tuned"}"#)) != (try text(reply)))
        try await server.stop()
    }

    @Test func chunksTogetherAreTheWholeAndEndInDone() async throws {
        let server = try await LiveServer()
        let whole = try await text(server.post("/v1/chat/completions", Self.asked + "}"))
        let stream = await server.post("/v1/chat/completions", Self.asked + #", "stream": true, "stream_options": {"include_usage": true}}"#)
        #expect(stream.events.last?.data == "[DONE]")
        let chunks = try stream.events.dropLast().map { try #require(JSONSerialization.jsonObject(with: Data($0.data.utf8)) as? [String: Any]) }
        let choices = chunks.compactMap { ($0["choices"] as? [[String: Any]])?.first }
        #expect((choices.first?["delta"] as? [String: Any])?["role"] as? String == "assistant")
        #expect(choices.compactMap { ($0["delta"] as? [String: Any])?["content"] as? String }.joined() == whole)
        #expect(choices.compactMap { $0["finish_reason"] as? String }.count == 1)
        #expect(chunks.dropLast().allSatisfy { $0["usage"] is NSNull })
        #expect((chunks.last?["choices"] as? [Any])?.isEmpty == true && chunks.last?["usage"] is [String: Any])
        try await server.stop()
    }

    @Test func aStopStringEndsTheTextBeforeIt() async throws {
        let server = try await LiveServer()
        let whole = try await text(server.post("/v1/chat/completions", Self.asked + "}"))
        let stop = String(whole.dropFirst(3).prefix(2))
        let escaped = String(decoding: try JSONSerialization.data(withJSONObject: [stop]), as: UTF8.self)
        let body = Self.asked + ", \"stop\": \(escaped)"
        let end = try #require(whole.range(of: stop))
        let stopped = await server.post("/v1/chat/completions", body + "}")
        #expect(try text(stopped) == whole[..<end.lowerBound])
        #expect(try choice(stopped)["finish_reason"] as? String == "stop")
        let stream = await server.post("/v1/chat/completions", body + #", "stream": true}"#)
        #expect(!stream.body.contains("\"content\": " + escaped.dropFirst().dropLast()))
        try await server.stop()
    }

    @Test func logProbabilitiesStandBesideEveryToken() async throws {
        let server = try await LiveServer()
        let reply = await server.post("/v1/chat/completions", Self.asked + #", "temperature": 0, "logprobs": true, "top_logprobs": 3}"#)
        let content = try #require((try choice(reply)["logprobs"] as? [String: [[String: Any]]])?["content"])
        #expect(content.compactMap { $0["token"] as? String }.joined() == (try text(reply)))
        for entry in content {
            let top = try #require(entry["top_logprobs"] as? [[String: Any]])
            // The likeliest token is what temperature 0 takes.
            #expect(top.count == 3 && top[0]["logprob"] as? Double == entry["logprob"] as? Double && top[0]["token"] as? String == entry["token"] as? String)
            #expect((entry["logprob"] as? Double ?? 1) < 0)
        }
        try await server.stop()
    }

    @Test func textIsHeldBackOnlyWhereItMayBecomeAStop() {
        var stop = StopText(["END", "é!"])
        #expect(stop.append("some E") == "some ")
        #expect(stop.append("N") == "")
        #expect(stop.append("ough é") == "ENough ")
        #expect(stop.append("?") == "é?")
        #expect(stop.append("xEN") == "x")
        #expect(stop.append("D and more") == "")
        #expect(stop.isStopped && stop.append("more") == "" && stop.finish() == "")
        var open = StopText(["END"])
        #expect(open.append("the EN") == "the ")
        #expect(open.finish() == "EN")
    }
}
