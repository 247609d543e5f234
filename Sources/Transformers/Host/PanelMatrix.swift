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

/// Writes one panel from rows of a plain weight.
private struct PanelWriter {
    /// The first of `outputs` rows.
    let start: UnsafeRawPointer
    let type: DType
    let inputs: Int
    let outputs: Int

    /// - Returns: whether no weight became another one, as far as `format` is asked that.
    func write(_ format: PanelMatrix.Format, _ blocks: Int, to target: UnsafeMutableRawPointer) -> Bool {
        if format == .float32 {
            gather(blocks, target.assumingMemoryBound(to: Float.self))
            return true
        }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 512 * blocks) { all in
            gather(blocks, all.baseAddress!)
            var isExact = true
            for block in 0..<blocks {
                let values = all.baseAddress! + 512 * block, target = target + block * format.blockBytes
                switch format {
                case .int8: Self.quantise(values, target)
                case .int4: isExact = Self.quantiseToFourBits(values, target) && isExact
                case .bfloat16, .float32: for input in 0..<32 { Lanes(at: values + 16 * input).storeBFloat16(to: target + 32 * input) }
                }
            }
            return isExact
        }
    }

    /// [output][input] → [input][output]
    private func gather(_ blocks: Int, _ values: UnsafeMutablePointer<Float>) {
        if inputs < 32 * blocks || outputs < 16 { values.update(repeating: 0, count: 512 * blocks) }
        for output in 0..<outputs {
            if type == .float32 {
                let row = (start + output * inputs * 4).assumingMemoryBound(to: Float.self)
                for input in 0..<inputs { values[16 * input + output] = row[input] }
            } else {
                let row = (start + output * inputs * 2).assumingMemoryBound(to: UInt16.self)
                for input in 0..<inputs { values[16 * input + output] = Float(bitPattern: UInt32(row[input]) << 16) }
            }
        }
    }

    /// Numbers of steps between a block's least and greatest weight. Of bytes those that hold whole multiples of 15, 14 … 1: a 4-bit file's weights
    /// of a block stand on so many steps, and then on a grid of these too; of four bits 15 to 8, of which each smaller number has a multiple.
    private static let byteCounts: [Float] = [255, 252, 253, 250, 248, 247], fourBitCounts: [Float] = [15, 14, 13, 12, 11, 10, 9, 8]

    /// For each output of a block the even grid with the smallest squared error.
    private struct Grid {
        var step: Lanes
        var origin: Lanes
        private var error: Lanes
        private let nothing: Lanes

        /// Whether all weights stand on it, but for rounding.
        var fits: Bool { all(error .<= nothing) }

        /// Of grids from the least to the greatest weight with so many steps.
        /// - Parameter isCentred: whether an even grid around zero, of 255 steps, is another candidate.
        init(_ values: UnsafePointer<Float>, _ counts: [Float], isCentred: Bool) {
            var least = Lanes(at: values), greatest = Lanes(at: values), unknown = Lanes.zero
            for input in 0..<32 {
                let lanes = Lanes(at: values + 16 * input)
                least = least.replacing(with: lanes, where: lanes .< least)
                greatest = greatest.replacing(with: lanes, where: lanes .> greatest)
                unknown += lanes * 0
            }
            let largest = greatest.replacing(with: -least, where: -least .> greatest)
            nothing = largest * largest * 1e-11
            step = isCentred ? largest / 127 : (greatest - least) / counts[0]
            origin = isCentred ? largest / 127 * -128 : least
            error = squaredError(values, step, origin)
            for count in isCentred ? counts[...] : counts.dropFirst() where any(error .> nothing) {
                let other = (greatest - least) / count
                let otherError = squaredError(values, other, least)
                let better = otherError .< error
                step = step.replacing(with: other, where: better)
                origin = origin.replacing(with: least, where: better)
                error = error.replacing(with: otherError, where: better)
            }
            // A weight that is no number, or without bound, leaves none of its block's: it must not come back as an ordinary one.
            origin += unknown
            error += unknown
        }
    }

    /// - Returns: whether all weights stand on sixteen even values.
    private static func quantiseToFourBits(_ values: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) -> Bool {
        let grid = Grid(values, fourBitCounts, isCentred: false)
        // Number `n` stands there as 1 + n / 16.
        (16 * grid.step).store(to: target.assumingMemoryBound(to: Float.self))
        (grid.origin - 16 * grid.step).store(to: (target + 64).assumingMemoryBound(to: Float.self))
        let factor = inverse(grid.step)
        for group in 0..<4 {
            var words = SIMD16<UInt32>.zero
            for number in 0..<8 {
                let rounded = (Lanes(at: values + 16 * (8 * group + number)) - grid.origin) * factor + 12_582_912
                words |= (unsafeBitCast(rounded, to: SIMD16<UInt32>.self) & 15) &<< UInt32(4 * number)
            }
            (target + 128 + 64 * group).storeBytes(of: words, as: SIMD16<UInt32>.self)
        }
        return grid.fits
    }

    private static func quantise(_ values: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) {
        let grid = Grid(values, byteCounts, isCentred: true)
        grid.step.store(to: target.assumingMemoryBound(to: Float.self))
        (grid.origin + 128 * grid.step).store(to: (target + 64).assumingMemoryBound(to: Float.self))
        let factor = inverse(grid.step), bytes = (target + 128).assumingMemoryBound(to: Int8.self)
        for input in 0..<32 {
            // Adding 1.5 · 2²³ leaves the rounded number in the last bits.
            let rounded = unsafeBitCast((Lanes(at: values + 16 * input) - grid.origin) * factor + 12_582_912, to: SIMD16<UInt32>.self) &- 128
            for lane in 0..<16 { bytes[16 * input + lane] = Int8(truncatingIfNeeded: rounded[lane]) }
        }
    }

    @inline(__always)
    private static func inverse(_ step: Lanes) -> Lanes { (1 / step).replacing(with: 0, where: step .== 0) }

    @inline(__always)
    private static func squaredError(_ values: UnsafePointer<Float>, _ step: Lanes, _ origin: Lanes) -> Lanes {
        let factor = inverse(step)
        var sum = Lanes.zero
        for input in 0..<32 {
            let value = Lanes(at: values + 16 * input)
            let number = (value - origin) * factor + 12_582_912 - 12_582_912
            let difference = value - origin.addingProduct(number, step)
            sum.addProduct(difference, difference)
        }
        return sum
    }
}
