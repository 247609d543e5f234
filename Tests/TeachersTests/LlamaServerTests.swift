import Distillation
import Foundation
import Groundwork
import Teachers
import Testing
import Tokenizers
import Transformers

private let environment = ProcessInfo.processInfo.environment

/// A Python with xllamacpp, which holds a real llama.cpp server.
private let python: String? = {
    for candidate in [environment["RETORT_LLAMA_PYTHON"], "/usr/bin/python3"].compactMap({ $0 }) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: candidate)
        process.arguments = ["-c", "import xllamacpp"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { continue }
        process.waitUntilExit()
        if process.terminationStatus == 0 { return candidate }
    }
    return nil
}()

private func isAlive(_ pid: pid_t) -> Bool {
    // A zombie that nobody waits for has ended too.
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return kill(pid, 0) == 0 }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

private func waitUntil(_ what: String, _ condition: () -> Bool) async throws {
    for _ in 0..<1500 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
    #expect(condition(), "\(what) did not come about in 30 s")
}

/// The processes a test starts, with a stand-in for llama-server.
@Suite(.serialized) struct LlamaServerTests {
    /// A program in the place of llama-server, which writes its process id beside itself.
    private static func standIn(_ body: String = "serve()") throws -> (folder: String, environment: [String: String]) {
        let folder = NSTemporaryDirectory() + "retort-llama-\(UUID().uuidString)"
        let program = folder + "/llama-server"
        try WholeFile.write("""
            #!/usr/bin/env python3
            import json, os, signal, sys, time
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
            with open(\(Stubs.quoted(folder)) + "/pid", "w") as file:
                file.write(str(os.getpid()))
            arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
            class Handler(BaseHTTPRequestHandler):
                def send(self, value, status=200):
                    body = json.dumps(value).encode()
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def do_GET(self):
                    if self.headers["Authorization"] != "Bearer " + os.environ["LLAMA_API_KEY"]:
                        return self.send({}, 401)
                    if self.path == "/props":
                        return self.send({"total_slots": int(arguments["--parallel"])})
                    self.send({"data": [{"id": arguments["--alias"], "owned_by": "llamacpp"}]})
                def do_POST(self):
                    if b"leave" in self.rfile.read(int(self.headers["Content-Length"])):
                        print("out of memory", flush=True)
                        os._exit(3)
                    message = {"role": "assistant", "content": "here"}
                    self.send({"choices": [{"message": message, "finish_reason": "stop"}], "model": arguments["--alias"]})
                def log_message(self, *arguments): pass
            def serve():
                ThreadingHTTPServer(("127.0.0.1", int(arguments["--port"])), Handler).serve_forever()
            \(body)

            """, to: program)
        try WholeFile.write(Data("GGUF".utf8), to: folder + "/model.gguf")
        chmod(program, 0o755)
        return (folder, environment.merging(["RETORT_LLAMA_SERVER": program]) { $1 })
    }

    private static func pid(_ folder: String) -> pid_t? {
        (try? String(contentsOfFile: folder + "/pid", encoding: .utf8)).flatMap { pid_t($0) }
    }

    @Test func aServerIsStartedAskedAndStopped() async throws {
        let (folder, environment) = try Self.standIn()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await LlamaServer.start(gguf: folder + "/model.gguf", slots: 3, environment: environment)
        let pid = try #require(Self.pid(folder))
        #expect(server.slots == 3 && server.identity.hasPrefix("model.gguf@") && isAlive(pid))
        let reply = try await server.reply(to: Stubs.request("?", alternatives: 0))
        #expect(reply.text == "here" && reply.model == "model.gguf")
        await server.close()
        #expect(!isAlive(pid))
    }

    @Test func aServerThatIgnoresSIGTERMIsStoppedToo() async throws {
        let (folder, environment) = try Self.standIn("signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await LlamaServer.start(gguf: folder + "/model.gguf", environment: environment)
        let pid = try #require(Self.pid(folder))
        await server.close()
        #expect(!isAlive(pid))
    }

    @Test func aServerThatDiesIsOneErrorWithItsLastWords() async throws {
        let (folder, environment) = try Self.standIn()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await LlamaServer.start(gguf: folder + "/model.gguf", environment: environment)
        let error = await #expect(throws: RespondentError.self) { _ = try await server.reply(to: Stubs.request("leave", alternatives: 0)) }
        #expect("\(error!)".contains("the server has ended: out of memory"), "\(error!)")
        await server.close()
    }

    @Test(arguments: ["print('no such model architecture'); sys.exit(1)", "os.kill(os.getpid(), 9)"])
    func aServerThatDoesNotStartIsOneError(body: String) async throws {
        let (folder, environment) = try Self.standIn(body)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let error = await #expect(throws: TeacherError.self) {
            _ = try await LlamaServer.start(gguf: folder + "/model.gguf", environment: environment)
        }
        #expect("\(error!)".contains("model.gguf failed: it ended"), "\(error!)")
        #expect(!body.contains("print") || "\(error!)".contains("no such model architecture"))
    }

    @Test func cancellingTheStartLeavesNoServer() async throws {
        let (folder, environment) = try Self.standIn("time.sleep(3600)")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let start = Task { _ = try await LlamaServer.start(gguf: folder + "/model.gguf", environment: environment) }
        try await waitUntil("the server's start") { Self.pid(folder) != nil }
        start.cancel()
        await #expect(throws: CancellationError.self) { try await start.value }
        let pid = try #require(Self.pid(folder))
        #expect(!isAlive(pid))
    }

    @Test func whatIsMissingIsSaid() async throws {
        let (folder, environment) = try Self.standIn()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(throws: FileError.self) { _ = try await LlamaServer.start(gguf: folder + "/none.gguf", environment: environment) }
        await #expect(throws: FileError.self) { _ = try await LlamaServer.start(gguf: folder + "/llama-server", environment: environment) }
        for environment in [["PATH": folder + "/empty"], ["RETORT_LLAMA_SERVER": folder + "/nothing"]] {
            let error = await #expect(throws: TeacherError.self) {
                _ = try await LlamaServer.start(gguf: folder + "/model.gguf", environment: environment)
            }
            #expect("\(error!)".contains("scripts/setup --llama"))
        }
    }

    @Test(arguments: ["kill -9", "abort"])
    func aServerGoesWithTheProcessThatStartedIt(ending: String) async throws {
        let (folder, environment) = try Self.standIn()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // This very program, started again to run one test: the one below, which starts a server and then waits.
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        holder.arguments = ["--testing-library", "swift-testing", "--filter", "aServerIsHeldForAnotherTest"]
        holder.environment = environment.merging(["RETORT_TEST_HOLDS_SERVER": folder + "/model.gguf"]) { $1 }
        holder.standardOutput = FileHandle.nullDevice
        holder.standardError = FileHandle.nullDevice
        try Stubs.startUnblocked(holder)
        try await waitUntil("the server's start") { FileManager.default.fileExists(atPath: folder + "/ready") }
        let pid = try #require(Self.pid(folder))
        #expect(isAlive(pid))
        if ending == "abort" {
            try WholeFile.write("", to: folder + "/abort")
        } else {
            kill(holder.processIdentifier, SIGKILL)
        }
        try await waitUntil("the end of the process") { !holder.isRunning }
        #expect(holder.isRunning || holder.terminationReason == .uncaughtSignal)
        try await waitUntil("the server's end") { !isAlive(pid) }
    }

    @Test(.enabled(if: environment["RETORT_TEST_HOLDS_SERVER"] != nil, "started by another test"))
    func aServerIsHeldForAnotherTest() async throws {
        let gguf = try #require(environment["RETORT_TEST_HOLDS_SERVER"])
        let server = try await LlamaServer.start(gguf: gguf)
        let folder = (gguf as NSString).deletingLastPathComponent
        try WholeFile.write("", to: folder + "/ready")
        for _ in 0..<3000 {
            if FileManager.default.fileExists(atPath: folder + "/abort") { abort() }
            try await Task.sleep(for: .milliseconds(20))
        }
        await server.close()
    }
}

@Suite(.enabled(if: python != nil && FileManager.default.isReadableFile(atPath: environment["RETORT_DEMO_MODEL"] ?? ""),
    "needs a Python with xllamacpp (scripts/setup --llama) and RETORT_DEMO_MODEL"))
struct RealLlamaServerTests {
    @Test func smolLM2AnswersWithLogProbabilities() async throws {
        let server = try await LlamaServer.start(
            gguf: environment["RETORT_DEMO_MODEL"]!, slots: 2, contextPerSlot: 512, threads: 1,
            environment: ["RETORT_LLAMA_PYTHON": python!, "PATH": ""])
        #expect(server.slots == 2 && server.identity == "SmolLM2-135M-Instruct.Q4_1.gguf@b179c9523d0e6a0f")
        var request = TeacherRequest(
            messages: [Message(.user, "What is 2 + 2? Answer in one short sentence.")], sampling: Sampling(temperature: 1.5),
            maximumTokens: 16, alternatives: 30, seed: 1)
        let reply = try await server.reply(to: request)
        #expect(!reply.text.isEmpty && reply.tokens.map(\.text).joined() == reply.text && reply.promptTokens > 20)
        #expect(reply.tokens.allSatisfy { $0.alternatives.count >= 29 && $0.logProbability <= 0 })
        // Raw ones: the distribution at the first place does not know of the temperature.
        request.sampling = .greedy
        let greedy = try await server.reply(to: request)
        let (warm, cold) = (try #require(reply.tokens.first?.alternatives.first), try #require(greedy.tokens.first?.alternatives.first))
        #expect(warm.text == cold.text && abs(warm.logProbability - cold.logProbability) < 0.02)
        #expect(greedy.tokens[0].text == cold.text && greedy.tokens[0].logProbability == cold.logProbability)

        request.messages.append(Message(.assistant, "The answer is"))
        let continued = try await server.reply(to: request)
        #expect(!continued.text.hasPrefix("The answer is") && continued.tokens.map(\.text).joined() == continued.text)

        request.messages = [Message(.user, String(repeating: "hello ", count: 2000))]
        let error = await #expect(throws: RespondentError.self) { _ = try await server.reply(to: request) }
        guard case .refused(let reason) = error else { Issue.record("\(error!)"); return }
        #expect(reason.contains("exceeds the available context size"))
        await server.close()
    }
}
