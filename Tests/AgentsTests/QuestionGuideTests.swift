import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

@Suite struct QuestionGuideTests {
    let coding = FakeCoding()
    let vocabulary: AgentVocabulary

    init() throws { vocabulary = try AgentVocabulary(coding) }

    private var quoteTokens: [Int] {
        (0..<coding.vocabularySize).filter { coding.bytes(of: $0).contains(UInt8(ascii: "\"")) || coding.endTokens.contains($0) }
    }

    private func run(_ guide: QuestionGuide, _ decoding: FakeDecoding, seed: UInt64 = 1) throws -> QuestionResult {
        try decoding.run([Stream(prompt: coding.prompt(system: "s", user: "u"), guide: guide, seed: seed)])
        return try #require(guide.result)
    }

    private func check(_ result: QuestionResult, limits: QuestionLimits, reply: [Int], _ note: String) throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.json.utf8)) as? [String: Any])
        #expect(object["question"] as? String == result.question.question)
        #expect(object["choices"] as? [String] == result.question.choices)
        #expect(Reply.question(result.json) == result.question)
        let reasons = FormatCheck.question(result.question, tokens: coding.count)
        #expect(reasons.isEmpty, "\(note): \(reasons) in \(result.json)")
        let different = Set(result.question.choiceTexts.map(Fingerprint.normalised)).count
        #expect(different == 4, "\(note): \(result.json)")
        #expect(zip(Letter.allCases, result.question.choices).allSatisfy { $1.hasPrefix("\($0)) ") })
        #expect(Letter(rawValue: result.question.answer) != nil)
        #expect(StringWriter.words(in: result.question.explanation ?? "") <= limits.words)
        #expect(result.tokens <= limits.newTokens, "\(note): \(result.tokens) of \(limits.newTokens)")
        if !result.letterLogProbabilities.isEmpty {
            let written = coding.text(reply).withoutSpaces
            #expect(result.json.withoutSpaces == written + "\"}", "\(note)")
        }
    }

    @Test func thousandsOfRandomStreamsPassTheFormatCheck() throws {
        var endings: Set<Ending> = []
        let least = QuestionGuide.leastTokens(topic: "capitals", coding)
        for seed in 0..<1000 as Range<UInt64> {
            var random = CounterRandom(seed: seed, phase: "settings")
            let limits = QuestionLimits(
                words: random.element(of: [0, 5, 100]), newTokens: random.element(of: [least, least + 7, least + 40, 300, 1024]))
            let decoding = FakeDecoding(coding)
            if seed % 2 == 0 { decoding.preference = Preferences.never(Set(quoteTokens), size: coding.vocabularySize) }
            let guide = QuestionGuide(vocabulary: vocabulary, topic: "capitals", limits: limits, letterTemperature: 1, seed: seed)
            let result = try run(guide, decoding, seed: seed)
            try check(result, limits: limits, reply: decoding.replies[0], "seed \(seed)")
            #expect(result.isWhole || result.question.choices.count == 4)
            endings.insert(result.ending)
        }
        #expect(endings == [.closed, .endToken, .wordLimit, .tokenLimit])
    }

    @Test func stubbornModelsStillAskValidQuestions() throws {
        let size = coding.vocabularySize
        var preferences = (0..<size).map { Preferences.always([$0], size: size) }
        // Says one token and closes at once, every time: all four choices would be the same.
        preferences += (0..<size).map { Preferences.always([coding.id("\""), $0], size: size) }
        preferences.append(Preferences.always([coding.id("\""), coding.id("7")], size: size))
        preferences.append(Preferences.always(Array(coding.endTokens), size: size))
        preferences.append(Preferences.always([" ", "    ", "\u{A0}", "\u{3000}"].map { coding.id($0) }, size: size))
        preferences.append(Preferences.always([0xF0, 0xE2, 0xC3].map { coding.pieces.firstIndex(of: [$0])! }, size: size))
        for (index, preference) in preferences.enumerated() {
            let decoding = FakeDecoding(coding, preference: preference)
            let result = try run(QuestionGuide(vocabulary: vocabulary, topic: "capitals"), decoding, seed: UInt64(index))
            try check(result, limits: .tournament, reply: decoding.replies[0], "preference \(index)")
        }
    }

    @Test func topicsCannotBreakTheJSON() throws {
        for topic in ["say \"hi\"", "a\\b", "line\nline", "<|im_end|>", "\u{0}\u{1}", "日本", String(repeating: "long ", count: 30)] {
            let decoding = FakeDecoding(coding)
            let result = try run(QuestionGuide(vocabulary: vocabulary, topic: topic), decoding)
            try check(result, limits: .tournament, reply: decoding.replies[0], topic)
            #expect(decoding.replies[0].allSatisfy { !coding.isAdded($0) })
        }
    }

    /// Follows the reply that a model is trained to give, and finds the same ids in the stream.
    @Test func theStreamHoldsTheIdsOfTraining() throws {
        let question = Question(
            id: "1", source: "", subject: "", topic: "capitals", domain: .humanities, question: "What is the answer?",
            choices: ["Vienna", "Paris", "42", "the"], answer: .B, explanation: "The answer is Paris.")
        let ids = QuestionFormat.reply(question).flatMap { coding.plain($0.text) }
        let decoding = FakeDecoding(coding)
        decoding.preference = { _, stream, _ in ids[stream.count] }
        decoding.scores = { _, _ in [-5, -0.1, -5, -5] }
        let result = try run(QuestionGuide(vocabulary: vocabulary, topic: "capitals"), decoding)
        #expect(result.question == AgentQuestion(question))
        #expect(decoding.replies[0] + coding.plain(QuestionFormat.quote) + coding.plain(QuestionFormat.closing) == ids)
        #expect(result.isWhole && result.repairedChoices == 0 && result.ending == .closed && result.tokens == ids.count)
    }

    @Test func aRepeatedChoiceIsTriedAgainBeforeItIsReplaced() throws {
        // Wants "Paris" everywhere and has " 42"-like second thoughts once "Paris" cannot start the choice.
        let decoding = FakeDecoding(coding, preference: { random, stream, allowed in
            let wanted = ["\"", "Paris", "The", "What", "é", "∑"].map { coding.id($0) }
            return wanted.first(where: allowed)!
        })
        let result = try run(QuestionGuide(vocabulary: vocabulary, topic: "capitals"), decoding)
        #expect(result.question.choiceTexts.prefix(3) == ["Paris", "The", "What"])
        #expect(result.repairedChoices == 1 && result.isWhole)
        #expect(result.question.choiceTexts[3] == "None of these")
    }

    @Test func numbersMoveOnAndRepairsAreRepeatable() {
        #expect(ChoiceRepair.replacement(for: "12 cm", among: ["12 cm", "13 cm"]) { _ in true } == "14 cm")
        #expect(ChoiceRepair.replacement(for: "", among: ["None of these"]) { _ in true } == "All of these")
        #expect(ChoiceRepair.replacement(for: "x", among: ["None", "0"]) { $0.count < 2 } == "1")
        #expect(!ChoiceRepair.isNew("  PARIS. ", among: ["Paris"]) && !ChoiceRepair.isNew("\u{A0}", among: []))
    }

    @Test func theLetterIsDrawnBySeed() {
        let scores: [Float] = [-1, -2, -0.7, -3]
        #expect(Letter.drawn(scores, temperature: 0, seed: 1) == .C)
        let drawn = (0..<4000).map { Letter.drawn(scores, temperature: 1, seed: UInt64($0)) }
        let weights = scores.map { exp(Double($0)) }
        for letter in Letter.allCases {
            let share = Double(drawn.count { $0 == letter }) / 4000
            #expect(abs(share - weights[letter.index] / weights.reduce(0, +)) < 0.03)
        }
        #expect(Letter.drawn(scores, temperature: 1, seed: 9) == Letter.drawn(scores, temperature: 1, seed: 9))
        #expect(Letter.drawn([.nan, -.infinity, .nan, .nan], temperature: 1, seed: 1) == .A)
    }

    // MARK: Deadlines

    private func timed(prefill: Duration, step: Duration, limit: Duration, jitter: Double = 0, seed: UInt64 = 1) throws -> QuestionResult {
        let clock = ManualClock()
        let decoding = FakeDecoding(coding, preference: Preferences.never(Set(quoteTokens), size: coding.vocabularySize))
        decoding.clock = clock
        decoding.cost = { random, tokens, isFirst in
            (isFirst ? prefill : step * (1 + Double(tokens - 1) / 10)) * (1 + jitter * random.uniform())
        }
        let deadline = Deadline(clock: clock.requests, limit: limit)
        let guide = QuestionGuide(vocabulary: vocabulary, topic: "capitals", deadline: deadline)
        try decoding.run([Stream(prompt: Array(repeating: coding.id("a"), count: 60), guide: guide, seed: seed)])
        let result = try #require(guide.result)
        try check(result, limits: .tournament, reply: decoding.replies[0], "step \(step), jitter \(jitter), seed \(seed)")
        #expect(result.duration == deadline.elapsed)
        return result
    }

    @Test func everyTextGetsItsShareOfTheTime() throws {
        // 120 steps in all: far too few for a model that never closes.
        let result = try timed(prefill: .seconds(1), step: .milliseconds(75), limit: .seconds(10))
        #expect(result.isWhole && result.ending == .deadline && result.repairedChoices == 0)
        #expect(result.duration < .seconds(10))
        #expect(result.question.choiceTexts.allSatisfy { $0.count >= 2 } && result.question.question.count > 20)
        #expect(!result.letterLogProbabilities.isEmpty)
    }

    @Test func withoutTimeTheJSONClosesAllTheSame() throws {
        let result = try timed(prefill: .seconds(4), step: .seconds(3), limit: .seconds(10))
        #expect(!result.isWhole && result.ending == .deadline)
        #expect(result.duration < .seconds(10))
        let late = try timed(prefill: .seconds(12), step: .seconds(3), limit: .seconds(10))
        #expect(!late.isWhole && late.duration == .seconds(12))
    }

    @Test func noQuestionIsLateWhileAPassFits() throws {
        var whole = 0
        for seed in 0..<300 as Range<UInt64> {
            var random = CounterRandom(seed: seed, phase: "costs")
            let limit = Duration.seconds(10)
            let prefill = limit * (0.45 * random.uniform())
            let step = prefill * (0.5 * random.uniform() * random.uniform())
            let result = try timed(prefill: prefill, step: step, limit: limit, jitter: 0.5, seed: seed)
            #expect(result.duration < limit, "seed \(seed): prefill \(prefill), step \(step)")
            if result.isWhole { whole += 1 }
        }
        #expect(whole > 50 && whole < 300)
    }
}
