import Foundation
import Groundwork

/// A child process in a group of its own, which is ended with all its descendants, those that left the group too.
package enum ProcessGroup {
    /// What all processes together may hold.
    package struct Ceiling: Sendable, Hashable {
        /// Bytes in memory; pages that several share count once.
        var memory: Int
        /// The child itself counts, too.
        var processes: Int
    }

    /// - Parameters:
    ///   - command: the first word is looked up in PATH.
    ///   - folder: holds `input`; `output` and `errors` are written there.
    ///   - ceiling: looked at a hundred times a second; nil for none.
    /// - Throws: `SandboxError.notStarted`, `Interrupted`; the group is gone then.
    package static func run(_ command: [String], folder: String, seconds: Double, ceiling: Ceiling? = nil) throws -> Sandbox.Ending {
        #if os(Linux)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, folder + "/input", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder + "/output", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder + "/errors", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        // This program may be started with signals ignored or blocked; the child has none of that.
        var all = sigset_t(), none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // No file that this program has open is the child's.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let open = Int32(name), open > 2 { _ = fcntl(open, F_SETFD, FD_CLOEXEC) }
        }
        var words = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child = pid_t()
        let code = posix_spawnp(&child, command[0], &actions, &attributes, &words, environ)
        guard code == 0 else { throw SandboxError.notStarted("\(command[0]): \(String(cString: strerror(code)))") }
        let end = ContinuousClock.now + .seconds(seconds)
        var status: Int32 = 0
        var pause: UInt32 = 500
        while true {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child {
                // What the child left behind in its group.
                kill(-child, SIGKILL)
                let signal = status & 0x7f
                return .exit(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
            }
            if ended < 0, errno != EINTR { throw SandboxError.notStarted("its process was lost: \(String(cString: strerror(errno)))") }
            var verdict: Sandbox.Ending? = ContinuousClock.now >= end || Interruption.isRequested ? .outOfTime : nil
            if verdict == nil, let ceiling {
                let tree = ProcessTree(below: child, atMost: ceiling.processes + 1)
                if tree.processes.count > ceiling.processes { verdict = .tooManyProcesses }
                else if tree.holdsMore(than: ceiling.memory) { verdict = .outOfMemory }
            }
            if let verdict {
                let tree = ProcessTree(below: child)
                kill(-child, SIGKILL)
                for process in tree.processes { kill(process, SIGKILL) }
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
                try Interruption.check()
                return verdict
            }
            usleep(pause)
            pause = min(10_000, pause * 2)
        }
        #else
        throw SandboxError.notLinux
        #endif
    }
}
