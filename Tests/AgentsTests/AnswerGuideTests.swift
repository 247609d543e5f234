import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

@Suite struct AnswerGuideTests {
    let coding = FakeCoding()
    let vocabulary: AgentVocabulary

    init() throws { vocabulary = try AgentVocabulary(coding) }

    private func run(_ guide: AnswerGuide, _ decoding: FakeDecoding, seed: UInt64 = 1) throws -> AnswerResult {
        try decoding.run([Stream(prompt: coding.prompt(system: "s", user: "u"), guide: guide, seed: seed)])
        return try #require(guide.result)
    }

    /// What must hold of every answer, whatever the model did.
    private func check(_ result: AnswerResult, limits: AnswerLimits, reply: [Int]) throws {
        let object = try JSONSerialization.jsonObject(with: Data(result.json.utf8)) as? [String: String]
        #expect(object?["answer"] == result.letter.rawValue)
        #expect((object?["reasoning"] ?? "") == result.reasoning)
        #expect(StringWriter.words(in: result.reasoning) <= limits.words)
        #expect(result.tokens <= limits.newTokens)
        let answer = AgentAnswer(answer: result.letter.rawValue, reasoning: result.reasoning)
        #expect(FormatCheck.answer(answer, tokens: coding.count).isEmpty)
        #expect(coding.count(result.reasoning) + 1 <= limits.checkedTokens)
        // The stream holds what the JSON says, up to where the letter was scored.
        if result.letterFollowsReasoning {
            let written = coding.text(reply).withoutSpaces
            #expect(result.json.withoutSpaces == written + result.letter.rawValue + AnswerFormat.closing)
        }
    }

    @Test func thousandsOfRandomStreamsAreValid() throws {
        var endings: Set<Ending> = []
        for seed in 0..<1000 as Range<UInt64> {
            var random = CounterRandom(seed: seed, phase: "settings")
            let limits = AnswerLimits(
                words: random.element(of: [0, 1, 3, 100]), checkedTokens: random.element(of: [2, 20, 511]),
                newTokens: random.element(of: [60, 100, 512]))
            let decoding = FakeDecoding(coding)
            if seed % 3 == 0 { decoding.preference = Preferences.never(Set(quoteTokens), size: coding.vocabularySize) }
            let guide = AnswerGuide(vocabulary: vocabulary, limits: limits)
            let result = try run(guide, decoding, seed: seed)
            try check(result, limits: limits, reply: decoding.replies[0])
            endings.insert(result.ending)
        }
        #expect(endings == [.closed, .endToken, .wordLimit, .tokenLimit])
    }

    private var quoteTokens: [Int] {
        (0..<coding.vocabularySize).filter { coding.bytes(of: $0).contains(UInt8(ascii: "\"")) || coding.endTokens.contains($0) }
    }

    @Test func stubbornModelsStillGiveValidAnswers() throws {
        let size = coding.vocabularySize
        var preferences = (0..<size).map { Preferences.always([$0], size: size) }
        preferences.append(Preferences.always(Array(coding.endTokens), size: size))
        preferences.append(Preferences.always(quoteTokens, size: size))
        preferences.append(Preferences.always([" ", "    ", "\u{A0}", "\u{3000}", "\n"].map { coding.id($0) }, size: size))
        preferences.append(Preferences.always([coding.id("\u{301}"), coding.id("\u{FEFF}")], size: size))
        preferences.append(Preferences.always([0xF0, 0xE2, 0xC3].map { coding.pieces.firstIndex(of: [$0])! }, size: size))
        for (index, preference) in preferences.enumerated() {
            let decoding = FakeDecoding(coding, preference: preference)
            let result = try run(AnswerGuide(vocabulary: vocabulary), decoding, seed: UInt64(index))
            try check(result, limits: .tournament, reply: decoding.replies[0])
        }
    }

    @Test func reasoningThatTheModelClosesIsKeptAsItIs() throws {
        let wanted = coding.plain("What is the answer? Paris.")
        for closer in ["\"", "\",", "\"}", ".\""] {
            let decoding = FakeDecoding(coding)
            var step = 0
            decoding.preference = { _, _, _ in
                defer { step += 1 }
                return step < wanted.count ? wanted[step] : coding.id(closer)
            }
            // The right letter shows only behind the reasoning.
            decoding.scores = { _, stream in stream.count < 40 && !coding.text(stream).contains("Paris") ? [0, -1, -1, -1] : [-3, -3, -0.1, -3] }
            let result = try run(AnswerGuide(vocabulary: vocabulary), decoding)
            #expect(result.reasoning == "What is the answer? Paris." + (closer == ".\"" ? "." : ""))
            #expect(result.json == "{\"reasoning\": \"\(result.reasoning)\", \"answer\": \"C\"}")
            #expect(result.letter == .C && result.ending == .closed && result.letterFollowsReasoning)
            #expect(Letter.likeliest(result.firstPassLogProbabilities) == .A)
            // Training writes each segment alone, and the quote as a token of its own: the stream holds the same ids.
            let ids = AnswerFormat.reply(reasoning: result.reasoning, answer: .C).dropLast(2).flatMap { coding.plain($0.text) }
            #expect(closer == ".\"" || decoding.replies[0] == ids)
            #expect(result.tokens == decoding.replies[0].count + 1 + coding.count(AnswerFormat.closing))
        }
    }

    @Test func letterModeIsOnePass() throws {
        let decoding = FakeDecoding(coding)
        decoding.scores = { _, _ in [-2, -0.5, -3, -1] }
        let result = try run(AnswerGuide(vocabulary: vocabulary, mode: .letter), decoding)
        #expect(decoding.passes == 1)
        #expect(result.json == "{\"answer\": \"B\"}" && result.ending == .letterOnly && result.reasoning.isEmpty)
        #expect(result.logProbabilities == [-2, -0.5, -3, -1] && result.firstPassLogProbabilities == result.logProbabilities)
        #expect(result.tokens == coding.count(result.json))
    }

    @Test func wordLimitCutsBeforeTheWordThatIsTooMany() throws {
        let decoding = FakeDecoding(coding, preference: Preferences.always([coding.id(" the")] + [coding.id("The")], size: coding.vocabularySize))
        let result = try run(AnswerGuide(vocabulary: vocabulary), decoding)
        #expect(result.ending == .wordLimit)
        #expect(result.reasoning == "The" + String(repeating: " the", count: 99))
    }

    @Test func brokenScoresStillNameALetter() throws {
        let decoding = FakeDecoding(coding)
        decoding.scores = { _, _ in [.nan, .nan, -5, .nan] }
        #expect(try run(AnswerGuide(vocabulary: vocabulary), decoding).letter == .C)
        decoding.scores = { _, _ in [.nan, .nan, .nan, .nan] }
        #expect(try run(AnswerGuide(vocabulary: vocabulary), decoding).letter == .A)
    }

    @Test func aDecoderThatIgnoresTheMaskIsTold() throws {
        let guide = AnswerGuide(vocabulary: vocabulary)
        _ = try guide.next()
        _ = try guide.next()
        #expect(throws: AgentError.self) { try guide.sampled(coding.id("a")) }
        #expect(throws: AgentError.self) { try guide.scored([0, 0]) }
        try guide.scored([0, 0, 0, 0])
        while true { if case .sample = try guide.next() { break } }
        #expect(throws: AgentError.self) { try guide.sampled(coding.id("\n")) }
    }

    // MARK: Deadlines

    private func timed(
        prefill: Duration, step: Duration, limit: Duration, jitter: Double = 0, seed: UInt64 = 1
    ) throws -> (result: AnswerResult, elapsed: Duration) {
        let clock = ManualClock()
        let decoding = FakeDecoding(coding, preference: Preferences.never(Set(quoteTokens), size: coding.vocabularySize))
        decoding.clock = clock
        decoding.cost = { random, tokens, isFirst in
            (isFirst ? prefill : step * (1 + Double(tokens - 1) / 10)) * (1 + jitter * random.uniform())
        }
        decoding.scores = { _, stream in coding.text(stream).contains("reasoning") ? [-9, -9, -9, 0] : [0, -9, -9, -9] }
        let deadline = Deadline(clock: clock.requests, limit: limit)
        let guide = AnswerGuide(
            vocabulary: vocabulary, limits: AnswerLimits(words: 100_000, checkedTokens: 100_000, newTokens: 100_000), deadline: deadline)
        try decoding.run([Stream(prompt: Array(repeating: coding.id("a"), count: 60), guide: guide, seed: seed)])
        let result = try #require(guide.result)
        #expect((try JSONSerialization.jsonObject(with: Data(result.json.utf8)) as? [String: String])?["answer"] == result.letter.rawValue)
        return (result, deadline.elapsed)
    }

    @Test func reasoningStopsInTimeForTheLetter() throws {
        let (result, elapsed) = try timed(prefill: .milliseconds(500), step: .milliseconds(10), limit: .seconds(6))
        #expect(result.ending == .deadline && result.letterFollowsReasoning && result.letter == .D)
        #expect(elapsed < .seconds(6) && elapsed > .milliseconds(5800))
        #expect(result.reasoning.count > 100)
    }

    @Test func theFirstPassStandsWhereNothingElseHasTime() throws {
        let (result, elapsed) = try timed(prefill: .milliseconds(900), step: .milliseconds(700), limit: .seconds(1))
        #expect(result.ending == .deadline && !result.letterFollowsReasoning && result.letter == .A)
        #expect(result.logProbabilities == result.firstPassLogProbabilities)
        #expect(elapsed == .milliseconds(900))
        #expect(result.json == "{\"reasoning\": \"\", \"answer\": \"A\"}")
    }

    @Test func aPassLongerThanTheDeadlineIsTheOnlyWayToBeLate() throws {
        let (result, elapsed) = try timed(prefill: .seconds(8), step: .milliseconds(10), limit: .seconds(6))
        #expect(elapsed == .seconds(8) && !result.letterFollowsReasoning && result.duration == .seconds(8))
        for seed in 0..<300 as Range<UInt64> {
            var random = CounterRandom(seed: seed, phase: "costs")
            let limit = Duration.seconds(6)
            let prefill = limit * (0.45 * random.uniform())
            let step = prefill * random.uniform()
            let (_, elapsed) = try timed(prefill: prefill, step: step / 2, limit: limit, jitter: 0.5, seed: seed)
            #expect(elapsed < limit, "seed \(seed): prefill \(prefill), step \(step)")
        }
    }
}
