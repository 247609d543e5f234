import ProcessorHints

/// Products of one panel of a weight (16 outputs by blocks of 32 inputs, the 16 numbers of one input after another) with a few rows, on the
/// CPU: `y[row] (+)= panel · x[row]`.
///
/// This file is compiled twice: as `PanelKernels` for vectors of eight numbers, which every processor since 2013 has, and, through a
/// symbolic link, as `WidePanelKernels` for vectors of sixteen (AVX-512). Up to 512 inputs both give the same numbers to the bit.
public enum PanelProduct {
    /// - Parameters:
    ///   - panel: `blocks` blocks of 32 inputs.
    ///   - x: rows of at least 32 · `blocks` numbers, `xStride` apart.
    ///   - sums: what the last row's inputs of each block add up to; read where weights stand on grids.
    ///   - y: 16 numbers a row, `yStride` apart.
    public typealias Function = @Sendable (
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ sums: UnsafePointer<Float>, _ rows: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) -> Void

    /// The same for two panels and tiles of `tileRows` rows, in which a number of weights is multiplied by many rows while it lies in a
    /// register: `y[row] (+)= first · x[row]`, and behind these 16 numbers `second · x[row]`.
    /// - Parameters:
    ///   - x: `tiles` tiles, each of 32 · `blocks` inputs, each of `tileRows` numbers, one a row.
    ///   - room: space for `tileRoom` numbers.
    public typealias TileFunction = @Sendable (
        _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ tiles: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool, _ room: UnsafeMutablePointer<Float>
    ) -> Void

    /// Twelve rows by 32 columns of a product over memory as it stands: `y[row][column] (+)= Σ x[row, i] · columns[i][column]`.
    /// - Parameters:
    ///   - x: number `i` of row `r` stands at `x[i · xStep + r]`, and for `lyingStrip` at `x[i · xStep + r · lyingStride]`.
    ///   - columns: 32 numbers each, `columnStep` apart.
    ///   - count: how many numbers `i`.
    public typealias StripFunction = @Sendable (
        _ x: UnsafePointer<Float>, _ xStep: Int, _ columns: UnsafePointer<Float>, _ columnStep: Int, _ count: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) -> Void
    public static let stripRows = 12
    public static let stripColumns = 32
    /// A constant, so that twelve rows need no twelve pointers.
    public static let lyingStride = 96

    /// Numbers in float32; a block takes 2,048 bytes.
    public static let float32: Function = { PanelKernel<Float32Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7, $8) }
    /// A word holds number `i` below and number `i + 8` above; a block takes 1,024 bytes.
    public static let bfloat16: Function = { PanelKernel<BFloat16Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7, $8) }
    /// 16 steps and 16 origins in float32, then 32 × 16 signed bytes: a block takes 640 bytes.
    public static let int8: Function = { PanelKernel<Int8Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7, $8) }
    /// 16 steps and 16 origins in float32, then for every eight inputs 16 words, in each of them an output's eight numbers `n` from the lowest four
    /// bits up, which stand for `1 + n / 16`: a block takes 384 bytes.
    public static let int4: Function = { PanelKernel<Int4Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7, $8) }
}

/// Sixteen neighbouring outputs, one in each lane.
typealias Lanes = SIMD16<Float>

extension Lanes {
    @inline(__always)
    init(at pointer: UnsafePointer<Float>) { self = UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func store(to pointer: UnsafeMutablePointer<Float>) { UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Lanes.self) }

    @inline(__always)
    mutating func addProduct(_ lanes: Lanes, _ factor: Float) { addProduct(lanes, Lanes(repeating: factor)) }
}

/// How the weights of a block of 32 inputs and 16 outputs are written.
protocol PanelCode {
    static var blockBytes: Int { get }
    /// Of the 16 numbers of one input.
    static var inputBytes: Int { get }
    /// For each output, how a block's numbers `n` become its weights, `origin + step · n`; nil where they are the weights.
    static func grid(_ block: UnsafeRawPointer) -> (step: Lanes, origin: Lanes)?
    /// The 16 numbers of one of the block's inputs.
    static func numbers(_ block: UnsafeRawPointer, _ input: Int) -> Lanes
}

enum Float32Code: PanelCode {
    static let blockBytes = 2_048
    static let inputBytes = 64
    @inline(__always) static func grid(_ block: UnsafeRawPointer) -> (step: Lanes, origin: Lanes)? { nil }
    @inline(__always) static func numbers(_ block: UnsafeRawPointer, _ input: Int) -> Lanes {
        (block + 64 * input).loadUnaligned(as: Lanes.self)
    }
}

enum BFloat16Code: PanelCode {
    static let blockBytes = 1_024
    static let inputBytes = 32
    @inline(__always) static func grid(_ block: UnsafeRawPointer) -> (step: Lanes, origin: Lanes)? { nil }
    @inline(__always) static func numbers(_ block: UnsafeRawPointer, _ input: Int) -> Lanes {
        let words = (block + 32 * input).loadUnaligned(as: SIMD8<UInt32>.self)
        return Lanes(
            lowHalf: unsafeBitCast(words &<< 16, to: SIMD8<Float>.self), highHalf: unsafeBitCast(words & 0xFFFF_0000, to: SIMD8<Float>.self))
    }
}

enum Int8Code: PanelCode {
    static let blockBytes = 128 + 512
    static let inputBytes = 16
    @inline(__always) static func grid(_ block: UnsafeRawPointer) -> (step: Lanes, origin: Lanes)? {
        (block.loadUnaligned(as: Lanes.self), (block + 64).loadUnaligned(as: Lanes.self))
    }
    @inline(__always) static func numbers(_ block: UnsafeRawPointer, _ input: Int) -> Lanes {
        let bytes = (block + 128 + 16 * input).assumingMemoryBound(to: Int8.self)
        var lanes = Lanes.zero
        for lane in 0..<16 { lanes[lane] = Float(bytes[lane]) }  // this loop, and no initialiser, becomes vector instructions
        return lanes
    }
}

enum Int4Code: PanelCode {
    static let blockBytes = 128 + 256
    static let inputBytes = 8
    @inline(__always) static func grid(_ block: UnsafeRawPointer) -> (step: Lanes, origin: Lanes)? { Int8Code.grid(block) }
    /// Four bits become the first behind the point of a float32 between 1 and 2, so that none has to be converted.
    @inline(__always) static func numbers(_ block: UnsafeRawPointer, _ input: Int) -> Lanes {
        let words = (block + 128 + 64 * (input / 8)).loadUnaligned(as: SIMD16<UInt32>.self)
        let place = 4 * (input % 8)
        let moved = place < 19 ? words &<< UInt32(truncatingIfNeeded: 19 - place) : words &>> UInt32(truncatingIfNeeded: place - 19)
        return unsafeBitCast(moved & 0x0078_0000 | 0x3F80_0000, to: Lanes.self)
    }
}

/// Products of one panel (16 outputs) with a few rows. The rows' sums stay in registers while the weights stream by once.
private enum PanelKernel<Code: PanelCode> {
    @inline(__always)
    static func multiply(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ sums: UnsafePointer<Float>, _ rows: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        var row = 0
        while row < rows {
            let (from, to) = (x + row * xStride, y + row * yStride)
            switch rows - row {
            case 6...:
                six(panel, blocks, from, xStride, to, yStride, adding)
                row += 6
            case 4:
                four(panel, blocks, from, xStride, to, yStride, adding)
                row += 4
            case 3, 5:
                three(panel, blocks, from, xStride, to, yStride, adding)
                row += 3
            case 2:
                two(panel, blocks, from, xStride, to, yStride, adding)
                row += 2
            default:
                one(panel, blocks, from, sums, to, adding)  // the last row
                row += 1
            }
        }
    }

    /// Asks for the memory that stands a page behind these inputs of the block, once for every line; what hardware foresees by itself ends at a page.
    @inline(__always)
    private static func foresee(_ block: UnsafeRawPointer, _ input: Int) {
        if Code.inputBytes * input % 64 >= Code.inputBytes { return }
        let ahead = block + (Code.blockBytes - 32 * Code.inputBytes) + Code.inputBytes * input + 4_096
        for line in 0..<max(1, Code.inputBytes / 64) { prefetchLine(ahead + 64 * line) }
    }

    /// The same for what stands before a block's numbers.
    @inline(__always)
    private static func foreseeGrid(_ block: UnsafeRawPointer) {
        for line in 0..<(Code.blockBytes - 32 * Code.inputBytes) / 64 { prefetchLine(block + 4_096 + 64 * line) }
    }

    @inline(__always)
    private static func finish(_ sum: Lanes, _ y: UnsafeMutablePointer<Float>, _ adding: Bool) {
        (adding ? Lanes(at: y) + sum : sum).store(to: y)
    }

    /// Two sums side by side, because an addition waits four cycles for the one before it; with four of them the compiler no longer turns
    /// bytes into vectors of sixteen.
    @inline(never)
    private static func one(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ sums: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        _ adding: Bool
    ) {
        var sum = Lanes.zero
        var (a, b) = (Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes, x = x + 32 * number
            foreseeGrid(block)
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    foresee(block, input)
                    if input % 2 == 0 { a.addProduct(Code.numbers(block, input), x[input]) } else { b.addProduct(Code.numbers(block, input), x[input]) }
                }
            }
            if let (step, origin) = Code.grid(block) {
                sum.addProduct(step, a + b)
                sum.addProduct(origin, sums[number])
                (a, b) = (Lanes.zero, Lanes.zero)
            }
        }
        finish(sum + (a + b), y, adding)
    }

    @inline(__always)
    private static func weights(_ block: UnsafeRawPointer, _ input: Int, _ grid: (step: Lanes, origin: Lanes)?) -> Lanes {
        let numbers = Code.numbers(block, input)
        if let (step, origin) = grid { return origin.addingProduct(numbers, step) }
        return numbers
    }

    @inline(never)
    private static func two(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
    ) {
        var (a, b, a2, b2) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes, x = x + 32 * number
            let grid = Code.grid(block)
            foreseeGrid(block)
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    foresee(block, input)
                    let w = weights(block, input, grid)
                    if input % 2 == 0 {
                        a.addProduct(w, x[input])
                        b.addProduct(w, x[xStride + input])
                    } else {
                        a2.addProduct(w, x[input])
                        b2.addProduct(w, x[xStride + input])
                    }
                }
            }
        }
        finish(a + a2, y, adding)
        finish(b + b2, y + yStride, adding)
    }

    @inline(never)
    private static func three(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
    ) {
        var (a, b, c) = (Lanes.zero, Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes, x = x + 32 * number
            let grid = Code.grid(block)
            foreseeGrid(block)
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    foresee(block, input)
                    let w = weights(block, input, grid)
                    a.addProduct(w, x[input])
                    b.addProduct(w, x[xStride + input])
                    c.addProduct(w, x[2 * xStride + input])
                }
            }
        }
        finish(a, y, adding)
        finish(b, y + yStride, adding)
        finish(c, y + 2 * yStride, adding)
    }

    @inline(never)
    private static func four(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
    ) {
        var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes, x = x + 32 * number
            let grid = Code.grid(block)
            foreseeGrid(block)
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    foresee(block, input)
                    let w = weights(block, input, grid)
                    a.addProduct(w, x[input])
                    b.addProduct(w, x[xStride + input])
                    c.addProduct(w, x[2 * xStride + input])
                    d.addProduct(w, x[3 * xStride + input])
                }
            }
        }
        finish(a, y, adding)
        finish(b, y + yStride, adding)
        finish(c, y + 2 * yStride, adding)
        finish(d, y + 3 * yStride, adding)
    }

    /// Twelve of the sixteen vector registers that AVX2 has hold sums.
    @inline(never)
    private static func six(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
    ) {
        var (a, b, c, d, e, f) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes, x = x + 32 * number
            let grid = Code.grid(block)
            foreseeGrid(block)
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    foresee(block, input)
                    let w = weights(block, input, grid)
                    a.addProduct(w, x[input])
                    b.addProduct(w, x[xStride + input])
                    c.addProduct(w, x[2 * xStride + input])
                    d.addProduct(w, x[3 * xStride + input])
                    e.addProduct(w, x[4 * xStride + input])
                    f.addProduct(w, x[5 * xStride + input])
                }
            }
        }
        finish(a, y, adding)
        finish(b, y + yStride, adding)
        finish(c, y + 2 * yStride, adding)
        finish(d, y + 3 * yStride, adding)
        finish(e, y + 4 * yStride, adding)
        finish(f, y + 5 * yStride, adding)
    }
}
