import Agents
import ArgumentParser
import Foundation
import Groundwork
import Questions

struct Answer: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The answer agent: answer four-choice questions, each within its deadline.",
        discussion: """
            Writes a JSON array of {"answer", "reasoning"} in the order of the questions, valid by construction. When time runs out \
            the answer is closed with the best-scored letter.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("Questions, as `retort question` writes them, or JSONL.", valueName: "file"))
    var input: String

    @Option(help: "Time for each answer, from the moment its question is put.")
    var deadline = DurationArgument(seconds: 6)

    @Option(help: "reason: a short reasoning first; letter: the letter at once.")
    var mode = AnswerGuide.Mode.reason

    @OptionGroup var generation: GenerationOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSON file to write.", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    private struct Result: Encodable {
        let questions: Int
        let valid: Int
        let late: Int
        let right: Int
        let records: [AnswerRecord]
    }

    func run() throws {
        let questions = try QuestionFile.read(input)
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let agents = try AgentModel(model, adapter: adapter, slots: 1)
        let agent = try agents.answerAgent(generation.apply(to: .answers), mode: mode)
        try agent.warmUp()
        let progress = Progress("answers", total: questions.count, unit: "answers")
        let records = try agent.answer(
            questions, deadline: deadline.duration, seed: generation.seed, each: { _ in progress.advance() })
        let answers = records.map { $0.answer ?? AgentAnswer(answer: "", reasoning: nil) }
        try WholeFile.write(JSONText.pretty(answers), to: output)
        let valid = answers.count { FormatCheck.answer($0, tokens: agents.vocabulary.coding.count).isEmpty }
        let late = records.count(where: \.isLate)
        let right = zip(questions, records).count { $0.answer == $1.letter }
        print(String(
            format: "%d answers in %@: %d valid, %d late, %d as the questions declare, slowest %.2f s", records.count, output, valid, late,
            right, records.map(\.seconds).max() ?? 0))
        try json.write(Result(questions: questions.count, valid: valid, late: late, right: right, records: records))
    }
}
