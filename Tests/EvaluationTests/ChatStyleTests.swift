import Agents
import Questions
import Testing
import Transformers

import Evaluation

/// Bytes as tokens, and one that ends a turn.
private final class ByteCoding: TokenCoding {
    static let end = 256
    let vocabularySize = 257
    let endTokens: Set<Int> = [ByteCoding.end]
    func encode(_ text: String, specialTokens: Bool) -> [Int] { text.utf8.map(Int.init) }
    func bytes(of id: Int) -> [UInt8] { id < 256 ? [UInt8(id)] : [] }
    func isAdded(_ id: Int) -> Bool { id == ByteCoding.end }
    func prompt(system: String, user: String) -> [Int] { encode("\(system)\n\(user)\n", specialTokens: false) }
}

/// A model that writes `reasoning` and closes it, says A when asked for a letter right away, and C after a reasoning.
private final class ScriptedBackend: DecodingBackend {
    let vocabularySize = 257
    let slotCount = 3
    let capacity = 10_000
    private let reasoning: String
    private var slots: [Int: [Int]] = [:]

    init(reasoning: String) { self.reasoning = reasoning }

    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) { slots[slot] = Array(slots[source, default: []].prefix(count)) }
    func truncate(_ slot: Int, by count: Int) { slots[slot]?.removeLast(count) }

    func advance(_ feeds: [Feed]) -> LogitRows {
        var values: [Float] = []
        for feed in feeds {
            slots[feed.slot, default: []] += feed.tokens
            var row = [Float](repeating: 0, count: vocabularySize)
            row[next(after: slots[feed.slot] ?? [])] = 9
            values += row
        }
        return LogitRows(values: values, vocabularySize: vocabularySize)
    }

    private func next(after tokens: [Int]) -> Int {
        let text = String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
        if text.hasSuffix("\"answer\": \"") { return Int((text.contains("reasoning\":") ? "C" : "A" as Unicode.Scalar).value) }
        guard let opening = text.ranges(of: AnswerFormat.reasoningOpening).last else { return ByteCoding.end }
        let written = text[opening.upperBound...]
        let rest = (reasoning + "\"").dropFirst(written.count)
        return rest.utf8.first.map(Int.init) ?? ByteCoding.end
    }
}

@Suite struct ChatStyleTests {
    private let questions = (0..<5).map { question("\($0)", text: "Question \($0)?", answer: $0 < 2 ? .A : .C) }

    private func evaluate(_ mode: AnswerMode, reasoning: String, words: Int = 100) throws -> EvaluationResult {
        let style = ChatStyle(vocabulary: try AgentVocabulary(ByteCoding()), mode: mode, limits: AnswerLimits(words: words))
        let decoder = Decoder(backend: ScriptedBackend(reasoning: reasoning))
        return try Evaluator(style: style, decoder: decoder).evaluate(questions, model: "scripted")
    }

    @Test func letterMode() throws {
        let result = try evaluate(.letter, reasoning: "")
        #expect(result.style == "chat letter")
        #expect(result.records.allSatisfy { $0.predicted == .A && $0.reasoning == nil && $0.finished })
        #expect(result.overall.successes == 2)
        #expect(result.letterMode == nil)
    }

    /// One run in reason-first mode finds what letter mode finds, too.
    @Test func reasonMode() throws {
        let result = try evaluate(.reasonFirst, reasoning: "It must be 2.")
        #expect(result.style == "chat reason-first")
        #expect(result.records.allSatisfy { $0.predicted == .C && $0.reasoning == "It must be 2." && $0.finished })
        #expect(result.overall.successes == 3)
        #expect(result.meanTokens > 13)
        let letters = try #require(result.letterMode)
        let alone = try evaluate(.letter, reasoning: "")
        #expect(letters.style == "chat letter")
        #expect(letters.records.map(\.logProbabilities) == alone.records.map(\.logProbabilities))
        #expect(letters.overall == alone.overall)
        let comparison = try Comparison(first: letters, second: result)
        #expect(comparison.overall.pair.onlyFirst == 2 && comparison.overall.pair.onlySecond == 3)
    }

    /// What letter and reason-first find in one table: the agent says A without a reasoning and C with one; two of five are A.
    @Test func modesAreComparedOnTheSameQuestions() throws {
        let decoder = Decoder(backend: ScriptedBackend(reasoning: "It must be 2."))
        let agents = AgentModel(vocabulary: try AgentVocabulary(ByteCoding()), contextLength: 10_000) { try decoder.run($0) }
        let runs = try [AnswerMode.letter, .answerFirst, .reasonFirst].enumerated().map { index, mode in
            let agent = try agents.answerAgent(AgentSettings(maxNewTokens: 150, temperature: 0), mode: mode)
            return (mode: mode, records: try agent.answer(questions, seed: 0), seconds: Double(index + 1))
        }
        let comparison = try ModeComparison(runs, on: questions, model: "scripted", adapter: nil, minimumQuestions: 5)
        #expect(comparison.modes.map(\.result.overall.successes) == [2, 2, 3])
        #expect(comparison.modes.map(\.secondsPerAnswer) == [0.2, 0.4, 0.6])
        #expect(comparison.modes[0].finding == nil && comparison.modes[1].finding?.pair.p == 1)
        let pair = try #require(comparison.modes[2].finding?.pair)
        #expect(pair.onlyFirst == 2 && pair.onlySecond == 3)
        let lines = comparison.table.split(separator: "\n")
        #expect(lines.count == 4 && lines[0].hasSuffix("against letter") && lines[3].contains("3 / 2"))
        var refused = runs
        refused[1].records[0].refusal = AnswerRefusal(.tooLong, "long")
        #expect(throws: EvaluationError.noAnswer(question: "0")) {
            try ModeComparison(refused, on: questions, model: "scripted", adapter: nil)
        }
    }

    @Test func reasoningThatIsCutOff() throws {
        let result = try evaluate(.reasonFirst, reasoning: "one two three four five six", words: 3)
        #expect(result.records.allSatisfy { !$0.finished && $0.reasoning == "one two three" && $0.predicted == .C })
        #expect(result.finished == 0)
        #expect(result.table.contains("0 % of the answers ended by themselves"))
    }
}
