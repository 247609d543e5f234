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
            the answer is closed with the best-scored letter. What is no question, or cannot be read in time, is refused at its \
            place: its reasoning says why, and so does "refusal" in the records of --json.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp(
        "Questions, as `retort question` writes them, or JSONL ('-' for standard input). The right answer need not be there.", valueName: "file"))
    var input: String

    @Option(help: "Time for each answer, from the moment its question is put to its last byte.")
    var deadline = DurationArgument(seconds: 6)

    @Option(help: "Time before the deadline in which nothing is begun: as long as this process may be paused.")
    var reserve: DurationArgument?

    @Option(help: ArgumentHelp(
        "letter: no reasoning, fastest; answer-first: the letter, then what explains it; reason-first: a reasoning, then its letter; "
            + "vote: several reasonings. (default: \(AnswerMode.standard.rawValue))"))
    var mode: AnswerMode?

    @Option(help: "Reasonings in mode vote. (default: \(AnswerMode.standardVotes))")
    var votes: Int?

    @Option(help: ArgumentHelp("Questions that are put at once and answered side by side.", valueName: "questions"))
    var batch = 1

    @Flag(help: "Write the probability of the chosen letter beside it.")
    var confidence = false

    @OptionGroup var settingsFile: SettingsOptions
    @OptionGroup var generation: GenerationOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSON file to write ('-' for standard output).", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if batch < 1 { throw ValidationError("--batch is a number of at least 1.") }
        if let votes, votes < 1 { throw ValidationError("--votes is a number of at least 1.") }
        if votes != nil, mode != .vote { throw ValidationError("--votes needs --mode vote.") }
        if let reserve, reserve.seconds >= deadline.seconds { throw ValidationError("--reserve must be shorter than --deadline.") }
        if output == "-", json.path == "-" { throw ValidationError("--output and --json cannot both go to standard output.") }
    }

    private struct Result: Encodable {
        let questions: Int
        let valid: Int
        let late: Int
        let refused: Int
        /// Of the questions that declare a right answer.
        let right: Int
        let declared: Int
        let seconds: Double
        let tokens: Int
        /// What the agent knew of its machine in the end, in seconds.
        let speed: Speed?
        let records: [AnswerRecord]

        struct Speed: Encodable {
            let promptToken: Double
            let step: Double
            let closing: Double
            let hesitation: Double

            enum CodingKeys: String, CodingKey {
                case step, closing, hesitation
                case promptToken = "prompt_token"
            }
        }
    }

    func run() throws {
        let entries = try input == "-"
            ? AnswerInput.entries(in: Self.standardInput(), name: "standard-input") : AnswerInput.read(input)
        let settings = try settings()
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let voices = settings.mode == .vote ? settings.votes ?? AnswerMode.standardVotes : 1
        let agents = try AgentModel(model, adapter: adapter, slots: batch * voices)
        let agent = try agents.answerAgent(
            settings, reserve: reserve?.duration ?? .zero, showsConfidence: confidence)
        try agent.warmUp()
        if let speed = agent.speed { Console.note("this machine: " + Self.sentence(speed)) }

        let progress = Progress("answers", total: entries.count, unit: "answers")
        let requests = entries.map { entry in
            var request = entry.request
            request.deadline = deadline.duration
            return request
        }
        var records: [AnswerRecord] = []
        let start = ContinuousClock.now
        do {
            _ = try agent.answer(requests, seed: generation.seed, together: batch) { record in
                records.append(record)
                progress.advance()
            }
        } catch {
            // What is finished is worth as much as before.
            if !records.isEmpty {
                try write(records)
                Console.note("stopped: the first \(records.count) of \(entries.count) answers are in \(output == "-" ? "the output" : output)")
            }
            if error is Interrupted { throw ExitCode(CommandLineRun.interrupted) }
            throw error
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try write(records)
        let result = Result(
            questions: records.count,
            valid: records.count { FormatCheck.answer($0.output, tokens: agents.vocabulary.coding.count).isEmpty },
            late: records.count(where: \.isLate), refused: records.count { $0.refusal != nil },
            right: zip(entries, records).count { $0.declared != nil && $1.refusal == nil && $0.declared == $1.letter },
            declared: entries.count { $0.declared != nil }, seconds: seconds,
            tokens: records.reduce(0) { $0 + $1.tokens }, speed: agent.speed.map(Self.speed), records: records)
        let summary = Self.summary(result, output: output)
        if output == "-" || json.path == "-" { Console.note(summary) } else { print(summary) }
        try json.write(result)
    }

    private func settings() throws -> AgentSettings {
        let isPlainVote = mode == .vote && settingsFile.path == nil
        var settings = try generation.apply(to: isPlainVote ? .voting : settingsFile.read(.answer))
        settings.mode = mode ?? settings.mode
        settings.votes = votes ?? settings.votes
        return settings
    }

    private static func standardInput() throws -> Data {
        do {
            return try FileHandle.standardInput.readToEnd() ?? Data()
        } catch {
            throw FileError(path: "standard input", action: "read", reason: error.localizedDescription)
        }
    }

    private func write(_ records: [AnswerRecord]) throws {
        let data = try JSONText.pretty(records.map { $0.answer ?? AgentAnswer(answer: "", reasoning: nil) })
        if output == "-" {
            try Console.write(data)
        } else {
            try WholeFile.write(data, to: output)
        }
    }

    private static func summary(_ result: Result, output: String) -> String {
        var text = "\(result.questions) answers\(output == "-" ? "" : " in \(output)"): \(result.valid) valid, \(result.late) late"
        if result.refused > 0 { text += ", \(result.refused) refused" }
        if result.declared > 0 { text += ", \(result.right) of \(result.declared) as the questions declare" }
        let slowest = result.records.map(\.seconds).max() ?? 0
        return text + String(
            format: ", slowest %.2f s; %.2f questions/s, %.0f tokens/s", slowest, Double(result.questions) / max(result.seconds, 1e-9),
            Double(result.tokens) / max(result.seconds, 1e-9))
    }

    private static func speed(_ speed: AnswerSpeed) -> Result.Speed {
        Result.Speed(
            promptToken: speed.promptToken / .seconds(1), step: speed.step / .seconds(1), closing: speed.closing / .seconds(1),
            hesitation: speed.hesitation / .seconds(1))
    }

    private static func sentence(_ speed: AnswerSpeed) -> String {
        let values = Self.speed(speed)
        var text = String(format: "a question is read at %.0f tokens/s", 1 / max(values.promptToken, 1e-9))
        if values.step > 0 { text += String(format: ", a token written in %.1f ms", values.step * 1000) }
        if values.closing > 0 { text += String(format: ", an answer closed in %.1f ms", values.closing * 1000) }
        return text
    }
}
