import Agents
import Foundation
import Groundwork
import Synchronization

/// A request with the time that its line came.
public struct TimedRequest: Sendable {
    public let request: AgentRequest
    /// On the request clock.
    public let read: Duration
}

/// Who answers requests: the agents of a model, or a fake.
public protocol AgentServing {
    /// Answers each of `requests` exactly once, in any order.
    func serve(_ requests: [TimedRequest], reply: (AgentReply) throws -> Void) throws
}

/// Reads lines, has them answered one after the other, and writes the replies.
///
/// Lines are read by a thread of their own, so that a request's clock starts when it comes, also while another is under way.
public final class AgentLoop {
    private let lines: LineQueue
    private let output: Int32
    private let service: any AgentServing
    private let isStopped: () -> Bool

    /// - Parameters:
    ///   - input: where requests are read; replies go to `output`. Neither is closed.
    ///   - isStopped: asked about ten times a second while nothing comes.
    public init(
        input: Int32, output: Int32, service: any AgentServing, clock: RequestClock = .continuous,
        isStopped: @escaping () -> Bool = { Interruption.isRequested }
    ) {
        lines = LineQueue(input, clock: clock)
        self.output = output
        self.service = service
        self.isStopped = isStopped
    }

    /// Ends with the input, when the user asks for it, or when nobody reads the replies any more.
    /// - Parameter ready: what to say first.
    /// - Throws: `FileError` if replies cannot be written for another reason.
    public func run(ready: ReadyLine) throws {
        lines.start()
        do {
            try write(ready)
            while let line = lines.next(until: isStopped) {
                switch line.content {
                case .tooLong:
                    try write(AgentReply(id: nil, error: "the line is longer than \(AgentProtocol.longestLine) bytes"))
                case .line(let data):
                    let content = ReadLine(data)
                    for error in content.errors { try write(error) }
                    guard !content.requests.isEmpty else { continue }
                    try service.serve(content.requests.map { TimedRequest(request: $0, read: line.read) }) { try write($0) }
                }
            }
        } catch is ClientGone {
        } catch is Interrupted {
        }
    }

    private struct ClientGone: Error {}

    private func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.write(output, $0.baseAddress, $0.count) }
            if count > 0 {
                sent += count
            } else if errno == EPIPE {
                throw ClientGone()
            } else if errno != EINTR {
                throw FileError(path: "standard output", action: "write replies to", reason: String(cString: strerror(errno)))
            }
        }
    }
}

/// The lines of an input with the times at which they came. A bounded number of them waits.
private final class LineQueue: Sendable {
    enum Content {
        case line(Data)
        case tooLong
    }
    struct Line {
        let content: Content
        let read: Duration
    }

    private struct State {
        var lines: [Line] = []
        var isEnded = false
    }

    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)
    private let room = DispatchSemaphore(value: 0)
    private static let most = 64
    private let input: Int32
    private let clock: RequestClock

    init(_ input: Int32, clock: RequestClock) {
        self.input = input
        self.clock = clock
        // Counted up rather than made with the room: libdispatch traps on a semaphore that goes away below what it was made with.
        for _ in 0..<Self.most { room.signal() }
    }

    func start() {
        // A descriptor of the thread's own: it may outlive the loop, and would then read from whatever has got the number.
        let own = fcntl(input, F_DUPFD_CLOEXEC, 0)
        let thread = Thread { [self] in
            readAll(own)
            close(own)
        }
        thread.name = "requests"
        thread.start()
    }

    /// Waits for a line; nil when there will be none.
    func next(until isStopped: () -> Bool) -> Line? {
        while !isStopped() {
            guard arrivals.wait(timeout: .now() + .milliseconds(100)) == .success else { continue }
            let line = state.withLock { $0.lines.isEmpty ? nil : $0.lines.removeFirst() }
            if let line {
                room.signal()
                return line
            }
            if state.withLock({ $0.isEnded }) { return nil }
        }
        return nil
    }

    private func readAll(_ input: Int32) {
        var pending: [UInt8] = []
        var isPassingOver = false
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { Foundation.read(input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            let now = clock.now()
            for part in piece[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
                if part.offset > 0 {
                    finish(&pending, &isPassingOver, now)
                }
                guard !isPassingOver else { continue }
                pending += part.element
                if pending.count > AgentProtocol.longestLine {
                    put(.tooLong, now)
                    pending = []
                    isPassingOver = true
                }
            }
        }
        finish(&pending, &isPassingOver, clock.now())
        state.withLock { $0.isEnded = true }
        arrivals.signal()
    }

    private func finish(_ pending: inout [UInt8], _ isPassingOver: inout Bool, _ now: Duration) {
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        if !isPassingOver, !pending.allSatisfy(blanks.contains) { put(.line(Data(pending)), now) }
        pending = []
        isPassingOver = false
    }

    private func put(_ content: Content, _ now: Duration) {
        room.wait()
        state.withLock { $0.lines.append(Line(content: content, read: now)) }
        arrivals.signal()
    }
}
