import Foundation
import Groundwork
import Submission
import Testing

/// The Python files with a stand-in for the program that dies, hangs and lies on demand.
@Suite struct PythonSideTests {
    /// - Parameter plan: what each start of the stand-in does: answer, answer slowly, die under a request, die after its first reply, hang,
    ///   refuse requests, fail or crash before it is ready; the last one stands for all further starts.
    private func withSubmission(_ plan: String..., questions: Int = 3, _ body: (String) throws -> Void) throws {
        try withFolder { folder in
            for (path, text) in SubmissionLayout.pythonFiles { try WholeFile.write(text, to: folder + "/" + path) }
            try WholeFile.write(
                #"{"binary": {"path": "bin/retort"}, "question": {"deadline": 10}, "answer": {"deadline": 6}}"#, to: folder + "/manifest.json")
            try WholeFile.write(#"{"Geography": ["capitals of the world", "rivers"]}"#, to: folder + "/assets/topics.json")
            try WholeFile.write("""
                [{"topic": "rivers", "question": "Which is longest?", "choices": ["A) Nile", "B) Elbe", "C) Po", "D) Oder"], "answer": "A"},
                 {"topic": "capitals of the world", "question": "Which is in France?", "choices": ["A) Rome", "B) Paris", "C) Bern", "D) Oslo"], "answer": "B"}]
                """, to: folder + "/assets/pool.json")
            try WholeFile.write(plan.joined(separator: " "), to: folder + "/plan")
            let items = (0..<questions).map {
                #"{"topic": "t", "question": "Number \#($0)?", "choices": ["A) one", "B) twenty-two", "C) six", "D) ten"], "answer": "C", "explanation": "secret"}"#
            }
            try WholeFile.write("[" + items.joined(separator: ",\n") + "]", to: folder + "/outputs/filtered_questions.json")
            try WholeFile.write(Self.standIn, to: folder + "/bin/retort")
            chmod(folder + "/bin/retort", 0o755)
            try body(folder)
        }
    }

    private static let standIn = """
        #!/usr/bin/env python3
        import json, os, signal, sys, time
        plan = open("plan").read().split()
        with open("pids", "a+") as file:
            file.seek(0)
            start = len(file.read().split())
            file.write(f"{os.getpid()}\\n")
        plan = plan[min(start, len(plan) - 1)]
        if plan == "fail":
            sys.exit("error: there is no such model")
        if plan == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        print(json.dumps({"ready": True, "protocol": 2 if plan == "stranger" else 1}), flush=True)
        for line in sys.stdin:
            for number, request in enumerate(json.loads(line)):
                with open("requests", "a") as file:
                    file.write(json.dumps(request) + "\\n")
                if plan == "die" or plan == "die-second" and number == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                if plan == "hang":
                    time.sleep(600)
                if plan == "slow":
                    time.sleep(0.05)
                if plan == "refuse":
                    reply = {"error": "no"}
                elif request["agent"] == "answer":
                    reply = {"output": '{"answer": "D", "reasoning": "So it is."}', "tokens": 9, "problems": []}
                else:
                    topic, seed = request.get("topic"), request["seed"]
                    reply = {"output": json.dumps({"topic": topic, "question": f"{topic} {seed}?"}), "tokens": 9, "problems": ["bad"] if seed == 1 else []}
                if plan == "noisy":
                    print("noise", flush=True)
                print(json.dumps({"id": request["id"], **reply}), flush=True)
        """

    private func answer(_ folder: String, _ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
        try RunningProgram(["python3", "-m", "agents.answer_agent"] + arguments, in: folder).finish()
    }

    private func letters(_ folder: String) throws -> [String] {
        try #require(json(folder + "/outputs/answers.json") as? [[String: String]]).compactMap { $0["answer"] }
    }

    private func starts(_ folder: String) throws -> [pid_t] {
        try String(contentsOfFile: folder + "/pids", encoding: .utf8).split(separator: "\n").compactMap { pid_t($0) }
    }

    @Test func allAnswersComeInTheirOrderAndTheRightOneIsNotShown() throws {
        try withSubmission("answer") { folder in
            let run = try answer(folder, "--verbose", "--batch_size", "2")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            #expect(try letters(folder) == ["D", "D", "D"])
            #expect(run.output.contains("answer 3/3: ") && run.output.contains("9 tokens") && run.output.contains("total: "))
            let requests = try String(contentsOfFile: folder + "/requests", encoding: .utf8)
            #expect(!requests.contains("secret") && !requests.contains(#""C""#))
            #expect(try starts(folder).allSatisfy { !isAlive($0) })
        }
    }

    @Test func aProcessThatDiesIsReplacedAndAskedAgain() throws {
        try withSubmission("die", "answer") { folder in
            let run = try answer(folder)
            #expect(run.status == 0)
            #expect(try letters(folder) == ["D", "D", "D"])
            #expect(try starts(folder).count == 2)
            #expect(run.errors.contains("the program died under 1 of 1 requests") && run.errors.contains("started again"))
            #expect(!run.output.contains("without the model"))
        }
    }

    @Test func onlyWhatIsOpenIsAskedAgain() throws {
        try withSubmission("die-second", "answer") { folder in
            let run = try answer(folder, "--batch_size", "3")
            #expect(run.status == 0)
            #expect(try letters(folder) == ["D", "D", "D"])
            // The first once, the second under the death and after it, the third after it.
            #expect(try String(contentsOfFile: folder + "/requests", encoding: .utf8).split(separator: "\n").count == 4)
        }
    }

    @Test func whereItDiesAgainGuessesAreGivenAndItIsGivenUpAtLast() throws {
        try withSubmission("die") { folder in
            let run = try answer(folder)
            #expect(run.status == 0)
            // The longest choice.
            #expect(try letters(folder) == ["B", "B", "B"])
            #expect(try starts(folder).count == 3)
            #expect(run.output.contains("3 made without the model") && run.errors.contains("keeps dying"))
        }
    }

    @Test func aProcessThatHangsIsKilledAndTheReplyComesInTime() throws {
        try withSubmission("hang", "answer") { folder in
            let run = try answer(folder, "--deadline", "1")
            #expect(run.status == 0)
            #expect(try letters(folder) == ["B", "D", "D"])
            let processes = try starts(folder)
            #expect(processes.count == 2 && processes.allSatisfy { !isAlive($0) })
            #expect(run.errors.contains("no reply to 1 requests in time") && run.errors.contains("hangs and is killed"))
            #expect(run.output.contains("1 made without the model"))
        }
    }

    @Test func refusedRequestsGetGuesses() throws {
        try withSubmission("refuse") { folder in
            let run = try answer(folder)
            #expect(run.status == 0 && run.errors.contains("refused a request: no"))
            #expect(try letters(folder) == ["B", "B", "B"])
        }
    }

    @Test func noiseOnTheOutputIsNoReply() throws {
        try withSubmission("noisy") { folder in
            let run = try answer(folder)
            #expect(run.status == 0 && run.errors.contains("what is no reply"))
            #expect(try letters(folder) == ["D", "D", "D"])
        }
    }

    @Test func aProcessThatCrashesWhileLoadingGetsASecondTry() throws {
        try withSubmission("crash", "answer") { folder in
            let run = try answer(folder)
            #expect(run.status == 0 && run.errors.contains("ended by signal 9 while it loaded"))
            #expect(try letters(folder) == ["D", "D", "D"])
        }
    }

    @Test(arguments: [("fail", "did not become ready"), ("stranger", "protocol 2")])
    func aProgramThatCannotBeUsedIsSaidOnceAndNothingIsWritten(plan: String, message: String) throws {
        try withSubmission(plan) { folder in
            let run = try answer(folder)
            #expect(run.status == 1 && run.errors.contains("error: ") && run.errors.contains(message))
            #expect(!run.errors.contains("Traceback"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/outputs/answers.json"))
        }
    }

    @Test func questionsComeFromThePoolWhereTheModelGivesNone() throws {
        try withSubmission("hang") { folder in
            let run = try RunningProgram(
                ["python3", "-m", "agents.question_agent", "--num_questions", "2", "--deadline", "0.2"], in: folder).finish()
            #expect(run.status == 0 && run.output.contains("2 made without the model"))
            let questions = try #require(json(folder + "/outputs/filtered_questions.json") as? [[String: Any]])
            #expect(Set(questions.compactMap { $0["topic"] as? String }) == ["rivers", "capitals of the world"])
        }
    }

    @Test func whatFailsTheCheckIsFilteredOut() throws {
        try withSubmission("answer") { folder in
            let run = try RunningProgram(
                ["python3", "-m", "agents.question_agent", "--num_questions", "5", "--batch_size", "1", "--verbose"], in: folder).finish()
            #expect(run.status == 0 && run.output.contains("5 questions in outputs/questions.json, 4 pass") && run.output.contains("fails the format check: bad"))
            #expect(try (json(folder + "/outputs/questions.json") as? [Any])?.count == 5)
            #expect(try (json(folder + "/outputs/filtered_questions.json") as? [Any])?.count == 4)
        }
    }

    @Test func anInterruptedRunKeepsItsAnswersAndLeavesNoProcess() throws {
        try withSubmission("slow", questions: 400) { folder in
            // Tests that run in a shell's background inherit that SIGINT is ignored.
            let run = try RunningProgram(["--default-signal=INT", "python3", "-m", "agents.answer_agent", "--verbose"], in: folder)
            run.wait { run.outputSoFar.contains("answer 2/") }
            kill(run.process.processIdentifier, SIGINT)
            let end = run.finish()
            #expect(end.status == 130 && end.errors.contains("interrupted"), "\(end)")
            #expect(try letters(folder).count >= 1)
            #expect(try starts(folder).allSatisfy { !isAlive($0) })
        }
    }

    @Test func theModelsTakeTextsAndLists() throws {
        try withSubmission("answer") { folder in
            let program = """
                from agents.answer_model import AAgent
                from agents.question_model import QAgent
                a, q = AAgent(), QAgent()
                text, tokens, seconds = a.generate_response("Which? A) x B) y C) z D) w", "Be brief.", temperature=0.5, tgps_show=True)
                assert text.startswith("{") and tokens == 9 and seconds > 0, (text, tokens, seconds)
                texts, tokens, seconds = a.generate_response(["one", "two \\ud800", "three"])
                assert len(texts) == 3 and tokens == 27
                assert a.generate_response([]) == ([], 0, 0.0)
                text, tokens, seconds = q.generate_response("rivers", seed=7)
                assert "7?" in text
                print("done")
                """
            let run = try RunningProgram(["python3", "-c", program], in: folder).finish()
            #expect(run.status == 0 && run.output == "done\n", "\(run.errors)")
            let first = try #require(String(contentsOfFile: folder + "/requests", encoding: .utf8).split(separator: "\n").first)
            #expect(first.contains(#""temperature": 0.5"#) && first.contains(#""system": "Be brief.""#) && !first.contains("tgps"))
        }
    }

    @Test(arguments: [
        (["agents.answer_agent", "--input_file", "nowhere.json"], 1, "cannot read nowhere.json: No such file"),
        (["agents.answer_agent", "--input_file", "plan"], 1, "plan is not JSON"),
        (["agents.answer_agent", "--input_file", "manifest.json"], 1, "should be a list of questions"),
        (["agents.answer_agent", "--output_file", "plan/answers.json"], 1, "cannot write plan/answers.json"),
        (["agents.answer_agent", "--output_file", "outputs"], 1, "cannot write outputs: it is a folder"),
        (["agents.answer_agent", "--batch_size", "0"], 2, "'0' is not a whole number"),
        (["agents.question_agent", "--topics_file", "nowhere.json"], 1, "cannot read nowhere.json"),
        (["agents.question_agent", "--topics_file", "manifest.json"], 1, "holds something else"),
        (["agents.question_agent", "--num_questions", "many"], 2, "'many' is not a whole number"),
    ])
    func mistakesGetOneClearMessageBeforeTheModelIsLoaded(arguments: [String], status: Int32, message: String) throws {
        try withSubmission("answer") { folder in
            let run = try RunningProgram(["python3", "-m"] + arguments, in: folder).finish()
            #expect(run.status == status && run.errors.contains(message) && !run.errors.contains("Traceback"), "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/pids"))
        }
    }
}
