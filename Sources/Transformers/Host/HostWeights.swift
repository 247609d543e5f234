import Checkpoints
import Torch

/// The weights of a `HostPass`: every block's maps in panels, an adapter folded in or, in int8, beside them.
struct HostWeights {
    struct Block {
        let inputNorm, outputNorm: [Float]
        let queryNorm, keyNorm: [Float]?
        /// Queries, keys and values one behind the other, each filled up to whole panels; gate and up panel by panel.
        var queryKeyValue, output, gateUp, down: HostMap

        var maps: [HostMap] { [queryKeyValue, output, gateUp, down] }
    }

    private(set) var blocks: [Block]
    let finalNorm: [Float]
    let head: HostMap
    /// The same maps for the path over libtorch, which takes prompts.
    let blocksForPrompts: [DecoderBlock]
    let headForPrompts: Linear

    /// - Parameters:
    ///   - adapter: folded into the weights (`W + s · B A`).
    ///   - format: of the panels; in int8 those of weights that stand on sixteen even values take four bits.
    ///   - manyRows: whether products with more than a few rows will come; see `HostMap.packed`.
    init(_ model: LanguageModel, folding adapter: Adapter?, _ format: PanelMatrix.Format, manyRows: Bool) throws {
        let configuration = model.configuration
        let packs = manyRows && format == .bfloat16 && Libtorch.prefersOneDNN
        func map(_ weights: [Tensor], _ biases: [Tensor?] = [nil], interleaved: Bool = false) throws -> HostMap {
            let widths = weights.map { $0.shape[0] }, padded = widths.map(PanelMatrix.paddedOutputs)
            var bias: [Float]?
            if biases.contains(where: { $0 != nil }) {
                bias = try zip(padded, biases).flatMap { width, bias in
                    let values = try bias?.floats() ?? []
                    return values + [Float](repeating: 0, count: width - values.count)
                }
            }
            return HostMap(
                panels: try format == .int8
                    ? .quantised(weights, interleaved: interleaved) : PanelMatrix(weights, interleaved: interleaved, format: format),
                outputs: weights.count == 1 ? widths[0] : padded.reduce(0, +), bias: bias,
                packed: packs && widths == padded ? try? PackedMatrix(Tensor.concatenated(weights), rows: 16) : nil)
        }

        var own: [Block] = [], prompts: [DecoderBlock] = []
        for (layer, block) in model.blocks.enumerated() {
            let weights = block.weights
            func weight(_ projection: Projection) throws -> Tensor {
                let linear = weights[projection]
                guard let pair = adapter?.layers[layer][projection] else { return try linear.weight(model.dtype) }
                return try pair.b.multiplied(by: pair.scale).linear(pair.a.transposed(), residual: linear.weight(.float32).to(dtype: .float32))
            }
            func maps(_ projections: Projection..., interleaved: Bool = false) throws -> HostMap {
                try map(projections.map(weight), projections.map { weights[$0].bias }, interleaved: interleaved)
            }
            let one = Block(
                inputNorm: try weights.inputNorm.floats(), outputNorm: try weights.outputNorm.floats(),
                queryNorm: try weights.queryNorm?.floats(), keyNorm: try weights.keyNorm?.floats(),
                queryKeyValue: try maps(.query, .key, .value), output: try maps(.output), gateUp: try maps(.gate, .up, interleaved: true),
                down: try maps(.down))
            own.append(one)
            prompts.append(try DecoderBlock(configuration: configuration, weights: Self.prompts(one, weights, configuration)))
        }
        blocks = own
        blocksForPrompts = prompts
        finalNorm = try model.finalNorm.floats()
        head = try map([model.head.weight(model.dtype)])
        headForPrompts = Linear(
            PanelMap(matrix: head.panels, start: 0, step: 1, inputs: configuration.hiddenSize, outputs: configuration.vocabularySize))
    }

    /// The same weights, not copied, with an adapter beside them in the loops for few rows; the blocks for prompts take it as it is.
    /// - Parameter format: of the adapter's factors.
    func adding(_ adapter: Adapter, _ configuration: ModelConfiguration, _ format: PanelMatrix.Format) throws -> HostWeights {
        var copy = self
        for (layer, factors) in adapter.layers.enumerated() {
            func add(to map: inout HostMap, _ projections: Projection..., interleaved: Bool = false) throws {
                let shapes = projections.map { projection in
                    let (inputs, outputs) = projection.size(in: configuration)
                    return [outputs, inputs]
                }
                map.addition = try HostAddition(
                    projections.map { factors[$0] }, shapes: shapes, interleaved: interleaved, format: format)
                if map.addition != nil { map.packed = nil }  // oneDNN's way knows no addition
            }
            try add(to: &copy.blocks[layer].queryKeyValue, .query, .key, .value)
            try add(to: &copy.blocks[layer].output, .output)
            try add(to: &copy.blocks[layer].gateUp, .gate, .up, interleaved: true)
            try add(to: &copy.blocks[layer].down, .down)
        }
        return copy
    }

    /// A block whose linear maps are those of `block`.
    private static func prompts(_ block: Block, _ weights: BlockWeights, _ configuration: ModelConfiguration) throws -> BlockWeights {
        var start = 0
        var maps = weights
        for projection in Projection.allCases {
            let (inputs, outputs) = projection.size(in: configuration)
            let (map, first, step) = switch projection {
            case .query, .key, .value: (block.queryKeyValue, start, 1)
            case .output: (block.output, 0, 1)
            case .gate: (block.gateUp, 0, 2)
            case .up: (block.gateUp, 1, 2)
            case .down: (block.down, 0, 1)
            }
            if [.query, .key, .value].contains(projection) { start += PanelMatrix.paddedOutputs(outputs) / 16 }
            maps.projections[projection] = Linear(
                PanelMap(matrix: map.panels, start: first, step: step, inputs: inputs, outputs: outputs), bias: weights[projection].bias)
        }
        return maps
    }
}
