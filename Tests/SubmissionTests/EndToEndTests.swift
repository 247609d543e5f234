import Foundation
import Groundwork
import Submission
import Testing

/// A submission with the real model, driven only as a contest drives it.
@Suite(.serialized, .enabled(if: smolLM2 != nil, "needs SmolLM2 (scripts/setup, or RETORT_DEMO_MODEL)"))
struct EndToEndTests {
    /// Replies are kept short, so that the tests are.
    private func withSubmission(_ body: (String) throws -> Void) throws {
        try withFolder { folder in
            try WholeFile.write("max_new_tokens: 110\ntemperature: 0.6\nteam: ours\n", to: folder + "/q.yaml")
            try WholeFile.write("max_new_tokens: 40\ntemperature: 0.2\n", to: folder + "/a.yaml")
            let arguments = ["--quantization", "int8", "--qgen", folder + "/q.yaml", "--agen", folder + "/a.yaml", "-o", folder + "/AIAC"]
            let run = try RunningProgram([retort, "submit", "--model", smolLM2!] + arguments, in: folder).finish()
            try #require(run.status == 0, "\(run.errors)")
            #expect(run.errors.contains("'team' is no setting of the question agent"))
            try body(folder + "/AIAC")
        }
    }

    private func python(_ arguments: [String], in folder: String, _ changes: [String: String] = [:]) throws -> RunningProgram {
        try RunningProgram(["python3", "-m"] + arguments, in: folder, environment: changes)
    }

    /// Format checks and scores by the rules, written apart from Retort's own.
    private func contest(_ folder: String) throws -> [String: Any] {
        let script = repository + "/Tests/SubmissionTests/contest.py"
        let run = try RunningProgram(["python3", script, folder + "/outputs", retort, smolLM2!], in: folder).finish()
        try #require(run.status == 0, "\(run.errors)")
        return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    @Test func aMatchIsPlayedByTheRulesAlsoWhenTheProgramIsKilledOrHangs() throws {
        try withSubmission { folder in
            let asking = try python(
                ["agents.question_agent", "--output_file", "outputs/questions.json", "--num_questions", "3", "--batch_size", "3", "--verbose"],
                in: folder).finish()
            #expect(asking.status == 0 && asking.output.contains("question 3/3: ") && !asking.output.contains("without the model"), "\(asking)")
            let asked = try contest(folder)
            #expect(asked["questions"] as? Int == 3 && asked["passing"] as? Int == 3 && asked["same_filter"] as? Bool == true)
            #expect(asked["disqualified"] as? Bool == false)

            let arguments = [
                "agents.answer_agent", "--input_file", "outputs/filtered_questions.json", "--output_file", "outputs/answers.json", "--verbose",
            ]
            let answering = try python(arguments, in: folder).finish()
            #expect(answering.status == 0 && answering.output.contains("answer 3/3: ") && !answering.output.contains("without the model"), "\(answering)")
            try requireThreeValidAnswers(folder)

            for (signal, message) in [(SIGKILL, "started again"), (SIGSTOP, "hangs and is killed")] {
                let run = try python(arguments + (signal == SIGSTOP ? ["--deadline", "2"] : []), in: folder)
                run.wait { run.outputSoFar.contains("answer 1/") }
                let child = try #require(run.children.first)
                kill(child, signal)
                let end = run.finish()
                #expect(end.status == 0 && end.errors.contains(message), "\(end)")
                #expect(!isAlive(child))
                try requireThreeValidAnswers(folder)
            }
        }
    }

    private func requireThreeValidAnswers(_ folder: String) throws {
        let scored = try contest(folder)
        #expect(scored["answers"] as? Int == 3 && scored["valid"] as? Int == 3 && scored["same_answers"] as? Bool == true)
        let scores = try [#require(scored["answer_score"] as? Double), #require(scored["question_score"] as? Double)]
        #expect(abs(scores[0] + scores[1] - 100) < 1e-9)
    }

    @Test func brokenSettingsAndAMissingModelAreSaidInOneLine() throws {
        try withSubmission { folder in
            let questions = #"[{"question": "Which?", "choices": ["A) one", "B) two", "C) three", "D) four"]}]"#
            try WholeFile.write(questions, to: folder + "/outputs/filtered_questions.json")
            let lost = try python(["agents.answer_agent"], in: folder, ["RETORT_MODEL": "/nowhere.gguf"]).finish()
            #expect(lost.status == 1 && lost.errors.contains("/nowhere.gguf") && lost.errors.contains("set RETORT_MODEL"), "\(lost)")
            try WholeFile.write("max_new_tokens: 4096\n", to: folder + "/agen.yaml")
            let broken = try python(["agents.answer_agent"], in: folder).finish()
            #expect(broken.status == 1 && broken.errors.contains("agen.yaml: max_new_tokens is 4096; allowed is a whole number up to 512"), "\(broken)")
            for run in [lost, broken] { #expect(!run.errors.contains("Traceback")) }
            #expect(!FileManager.default.fileExists(atPath: folder + "/outputs/answers.json"))
        }
    }

    @Test func theProtocolAnswersEveryKindOfRequest() throws {
        let requests = [
            "nonsense",
            #"{"id": 1, "agent": "answer", "message": "Question: Which is largest?\nChoices: A) Earth B) Jupiter C) Mars D) Venus", "settings": {"max_new_tokens": 40}}"#,
            #"[{"id": 2, "agent": "chat", "message": "Say hello.", "settings": {"max_new_tokens": 5}}, {"id": 3, "agent": "answer", "question": {"question": "Which?", "choices": ["x"]}}]"#,
            #"{"id": 4, "agent": "chat", "message": "Tell me a long story.", "deadline": 20, "elapsed": 19.99}"#,
            #"{"id": 5, "agent": "answer", "message": "Which? A) x B) y C) z D) w", "settings": {"max_new_tokens": 5000}}"#,
            #"[{"id": 6, "agent": "answer", "question": {"question": "2 + 2?", "choices": ["3", "4", "5", "6"]}, "deadline": 9, "elapsed": 8.999}, {"id": 7, "agent": "chat", "message": "\#(String(repeating: "word ", count: 9000))"}]"#,
            #"{"id": 8, "agent": "chat", "message": "Still there?", "settings": {"max_new_tokens": 3}}"#,
        ]
        try withFolder { folder in
            try WholeFile.write(requests.joined(separator: "\n"), to: folder + "/requests")
            let run = try RunningProgram(
                ["sh", "-c", "exec \"$0\" agents --model \"$1\" --quantization int8 --agent answer < requests", retort, smolLM2!], in: folder).finish()
            #expect(run.status == 0)
            let lines = try run.output.split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.first?["ready"] as? Bool == true && lines.count == 10, "\(run.output)")
            let byID = Dictionary(lines.compactMap { line in (line["id"] as? Int).map { ($0, line) } }, uniquingKeysWith: { first, _ in first })
            let answer = try JSONDecoder().decode([String: String].self, from: Data((byID[1]?["output"] as? String ?? "").utf8))
            #expect(["A", "B", "C", "D"].contains(answer["answer"]) && byID[1]?["problems"] as? [String] == [])
            #expect(byID[2]?["tokens"] as? Int == 5 && byID[2]?["ending"] as? String == "token-limit")
            #expect((byID[3]?["error"] as? String)?.contains("1 choices, not four") == true)
            #expect(byID[4]?["ending"] as? String == "deadline" && byID[4]?["late"] as? Bool == true)
            #expect((byID[5]?["error"] as? String)?.contains("up to 512") == true)
            #expect(byID[6]?["output"] != nil && byID[6]?["late"] as? Bool == true)
            #expect(byID[7]?["error"] != nil, "a prompt longer than the context")
            #expect(byID[8]?["output"] != nil)
        }
    }

    @Test func terminationEndsItCleanly() throws {
        let run = try RunningProgram(
            ["sh", "-c", "sleep 60 | { echo $$ >&2; exec \"$0\" agents --model \"$1\" --quantization int8 --agent answer; }", retort, smolLM2!], in: repository)
        run.wait { run.outputSoFar.contains("ready") }
        let program = try #require(run.children.first { pid in
            ((try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? "").contains("agents")
        })
        kill(program, SIGTERM)
        for _ in 0..<500 where isAlive(program) { usleep(10_000) }
        #expect(!isAlive(program))
        #expect(!run.errorsSoFar.contains("error"))
        for child in run.children { kill(child, SIGTERM) }
    }

    @Test func theCheckAsksAndAnswers() throws {
        try withFolder { folder in
            try WholeFile.write("max_new_tokens: 110\n", to: folder + "/q.yaml")
            try WholeFile.write("max_new_tokens: 40\n", to: folder + "/a.yaml")
            let settings = ["--qgen", folder + "/q.yaml", "--agen", folder + "/a.yaml"]
            let arguments = settings + ["--quantization", "int8", "--include-model", "--check", "-o", folder + "/AIAC"]
            let run = try RunningProgram([retort, "submit", "--model", smolLM2!] + arguments, in: folder).finish()
            #expect(run.status == 0 && run.output.hasSuffix("the submission works\n"), "\(run)")
            #expect(FileManager.default.fileExists(atPath: folder + "/AIAC/model/" + (smolLM2! as NSString).lastPathComponent))
            #expect(!FileManager.default.fileExists(atPath: folder + "/AIAC/outputs"))
        }
    }
}
