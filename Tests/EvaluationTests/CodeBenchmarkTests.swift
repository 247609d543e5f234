import Foundation
import Testing

import Evaluation

@Suite struct ProgramTextTests {
    @Test func theLastFencedBlockIsTheProgram() {
        #expect(ProgramText.lastFenced(in: "First:\n```python\na = 1\n```\nBetter:\n```py\nb = 2\n\nprint(b)\n```\nDone.") == "b = 2\n\nprint(b)\n")
        #expect(ProgramText.lastFenced(in: "~~~\nx\n```\ny\n~~~") == "x\n```\ny\n")
        #expect(ProgramText.lastFenced(in: "````\n```\ninner\n```\n````") == "```\ninner\n```\n")
        #expect(ProgramText.lastFenced(in: "1. so\n   ```python\n   x\n   ```") == "   x\n")
    }

    @Test func aBlockThatWasCutOffCountsWhereThereIsNoOther() {
        #expect(ProgramText.lastFenced(in: "```python\nprint(1)") == "print(1)\n")
        #expect(ProgramText.lastFenced(in: "```python\nprint(1)\n```\nand\n```python\nprint(") == "print(1)\n")
        #expect(ProgramText.lastFenced(in: "print(1)") == nil)
        #expect(ProgramText.lastFenced(in: "```\n\n```") == nil)
    }
}

/// Whether the system lets anybody make namespaces, asked without the sandbox: one that is broken must fail here, not be skipped.
private let hasNamespaces: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

@Suite(.enabled(if: hasNamespaces, "no namespaces can be made here")) struct SandboxTests {
    private let box: Sandbox

    init() throws { box = try Sandbox() }

    private func run(_ program: String, input: String = "", limits: Sandbox.Limits = .init()) throws -> Sandbox.Outcome {
        try box.run(program, input: Data(input.utf8), limits: limits)
    }

    @Test func aProgramReadsAndPrints() throws {
        let outcome = try run("import sys\nprint(sys.stdin.read().upper())\nprint('fault', file=sys.stderr)\nsys.exit(3)", input: "grüße")
        #expect(outcome.ending == .exit(3))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "GRÜSSE\n" && outcome.errors == "fault\n")
    }

    @Test func thereIsNoNetwork() throws {
        let outcome = try run("""
            import socket
            listener = socket.socket(); listener.bind(("0.0.0.0", 0)); listener.listen()
            for address in [("192.0.2.1", 80), ("127.0.0.1", 22)]:
                try: socket.create_connection(address, 1); print("connected")
                except OSError: print("refused")
            """)
        #expect(String(decoding: outcome.output, as: UTF8.self) == "refused\nrefused\n", "\(outcome.errors)")
    }

    /// Neither the files of the user nor those of the system can be changed, the user's cannot even be seen, and there is no way out.
    @Test func onlyItsOwnFolderIsItsOwn() throws {
        let scratch = try Scratch()
        let secret = try scratch.write("secret", to: "secret.txt")
        let outcome = try run("""
            import ctypes, os
            for action in [lambda: open("\(secret)"), lambda: open("/usr/bin/new", "w"), lambda: os.remove("/usr/bin/env"), lambda: os.chroot("/work"),
                           lambda: os.kill(1, 0) or os.setuid(1), lambda: os.listdir("/home") or 1 / 0, lambda: os.unshare(os.CLONE_NEWUSER)]:
                try: action(); print("done")
                except (OSError, AttributeError): print("refused")
            libc = ctypes.CDLL(None, use_errno=True)
            print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.umount2(b"/proc", 2), libc.unshare(0x10000000))
            open("mine", "w").write("x"); print(sorted(os.listdir(".")))
            """)
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 9 && lines.prefix(7).allSatisfy { $0 == "refused" }, "\(lines) \(outcome.errors)")
        #expect(lines.dropFirst(7).first == "-1 -1 -1" && lines.last == "['mine', 'program.py']", "\(lines)")
    }

    @Test func timeEndsTheWholeGroup() throws {
        let outcome = try run(
            "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\nprint('begun', flush=True)\nwhile True: pass",
            limits: .init(seconds: 1.5))
        #expect(outcome.ending == .outOfTime)
        #expect(try ends("time.sleep(300)"))
    }

    /// A program can leave its group, and take from itself the signal that it is to get when its parent ends.
    @Test func nobodyOutlivesTheSandbox() throws {
        func escape(_ seconds: Int) -> String { "import ctypes, os, time; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0); os.setsid(); time.sleep(\(seconds))" }
        let start = "import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', '\(escape(301))'])"
        let outcome = try run("\(start)\nos.execv(sys.executable, [sys.executable, '-c', '\(escape(302))'])", limits: .init(seconds: 1.5))
        #expect(outcome.ending == .outOfTime)
        #expect(try ends("time.sleep(301)") && ends("time.sleep(302)"))
        // Here the first one ends by itself.
        #expect(try run(start).ending == .exit(0))
        #expect(try ends("time.sleep(301)"))
    }

    /// Whether no process of such a command is left, some seconds later: the kernel takes a moment to end a group.
    private func ends(_ command: String) throws -> Bool {
        func isAlive() throws -> Bool {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { process in
                let line = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/cmdline"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
                return line.contains(command) && !line.contains("subprocess")
            }
        }
        for _ in 0..<100 where try isAlive() { usleep(100_000) }
        return try !isAlive()
    }

    @Test func memoryAndFilesAreLimited() throws {
        let memory = try run("x = bytearray(2 << 30)", limits: .init(memory: 512 << 20))
        #expect(memory.ending == .exit(1) && memory.errors.contains("MemoryError"))
        let output = try run("while True: print('x' * 1000)", limits: .init(seconds: 20, fileSize: 1 << 20))
        #expect(output.ending != .exit(0) && output.ending != .outOfTime && output.output.count <= 1 << 20)
        let files = try run("open('big', 'wb').write(bytes(4 << 20))", limits: .init(fileSize: 1 << 20))
        #expect(files.ending != .exit(0))
    }

    /// Each of three processes keeps to the limit of one. What a child shares with its parent counts once.
    @Test func memoryIsLimitedInSum() throws {
        func children(_ ownMegabytes: Int) -> String {
            """
            import os, time
            shared = b"x" * (150 << 20)
            for _ in range(2):
                if os.fork() == 0:
                    own = b"y" * (\(ownMegabytes) << 20)
                    time.sleep(2)
                    os._exit(0)
            for _ in range(2): os.wait()
            print("done")
            """
        }
        let limits = Sandbox.Limits(seconds: 20, memory: 400 << 20)
        #expect(try run(children(200), limits: limits).ending == .outOfMemory)
        let within = try run(children(60), limits: limits)
        #expect(within.ending == .exit(0) && String(decoding: within.output, as: UTF8.self) == "done\n", "\(within.errors)")
    }

    /// As root, too, for whom the kernel counts no processes.
    @Test func processesAreLimited() throws {
        let outcome = try run("""
            import os, time
            for _ in range(200):
                if os.fork() == 0:
                    time.sleep(10)
                    os._exit(0)
            time.sleep(10)
            """, limits: .init(seconds: 20))
        #expect(outcome.ending == (getuid() == 0 ? .tooManyProcesses : .exit(1)), "\(outcome.errors)")
    }
}

@Suite struct SandboxRefusalTests {
    @Test func withoutAnInterpreterThereIsNoSandbox() {
        let error = #expect(throws: SandboxError.self) { try Sandbox(python: "/no/such/python") }
        #expect(error?.description.contains("run in a sandbox only") == true)
        #expect(throws: SandboxError.self) { try Sandbox(python: "/bin/false") }
    }
}

@Suite(.enabled(if: hasNamespaces, "no namespaces can be made here")) struct CodeBenchmarkTests {
    /// `private_test_cases` of the second is what LiveCodeBench's own packing makes of [{"input": "[2]\n3", "output": "5", "testtype": "functional"}]:
    /// base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).
    private func benchmark(_ scratch: Scratch, seconds: Double = 6) throws -> CodeBenchmark {
        let file = try scratch.write(#"""
            {"question_title": "Sum", "question_content": "Add the numbers of each line.", "question_id": "s1", "difficulty": "easy", "starter_code": "", "public_test_cases": "[{\"input\": \"1 2\\n\", \"output\": \"3\\n\", \"testtype\": \"stdin\"}]", "private_test_cases": "[{\"input\": \"4 6\\n\", \"output\": \"10.0\", \"testtype\": \"stdin\"}]", "metadata": "{}"}
            {"question_title": "Add", "question_content": "Add b to the sum of a.", "question_id": "f1", "difficulty": "medium", "starter_code": "class Solution:\n    def add(self, a: List[int], b: int) -> int:\n", "public_test_cases": "[{\"input\": \"[1, 2]\\n4\", \"output\": \"7\", \"testtype\": \"functional\"}]", "private_test_cases": "PACKED", "metadata": "{\"func_name\": \"add\"}"}

            """#.replacing("PACKED", with: Self.packed), to: "code.jsonl")
        return try CodeBenchmark(path: file, limits: .init(seconds: seconds))
    }

    private static let packed = "eJxrYJnqxAABPXbR1UqZeQWlJUpWCkrRRrExecZKOgpK+aUlUDFTELcktbikpLIgFSSQVpqXXJKZn5eYo1QbO0UPABdXFog="

    @Test func programsOnStandardInputAreJudged() throws {
        let benchmark = try benchmark(Scratch(), seconds: 4)
        #expect(benchmark.tasks.map(\.id) == ["s1", "f1"] && benchmark.tasks.map(\.group) == ["easy", "medium"])
        #expect(benchmark.tasks[0].prompt.contains("standard input") && benchmark.tasks[1].prompt.contains("class Solution:"))
        func judge(_ program: String) throws -> Judgement { try benchmark.judge("So:\n```python\n\(program)\n```", of: 0) }
        #expect(try judge("print(sum(map(int, input().split())))").isCorrect)
        #expect(try judge("print(3)").reason == "test 2 of 2: wrong output")
        #expect(try judge("print(1 / 0)").reason?.contains("ended with 1: ZeroDivisionError") == true)
        #expect(try judge("while True: pass").reason == "test 1 of 2: out of time (4.0 s)")
        #expect(try benchmark.judge("no program", of: 0) == Judgement(answer: nil, isCorrect: false, reason: "no fenced block with a program"))
    }

    @Test func functionsAreCalledWithPackedTestsToo() throws {
        let benchmark = try benchmark(Scratch())
        func judge(_ body: String) throws -> Judgement {
            try benchmark.judge("```python\nclass Solution:\n    def add(self, a: List[int], b: int) -> int:\n        \(body)\n```", of: 1)
        }
        #expect(try judge("return sum(a) + b") == Judgement(
            answer: "class Solution:\n    def add(self, a: List[int], b: int) -> int:\n        return sum(a) + b\n", isCorrect: true, reason: nil))
        #expect(try judge("return 7").reason == "test 2 of 2: wrong output")
    }

    /// What LiveCodeBench's own judge accepts.
    @Test(arguments: [
        "print(sum(Counter(map(int, input().split())).elements()))",
        "print(fsum(map(int, sys.stdin.readline().split())))\nsys.exit(1)",
        "from __future__ import annotations\nprint(reduce(add, map(int, input().split())))\nexit()",
        "if __name__ == '__main__':\n    print()\n    print('', sum(map(int, input().split())), '\\n')",
        "def depth(n): return n and 1 + depth(n - 1)\nassert depth(5_000) == 5_000\nprint(sum(map(int, input().split())))",
    ])
    func aProgramFindsCommonNamesAndMayEndItself(program: String) throws {
        #expect(try benchmark(Scratch()).judge("```python\n\(program)\n```", of: 0) == Judgement(answer: program + "\n", isCorrect: true, reason: nil))
    }

    @Test func solutionsFindTheSameNames() throws {
        let program = """
            from __future__ import annotations
            from dataclasses import dataclass

            @dataclass
            class Pair:
                first: int
                second: int = 0

            class Solution:
                def add(self, a: List[int], b: int) -> int:
                    print("no answer", end="")
                    return Pair(sum(deepcopy(a)) + bisect_left(range(100), b)).first

            if __name__ == "__main__":
                print(Solution().add(*map(int, input().split())))

            """
        #expect(try benchmark(Scratch()).judge("```python\n\(program)```", of: 1) == Judgement(answer: program, isCorrect: true, reason: nil))
    }

    /// Lines of nothing but numbers by value and to the last digit, others by their letters.
    @Test(arguments: [
        ("1000", ["1e3", "+1000.0", "01000 ", "\n1000\n\n"], ["1,000", "1001", "1000 0", "1000\n\n0", "1e", "."]),
        ("0 -2.50", ["-0  -2.5", "0e7 -25E-1"], ["0 2.50", "0"]),
        ("90071992547409921", ["90071992547409921.0"], ["90071992547409920"]),
        ("x 1", [" x 1"], ["x 1.0", "x  1", "X 1"]),
    ])
    func outputsAreComparedAsLiveCodeBenchDoes(expected: String, same: [String], other: [String]) throws {
        let tests = try JSONEncoder().encode([["input": "", "output": expected]])
        let line = ["question_id": "o", "question_content": "Print.", "public_test_cases": String(decoding: tests, as: UTF8.self)]
        let scratch = try Scratch()
        let benchmark = try CodeBenchmark(path: scratch.write(String(decoding: JSONEncoder().encode(line), as: UTF8.self), to: "code.jsonl"))
        for output in same + other {
            let judgement = try benchmark.judge("```python\nprint('''\(output)''')\n```", of: 0)
            #expect(judgement.isCorrect == same.contains(output), "\(output)")
        }
    }

    @Test(arguments: [
        ("{}", "line 1: \"question_id\" is missing"), ("", "holds no problems"), ("[]", "line 1: it is no problem"),
        (#"{"question_id": "a", "question_content": "b", "public_test_cases": "none"}"#, "\"public_test_cases\" holds no JSON"),
        (#"{"question_id": "a", "question_content": "b", "public_test_cases": "[]", "metadata": "{\"func_name\": \"f(); import os\"}"}"#, "is no name"),
    ])
    func brokenFilesAreNamed(text: String, complaint: String) throws {
        let scratch = try Scratch()
        let file = try scratch.write(text, to: "code.jsonl")
        let error = #expect(throws: EvaluationError.self) { try CodeBenchmark(path: file) }
        #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
    }
}
