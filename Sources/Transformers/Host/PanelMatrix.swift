import Groundwork
import PanelKernels
import ProcessorHints
import Synchronization
import Torch
import WidePanelKernels

/// A frozen weight laid out for products on the CPU: panels of 16 outputs, in each of them blocks of 32 inputs, in a block the 16 weights
/// of one input after another. A product reads its memory once from front to back, and no sum runs across lanes.
///
/// Several maps that read the same input can stand in one matrix, so that one pass computes all of them: each is a `PanelMap`.
/// Missing inputs and outputs are filled up with zeros.
package final class PanelMatrix {
    /// How the weights are written; see `PanelProduct`.
    package enum Format: CaseIterable {
        case float32, bfloat16
        /// Bytes on an even grid of its own for every 32 inputs of an output; the weights of 4-bit files come back as they were.
        case int8
        /// Four bits on such a grid: only for weights that all stand on sixteen even values, as those of 4-bit files do.
        case int4

        var blockBytes: Int {
            switch self {
            case .float32: 2_048
            case .bfloat16: 1_024
            case .int8: 640
            case .int4: 384
            }
        }

        /// Whether each block of an output's weights has a grid of its own.
        fileprivate var hasGrids: Bool { self == .int8 || self == .int4 }

        fileprivate func product(inWideVectors isWide: Bool) -> PanelKernels.PanelProduct.Function {
            switch self {
            case .float32: isWide ? WidePanelKernels.PanelProduct.float32 : PanelKernels.PanelProduct.float32
            case .bfloat16: isWide ? WidePanelKernels.PanelProduct.bfloat16 : PanelKernels.PanelProduct.bfloat16
            case .int8: isWide ? WidePanelKernels.PanelProduct.int8 : PanelKernels.PanelProduct.int8
            case .int4: isWide ? WidePanelKernels.PanelProduct.int4 : PanelKernels.PanelProduct.int4
            }
        }

        fileprivate func tileProduct(inWideVectors isWide: Bool) -> PanelKernels.PanelProduct.TileFunction {
            switch self {
            case .float32: isWide ? WidePanelKernels.PanelProduct.float32Tiles : PanelKernels.PanelProduct.float32Tiles
            case .bfloat16: isWide ? WidePanelKernels.PanelProduct.bfloat16Tiles : PanelKernels.PanelProduct.bfloat16Tiles
            case .int8: isWide ? WidePanelKernels.PanelProduct.int8Tiles : PanelKernels.PanelProduct.int8Tiles
            case .int4: isWide ? WidePanelKernels.PanelProduct.int4Tiles : PanelKernels.PanelProduct.int4Tiles
            }
        }
    }

    package let format: Format
    private let product: PanelKernels.PanelProduct.Function
    private let tileProduct: PanelKernels.PanelProduct.TileFunction
    private let tileRows: Int
    let blocks: Int
    let panels: Int
    private let memory: UnsafeMutableRawPointer
    /// Whether the weights came through the format unchanged, but for rounding; not asked of formats other than `int4`.
    private(set) var isExact = true
    private var panelBytes: Int { blocks * format.blockBytes }

    /// What a row of inputs must hold: numbers behind the last input are multiplied by zero, so they must be numbers.
    static func paddedInputs(_ inputs: Int) -> Int { (inputs + 31) / 32 * 32 }
    static func paddedOutputs(_ outputs: Int) -> Int { (outputs + 15) / 16 * 16 }

    /// - Parameters:
    ///   - weights: [out, in] each, all with the same inputs, float32 or bfloat16 on the CPU.
    ///   - interleaved: panel `i` of the first map, panel `i` of the second, and so on; else one map behind the other.
    ///   - inWideVectors: products go in vectors of sixteen numbers, which the processor must have.
    package init(
        _ weights: [Tensor], interleaved: Bool = false, format: Format, inWideVectors: Bool = Processor.hasWideVectors
    ) throws {
        self.format = format
        product = format.product(inWideVectors: inWideVectors)
        tileProduct = format.tileProduct(inWideVectors: inWideVectors)
        tileRows = inWideVectors ? WidePanelKernels.PanelProduct.tileRows : PanelKernels.PanelProduct.tileRows
        let inputs = weights[0].shape[1]
        precondition(weights.allSatisfy { $0.shape[1] == inputs && ($0.dtype == .float32 || $0.dtype == .bfloat16) }, "maps of one input")
        let counts = weights.map { Self.paddedOutputs($0.shape[0]) / 16 }
        blocks = Self.paddedInputs(inputs) / 32
        panels = counts.reduce(0, +)
        memory = try Self.room(panels * blocks * format.blockBytes)

        let order = interleaved
            ? (0..<counts[0]).flatMap { panel in weights.indices.map { (map: $0, panel: panel) } }
            : counts.enumerated().flatMap { map, count in (0..<count).map { (map: map, panel: $0) } }
        let sources = try weights.map { try $0.contiguous() }, isBroken = Atomic(false)
        let (memory, blocks, panelBytes) = (memory, blocks, blocks * format.blockBytes)
        try withExtendedLifetime(sources) {
            let starts = sources.map { UnsafeRawPointer($0.dataPointer) }
            try Libtorch.open().parallel(panels, grain: 1) { range in
                for number in range {
                    let source = sources[order[number].map], first = 16 * order[number].panel
                    let writer = PanelWriter(
                        start: starts[order[number].map] + first * inputs * source.dtype.size, type: source.dtype, inputs: inputs,
                        outputs: min(16, source.shape[0] - first))
                    if !writer.write(format, blocks, to: memory + number * panelBytes) { isBroken.store(true, ordering: .relaxed) }
                }
            }
        }
        isExact = !isBroken.load(ordering: .relaxed)
    }

    /// In as few bits as keep a 4- or 8-bit file's weights as they are: `int4` where all of them stand on sixteen steps, else `int8`.
    package static func quantised(_ weights: [Tensor], interleaved: Bool = false) throws -> PanelMatrix {
        // The first panel tells files of other kinds apart, without a walk through all of them.
        if let first = weights.first, try PanelMatrix([first.narrow(0, 0, min(16, first.shape[0]))], format: .int4).isExact {
            let matrix = try PanelMatrix(weights, interleaved: interleaved, format: .int4)
            if matrix.isExact { return matrix }
        }
        return try PanelMatrix(weights, interleaved: interleaved, format: .int8)
    }

    deinit { free(memory) }

    /// Large pieces come in large pages where the system has them: a walk through hundreds of megabytes needs few of them.
    private static func room(_ bytes: Int) throws -> UnsafeMutableRawPointer {
        let huge = 2 << 20
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, bytes >= huge ? huge : 64, max(bytes, 64)) == 0, let pointer else {
            throw TorchError.outOfMemory(name: "weights for decoding", arguments: [], reason: "the system gave no \(bytes) bytes")
        }
        #if os(Linux)
        if bytes >= huge { madvise(pointer, bytes, 14) }  // MADV_HUGEPAGE
        #endif
        return pointer
    }

    /// Rows of `32 · blocks` numbers, ready for products with this matrix; valid as long as `x` and `room` lie where they do.
    /// - Parameter room: for as many numbers as the rows hold.
    func input(_ x: Rows, _ room: UnsafeMutablePointer<Float>, _ crew: Crew.Member) -> PanelInput {
        let tiles = x.count / tileRows
        // Weights that must be decoded first are not worth it for one tile.
        let input = PanelInput(
            x, blocks, tiles: format == .float32 || tiles > 1 ? tiles : 0, tileRows, hasGrids: format.hasGrids, memory: room)
        crew.share(input.tiles, grain: 4, input.lay)
        return input
    }

    /// A step in which `body` is called with ranges that together are the first `count` panels of a map, in pairs as far as possible.
    static func share(_ count: Int, _ crew: Crew.Member, _ body: (Range<Int>) -> Void) {
        crew.share((count + 1) / 2) { body(2 * $0.lowerBound..<min(2 * $0.upperBound, count)) }
    }

    /// Asks for the beginning of a panel. The loops ask for memory a page ahead, so a thread's first page would come line after line.
    func foresee(_ panel: Int) {
        for line in 0..<min(64, panelBytes / 64) { prefetchLine(memory + panel * panelBytes + 64 * line) }
    }

    /// `y[row] (+)= x[row] · panelsᵀ` for panels `start`, `start + step` …; panel `i` of these writes outputs `16 i ..< 16 i + 16`.
    /// - Parameter outputs: how many of the last panel's outputs are written is what remains of these.
    func multiply(
        _ panels: Range<Int>, from start: Int = 0, step: Int = 1, _ x: PanelInput, _ y: UnsafeMutablePointer<Float>, yStride: Int, outputs: Int,
        adding: Bool = false
    ) {
        func weights(_ panel: Int) -> UnsafeRawPointer { UnsafeRawPointer(memory + (start + panel * step) * panelBytes) }
        if x.rows.count == 0 { return }
        var tiled = panels.lowerBound..<panels.lowerBound
        if x.tiles > 0 {
            let whole = min(panels.upperBound, outputs / 16)
            tiled = panels.lowerBound..<max(panels.lowerBound, whole - (whole - panels.lowerBound) % 2)
            multiply(tiled, weights, x, y, yStride, adding)
        }
        for panel in tiled.upperBound..<panels.upperBound {
            multiply(weights(panel), x.rows, x.sums, y + 16 * panel, yStride, outputs - 16 * panel, adding)
        }
    }

    /// An even number of whole panels. Few tiles at a time, so that they stay near while panels go by; the rows behind the last tile go with it.
    private func multiply(
        _ panels: Range<Int>, _ weights: (Int) -> UnsafeRawPointer, _ x: PanelInput, _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        let together = 96 / tileRows, tiled = x.tiles * tileRows, behind = x.rows.dropFirst(tiled)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: PanelKernels.PanelProduct.tileRoom) { room in
            for tile in stride(from: 0, to: x.tiles, by: together) {
                let count = min(together, x.tiles - tile), rows = y + tile * tileRows * yStride
                for panel in stride(from: panels.lowerBound, to: panels.upperBound, by: 2) {
                    tileProduct(
                        weights(panel), weights(panel + 1), blocks, x.tile(tile), count, rows + 16 * panel, yStride, adding, room.baseAddress!)
                    if behind.count > 0, tile + count == x.tiles {
                        for panel in panel..<panel + 2 {
                            product(weights(panel), blocks, behind.start, behind.stride, x.sums, behind.count, y + tiled * yStride + 16 * panel, yStride, adding)
                        }
                    }
                }
            }
        }
    }

    /// A few rows with one panel, of which `width` outputs are wanted.
    private func multiply(
        _ weights: UnsafeRawPointer, _ x: Rows, _ sums: [Float], _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ width: Int, _ adding: Bool
    ) {
        if width >= 16 { return product(weights, blocks, x.start, x.stride, sums, x.count, y, yStride, adding) }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 16 * x.count) { all in
            let part = all.baseAddress!
            product(weights, blocks, x.start, x.stride, sums, x.count, part, 16, false)
            for row in 0..<x.count {
                let target = y + row * yStride
                for lane in 0..<width { target[lane] = (adding ? target[lane] : 0) + part[16 * row + lane] }
            }
        }
    }
}

/// Rows as `PanelMatrix` multiplies them: as they stand, and, where there are enough, those of whole tiles a second time tile by tile.
struct PanelInput {
    let rows: Rows
    /// Whole ones, of the first rows.
    let tiles: Int
    private let tileRows: Int
    private let inputs: Int
    private let memory: UnsafeMutablePointer<Float>
    /// What the last row's inputs of each block add up to, where weights stand on grids.
    fileprivate let sums: [Float]

    fileprivate init(_ rows: Rows, _ blocks: Int, tiles: Int, _ tileRows: Int, hasGrids: Bool, memory: UnsafeMutablePointer<Float>) {
        self.rows = rows
        self.tiles = tiles
        self.tileRows = tileRows
        inputs = 32 * blocks
        self.memory = memory
        sums = hasGrids && rows.count > 0
            ? (0..<blocks).map { block in
                let inputs = rows[rows.count - 1] + 32 * block
                return (Lanes(at: inputs) + Lanes(at: inputs + 16)).total
            } : []
    }

    /// Writes these tiles.
    fileprivate func lay(_ tiles: Range<Int>) {
        for tile in tiles {
            for row in stride(from: 0, to: tileRows, by: 2) {
                let (a, b) = (rows[tile * tileRows + row], rows[tile * tileRows + row + 1])
                let to = UnsafeMutableRawPointer(memory + tile * inputs * tileRows + row)
                // Two numbers a store: it is stores that this waits for.
                for input in 0..<inputs { to.storeBytes(of: SIMD2(a[input], b[input]), toByteOffset: 4 * tileRows * input, as: SIMD2<Float>.self) }
            }
        }
    }

    /// From `number` on: for every input the tile's rows.
    fileprivate func tile(_ number: Int) -> UnsafePointer<Float> { UnsafePointer(memory + number * inputs * tileRows) }
}

/// One of the maps in a `PanelMatrix`.
package struct PanelMap {
    let matrix: PanelMatrix
    /// Its panels are `start`, `start + step` …
    let start: Int
    let step: Int
    let inputs: Int
    let outputs: Int

    private var panels: Int { PanelMatrix.paddedOutputs(outputs) / 16 }

    package init(matrix: PanelMatrix, start: Int, step: Int, inputs: Int, outputs: Int) {
        self.matrix = matrix
        self.start = start
        self.step = step
        self.inputs = inputs
        self.outputs = outputs
    }

    /// `x · Wᵀ + bias + residual` for any number of rows, in float32: [n, in] → [n, out].
    package func product(_ x: Tensor, bias: Tensor? = nil, residual: Tensor? = nil) throws -> Tensor {
        let rows = x.shape[0], padded = PanelMatrix.paddedInputs(inputs)
        var x = try x.to(dtype: .float32).contiguous()
        if padded != inputs { x = try Tensor.concatenated([x, Tensor.zeros([rows, padded - inputs])], 1) }
        let y = try residual?.to(dtype: .float32).copied() ?? Tensor.empty([rows, outputs])
        let adding = residual != nil
        try withExtendedLifetime((x, y)) {
            let crew = try Crew.Member.forking(.open()), to = Lane(y).start
            let room = UnsafeMutablePointer<Float>.allocate(capacity: max(1, rows * padded))
            defer { room.deallocate() }
            let input = matrix.input(Rows(start: Lane(x).start, stride: padded, count: rows), room, crew)
            PanelMatrix.share(panels, crew) { range in
                matrix.multiply(range, from: start, step: step, input, to, yStride: outputs, outputs: outputs, adding: adding)
            }
        }
        return try bias.map { try y.adding($0.to(dtype: .float32)) } ?? y
    }
}
