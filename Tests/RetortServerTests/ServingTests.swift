import Foundation
import Groundwork
import Synchronization
import Testing

import RetortServer

/// What happened, in its order, told by many threads.
private final class Order: Sendable {
    private let names = Mutex([String]())
    var all: [String] { names.withLock { $0 } }
    func add(_ name: String) { names.withLock { $0.append(name) } }
}

@Suite struct ServingTests {
    private let answer = AgentRouteTests.asked + "}"

    @Test func thePageComesWithAPolicyThatLetsNothingElseIn() async throws {
        let server = try await LiveServer()
        for (path, type) in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")] {
            let reply = await server.get(path)
            #expect(reply.status == 200 && reply.header("content-type")?.hasPrefix(type) == true)
            #expect(reply.header("content-security-policy")?.contains("default-src 'none'") == true)
            #expect(!reply.body.contains("http://") && !reply.body.contains("https://"))
        }
        try await server.stop()
    }

    @Test func aFullQueueIsToldToComeBackAndWhatWasAcceptedIsAnswered() async throws {
        let gate = Gate()
        let server = try await LiveServer(slots: 1, gate: { gate.wait() }, change: { $0.queue = 2 })
        async let first = server.post("/v1/answer", answer)
        try await server.reaches("retort_requests_busy", 1)
        async let second = server.post("/v1/answer", answer)
        async let third = server.post("/v1/answer", answer)
        try await server.reaches("retort_queue_waiting", 2)
        let refused = await server.post("/v1/answer", answer)
        #expect(refused.status == 429 && refused.error("type") == "rate_limit_error")
        #expect((Int(refused.header("retry-after") ?? "") ?? 0) >= 1)
        gate.open()
        for reply in await [first, second, third] { #expect(reply.status == 200) }
        #expect(await server.metric(#"retort_requests_total{path="/v1/answer",status="429"}"#) == 1)
        try await server.stop()
    }

    @Test(arguments: [false, true]) func aClientThatGoesAwayFreesItsSlotAndItsPlace(streams: Bool) async throws {
        let gate = Gate()
        let server = try await LiveServer(slots: 1, gate: { gate.wait() }, change: { $0.queue = 2 })
        let body = AgentRouteTests.asked + (streams ? #", "stream": true}"# : "}")
        let working = try #require(Connection(server.port)), waiting = try #require(Connection(server.port))
        working.write(Array(LiveServer.post("/v1/answer", body).utf8))
        try await server.reaches("retort_requests_busy", 1)
        waiting.write(Array(LiveServer.post("/v1/answer", body).utf8))
        try await server.reaches("retort_queue_waiting", 1)
        waiting.end()
        try await server.reaches("retort_queue_waiting", 0)
        working.end()
        try await server.reaches(#"retort_cancelled_total{path="/v1/answer"}"#, 1)
        gate.open()
        try await server.reaches(#"retort_cancelled_total{path="/v1/answer"}"#, 2)
        try await server.reaches("retort_slots_busy", 0)
        #expect(await server.post("/v1/answer", answer).status == 200)
        try await server.stop()
    }

    @Test func aServerThatIsToStopFirstFinishesWhatItAccepted() async throws {
        let gate = Gate()
        let server = try await LiveServer(slots: 1, gate: { gate.wait() })
        async let first = server.post("/v1/answer", answer)
        try await server.reaches("retort_requests_busy", 1)
        async let second = server.post("/v1/answer", AgentRouteTests.asked + #", "stream": true}"#)
        try await server.reaches("retort_queue_waiting", 1)
        server.askToStop()
        while let connection = Connection(server.port) {
            connection.end()
            try await Task.sleep(for: .milliseconds(2))
        }
        gate.open()
        #expect(await first.status == 200)
        let reply = await second
        #expect(reply.events.last?.name == "answer", "\(reply.text)")
        try await server.stop()
    }

    @Test func workThatWaitedPastItsDeadlineIsNotBegun() async throws {
        let gate = Gate()
        let server = try await LiveServer(slots: 1, gate: { gate.wait() })
        async let first = server.post("/v1/answer", answer)
        try await server.reaches("retort_requests_busy", 1)
        // Long enough to be let into the queue, and short enough to be over before the gate opens.
        let body = #"{"question": "x?", "choices": ["1", "2", "3", "4"], "deadline_ms": 1500}"#
        async let late = server.post("/v1/answer", body)
        try await server.reaches("retort_queue_waiting", 1)
        try await Task.sleep(for: .milliseconds(1_600))
        gate.open()
        let refused = await late
        #expect(refused.status == 429 && refused.error("code") == "deadline_exceeded")
        #expect(await first.status == 200)
        #expect(await server.metric(#"retort_deadline_misses_total{path="/v1/answer"}"#) == 1)
        try await server.stop()
    }

    @Test func onlyALoopbackAddressIsOpenWithoutAToken() throws {
        var settings = ServerSettings()
        for host in ["0.0.0.0", "192.168.1.2", "example.org", "::", "127.example.org"] {
            settings.host = host
            #expect(throws: ServerError.self) { try settings.validate() }
        }
        settings.token = "short"
        #expect(throws: ServerError.self) { try settings.validate() }
        settings.token = "0123456789abcdef"
        try settings.validate()
        settings.token = nil
        for host in ["127.0.0.1", "localhost", "::1"] {
            settings.host = host
            try settings.validate()
        }
    }

    @Test func whoDoesNotKnowTheTokenAndPagesOfOtherSitesAreRefused() async throws {
        let server = try await LiveServer(change: { $0.token = "0123456789abcdef" })
        for header in [[], ["Authorization: Bearer 0123456789abcdeF"], ["Authorization: Bearer 0123456789abcdef0"], ["Authorization: 0123456789abcdef"]] {
            let reply = await server.get("/v1/models", header)
            #expect(reply.status == 401 && reply.error("code") == "invalid_api_key")
        }
        #expect(await server.get("/v1/models", ["Authorization: Bearer 0123456789abcdef"]).status == 200)
        #expect(await server.get("/healthz").status == 200)
        #expect(await server.get("/").status == 200)
        #expect(await server.get("/healthz", ["Origin: http://evil.example"]).status == 403)
        #expect(await server.get("/healthz", ["Origin: http://localhost"]).status == 200)
        try await server.stop()
        let open = try await LiveServer()
        let renamed = await Connection.exchange(open.port, "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        #expect(renamed.status == 421)
        try await open.stop()
    }

    @Test func aClientsManyRequestsDoNotStandBeforeAnothersFirst() throws {
        let queue = WorkQueue(threads: 1, places: 100)
        let gate = Gate(), order = Order()
        for number in 0..<6 {
            _ = try queue.add(client: "many", kind: "", limit: .seconds(600)) {
                if number == 0 { gate.wait() }
                order.add("many")
                return 0
            } dropped: {}
        }
        _ = try queue.add(client: "one", kind: "", limit: .seconds(600)) {
            order.add("one")
            return 0
        } dropped: {}
        while gate.waiting == 0 { usleep(1_000) }
        gate.open()
        queue.stop()
        let said = order.all
        #expect(said.count == 7)
        #expect(try #require(said.firstIndex(of: "one")) <= 2)
        #expect(throws: WorkQueue.Full.self) { try queue.add(client: "late", kind: "", limit: .seconds(1)) { 0 } dropped: {} }
    }
}

@Suite struct FuzzTests {
    /// Requests that are nearly right, and ones that are nothing at all: each gets an answer below 500, and the server lives on.
    @Test func noRequestBringsTheServerDown() async throws {
        let server = try await LiveServer(slots: 8)
        let seeds = [
            ("/v1/answer", AgentRouteTests.asked + #", "seed": 3, "mode": "letter", "confidence": true}"#),
            ("/v1/question", #"{"topic": "rivers", "area": "x", "seed": -4, "deadline_ms": 60000, "stream": false}"#),
            ("/v1/chat/completions", ChatRouteTests.asked + #", "stop": ["a", "é"], "logprobs": true, "top_logprobs": 2, "top_p": 0.5, "temperature": 1.5}"#),
        ]
        let pieces = ["null", "-1", "1e400", "\"", "\\u0000", "\\ud800", "{}", "[]", "true", "9223372036854775808", "é", "\u{0}", "<|im_end|>", "[[[[", "0.0"].map { Array($0.utf8) }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var random = CounterRandom(seed: 7, phase: "fuzz", step: UInt64(worker))
                    for _ in 0..<400 {
                        let (path, text) = seeds[random.next(below: seeds.count)]
                        var body = Array(text.utf8)
                        for _ in 0...random.next(below: 4) {
                            let place = random.next(below: body.count)
                            switch random.next(below: 4) {
                            case 0: body[place] = UInt8(random.next(below: 256))
                            case 1: body.remove(at: place)
                            case 2: body.insert(contentsOf: pieces[random.next(below: pieces.count)], at: place)
                            default: body.replaceSubrange(place..<min(body.count, place + random.next(below: 12)), with: pieces[random.next(below: pieces.count)])
                            }
                        }
                        let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"
                        let reply = await Connection.exchange(server.port, Array(head.utf8) + body)
                        #expect((200..<500).contains(reply.status), "\(String(decoding: body, as: UTF8.self)): \(reply.text)")
                    }
                }
            }
        }
        for worker in 0..<300 {
            var random = CounterRandom(seed: 8, phase: "noise", step: UInt64(worker))
            var bytes = (0..<random.next(below: 200)).map { _ in UInt8(random.next(below: 256)) }
            if worker % 2 == 0 { bytes = Array("POST /v1/answer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + bytes }
            await Connection.say(server.port, bytes)
        }
        #expect(await server.get("/healthz").status == 200)
        try await server.reaches("retort_slots_busy", 0)
        try await server.stop()
    }
}
