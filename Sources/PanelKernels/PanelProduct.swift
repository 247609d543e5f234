import Prefetch

/// Products of one panel of a weight (16 outputs by blocks of 32 inputs, the 16 numbers of one input after another) with a few rows, on the
/// CPU: `y[row] (+)= panel · x[row]`.
///
/// This file is compiled twice: as `PanelKernels` for vectors of eight numbers, which every processor since 2013 has, and, through a
/// symbolic link, as `WidePanelKernels` for vectors of sixteen (AVX-512). Up to 512 inputs both give the same numbers to the bit.
public enum PanelProduct {
    /// - Parameters:
    ///   - panel: `blocks` blocks of 32 inputs.
    ///   - x: rows of at least 32 · `blocks` numbers, `xStride` apart.
    ///   - y: 16 numbers a row, `yStride` apart.
    public typealias Function = @Sendable (
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ rows: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
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
    public static let float32: Function = { PanelKernel<Float32Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7) }
    /// A word holds number `i` below and number `i + 8` above; a block takes 1,024 bytes.
    public static let bfloat16: Function = { PanelKernel<BFloat16Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7) }
    /// 16 steps and 16 origins in float32, then 32 × 16 signed bytes: a block takes 640 bytes.
    public static let int8: Function = { PanelKernel<Int8Code>.multiply($0, $1, $2, $3, $4, $5, $6, $7) }
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

    /// The sum of all sixteen, by halves.
    @inline(__always)
    fileprivate var total: Float {
        let eight = lowHalf + highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
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

/// Products of one panel (16 outputs) with a few rows. The rows' sums stay in registers while the weights stream by once.
private enum PanelKernel<Code: PanelCode> {
    @inline(__always)
    static func multiply(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ rows: Int, _ y: UnsafeMutablePointer<Float>,
        _ yStride: Int, _ adding: Bool
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
                one(panel, blocks, from, to, adding)
                row += 1
            }
        }
    }

    /// Asks for the memory that stands a page behind these inputs of the block; what hardware foresees by itself ends at a page.
    @inline(__always)
    private static func foresee(_ block: UnsafeRawPointer, _ input: Int, count: Int = 1) {
        let ahead = block + Code.inputBytes * input + 4_096
        for line in 0..<max(1, Code.inputBytes * count / 64) { prefetchLine(ahead + 64 * line) }
    }

    @inline(__always)
    private static func finish(_ sum: Lanes, _ y: UnsafeMutablePointer<Float>, _ adding: Bool) {
        (adding ? Lanes(at: y) + sum : sum).store(to: y)
    }

    /// Two sums side by side, because an addition waits four cycles for the one before it; with four of them the compiler no longer turns
    /// bytes into vectors of sixteen.
    @inline(never)
    private static func one(
        _ panel: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ adding: Bool
    ) {
        var sum = Lanes.zero
        var (a, b) = (Lanes.zero, Lanes.zero)
        for number in 0..<blocks {
            let block = panel + number * Code.blockBytes
            let first = x + 32 * number
            var x = first
            for step in 0..<16 {
                foresee(block, 2 * step, count: 2)
                a.addProduct(Code.numbers(block, 2 * step), x[0])
                b.addProduct(Code.numbers(block, 2 * step + 1), x[1])
                x += 2
            }
            if let (step, origin) = Code.grid(block) {
                sum.addProduct(step, a + b)
                sum.addProduct(origin, (Lanes(at: first) + Lanes(at: first + 16)).total)
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
            for input in stride(from: 0, to: 32, by: 2) {
                foresee(block, input, count: 2)
                let w = weights(block, input, grid), w2 = weights(block, input + 1, grid)
                a.addProduct(w, x[input])
                b.addProduct(w, x[xStride + input])
                a2.addProduct(w2, x[input + 1])
                b2.addProduct(w2, x[xStride + input + 1])
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
            let block = panel + number * Code.blockBytes
            let grid = Code.grid(block)
            var x = x + 32 * number
            for input in 0..<32 {
                foresee(block, input)
                let w = weights(block, input, grid)
                a.addProduct(w, x[0])
                b.addProduct(w, x[xStride])
                c.addProduct(w, x[2 * xStride])
                x += 1
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
            let block = panel + number * Code.blockBytes
            let grid = Code.grid(block)
            var x = x + 32 * number
            for input in 0..<32 {
                foresee(block, input)
                let w = weights(block, input, grid)
                a.addProduct(w, x[0])
                b.addProduct(w, x[xStride])
                c.addProduct(w, x[2 * xStride])
                d.addProduct(w, x[3 * xStride])
                x += 1
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
            let block = panel + number * Code.blockBytes
            let grid = Code.grid(block)
            var x = x + 32 * number
            for input in 0..<32 {
                foresee(block, input)
                let w = weights(block, input, grid)
                a.addProduct(w, x[0])
                b.addProduct(w, x[xStride])
                c.addProduct(w, x[2 * xStride])
                d.addProduct(w, x[3 * xStride])
                e.addProduct(w, x[4 * xStride])
                f.addProduct(w, x[5 * xStride])
                x += 1
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
