import Foundation

/// LiveCodeBench and files of its shape: the program in the last fenced block must pass all tests of its problem, in a sandbox.
public struct CodeBenchmark: WrittenBenchmark {
    public let name = "livecodebench"
    public let tasks: [WrittenTask]
    private let problems: [CodeProblem]
    private let sandbox: Sandbox
    private let limits: Sandbox.Limits

    /// - Parameters:
    ///   - path: JSONL as published: `question_id`, `question_content`, `starter_code`, `public_test_cases`, `private_test_cases`, `metadata`.
    ///   - limits: of each test.
    /// - Throws: `EvaluationError.badData` with the line, and `SandboxError` where no sandbox can be made, before anything is asked.
    public init(path: String, limits: Sandbox.Limits = .init()) throws {
        problems = try CodeProblem.read(path)
        sandbox = try Sandbox()
        self.limits = limits
        tasks = problems.map { WrittenTask(id: $0.id, group: $0.difficulty, prompt: $0.prompt) }
    }

    public func judge(_ reply: String, of task: Int) throws -> Judgement {
        guard let program = ProgramText.lastFenced(in: reply) else {
            return Judgement(answer: nil, isCorrect: false, reason: "no fenced block with a program")
        }
        let problem = problems[task]
        let tests = try problem.tests(sandbox)
        guard !tests.isEmpty else { throw EvaluationError.badData(path: problem.id, place: nil, reason: "the problem has no tests") }
        for (number, test) in tests.enumerated() {
            let outcome = try sandbox.run(problem.runnable(program), input: Data(test.input.utf8), limits: limits)
            if let fault = fault(outcome, problem, test) {
                return Judgement(answer: program, isCorrect: false, reason: "test \(number + 1) of \(tests.count): \(fault)")
            }
        }
        return Judgement(answer: program, isCorrect: true, reason: nil)
    }

    private func fault(_ outcome: Sandbox.Outcome, _ problem: CodeProblem, _ test: CodeProblem.Test) -> String? {
        switch outcome.ending {
        case .outOfTime: return "out of time (\(limits.seconds) s)"
        case .outOfMemory: return "out of memory (\(limits.memory >> 20) MiB in all its processes)"
        case .tooManyProcesses: return "too many processes"
        case .exit(0):
            return problem.accepts(String(decoding: outcome.output, as: UTF8.self), test.output) ? nil : "wrong output"
        case .exit(let code):
            let last = outcome.errors.split(separator: "\n").last.map(String.init) ?? "no message"
            return "ended with \(code): \(last.prefix(200))"
        }
    }
}
