import Foundation

/// A PyTorch on this machine: the folder with its libraries and its version.
public struct Installation: Sendable {
    /// `<site-packages>/torch/lib`
    public let libraryFolder: String
    /// As `torch.__version__` says it; "unknown" where the folder holds no `version.py`.
    public let version: String
    /// How it was found, for `retort doctor`.
    public let source: String

    /// `RETORT_TORCH` first (a `torch` or `torch/lib` folder); then what the active `python3` would import.
    public static func find() throws -> Installation {
        var tried: [String] = []
        if let path = ProcessInfo.processInfo.environment["RETORT_TORCH"], !path.isEmpty {
            if let found = at(path, source: "RETORT_TORCH") { return try found.checked() }
            throw TorchError.notFound(tried: ["RETORT_TORCH=\(path), which holds no libtorch_cpu.\(Platform.libraryEnding)"])
        }
        tried.append("RETORT_TORCH, which is not set")
        let question = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
        if let folder = Self.output(of: ["python3", "-c", question]), !folder.isEmpty {
            if let found = at(folder, source: "python3") { return try found.checked() }
            tried.append("\(folder), which python3 imports")
        } else {
            tried.append("the active python3, which has no torch")
        }
        throw TorchError.notFound(tried: tried)
    }

    package static func at(_ path: String, source: String) -> Installation? {
        for folder in [path, path + "/lib", path + "/torch/lib"]
        where Platform.exists(folder + "/libtorch_cpu.\(Platform.libraryEnding)") {
            let versionFile = (folder as NSString).deletingLastPathComponent + "/version.py"
            var version = "unknown"
            if let text = try? String(contentsOfFile: versionFile, encoding: .utf8),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("__version__") }),
                let quoted = line.split(whereSeparator: { $0 == "'" || $0 == "\"" }).dropFirst().first
            {
                version = String(quoted)
            }
            return Installation(libraryFolder: folder, version: version, source: source)
        }
        return nil
    }

    /// The GPU runtime that this PyTorch was built with, as its `version.py` says: "cuda" or "rocm" with its version; nil for a CPU build.
    var gpuRuntime: (kind: String, version: (major: Int, minor: Int))? {
        let path = (libraryFolder as NSString).deletingLastPathComponent + "/version.py"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        for (name, kind) in [("cuda", "cuda"), ("hip", "rocm")] {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") || $0.hasPrefix("\(name) ") }),
                let quoted = line.split(whereSeparator: { $0 == "'" || $0 == "\"" }).dropFirst().first
            else { continue }
            let numbers = quoted.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
            if numbers.count >= 2, let major = numbers[0], let minor = numbers[1] { return (kind, (major, minor)) }
        }
        return nil
    }

    private func checked() throws -> Installation {
        let numbers = version.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) }
        if numbers.count == 2, let major = numbers[0], let minor = numbers[1], (major, minor) < (2, 10) {
            throw TorchError.unusable(path: libraryFolder, reason: "its version is \(version)")
        }
        return self
    }

    static func output(of command: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
