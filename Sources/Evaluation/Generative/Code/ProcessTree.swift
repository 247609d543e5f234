import Foundation

/// A process and everything it started, as Linux lists them.
struct ProcessTree {
    /// The root counts, too.
    private(set) var processes: [pid_t]

    /// Reads the tree as it is now, up to a number of processes. One that ends meanwhile is left out; those of a process namespace stay
    /// in it, since orphans go to the namespace's first process.
    init(below root: pid_t, atMost count: Int = .max) {
        processes = [root]
        var next = 0
        while next < processes.count, processes.count < count {
            processes += Self.children(of: processes[next])
            next += 1
        }
    }

    /// Whether the kernel lists children (CONFIG_PROC_CHILDREN).
    static var isReadable: Bool { access("/proc/self/task/\(getpid())/children", R_OK) == 0 }

    /// Whether the processes hold more than `limit` bytes of memory together. Pages that several of them share count once; telling
    /// those takes the kernel a walk over all pages, so it is asked only where the plain sum is over the limit.
    func holdsMore(than limit: Int) -> Bool {
        sum(Self.resident) > limit && sum { Self.proportional($0) ?? Self.resident($0) } > limit
    }

    private func sum(_ bytes: (pid_t) -> Int) -> Int { processes.reduce(0) { $0 + bytes($1) } }

    /// A thread's children are listed under that thread.
    private static func children(of process: pid_t) -> [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            text("/proc/\(process)/task/\(thread)/children").split(separator: " ").compactMap { pid_t($0) }
        }
    }

    private static func resident(_ process: pid_t) -> Int {
        let fields = text("/proc/\(process)/statm").split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
    }

    /// Nil where the kernel does not tell.
    private static func proportional(_ process: pid_t) -> Int? {
        let line = text("/proc/\(process)/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    private static func text(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? file.close() }
        return (try? file.readToEnd()).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
