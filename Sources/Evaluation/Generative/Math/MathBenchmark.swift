import Foundation
import Groundwork

/// MATH-500 (Lightman et al. 2023; Hendrycks et al. 2021) and files of its shape: the answer in `\boxed{…}` is compared with the given one.
public struct MathBenchmark: WrittenBenchmark {
    private struct Line: Decodable {
        let problem: String
        let answer: String?
        let solution: String?
        let subject: String?
        let unique_id: String?
    }

    public let name = "math500"
    public let tasks: [WrittenTask]
    private let answers: [String]

    /// - Parameter path: JSONL, each line with `problem` and `answer` (or a `solution` with a boxed one), and if known `subject` and `unique_id`.
    /// - Throws: `EvaluationError.badData` with the line.
    public init(path: String) throws {
        var tasks: [WrittenTask] = [], answers: [String] = [], names = TaskNames()
        for (number, text) in try LineFile.read(path) {
            func complaint(_ reason: String) -> EvaluationError { .badData(path: path, place: "line \(number)", reason: reason) }
            let line: Line
            do {
                line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            } catch {
                throw complaint("it is no JSON object with a string \"problem\"")
            }
            guard let answer = line.answer ?? line.solution.flatMap(BoxedAnswer.last), !answer.isEmpty else {
                throw complaint("it has neither \"answer\" nor a \"solution\" with \\boxed{…}")
            }
            // The sentence that Qwen2.5-Math and DeepSeek-R1 are asked with in their model cards.
            let prompt = line.problem + "\n\nPlease reason step by step, and put your final answer within \\boxed{}."
            let id = line.unique_id ?? "\(number)"
            if let reason = names.complaint(about: id, line: number) { throw complaint(reason) }
            tasks.append(WrittenTask(id: id, group: line.subject ?? "all", prompt: prompt))
            answers.append(answer)
        }
        guard !tasks.isEmpty else { throw EvaluationError.badData(path: path, place: nil, reason: "it holds no problems") }
        (self.tasks, self.answers) = (tasks, answers)
    }

    public func judge(_ reply: String, of task: Int) -> Judgement {
        guard let answer = BoxedAnswer.last(in: reply) else { return Judgement(answer: nil, isCorrect: false, reason: "no \\boxed{…}") }
        let isCorrect = MathEquivalence.same(answer, answers[task])
        return Judgement(answer: answer, isCorrect: isCorrect, reason: isCorrect ? nil : "not \(answers[task])")
    }
}
