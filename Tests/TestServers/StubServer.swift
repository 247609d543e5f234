import Foundation
import Synchronization

/// A small HTTP/1.1 server for tests, on plain sockets, a thread a connection, so that it can also do what no server should.
package final class StubServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        package let path: String
        package let headers: [String: String]
        package let body: Data
    }

    package enum Answer: Sendable {
        case reply(status: Int = 200, headers: [String: String] = [:], body: String, after: TimeInterval = 0)
        /// Sends just these bytes and closes.
        case raw(String)
        /// Closes without a word.
        case hangUp
        /// Sends the head of a reply and half its body, then no more until the client leaves.
        case stall
        /// Sends the head of a reply and half its body, and closes.
        case half
    }

    package let port: Int
    private let listener: Int32
    private let handler: @Sendable (Request) -> Answer
    private let gauge = Mutex((now: 0, most: 0, total: 0, busy: Duration.zero))

    package var url: String { "http://127.0.0.1:\(port)/v1" }
    /// Requests that were being answered at once, at most.
    package var mostAtOnce: Int { gauge.withLock { $0.most } }
    /// Seconds that answering has taken, of all connections together.
    package var busySeconds: Double { gauge.withLock { $0.busy / .seconds(1) } }
    package var total: Int { gauge.withLock { $0.total } }

    package init(_ handler: @escaping @Sendable (Request) -> Answer) {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isUp = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 512) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        precondition(isUp, "no port for the stub server")
        port = Int(UInt16(bigEndian: address.sin_port))
        signal(SIGPIPE, SIG_IGN)
        let accepting = Thread { [self] in
            // Closed here and nowhere else: its number may be another socket's at once.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0, [EINTR, ECONNABORTED].contains(errno) { continue }
                guard connection >= 0 else { return }
                let thread = Thread { self.serve(connection) }
                thread.stackSize = 256 << 10
                thread.start()
            }
        }
        accepting.start()
    }

    /// New connections are refused from now on.
    package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var buffer = Data()
        while let request = Self.read(connection, &buffer) {
            let start = ContinuousClock.now
            gauge.withLock { $0.now += 1; $0.most = max($0.most, $0.now); $0.total += 1 }
            let answer = handler(request)
            if case .reply(_, _, _, let pause) = answer, pause > 0 { Thread.sleep(forTimeInterval: pause) }
            gauge.withLock { $0.now -= 1; $0.busy += ContinuousClock.now - start }
            switch answer {
            case .reply(let status, let headers, let body, _):
                let lines = headers.map { "\($0): \($1)\r\n" }.joined()
                guard Self.write(connection, "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n\(body)") else { return }
            case .raw(let text):
                _ = Self.write(connection, text)
                return
            case .hangUp:
                return
            case .stall:
                _ = Self.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\":")
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
                return
            case .half:
                _ = Self.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\":")
                return
            }
        }
    }

    private static func read(_ connection: Int32, _ buffer: inout Data) -> Request? {
        func more() -> Bool {
            var piece = [UInt8](repeating: 0, count: 16 << 10)
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return false }
            buffer.append(contentsOf: piece.prefix(count))
            return true
        }
        var end = buffer.range(of: Data("\r\n\r\n".utf8))
        while end == nil {
            guard more() else { return nil }
            end = buffer.range(of: Data("\r\n\r\n".utf8))
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[buffer.startIndex..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if pair.count == 2 { headers[pair[0].lowercased()] = pair[1] }
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.distance(from: end.upperBound, to: buffer.endIndex) < length { guard more() else { return nil } }
        let body = Data(buffer[end.upperBound..<buffer.index(end.upperBound, offsetBy: length)])
        buffer = Data(buffer[buffer.index(end.upperBound, offsetBy: length)...])
        let first = lines[0].split(separator: " ").map(String.init)
        guard first.count >= 2 else { return nil }
        return Request(method: first[0], path: first[1], headers: headers, body: body)
    }

    private static func write(_ connection: Int32, _ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
