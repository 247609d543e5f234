import Checkpoints
import Foundation
import Testing
import Torch
import Transformers

@Suite struct LogitTests {
    // float32 sums of a few dozen terms in another order: 1e-4 leaves two decimal places of room, a wrong formula is off by 1e-1.
    @Test(arguments: TinyModel.families) func logitsOfPackedSequencesEqualTransformers(family: String) throws {
        let tiny = try TinyModel(family)
        let rows = Array(0..<tiny.packed.tokens.count)
        #expect(largestDifference(try tiny.model.logits(tiny.packed, rows: rows).floats(), try tiny.values("logits")) < 1e-4)
        for name in TinyModel.adapters {
            let logits = try tiny.model.logits(tiny.packed, rows: rows, adapter: tiny.adapter(name))
            #expect(largestDifference(try logits.floats(), try tiny.values("\(name).logits")) < 1e-4, "\(name)")
        }
    }

    @Test func onlyTheRowsAskedForAreComputedInTheirOrder() throws {
        let tiny = try TinyModel("qwen2")
        let all = try tiny.values("logits"), size = tiny.model.configuration.vocabularySize
        let some = try tiny.model.logits(tiny.packed, rows: [5, 2]).floats()
        #expect(largestDifference(Array(some[..<size]), Array(all[5 * size..<6 * size])) < 1e-4)
        #expect(largestDifference(Array(some[size...]), Array(all[2 * size..<3 * size])) < 1e-4)
    }

    @Test(arguments: TinyModel.families) func greedyContinuationsEqualTransformers(family: String) throws {
        let tiny = try TinyModel(family)
        let guides = tiny.expected.greedy.map { _ in GreedyGuide(count: 64) }
        try Decoder(model: tiny.model, slots: 2).run(zip(tiny.expected.greedy, guides).map { Stream(prompt: $0.prompt, guide: $1) })
        for (guide, greedy) in zip(guides, tiny.expected.greedy) { #expect(guide.tokens == greedy.continuation) }
    }

    @Test func aTokenOutsideTheVocabularyIsAnError() throws {
        let tiny = try TinyModel("llama")
        #expect(throws: ModelError.self) { try tiny.model.logits(PackedSequences([[1, 100_000]]), rows: [0]) }
        #expect(throws: ModelError.self) { try tiny.model.logits(PackedSequences([[1, -1]]), rows: [0]) }
    }

    @Test func anAdapterOfAnotherModelIsRefused() throws {
        let tiny = try TinyModel("llama"), other = try TinyModel("qwen3")
        let error = #expect(throws: CheckpointError.self) { try Adapter.load(tiny.folder + "/adapters/plain", for: other.model) }
        #expect("\(try #require(error))".contains("does not fit the model"))
    }
}

/// Takes the likeliest token a fixed number of times.
final class GreedyGuide: Guide {
    let count: Int
    var tokens: [Int] = []

    init(count: Int) { self.count = count }

    func next() -> Demand { tokens.count < count ? .sample(.greedy, nil) : .finish }
    func sampled(_ token: Int) { tokens.append(token) }
    func scored(_ logProbabilities: [Float]) {}
}
