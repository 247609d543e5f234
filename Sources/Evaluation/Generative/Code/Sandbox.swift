import Foundation
import Groundwork

/// Runs a program that a model wrote where it can do no harm: Linux namespaces of its own without a network, a file system of a few
/// read-only system folders and a small folder in memory, no privileges, limits on memory, processor time, file sizes and processes, and a
/// clock that ends the whole group.
///
/// It is made of util-linux (`unshare`, `setpriv`, `prlimit`) and coreutils (`chroot`), which every distribution has. Where one of them is
/// missing or the system forbids user namespaces there is no sandbox, and nothing is run.
public struct Sandbox: Sendable {
    public struct Limits: Sendable, Hashable {
        public var seconds: Double
        /// Of each process's address space, and of what all processes together hold.
        public var memory: Int
        /// Of each file, what the program prints included.
        public var fileSize: Int

        public init(seconds: Double = 6, memory: Int = 1 << 30, fileSize: Int = 16 << 20) {
            self.seconds = seconds
            self.memory = memory
            self.fileSize = fileSize
        }
    }

    public enum Ending: Sendable, Hashable {
        /// 128 + the signal's number where one ended it.
        case exit(Int32)
        case outOfTime
        /// All processes together held more than `Limits.memory`.
        case outOfMemory
        /// More than 64 at once.
        case tooManyProcesses
    }

    public struct Outcome: Sendable {
        public let ending: Ending
        public let output: Data
        public let errors: String
        public let seconds: Double
    }

    /// The kernel's own limit counts nothing for root, so the clock counts, too.
    private static let mostProcesses = 64

    private let python: String
    private let shell = "/bin/sh"

    /// - Parameter python: an interpreter; nil for the first `python3` in PATH.
    /// - Throws: `SandboxError` where no sandbox can be made, with the reason and the remedy.
    public init(python: String? = nil) throws {
        #if os(Linux)
        for tool in ["unshare", "setpriv", "prlimit", "chroot", "mount"] where Self.find(tool) == nil {
            throw SandboxError.missing(tool)
        }
        guard ProcessTree.isReadable else { throw SandboxError.blind }
        guard let found = (python ?? Self.find("python3")).map({ URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }),
            FileManager.default.isExecutableFile(atPath: found)
        else { throw SandboxError.missing(python ?? "python3") }
        self.python = found
        let probe = try run(Self.probe, input: Data(), limits: Limits(seconds: 20))
        guard probe.ending == .exit(0), String(decoding: probe.output, as: UTF8.self) == "sealed\n" else {
            let lines = probe.errors.split(separator: "\n")
            throw SandboxError.leaky(lines.last.map(String.init) ?? "the trial program ended with \(probe.ending)")
        }
        #else
        throw SandboxError.notLinux
        #endif
    }

    /// Fails where the network answers or anything but the own folder can be written.
    private static let probe = """
        import os, socket
        def refused(action):
            try: action()
            except OSError: return
            raise SystemExit("the sandbox is not tight")
        refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 9)))
        refused(lambda: open("/usr/retort-probe", "w"))
        refused(lambda: open("/proc/sys/kernel/core_pattern", "w"))
        refused(lambda: os.chroot("/work"))
        open("scratch", "w").write("x")
        print("sealed")
        """

    private static func find(_ tool: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        return folders.map { "\($0)/\(tool)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// What runs inside the new namespaces, before the program: builds the file system, gives up every privilege.
    /// Arguments: the folder with `program.py`, the interpreter, the folder it is installed in, and the limits.
    private static let setUp = """
        set -e
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
        host=$1 python=$2 prefix=$3 memory=$4 seconds=$5 size=$6
        mount -t tmpfs -o size=64m,nr_inodes=4096 none "$host/root"
        cd "$host/root"
        mkdir proc dev tmp work
        for folder in /usr /bin /sbin /lib /lib64 /etc/alternatives "$prefix"; do
            [ -e ".$folder" ] && continue
            if [ -L "$folder" ]; then
                ln -s "$(readlink "$folder")" ".$folder"
            elif [ -d "$folder" ]; then
                mkdir -p ".$folder"
                mount --bind "$folder" ".$folder"
                mount -o remount,bind,ro ".$folder"
            fi
        done
        for device in null zero urandom; do
            : > "dev/$device"
            mount --bind "/dev/$device" "dev/$device"
        done
        # Segments outlive the processes that filled them, and nobody counts them; kernels before 5.19 let nobody but root forbid them.
        if mount -t proc -o nosuid,nodev,noexec proc proc 2>/dev/null; then
            { echo 0 > proc/sys/kernel/shmall; } 2>/dev/null || :
            # Read-only: its switches belong to root, who may be the user.
            mount -o remount,ro proc
        fi
        cp "$host/program.py" work/program.py
        # The shell stays, as the first process of the namespace: with it all the others end, and the program cannot keep the signal
        # from it that ends it with its parent.
        exec chroot . /bin/sh -c 'cd /work; setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \\
            prlimit --as="$2" --cpu="$3" --fsize="$4" --nofile=64 --nproc=\(mostProcesses) --core=0 \\
            env -i PATH=/usr/bin:/bin HOME=/work PYTHONDONTWRITEBYTECODE=1 PYTHONIOENCODING=utf-8 OPENBLAS_NUM_THREADS=1 "$1" -I program.py
            exit $?' \\
            sh "$python" "$memory" "$seconds" "$size"
        """

    /// Runs a Python program to its end or to a limit.
    /// - Throws: `SandboxError.notStarted`, `FileError`, `Interrupted`.
    public func run(_ program: String, input: Data, limits: Limits) throws -> Outcome {
        let folder = NSTemporaryDirectory() + "retort-sandbox-\(UUID().uuidString)"
        try WholeFile.makeFolder(folder + "/root")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, data) in [("program.py", Data(program.utf8)), ("input", input)] {
            do { try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)")) } catch {
                throw FileError(path: "\(folder)/\(name)", action: "write", reason: error.localizedDescription)
            }
        }
        // An interpreter outside the system's folders brings its own along: what it was installed as (pyenv's stands in for others), and no
        // more of somebody's home than it lies in.
        let place = URL(fileURLWithPath: python).deletingLastPathComponent()
        let prefix = (["bin", "shims"].contains(place.lastPathComponent) ? place.deletingLastPathComponent() : place).path
        let cpu = Int(limits.seconds.rounded(.up)) + 1
        let command = [
            Self.find("setpriv") ?? "setpriv", "--pdeathsig", "KILL", Self.find("unshare") ?? "unshare", "--user", "--map-root-user", "--mount",
            "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", shell, "-c", Self.setUp, "sh", folder, python,
            prefix == "/" ? "/usr" : prefix, "\(limits.memory)", "\(cpu)", "\(limits.fileSize)",
        ]
        let start = ContinuousClock.now
        let ending = try ProcessGroup.run(command, folder: folder, seconds: limits.seconds,
            ceiling: .init(memory: limits.memory, processes: Self.mostProcesses + 2))  // unshare and the shell
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        func read(_ name: String) -> Data { FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data() }
        return Outcome(ending: ending, output: read("output"), errors: String(decoding: read("errors").suffix(4_000), as: UTF8.self), seconds: seconds)
    }
}

public enum SandboxError: Error, CustomStringConvertible {
    case notLinux
    case missing(String)
    case leaky(String)
    case blind
    case notStarted(String)

    public var description: String {
        let refusal = "programs that a model wrote are run in a sandbox only, and none can be made here: "
        switch self {
        case .notLinux: return refusal + "it is made of Linux namespaces"
        case .missing(let tool): return refusal + "there is no \(tool) (it is part of util-linux, coreutils or python3)"
        case .blind: return refusal + "this kernel does not list a process's children (CONFIG_PROC_CHILDREN), so memory could not be limited in sum"
        case .leaky(let reason):
            return refusal + "\(reason). A container may have to be started with user namespaces allowed; see the sysctls "
                + "user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns"
        case .notStarted(let reason): return refusal + reason
        }
    }
}
