import Foundation
import Groundwork

/// Drives a written submission as a contest does, with two questions.
public enum SubmissionCheck {
    /// - Parameter python: the interpreter to use.
    /// - Returns: what both commands printed.
    /// - Throws: `SubmissionError.check` if a command fails or a reply was made without the model.
    public static func run(_ folder: String, python: String = "python3") throws -> String {
        let scratch = NSTemporaryDirectory() + "retort-check-\(getpid())"
        try WholeFile.makeFolder(scratch)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let questions = try command(
            folder, python, ["agents.question_agent", "--num_questions", "2", "--output_file", scratch + "/questions.json", "--verbose"])
        let answers = try command(
            folder, python,
            [
                "agents.answer_agent", "--input_file", scratch + "/filtered_questions.json", "--output_file", scratch + "/answers.json",
                "--verbose",
            ])
        return questions + answers
    }

    private static func command(_ folder: String, _ python: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-m"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        // The check leaves nothing in the folder that was just written.
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let (output, errors) = (Pipe(), FileHandle.standardError)
        (process.standardOutput, process.standardError, process.standardInput) = (output, errors, FileHandle.nullDevice)
        let shown = ([python, "-m"] + arguments).joined(separator: " ")
        func failed(_ reason: String) -> SubmissionError { .check(command: shown, folder: folder, reason: reason) }
        do {
            try process.run()
        } catch {
            throw failed(error.localizedDescription)
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw failed("status \(process.terminationStatus); its message stands above") }
        guard !text.contains("without the model") else { throw failed("replies were made without the model; the reason stands above") }
        return text
    }
}
