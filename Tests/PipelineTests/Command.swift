import Foundation
import Groundwork

/// The built `retort`, run as a user runs it.
struct Command {
    let status: Int32
    let output: String
    let errors: String

    /// Beside the test bundle, which is what runs this.
    static let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("retort").path
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    init(_ arguments: [String], input: String = "", folder: String = Self.repository) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, stderr)
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        output = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        errors = String(decoding: stderr.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }
}

/// The real model, where scripts/setup has put it.
let smolLM2: String? = [
    ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"], Command.repository + "/.models/SmolLM2-135M-Instruct.Q4_1.gguf",
].compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }

/// Two random layers with a tokenizer of bytes, and an adapter for them; Tests/Oracles/distillation_training.py made both.
let tinyModel = Command.repository + "/Tests/Fixtures/Distillation/tiny/model"
let tinyAdapter = Command.repository + "/Tests/Fixtures/Distillation/tiny/adapter"

/// A folder of its own, gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "retort-" + UUID().uuidString
    try WholeFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

/// Whether the system lets anybody make namespaces, asked without the sandbox that is made of them.
let hasNamespaces: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
