import Foundation
import Groundwork
import Questions
import Testing

/// `retort train` as a process of its own, killed for real.
@Suite struct KillAndResumeTests {
    /// The product beside this test's own binary.
    private static let retort = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("retort")

    /// Two random layers with a tokenizer of bytes; Tests/Oracles/distillation_training.py made it.
    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/Distillation/tiny/model").path

    private func process(_ questions: String, _ output: String) -> Process {
        let process = Process()
        process.executableURL = Self.retort
        process.arguments = [
            "train", "--model", Self.model, "--questions", questions, "-o", output, "--rank", "4", "--alpha", "8", "--rslora", "--lr", "0.01",
            "--batch", "2", "--epochs", "2", "--save-every", "3", "--seed", "3", "--device", "cpu",
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        return process
    }

    private func steps(_ output: String) -> Int {
        ((try? String(contentsOfFile: output + "/training/metrics.jsonl", encoding: .utf8)) ?? "").count { $0 == "\n" }
    }

    @Test func aKilledRunEndsInTheSameBytes() throws {
        let folder = NSTemporaryDirectory() + "retort-kill-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let questions = folder + "/questions.jsonl"
        try QuestionFile.write(QuestionGenerator.generate(domain: .math, count: 40, seed: 1), to: questions)

        let whole = folder + "/whole", broken = folder + "/broken"
        let uninterrupted = process(questions, whole)
        try uninterrupted.run()
        uninterrupted.waitUntilExit()
        #expect(uninterrupted.terminationStatus == 0)
        let total = steps(whole)
        #expect(total == 40)

        // Killed three times, wherever it happens to be shortly behind these steps: in a step, or writing a checkpoint.
        var random = SystemRandomNumberGenerator()
        var earlier = 0
        for third in 0..<3 {
            let target = third * 11 + Int.random(in: 1...10, using: &random)
            let run = process(questions, broken)
            try run.run()
            while run.isRunning && steps(broken) < target { usleep(500) }
            kill(run.processIdentifier, SIGKILL)
            run.waitUntilExit()
            #expect(run.terminationReason == .uncaughtSignal, "it ended before it could be killed at step \(target)")
            #expect(steps(broken) >= target && target > earlier)
            earlier = target
        }
        let resumed = process(questions, broken)
        try resumed.run()
        resumed.waitUntilExit()
        #expect(resumed.terminationStatus == 0)
        #expect(steps(broken) == total)
        for name in ["adapter_model.safetensors", "adapter_config.json"] {
            let (first, second) = (try WholeFile.read(whole + "/" + name), try WholeFile.read(broken + "/" + name))
            #expect(first == second && !first.isEmpty, "\(name)")
        }
    }
}
