import Checkpoints
import Foundation
import Torch

/// A whole forward pass for few rows as loops over raw memory, spread over libtorch's threads.
///
/// With one row a decoder is memory that streams by: all weights are read once for a token and hardly anything is computed. Operators
/// of libtorch read fp32 weights at a third of what the memory gives and cost some microseconds each, 25 of them a block. Here a block is
/// eight steps of threads that walk through the pass together (`Crew`), with an adapter beside the weights twelve. Attention reads the
/// same cache as the path over libtorch, so both can take turns on one stream.
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
    /// Numbers that a row takes of what an adapter makes of it, in the block with the most.
    private let reducedWidth: Int
    /// Whether any product of many rows takes libtorch's threads for itself.
    private let goesThroughOneDNN: Bool

    init(_ model: LanguageModel, _ weights: HostWeights) {
        self.model = model
        self.weights = weights
        configuration = model.configuration
        frequencies = configuration.rotaryFrequencies()
        reducedWidth = weights.blocks.flatMap(\.maps).map { $0.addition?.reducedWidth ?? 0 }.max() ?? 0
        goesThroughOneDNN = weights.head.packed != nil || weights.blocks.contains { $0.maps.contains { $0.packed != nil } }
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

        // x, its norm, queries with keys and values, mixed values, SwiGLU's product, cosines, sines; an input's tiles, an adapter's part
        let padded = [hidden, hidden, valueStart + PanelMatrix.paddedOutputs(groups * size), heads * size, intermediate, half, half]
            .map(PanelMatrix.paddedInputs)
        let widths = padded + [padded.max()!, 2 * reducedWidth]
        let total = count * widths.reduce(0, +)
        let room = UnsafeMutablePointer<Float>.allocate(capacity: total)
        defer { room.deallocate() }
        room.initialize(repeating: 0, count: total)  // what fills up a row of inputs stays zero
        var next = room
        let areas = widths.map { width in
            defer { next += count * width }
            return Rows(start: next, stride: width, count: count)
        }
        let (x, normal, projected, mixed, product) = (areas[0], areas[1], areas[2], areas[3], areas[4])
        let (cosines, sines, products) = (areas[5], areas[6], ProductRoom(tiles: areas[7].start, reduced: areas[8].start))

        try embed(rows, x)
        for (index, row) in rows.enumerated() {
            for pair in 0..<half {
                let angle = Double(Float(row.position) * frequencies[pair])
                cosines[index][pair] = Float(cos(angle))
                sines[index][pair] = Float(sin(angle))
            }
        }
        let stores = weights.blocks.indices.map { layer in
            let (keys, values) = cache.storage(layer: layer)
            return (keys: keys.dataPointer.assumingMemoryBound(to: Number.self), values: values.dataPointer.assumingMemoryBound(to: Number.self))
        }

        func norm(_ rows: Int, _ weight: [Float], _ crew: Crew.Member, of source: (Int) -> Int = { $0 }) {
            crew.share(rows, grain: 8) { for row in $0 { RowMath.rmsNorm(x[source(row)], weight, hidden, epsilon, normal[row]) } }
        }
        func pass(_ crew: Crew.Member, _ logits: Rows) {
            for (layer, block) in weights.blocks.enumerated() {
                norm(count, block.inputNorm, crew)
                block.queryKeyValue.product(normal, into: projected, products, crew)

                let (keys, values) = stores[layer]
                crew.share(count, grain: 8) { range in
                    for index in range {
                        let row = rows[index], queries = projected[index], place = cache.row(row.slot, row.position) * groups * size
                        turn(queries, heads, block.queryNorm, cosines[index], sines[index])
                        turn(queries + keyStart, groups, block.keyNorm, cosines[index], sines[index])
                        for element in 0..<groups * size {
                            keys[place + element] = Number(rounding: queries[keyStart + element])
                            values[place + element] = Number(rounding: queries[valueStart + element])
                        }
                    }
                }
                crew.share(count * heads) { range in
                    for task in range {
                        let (index, head) = task.quotientAndRemainder(dividingBy: heads)
                        let row = rows[index]
                        let offset = cache.row(row.slot, 0) * groups * size + head / (heads / groups) * size
                        HostQueryAttention(keys: keys + offset, values: values + offset, stride: groups * size, size: size, count: row.position + 1)
                            .attend(projected[index] + head * size, scale: scale, to: mixed[index] + head * size)
                    }
                }

                block.output.product(mixed, into: x, adding: true, products, crew)
                norm(count, block.outputNorm, crew)
                block.gateUp.gated(normal, into: product, products, crew)
                block.down.product(product, into: x, adding: true, products, crew)
            }
            norm(wanted.count, weights.finalNorm, crew, of: { wanted[$0] })
            weights.head.product(Rows(start: normal.start, stride: normal.stride, count: wanted.count), into: logits, products, crew)
        }

        let vocabulary = configuration.vocabularySize
        return [Float](unsafeUninitializedCapacity: wanted.count * vocabulary) { logits, filled in
            let result = Rows(start: logits.baseAddress!, stride: vocabulary, count: wanted.count)
            // A thread that walks cannot lend the others to oneDNN.
            if goesThroughOneDNN, count >= HostMap.rowsForOneDNN { pass(.forking(library), result) } else { Crew.walk(library) { pass($0, result) } }
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
