import Checkpoints
import Foundation
import Testing
import Torch
import Transformers

/// Against bitsandbytes, transformers and PEFT on the CPU: Tests/Oracles/transformers_fourbit.py.
@Suite struct FourBitTests {
    private struct Expected: Decodable {
        let sequences: [[Int]]
        let rows: [Int]
        let targets: [Int]
        let losses: [String: Double]
    }

    private let folder = (TinyModel.root as NSString).deletingLastPathComponent + "/FourBit"
    /// The plain model behind each.
    private let plain = ["nf4": "qwen2", "fp4": "llama"]
    private let expected: Expected
    private let tensors: Safetensors

    init() throws {
        expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
        tensors = try Safetensors(path: folder + "/expected.safetensors")
    }

    private func stored(_ name: String) throws -> StoredTensor { try #require(tensors.tensors[name], "the fixture holds no \(name)") }
    private func bytes(_ tensor: StoredTensor) -> [UInt8] { tensor.withBytes(Array.init) }

    private func model(_ name: String, dtype: DType = .float32) throws -> LanguageModel {
        try LanguageModel(Checkpoint.open("\(folder)/\(name)"), TinyModel.tokenizer(), device: .cpu, dtype: dtype)
    }

    private func adapter(_ name: String, for model: LanguageModel) throws -> Adapter {
        try Adapter.load("\(TinyModel.root)/\(plain[name]!)/adapters/rslora", for: model)
    }

    private func parts(_ matrix: FourBitMatrix) throws -> (codes: Tensor, map: Tensor, scales: Tensor, offset: Tensor) {
        guard case .nested(let codes, let map, let scales, let offset, blockSize: 256) = matrix.scales else {
            throw TorchError.operatorFailed(name: "parts", arguments: [], reason: "the scales are not doubly quantised")
        }
        return (codes, map, scales, offset)
    }

    @Test(arguments: ["square", "odd"]) func everyBitIsThatOfBitsandbytes(name: String) throws {
        let weight = try stored(name)
        let matrix = try FourBitMatrix(quantizing: Tensor(weight.floats(), weight.shape))
        let (codes, map, scales, offset) = try parts(matrix)
        #expect(try matrix.packed.values(UInt8.self) == bytes(stored("\(name).packed")))
        #expect(try codes.values(UInt8.self) == bytes(stored("\(name).absmax")))
        #expect(try map.floats() == stored("\(name).nested_quant_map").floats())
        #expect(try scales.floats() == stored("\(name).nested_absmax").floats())
        #expect(try offset.floats() == stored("\(name).nested_offset").floats())
        #expect(try matrix.dequantized(to: .float32).floats() == stored("\(name).dequantised").floats())
    }

    /// Quantising the plain checkpoint gives the very bytes that transformers saved.
    @Test func quantisingWhileLoadingGivesTheSavedCheckpoint() throws {
        let checkpoint = try Checkpoint.open(folder + "/nf4"), source = try Checkpoint.open("\(TinyModel.root)/qwen2/model")
        #expect(checkpoint.isFourBit && !source.isFourBit)
        var compared = 0
        for layer in 0..<2 {
            for projection in Projection.allCases {
                let name = projection.path(layer: layer) + ".weight"
                guard let theirs = checkpoint.fourBitTensor(name) else {
                    #expect(name == "model.layers.1.mlp.down_proj.weight")
                    #expect(try checkpoint.tensor(name).floats() == source.tensor(name).floats())
                    continue
                }
                let weight = try source.tensor(name)
                let ours = try FourBitMatrix(quantizing: Tensor(weight.floats(), weight.shape))
                let (codes, _, scales, offset) = try parts(ours), nested = try #require(theirs.nested)
                #expect(try ours.packed.values(UInt8.self) == bytes(theirs.packed), "\(name)")
                #expect(try codes.values(UInt8.self) == bytes(theirs.absmax), "\(name)")
                #expect(try scales.floats() == nested.absmax.floats() && offset.floats() == [nested.offset], "\(name)")
                compared += 1
            }
        }
        #expect(compared == 13)
    }

    // float32 sums in another order, as in LogitTests.
    @Test(arguments: ["nf4", "fp4"]) func logitsEqualTransformers(name: String) throws {
        let model = try model(name), batch = PackedSequences(expected.sequences), rows = Array(0..<batch.tokens.count)
        #expect(model.quantization == .nf4)
        #expect(largestDifference(try model.logits(batch, rows: rows).floats(), try stored("\(name).logits").floats()) < 1e-4)
        let adapted = try model.logits(batch, rows: rows, adapter: adapter(name, for: model))
        #expect(largestDifference(try adapted.floats(), try stored("\(name).adapted.logits").floats()) < 1e-4)
        // The plain model is another one, by far more than rounding.
        let plain = try TinyModel(self.plain[name]!).model.logits(batch, rows: rows)
        #expect(largestDifference(try plain.floats(), try stored("\(name).logits").floats()) > 0.1)
    }

    @Test(arguments: [false, true]) func gradientsEqualPEFT(checkpointing: Bool) throws {
        for type in [DType.float32, .float64] {
            let model = try model("nf4", dtype: type)
            let pass = try TrainingPass(model: model, adapter: adapter("nf4", for: model), activations: checkpointing ? .inputs : .everything)
            var sum = 0.0
            try pass.accumulate(PackedSequences(expected.sequences), rows: expected.rows) { range, logits in
                let (part, gradient) = try crossEntropy(logits, expected.targets[range], of: expected.targets.count)
                sum += part
                return gradient
            }
            #expect(abs(sum / Double(expected.targets.count) - expected.losses["nf4"]!) < 1e-5)
            for (parameter, gradient) in zip(pass.adapter.parameters, pass.gradients) {
                // PEFT computed these in float32, so both sides round.
                let difference = relativeDifference(try gradient.floats(), try stored("nf4.gradient.\(parameter.name)").floats())
                #expect(difference < 1e-4, "\(parameter.name): \(difference)")
            }
        }
    }

    /// Decoding multiplies on the four bits and keeps the adapter separate; prompts are dequantised. Both see the same model.
    @Test func decodingAgreesWithWholeSequences() throws {
        let tiny = try TinyModel("llama")
        let model = try LanguageModel(
            Checkpoint.open(tiny.folder + "/model"), TinyModel.tokenizer(), device: .cpu, dtype: .float32, quantization: .nf4)
        #expect(model.quantization == .nf4)
        let adapter = try Adapter.load(tiny.folder + "/adapters/rslora", for: model)
        let guides = [GreedyGuide(count: 12), GreedyGuide(count: 12)], prompts = [[5, 9, 3, 44], [7, 8]]
        try Decoder(model: model, adapter: adapter, slots: 2).run(zip(prompts, guides).map { Stream(prompt: $0, guide: $1) })
        for (prompt, guide) in zip(prompts, guides) {
            var tokens = prompt
            for _ in 0..<12 {
                let logits = try model.logits(PackedSequences([tokens]), rows: [tokens.count - 1], adapter: adapter).floats()
                tokens.append(logits.indices.max { logits[$0] < logits[$1] }!)
            }
            #expect(guide.tokens == Array(tokens[prompt.count...]))
        }
    }

    @Test func fourBitsAreNotTurnedIntoEightNorQuantisedTwice() throws {
        let checkpoint = try Checkpoint.open(folder + "/nf4")
        let error = #expect(throws: ModelError.self) {
            try LanguageModel(checkpoint, TinyModel.tokenizer(), device: .cpu, dtype: .float32, quantization: .int8)
        }
        #expect("\(try #require(error))".contains("leave --quantization out"))
        let batch = PackedSequences(expected.sequences)
        let asked = try LanguageModel(checkpoint, TinyModel.tokenizer(), device: .cpu, dtype: .float32, quantization: .nf4)
        #expect(try asked.logits(batch, rows: [0]).floats() == model("nf4").logits(batch, rows: [0]).floats())
    }

    @Test func theFirstTensorThatIsNoNumberIsNamed() throws {
        let tiny = try TinyModel("qwen2")
        let adapter = try tiny.adapter("rslora"), batch = PackedSequences(expected.sequences)
        let pass = try TrainingPass(model: tiny.model, adapter: adapter)
        #expect(try pass.firstNotFinite(in: batch) == nil)
        for (projection, message) in [
            (Projection.value, "the output of model.layers.1.self_attn.v_proj"), (.output, "the output of model.layers.1.self_attn.o_proj"),
            (.up, "the output of model.layers.1.mlp.up_proj"), (.down, "the output of model.layers.1.mlp.down_proj"),
        ] {
            let fresh = try tiny.adapter("rslora"), factors = try #require(fresh.layers[1][projection])
            // Finite, but their product is beyond float32.
            for factor in [factors.a, factors.b] { try factor.multiply_(by: .scalar(1e25)) }
            #expect(try TrainingPass(model: tiny.model, adapter: fresh).firstNotFinite(in: batch) == message)
        }
        try #require(adapter.layers[0][.key]).b.multiply_(by: .scalar(.nan))
        let name = "base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight"
        #expect(try pass.firstNotFinite(in: batch) == "the adapter's \(name)")
    }
}
