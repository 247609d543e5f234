import Checkpoints
import Foundation
import Torch

/// A whole forward pass for few rows as loops over raw memory, spread over libtorch's threads.
///
/// With one row a decoder is memory that streams by: all weights are read once for a token and hardly anything is computed. Operators
/// of libtorch read fp32 weights at a third of what the memory gives and cost some microseconds each, 25 of them a block. Here a block is
/// five loops. Attention reads the same cache as the path over libtorch, so both can take turns on one stream.
final class HostPass {
    /// One new token of a stream.
    struct Row {
        let token: Int
        let slot: Int
        let position: Int
    }

    private struct Block {
        let inputNorm, outputNorm: [Float]
        let queryNorm, keyNorm: [Float]?
        /// Queries, keys and values one behind the other; gate and up panel by panel.
        let queryKeyValue, output, gateUp, down: PanelMatrix
        /// Of `queryKeyValue`, in its padded order.
        let bias: [Float]?
        let outputBias: [Float]?
    }

    /// The same maps for the path over libtorch, which takes prompts; an adapter is folded into them.
    let blocksForPrompts: [DecoderBlock]
    let headForPrompts: Linear

    private let model: LanguageModel
    private let configuration: ModelConfiguration
    private let blocks: [Block]
    private let finalNorm: [Float]
    private let head: PanelMatrix
    private let frequencies: [Float]

    /// - Parameter adapter: folded into the weights (`W + s · B A`) before they are written in `format`.
    init(_ model: LanguageModel, _ adapter: Adapter?, _ format: PanelMatrix.Format) throws {
        self.model = model
        let configuration = model.configuration
        self.configuration = configuration
        frequencies = configuration.rotaryFrequencies()
        finalNorm = try model.finalNorm.floats()
        head = try PanelMatrix([model.head], format: format)
        headForPrompts = Linear(PanelMap(matrix: head, start: 0, step: 1, inputs: configuration.hiddenSize, outputs: configuration.vocabularySize))

        var own: [Block] = [], prompts: [DecoderBlock] = []
        for (layer, block) in model.blocks.enumerated() {
            let weights = block.weights
            func folded(_ projection: Projection) throws -> Tensor {
                let linear = weights[projection]
                guard let pair = adapter?.layers[layer][projection] else { return linear.weight }
                return try pair.b.multiplied(by: pair.scale).linear(pair.a.transposed(), bias: linear.weight.to(dtype: .float32))
            }
            let queries = [Projection.query, .key, .value]
            let one = Block(
                inputNorm: try weights.inputNorm.floats(), outputNorm: try weights.outputNorm.floats(),
                queryNorm: try weights.queryNorm?.floats(), keyNorm: try weights.keyNorm?.floats(),
                queryKeyValue: try PanelMatrix(queries.map(folded), format: format), output: try PanelMatrix([folded(.output)], format: format),
                gateUp: try PanelMatrix([folded(.gate), folded(.up)], interleaved: true, format: format),
                down: try PanelMatrix([folded(.down)], format: format),
                bias: try Self.bias(queries.map { weights[$0] }), outputBias: try Self.bias([weights[.output]]))
            own.append(one)

            var start = 0
            var maps = weights
            for projection in Projection.allCases {
                let (inputs, outputs) = projection.size(in: configuration)
                let (matrix, first, step) = switch projection {
                case .query, .key, .value: (one.queryKeyValue, start, 1)
                case .output: (one.output, 0, 1)
                case .gate: (one.gateUp, 0, 2)
                case .up: (one.gateUp, 1, 2)
                case .down: (one.down, 0, 1)
                }
                if queries.contains(projection) { start += PanelMatrix.paddedOutputs(outputs) / 16 }
                maps.projections[projection] = Linear(
                    PanelMap(matrix: matrix, start: first, step: step, inputs: inputs, outputs: outputs), bias: weights[projection].bias)
            }
            prompts.append(DecoderBlock(configuration: configuration, weights: maps))
        }
        blocks = own
        blocksForPrompts = prompts
    }

    private static func bias(_ maps: [Linear]) throws -> [Float]? {
        if maps.allSatisfy({ $0.bias == nil }) { return nil }
        return try maps.flatMap { map in
            let values = try map.bias!.floats()
            return values + [Float](repeating: 0, count: PanelMatrix.paddedOutputs(values.count) - values.count)
        }
    }

    // MARK: The pass

    /// Computes `rows`, writes their keys and values to the cache and returns the logits of those of them that are `wanted`.
    /// The rows of one stream stand in the order of their positions, and the cache has room for them.
    func logits(_ rows: [Row], wanted: [Int], _ cache: KeyValueCache) throws -> [Float] {
        try model.dtype == .bfloat16 ? run(BFloat16.self, rows, wanted, cache) : run(Float.self, rows, wanted, cache)
    }

    private func run<Number: CacheNumber>(_: Number.Type, _ rows: [Row], _ wanted: [Int], _ cache: KeyValueCache) throws -> [Float] {
        let library = try Libtorch.open()
        let (heads, groups, size) = model.attentionShape
        let count = rows.count, half = size / 2, hidden = configuration.hiddenSize
        let epsilon = Float(configuration.normEpsilon), scale = 1 / Float(size).squareRoot()
        let keyStart = PanelMatrix.paddedOutputs(heads * size), valueStart = keyStart + PanelMatrix.paddedOutputs(groups * size)
        let intermediate = configuration.intermediateSize

        // Rows of x, its norm, queries with keys and values, mixed values, and SwiGLU's product.
        let widths = [hidden, hidden, valueStart + PanelMatrix.paddedOutputs(groups * size), heads * size, intermediate].map(PanelMatrix.paddedInputs)
        let room = UnsafeMutablePointer<Float>.allocate(capacity: count * (widths.reduce(0, +) + 2 * half))
        defer { room.deallocate() }
        room.initialize(repeating: 0, count: count * (widths.reduce(0, +) + 2 * half))
        let x = room, normal = x + count * widths[0], projected = normal + count * widths[1]
        let mixed = projected + count * widths[2], product = mixed + count * widths[3]
        let cosines = product + count * widths[4], sines = cosines + count * half

        try embed(rows, x, stride: widths[0])
        for (index, row) in rows.enumerated() {
            for pair in 0..<half {
                let angle = Double(Float(row.position) * frequencies[pair])
                cosines[index * half + pair] = Float(cos(angle))
                sines[index * half + pair] = Float(sin(angle))
            }
        }
        func norm(_ weight: [Float]) {
            for row in 0..<count { RowMath.rmsNorm(x + row * widths[0], weight, hidden, epsilon, normal + row * widths[1]) }
        }

        for (layer, block) in blocks.enumerated() {
            norm(block.inputNorm)
            library.parallel(block.queryKeyValue.panels, grain: 1) { range in
                block.queryKeyValue.multiply(
                    range, normal, xStride: widths[1], rows: count, projected, yStride: widths[2], outputs: widths[2])
                if let bias = block.bias { Self.add(bias, range, projected, stride: widths[2], rows: count) }
            }

            let (keyStore, valueStore) = cache.storage(layer: layer)
            let keys = keyStore.dataPointer.assumingMemoryBound(to: Number.self)
            let values = valueStore.dataPointer.assumingMemoryBound(to: Number.self)
            for (index, row) in rows.enumerated() {
                let start = projected + index * widths[2], place = cache.row(row.slot, row.position) * groups * size
                let (cosine, sine) = (cosines + index * half, sines + index * half)
                turn(start, heads, block.queryNorm, cosine, sine)
                turn(start + keyStart, groups, block.keyNorm, cosine, sine)
                for element in 0..<groups * size {
                    keys[place + element] = Number(rounding: start[keyStart + element])
                    values[place + element] = Number(rounding: start[valueStart + element])
                }
            }
            library.parallel(count * heads, grain: 1) { range in
                for task in range {
                    let (index, head) = task.quotientAndRemainder(dividingBy: heads)
                    let row = rows[index]
                    let offset = cache.row(row.slot, 0) * groups * size + head / (heads / groups) * size
                    HostAttention(keys: keys + offset, values: values + offset, stride: groups * size, size: size, count: row.position + 1)
                        .attend(projected + index * widths[2] + head * size, scale: scale, to: mixed + index * widths[3] + head * size)
                }
            }

            library.parallel(block.output.panels, grain: 1) { range in
                block.output.multiply(range, mixed, xStride: widths[3], rows: count, x, yStride: widths[0], outputs: hidden, adding: true)
                if let bias = block.outputBias { Self.add(bias, range, x, stride: widths[0], rows: count) }
            }
            norm(block.outputNorm)
            library.parallel(block.gateUp.panels / 2, grain: 1) { range in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: 32 * count) { pair in
                    let gates = pair.baseAddress!
                    for panel in range {
                        block.gateUp.multiply(0..<2, from: 2 * panel, normal, xStride: widths[1], rows: count, gates, yStride: 32, outputs: 32)
                        for row in 0..<count {
                            let gate = Lanes(at: gates + 32 * row), up = Lanes(at: gates + 32 * row + 16)
                            (gate.silu() * up).store(to: product + row * widths[4] + 16 * panel)
                        }
                    }
                }
            }
            library.parallel(block.down.panels, grain: 1) { range in
                block.down.multiply(range, product, xStride: widths[4], rows: count, x, yStride: widths[0], outputs: hidden, adding: true)
            }
        }

        for (place, row) in wanted.enumerated() {
            RowMath.rmsNorm(x + row * widths[0], finalNorm, hidden, epsilon, normal + place * widths[1])
        }
        let vocabulary = configuration.vocabularySize
        return [Float](unsafeUninitializedCapacity: wanted.count * vocabulary) { logits, filled in
            let start = logits.baseAddress!
            library.parallel(head.panels, grain: 1) { range in
                head.multiply(range, normal, xStride: widths[1], rows: wanted.count, start, yStride: vocabulary, outputs: vocabulary)
            }
            filled = wanted.count * vocabulary
        }
    }

    private func embed(_ rows: [Row], _ x: UnsafeMutablePointer<Float>, stride: Int) throws {
        for (index, row) in rows.enumerated() {
            guard row.token >= 0, row.token < configuration.vocabularySize else {
                throw ModelError.tokenOutside(token: row.token, vocabulary: configuration.vocabularySize)
            }
            let width = configuration.hiddenSize, target = x + index * stride
            withExtendedLifetime(model.embedding) {
                if model.embedding.dtype == .float32 {
                    target.update(from: Lane(model.embedding).start + row.token * width, count: width)
                } else {
                    let bits = model.embedding.dataPointer.assumingMemoryBound(to: BFloat16.self) + row.token * width
                    for element in 0..<width { target[element] = bits[element].single }
                }
            }
        }
    }

    /// Head norms, where the family has them, and the rotation.
    private func turn(
        _ start: UnsafeMutablePointer<Float>, _ heads: Int, _ norm: [Float]?, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>
    ) {
        let size = configuration.headSize
        for head in 0..<heads {
            let values = start + head * size
            if let norm { RowMath.rmsNorm(values, norm, size, Float(configuration.normEpsilon), values) }
            RowMath.rotate(values, cosines, sines, half: size / 2)
        }
    }

    /// Adds the bias of these panels' outputs.
    private static func add(_ bias: [Float], _ panels: Range<Int>, _ y: UnsafeMutablePointer<Float>, stride: Int, rows: Int) {
        for row in 0..<rows {
            for output in 16 * panels.lowerBound..<min(16 * panels.upperBound, bias.count) { y[row * stride + output] += bias[output] }
        }
    }
}
