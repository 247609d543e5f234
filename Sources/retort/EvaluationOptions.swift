import Agents
import ArgumentParser
import Evaluation
import Questions
import Transformers

/// Which four-choice questions are asked.
struct EvaluationQuestions: ParsableArguments {
    @Option(help: ArgumentHelp("Questions, JSONL or a JSON array.", valueName: "file"))
    var questions: String?

    @Option(parsing: .upToNextOption, help: "Only these subjects.")
    var subject: [String] = []

    @Option(help: "Only so many questions from the file's beginning, after the choice of subjects.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is a number of at least 1.") }
    }

    /// - Parameter mmlu: MMLU's folder, in place of a file of questions.
    func read(mmlu: String?) throws -> [Question] {
        let all = try mmlu.map { try MMLU.read("test", in: $0) } ?? QuestionFile.read(questions ?? "")
        return try QuestionSelection(subjects: subject, limit: limit).select(all)
    }
}

/// How four-choice questions are asked.
struct EvaluationStyle: ParsableArguments {
    enum Style: String, ExpressibleByArgument, CaseIterable { case chat, mmlu }

    @Option(help: "chat or mmlu. (default: chat; mmlu for --benchmark mmlu)")
    var style: Style?

    @Option(help: "letter, answer-first or reason-first; for style chat. (default: letter)")
    var mode: AnswerMode?

    @Option(help: ArgumentHelp("Solved questions (MMLU's dev split), for style mmlu.", valueName: "file"))
    var shots: String?

    @Option(help: "How many of a subject's shots stand before each question. (default: 5 where there are shots)")
    var numShots: Int?

    @Option(help: "Tokens of a reply at most, in modes that write (default: 150) and for written benchmarks (default: 2048).")
    var maxTokens: Int?

    @Option(help: "Of what is written; 0 takes the likeliest token each time. (default: 0; 0.7 for a vote)")
    var temperature: Double?

    @Option(help: "Names the random numbers where a temperature is above 0.")
    var seed: UInt64 = 0

    @Option(help: "Questions answered side by side.")
    var slots = 16

    func validate() throws {
        if let numShots, numShots < 0 { throw ValidationError("--num-shots is a number from 0 up.") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens is a number of at least 1.") }
        if let temperature, !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if slots < 1 { throw ValidationError("--slots is a number of at least 1.") }
    }

    /// What else makes answers comparable; nothing where only letters are scored.
    var settings: [String: String] {
        guard let mode, mode != .letter else { return [:] }
        return ["max-tokens": "\(maxTokens ?? 150)", "temperature": "\(temperature ?? 0)", "seed": "\(seed)"]
    }

    /// - Parameter bringsShots: MMLU's folder is at hand, with its dev split; then style mmlu is what is meant.
    func check(bringsShots: Bool) throws {
        let isRaw = (style ?? (bringsShots ? .mmlu : .chat)) == .mmlu
        if mode == .vote { throw ValidationError("A vote is measured beside other modes: --modes letter,vote.") }
        if isRaw, let mode, mode != .letter { throw ValidationError("Style mmlu scores letters; --mode \(mode.rawValue) needs --style chat.") }
        if !isRaw, shots != nil || numShots != nil { throw ValidationError("--shots and --num-shots need --style mmlu.") }
        if isRaw, !bringsShots, (numShots ?? (shots == nil ? 0 : 5)) > 0, shots == nil {
            throw ValidationError("--num-shots needs --shots FILE with solved questions, such as MMLU's dev split.")
        }
    }

    func asking(_ model: LanguageModel, mmlu: String?) throws -> any AskingStyle {
        if (style ?? (mmlu == nil ? .chat : .mmlu)) == .chat {
            return try ChatStyle(
                tokenizer: model.tokenizer, mode: mode ?? .letter, limits: AnswerLimits(newTokens: maxTokens ?? 150),
                sampling: Sampling(temperature: temperature ?? 0))
        }
        let count = numShots ?? (shots == nil && mmlu == nil ? 0 : 5)
        let solved = count == 0 ? [] : try mmlu.map { try MMLU.read("dev", in: $0) } ?? shots.map { try QuestionFile.read($0) } ?? []
        return try MMLUStyle(tokenizer: model.tokenizer, shots: solved, shotCount: count, contextLength: model.configuration.contextLength)
    }
}
