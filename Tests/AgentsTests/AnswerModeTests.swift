import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

@Suite struct AnswerModeTests {
    let coding = FakeCoding()
    let vocabulary: AgentVocabulary

    init() throws { vocabulary = try AgentVocabulary(coding) }

    private func object(_ json: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    @Test func namesAreTheCommandLines() {
        #expect(AnswerMode.allCases.map(\.rawValue) == ["letter", "answer-first", "reason-first", "vote"])
    }

    // MARK: The letter first

    @Test func theLetterComesBeforeWhatExplainsIt() throws {
        let wanted = coding.plain("It is Paris.")
        let decoding = FakeDecoding(coding)
        var step = 0
        decoding.preference = { _, _, _ in
            defer { step += 1 }
            return step < wanted.count ? wanted[step] : coding.id("\"")
        }
        decoding.scores = { _, _ in [-3, -0.1, -3, -3] }
        let guide = AnswerGuide(vocabulary: vocabulary, mode: .answerFirst)
        try decoding.run([Stream(prompt: [1], guide: guide)])
        let result = try #require(guide.result)
        #expect(result.json == "{\"answer\": \"B\", \"reasoning\": \"It is Paris.\"}")
        #expect(result.ending == .closed && !result.letterFollowsReasoning)
        #expect(result.logProbabilities == result.firstPassLogProbabilities)
        #expect(coding.text(decoding.replies[0]).hasPrefix("{\"answer\": \"B\", \"reasoning\": \"It is Paris."))
        #expect(result.tokens == coding.count(result.json) - coding.count("B\", \"reasoning\": \"It is Paris.\"}")
            + 1 + coding.count(AnswerFormat.explanationOpening) + wanted.count + coding.count(AnswerFormat.closing))
    }

    @Test func randomExplanationsAreValidWhateverTheModelDoes() throws {
        var endings: Set<Ending> = []
        for seed in 0..<500 as Range<UInt64> {
            var random = CounterRandom(seed: seed, phase: "settings")
            let limits = AnswerLimits(
                words: random.element(of: [0, 1, 3, 100]), checkedTokens: random.element(of: [2, 20, 511]),
                newTokens: random.element(of: [60, 100, 512]))
            let decoding = FakeDecoding(coding)
            let guide = AnswerGuide(vocabulary: vocabulary, mode: .answerFirst, limits: limits)
            try decoding.run([Stream(prompt: [1], guide: guide, seed: seed)])
            let result = try #require(guide.result)
            #expect(FormatCheck.answer(result.json, tokens: coding.count).isEmpty)
            #expect(try object(result.json)["answer"] as? String == result.letter.rawValue)
            #expect(result.letter == .likeliest(result.firstPassLogProbabilities) && result.tokens <= limits.newTokens)
            #expect(StringWriter.words(in: result.reasoning) <= limits.words)
            endings.insert(result.ending)
        }
        #expect(endings == [.closed, .endToken, .wordLimit, .tokenLimit])
    }

    /// The same question with ever less time: the letter stays, only the explanation shrinks.
    @Test func theClockNeverChangesALetterThatCameFirst() throws {
        var lengths: [Int] = []
        for limit in [200, 400, 900, 5000] {
            let clock = ManualClock(), decoding = FakeDecoding(coding)
            decoding.preference = Preferences.always([coding.id("a"), coding.id(" ")], size: coding.vocabularySize)
            decoding.scores = { _, _ in [-3, -3, -0.1, -3] }
            decoding.clock = clock
            decoding.cost = { _, _, isFirst in .milliseconds(isFirst ? 100 : 10) }
            let deadline = Deadline(clock: clock.requests, limit: .milliseconds(limit))
            let guide = AnswerGuide(vocabulary: vocabulary, mode: .answerFirst, deadline: deadline)
            try decoding.run([Stream(prompt: [1], guide: guide)])
            let result = try #require(guide.result)
            #expect(result.letter == .C && deadline.elapsed < .milliseconds(limit))
            lengths.append(result.reasoning.count)
        }
        #expect(lengths == lengths.sorted() && lengths[0] < lengths[1] && lengths[1] < lengths[2])
    }

    // MARK: Votes

    private func voting(
        _ decoding: FakeDecoding, votes: Int = 5, temperature: Double = 0.7, clock: ManualClock? = nil, showsConfidence: Bool = false
    ) throws -> AnswerAgent {
        try AnswerAgent(
            vocabulary: vocabulary, settings: AgentSettings(maxNewTokens: 100, temperature: temperature, mode: .vote, votes: votes),
            showsConfidence: showsConfidence, clock: clock?.requests ?? .continuous, decode: decoding.run)
    }

    /// Scores by the number of the stream that a decoding has run.
    private func scoresByStream(_ decoding: FakeDecoding, _ all: [[Float]]) {
        decoding.scores = { [unowned decoding, coding] _, stream in
            coding.text(stream).contains("reasoning") ? all[decoding.replies.count % all.count] : [0, -9, -9, -9]
        }
    }

    @Test func theMeanOfTheProbabilitiesDecides() throws {
        let decoding = FakeDecoding(coding)
        func logs(_ values: [Double]) -> [Float] { values.map { Float(log($0)) } }
        // Two of three voices say B, the third is sure of D.
        scoresByStream(decoding, [logs([0.1, 0.5, 0.3, 0.1]), logs([0.1, 0.45, 0.1, 0.35]), logs([0.01, 0.01, 0.01, 0.97])])
        let record = try voting(decoding, votes: 3).answer([AgentTests.question(1)], seed: 1)[0]
        #expect(record.votes == [.B, .B, .D] && record.letter == .D && record.mode == .vote)
        let mean = record.logProbabilities.map { exp(Double($0)) }
        for (found, wanted) in zip(mean, [0.07, 0.32, 1.0 / 300 + 0.4 / 3, 1.42 / 3]) { #expect(abs(found - wanted) < 1e-3) }
        #expect(decoding.replies.count == 3 && Set(decoding.prompts).count == 1)
        // The reasoning shown is the third's, the only one that chose D.
        let shown = try #require(record.answer?.reasoning)
        #expect(coding.text(decoding.replies[2]).withoutSpaces.contains(shown.withoutSpaces))
    }

    @Test func withoutSamplingThereIsOneVoice() throws {
        let decoding = FakeDecoding(coding)
        let record = try voting(decoding, temperature: 0).answer([AgentTests.question(1)], seed: 1)[0]
        #expect(decoding.replies.count == 1 && record.votes?.count == 1)
    }

    @Test func oneVoiceIsReasonFirst() throws {
        let decoding = FakeDecoding(coding)
        let settings = AgentSettings(maxNewTokens: 100, temperature: 0.7)
        let alone = try AnswerAgent(vocabulary: vocabulary, settings: settings, mode: .reasonFirst, decode: decoding.run)
        #expect(try voting(decoding, votes: 1).answer([AgentTests.question(1)], seed: 9).map(\.output)
            == alone.answer([AgentTests.question(1)], seed: 9).map(\.output))
    }

    /// A fake runs one stream after the other, which leaves the later ones no time: they have no vote, and nothing is late.
    @Test func voicesWithoutTimeHaveNoVote() throws {
        let clock = ManualClock(), decoding = FakeDecoding(coding)
        decoding.preference = Preferences.never(Set([coding.id("\"")]).union(coding.endTokens), size: coding.vocabularySize)
        decoding.clock = clock
        decoding.cost = { _, _, isFirst in .milliseconds(isFirst ? 100 : 20) }
        scoresByStream(decoding, [[-9, 0, -9, -9]])
        let agent = try voting(decoding, clock: clock)
        try agent.warmUp()
        let record = try agent.answer([AgentTests.question(1)], deadline: .seconds(1.5), seed: 1)[0]
        #expect(!record.isLate && record.letter == .B)
        #expect((1...4).contains(try #require(record.votes?.count)))
        // Not even one voice comes to its end: the first pass decides.
        let short = try agent.answer([AgentTests.question(1)], deadline: .milliseconds(150), seed: 1)[0]
        #expect(!short.isLate && short.letter == .A && short.refusal == nil && short.votes == [.A])
    }

    // MARK: Confidence

    @Test func confidenceIsTheLettersProbabilityAndOnlyThereWhenAsked() throws {
        for mode in AnswerMode.allCases {
            let decoding = FakeDecoding(coding)
            decoding.scores = { _, _ in [0.1, 0.2, 0.6, 0.1].map { Float(log($0)) } }
            let agent = try AnswerAgent(vocabulary: vocabulary, mode: mode, showsConfidence: true, decode: decoding.run)
            let record = try agent.answer([AgentTests.question(1)], seed: 1)[0]
            #expect(try object(record.output)["confidence"] as? Double == 0.6, "\(mode)")
            #expect(record.answer?.confidence == 0.6 && record.letter == .C)
            #expect(FormatCheck.answer(record.output, tokens: coding.count).isEmpty)
            let silent = try AnswerAgent(vocabulary: vocabulary, mode: mode, decode: decoding.run).answer([AgentTests.question(1)], seed: 1)[0]
            #expect(try object(silent.output)["confidence"] == nil && silent.answer?.confidence == nil)
        }
        let decoding = FakeDecoding(coding)
        decoding.scores = { _, _ in [.nan, .nan, .nan, .nan] }
        let agent = try AnswerAgent(vocabulary: vocabulary, mode: .letter, showsConfidence: true, decode: decoding.run)
        #expect(try agent.answer([AgentTests.question(1)], seed: 1)[0].answer == AgentAnswer(answer: "A", reasoning: nil, confidence: 0))
    }

    @Test func settingsNameTheModeAndItsVotes() throws {
        let json = "{\"max_new_tokens\": 100, \"temperature\": 0.7, \"mode\": \"vote\", \"votes\": 3}"
        let settings = try JSONDecoder().decode(AgentSettings.self, from: Data(json.utf8))
        #expect(settings.mode == .vote && settings.votes == 3)
        #expect(try JSONDecoder().decode(AgentSettings.self, from: JSONEncoder().encode(settings)) == settings)
        #expect(try AnswerAgent(vocabulary: vocabulary, settings: settings) { _ in }.mode == .vote)
        #expect(try AnswerAgent(vocabulary: vocabulary, settings: settings, mode: .letter) { _ in }.mode == .letter)
        #expect(try AnswerAgent(vocabulary: vocabulary) { _ in }.mode == .standard)
        for (entry, words) in [("\"mode\": \"reason\"", "reason-first"), ("\"votes\": 0", "from 1"), ("\"votes\": 1000", "to 64")] {
            #expect { try JSONDecoder().decode(AgentSettings.self, from: Data("{\(entry)}".utf8)) } throws: { "\($0)".contains(words) }
        }
    }
}
