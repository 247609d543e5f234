import Agents
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

/// Logits that depend on nothing but the tokens before them.
private final class RandomBackend: DecodingBackend {
    let vocabularySize: Int
    let slotCount = 5
    let capacity = 4096
    private var streams: [Int: [Int]] = [:]
    /// Added to each token's logit.
    private let bias: [Float]

    init(bias: [Float]) {
        self.bias = bias
        vocabularySize = bias.count
    }

    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) { streams[slot] = Array(streams[source, default: []].prefix(count)) }
    func truncate(_ slot: Int, by count: Int) { streams[slot]!.removeLast(count) }

    func advance(_ feeds: [Feed]) -> LogitRows {
        var values: [Float] = []
        for feed in feeds {
            streams[feed.slot]! += feed.tokens
            var hash: UInt64 = 1
            for token in streams[feed.slot]! { hash = (hash ^ UInt64(token)) &* 0x0000_0100_0000_01b3 }
            for id in 0..<vocabularySize {
                var z = hash &+ UInt64(id) &* 0x9e37_79b9_7f4a_7c15
                z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
                values.append(Float(z >> 40) / Float(1 << 22) + bias[id])
            }
        }
        return LogitRows(values: values, vocabularySize: vocabularySize)
    }
}

/// Agents on the decoder that runs models, with its sampler, its batches and its cuts of the cache.
@Suite struct DecoderTests {
    let coding = FakeCoding()

    @Test(arguments: [0, 0.7, 3]) func batchedStreamsGiveTheRepliesOfSingleOnes(_ temperature: Double) throws {
        // Rows past the tokenizer's own tokens, as padded checkpoints have them; the model likes them best.
        var bias = [Float](repeating: 0, count: coding.vocabularySize + 13)
        for id in coding.vocabularySize..<bias.count { bias[id] = 50 }
        bias[coding.id("\"")] = 1
        for id in coding.endTokens { bias[id] = 40 }
        let decoder = Decoder(backend: RandomBackend(bias: bias))
        let model = AgentModel(vocabulary: try AgentVocabulary(coding), contextLength: 4096) { try decoder.run($0) }
        let settings = AgentSettings(maxNewTokens: 300, temperature: temperature, topP: 0.9, repetitionPenalty: 1.2)

        let questions = (0..<12).map { AgentTests.question($0) }
        for mode in AnswerMode.allCases {
            let answers = try model.answerAgent(settings, mode: mode)
            let together = try answers.answer(questions, seed: 4)
            for size in [1, 5] { #expect(try answers.answer(questions, seed: 4, together: size).map(\.output) == together.map(\.output)) }
            for record in together { #expect(FormatCheck.answer(record.output, tokens: coding.count).isEmpty) }
            #expect(Set(together.compactMap(\.letter)).count > 1 && together.allSatisfy { $0.mode == mode })
        }

        let asking = try model.questionAgent(settings, letterTemperature: 1)
        let topics = [Topic(area: "Geography", topic: "capitals"), Topic(area: "Mathematics", topic: "sums")]
        let asked = try asking.ask(topics, count: 12, seed: 4)
        #expect(try asking.ask(topics, count: 12, seed: 4, together: 1).map(\.output) == asked.map(\.output))
        for record in asked { #expect(FormatCheck.question(record.output, tokens: coding.count).isEmpty) }
    }

    @Test func aPromptThatFillsTheContextIsRefused() throws {
        let decoder = Decoder(backend: RandomBackend(bias: [Float](repeating: 0, count: coding.vocabularySize)))
        let model = AgentModel(vocabulary: try AgentVocabulary(coding), contextLength: 400) { try decoder.run($0) }
        var long = AgentTests.question(1)
        long.question = String(repeating: "long ", count: 60)
        let refused = try model.answerAgent().answer([AgentTests.question(2), long])
        #expect(refused.map { $0.refusal?.kind } == [nil, .tooLong])
        // With a little room left the reply is short.
        long.question = String(repeating: "long ", count: 34)
        let record = try model.answerAgent().answer([long], deadline: nil, seed: 1)[0]
        #expect(record.letter != nil && record.tokens < 150)
    }
}
