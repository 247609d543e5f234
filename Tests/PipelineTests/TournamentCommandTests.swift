import Foundation
import Groundwork
import Questions
import Testing
import Tournaments

/// `retort tournament` and `retort tune` as processes of their own.
@Suite struct TournamentCommandTests {
    private static let retort = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("retort")
    /// Two random layers with a tokenizer of bytes.
    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/Distillation/tiny/model").path

    private func process(_ arguments: [String], output: URL? = nil) throws -> Process {
        let process = Process()
        process.executableURL = Self.retort
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        if let output {
            FileManager.default.createFile(atPath: output.path, contents: nil)
            process.standardOutput = try FileHandle(forWritingTo: output)
        } else {
            process.standardOutput = FileHandle.nullDevice
        }
        return process
    }

    /// A submission that asks sums and always answers `letter`; it waits as long as there is a file `wait`.
    private func writeTeam(_ folder: String, letter: String) throws {
        let head = """
            import argparse, json, os, time
            p = argparse.ArgumentParser()
            for name in ("input_file", "output_file", "num_questions"): p.add_argument("--" + name)
            p.add_argument("--verbose", action="store_true")
            a = p.parse_args()
            while os.path.exists("wait"): time.sleep(0.05)

            """
        try WholeFile.write(head + """
            q = [{"topic": "sums", "question": f"What is {i} + {i}?", "choices": [f"A) {2 * i}", f"B) {2 * i + 1}", f"C) {i}", f"D) {3 * i + 2}"],
                  "answer": "A", "seconds": 0.5} for i in range(10, 10 + int(a.num_questions))]
            json.dump(q, open(a.output_file, "w"))
            """, to: folder + "/agents/question_agent.py")
        try WholeFile.write(head + """
            json.dump([{"answer": "\(letter)", "reasoning": "<b>so</b>", "seconds": 0.5}] * len(json.load(open(a.input_file))), open(a.output_file, "w"))
            """, to: folder + "/agents/answer_agent.py")
    }

    @Test func aTournamentThatIsInterruptedIsContinued() throws {
        try withFolder { folder in
            for (name, letter) in [("right", "A"), ("wrong", "B"), ("slow", "A")] { try writeTeam("\(folder)/\(name)", letter: letter) }
            try WholeFile.write("{\"Mathematics\": [\"sums\"]}", to: folder + "/topics.json")
            let arguments = ["tournament", "--topics", folder + "/topics.json", "--tokenizer", Self.model, "--questions-per-inning", "4", "--out", folder + "/out"]
                + ["right", "wrong", "slow"].flatMap { ["--team", "\($0)=cmd:\(folder)/\($0)"] }
            // The circle begins with the second and the third.
            try WholeFile.write("", to: folder + "/slow/wait")
            func events() -> [TournamentEvent] {
                let lines = (try? LineFile.read(folder + "/out/events.jsonl")) ?? []
                return lines.compactMap { try? JSONDecoder().decode(TournamentEvent.self, from: Data($0.text.utf8)) }
            }
            let first = try process(arguments)
            try first.run()
            // Four questions of the team that does not wait are there, then the other one's answers are waited for.
            while first.isRunning, events().count(where: { $0.kind == .question }) < 4 { usleep(20_000) }
            usleep(200_000)
            kill(first.processIdentifier, SIGINT)
            first.waitUntilExit()
            #expect(first.terminationStatus == 130)
            #expect(events().count { $0.kind == .question } == 4 && events().allSatisfy { $0.kind != .matchEnds })

            try FileManager.default.removeItem(atPath: folder + "/slow/wait")
            let second = try process(arguments + ["--events", "-"], output: URL(fileURLWithPath: folder + "/told.jsonl"))
            try second.run()
            second.waitUntilExit()
            #expect(second.terminationStatus == 0)
            let result = try JSONDecoder().decode(TournamentResult.self, from: WholeFile.read(folder + "/out/results.json"))
            #expect(result.matches.count == 3 && result.standings.map(\.team) == ["right", "slow", "wrong"] && result.standings.map(\.points) == [1.5, 1.5, 0])
            let told = try LineFile.read(folder + "/told.jsonl").map { try JSONDecoder().decode(TournamentEvent.self, from: Data($0.text.utf8)) }
            #expect(told.count { $0.kind == .answer } == 24 && told.last?.kind == .tournamentEnds)
            let page = String(decoding: try WholeFile.read(folder + "/out/report.html"), as: UTF8.self)
            let reader = PageReader(page)
            #expect(reader.failure == nil && reader.all("b").isEmpty && reader.all("summary").count == 3)
            #expect(page.contains("What is 13 + 13?") && page.contains("&lt;b&gt;so&lt;/b&gt;"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/right/outputs"))
        }
    }

    @Test func tuningWritesSettingsThatAreReadAgain() throws {
        try withFolder { folder in
            try QuestionFile.write(QuestionGenerator.generate(domain: .math, count: 6, seed: 1), to: folder + "/questions.jsonl")
            let output = folder + "/tuned/agen.yaml"
            let tune = try process([
                "tune", "--agent", "answer", "--model", Self.model, "--questions", folder + "/questions.jsonl", "--mode", "letter",
                "--deadline", "60s", "-o", output, "--json", folder + "/tune.json", "--device", "cpu",
            ])
            try tune.run()
            tune.waitUntilExit()
            #expect(tune.terminationStatus == 0)
            let text = String(decoding: try WholeFile.read(output), as: UTF8.self)
            #expect(text.contains("max_new_tokens:") && text.contains("mode: "), "\(text)")
            let fields = try JSONSerialization.jsonObject(with: WholeFile.read(folder + "/tune.json")) as? [String: Any]
            #expect(fields?["questions"] as? Int == 6 && fields?["tried"] as? Int == 2)
            #expect(FileManager.default.fileExists(atPath: output + ".tune/answers"))
        }
    }
}
