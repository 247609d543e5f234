import ContentHash
import Distillation
import Foundation
import Groundwork

/// A llama.cpp server on a GGUF file: started here, asked over HTTP on this machine only, and gone when this process is.
public final class LlamaServer: Respondent {
    /// The file's name with the hash of its content, such as `DeepSeek-R1-TQ1_0.gguf@3f5a90c1d2e4b687`.
    public let identity: String
    public var slots: Int { pool.slots }
    private let process: ServerProcess
    private let pool: TeacherPool
    private let watch: Task<Void, Never>

    /// Starts the server and waits until it answers, which for a large file takes minutes.
    /// - Parameters:
    ///   - slots: requests that it works on at once; all are used.
    ///   - contextPerSlot: tokens of prompt and reply together, at most.
    ///   - threads: of the processor; nil leaves it to llama.cpp.
    ///   - gpuLayers: layers that go to the GPU; nil leaves it to llama.cpp.
    ///   - timeout: seconds that one request may take.
    ///   - environment: where the program is looked for (`RETORT_LLAMA_SERVER`, `PATH`, `RETORT_LLAMA_PYTHON`).
    /// - Throws: `TeacherError`, `FileError`; `CancellationError` and `Interrupted` while it waits. No server is left running then.
    public static func start(
        gguf: String, slots: Int = 4, contextPerSlot: Int = 4096, threads: Int? = nil, gpuLayers: Int? = nil, timeout: Double = 3600,
        environment: [String: String] = ProcessInfo.processInfo.environment, notice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> LlamaServer {
        guard slots > 0, contextPerSlot > 0 else {
            throw TeacherError.serverFailed(gguf: gguf, reason: "slots and tokens of context are numbers of at least 1")
        }
        guard let magic = try? FileHandle(forReadingFrom: URL(fileURLWithPath: gguf)).read(upToCount: 4), magic == Data("GGUF".utf8) else {
            throw FileError(
                path: gguf, action: "read",
                reason: FileManager.default.isReadableFile(atPath: gguf) ? "it is no GGUF file" : "no such file, or not readable")
        }
        let program = try LlamaProgram.find(environment: environment)
        let name = (gguf as NSString).lastPathComponent
        let identity = name + "@" + (try ContentHash.ofFile(gguf)).prefix(16)
        // The port is open to all users of this machine, the key is not.
        let key = (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
        let port = try freePort()
        let command = program.command(
            gguf: gguf, name: name, port: port, slots: slots, context: slots * contextPerSlot, threads: threads, layers: gpuLayers)
        let process: ServerProcess
        do {
            process = try ServerProcess(command.program, command.arguments, environment: [LlamaProgram.keyVariable: key])
        } catch let error as FileError {
            throw error
        } catch {
            throw TeacherError.serverFailed(gguf: gguf, reason: "\(command.program) cannot be started: \(error.localizedDescription)")
        }
        do {
            let settings = try EndpointSettings(
                url: "http://127.0.0.1:\(port)/v1", model: name, keyVariable: LlamaProgram.keyVariable, slots: slots, timeout: timeout)
            let pool = try await TeacherPool.open(
                [settings], identity: identity, environment: [LlamaProgram.keyVariable: key], notice: notice)
            do {
                try await waitUntilReady(process, pool, gguf: gguf)
            } catch {
                await pool.close()
                throw error
            }
            return LlamaServer(identity: identity, process: process, pool: pool)
        } catch {
            await process.close()
            throw error
        }
    }

    private init(identity: String, process: ServerProcess, pool: TeacherPool) {
        self.identity = identity
        self.process = process
        self.pool = pool
        watch = Task {
            while process.isRunning {
                guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
            }
            await pool.giveUp(because: "the server has ended: \(process.lastWords)")
        }
    }

    public func reply(to request: TeacherRequest) async throws -> TeacherReply { try await pool.reply(to: request) }

    public func close() async {
        watch.cancel()
        await pool.close()
        await process.close()
    }

    private static func waitUntilReady(_ process: ServerProcess, _ pool: TeacherPool, gguf: String) async throws {
        while true {
            try Interruption.check()
            guard process.isRunning else { throw TeacherError.serverFailed(gguf: gguf, reason: "it ended: \(process.lastWords)") }
            if await pool.isReady() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A port that nobody listens on now.
    private static func freePort() throws -> Int {
        #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
        #else
        let stream = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, stream, 0)
        defer { Foundation.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard descriptor >= 0, isBound else {
            throw FileError(path: "127.0.0.1", action: "find a free port on", reason: String(cString: strerror(errno)))
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
