import Agents
import Foundation
import RetortServer
import Synchronization
import Testing
import Tokenizers
import Transformers

/// A server on a free port of this machine, with a fake model.
final class LiveServer: Sendable {
    let port: Int
    private let wish: AsyncStream<Void>.Continuation
    private let task: Task<Void, any Error>

    init(slots: Int = 4, gate: @escaping @Sendable () -> Void = {}, change: (inout ServerSettings) -> Void = { _ in }) async throws {
        let tokenizer = try FakeTokenizer.make()
        let decoder = SharedDecoder(backend: FakeBackend(tokenizer, slots: slots, gate: gate))
        let models = try ServedModels(names: ["base", "tuned"], tokenizer: tokenizer, decoder: decoder)
        var settings = ServerSettings()
        settings.port = 0
        // A token is a byte here.
        settings.answering = AgentSettings(maxNewTokens: 300, temperature: 0.5)
        settings.asking = AgentSettings(maxNewTokens: 700, temperature: 0.8)
        change(&settings)
        let server = try RetortServer(models: models, settings: settings)
        let (stop, wish) = AsyncStream<Void>.makeStream()
        let (ports, port) = AsyncStream<Int>.makeStream()
        self.wish = wish
        task = Task {
            try await server.run(until: { for await _ in stop { return } }) { port.yield($0) }
            port.finish()
        }
        var first: Int?
        for await number in ports {
            first = number
            break
        }
        self.port = try #require(first, "the server does not listen")
    }

    func askToStop() { wish.yield() }

    func stop() async throws {
        wish.yield()
        try await task.value
    }

    func get(_ path: String, _ headers: [String] = []) async -> Reply {
        await Connection.exchange(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n")
    }

    func post(_ path: String, _ body: String, _ headers: [String] = []) async -> Reply {
        await Connection.exchange(port, Self.post(path, body, headers))
    }

    static func post(_ path: String, _ body: String, _ headers: [String] = []) -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            + headers.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    /// One of the metrics' values.
    func metric(_ line: String) async -> Int? {
        let text = await get("/metrics").body
        return text.split(separator: "\n").first { $0.hasPrefix(line + " ") }.flatMap { Int($0.dropFirst(line.count + 1)) }
    }

    /// Waits until a metric has a value.
    func reaches(_ line: String, _ value: Int) async throws {
        for _ in 0..<5_000 {
            if await metric(line) == value { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("\(line) is \(await metric(line) ?? -1), not \(value)")
    }
}

/// What came back over one connection.
struct Reply: Sendable {
    let text: String

    var status: Int { text.hasPrefix("HTTP/1.1 ") ? Int(text.dropFirst(9).prefix(3)) ?? 0 : 0 }
    private var parts: (head: Substring, rest: Substring) {
        guard let end = text.range(of: "\r\n\r\n") else { return (text[...], "") }
        return (text[..<end.lowerBound], text[end.upperBound...])
    }

    func header(_ name: String) -> String? {
        parts.head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    /// Without the lengths of its chunks.
    var body: String {
        let rest = String(parts.rest)
        guard header("transfer-encoding") == "chunked" else { return rest }
        var bytes = Array(rest.utf8)[...], whole: [UInt8] = []
        while let end = bytes.firstIndex(of: 13), let count = Int(String(decoding: bytes[..<end], as: UTF8.self), radix: 16), count > 0 {
            whole += bytes[(end + 2)...].prefix(count)
            bytes = bytes[(end + 2)...].dropFirst(count + 2)
        }
        return String(decoding: whole, as: UTF8.self)
    }

    func json() throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(text)")
    }

    /// The reason of an error, in OpenAI's shape.
    func error(_ key: String) -> String? {
        ((try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: [String: Any]])?["error"]?[key]) as? String
    }

    /// Server-sent events: names and data.
    var events: [(name: String, data: String)] {
        body.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { event in
            var name = "", data = ""
            for line in event.split(separator: "\n") {
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data += line.dropFirst(6) }
            }
            return (name, data)
        }
    }
}

/// A plain socket: it can say anything, and go away at any time.
final class Connection: Sendable {
    private let descriptor: Int32

    /// Writing to a server that has closed is an error, not the end of the tests.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// Nil where nobody listens.
    init?(_ port: Int) {
        _ = Self.ignoresBrokenPipes
        #if canImport(Glibc)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        descriptor = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result != 0 {
            close(descriptor)
            return nil
        }
        var limit = timeval(tv_sec: 300, tv_usec: 0)  // on a machine on which all tests fight for one core
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func write(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
            if count <= 0 { return }
            start += count
        }
    }

    /// Until the server closes.
    func read(most: Int = .max) -> [UInt8] {
        var all: [UInt8] = [], part = [UInt8](repeating: 0, count: 65_536)
        while all.count < most {
            let count = recv(descriptor, &part, part.count, 0)
            if count <= 0 { break }
            all += part[..<count]
        }
        return all
    }

    func end() { close(descriptor) }

    // What waits for the server runs on threads of its own: the server needs those that Swift's tasks share, of which there are as many as
    // processors, to take a connection at all.

    /// Says something and goes away.
    static func say(_ port: Int, _ bytes: [UInt8]) async {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                if let connection = Connection(port) {
                    connection.write(bytes)
                    connection.end()
                }
                done.resume()
            }
        }
    }

    /// Says something and hears the server out.
    static func exchange(_ port: Int, _ text: String) async -> Reply { await exchange(port, Array(text.utf8)) }

    static func exchange(_ port: Int, _ bytes: [UInt8]) async -> Reply {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                guard let connection = Connection(port) else { return done.resume(returning: Reply(text: "")) }
                connection.write(bytes)
                let reply = Reply(text: String(decoding: connection.read(), as: UTF8.self))
                connection.end()
                done.resume(returning: reply)
            }
        }
    }
}
