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

    let weights: HostWeights
    private let model: LanguageModel
    private let configuration: ModelConfiguration
    private let frequencies: [Float]

    init(_ model: LanguageModel, _ weights: HostWeights) {
        self.model = model
        self.weights = weights
        configuration = model.configuration
        frequencies = configuration.rotaryFrequencies()
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

        // x, its norm, queries with keys and values, mixed values, SwiGLU's product, cosines, sines
        let widths = [hidden, hidden, valueStart + PanelMatrix.paddedOutputs(groups * size), heads * size, intermediate, half, half]
            .map(PanelMatrix.paddedInputs)
        let total = count * widths.reduce(0, +)
        let room = UnsafeMutablePointer<Float>.allocate(capacity: total)
        defer { room.deallocate() }
        room.initialize(repeating: 0, count: total)  // what fills up a row of inputs stays zero
        var next = room
        let areas = widths.map { width in
            defer { next += count * width }
            return Rows(start: next, stride: width, count: count)
        }
        let (x, projected, mixed, product, cosines, sines) = (areas[0], areas[2], areas[3], areas[4], areas[5], areas[6])
        var normal = areas[1]

        try embed(rows, x)
        for (index, row) in rows.enumerated() {
            for pair in 0..<half {
                let angle = Double(Float(row.position) * frequencies[pair])
                cosines[index][pair] = Float(cos(angle))
                sines[index][pair] = Float(sin(angle))
            }
        }
        func norm(_ weight: [Float]) {
            for row in 0..<count { RowMath.rmsNorm(x[row], weight, hidden, epsilon, normal[row]) }
        }

        for (layer, block) in weights.blocks.enumerated() {
            norm(block.inputNorm)
            try block.queryKeyValue.product(normal, into: projected)

            let (keyStore, valueStore) = cache.storage(layer: layer)
            let keys = keyStore.dataPointer.assumingMemoryBound(to: Number.self)
            let values = valueStore.dataPointer.assumingMemoryBound(to: Number.self)
            for (index, row) in rows.enumerated() {
                let queries = projected[index], place = cache.row(row.slot, row.position) * groups * size
                turn(queries, heads, block.queryNorm, cosines[index], sines[index])
                turn(queries + keyStart, groups, block.keyNorm, cosines[index], sines[index])
                for element in 0..<groups * size {
                    keys[place + element] = Number(rounding: queries[keyStart + element])
                    values[place + element] = Number(rounding: queries[valueStart + element])
                }
            }
            library.parallel(count * heads, grain: 1) { range in
                for task in range {
                    let (index, head) = task.quotientAndRemainder(dividingBy: heads)
                    let row = rows[index]
                    let offset = cache.row(row.slot, 0) * groups * size + head / (heads / groups) * size
                    HostQueryAttention(keys: keys + offset, values: values + offset, stride: groups * size, size: size, count: row.position + 1)
                        .attend(projected[index] + head * size, scale: scale, to: mixed[index] + head * size)
                }
            }

            try block.output.product(mixed, into: x, adding: true)
            norm(block.outputNorm)
            try block.gateUp.gated(normal, into: product)
            try block.down.product(product, into: x, adding: true)
        }

        for (place, row) in wanted.enumerated() { RowMath.rmsNorm(x[row], weights.finalNorm, hidden, epsilon, normal[place]) }
        normal.count = wanted.count
        let vocabulary = configuration.vocabularySize
        return try [Float](unsafeUninitializedCapacity: wanted.count * vocabulary) { logits, filled in
            try weights.head.product(normal, into: Rows(start: logits.baseAddress!, stride: vocabulary, count: wanted.count))
            filled = wanted.count * vocabulary
        }
    }

    private func embed(_ rows: [Row], _ x: Rows) throws {
        let width = configuration.hiddenSize
        try model.embed(rows.map(\.token)).to(dtype: .float32).withElements(Float.self) { elements in
            for index in rows.indices { x[index].update(from: elements.baseAddress! + index * width, count: width) }
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
}
