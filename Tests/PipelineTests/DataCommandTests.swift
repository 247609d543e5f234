import Foundation
import Groundwork
import Questions
import Testing

/// `retort data`, run as a user runs it.
@Suite struct DataCommandTests {
    private static let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("retort").path

    private static func run(_ arguments: [String], in folder: String) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = ["data"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let (stdout, stderr) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (stdout, stderr)
        try process.run()
        let output = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errors = String(decoding: stderr.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output, errors)
    }

    private static func withQuestions(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "retort-data-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for domain in Domain.specialist {
            try QuestionFile.write(
                QuestionGenerator.generate(domain: domain, count: 60, seed: 5), to: "\(folder)/\(domain).jsonl")
        }
        try QuestionFile.write(QuestionGenerator.generate(domain: .math, count: 20, seed: 5), to: folder + "/held.jsonl")
        try body(folder)
    }

    private static let files = Domain.specialist.map { "\($0).jsonl" }

    @Test func aFolderIsBuiltCheckedAndNotOverwritten() throws {
        try Self.withQuestions { folder in
            let arguments = ["build"] + Self.files + ["--against", "held.jsonl", "--licence", "math=MIT", "-o", "out", "--json", "-"]
            let built = try Self.run(arguments, in: folder)
            #expect(built.status == 0 && built.output.contains("20 stands in an evaluation set") && built.output.contains("\"seed\" : 1"))
            #expect(built.errors.contains("no licence is stated for code.jsonl, stem.jsonl, humanities.jsonl"))
            for file in ["README.md", "dataset.json", "drops.jsonl", "math/train.jsonl", "code/test.jsonl"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/out/\(file)"), "\(file)")
            }
            let checked = try Self.run(["check", "out", "--against", "held.jsonl"], in: folder)
            #expect(checked.status == 0 && checked.output.hasSuffix("nothing wrong\n"), "\(checked.output)")
            let again = try Self.run(arguments, in: folder)
            #expect(again.status == 1 && again.errors.contains("out exists; choose another place, or replace it with --force"))
            #expect(try Self.run(arguments + ["--force"], in: folder).status == 0)
            let spoiled = try Self.run(["check", "out", "math.jsonl", "--against", "held.jsonl"], in: folder)
            #expect(spoiled.status == 1 && spoiled.output.contains("20 questions of an evaluation set"))
            #expect(spoiled.output.contains("questions on two sides"))
        }
    }

    @Test func copiesGoAndSplitsAreWritten() throws {
        try Self.withQuestions { folder in
            let deduped = try Self.run(["dedupe", "math.jsonl", "held.jsonl", "-o", "one.jsonl", "--pairs", "pairs.jsonl"], in: folder)
            #expect(deduped.status == 0 && deduped.output.contains("20 copies"))
            #expect(try LineFile.read(folder + "/pairs.jsonl").count >= 20)
            #expect(try Self.run(["dedupe", "math.jsonl", "-o", "one.jsonl"], in: folder).status == 1)
            let split = try Self.run(["split", "code.jsonl", "stem.jsonl", "--test-size", "0.25", "--validation-size", "0", "-o", "s"], in: folder)
            #expect(split.status == 0 && split.output.contains("90 in s/train.jsonl") && split.output.contains("30 in s/test.jsonl"), "\(split)")
            let inspected = try Self.run(["inspect", "math.jsonl"], in: folder)
            #expect(inspected.status == 0 && inspected.output.contains("60 questions, A ") && inspected.output.contains("domains: math 60"))
        }
    }

    @Test(arguments: [
        (["build", "math.jsonl", "-o", "x", "--size", "maths=3"], "DOMAIN=COUNT"), (["build", "math.jsonl", "-o", "x", "--test-size", "1"], "--test-size"),
        (["inspect", "math.jsonl", "--map", "stem=question"], "the fields are"), (["inspect", "math.jsonl", "--key", "number"], "--key"),
        (["split", "math.jsonl", "-o", "x", "--test-size", "0.5", "--validation-size", "0.5"], "nothing to train on"), (["inspect"], "file"),
    ])
    func wrongUseIsToldInOneLine(_ arguments: [String], _ words: String) throws {
        try Self.withQuestions { folder in
            let result = try Self.run(arguments, in: folder)
            #expect(result.status == 2 && result.errors.hasPrefix("error: ") && result.errors.contains(words), "\(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test(arguments: ["missing.jsonl", "/"])
    func aFileThatCannotBeReadIsNamed(_ path: String) throws {
        try Self.withQuestions { folder in
            for command in [["inspect", path], ["build", path, "-o", "x"], ["check", path]] {
                let result = try Self.run(command, in: folder)
                #expect(result.status == 1 && result.errors.hasPrefix("error: ") && result.errors.contains(path), "\(result.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/x"))
        }
    }

    /// Stopped in the middle of its work: exit code 130, and nothing is left.
    @Test func anInterruptedBuildLeavesNothing() throws {
        try Self.withQuestions { folder in
            let one = try String(contentsOfFile: folder + "/code.jsonl", encoding: .utf8)
            try WholeFile.write(String(repeating: one, count: 3000), to: folder + "/many.jsonl")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Self.binary)
            process.arguments = ["data", "build", "many.jsonl", "-o", "out"]
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.standardOutput = FileHandle.nullDevice
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            // The folder beside the place stands once the signals are watched and the reading begins.
            while process.isRunning, try !FileManager.default.contentsOfDirectory(atPath: folder).contains(where: { $0.contains("partial") }) {
                usleep(1000)
            }
            process.interrupt()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 130 && text.contains("interrupted; nothing was written"), "\(text)")
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!left.contains { $0.hasPrefix("out") }, "\(left)")
        }
    }
}
