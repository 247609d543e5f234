import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch
import Transformers

@Suite struct GradientTests {
    /// Runs the fixture's loss and returns it; the pass holds the gradients.
    private func run(_ pass: TrainingPass, _ batch: PackedSequences, _ rows: [Int], _ targets: [Int], dropout: TrainingPass.Dropout? = nil) throws -> Double {
        var sum = 0.0
        try pass.accumulate(batch, rows: rows, dropout: dropout) { range, logits in
            let (part, gradient) = try crossEntropy(logits, targets[range], of: targets.count)
            sum += part
            return gradient
        }
        return sum / Double(targets.count)
    }

    // PyTorch computed these in float64; a float32 pass agrees to about 1e-6 (rotary tables are float32 on both sides), so 1e-4 separates rounding from any wrong term.
    @Test(arguments: TinyModel.families, [false, true])
    func everyGradientEqualsAutograd(family: String, checkpointing: Bool) throws {
        for type in [DType.float32, .float64] {
            let tiny = try TinyModel(family, dtype: type)
            for name in TinyModel.adapters {
                let adapter = try tiny.adapter(name)
                let pass = try TrainingPass(model: tiny.model, adapter: adapter, activations: checkpointing ? .inputs : .everything)
                let loss = try run(pass, tiny.packed, tiny.expected.loss.rows, tiny.expected.loss.targets)
                #expect(abs(loss - tiny.expected.loss.values[name]!) < 1e-5)
                #expect(!pass.gradients.isEmpty)
                for (parameter, gradient) in zip(adapter.parameters, pass.gradients) {
                    let difference = relativeDifference(try gradient.floats(), try tiny.values("\(name).gradient.\(parameter.name)"))
                    #expect(difference < (type == .float64 ? 1e-5 : 1e-4), "\(name) \(parameter.name): \(difference)")
                }
            }
        }
    }

    @Test(arguments: ["llama", "qwen3"]) func tenAdamWStepsGivePEFTsLosses(family: String) throws {
        let tiny = try TinyModel(family)
        let training = try #require(tiny.expected.training)
        for (name, losses) in training.losses {
            let adapter = try tiny.adapter(name)
            let pass = try TrainingPass(model: tiny.model, adapter: adapter)
            let parameters = adapter.parameters.map(\.tensor)
            let first = try parameters.map { try Tensor.zeros($0.shape) }, second = try parameters.map { try Tensor.zeros($0.shape) }
            for (number, step) in training.steps.enumerated() {
                try pass.zeroGradients()
                let loss = try run(pass, PackedSequences(step.sequences), step.rows, step.targets)
                #expect(abs(loss - losses[number]) < 1e-4, "\(name), step \(number): \(loss) instead of \(losses[number])")
                try Tensor.fusedAdamW_(
                    parameters, gradients: pass.gradients, firstMoments: first, secondMoments: second,
                    steps: parameters.map { _ in try Tensor.scalar(Double(number + 1)) }, learningRate: training.learningRate,
                    beta1: training.betas[0], beta2: training.betas[1], weightDecay: training.weightDecay,
                    epsilon: training.epsilon)
            }
        }
    }

    // Central differences in float64 through the whole chain, adapter factor by factor of every projection of every block.
    @Test(arguments: TinyModel.families) func gradientsEqualFiniteDifferences(family: String) throws {
        let tiny = try TinyModel(family, dtype: .float64)
        let adapter = try tiny.adapter("rslora")
        let pass = try TrainingPass(model: tiny.model, adapter: adapter)
        let (rows, targets) = (tiny.expected.loss.rows, tiny.expected.loss.targets)
        func loss() throws -> Double {
            try crossEntropy(tiny.model.logits(tiny.packed, rows: rows, adapter: adapter), targets[...], of: 1).sum / Double(targets.count)
        }
        _ = try run(pass, tiny.packed, rows, targets)
        for (number, parameter) in adapter.parameters.enumerated() {
            let gradient = try pass.gradients[number].values(Double.self)
            for index in [number % gradient.count, (number * 7 + 13) % gradient.count] {
                let step = 1e-5
                let numeric = try parameter.tensor.withElements(Double.self) { elements in
                    let kept = elements[index]
                    defer { elements[index] = kept }
                    elements[index] = kept + step
                    let above = try loss()
                    elements[index] = kept - step
                    return (above - (try loss())) / (2 * step)
                }
                #expect(abs(numeric - gradient[index]) < 1e-7 + 1e-5 * abs(numeric), "\(parameter.name)[\(index)]: \(gradient[index]), numeric \(numeric)")
            }
        }
    }

    @Test func splittingABatchChangesNothing() throws {
        let tiny = try TinyModel("llama", dtype: .float64)
        let adapter = try tiny.adapter("plain")
        let whole = try TrainingPass(model: tiny.model, adapter: adapter), parts = try TrainingPass(model: tiny.model, adapter: adapter)
        let (rows, targets) = (tiny.expected.loss.rows, tiny.expected.loss.targets)
        _ = try run(whole, tiny.packed, rows, targets)
        for (start, sequence) in zip(tiny.packed.starts, tiny.expected.sequences) {
            let chosen = rows.indices.filter { (start..<start + sequence.count).contains(rows[$0]) }
            try parts.accumulate(PackedSequences([sequence]), rows: chosen.map { rows[$0] - start }) { range, logits in
                try crossEntropy(logits, chosen[range].map { targets[$0] }[...], of: targets.count).gradient
            }
        }
        for (a, b) in zip(whole.gradients, parts.gradients) { #expect(relativeDifference(try a.floats(), try b.floats()) < 1e-6) }
    }

    /// Three sequences that share 9 tokens, two of them 5 more: laid down as a tree, they give the logits and gradients of three
    /// whole sequences. In float64, where only the order of sums differs.
    /// Also where one call takes the whole batch.
    @Test(arguments: TinyModel.families, [false, true]) func sharedBeginningsChangeNothing(family: String, inOneCall: Bool) throws {
        let tiny = try TinyModel(family, dtype: .float64)
        let adapter = try tiny.adapter("rslora")
        let stem = (0..<9).map { ($0 * 5 + 3) % 64 }, branch = [7, 21, 2, 40, 11], ends = [[1, 30], [6, 17, 9], [50, 4, 33, 8]]
        let whole = PackedSequences([stem + branch + ends[0], stem + branch + ends[1], stem + ends[2]])
        let tree = PackedSequences(
            tokens: stem + branch + ends[0] + ends[1] + ends[2],
            pieces: [.init(count: 9), .init(count: 5, continues: 0), .init(count: 2, continues: 1), .init(count: 3, continues: 1), .init(count: 4, continues: 0)])
        // The last two tokens of each sequence.
        let wholeRows = [14, 15, 31, 32, 44, 45], treeRows = [14, 15, 17, 18, 21, 22], targets = [3, 9, 27, 5, 14, 60]
        let logits = try tiny.model.logits(whole, rows: wholeRows, adapter: adapter).values(Double.self)
        let reference = try TrainingPass(model: tiny.model, adapter: adapter)
        let loss = try run(reference, whole, wholeRows, targets)
        if inOneCall { tiny.model.unequalLengthAttention = SequenceBySequence() }
        let shared = try tiny.model.logits(tree, rows: treeRows, adapter: adapter).values(Double.self)
        #expect(zip(logits, shared).allSatisfy { abs($0 - $1) < 1e-9 })
        for batch in [(whole, wholeRows), (tree, treeRows)] {
            for checkpointing in [false, true] {
                let pass = try TrainingPass(model: tiny.model, adapter: adapter, activations: checkpointing ? .inputs : .everything)
                #expect(abs(try run(pass, batch.0, batch.1, targets) - loss) < 1e-9)
                for (a, b) in zip(reference.gradients, pass.gradients) { #expect(relativeDifference(try a.floats(), try b.floats()) < 1e-6) }
            }
        }
    }

    /// The processor's own attention, in one call for the whole batch, against libtorch's in float64, piece by piece: a tree of sequences and whole
    /// ones, whatever blocks keep. Rounding to float32 leaves 1e-5 of a gradient.
    @Test func theProcessorsOwnAttentionGivesTheSameGradients() throws {
        let stem = (0..<40).map { ($0 * 5 + 3) % 90 }, branch = (0..<33).map { ($0 * 11 + 2) % 90 }, ends = [[1, 30], [6, 17, 9], [50, 4, 33, 8]]
        let whole = PackedSequences([stem + branch + ends[0], stem + branch + ends[1], stem + ends[2]])
        let tree = PackedSequences(
            tokens: stem + branch + ends[0] + ends[1] + ends[2],
            pieces: [.init(count: 40), .init(count: 33, continues: 0), .init(count: 2, continues: 1), .init(count: 3, continues: 1), .init(count: 4, continues: 0)])
        let wholeRows = [73, 74, 149, 150, 193, 194], treeRows = [73, 74, 76, 77, 80, 81], targets = [3, 9, 27, 5, 14, 60]
        func gradients(_ dtype: DType, _ batch: PackedSequences, _ rows: [Int], _ activations: ActivationChoice) throws -> (loss: Double, all: [[Float]]) {
            let model = try drawnModel(dtype: dtype)
            let adapter = try Adapter(
                for: model, AdapterConfiguration(rank: 4, alpha: 8, targetModules: AdapterConfiguration.allProjections), seed: 1)
            for (name, factor) in adapter.parameters {  // a fresh adapter's second factors are zero
                var random = CounterRandom(seed: 2, phase: name)
                try factor.copy_(Tensor((0..<factor.count).map { _ in Float(random.uniform() - 0.5) }, factor.shape).to(dtype: factor.dtype))
            }
            let pass = try TrainingPass(model: model, adapter: adapter, activations: activations)
            let loss = try run(pass, batch, rows, targets)
            return (loss, try pass.gradients.map { try $0.to(dtype: .float32).floats() })
        }
        let exact = try gradients(.float64, whole, wholeRows, .everything)
        for (batch, rows) in [(whole, wholeRows), (tree, treeRows)] {
            for activations in [ActivationChoice.everything, .inputs] {
                let own = try gradients(.float32, batch, rows, activations)
                #expect(abs(own.loss - exact.loss) < 1e-5)
                for (a, b) in zip(own.all, exact.all) { #expect(relativeDifference(a, b) < 1e-5) }
            }
        }
    }

    /// Half precision on a CPU takes the composed operators: all run, and the gradient points the same way.
    @Test func trainingRunsInBFloat16() throws {
        let exact = try TinyModel("llama"), half = try TinyModel("llama", dtype: .bfloat16)
        let gradients = try [exact, half].map { tiny in
            let pass = try TrainingPass(model: tiny.model, adapter: tiny.adapter("rslora"))
            _ = try run(pass, tiny.packed, tiny.expected.loss.rows, tiny.expected.loss.targets)
            return try pass.gradients.flatMap { try $0.floats() }
        }
        // bfloat16 keeps 8 bits; through a few layers some per cent of error are left.
        #expect(relativeDifference(gradients[1], gradients[0]) < 0.1)
    }

    @Test func dropoutIsTheSameForTheSameStepOnly() throws {
        let tiny = try TinyModel("llama")
        var configuration = try tiny.adapter("plain").configuration
        configuration.dropout = 0.5
        let adapter = try Adapter(for: tiny.model, configuration, seed: 3)
        // B is zero in a fresh adapter: its gradient alone sees the masked input.
        func gradient(step: UInt64) throws -> [Float] {
            let pass = try TrainingPass(model: tiny.model, adapter: adapter)
            _ = try run(pass, tiny.packed, tiny.expected.loss.rows, tiny.expected.loss.targets, dropout: .init(seed: 1, step: step))
            return try pass.gradients[1].floats()
        }
        let first = try gradient(step: 1)
        #expect(try gradient(step: 1) == first)
        #expect(try gradient(step: 2) != first)
    }

    /// In rows that end within a vector, and in every way to get there. The shares: of 40,000 draws, five standard deviations.
    @Test(arguments: [0.1, 0.5, 0.9]) func dropoutDropsAShareAndScalesTheRest(probability: Double) throws {
        let dropout = InputDropout(.init(seed: 2, step: 9), path: "model.layers.0.mlp.up_proj", probability: probability)
        let x = try Tensor((0..<40_017).map { Float($0 % 13 + 1) }, [40_017])
        let dropped = try dropout(x).floats(), whole = try x.floats()
        #expect(zip(dropped, whole).allSatisfy { $0 == 0 || abs($0 * Float(1 - probability) - $1) < 1e-5 * $1 })
        let share = Double(dropped.count { $0 == 0 }) / Double(dropped.count)
        #expect(abs(share - probability) < 5 * (probability * (1 - probability) / 40_017).squareRoot())
        for type in [DType.float64, .bfloat16] {
            #expect(zip(try dropout(x.to(dtype: type)).to(dtype: .float32).floats(), dropped).allSatisfy { abs($0 - $1) <= 0.01 * $1 })
        }
        let ones = try dropout(Tensor([Float](repeating: 1, count: 40_017), [40_017])).floats()
        #expect(zip(ones, dropped).allSatisfy { ($0 == 0) == ($1 == 0) })
        let turned = try x.narrow(0, 0, 40_000).reshaped([200, 200])
        #expect(try dropout(turned.transposed()).floats() == dropout(turned.transposed().contiguous()).floats())
    }

    /// Central differences in float64 under one draw, and a block computed twice sees the same draw.
    @Test func gradientsBehindDropoutEqualFiniteDifferences() throws {
        let tiny = try TinyModel("llama", dtype: .float64)
        var configuration = try tiny.adapter("rslora").configuration
        configuration.dropout = 0.3
        let adapter = try Adapter(for: tiny.model, configuration, seed: 4)
        var random = CounterRandom(seed: 8, phase: "test")
        for parameter in adapter.parameters {
            try parameter.tensor.withElements(Double.self) { elements in for index in elements.indices { elements[index] += 0.05 * random.normal() } }
        }
        let (rows, targets) = (tiny.expected.loss.rows, tiny.expected.loss.targets)
        func pass(_ activations: ActivationChoice) throws -> (loss: Double, gradients: [[Double]]) {
            let pass = try TrainingPass(model: tiny.model, adapter: adapter, activations: activations)
            let loss = try run(pass, tiny.packed, rows, targets, dropout: .init(seed: 1, step: 3))
            return (loss, try pass.gradients.map { try $0.values(Double.self) })
        }
        let kept = try pass(.everything)
        #expect(try pass(.inputs).gradients == kept.gradients)
        for (number, parameter) in adapter.parameters.enumerated() {
            let gradient = kept.gradients[number], index = (number * 7 + 13) % gradient.count, step = 1e-5
            let numeric = try parameter.tensor.withElements(Double.self) { elements in
                let value = elements[index]
                defer { elements[index] = value }
                elements[index] = value + step
                let above = try pass(.everything).loss
                elements[index] = value - step
                return (above - (try pass(.everything).loss)) / (2 * step)
            }
            #expect(abs(numeric - gradient[index]) < 1e-7 + 1e-5 * abs(numeric), "\(parameter.name)[\(index)]: \(gradient[index]), numeric \(numeric)")
        }
    }

    @Test func aFreshAdapterChangesNothing() throws {
        let tiny = try TinyModel("qwen2")
        let adapter = try Adapter(for: tiny.model, tiny.adapter("rslora").configuration, seed: 7)
        let rows = Array(0..<tiny.packed.tokens.count)
        #expect(try tiny.model.logits(tiny.packed, rows: rows, adapter: adapter).floats() == tiny.model.logits(tiny.packed, rows: rows).floats())
        let a = try adapter.parameters[0].tensor.floats(), bound = 1 / Float(tiny.model.configuration.hiddenSize).squareRoot()
        #expect(a.allSatisfy { abs($0) <= bound } && a.contains { $0 > bound / 2 } && a.contains { $0 < -bound / 2 })
    }
}

/// What a GPU's kernel for sequences of unequal length promises, from the processor's kernel for one sequence.
private struct SequenceBySequence: UnequalLengthAttention {
    private func split(_ x: Tensor, _ counts: [Int], heads: Int) throws -> [Tensor] {
        var start = 0
        return try counts.map { count in
            defer { start += count }
            let rows = try x.narrow(0, start, count).permuted([1, 0, 2]), own = rows.shape[0], size = rows.shape[2]
            return try rows.unsqueezed(1).expanded([own, heads / own, count, size]).reshaped([1, heads, count, size])
        }
    }

    /// 0 where a query may look and −∞ elsewhere: the last query sees all keys.
    private func mask(_ queries: Int, _ keys: Int) throws -> Tensor {
        let values = (0..<queries * keys).map { $0 % keys - $0 / keys > keys - queries ? -Double.infinity : 0 }
        return try Tensor(values, [1, 1, queries, keys])
    }

    private func joined(_ parts: [Tensor], into heads: Int) throws -> Tensor {
        try Tensor.concatenated(parts.map { part in
            let count = part.shape[2], size = part.shape[3]
            return try part.reshaped([heads, part.shape[1] / heads, count, size]).sum([1]).permuted([1, 0, 2])
        })
    }

    func forward(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ lengths: SequenceLengths, scale: Double
    ) throws -> (output: Tensor, logSumExp: Tensor, random: AttentionRandom?) {
        let heads = query.shape[1]
        let q = try split(query, lengths.queries, heads: heads), k = try split(key, lengths.keys, heads: heads)
        let v = try split(value, lengths.keys, heads: heads)
        let results = try q.indices.map {
            try q[$0].flashAttentionCPU(
                key: k[$0], value: v[$0], causal: false, mask: mask(lengths.queries[$0], lengths.keys[$0]), scale: scale)
        }
        return (
            try joined(results.map(\.output), into: heads),
            try Tensor.concatenated(results.map { try $0.logSumExp.permuted([0, 2, 1]).reshaped([-1]) }), nil)
    }

    func backward(
        _ gradient: Tensor, _ query: Tensor, _ key: Tensor, _ value: Tensor, output: Tensor, logSumExp: Tensor, random: AttentionRandom?,
        _ lengths: SequenceLengths, scale: Double
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        let heads = query.shape[1], groups = key.shape[1]
        let q = try split(query, lengths.queries, heads: heads), k = try split(key, lengths.keys, heads: heads)
        let v = try split(value, lengths.keys, heads: heads), out = try split(output, lengths.queries, heads: heads)
        let g = try split(gradient, lengths.queries, heads: heads)
        var start = 0
        let results = try q.indices.map { index in
            let count = lengths.queries[index]
            defer { start += heads * count }
            // As the processor's kernel lays it out: [1, heads, queries] with the heads of a query together.
            let sums = try logSumExp.narrow(0, start, heads * count).reshaped([1, count, heads]).permuted([0, 2, 1])
            return try q[index].flashAttentionCPUBackward(
                gradient: g[index], key: k[index], value: v[index], output: out[index], logSumExp: sums, causal: false,
                mask: mask(count, lengths.keys[index]), scale: scale)
        }
        return (
            try joined(results.map(\.query), into: heads), try joined(results.map(\.key), into: groups),
            try joined(results.map(\.value), into: groups))
    }
}
