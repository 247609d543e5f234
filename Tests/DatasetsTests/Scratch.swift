import Foundation
import Groundwork

import Questions

/// A folder for one test, gone afterwards.
func withFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = NSTemporaryDirectory() + "datasets-\(UUID().uuidString)"
    try WholeFile.makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Runs a program of the system; nil where there is none of that name.
func system(_ program: String, _ arguments: [String]) throws -> Int32? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 127 ? nil : process.terminationStatus
}

extension Question {
    static func plain(
        _ text: String, _ choices: [String] = ["iron", "neon", "gold", "tin"], _ answer: Letter = .B, id: String = "q", subject: String = "chemistry",
        domain: Domain = .stem, explanation: String? = nil
    ) -> Question {
        Question(
            id: id, source: "test", subject: subject, topic: subject, domain: domain, question: text, choices: choices, answer: answer,
            explanation: explanation)
    }
}
