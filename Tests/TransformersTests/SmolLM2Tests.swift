import Foundation
import Testing
import Transformers

/// The real model, where scripts/setup has put it.
let smolLM2Path: String? = {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let places: [String?] = [
        ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"], repository.appendingPathComponent(".models/SmolLM2-135M-Instruct.Q4_1.gguf").path,
    ]
    return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
}()

@Suite(.enabled(if: smolLM2Path != nil, "needs SmolLM2: run scripts/setup"))
struct SmolLM2Tests {
    struct Expected: Decodable {
        struct Prompt: Decodable {
            let name: String
            let text: String
            let ids: [Int]
            let lastLogits: [Float]
            let top: [Int]
            let continuation: [Int]
        }
        let vocabulary: [Int]
        let prompts: [Prompt]
    }

    // transformers dequantises the same GGUF to float32; thirty layers of float32 rounding stay under 1e-4 of logits around 10.
    @Test func logitsTokensAndSixtyFourGreedyTokensEqualTransformers() throws {
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(fileURLWithPath: TinyModel.root + "/smollm2.json")))
        let model = try LanguageModel.load(#require(smolLM2Path))
        for prompt in expected.prompts {
            #expect(model.tokenizer.encode(prompt.text) == prompt.ids, "\(prompt.name)")
            let row = try model.logits(PackedSequences([prompt.ids]), rows: [prompt.ids.count - 1]).floats()
            let difference = largestDifference(expected.vocabulary.map { row[$0] }, prompt.lastLogits)
            #expect(difference < 1e-4, "\(prompt.name): \(difference)")
            let best = row.indices.sorted { row[$0] > row[$1] }.prefix(prompt.top.count)
            #expect(Array(best) == prompt.top, "\(prompt.name)")
        }
        let guides = expected.prompts.map { _ in GreedyGuide(count: 64) }
        try Decoder(model: model).run(zip(expected.prompts, guides).map { Stream(prompt: $0.ids, guide: $1) })
        for (guide, prompt) in zip(guides, expected.prompts) { #expect(guide.tokens == prompt.continuation, "\(prompt.name)") }
    }
}
