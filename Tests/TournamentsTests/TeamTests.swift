import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Tournaments

@Suite struct TeamDescriptionTests {
    @Test func threeKindsOfTeamsAreRead() throws {
        let model = try TeamDescription(parsing: "base=m.gguf,adapter=a/b,mode=letter,settings=s")
        #expect(model.name == "base")
        guard case .model(let team) = model.player else { return #expect(Bool(false), "\(model)") }
        #expect(team.model == "m.gguf" && team.adapter == "a/b" && team.mode == .letter && team.settings == "s")
        guard case .endpoint(let endpoint) = try TeamDescription(parsing: "far=http://gpu:8000/v1,model=x,key-env=KEY").player else {
            return #expect(Bool(false))
        }
        #expect(endpoint.url == "http://gpu:8000/v1" && endpoint.model == "x" && endpoint.keyVariable == "KEY")
        guard case .command(let command) = try TeamDescription(parsing: "them=cmd:sub/mission,python=/usr/bin/python3,startup=40").player else {
            return #expect(Bool(false))
        }
        #expect(command.folder == "sub/mission" && command.python == "/usr/bin/python3" && command.startup == 40)
    }

    @Test(arguments: [
        ("model.gguf", "a team's name"), ("=m", "a team's name"), ("a b=m", "a team's name"), ("../x=m", "a team's name"), ("a=", "say who plays"),
        ("a=cmd:", "cmd: needs the folder"), ("a=m,mode", "'mode' is not name=value"), ("a=m,mode=", "'mode=' is not name=value"),
        ("a=m,mode=shout", "there is no mode 'shout'; there are letter"), ("a=m,colour=red", "there is no 'colour' here; there are adapter, mode, settings"),
        ("a=m,mode=letter,mode=letter", "mode is given twice"), ("a=cmd:d,mode=letter", "there are python, startup"),
        ("a=cmd:d,startup=soon", "startup is soon, not a number of seconds"), ("a=http://h,key-env=sk-1234", "key-env is the name of an environment variable"),
        ("a=http://h,colour=red", "colour"),
    ])
    func malformedTeamsAreToldApart(text: String, reason: String) {
        let error = #expect(throws: TournamentError.self) { try TeamDescription(parsing: text) }
        let said = error.map { "\($0)" } ?? ""
        #expect(said.contains(reason), "\(said)")
        #expect(said.hasPrefix("--team ") && !said.contains("sk-1234"))
    }
}

@Suite struct JSONInTextTests {
    @Test(arguments: [
        ("{\"answer\": \"A\"}", "{\"answer\": \"A\"}"),
        ("Sure!\n```json\n{\"answer\": \"B\", \"reasoning\": \"a } in a \\\" string {\"}\n```\nDone {x}", "{\"answer\": \"B\", \"reasoning\": \"a } in a \\\" string {\"}"),
        ("{thinking} {\"note\": 1} {\"answer\": \"C\"}", "{\"answer\": \"C\"}"),
        ("{\"note\": {\"answer\": \"A\"}}", "{\"note\": {\"answer\": \"A\"}}"),
    ])
    func theObjectIsFoundInTheText(text: String, object: String) { #expect(JSONInText.object(in: text, with: ["answer"]) == object) }

    @Test(arguments: ["", "A", "{", "{\"answer\": \"A\"", "}{", "[1, 2]"]) func whereThereIsNoneThereIsNone(text: String) {
        #expect(JSONInText.object(in: text, with: ["answer"]) == nil)
    }
}

@Suite struct ExternalTeamTests {
    private let questions = (1...3).map {
        Question(id: "q\($0)", source: "t", subject: "s", topic: "t", domain: .other, question: "Question \($0)?", choices: ["k", "l", "m", "n"], answer: .B)
    }

    /// A submission's folder whose agents are these bodies; `a` holds the arguments.
    private func withSubmission(asks: String = "", answers: String = "", _ body: (String) throws -> Void) throws {
        try withFolder { folder in
            let head = """
                import argparse, json, os, sys, time
                p = argparse.ArgumentParser()
                for name in ("input_file", "output_file", "num_questions"): p.add_argument("--" + name)
                p.add_argument("--verbose", action="store_true", required=True)
                a = p.parse_args()

                """
            try WholeFile.write(head + asks, to: folder + "/agents/question_agent.py")
            try WholeFile.write(head + answers, to: folder + "/agents/answer_agent.py")
            try WholeFile.write("", to: folder + "/agents/__init__.py")
            try body(folder)
        }
    }

    @Test func repliesComeFromTheModulesAndTheFolderStaysAsItWas() throws {
        try withSubmission(
            asks: """
                topics = json.load(open("assets/topics.json"))
                q = {"topic": topics["Geography"][0], "question": "Which?", "choices": ["A) w", "B) x", "C) y", "D) z"], "answer": "A"}
                json.dump([dict(q, seconds=0.25)] * int(a.num_questions), open(a.output_file, "w"))
                print("asked", file=sys.stderr)
                """,
            answers: """
                questions = json.load(open(a.input_file))
                assert all("answer" not in q and "explanation" not in q for q in questions)
                json.dump([{"answer": "B", "time": 7.5}, "It is {\\"answer\\": \\"C\\"}.", None], open(a.output_file, "w"))
                """
        ) { folder in
            let before = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
            let team = try ExternalTeam(name: "them", .init(folder: folder))
            let asked = try team.ask(geography, count: 2, deadline: .seconds(10), seed: 1)
            #expect(asked.count == 2 && asked.allSatisfy { $0.topic == "capitals" && $0.seconds == 0.25 && !$0.isLate && $0.question?.answer == "A" })
            #expect(team.log == "asked\n")
            let answers = try team.answer(questions, deadline: .seconds(6), seed: 1)
            #expect(answers.map(\.questionID) == ["q1", "q2"] && answers.map { $0.letter } == [.B, .C])
            // The first tells its own time; the others have an equal share of the run.
            #expect(answers[0].seconds == 7.5 && answers[0].isLate && answers[1].seconds > 0 && !answers[1].isLate)
            #expect(team.log == nil)
            #expect(try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() == before)
        }
    }

    @Test(arguments: [
        ("sys.exit(\"no GPU\")", "ended with exit code 1: no GPU"), ("pass", "wrote no outputs/questions.json"),
        ("open(a.output_file, 'w').write('{')", "is no JSON array"), ("raise ValueError('x')", "exit code 1: ValueError: x"),
    ])
    func aRunThatFailsSaysWhy(asks: String, reason: String) throws {
        try withSubmission(asks: asks) { folder in
            let team = try ExternalTeam(name: "them", .init(folder: folder))
            let error = #expect(throws: TournamentError.self) { try team.ask(geography, count: 2, deadline: .seconds(10), seed: 1) }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains(reason) && said.hasPrefix("team them: "), "\(said)")
        }
    }

    @Test func aRunThatDoesNotEndIsKilledWithItsChildren() throws {
        try withSubmission(asks: """
            import subprocess
            child = subprocess.Popen(["sleep", "1000"])
            print("child", child.pid, file=sys.stderr, flush=True)
            child.wait()
            """
        ) { folder in
            let team = try ExternalTeam(name: "them", .init(folder: folder), grace: 1.5)
            let error = #expect(throws: TournamentError.self) { try team.ask(geography, count: 1, deadline: .milliseconds(1), seed: 1) }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains("was killed after 1 s"), "\(said)")
            let child = try #require(team.log?.split(whereSeparator: \.isWhitespace).last.flatMap { pid_t($0) })
            // A child that nobody has waited for yet is still listed, as a zombie.
            let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8))?.split(separator: ")").last?.split(separator: " ").first
            #expect(state == nil || state == "Z")
        }
    }

    @Test func aFolderWithoutAgentsIsRefused() throws {
        try withFolder { folder in
            let error = #expect(throws: TournamentError.self) { try ExternalTeam(name: "them", .init(folder: folder)) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("has no agents/question_agent.py"))
        }
        try withSubmission { folder in
            #expect(throws: TournamentError.self) { try ExternalTeam(name: "them", .init(folder: folder, python: "no-such-python")) }
        }
    }
}
