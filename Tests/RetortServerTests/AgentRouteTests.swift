import Foundation
import Testing

import RetortServer

@Suite struct AgentRouteTests {
    static let asked = #"{"question": "What is 2 + 2?", "choices": ["A) 3", "B) 4", "C) 5", "D) 22"], "deadline_ms": 300000"#

    @Test func anAnswerHasTheAgentsTwoKeysAndMoreWhereItIsAskedFor() async throws {
        let server = try await LiveServer()
        let plain = await server.post("/v1/answer", Self.asked + "}")
        #expect(plain.status == 200)
        #expect(Set(try plain.json().keys) == ["answer", "reasoning"])
        #expect(["A", "B", "C", "D"].contains(try plain.json()["answer"] as? String))
        let full = try await server.post("/v1/answer", Self.asked + #", "confidence": true, "unknown": [1], "model": "tuned"}"#).json()
        let probabilities = try #require(full["probabilities"] as? [String: Double])
        #expect(abs(probabilities.values.reduce(0, +) - 1) < 0.001)
        let letter = try #require(full["answer"] as? String), confidence = try #require(full["confidence"] as? Double)
        #expect(abs(confidence - (probabilities[letter] ?? 0)) < 0.001)
        try await server.stop()
    }

    @Test func aStreamTellsTheReasoningAndTheTimeAndEndsInTheSameAnswer() async throws {
        let server = try await LiveServer()
        let plain = await server.post("/v1/answer", Self.asked + #", "seed": 5}"#)
        let stream = await server.post("/v1/answer", Self.asked + #", "seed": 5, "stream": true}"#)
        #expect(stream.header("content-type")?.hasPrefix("text/event-stream") == true)
        let events = stream.events
        #expect(events.contains { $0.name == "scores" } && events.contains { $0.name == "text" })
        for event in events { #expect(event.data.contains("\"remaining_ms\": ")) }
        let last = try #require(events.last)
        #expect(last.name == "answer")
        let data = try #require(JSONSerialization.jsonObject(with: Data(last.data.utf8)) as? [String: Any])
        #expect((data["answer"] as? [String: String]) == (try plain.json() as? [String: String]))
        try await server.stop()
    }

    @Test func aTopicBecomesAQuestionWithFourChoices() async throws {
        let server = try await LiveServer()
        let question = try await server.post("/v1/question", #"{"topic": "rivers of \"Europe\"", "seed": 3, "deadline_ms": 60000}"#).json()
        #expect((question["choices"] as? [String])?.map { $0.prefix(3) } == ["A) ", "B) ", "C) ", "D) "])
        #expect(["A", "B", "C", "D"].contains(question["answer"] as? String))
        let stream = await server.post("/v1/question", #"{"topic": "rivers", "seed": 3, "stream": true, "deadline_ms": 60000}"#)
        #expect(stream.events.last?.name == "question")
        try await server.stop()
    }

    @Test(arguments: [
        ("/v1/answer", "", "body"), ("/v1/answer", "[]", "body"), ("/v1/answer", "{", "body"), ("/v1/answer", "{}", "question"),
        ("/v1/answer", #"{"question": "x", "choices": ["a", "b", "c"]}"#, "choices"),
        ("/v1/answer", #"{"question": "x", "choices": ["a", "b", "c", 4]}"#, "choices[3]"),
        ("/v1/answer", #"{"question": " ", "choices": ["a", "b", "c", "d"]}"#, "question"),
        ("/v1/answer", #"{"question": "x", "choices": ["a", "b", "c", "d"], "mode": "guess"}"#, "mode"),
        ("/v1/answer", #"{"question": "x", "choices": ["a", "b", "c", "d"], "deadline_ms": 0}"#, "deadline_ms"),
        ("/v1/answer", #"{"question": "x", "choices": ["a", "b", "c", "d"], "seed": 1.5}"#, "seed"),
        ("/v1/question", #"{"topic": ""}"#, "topic"), ("/v1/question", #"{"topic": 7}"#, "topic"), ("/v1/question", #"{"topic": "?!"}"#, "topic"),
        ("/v1/chat/completions", #"{"messages": []}"#, "messages"),
        ("/v1/chat/completions", #"{"messages": [{"role": "tool", "content": "x"}]}"#, "messages[0].role"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#, "messages[0].content"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "temperature": 3}"#, "temperature"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "n": 2}"#, "n"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_object"}}"#, "response_format"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "tools": [{}]}"#, "tools"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "top_logprobs": 5}"#, "top_logprobs"),
        ("/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "stop": ["a","b","c","d","e"]}"#, "stop"),
    ])
    func whatCannotBeDoneIsAnErrorThatNamesTheField(path: String, body: String, field: String) async throws {
        let server = try await LiveServer()
        let reply = await server.post(path, body)
        #expect(reply.status == 400)
        #expect(reply.error("type") == "invalid_request_error")
        #expect(reply.error("message")?.contains(field) == true)
        try await server.stop()
    }

    @Test func otherErrorsHaveTheirStatusAndShapeToo() async throws {
        let server = try await LiveServer(change: { $0.bodyBytes = 10_000 })
        let unknown = await server.post("/v1/answer", Self.asked + #", "model": "../../etc/passwd"}"#)
        #expect(unknown.status == 404 && unknown.error("code") == "model_not_found")
        #expect(await server.get("/v1/nothing").status == 404)
        #expect(await server.get("/../../etc/passwd").status == 404)
        let large = await server.post("/v1/answer", #"{"question": ""# + String(repeating: "x", count: 20_000) + #""}"#)
        #expect(large.status == 413)
        let nested = await server.post("/v1/answer", String(repeating: "[", count: 5_000))
        #expect(nested.status == 400 && nested.error("message")?.contains("nesting") == true)
        let long = await server.post("/v1/answer", #"{"question": ""# + String(repeating: "x", count: 1_500) + #"", "choices": ["a", "b", "c", "d"]}"#)
        #expect(long.status == 400)
        let headers = await server.get("/healthz", ["X-Long: " + String(repeating: "y", count: 20_000)])
        #expect(headers.status == 400 || headers.status == 431 || headers.status == 0)
        #expect(await server.get("/healthz").status == 200)
        try await server.stop()
    }

    @Test func aMatchIsToldFromItsBeginningToItsEnd() async throws {
        let server = try await LiveServer()
        let body = #"{"first": "base", "second": "tuned", "questions": 2, "topics": ["rivers", "sums"], "seed": 4}"#
        let begun = await server.post("/v1/tournaments", body)
        #expect(begun.status == 202)
        let path = try #require(try begun.json()["events"] as? String)
        let events = await server.get(path).events
        #expect(events.first?.name == "match-begins" && events.last?.name == "match-ends")
        #expect(events.count { $0.name == "inning-ends" } == 2 && events.count { $0.name == "question" } == 4)
        // A later watcher hears the same, and a match that is over makes room for the next.
        #expect(await server.get(path).events.map(\.data) == events.map(\.data))
        #expect(await server.post("/v1/tournaments", body).status == 202)
        #expect(await server.get(path).status == 404)
        #expect(await server.post("/v1/tournaments", #"{"first": "base", "second": "none", "topics": ["x"]}"#).status == 404)
        #expect(await server.post("/v1/tournaments", #"{"first": "base", "second": "base", "topics": []}"#).status == 400)
        try await server.stop()
    }

    @Test func oneMatchIsPlayedAtATimeAndCanBeStopped() async throws {
        let gate = Gate()
        let server = try await LiveServer(gate: { gate.wait() })
        let body = #"{"first": "base", "second": "base", "questions": 3, "topics": ["rivers"]}"#
        let id = try #require(try await server.post("/v1/tournaments", body).json()["id"] as? String)
        let second = await server.post("/v1/tournaments", body)
        #expect(second.status == 409 && second.error("message")?.contains(id) == true)
        async let watching = server.get("/v1/tournaments/\(id)/events")
        let delete = "DELETE /v1/tournaments/\(id) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        #expect(await Connection.exchange(server.port, delete).status == 200)
        gate.open()
        #expect(await watching.events.last?.name == "error")
        try await server.stop()
    }
}
