import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

@Suite struct AgentTests {
    let coding = FakeCoding()
    let vocabulary: AgentVocabulary
    let topics = [Topic(area: "Geography", topic: "capitals"), Topic(area: "Mathematics", topic: "sums")]

    init() throws { vocabulary = try AgentVocabulary(coding) }

    static func question(_ number: Int, topic: String = "capitals") -> Question {
        Question(
            id: "q\(number)", source: "test", subject: "geography", topic: topic, domain: .humanities,
            question: "Question \(number): what \"is\" it?", choices: ["\(number)", "\(number + 1)", "\(number + 2)", "\(number + 3)"],
            answer: .A)
    }

    @Test func answersComeInOrderAndByTheirSeed() throws {
        let decoding = FakeDecoding(coding)
        let agent = try AnswerAgent(vocabulary: vocabulary, settings: .answers, decode: decoding.run)
        let questions = (0..<5).map { Self.question($0) }
        var seen: [String] = []
        let records = try agent.answer(questions, seed: 7) { seen.append($0.questionID) }
        #expect(records.map(\.questionID) == questions.map(\.id) && seen == questions.map(\.id))
        #expect(records.allSatisfy { $0.answer?.answer == $0.letter?.rawValue && $0.letter != nil && !$0.isLate && $0.tokens <= 150 })
        // The same seed gives the same replies however they are batched.
        let again = try agent.answer(questions, seed: 7, together: 2)
        #expect(again.map(\.output) == records.map(\.output))
        #expect(try agent.answer(questions, seed: 8).map(\.output) != records.map(\.output))
        let prompt = coding.text(decoding.prompts[0])
        #expect(prompt.contains("Question 0: what \"is\" it?\nA) 0\nB) 1\nC) 2\nD) 3"))
    }

    @Test func underADeadlineEachAnswerHasItsOwnTime() throws {
        let clock = ManualClock(), decoding = FakeDecoding(coding)
        decoding.preference = Preferences.always([coding.id("a"), coding.id(" ")], size: coding.vocabularySize)
        decoding.clock = clock
        decoding.cost = { _, _, isFirst in isFirst ? .seconds(1) : .milliseconds(100) }
        let settings = AgentSettings(maxNewTokens: 512, temperature: 0.2)
        let agent = try AnswerAgent(vocabulary: vocabulary, settings: settings, clock: clock.requests, decode: decoding.run)
        let records = try agent.answer((0..<4).map { Self.question($0) }, deadline: .seconds(6), seed: 1)
        for record in records {
            #expect(record.seconds < 6 && record.seconds > 5 && !record.isLate && record.ending == .deadline)
        }
        decoding.cost = { _, _, _ in .seconds(7) }
        let late = try agent.answer([Self.question(9)], deadline: .seconds(6), seed: 1)
        #expect(late[0].isLate && late[0].seconds == 7 && late[0].letter != nil)
        #expect(throws: AgentError.deadlineNotPositive(.zero)) { try agent.answer([Self.question(1)], deadline: .zero, seed: 1) }
    }

    @Test func warmUpRunsTheModel() throws {
        let decoding = FakeDecoding(coding)
        try AnswerAgent(vocabulary: vocabulary, decode: decoding.run).warmUp()
        #expect(decoding.replies.count == 2 && decoding.passes > 2)
        try QuestionAgent(vocabulary: vocabulary, settings: .init(maxNewTokens: 1024, temperature: 1), decode: decoding.run).warmUp()
        #expect(decoding.replies.count == 3)
    }

    @Test func aDecoderThatReturnsEarlyIsAnError() throws {
        let agent = try AnswerAgent(vocabulary: vocabulary) { _ in }
        #expect(throws: AgentError.unfinished(stream: "answer to q1")) { try agent.answer([Self.question(1)]) }
    }

    @Test func questionsStayOnTheirTopicsAndPassTheCheck() throws {
        let decoding = FakeDecoding(coding)
        let settings = AgentSettings(maxNewTokens: 1024, temperature: 0.7)
        let agent = try QuestionAgent(vocabulary: vocabulary, settings: settings, letterTemperature: 1, decode: decoding.run)
        let records = try agent.ask(topics, count: 40, seed: 3)
        #expect(records.count == 40)
        #expect(Set(records.prefix(2).map(\.topic)) == ["capitals", "sums"])
        for record in records {
            let question = try #require(record.question)
            #expect(question.topic == record.topic && !record.isFromPool)
            #expect(FormatCheck.question(question, tokens: coding.count).isEmpty)
            #expect(Reply.question(record.output) == question)
        }
        #expect(QuestionRecord.letterCounts(records).reduce(0, +) == 40)
        #expect(try agent.ask(topics, count: 40, seed: 3, together: 7).map(\.output) == records.map(\.output))
        #expect(try agent.ask(topics, count: 0, seed: 3).isEmpty)
        #expect(throws: AgentError.noTopics) { try agent.ask([], count: 1, seed: 3) }
    }

    @Test func thePoolStandsInForWhatTheClockCutOff() throws {
        let clock = ManualClock(), decoding = FakeDecoding(coding)
        decoding.clock = clock
        decoding.cost = { _, _, _ in .seconds(3) }
        let pool = [Self.question(1, topic: "rivers"), Self.question(2, topic: "sums"), Self.question(3, topic: "capitals")]
        var tooLong = Self.question(4)
        tooLong.question = String(repeating: "long ", count: 200)
        let settings = AgentSettings(maxNewTokens: 1024, temperature: 0.7)
        let agent = try QuestionAgent(
            vocabulary: vocabulary, settings: settings, pool: pool + [tooLong], clock: clock.requests, decode: decoding.run)
        let records = try agent.ask(topics, count: 3, deadline: .seconds(10), seed: 1)
        #expect(records.allSatisfy { $0.isFromPool && $0.ending == .pool && !$0.isLate && $0.seconds < 10 })
        #expect(records[0].question?.topic == records[0].topic && records[1].question?.topic == records[1].topic)
        #expect(Set(records.compactMap(\.question?.question)).count == 3)
        #expect(records.allSatisfy { Reply.question($0.output)?.question.contains("\"is\"") == true })
        // Without a pool the guide's own closing is given, valid but marked by its ending.
        let bare = try QuestionAgent(vocabulary: vocabulary, settings: settings, clock: clock.requests, decode: decoding.run)
        let record = try bare.ask(topics, count: 1, deadline: .seconds(10), seed: 1)[0]
        #expect(!record.isFromPool && record.ending == .deadline)
        #expect(FormatCheck.question(try #require(record.question), tokens: coding.count).isEmpty)
    }

    /// A model that always thinks B right: the order of the choices hides it.
    @Test func choicesAreShuffledUnlessTheTextSpeaksOfPlaces() throws {
        let decoding = FakeDecoding(coding)
        decoding.preference = { random, stream, allowed in
            let close = coding.id("\"")
            if stream.count % 5 == 4, allowed(close) { return close }
            return Preferences.always((0..<4).map { _ in random.integer(in: 0x66...0x7A) }, size: coding.vocabularySize)(&random, stream, allowed)
        }
        decoding.scores = { _, _ in [-9, 0, -9, -9] }
        let settings = AgentSettings(maxNewTokens: 1024, temperature: 0.7)
        let agent = try QuestionAgent(vocabulary: vocabulary, settings: settings, decode: decoding.run)
        let plain = try QuestionAgent(vocabulary: vocabulary, settings: settings, shufflesChoices: false, decode: decoding.run)
        let shuffled = try agent.ask(topics, count: 200, seed: 5), kept = try plain.ask(topics, count: 200, seed: 5)
        #expect(QuestionRecord.letterCounts(kept) == [0, 200, 0, 0])
        #expect(QuestionRecord.letterCounts(shuffled).allSatisfy { $0 > 40 })
        for (one, other) in zip(shuffled, kept) {
            let (a, b) = (try #require(one.question), try #require(other.question))
            #expect(Set(a.choiceTexts) == Set(b.choiceTexts))
            #expect(a.choiceTexts[Letter(rawValue: a.answer)!.index] == b.choiceTexts[1])
        }
        let telling = AgentQuestion(
            topic: "t", question: "Which?", choices: ["A) x", "B) y", "C) z", "D) all of the above"], answer: "A", explanation: nil)
        #expect(!telling.isFreeOfOrder)
        var letter = telling
        letter.choices[3] = "D) w"
        #expect(letter.isFreeOfOrder)
        for text in ["Letter: A", "A is right.", "Not B.", "The third option.", "See above."] {
            letter.explanation = text
            #expect(!letter.isFreeOfOrder, "\(text)")
        }
        for text in ["A train leaves at noon.", "None of these is the third planet.", "It is 42."] {
            letter.explanation = text
            #expect(letter.isFreeOfOrder, "\(text)")
        }
    }

    @Test func limitsWithoutRoomAreRefusedBeforeAnythingRuns() throws {
        let tight = AgentSettings(maxNewTokens: 20, temperature: 0)
        #expect(throws: AgentError.self) { try AnswerAgent(vocabulary: vocabulary, settings: tight) { _ in } }
        #expect(throws: AgentError.self) { try QuestionAgent(vocabulary: vocabulary, settings: tight) { _ in } }
    }
}

@Suite struct SettingsTests {
    private func settings(_ json: String) throws -> AgentSettings {
        try JSONDecoder().decode(AgentSettings.self, from: Data(json.utf8))
    }

    @Test func namesAreThoseOfTheTournamentsFiles() throws {
        let read = try settings(
            "{\"max_new_tokens\": 1024, \"temperature\": 0.7, \"top_p\": 0.9, \"repetition_penalty\": 1.2, \"do_sample\": true}")
        #expect(read == AgentSettings(maxNewTokens: 1024, temperature: 0.7, topP: 0.9, repetitionPenalty: 1.2, doSample: true))
        #expect(read.sampling == Sampling(temperature: 0.7, topP: 0.9, repetitionPenalty: 1.2))
        #expect(try settings("{\"temperature\": 0.7, \"do_sample\": false}").sampling.temperature == 0)
        #expect(try settings("{\"temperature\": 0.1}").sampling.temperature == 0.1)
        #expect(try settings("{}").sampling == .greedy)
        #expect(try JSONDecoder().decode(AgentSettings.self, from: JSONEncoder().encode(read)) == read)
    }

    @Test(arguments: ["max_new_tokens\": 0", "temperature\": -1", "top_p\": 0", "top_p\": 1.5", "top_k\": -1", "repetition_penalty\": 0"])
    func valuesThatMeanNothingNameTheirKey(_ entry: String) {
        let key = entry.prefix { $0 != "\"" }
        do {
            _ = try settings("{\"\(entry)}")
            Issue.record("\(entry) was accepted")
        } catch {
            #expect("\(error)".hasPrefix(key + " is "))
        }
    }
}

@Suite struct TopicsTests {
    private func file(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "topics-\(UUID().uuidString).json"
        try WholeFile.write(text, to: path)
        return path
    }

    @Test func areasAndTopicsAreRead() throws {
        let path = try file("{\"Mathematics\": [\"sums\", \"primes\", \"sums\", \" \"], \"Geography\": [\"capitals\"]}")
        defer { unlink(path) }
        #expect(try Topic.read(path).map(\.description) == ["Geography: capitals", "Mathematics: sums", "Mathematics: primes"])
    }

    @Test(arguments: ["[1]", "{\"Geography\": \"capitals\"}", "{\"Geography\": []}", "{\"Geography\": [1]}", "{", ""])
    func anythingElseIsAnErrorWithThePath(_ text: String) throws {
        let path = try file(text)
        defer { unlink(path) }
        do {
            _ = try Topic.read(path)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error is AgentError && "\(error)".hasPrefix(path), "\(error)")
        }
        #expect(throws: FileError.self) { try Topic.read(path + ".missing") }
    }

    @Test func everyTopicComesOnceBeforeAnyComesAgain() {
        let topics = (0..<7).map { Topic(area: "a", topic: "\($0)") }
        let chosen = Topic.chosen(20, from: topics, seed: 4)
        #expect(chosen.count == 20)
        #expect(Set(chosen.prefix(7)).count == 7 && Set(chosen[7..<14]).count == 7)
        #expect(chosen == Topic.chosen(20, from: topics, seed: 4) && chosen != Topic.chosen(20, from: topics, seed: 5))
    }
}
