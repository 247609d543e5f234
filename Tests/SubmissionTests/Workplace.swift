import Foundation
import Groundwork
import Submission
import Testing

let environment = ProcessInfo.processInfo.environment
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The built `retort`, beside the test bundle, which is what runs this.
let retort = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("retort").path

/// The real model, where scripts/setup has put it.
let smolLM2: String? = [environment["RETORT_DEMO_MODEL"], repository + "/.models/SmolLM2-135M-Instruct.Q4_1.gguf"]
    .compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }

/// A folder of its own, gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "retort-submission-" + UUID().uuidString
    try WholeFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

/// A program that runs, its output a file so that none of it is lost and the test can look on.
final class RunningProgram {
    let process = Process()
    private let output: String
    private let errors: String

    init(_ arguments: [String], in folder: String, environment changes: [String: String] = [:]) throws {
        output = NSTemporaryDirectory() + "retort-output-" + UUID().uuidString
        errors = output + ".errors"
        for path in [output, errors] { try WholeFile.write("", to: path) }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = environment.merging(["PYTHONUNBUFFERED": "1"]) { $1 }.merging(changes) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        for path in [output, errors] { unlink(path) }
    }

    var outputSoFar: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }
    var errorsSoFar: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// Waits for the end.
    @discardableResult
    func finish() -> (status: Int32, output: String, errors: String) {
        process.waitUntilExit()
        return (process.terminationStatus, outputSoFar, errorsSoFar)
    }

    /// Looks on until something is so, or the program has ended.
    func wait(until condition: () -> Bool) {
        while process.isRunning, !condition() { usleep(10_000) }
    }

    /// The programs that this one has started.
    var children: [pid_t] {
        let list = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
    }
}

func isAlive(_ pid: pid_t) -> Bool {
    // A zombie that nobody waits for has ended too.
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return kill(pid, 0) == 0 }
    return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
}

func json(_ path: String) throws -> Any { try JSONSerialization.jsonObject(with: WholeFile.read(path)) }
