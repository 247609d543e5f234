import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

@Suite struct AnswerDeadlineTests {
    let coding = FakeCoding()
    let vocabulary: AgentVocabulary
    let clock = ManualClock()

    init() throws { vocabulary = try AgentVocabulary(coding) }

    /// A model that never stops by itself. Reading costs by the token, everything else by the pass.
    private func endless(promptToken: Duration = .milliseconds(1), step: Duration = .milliseconds(20)) -> FakeDecoding {
        let decoding = FakeDecoding(coding, preference: Preferences.always([coding.id("a"), coding.id(" ")], size: coding.vocabularySize))
        decoding.clock = clock
        decoding.cost = { _, tokens, _ in tokens > 50 ? promptToken * tokens : step }
        decoding.scores = { [coding] _, stream in coding.text(stream).contains("reasoning") ? [-9, -9, -9, 0] : [0, -9, -9, -9] }
        return decoding
    }

    private func agent(
        _ decoding: FakeDecoding, mode: AnswerMode = .reasonFirst, reserve: Duration = .zero, contextLength: Int = .max
    ) throws -> AnswerAgent {
        try AnswerAgent(
            vocabulary: vocabulary, settings: AgentSettings(maxNewTokens: 512, temperature: 0), mode: mode, reserve: reserve,
            clock: clock.requests, contextLength: contextLength, decode: decoding.run)
    }

    private func long(_ letters: Int) -> Question {
        var question = AgentTests.question(1)
        question.question = String(repeating: "z", count: letters)
        return question
    }

    @Test func theWarmUpLearnsWhatTheMachineNeeds() throws {
        let agent = try agent(endless())
        #expect(agent.speed == nil)
        try agent.warmUp()
        let speed = try #require(agent.speed)
        #expect(speed.step == .milliseconds(20) && speed.closing == .milliseconds(20))
        #expect(abs(speed.promptToken / .milliseconds(1) - 1) < 0.05)
        let letter = try self.agent(endless(), mode: .letter)
        try letter.warmUp()
        #expect(letter.speed?.step == .zero && letter.speed.map { abs($0.promptToken / .milliseconds(1) - 1) < 0.05 } == true)
    }

    @Test func aMachineThatBecomesSlowerIsBelievedWithinAFewAnswers() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        decoding.cost = { _, tokens, _ in tokens > 50 ? .milliseconds(3 * tokens) : .milliseconds(60) }
        var speeds: [Duration] = []
        for seed in 0..<8 as Range<UInt64> {
            let record = try agent.answer([AgentTests.question(1)], deadline: .seconds(4), seed: seed)[0]
            #expect(!record.isLate)
            speeds.append(try #require(agent.speed).step)
        }
        #expect(speeds == speeds.sorted() && speeds[0] < .milliseconds(40) && speeds[7] > .milliseconds(50))
    }

    /// Passes of a busy machine take longer by what nobody can foresee, here 40 ms in the mean: what the agent has seen of it is kept free.
    @Test func aMachineThatHesitatesIsAnsweredInTimeWithoutAReserve() throws {
        let decoding = endless(), agent = try agent(decoding)
        decoding.cost = { random, tokens, _ in
            (tokens > 50 ? .milliseconds(tokens) : .milliseconds(20)) + .milliseconds(-40 * log(1 - random.uniform()))
        }
        try agent.warmUp()
        var used = 0.0
        for seed in 0..<400 as Range<UInt64> {
            let record = try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: seed)[0]
            #expect(!record.isLate && record.refusal == nil, "\(seed): \(record.seconds) s")
            used += record.seconds / 2
        }
        #expect(used / 400 > 0.65, "the limit is used: \(used / 400) of it")
        // As soon as it hesitates no more, the whole limit is.
        decoding.cost = { _, tokens, _ in tokens > 50 ? .milliseconds(tokens) : .milliseconds(20) }
        for seed in 0..<130 as Range<UInt64> { _ = try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: seed) }
        #expect(try #require(agent.speed).hesitation < .milliseconds(10))
        #expect(try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: 1)[0].seconds > 1.85)
    }

    /// A machine that was stopped for a second is not refused its answers for that.
    @Test func whatIsKeptForHesitationIsAQuarterOfTheLimitAtMost() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        let steady = decoding.cost
        var pass = 0
        decoding.cost = { random, tokens, isFirst in
            pass += 1
            return steady(&random, tokens, isFirst) + (pass == 10 ? .seconds(1) : .zero)
        }
        _ = try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: 1)
        #expect(try #require(agent.speed).hesitation == .milliseconds(250))
        let next = try agent.answer([AgentTests.question(1)], deadline: .seconds(1), seed: 2)[0]
        #expect(next.refusal == nil && next.seconds > 0.65 && next.seconds < 0.75, "\(next.seconds) s")
    }

    @Test func timeInAQueueCounts() throws {
        let agent = try agent(endless())
        try agent.warmUp()
        let asked = clock.requests.now()
        clock.advance(by: .seconds(4))
        let waited = try agent.answer([AgentTests.question(1)], deadline: .seconds(6), since: asked, seed: 1)[0]
        let fresh = try agent.answer([AgentTests.question(1)], deadline: .seconds(6), seed: 1)[0]
        #expect(waited.seconds > 5.5 && waited.seconds < 6 && fresh.seconds > 5.5 && fresh.seconds < 6)
        #expect(waited.tokens < fresh.tokens / 2)
        // Too late before it began: nothing is computed for it.
        let old = clock.requests.now()
        clock.advance(by: .seconds(7))
        let missed = try agent.answer([AgentTests.question(1)], deadline: .seconds(6), since: old, seed: 1)[0]
        #expect(missed.isLate && missed.refusal?.kind == .noTime && missed.seconds == 7)
    }

    @Test func eachRequestHasItsOwnDeadlineInABatch() throws {
        let agent = try agent(endless())
        try agent.warmUp()
        let requests = (1...4).map { AnswerRequest(AgentTests.question($0), deadline: .seconds($0 * 20)) }
        let records = try agent.answer(requests, seed: 1, together: 4)
        #expect(records.allSatisfy { !$0.isLate && $0.refusal == nil })
        #expect(records.map(\.questionID) == ["q1", "q2", "q3", "q4"])
        let mixed = [AnswerRequest(AgentTests.question(1)), AnswerRequest(AgentTests.question(2), deadline: .seconds(2))]
        let (free, bound) = (try agent.answer(mixed, seed: 1)[0], try agent.answer(mixed, seed: 1)[1])
        #expect(free.ending == .tokenLimit && bound.ending == .deadline && bound.seconds < 2)
    }

    /// A process that is stopped for a second at any moment is in time if a second was kept for it.
    @Test func aReserveOutlastsAPauseAtAnyMoment() throws {
        var cutShort = 0
        for pausedPass in 0..<120 {
            let decoding = endless(), agent = try agent(decoding, reserve: .seconds(1))
            try agent.warmUp()
            var pass = -1
            decoding.cost = { _, tokens, _ in
                pass += 1
                return (tokens > 50 ? .milliseconds(tokens) : .milliseconds(20)) + (pass == pausedPass ? .seconds(1) : .zero)
            }
            let record = try agent.answer([AgentTests.question(1)], deadline: .seconds(3), seed: 1)[0]
            #expect(!record.isLate && record.refusal == nil, "pause in pass \(pausedPass): \(record.seconds) s")
            if record.ending == .deadline { cutShort += 1 }
            // A pause between two tokens takes the reserve, not the reasoning's letter.
            #expect(record.letter == .D || pausedPass == 0, "pause in pass \(pausedPass)")
        }
        #expect(cutShort > 100)
        #expect(throws: AgentError.reserveTooLong(.seconds(1), deadline: .seconds(1))) {
            try agent(endless(), reserve: .seconds(1)).answer([AgentTests.question(1)], deadline: .seconds(1), seed: 1)
        }
    }

    @Test func aQuestionThatCannotBeReadInTimeIsRefusedInTime() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        let before = decoding.passes
        let record = try agent.answer([long(20_000)], deadline: .seconds(6), seed: 1)[0]
        #expect(!record.isLate && record.seconds == 0 && decoding.passes == before, "known from the warm-up")
        #expect(record.refusal?.kind == .noTime && record.ending == .refused && record.tokens == 0)
        #expect(FormatCheck.answer(record.output, tokens: coding.count).isEmpty)
        #expect(record.answer?.reasoning?.contains("6.0 s") == true && record.letter == .A)
        // The machine has become ten times slower meanwhile: the first piece shows it, and half of the time is left.
        decoding.cost = { _, tokens, _ in .milliseconds(10 * tokens) }
        let slow = try agent.answer([long(1500)], deadline: .seconds(12), seed: 1)[0]
        #expect(slow.refusal?.kind == .noTime && !slow.isLate && slow.seconds > 3 && slow.seconds < 6)
        // With time enough it is read, in pieces, and answered.
        let answered = try self.agent(endless()).answer([long(1500)], deadline: .seconds(60), seed: 1)[0]
        #expect(answered.refusal == nil && answered.letter != nil)
    }

    /// A pass that runs cannot be stopped, so where the time is short none is long.
    @Test func aTightLimitLooksAtTheClockBetweenShortPieces() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        let quiet = try agent.answer([long(300)], deadline: .seconds(2), seed: 1)[0]
        #expect(quiet.refusal == nil && !quiet.isLate)
        decoding.cost = { _, tokens, _ in .milliseconds(6 * tokens) }
        let busy = try agent.answer([long(300)], deadline: .seconds(2), seed: 1)[0]
        #expect(busy.refusal?.kind == .noTime && !busy.isLate && busy.seconds > 0.5, "\(busy.seconds) s")
    }

    /// A machine on which there is hardly time to read shows no token and no closing; it is believed all the same.
    @Test func aMachineTooSlowToWriteOnIsBelieved() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        decoding.cost = { _, tokens, _ in tokens > 10 ? .milliseconds(11 * tokens) : .milliseconds(220) }
        let records = try (0..<40 as Range<UInt64>).map { try agent.answer([long(100)], deadline: .seconds(2), seed: $0)[0] }
        #expect(records[10...].count(where: \.isLate) <= 2, "\(records.map(\.seconds))")
        #expect(try #require(agent.speed).promptToken > .milliseconds(2))
    }

    /// What was learnt with time enough on a busy machine does not keep short limits from their answers for ever.
    @Test func whatABusyTimeTaughtFades() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        let steady = decoding.cost
        decoding.cost = { random, tokens, isFirst in steady(&random, tokens, isFirst) * 17 }
        for seed in 0..<12 as Range<UInt64> { _ = try agent.answer([AgentTests.question(1)], deadline: .seconds(60), seed: seed) }
        #expect(try #require(agent.speed).step > .milliseconds(250))
        decoding.cost = steady
        let records = try (0..<60 as Range<UInt64>).map { try agent.answer([AgentTests.question(1)], deadline: .milliseconds(600), seed: $0)[0] }
        #expect(records[40...].allSatisfy { $0.refusal == nil && !$0.isLate && !($0.answer?.reasoning ?? "").isEmpty })
    }

    /// Requests that waited too long teach nothing, and those that nobody could meet not much.
    @Test func hopelessRequestsTeachLittle() throws {
        let decoding = endless(), agent = try agent(decoding)
        try agent.warmUp()
        _ = try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: 1)
        let before = try #require(agent.speed)
        let old = clock.requests.now()
        clock.advance(by: .seconds(9))
        for seed in 0..<200 as Range<UInt64> {
            let waited = try agent.answer([AgentTests.question(1)], deadline: .seconds(6), since: old, seed: seed)[0]
            #expect(waited.refusal?.kind == .noTime)
        }
        #expect(agent.speed == before)
        for seed in 0..<200 as Range<UInt64> {
            let hopeless = try agent.answer([AgentTests.question(1)], deadline: .milliseconds(1), seed: seed)[0]
            #expect(hopeless.refusal?.kind == .noTime)
        }
        #expect(try #require(agent.speed).promptToken > before.promptToken / 32)
        let records = try (0..<10 as Range<UInt64>).map { try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: $0)[0] }
        #expect(records.count(where: \.isLate) <= 3 && records[5...].allSatisfy { !$0.isLate }, "\(records.map(\.seconds))")
    }

    /// An agent that nobody warmed up learns from its first answers, late as they may be.
    @Test func withoutAWarmUpTheFirstAnswersTeach() throws {
        let agent = try agent(endless(promptToken: .milliseconds(20), step: .milliseconds(400)))
        let records = try (0..<10 as Range<UInt64>).map { try agent.answer([long(100)], deadline: .seconds(2), seed: $0)[0] }
        #expect(records[0].isLate && records[2...].count(where: \.isLate) <= 1, "\(records.map(\.seconds))")
    }

    /// A machine that was slow for a while, such as during the warm-up, is tried again.
    @Test func refusalsDoNotFeedOnThemselves() throws {
        let decoding = endless(promptToken: .milliseconds(50)), agent = try agent(decoding)
        try agent.warmUp()
        decoding.cost = { _, tokens, _ in tokens > 50 ? .milliseconds(tokens) : .milliseconds(20) }
        let records = try (0..<12 as Range<UInt64>).map { try agent.answer([AgentTests.question(1)], deadline: .seconds(2), seed: $0)[0] }
        #expect(records[0].refusal?.kind == .noTime && records[11].refusal == nil && records.allSatisfy { !$0.isLate })
    }

    @Test func aPromptInPiecesIsTheSamePrompt() throws {
        let decoding = endless()
        _ = try agent(decoding).answer([long(1500)], seed: 1)
        let prompt = coding.prompt(system: AnswerFormat.systemPrompt, user: AnswerFormat.userMessage(long(1500)))
        let first = decoding.prompts[0]
        #expect(first == Array(prompt.prefix(first.count)) && first.count <= PromptReading.piece && first.count > PromptReading.piece / 2)
        #expect(Array((decoding.prompts[0] + decoding.replies[0]).prefix(prompt.count)) == prompt)
        #expect(coding.text(Array((decoding.prompts[0] + decoding.replies[0]).dropFirst(prompt.count))).hasPrefix(AnswerFormat.reasoningOpening))
    }
}
