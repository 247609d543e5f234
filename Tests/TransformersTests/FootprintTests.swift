import Checkpoints
import Foundation
import Testing
import Torch
import Transformers

/// Qwen2.5-72B as its config.json says.
private let qwen72 = ModelConfiguration(
    family: .qwen2, vocabularySize: 152_064, hiddenSize: 8192, intermediateSize: 29_568, layerCount: 80, headCount: 64,
    keyValueHeadCount: 8, headSize: 128, normEpsilon: 1e-6, ropeTheta: 1e6, contextLength: 32_768, tiesEmbeddings: false,
    attentionBias: true, usesQueryKeyNorm: false)

@Suite struct FootprintTests {
    @Test func theReferenceModelsParametersAndBytes() {
        let model = ModelFootprint(qwen72, dtype: .bfloat16, quantization: .nf4)
        // 72,706,203,648 is what Hugging Face counts in Qwen2.5-72B's safetensors.
        #expect(model.parameters == 72_706_203_648)
        #expect(model.projectionParametersPerLayer == 877_658_112)
        #expect(model.embeddingBytes == 2 * 2 * 152_064 * 8192)
        // 4 bits, and 8 bits for every 64 weights, and 32 bits for every 64 · 256: 4.127 bits a weight.
        #expect(abs(Double(model.projectionBytes) * 8 / Double(80 * 877_658_112) - 4.126953125) < 1e-6)
        #expect(model.cacheBytesPerToken == 2 * 80 * 8 * 128 * 2)
        #expect(ModelFootprint(qwen72, dtype: .bfloat16).weightBytes == 2 * 72_706_203_648)
        #expect(AdapterFootprint(rank: 128, targets: Set(Projection.allCases)).parameters(of: qwen72) == 1_684_275_200)
    }

    // The list of kept tensors is the formula; the block itself is the truth. Exact, with and without shared beginnings.
    @Test(arguments: TinyModel.families, [DType.float32, .bfloat16])
    func aBlockKeepsWhatTheFormulaSays(family: String, dtype: DType) throws {
        let tiny = try TinyModel(family, dtype: dtype)
        let targets = [AdapterConfiguration.allProjections, ["q_proj", "v_proj"], ["down_proj"]]
        let tree = PackedSequences(
            tokens: (0..<24).map { $0 % 50 },
            pieces: [.init(count: 10), .init(count: 4, continues: 0), .init(count: 6), .init(count: 3, continues: 1), .init(count: 1, continues: 0)])
        for modules in targets {
            let configuration = AdapterConfiguration(rank: 4, alpha: 8, targetModules: modules)
            let pass = try TrainingPass(model: tiny.model, adapter: Adapter(for: tiny.model, configuration, seed: 1))
            let footprint = TrainingFootprint(
                model: ModelFootprint(tiny.model.configuration, dtype: dtype),
                adapter: AdapterFootprint(rank: 4, targets: Set(modules.compactMap(Projection.init))))
            for batch in [tree, PackedSequences([Array(0..<17), Array(3..<8)])] {
                let size = PassSize(batch, rows: 3)
                let measured = try pass.measuredBlockBytes(batch), formula = footprint.layerBytes(.everything, size)
                #expect(measured == formula, "\(modules), \(size)")
            }
        }
    }

    /// Where one call takes the whole batch, keys and values that others go on from stand in copies alone.
    @Test func aBlockOfOneCallKeepsNoMoreThanTheFormulaSays() throws {
        let model = try drawnModel(), pieces: [PackedSequences.Piece] = [.init(count: 10), .init(count: 4, continues: 0), .init(count: 3, continues: 1)]
        let configuration = AdapterConfiguration(rank: 4, alpha: 8, targetModules: AdapterConfiguration.allProjections)
        let pass = try TrainingPass(model: model, adapter: Adapter(for: model, configuration, seed: 1))
        let footprint = TrainingFootprint(
            model: ModelFootprint(model.configuration, dtype: .float32), adapter: AdapterFootprint(rank: 4, targets: Set(Projection.allCases)))
        let alone = PackedSequences([Array(0..<17), Array(3..<8)]), tree = PackedSequences(tokens: Array(0..<17), pieces: pieces)
        #expect(try pass.measuredBlockBytes(alone) == footprint.layerBytes(.everything, PassSize(alone, rows: 3)))
        // Of 17 keys only the first ten are not in a copy behind others: keys and values of two heads of 32 for the other seven.
        #expect(try pass.measuredBlockBytes(tree) == footprint.layerBytes(.everything, PassSize(tree, rows: 3)) - 2 * 2 * 32 * 4 * 7)
    }

    @Test func aPassIsMeasuredByWhatAttentionReads() {
        let alone = PassSize(PackedSequences([Array(0..<4), Array(0..<3)]), rows: 2)
        #expect(alone == PassSize(tokens: 7, reread: 0, pairs: 10 + 6, rows: 2))
        let tree = PackedSequences(tokens: Array(0..<9), pieces: [.init(count: 5), .init(count: 3, continues: 0), .init(count: 1, continues: 1)])
        #expect(PassSize(tree, rows: 1) == PassSize(tokens: 9, reread: 8 + 9, pairs: 15 + 3 * 8 + 1 * 9, rows: 1))
    }

    /// Six operations a parameter and token without an adapter's share: four where the weights are frozen. What is computed again is all but the
    /// block's last product.
    @Test func operationsAreThoseOfTheProducts() {
        let footprint = TrainingFootprint(
            model: ModelFootprint(qwen72, dtype: .bfloat16), adapter: AdapterFootprint(rank: 128, targets: Set(Projection.allCases)))
        let pass = PassSize(tokens: 1000, pairs: 0, rows: 100)
        let frozen = 80.0 * 877_658_112, factors = 1_684_275_200.0, head = 152_064.0 * 8192
        let whole = ActivationPlan(layers: 80, whole: 80), inputs = ActivationPlan(layers: 80, whole: 0)
        let expected = 1000 * (4 * frozen + 6 * factors) + 100 * 4 * head
        #expect(abs(footprint.operations(pass, whole) / expected - 1) < 1e-12)
        let last = 80.0 * 8192 * 29_568
        #expect(abs(footprint.operations(pass, inputs) / (expected + 1000 * 2 * (frozen - last + factors)) - 1) < 1e-12)
    }

    @Test func thePlanFillsWhatIsThere() {
        let footprint = TrainingFootprint(
            model: ModelFootprint(qwen72, dtype: .bfloat16, quantization: .nf4), adapter: AdapterFootprint(rank: 128, targets: Set(Projection.allCases)))
        let pass = PassSize(sequences: 4, of: 300, rows: 400)
        var last = -1
        for gigabytes in stride(from: 1, through: 200, by: 5) {
            let plan = ActivationPlan.fitting(gigabytes * 1_000_000_000, footprint, pass)
            let need = footprint.activations(pass, plan)
            #expect(plan.wholeCount >= last)
            if plan.wholeCount > 0 { #expect(need.kept + need.working <= gigabytes * 1_000_000_000) }
            if plan.wholeCount < 80 {
                let more = footprint.activations(pass, ActivationPlan(layers: 80, whole: plan.wholeCount + 1))
                #expect(more.kept + more.working > gigabytes * 1_000_000_000)
            }
            last = plan.wholeCount
        }
        #expect(last == 80)
        // Whole blocks stand last.
        #expect(ActivationPlan(layers: 3, whole: 1).layers == [.input, .input, .everything])
    }

    @Test func everyPlanGivesTheSameGradients() throws {
        let tiny = try TinyModel("qwen2")
        let adapter = try tiny.adapter("rslora")
        func gradients(_ choice: ActivationChoice, failing: Bool = false) throws -> [[Float]] {
            let pass = try TrainingPass(model: tiny.model, adapter: adapter, activations: choice)
            var fails = failing
            func run() throws {
                try pass.zeroGradients()
                try pass.accumulate(tiny.packed, rows: tiny.expected.loss.rows) { range, logits in
                    if fails { throw TorchError.outOfMemory(name: "linear", arguments: [], reason: "CUDA out of memory") }
                    return try crossEntropy(logits, tiny.expected.loss.targets[range], of: tiny.expected.loss.targets.count).gradient
                }
            }
            if failing {
                #expect(throws: TorchError.self) { try run() }
                let change = try #require(pass.lowerActivations())
                let layers = tiny.model.configuration.layerCount
                #expect(change.hasPrefix("\(layers / 2) instead of \(layers) of \(layers) blocks"))
                fails = false
            }
            try run()
            return try pass.gradients.map { try $0.floats() }
        }
        let whole = try gradients(.everything)
        #expect(try gradients(.inputs) == whole)
        #expect(try gradients(.fitting(limit: nil)) == whole)
        #expect(try gradients(.fitting(limit: 1)) == whole)
        #expect(try gradients(.everything, failing: true) == whole)
        #expect(try gradients(.fitting(limit: nil), failing: true) == whole)
        // Where blocks keep their inputs alone there is nothing to give up.
        let least = try TrainingPass(model: tiny.model, adapter: adapter, activations: .inputs)
        #expect(least.lowerActivations() == nil)
    }
}
