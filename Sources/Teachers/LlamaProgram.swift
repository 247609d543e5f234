import Foundation

/// How a llama.cpp server is started on this machine: llama.cpp's own program, or the one inside the Python package xllamacpp.
enum LlamaProgram: Sendable, Equatable {
    case server(path: String)
    case python(path: String)

    /// `RETORT_LLAMA_SERVER`, else `llama-server` on the PATH, else a Python that has xllamacpp: `RETORT_LLAMA_PYTHON` or `python3`.
    static func find(environment: [String: String]) throws -> LlamaProgram {
        if let named = environment["RETORT_LLAMA_SERVER"], !named.isEmpty {
            guard FileManager.default.isExecutableFile(atPath: named), !isFolder(named) else {
                throw TeacherError.noServer("RETORT_LLAMA_SERVER=\(named) is no program")
            }
            return .server(path: named)
        }
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        func onPath(_ name: String) -> String? {
            folders.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) && !isFolder($0) }
        }
        if let path = onPath("llama-server") { return .server(path: path) }
        for python in [environment["RETORT_LLAMA_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }, onPath("python3")].compactMap({ $0 })
        where hasXLlamaCpp(python) { return .python(path: python) }
        throw TeacherError.noServer("no llama-server is on the PATH and no Python has xllamacpp")
    }

    /// - Parameters:
    ///   - context: tokens of all slots together.
    ///   - layers: how many go to the GPU; nil leaves it to llama.cpp.
    func command(
        gguf: String, name: String, port: Int, slots: Int, context: Int, threads: Int?, layers: Int?
    ) -> (program: String, arguments: [String]) {
        switch self {
        case .server(let path):
            var arguments = [
                "--model", gguf, "--alias", name, "--host", "127.0.0.1", "--port", "\(port)", "--parallel", "\(slots)",
                "--ctx-size", "\(context)",
            ]
            if let threads { arguments += ["--threads", "\(threads)"] }
            if let layers { arguments += ["--n-gpu-layers", "\(layers)"] }
            return (path, arguments)
        case .python(let path):
            return (path, ["-c", Self.script, gguf, name, "\(port)", "\(slots)", "\(context)", "\(threads ?? 0)", "\(layers ?? -1)"])
        }
    }

    /// The variable in which llama-server looks for the key that it then wants of every request.
    static let keyVariable = "LLAMA_API_KEY"

    private static let script = """
        import os, sys, threading
        import xllamacpp
        gguf, name, port, slots, context, threads, layers = sys.argv[1:]
        settings = xllamacpp.CommonParams()
        settings.model.path, settings.model_alias = gguf, {name}
        settings.hostnames, settings.port = ["127.0.0.1"], int(port)
        settings.n_parallel, settings.n_ctx = int(slots), int(context)
        settings.api_keys = [os.environ["LLAMA_API_KEY"]]
        if int(threads):
            settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = int(threads)
        if int(layers) >= 0:
            settings.n_gpu_layers = int(layers)
        server = xllamacpp.Server(settings)
        threading.Event().wait()
        """

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func hasXLlamaCpp(_ python: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('xllamacpp') is None)"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
