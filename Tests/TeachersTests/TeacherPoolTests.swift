import Distillation
import Foundation
import Groundwork
import Synchronization
import Teachers
import TestServers
import Testing

@Suite struct TeacherPoolTests {
    /// Answers with what was asked.
    private static func echo(_ request: StubServer.Request, after pause: TimeInterval = 0) -> StubServer.Answer {
        let text = Stubs.asked(request)
        return .reply(body: Stubs.completion(text, logprobs: Stubs.places([text])), after: pause)
    }

    private static func endpoint(_ server: StubServer, _ settings: String = "") throws -> EndpointSettings {
        try EndpointSettings(parsing: server.url + ",model=stub" + settings)
    }

    private final class Notices: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// Asks `count` questions, as many at once as the pool has slots.
    private func ask(_ count: Int, _ pool: TeacherPool) async throws -> [String] {
        var texts: [String] = []
        try await BoundedRun.run(0..<count, atOnce: pool.slots, isInterrupted: { false }, work: { number in
            try await pool.reply(to: Stubs.request("question \(number)"))
        }, take: { texts.append($0.text) })
        return texts
    }

    @Test func nothingIsLostOrDoubledOverFourFaultyEndpoints() async throws {
        let seen = Mutex<[String: Int]>([:])
        // Every question meets two faults, another pair for each; the third attempt is answered, wherever it is made.
        @Sendable func answer(_ request: StubServer.Request) -> StubServer.Answer {
            let text = Stubs.asked(request)
            let attempt = seen.withLock { seen in
                seen[text, default: 0] += 1
                return seen[text]!
            }
            let number = Int(text.split(separator: " ").last ?? "") ?? 0
            guard attempt <= 2 else { return Self.echo(request, after: Double(number % 4) / 1000) }
            switch (number + attempt * 5) % 13 {
            case 0: return .reply(status: 429, headers: ["Retry-After": "0.01"], body: #"{"error":{"message":"slow down"}}"#)
            case 1: return .reply(status: 500, body: "oops")
            case 2: return .reply(status: 503, body: #"{"error":{"message":"Loading model"}}"#)
            case 3: return .hangUp
            case 4: return .half
            case 5: return .raw("ICY 200 what\n\n\u{1}\u{2}garbage")
            case 6: return .reply(body: "{\"choices\": [ {")
            case 7: return .reply(body: Stubs.completion(text, logprobs: #"{"tokens":["A"],"token_logprobs":[-0.1]}"#))
            case 8: return .reply(body: Stubs.completion(text, logprobs: Stubs.places(["something else"])))
            case 9: return .reply(body: Stubs.completion(text, logprobs: Stubs.places([text], others: [("x", 2)])))
            case 10: return number % 50 == 0 ? .stall : .reply(status: 502, body: "<html>bad gateway</html>")
            case 11: return .raw("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"choices\":")
            default: return .reply(status: 504, body: "")
            }
        }
        let servers = (0..<4).map { _ in StubServer(answer) }
        defer { servers.forEach { $0.stop() } }
        let pool = try await TeacherPool.open(try servers.map { try Self.endpoint($0, ",slots=16,timeout=2") }, pace: Stubs.fastPace)
        let texts = try await ask(2000, pool)
        #expect(texts.count == 2000 && Set(texts) == Set((0..<2000).map { "question \($0)" }))
        let report = await pool.report
        #expect(report.map(\.answers).reduce(0, +) == 2000)
        // A reply that a busy machine makes late is one more; how large each share is depends on how fast the machine is.
        #expect(report.map(\.failures).reduce(0, +) >= 4000)
        #expect(report.allSatisfy { $0.answers > 0 && $0.failures > 0 && !$0.isClosed }, "\(report)")
        await pool.close()
    }

    @Test func allSlotsAreBusy() async throws {
        let server = StubServer { Self.echo($0, after: 0.1) }
        defer { server.stop() }
        let pool = try await TeacherPool.open([Self.endpoint(server, ",slots=64")], pace: Stubs.fastPace)
        _ = try await ask(64 * 4, pool)
        let (before, time) = (server.busySeconds, ContinuousClock.now)
        _ = try await ask(64 * 20, pool)
        let share = (server.busySeconds - before) / ((ContinuousClock.now - time) / .seconds(1)) / 64
        // The share is for whoever runs this test alone: beside others it says how busy the processor is.
        print("64 slots, replies after 100 ms: \(server.mostAtOnce) busy at most, \(Int((share * 100).rounded())) % of the time of all slots")
        #expect(server.mostAtOnce == 64)
        await pool.close()
    }

    @Test func whatAsksToBeLeftAloneIsLeftAlone() async throws {
        let busy = StubServer { _ in .reply(status: 429, headers: ["Retry-After": "3600"], body: "{}") }
        let other = StubServer { Self.echo($0) }
        defer { busy.stop(); other.stop() }
        let pool = try await TeacherPool.open([Self.endpoint(busy, ",slots=4"), Self.endpoint(other, ",slots=4")], pace: Stubs.fastPace)
        #expect(try await ask(300, pool).count == 300)
        #expect(busy.total <= 8, "only what was under way before its first reply reached it")
        await pool.close()
    }

    @Test func anEndpointThatFailsLosesItsShareAndGetsItBack() async throws {
        let isBroken = Atomic(true)
        let shaky = StubServer { isBroken.load(ordering: .relaxed) ? .reply(status: 500, body: "") : Self.echo($0) }
        let sound = StubServer { Self.echo($0, after: 0.002) }
        defer { shaky.stop(); sound.stop() }
        let notices = Notices()
        let pool = try await TeacherPool.open(
            [Self.endpoint(shaky, ",slots=16"), Self.endpoint(sound, ",slots=16")], pace: Stubs.fastPace, notice: notices.add)
        #expect(try await ask(1000, pool).count == 1000)
        #expect(shaky.total < 300 && sound.total >= 1000)
        isBroken.store(false, ordering: .relaxed)
        let before = sound.total
        #expect(try await ask(2000, pool).count == 2000)
        #expect(sound.total - before < 1900)
        #expect(notices.all.contains { $0.contains("fails and is tried again later: HTTP 500") } && notices.all.contains { $0.contains("answers again") })
        await pool.close()
    }

    @Test(arguments: [
        (401, "{\"error\":{\"message\":\"Incorrect API key sk-secret\"}}", "check what STUB_KEY holds"),
        (404, "{\"error\":{\"message\":\"The model `stub` does not exist\"}}", "The model `stub` does not exist; check the address"),
        (308, "", "a redirection"), (402, "{\"message\":\"no credit\"}", "no credit"),
    ])
    func anEndpointThatCannotAnswerIsOneErrorAndTheOthersGoOn(status: Int, body: String, reason: String) async throws {
        let closed = StubServer { _ in .reply(status: status, headers: ["Location": "http://127.0.0.1:1/"], body: body) }
        let open = StubServer { Self.echo($0) }
        defer { closed.stop(); open.stop() }
        let environment = ["STUB_KEY": "sk-secret"], notices = Notices()
        let pool = try await TeacherPool.open(
            [Self.endpoint(closed, ",key-env=STUB_KEY"), Self.endpoint(open)], environment: environment, pace: Stubs.fastPace, notice: notices.add)
        #expect(try await ask(200, pool).count == 200)
        #expect(await pool.report[0].isClosed && notices.all.count == 1 && notices.all[0].contains(reason), "\(notices.all)")
        await pool.close()

        let alone = try await TeacherPool.open([Self.endpoint(closed, ",key-env=STUB_KEY")], environment: environment, pace: Stubs.fastPace)
        let error = await #expect(throws: RespondentError.self) { try await ask(10, alone) }
        #expect("\(error!)".contains(reason) && "\(error!)".contains(closed.url) && !"\(error!) \(notices.all)".contains("sk-secret"), "\(error!)")
        await alone.close()
    }

    @Test func endpointsThatAreAllDeadEndItInOneMessageAndWhatWasAnsweredIsKept() async throws {
        let asked = Atomic(0)
        let servers = (0..<2).map { _ in
            StubServer { request in
                if request.method == "GET" { return .reply(body: Stubs.models) }
                return asked.add(1, ordering: .relaxed).newValue > 60 ? .hangUp : Self.echo(request)
            }
        }
        defer { servers.forEach { $0.stop() } }
        var pace = Stubs.fastPace
        pace.patience = .milliseconds(300)
        let pool = try await TeacherPool.open(try servers.map { try Self.endpoint($0, ",slots=4") }, pace: pace)
        var taken: [String] = []
        let error = await #expect(throws: RespondentError.self) {
            try await BoundedRun.run(0..<1000, atOnce: pool.slots, isInterrupted: { false }, work: { number in
                try await pool.reply(to: Stubs.request("question \(number)")).text
            }, take: { taken.append($0) })
        }
        #expect("\(error!)".contains(servers[0].url) && "\(error!)".contains("\(servers[1].url): it closed the connection"), "\(error!)")
        #expect(Set(taken).count == 60 && taken.count == 60)
        await pool.close()
    }

    @Test func aQuestionThatNoServerBearsIsRefusedAndTheOthersAreAnswered() async throws {
        let server = StubServer { request in
            switch Stubs.asked(request) {
            case "question 50": .reply(status: 500, body: "crashed")
            case "question 60": .reply(status: 400, body: #"{"error":{"message":"request (6031 tokens) exceeds the available context size"}}"#)
            default: Self.echo(request, after: 0.001)
            }
        }
        defer { server.stop() }
        let pool = try await TeacherPool.open([Self.endpoint(server, ",slots=4")], pace: Stubs.fastPace)
        var refused: [Int: String] = [:], answered = 0
        try await BoundedRun.run(0..<3000, atOnce: pool.slots, isInterrupted: { false }, work: { number -> (Int, String?) in
            do {
                _ = try await pool.reply(to: Stubs.request("question \(number)"))
                return (number, nil)
            } catch let error as RespondentError {
                guard case .refused(let reason) = error else { throw error }
                return (number, reason)
            }
        }, take: { result in
            if let reason = result.1 { refused[result.0] = reason } else { answered += 1 }
        })
        #expect(answered == 2998 && refused.keys.sorted() == [50, 60])
        #expect(refused[50]?.contains("HTTP 500") == true && refused[60]?.contains("exceeds the available context size") == true, "\(refused)")
        await pool.close()
    }

    @Test func keysGoIntoTheHeaderAndNowhereElse() async throws {
        let sent = Mutex<String?>(nil)
        let server = StubServer { request in
            sent.withLock { $0 = request.headers["authorization"] }
            return .reply(status: 422, body: #"{"error":{"message":"bad field, Bearer sk-secret"}}"#)
        }
        defer { server.stop() }
        let pool = try await TeacherPool.open(
            [Self.endpoint(server, ",key-env=STUB_KEY")], environment: ["STUB_KEY": " sk-secret\n"], pace: Stubs.fastPace)
        let error = await #expect(throws: RespondentError.self) { try await ask(1, pool) }
        #expect(sent.withLock { $0 } == "Bearer sk-secret")
        var dumped = "\(error!) \(await pool.report) \(pool.identity)"
        dump(pool, to: &dumped, maxDepth: 5, maxItems: 5000)
        #expect(dumped.contains("Bearer [key of STUB_KEY]") && !dumped.contains("sk-secret"))
        await pool.close()
        await #expect(throws: TeacherError.self) {
            _ = try await TeacherPool.open([Self.endpoint(server, ",key-env=STUB_KEY")], pace: Stubs.fastPace)
        }
    }

    @Test func aModelThatIsNotNamedIsAskedFor() async throws {
        let one = StubServer { $0.path == "/v1/models" ? .reply(body: Stubs.models) : Self.echo($0) }
        let two = StubServer { _ in .reply(body: #"{"data":[{"id":"a"},{"id":"b"}]}"#) }
        defer { one.stop(); two.stop() }
        let pool = try await TeacherPool.open([EndpointSettings(parsing: one.url)], pace: Stubs.fastPace)
        #expect(pool.identity == "stub")
        await pool.close()
        let error = await #expect(throws: TeacherError.self) {
            _ = try await TeacherPool.open([EndpointSettings(parsing: one.url), EndpointSettings(parsing: two.url)], pace: Stubs.fastPace)
        }
        #expect("\(error!)".contains("2 models: a, b") && "\(error!)".contains("model=NAME"))
    }

    @Test func aServersOwnSlotsAreTheLimit() async throws {
        let server = StubServer { request in
            switch request.path {
            case "/v1/models": .reply(body: #"{"data":[{"id":"m","owned_by":"llamacpp"}]}"#)
            case "/props": .reply(body: #"{"total_slots":3}"#)
            default: Self.echo(request, after: 0.005)
            }
        }
        defer { server.stop() }
        let pool = try await TeacherPool.open([EndpointSettings(parsing: server.url)], pace: Stubs.fastPace)
        #expect(pool.slots == 3)
        _ = try await ask(30, pool)
        #expect(server.mostAtOnce == 3)
        await pool.close()
    }

    @Test func aCancelledRequestEndsAtOnceAndItsSlotIsFreeAgain() async throws {
        let server = StubServer { Stubs.asked($0) == "never" ? .stall : Self.echo($0) }
        defer { server.stop() }
        let pool = try await TeacherPool.open([Self.endpoint(server, ",slots=1")], pace: Stubs.fastPace)
        let stuck = Task { try await pool.reply(to: Stubs.request("never")) }
        let waiting = Task { try await pool.reply(to: Stubs.request("waits")) }
        while server.total == 0 { await Task.yield() }
        stuck.cancel()
        await #expect(throws: CancellationError.self) { try await stuck.value }
        waiting.cancel()
        _ = try? await waiting.value
        #expect(try await pool.reply(to: Stubs.request("after")).text == "after")
        await pool.close()
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "needs openssl to make a certificate"))
    func aCertificateThatNobodyTrustsIsRefusedAtOnce() async throws {
        let folder = NSTemporaryDirectory() + "retort-tls-\(UUID().uuidString)"
        try WholeFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func openssl(_ arguments: [String]) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.arguments = arguments
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try Stubs.startUnblocked(process)
            return process
        }
        let making = try openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key", "-out", folder + "/cert", "-days", "2", "-subj", "/CN=localhost",
        ])
        while making.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        // A free port, taken over from a server that ends.
        let stub = StubServer { _ in .hangUp }
        stub.stop()
        let server = try openssl(["s_server", "-accept", "\(stub.port)", "-cert", folder + "/cert", "-key", folder + "/key", "-quiet", "-www"])
        defer { kill(server.processIdentifier, SIGKILL) }
        // Unreachable until openssl listens, and not for long.
        let pool = try await TeacherPool.open([EndpointSettings(parsing: "https://localhost:\(stub.port),model=m")], pace: Stubs.fastPace)
        let error = await #expect(throws: RespondentError.self) { _ = try await pool.reply(to: Stubs.request("?")) }
        #expect("\(error!)".contains("its TLS certificate is not trusted here"), "\(error!)")
        await pool.close()
    }

    /// `RETORT_MEMORY_QUESTIONS=100000 scripts/test --filter memoryDoesNotGrow`: alone in its process, so that the numbers mean something.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["RETORT_MEMORY_QUESTIONS"] != nil, "set RETORT_MEMORY_QUESTIONS to how many to ask"))
    func memoryDoesNotGrowWithTheNumberOfQuestions() async throws {
        let count = try #require(ProcessInfo.processInfo.environment["RETORT_MEMORY_QUESTIONS"].flatMap { Int($0) })
        let server = StubServer { Self.echo($0) }
        defer { server.stop() }
        let pool = try await TeacherPool.open([Self.endpoint(server, ",slots=64")], pace: Stubs.fastPace)
        func run(_ count: Int) async throws -> Int {
            var answered = 0
            try await BoundedRun.run(0..<count, atOnce: pool.slots, isInterrupted: { false }, work: { number in
                try await pool.reply(to: Stubs.request("question \(number)")).tokens.count
            }, take: { answered += $0 })
            #expect(answered == count)
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
            return try #require(line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }) * 1024
        }
        let first = try await run(1000), last = try await run(count)
        print("resident after 1000 questions: \(ByteCount.text(first)); after \(count) more: \(ByteCount.text(last))")
        #expect(last - first < 32 << 20)
        await pool.close()
    }
}
