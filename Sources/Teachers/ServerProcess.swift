import Foundation
import Groundwork
import Synchronization

/// A server program that ends with this process, however this process ends.
///
/// Between the two stands a shell that holds the reading end of a pipe whose writing end is here: when that closes, on purpose or because
/// this process is gone, `kill -9` included, the server gets SIGTERM and after five seconds SIGKILL.
final class ServerProcess: Sendable {
    private static let guardedRun = """
        exec 3<&0
        "$@" 3<&- </dev/null &
        server=$!
        {
            trap '' INT TERM
            read -r line <&3
            kill "$server"
            tries=50
            while kill -0 "$server" && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
            kill -9 "$server"
        } >/dev/null 2>&1 &
        guard=$!
        exec 3<&-
        trap '' INT TERM
        wait "$server"
        status=$?
        kill -9 "$guard" 2>/dev/null
        exit "$status"
        """

    private let process: Process
    private let lifeline: Pipe
    private let log: FileHandle
    private let isClosed = Mutex(false)

    /// - Parameters:
    ///   - environment: added to this process's own.
    /// - Throws: `FileError`, or the system's reason why the program cannot be started.
    init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
        // Nobody else sees the log, and it goes with the last handle.
        let path = NSTemporaryDirectory() + "retort-server-\(UUID().uuidString).log"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, action: "create", reason: String(cString: strerror(errno))) }
        unlink(path)
        log = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        lifeline = Pipe()
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.guardedRun, "retort", program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = lifeline
        process.standardOutput = log
        process.standardError = log
        try Self.run(process)
    }

    /// Starts a process that no signal is kept from. Threads of Swift's and of Dispatch's block nearly all signals, a child inherits that, and
    /// a shell that cannot hear SIGCHLD waits for ever.
    private static func run(_ process: Process) throws {
        var none = sigset_t(), old = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// What it has said last, in one line.
    var lastWords: String {
        let descriptor = log.fileDescriptor
        let size = lseek(descriptor, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: Int(min(max(size, 0), 4096)))
        let count = pread(descriptor, &bytes, bytes.count, max(0, size - off_t(bytes.count)))
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(whereSeparator: \.isNewline)
        let words = lines.suffix(4).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " / ")
        return words.count > 600 ? "…" + words.suffix(600) : words
    }

    /// Ends the server and waits until it is gone, which may take five seconds.
    func close() async {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        if isFirst { try? lifeline.fileHandleForWriting.close() }
        // A cancelled task waits too: nothing may be left running.
        await Task.detached { [self] in
            let start = ContinuousClock.now
            while process.isRunning {
                // The shell itself may be stopped or stuck; both stand in a process group of their own.
                let pid = process.processIdentifier
                if ContinuousClock.now - start > .seconds(15), getpgid(pid) == pid { kill(-pid, SIGKILL) }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }.value
    }
}
