import Checkpoints
import Foundation
import Groundwork
import Testing
import Tokenizers
import Torch
import Transformers

@Suite struct PanelMatrixTests {
    private static func random(_ shape: [Int], _ name: String) throws -> Tensor {
        var random = CounterRandom(seed: 5, phase: name)
        return try Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.uniform() * 2 - 1) }, shape)
    }

    /// Two maps of one input, 23 and 40 outputs wide: full and partial panels, inputs that fill no block, every number of rows that has a loop.
    @Test(arguments: [70, 96], [false, true]) func productsEqualLibtorchs(inputs: Int, interleaved: Bool) throws {
        let weights = try [23, interleaved ? 23 : 40].map { try Self.random([$0, inputs], "weight \($0)") }
        let matrix = try PanelMatrix(weights, interleaved: interleaved, format: .float32)
        for rows in [1, 2, 3, 4, 5, 6, 7, 16, 25, 110] {
            let x = try Self.random([rows, inputs], "x \(rows)")
            for (map, weight) in weights.enumerated() {
                let outputs = weight.shape[0], bias = try Self.random([outputs], "bias"), residual = try Self.random([rows, outputs], "residual")
                let panels = PanelMap(
                    matrix: matrix, start: interleaved ? map : map * 2, step: interleaved ? 2 : 1, inputs: inputs, outputs: outputs)
                #expect(largestDifference(try panels.product(x).floats(), try x.linear(weight).floats()) < 1e-5)
                let sum = try x.linear(weight, bias: bias, residual: residual)
                #expect(largestDifference(try panels.product(x, bias: bias, residual: residual).floats(), try sum.floats()) < 1e-5)
            }
        }
    }

    @Test(.enabled(if: Processor.hasWideVectors, "needs AVX-512"), arguments: PanelMatrix.Format.allCases)
    func vectorsOfSixteenGiveWhatVectorsOfEightGiveToTheBit(format: PanelMatrix.Format) throws {
        let weight = try Self.random([40, 96], "weight")
        let maps = try [false, true].map { isWide in
            PanelMap(
                matrix: try PanelMatrix([weight], format: format, inWideVectors: isWide), start: 0, step: 1, inputs: 96, outputs: 40)
        }
        for rows in Array(1...7) + [24, 31] {
            let x = try Self.random([rows, 96], "x")
            #expect(try maps[0].product(x).floats() == maps[1].product(x).floats(), "\(rows) rows")
        }
    }

    /// More inputs than a tile's product takes at once, more tiles than stay near, panels that pair and one that is alone, in every format.
    @Test(arguments: PanelMatrix.Format.allCases, [false, true])
    func manyRowsEqualRowsOneByOne(format: PanelMatrix.Format, inWideVectors isWide: Bool) throws {
        if isWide, !Processor.hasWideVectors { return }
        let weight = try Self.random([80, 1100], "weight")
        // Inputs with a mean, so that the origins of grids count for something.
        let x = try Self.random([200, 1100], "x").adding(.full([200, 1100], 1))
        let map = PanelMap(
            matrix: try PanelMatrix([weight], format: format, inWideVectors: isWide), start: 0, step: 1, inputs: 1100, outputs: 80)
        let each = try (0..<200).map { try map.product(x.narrow(0, $0, 1)).floats() }
        for rows in [2, 5, 6, 7, 11, 12, 13, 16, 24, 25, 31, 200] {
            let all = try map.product(x.narrow(0, 0, rows)).floats()
            #expect(largestDifference(all, each[..<rows].flatMap { $0 }) < 2e-4, "\(rows) rows")
        }
    }

    @Test func bfloat16KeepsItsWeightsExactly() throws {
        let weight = try Self.random([40, 64], "weight").to(dtype: .bfloat16), x = try Self.random([3, 64], "x")
        let map = PanelMap(matrix: try PanelMatrix([weight], format: .bfloat16), start: 0, step: 1, inputs: 64, outputs: 40)
        #expect(largestDifference(try map.product(x).floats(), try x.linear(weight.to(dtype: .float32)).floats()) < 1e-5)
    }

    /// The weights as they were kept, [outputs, inputs]: a unit input gives back one.
    /// - Parameter oneByOne: through the loop for one row.
    private static func kept(_ weight: Tensor, _ format: PanelMatrix.Format, oneByOne: Bool = false) throws -> [Float] {
        let outputs = weight.shape[0], inputs = weight.shape[1]
        let map = PanelMap(matrix: try PanelMatrix([weight], format: format), start: 0, step: 1, inputs: inputs, outputs: outputs)
        var identity = [Float](repeating: 0, count: inputs * inputs)
        for index in 0..<inputs { identity[index * inputs + index] = 1 }
        let rows = try Tensor(identity, [inputs, inputs])
        let product = try oneByOne ? .concatenated((0..<inputs).map { try map.product(rows.narrow(0, $0, 1)) }) : map.product(rows)
        return try product.transposed().floats()
    }

    // `d · q + m` with up to 16 values of q in a block, as Q4_0, Q4_1 and Q4_K files have it.
    @Test func theWeightsOfFourBitFilesComeBackAsTheyWere() throws {
        let inputs = 96, outputs = 20
        let random = try Self.random([outputs, inputs], "weight").floats()
        let values = random.enumerated().map { index, value in
            let block = index / 32, levels = 1 + block % 15  // q from 0 to so many
            return 0.013 * (((value + 1) / 2 * Float(levels)).rounded() - 7.3) * Float(1 + block % 4)
        }
        for (format, oneByOne) in [(PanelMatrix.Format.int8, false), (.int8, true), (.int4, false), (.int4, true)] {
            let kept = try Self.kept(Tensor(values, [outputs, inputs]), format, oneByOne: oneByOne)
            #expect(largestDifference(kept, values) < 1e-6, "\(format), one by one: \(oneByOne)")
        }
        func format(_ weights: [Float]..., interleaved: Bool = false) throws -> PanelMatrix.Format {
            try PanelMatrix.quantised(weights.map { try Tensor($0, [outputs, inputs]) }, interleaved: interleaved).format
        }
        #expect(try format(values) == .int4 && format([Float](repeating: 0, count: outputs * inputs)) == .int4)
        #expect(try format([Float](repeating: 0.3, count: outputs * inputs)) == .int4, "blocks of one value")
        // The zeros that fill up a block stand beside its grid.
        #expect(try PanelMatrix.quantised([Tensor(values, [outputs, inputs]).narrow(1, 0, 70)]).format == .int8)
        // One weight beside the sixteen values, in the last panel, is enough to need eight bits.
        var other = values
        other[17 * inputs + 5] += 0.004
        #expect(try format(other) == .int8 && format(values, other) == .int8 && format(other, values) == .int8)
        #expect(try format(values, values, interleaved: true) == .int4 && format(values, other, interleaved: true) == .int8)
        #expect(try format(random) != .int4)
    }

    @Test(arguments: [Float.nan, .infinity], [PanelMatrix.Format.int8, .int4])
    func aWeightThatIsNoNumberDoesNotComeBackAsOne(weight: Float, format: PanelMatrix.Format) throws {
        let inputs = 96, outputs = 20, place = 3 * inputs + 40
        var values = [Float](repeating: 0.5, count: outputs * inputs)
        values[place] = weight
        let kept = try Self.kept(Tensor(values, [outputs, inputs]), format, oneByOne: true)
        #expect(!kept[place].isFinite && kept[place - inputs] == 0.5)
        #expect(try PanelMatrix.quantised([Tensor(values, [outputs, inputs])]).format == .int8)
    }

    // Each may be off by half a step; the coarsest grid has 247 steps from end to end.
    @Test func int8WeightsAreOffByHalfAStepAtMost() throws {
        let inputs = 96, outputs = 23
        var values = try Self.random([outputs, inputs], "weight").floats()
        for index in 0..<inputs where index / 32 == 1 { values[3 * inputs + index] = 0 }  // a block of zeros has no scale to divide by
        values[5 * inputs + 40] = 1_000  // and a large weight makes its own block coarse, no other
        let kept = try Self.kept(Tensor(values, [outputs, inputs]), .int8)
        var differs = false
        for output in 0..<outputs {
            for block in 0..<inputs / 32 {
                let places = 32 * block..<32 * block + 32
                let largest = places.map { abs(values[output * inputs + $0]) }.max()!
                for input in places {
                    let difference = abs(kept[output * inputs + input] - values[output * inputs + input])
                    #expect(difference <= largest / 247 * 1.001)
                    if difference > 1e-6 { differs = true }
                }
            }
        }
        #expect(differs, "weights that come back exactly were never quantised")
    }
}

@Suite struct HostSequenceAttentionTests {
    /// Sequences of these queries and keys lie one after another.
    private struct Case {
        let (heads, groups, size): (Int, Int, Int)
        let lengths: [(queries: Int, keys: Int)]

        var sequences: [HostSequenceAttention.Sequence] {
            var (query, key) = (0, 0)
            return lengths.map { length in
                defer { (query, key) = (query + length.queries, key + length.keys) }
                return .init(firstQuery: query, queries: length.queries, firstKey: key, keys: length.keys)
            }
        }

        var queries: Int { lengths.reduce(0) { $0 + $1.queries } }
        var keys: Int { lengths.reduce(0) { $0 + $1.keys } }
        var scale: Double { 1 / Double(size).squareRoot() }

        func random(_ tokens: Int, _ heads: Int, _ name: String) throws -> Tensor {
            var random = CounterRandom(seed: 3, phase: name)
            return try Tensor((0..<tokens * heads * size).map { _ in Float(random.uniform() * 4 - 2) }, [tokens, heads, size])
        }

        /// libtorch's kernel in float64, sequence by sequence, keys repeated for every head.
        func expected(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ gradient: Tensor) throws -> [[Float]] {
            var results: [[Tensor]] = [[], [], [], []]
            for sequence in sequences {
                func part(_ x: Tensor, _ start: Int, _ count: Int) throws -> Tensor {
                    let own = x.shape[1]
                    return try x.narrow(0, start, count).to(dtype: .float64).permuted([1, 0, 2]).reshaped([own, 1, count, size])
                        .expanded([own, heads / own, count, size]).reshaped([1, heads, count, size])
                }
                let (count, width) = (sequence.queries, sequence.keys)
                let (q, g) = (try part(query, sequence.firstQuery, count), try part(gradient, sequence.firstQuery, count))
                let (k, v) = (try part(key, sequence.firstKey, width), try part(value, sequence.firstKey, width))
                let rows = (0..<count).flatMap { row in (0..<width).map { $0 > width - count + row ? -Double.infinity : 0 } }
                let mask = try Tensor(rows, [1, 1, count, width]).expanded([1, heads, count, width])
                let forward = try q.flashAttentionCPU(key: k, value: v, causal: false, mask: mask, scale: scale)
                let back = try q.flashAttentionCPUBackward(
                    gradient: g, key: k, value: v, output: forward.output, logSumExp: forward.logSumExp, causal: false, mask: mask, scale: scale)
                func tokens(_ x: Tensor, summing: Bool) throws -> Tensor {
                    let own = try x.reshaped([groups, heads / groups, x.shape[2], size])
                    let rows = summing ? try own.sum([1]) : try own.reshaped([heads, x.shape[2], size])
                    return try rows.permuted([1, 0, 2]).to(dtype: .float32)
                }
                results[0].append(try tokens(forward.output, summing: false))
                results[1].append(try tokens(back.query, summing: false))
                results[2].append(try tokens(back.key, summing: true))
                results[3].append(try tokens(back.value, summing: true))
            }
            return try results.map { try Tensor.concatenated($0).floats() }
        }
    }

    private static let cases = [
        Case(heads: 6, groups: 2, size: 64, lengths: [(70, 70), (1, 9), (40, 45), (5, 5), (110, 300)]),
        Case(heads: 4, groups: 4, size: 32, lengths: [(130, 130)]),
        Case(heads: 2, groups: 1, size: 128, lengths: [(60, 60)]),
        Case(heads: 7, groups: 1, size: 96, lengths: [(33, 33), (12, 150), (1, 1)]),
    ]

    /// In float64 the same comes from libtorch; what rounding leaves of sums over 300 keys and 330 rows is 1e-5 of the largest number.
    @Test(arguments: cases.indices, [false, true]) func outputsAndGradientsEqualLibtorchs(number: Int, inWideVectors isWide: Bool) throws {
        if isWide, !Processor.hasWideVectors { return }
        let one = Self.cases[number], loops = try #require(HostSequenceAttention((one.heads, one.groups, one.size), .float32, .cpu, inWideVectors: isWide))
        let query = try one.random(one.queries, one.heads, "query"), gradient = try one.random(one.queries, one.heads, "gradient")
        let key = try one.random(one.keys, one.groups, "key"), value = try one.random(one.keys, one.groups, "value")
        let forward = try loops.forward(query, key, value, one.sequences, scale: one.scale)
        let back = try loops.backward(
            gradient, query, key, value, output: forward.output, logSumExp: forward.logSumExp, one.sequences, scale: one.scale)
        let results = try [forward.output, back.query, back.key, back.value].map { try $0.floats() }
        for (result, expected) in zip(results, try one.expected(query, key, value, gradient)) {
            #expect(largestDifference(result, expected) < 1e-5 * expected.reduce(1) { max($0, abs($1)) })
        }
    }

    /// As in a cache with slots: sequences out of order, and between them keys that nobody sees.
    @Test func sequencesMayLieAnywhere() throws {
        let one = Self.cases[0], loops = try #require(HostSequenceAttention((one.heads, one.groups, one.size), .float32, .cpu))
        let query = try one.random(8, one.heads, "query"), key = try one.random(60, one.groups, "key"), value = try one.random(60, one.groups, "value")
        let sequences = [
            HostSequenceAttention.Sequence(firstQuery: 0, queries: 5, firstKey: 30, keys: 20),
            HostSequenceAttention.Sequence(firstQuery: 5, queries: 3, firstKey: 3, keys: 7),
        ]
        let all = try loops.forward(query, key, value, sequences, scale: one.scale).output
        for sequence in sequences {
            let alone = try loops.forward(
                query.narrow(0, sequence.firstQuery, sequence.queries), key.narrow(0, sequence.firstKey, sequence.keys),
                value.narrow(0, sequence.firstKey, sequence.keys),
                [.init(firstQuery: 0, queries: sequence.queries, firstKey: 0, keys: sequence.keys)], scale: one.scale).output
            #expect(try all.narrow(0, sequence.firstQuery, sequence.queries).floats() == alone.floats())
        }
        let forward = try loops.forward(query, key, value, sequences, scale: one.scale)
        let back = try loops.backward(
            query, query, key, value, output: forward.output, logSumExp: forward.logSumExp, sequences, scale: one.scale)
        #expect(try back.key.narrow(0, 10, 20).floats().allSatisfy { $0 == 0 }, "nobody sees these keys")
        #expect(try back.key.narrow(0, 3, 7).floats().contains { $0 != 0 })
    }

    /// Scores far apart: the greatest of each row is taken off before the exponential.
    @Test func scoresOfAnySizeAreFinite() throws {
        let loops = try #require(HostSequenceAttention((2, 1, 32), .float32, .cpu))
        let query = try Tensor.full([40, 2, 32], 30), key = try Tensor((0..<40 * 32).map { Float($0 / 32 % 2 == 0 ? 30 : -30) }, [40, 1, 32])
        let value = try Tensor((0..<40 * 32).map { Float($0 / 32 % 2) }, [40, 1, 32])
        let sequence = HostSequenceAttention.Sequence(firstQuery: 0, queries: 40, firstKey: 0, keys: 40)
        let forward = try loops.forward(query, key, value, [sequence], scale: 1)
        #expect(try forward.output.floats().allSatisfy { abs($0) < 1e-6 })
        let back = try loops.backward(query, query, key, value, output: forward.output, logSumExp: forward.logSumExp, [sequence], scale: 1)
        for gradient in [back.query, back.key, back.value] { #expect(try gradient.floats().allSatisfy(\.isFinite)) }
    }

    /// A number that is none must reach every row that sees it, and so the loss, which stops the step. (Of a value it reaches rows computed together
    /// with these, too: a share of zero times none is none.)
    @Test(arguments: ["query", "key", "value"]) func whatIsNoNumberStaysNone(place: String) throws {
        let one = Self.cases[1], loops = try #require(HostSequenceAttention((one.heads, one.groups, one.size), .float32, .cpu))
        func numbers(_ name: String) throws -> Tensor {
            var values = try one.random(130, one.heads, name).floats()
            if name == place { values[40 * one.heads * one.size] = .nan }  // the first head of token 40
            return try Tensor(values, [130, one.heads, one.size])
        }
        let output = try loops.forward(
            numbers("query"), numbers("key"), numbers("value"), one.sequences, scale: one.scale).output.floats()
        let without = (0..<130).filter { !output[$0 * one.heads * one.size].isNaN }
        switch place {
        case "query": #expect(without == (0..<130).filter { $0 != 40 })
        case "key": #expect(without == Array(0..<40))
        default: #expect(without.allSatisfy { $0 < 40 })
        }
    }

    @Test func whatTheLoopsDoNotServeIsRefused() {
        #expect(HostSequenceAttention((4, 2, 48), .float32, .cpu) == nil, "heads of whole strips only")
        #expect(HostSequenceAttention((4, 2, 64), .bfloat16, .cpu) == nil)
        #expect(HostSequenceAttention((4, 2, 64), .float32, .cuda(0)) == nil)
    }
}

/// Decoding in the processor's own loops against whole forward passes through libtorch.
@Suite struct HostPassTests {
    /// Forces its tokens one by one and takes the log-probabilities of the whole vocabulary after each.
    private final class Reading: Guide {
        private var demands: [Demand]
        private(set) var rows: [[Float]] = []

        init(_ tokens: [Int], vocabulary: Int) { demands = tokens.flatMap { [.append([$0]), .score(Array(0..<vocabulary))] } }

        func next() -> Demand { demands.isEmpty ? .finish : demands.removeFirst() }
        func sampled(_ token: Int) {}
        func scored(_ logProbabilities: [Float]) { rows.append(logProbabilities) }
    }

    private func read(
        _ model: LanguageModel, _ adapter: Adapter?, streams: Int, beginning: [Int] = []
    ) throws -> (decoded: [[Float]], whole: [[Float]]) {
        let vocabulary = model.configuration.vocabularySize
        let prompts = (0..<streams).map { number in beginning + [5 + number, 9, 44] + Array(repeating: 7, count: number % 3) }
        let guides = (0..<streams).map { number in Reading((0..<4).map { (number * 11 + $0 * 29 + 3) % 90 }, vocabulary: vocabulary) }
        try Decoder(model: model, adapter: adapter, slots: streams).run(zip(prompts, guides).map { Stream(prompt: $0, guide: $1) })
        var whole: [[Float]] = []
        for (number, prompt) in prompts.enumerated() {
            for count in 1...4 {
                let tokens = prompt + (0..<count).map { (number * 11 + $0 * 29 + 3) % 90 }
                whole.append(try model.logits(PackedSequences([tokens]), rows: [tokens.count - 1], adapter: adapter).logSoftmax().floats())
            }
        }
        return (guides.flatMap(\.rows), whole)
    }

    // Every family with and without an adapter, for every number of rows that has a loop of its own. Sums in another order: 1e-4.
    @Test(arguments: TinyModel.families) func everyRowsLogProbabilitiesEqualAWholePass(family: String) throws {
        let tiny = try TinyModel(family)
        for streams in [1, 2, 3, 4, 5, 6, 7, 16] {
            let (decoded, whole) = try read(tiny.model, nil, streams: streams)
            for (a, b) in zip(decoded, whole) { #expect(largestDifference(a, b) < 1e-4, "\(streams) streams") }
        }
        for name in TinyModel.adapters {
            let (decoded, whole) = try read(tiny.model, tiny.adapter(name), streams: 3)
            for (a, b) in zip(decoded, whole) { #expect(largestDifference(a, b) < 1e-4, "\(name)") }
        }
    }

    /// Prompts of more tokens than the loops for few rows take, with a shared beginning and without: attention of whole sequences over the cache's slots.
    @Test func promptsOfManyTokensEqualAWholePass() throws {
        let model = try drawnModel()
        for beginning in [[], (0..<70).map { ($0 * 13 + 2) % 90 }] {
            let (decoded, whole) = try read(model, nil, streams: 16, beginning: beginning)
            for (a, b) in zip(decoded, whole) { #expect(largestDifference(a, b) < 1e-4) }
        }
    }

    // bfloat16 has 8 bits: libtorch rounds every result to them, decoding only the weights, keys and values.
    @Test(arguments: TinyModel.families) func bfloat16StaysCloseToFloat32(family: String) throws {
        let tiny = try TinyModel(family, dtype: .bfloat16), exact = try TinyModel(family)
        for (streams, adapter) in [(1, nil), (16, nil), (2, "rslora")] as [(Int, String?)] {
            let decoded = try read(tiny.model, adapter.map(tiny.adapter), streams: streams).decoded
            let whole = try read(exact.model, adapter.map(exact.adapter), streams: streams).whole
            for (a, b) in zip(decoded, whole) { #expect(relativeDifference(a, b) < 0.03, "\(streams) streams") }
        }
    }

    // Weights off by up to 1/247 of their block's largest, in models whose weights are noise themselves.
    @Test(arguments: TinyModel.families) func int8StaysCloseToFloat32(family: String) throws {
        let tiny = try TinyModel(family)
        let model = try LanguageModel(
            Checkpoint.open(tiny.folder + "/model"), TinyModel.tokenizer(), device: .cpu, dtype: .float32, quantization: .int8)
        for adapter in [nil] + TinyModel.adapters.map(Optional.some) {
            for streams in [1, 3, 7, 26] {
                let decoded = try read(model, adapter.map { try Adapter.load("\(tiny.folder)/adapters/\($0)", for: model) }, streams: streams).decoded
                let whole = try read(tiny.model, adapter.map(tiny.adapter), streams: streams).whole
                var largest = 0.0
                for (a, b) in zip(decoded, whole) { largest = max(largest, relativeDifference(a, b)) }
                #expect(largest < 0.1, "\(streams) streams")
                #expect(largest > 1e-5, "the weights were not quantised")
            }
        }
    }

    @Test func int8IsRefusedWhereNoLoopServesIt() throws {
        let model = try LanguageModel(
            Checkpoint.open(TinyModel.root + "/llama/model"), TinyModel.tokenizer(), device: .cpu, dtype: .float64, quantization: .int8)
        let error = #expect(throws: QuantizationError.self) { try Decoder(model: model, slots: 1) }
        #expect("\(try #require(error))".contains("leave --quantization out"))
    }
}

@Suite(.enabled(if: smolLM2Path != nil, "needs SmolLM2: run scripts/setup"))
struct SmolLM2Int8Tests {
    // The file's weights stand on 4-bit and 8-bit grids, which panels hold as they are; every text alone, in pairs, and in a batch that fills tiles.
    @Test(arguments: [1, 2, 26]) func aFourBitFileDecodesInInt8AsTransformersDoesInFloat32(slots: Int) throws {
        let expected = try JSONDecoder().decode(
            SmolLM2Tests.Expected.self, from: Data(contentsOf: URL(fileURLWithPath: TinyModel.root + "/smollm2.json")))
        let model = try LanguageModel.load(#require(smolLM2Path), quantization: .int8)
        let prompts = (0..<max(slots, expected.prompts.count)).map { expected.prompts[$0 % expected.prompts.count] }
        let guides = prompts.map { _ in GreedyGuide(count: 64) }
        try Decoder(model: model, slots: slots).run(zip(prompts, guides).map { Stream(prompt: $0.ids, guide: $1) })
        for (guide, prompt) in zip(guides, prompts) { #expect(guide.tokens == prompt.continuation, "\(prompt.name)") }
    }
}
