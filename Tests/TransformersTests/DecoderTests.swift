import Foundation
import Groundwork
import Testing
import Torch
import Transformers

@Suite struct DecoderTests {
    /// What greedy decoding gives for one prompt alone, by whole forward passes without a cache.
    private func reference(_ tiny: TinyModel, _ prompt: [Int], _ count: Int) throws -> [Int] {
        var tokens = prompt
        for _ in 0..<count {
            tokens.append(Int(try tiny.model.logits(PackedSequences([tokens]), rows: [tokens.count - 1]).argmax().values(Int64.self)[0]))
        }
        return Array(tokens[prompt.count...])
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"]) func streamsOfAnyLengthInFewSlotsEqualPassesWithoutACache(family: String) throws {
        let tiny = try TinyModel(family)
        // Nine tokens in common, so that the shared prefix is used; 7 streams in 3 slots, of different lengths and ends.
        let shared = [5, 9, 3, 44, 21, 17, 60, 2, 33]
        let prompts = (0..<7).map { number in shared + (0...number).map { (number * 11 + $0 * 7) % 90 } }
        let guides = (0..<7).map { GreedyGuide(count: 3 + $0 * 5 % 9) }
        try Decoder(model: tiny.model, slots: 3).run(zip(prompts, guides).map { Stream(prompt: $0, guide: $1) })
        for (prompt, guide) in zip(prompts, guides) { #expect(guide.tokens == (try reference(tiny, prompt, guide.count))) }
    }

    // Slots keep a copy of the beginning for the next stream, and must notice when that is no longer the beginning.
    @Test func whatEarlierRunsLeftInTheSlotsChangesNothing() throws {
        let tiny = try TinyModel("llama"), decoder = try Decoder(model: tiny.model, slots: 3)
        let first = [5, 9, 3, 44, 21, 17, 60, 2, 33, 8, 71, 12], other = Array(first.prefix(10)) + [40, 18, 27]
        for shared in [first, first, other, Array(first.prefix(9)), first] {
            let prompts = (0..<7).map { number in shared + [(number * 11 + 3) % 90, 7] }
            let guides = (0..<7).map { GreedyGuide(count: 2 + $0 % 3) }
            try decoder.run(zip(prompts, guides).map { Stream(prompt: $0, guide: $1) })
            for (prompt, guide) in zip(prompts, guides) { #expect(guide.tokens == (try reference(tiny, prompt, guide.count))) }
        }
    }

    @Test func aBeginningIsCopiedToASlotOnce() throws {
        let cache = try KeyValueCache(TinyModel("llama").model, slots: 3, capacity: 8)
        func fill(_ slot: Int, _ rows: Range<Int>, _ value: Double) throws {
            for store in [cache.storage(layer: 0).keys, cache.storage(layer: 1).values] {
                try store.narrow(0, slot * 8 + rows.lowerBound, rows.count).copy_(Tensor.full([1], value))
            }
        }
        func row(_ slot: Int, _ position: Int) throws -> Float {
            let both = try [cache.storage(layer: 0).keys, cache.storage(layer: 1).values].map { try $0.narrow(0, slot * 8 + position, 1).floats()[0] }
            #expect(both[0] == both[1])
            return both[0]
        }
        try fill(2, 0..<6, 1)
        cache.setLength(2, 6)
        try cache.copyStart(of: 2, to: 0, count: 5)
        #expect(try (0..<5).map { try row(0, $0) } == [1, 1, 1, 1, 1])
        // A mark shows which rows are copied again: those that the slot wrote itself, those that the other slot has written anew.
        try fill(0, 0..<5, 9)
        cache.setLength(0, 8)
        try cache.copyStart(of: 2, to: 0, count: 5)
        #expect(try row(0, 0) == 9 && row(0, 4) == 9)
        cache.setLength(0, 4)
        cache.setLength(0, 7)
        try cache.copyStart(of: 2, to: 0, count: 6)
        #expect(try (0..<6).map { try row(0, $0) } == [9, 9, 9, 9, 1, 1])
        cache.setLength(2, 2)
        try fill(2, 2..<6, 3)
        cache.setLength(2, 6)
        try cache.copyStart(of: 2, to: 0, count: 6)
        #expect(try (0..<6).map { try row(0, $0) } == [9, 9, 3, 3, 3, 3])
        // Another slot's beginning is no copy of this one's.
        try fill(1, 0..<6, 4)
        cache.setLength(1, 6)
        try cache.copyStart(of: 1, to: 0, count: 3)
        #expect(try (0..<3).map { try row(0, $0) } == [4, 4, 4])
        try cache.copyStart(of: 2, to: 0, count: 6)
        #expect(try (0..<6).map { try row(0, $0) } == [1, 1, 3, 3, 3, 3])
    }

    // The decoder folds a small model's adapter into its weights; the forward pass keeps it apart.
    @Test(arguments: TinyModel.families) func anAdapterFoldedIntoTheWeightsGivesTheSameTokens(family: String) throws {
        let tiny = try TinyModel(family)
        for name in TinyModel.adapters {
            let adapter = try tiny.adapter(name)
            let guide = GreedyGuide(count: 12), prompt = tiny.expected.greedy[0].prompt
            try Decoder(model: tiny.model, adapter: adapter, slots: 1).run([Stream(prompt: prompt, guide: guide)])
            var tokens = prompt
            for _ in 0..<12 {
                let logits = try tiny.model.logits(PackedSequences([tokens]), rows: [tokens.count - 1], adapter: adapter)
                tokens.append(Int(try logits.argmax().values(Int64.self)[0]))
            }
            #expect(guide.tokens == Array(tokens[prompt.count...]), "\(name)")
        }
    }

    @Test func theCacheGrowsPastItsFirstCapacity() throws {
        let tiny = try TinyModel("llama")
        let prompt = (0..<190).map { ($0 * 31 + 5) % 90 }
        let guides = [GreedyGuide(count: 20), GreedyGuide(count: 12)]
        try Decoder(model: tiny.model, slots: 2).run([Stream(prompt: prompt, guide: guides[0]), Stream(prompt: Array(prompt.dropFirst(100)), guide: guides[1])])
        #expect(guides[0].tokens == (try reference(tiny, prompt, 20)))
        #expect(guides[1].tokens == (try reference(tiny, Array(prompt.dropFirst(100)), 12)))
    }

    /// Repeats a pass by running it again, as a GPU does without being told; or cannot.
    private final class Repeating: PassRecorder {
        var recordings = 0, repeats = 0
        let failure: TorchError?
        init(failure: TorchError? = nil) { self.failure = failure }
        func within<Result>(_ body: () throws -> Result) throws -> Result { try body() }
        func record(_ body: @escaping () throws -> Void) throws -> () throws -> Void {
            if let failure { throw failure }
            recordings += 1
            try body()
            return { [unowned self] in
                repeats += 1
                try body()
            }
        }
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"]) func recordedRoundsEqualPassesWithoutACache(family: String) throws {
        let tiny = try TinyModel(family), recorder = Repeating()
        tiny.model.passRecorder = recorder
        // Three slots are no power of two, some are idle towards the end, and the longest streams outgrow 64 keys and then the cache.
        let prompts = (0..<7).map { number in (0..<(5 + number * 16)).map { (number * 11 + $0 * 7) % 90 } }
        let guides = (0..<7).map { GreedyGuide(count: 6 + $0 * 5) }
        try Decoder(model: tiny.model, slots: 3).run(zip(prompts, guides).map { Stream(prompt: $0, guide: $1) })
        for (prompt, guide) in zip(prompts, guides) { #expect(guide.tokens == (try reference(tiny, prompt, guide.count))) }
        #expect(recorder.recordings > 1 && recorder.repeats > 5 * recorder.recordings, "\(recorder.recordings) recordings, \(recorder.repeats) repeats")
        #expect(tiny.model.decodingNote == nil)
    }

    @Test func adaptersAndRestsOfStreamsSurviveRecordedRounds() throws {
        let tiny = try TinyModel("llama"), recorder = Repeating()
        tiny.model.passRecorder = recorder
        let adapters = [nil, try tiny.adapter("plain")]
        let decoder = try SharedDecoder(model: tiny.model, adapters: adapters, slots: 4)
        defer { decoder.stop() }
        let beginning = (0..<20).map { $0 * 7 % 90 }
        // Each goes on from what another left in its slot, while idle slots are computed too.
        for (number, adapter) in [0, 1, 0, 1, 1, 0].enumerated() {
            let guide = GreedyGuide(count: 9), prompt = beginning + [number + 1]
            try decoder.run([Stream(prompt: prompt, guide: guide)], adapter: adapter)
            var tokens = prompt
            for _ in 0..<9 {
                let logits = try tiny.model.logits(PackedSequences([tokens]), rows: [tokens.count - 1], adapter: adapters[adapter])
                tokens.append(Int(try logits.argmax().values(Int64.self)[0]))
            }
            #expect(guide.tokens == Array(tokens[prompt.count...]))
        }
        #expect(decoder.status.reusedTokens > 0 && recorder.repeats > 0)
    }

    @Test(arguments: [
        TorchError.operatorFailed(name: "record", arguments: [], reason: "test"), .outOfMemory(name: "record", arguments: [], reason: "test"),
    ]) func whereNothingCanBeRecordedDecodingGoesOn(failure: TorchError) throws {
        let tiny = try TinyModel("llama")
        tiny.model.passRecorder = Repeating(failure: failure)
        let guide = GreedyGuide(count: 12), prompt = [5, 9, 3, 44]
        try Decoder(model: tiny.model, slots: 2).run([Stream(prompt: prompt, guide: guide)])
        #expect(guide.tokens == (try reference(tiny, prompt, 12)))
        #expect(tiny.model.decodingNote?.contains("cannot be recorded") == true)
    }

    /// Scores two tokens, goes back over what it appended, and continues: as if it had never looked.
    private final class LookingGuide: Guide {
        var demands: [Demand]
        var scores: [[Float]] = []
        var tokens: [Int] = []
        init(_ demands: [Demand]) { self.demands = demands }
        func next() -> Demand { demands.isEmpty ? .finish : demands.removeFirst() }
        func sampled(_ token: Int) { tokens.append(token) }
        func scored(_ logProbabilities: [Float]) { scores.append(logProbabilities) }
    }

    @Test func rewindingForgetsWhatWasAppended() throws {
        let tiny = try TinyModel("llama")
        let prompt = [5, 9, 3, 44]
        let looking = LookingGuide([.append([7, 8]), .score([1, 2, 3]), .rewind(2), .sample(.greedy, nil), .append([4]), .rewind(1), .sample(.greedy, nil), .rewind(1), .score([1, 2])])
        try Decoder(model: tiny.model, slots: 1).run([Stream(prompt: prompt, guide: looking)])
        let expected = try reference(tiny, prompt, 2)
        #expect(looking.tokens == expected)
        func scores(_ tokens: [Int], _ ids: [Int]) throws -> [Float] {
            let row = try tiny.model.logits(PackedSequences([tokens]), rows: [tokens.count - 1]).floats()
            return try Tensor(ids.map { row[$0] }, [ids.count]).logSoftmax().floats()
        }
        #expect(largestDifference(looking.scores[0], try scores(prompt + [7, 8], [1, 2, 3])) < 1e-4)
        #expect(largestDifference(looking.scores[1], try scores(prompt + expected[..<1], [1, 2])) < 1e-4)
    }

    @Test func samplingDependsOnTheSeedNotOnTheBatch() throws {
        let tiny = try TinyModel("qwen2")
        func run(_ seeds: [UInt64], slots: Int) throws -> [[Int]] {
            let guides = seeds.map { _ in LookingGuide(Array(repeating: .sample(Sampling(temperature: 1, topP: 0.95), nil), count: 12)) }
            try Decoder(model: tiny.model, slots: slots).run(zip(seeds, guides).map { Stream(prompt: [5, 9, 3], guide: $1, seed: $0) })
            return guides.map(\.tokens)
        }
        let together = try run([1, 2, 3, 4], slots: 4), fewer = try run([4, 3, 2, 1], slots: 2)
        #expect(together == fewer.reversed())
        #expect(Set(together).count == 4)
    }

    @Test func aPromptLongerThanTheContextIsAnError() throws {
        let tiny = try TinyModel("llama")
        let prompt = [Int](repeating: 3, count: tiny.model.configuration.contextLength + 1)
        #expect(throws: ModelError.self) { try Decoder(model: tiny.model, slots: 1).run([Stream(prompt: prompt, guide: GreedyGuide(count: 1))]) }
    }
}

@Suite struct SamplerTests {
    /// A backend that always gives the same logits.
    private final class Fixed: DecodingBackend {
        let logits: [Float]
        init(_ logits: [Float]) { self.logits = logits }
        var vocabularySize: Int { logits.count }
        let slotCount = 1, capacity = 100_000
        func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) {}
        func advance(_ feeds: [Feed]) -> LogitRows { LogitRows(values: logits, vocabularySize: logits.count) }
        func truncate(_ slot: Int, by count: Int) {}
    }

    private final class Collect: Guide {
        let demand: Demand
        var left: Int
        var tokens: [Int] = [], logProbabilities: [Float] = []
        init(_ demand: Demand, _ count: Int) { (self.demand, left) = (demand, count) }
        func next() -> Demand {
            left -= 1
            return left < 0 ? .finish : demand
        }
        func sampled(_ token: Int) {
            tokens.append(token)
        }
        func scored(_ logProbabilities: [Float]) { self.logProbabilities = logProbabilities }
    }

    private func draw(_ logits: [Float], _ sampling: Sampling, mask: TokenMask? = nil, count: Int = 4_000, prompt: [Int] = [0]) throws -> Collect {
        let guide = Collect(.sample(sampling, mask), count)
        try Decoder(backend: Fixed(logits)).run([Stream(prompt: prompt, guide: guide, seed: 11)])
        return guide
    }

    private func share(_ tokens: [Int], _ token: Int) -> Double { Double(tokens.count { $0 == token }) / Double(tokens.count) }

    @Test func frequenciesFollowTheTemperedDistribution() throws {
        let logits: [Float] = [0, 1, 2]
        let drawn = try draw(logits, Sampling(temperature: 2)).tokens
        let weights = logits.map { exp(Double($0) / 2) }, total = weights.reduce(0, +)
        // 4,000 draws: four standard errors of a share are 0.032.
        for token in 0..<3 { #expect(abs(share(drawn, token) - weights[token] / total) < 0.032) }
    }

    @Test func topPAndTopKCutTheTail() throws {
        let logits: [Float] = [log(0.5), log(0.3), log(0.15), log(0.05)].map { Float($0) }
        #expect(Set(try draw(logits, Sampling(temperature: 1, topP: 0.79)).tokens) == [0, 1])
        #expect(Set(try draw(logits, Sampling(temperature: 1, topP: 0.81)).tokens) == [0, 1, 2])
        #expect(Set(try draw(logits, Sampling(temperature: 1, topK: 1)).tokens) == [0])
        #expect(Set(try draw(logits, Sampling(temperature: 1)).tokens) == [0, 1, 2, 3])
    }

    @Test func aMaskHoldsForGreedyAndSampled() throws {
        let mask = TokenMask(vocabularySize: 4) { $0 == 1 || $0 == 3 }
        #expect(Set(try draw([9, 1, 8, 0], .greedy, mask: mask, count: 3).tokens) == [1])
        #expect(Set(try draw([9, 1, 8, 0], Sampling(temperature: 3), mask: mask).tokens) == [1, 3])
        #expect(throws: DecodingError.self) { try draw([1, 2], .greedy, mask: TokenMask(vocabularySize: 2) { _ in false }, count: 1) }
        #expect(throws: DecodingError.self) { try draw([.nan, .nan], .greedy, count: 1) }
    }

    /// Rows longer than a vector, with masks whose words are full, empty and broken, beside a plain loop.
    @Test func longRowsAreSearchedAsAPlainLoopWould() throws {
        var random = CounterRandom(seed: 7, phase: "rows", step: 0)
        for count in [1, 15, 16, 63, 64, 65, 200, 1_000] {
            for density in [1.0, 0.99, 0.5, 0.01] {
                // Few different values, so that several are the highest; some are no numbers.
                let logits = (0..<count).map { _ in random.uniform() < 0.05 ? Float.nan : Float(Int(random.uniform() * 9) - 4) }
                var allowed = (0..<count).map { _ in random.uniform() < density }
                allowed[count / 2] = true
                let mask = density == 1 ? nil : TokenMask(vocabularySize: count) { allowed[$0] }
                let candidates = logits.indices.filter { (mask == nil || allowed[$0]) && !logits[$0].isNaN }
                guard let best = candidates.max(by: { (logits[$0], $1) < (logits[$1], $0) }) else { continue }
                #expect(try draw(logits, .greedy, mask: mask, count: 1).tokens == [best], "\(count), \(density)")
                let drawn = Set(try draw(logits, Sampling(temperature: 5), mask: mask, count: 200).tokens)
                #expect(drawn.isSubset(of: candidates), "\(count), \(density)")
                // At this temperature a logit one lower is 22,000 times less likely, and four lower lies under the floor.
                let equal = Set(candidates.filter { logits[$0] == logits[best] })
                let sharp = Set(try draw(logits, Sampling(temperature: 0.1), mask: mask, count: 60 * equal.count).tokens)
                #expect(equal.count > 20 || sharp.isSuperset(of: equal), "\(count), \(density)")
                #expect(sharp.allSatisfy { logits[$0] > logits[best] - 4 }, "\(count), \(density)")
            }
        }
        let nothing = [Float](repeating: -.infinity, count: 40)
        #expect(try draw([.nan] + nothing, .greedy, count: 1).tokens == [1])
    }

    @Test func thePenaltyDividesPositiveAndMultipliesNegativeLogits() throws {
        // Token 0 stands in the prompt: 2.0 / 1.5 falls below 1.5; the next draw sees token 1 as well.
        #expect(try draw([2, 1.5, -1], Sampling(repetitionPenalty: 1.5), count: 2).tokens == [1, 0])
        #expect(try draw([-1, -1.2], Sampling(repetitionPenalty: 1.5), count: 1).tokens == [1])
    }

    @Test func scoresAreNormalisedOverTheirTokensAlone() throws {
        let scores = Collect(.score([0, 2]), 1)
        try Decoder(backend: Fixed([0, 1, 2])).run([Stream(prompt: [0], guide: scores)])
        #expect(abs(scores.logProbabilities[0] + Float(log(1 + exp(2.0)))) < 1e-6)
    }
}
