import ProcessorHints

/// Products of panels with many rows at once: arithmetic, where those with few rows are reading memory.
///
/// What counts is that hardly anything but multiplications is issued. The rows' inputs are laid out so that those of one tile stand side by
/// side, and weights that are not float32 become so once for all tiles.
extension PanelProduct {
    #if WIDE
    /// 24 of the 32 registers of AVX-512 hold sums: 12 rows by two panels.
    public static let tileRows = 12
    #else
    /// 12 of the 16 registers of AVX2 hold sums: 6 rows by one panel.
    public static let tileRows = 6
    #endif

    /// Blocks whose weights are computed with before the next: those of two panels fit into the processor's second cache beside some tiles.
    private static let chunk = 16
    public static let tileRoom = 2 * 512 * chunk

    public static let float32Tiles: TileFunction = { multiply(Float32Code.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
    public static let bfloat16Tiles: TileFunction = { multiply(BFloat16Code.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
    public static let int8Tiles: TileFunction = { multiply(Int8Code.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
    public static let int4Tiles: TileFunction = { multiply(Int4Code.self, $0, $1, $2, $3, $4, $5, $6, $7, $8) }

    @inline(__always)
    private static func multiply<Code: PanelCode>(
        _: Code.Type, _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ blocks: Int, _ x: UnsafePointer<Float>, _ tiles: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool, _ room: UnsafeMutablePointer<Float>
    ) {
        for start in stride(from: 0, to: blocks, by: chunk) {
            let count = min(chunk, blocks - start)
            let weights = (first: plain(Code.self, first, start, count, room), second: plain(Code.self, second, start, count, room + 512 * chunk))
            for tile in 0..<tiles {
                let (x, y) = (x + 32 * tileRows * (tile * blocks + start), y + tile * tileRows * yStride)
                if tile == 0, Code.self == Float32Code.self {
                    multiplyFirstTile(weights.first, weights.second, 32 * count, x, y, yStride, adding || start > 0)
                } else {
                    multiplyTile(weights.first, weights.second, 32 * count, x, y, yStride, adding || start > 0)
                }
            }
        }
    }

    /// Blocks of a panel in float32: where they stand, or decoded into `room`.
    @inline(__always)
    private static func plain<Code: PanelCode>(
        _: Code.Type, _ panel: UnsafeRawPointer, _ start: Int, _ count: Int, _ room: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let from = panel + start * Code.blockBytes
        if Code.self == Float32Code.self { return from.assumingMemoryBound(to: Float.self) }
        for number in 0..<count {
            let block = from + number * Code.blockBytes
            let grid = Code.grid(block)
            for line in 0..<Code.blockBytes / 64 { prefetchLine(block + 4_096 + 64 * line) }
            for eight in stride(from: 0, to: 32, by: 8) {
                for place in 0..<8 {
                    let input = eight + place
                    var lanes = Code.numbers(block, input)
                    if let (step, origin) = grid { lanes = origin.addingProduct(lanes, step) }
                    lanes.store(to: room + 512 * number + 16 * input)
                }
            }
        }
        return UnsafePointer(room)
    }

    @inline(never)
    private static func multiplyTile(
        _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ inputs: Int, _ x: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        #if WIDE
        multiplyRows(first, second, 16, inputs, x, tileRows, 1, y, yStride, adding)
        #else
        multiplyRows(first, 16, inputs, x, tileRows, 1, y, yStride, adding)
        multiplyRows(second, 16, inputs, x, tileRows, 1, y + 16, yStride, adding)
        #endif
    }

    /// The tile for which weights come out of memory: asks for them a page ahead.
    @inline(never)
    private static func multiplyFirstTile(
        _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ inputs: Int, _ x: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        #if WIDE
        multiplyRows(first, second, 16, inputs, x, tileRows, 1, y, yStride, adding, foresees: true)
        #else
        multiplyRows(first, 16, inputs, x, tileRows, 1, y, yStride, adding, foresees: true)
        multiplyRows(second, 16, inputs, x, tileRows, 1, y + 16, yStride, adding, foresees: true)
        #endif
    }

    public static let strip: StripFunction = { multiplyStrip($0, $1, $2, $3, $4, $5, $6, $7) }

    public static let lyingStrip: StripFunction = { multiplyLyingStrip($0, $1, $2, $3, $4, $5, $6, $7) }

    @inline(never)
    private static func multiplyStrip(
        _ x: UnsafePointer<Float>, _ xStep: Int, _ columns: UnsafePointer<Float>, _ columnStep: Int, _ count: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        multiplyTwelve(columns, columnStep, count, x, xStep, 1, y, yStride, adding)
    }

    @inline(never)
    private static func multiplyLyingStrip(
        _ x: UnsafePointer<Float>, _ xStep: Int, _ columns: UnsafePointer<Float>, _ columnStep: Int, _ count: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        multiplyTwelve(columns, columnStep, count, x, xStep, lyingStride, y, yStride, adding)
    }

    @inline(__always)
    private static func multiplyTwelve(
        _ columns: UnsafePointer<Float>, _ columnStep: Int, _ count: Int, _ x: UnsafePointer<Float>, _ xStep: Int, _ xStride: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool
    ) {
        #if WIDE
        multiplyRows(columns, columns + 16, columnStep, count, x, xStep, xStride, y, yStride, adding)
        #else
        for row in stride(from: 0, to: stripRows, by: tileRows) {
            multiplyRows(columns, columnStep, count, x + row * xStride, xStep, xStride, y + row * yStride, yStride, adding)
            multiplyRows(columns + 16, columnStep, count, x + row * xStride, xStep, xStride, y + row * yStride + 16, yStride, adding)
        }
        #endif
    }

    #if WIDE
    /// One row's sums for two panels.
    private struct Sums {
        private var first = Lanes.zero, second = Lanes.zero

        @inline(__always)
        mutating func add(_ a: Lanes, _ b: Lanes, _ x: Float) {
            let x = Lanes(repeating: x)
            first.addProduct(a, x)
            second.addProduct(b, x)
        }

        @inline(__always)
        func finish(_ y: UnsafeMutablePointer<Float>, _ adding: Bool) {
            (adding ? Lanes(at: y) + first : first).store(to: y)
            (adding ? Lanes(at: y + 16) + second : second).store(to: y + 16)
        }
    }

    /// Number `i` of row `r` stands at `x[i · xStep + r · xStride]`, those of a panel's 16 columns at `panel[i · panelStep]`.
    @inline(__always)
    private static func multiplyRows(
        _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ panelStep: Int, _ inputs: Int, _ x: UnsafePointer<Float>, _ xStep: Int,
        _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool, foresees: Bool = false
    ) {
        var (s0, s1, s2, s3, s4, s5) = (Sums(), Sums(), Sums(), Sums(), Sums(), Sums())
        var (s6, s7, s8, s9, s10, s11) = (Sums(), Sums(), Sums(), Sums(), Sums(), Sums())
        var (first, second, x) = (first, second, x)
        for _ in 0..<inputs {
            if foresees {
                prefetchLine(first + 1_024)
                prefetchLine(second + 1_024)
            }
            let (a, b) = (Lanes(at: first), Lanes(at: second))
            s0.add(a, b, x[0])
            s1.add(a, b, x[xStride])
            s2.add(a, b, x[2 * xStride])
            s3.add(a, b, x[3 * xStride])
            s4.add(a, b, x[4 * xStride])
            s5.add(a, b, x[5 * xStride])
            s6.add(a, b, x[6 * xStride])
            s7.add(a, b, x[7 * xStride])
            s8.add(a, b, x[8 * xStride])
            s9.add(a, b, x[9 * xStride])
            s10.add(a, b, x[10 * xStride])
            s11.add(a, b, x[11 * xStride])
            first += panelStep
            second += panelStep
            x += xStep
        }
        s0.finish(y, adding)
        s1.finish(y + yStride, adding)
        s2.finish(y + 2 * yStride, adding)
        s3.finish(y + 3 * yStride, adding)
        s4.finish(y + 4 * yStride, adding)
        s5.finish(y + 5 * yStride, adding)
        s6.finish(y + 6 * yStride, adding)
        s7.finish(y + 7 * yStride, adding)
        s8.finish(y + 8 * yStride, adding)
        s9.finish(y + 9 * yStride, adding)
        s10.finish(y + 10 * yStride, adding)
        s11.finish(y + 11 * yStride, adding)
    }
    #else
    /// Number `i` of row `r` stands at `x[i · xStep + r · xStride]`, those of the panel's 16 columns at `panel[i · panelStep]`.
    @inline(__always)
    private static func multiplyRows(
        _ panel: UnsafePointer<Float>, _ panelStep: Int, _ inputs: Int, _ x: UnsafePointer<Float>, _ xStep: Int, _ xStride: Int,
        _ y: UnsafeMutablePointer<Float>, _ yStride: Int, _ adding: Bool, foresees: Bool = false
    ) {
        var (s0, s1, s2, s3, s4, s5) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (panel, x) = (panel, x)
        for _ in 0..<inputs {
            if foresees { prefetchLine(panel + 1_024) }
            let w = Lanes(at: panel)
            s0.addProduct(w, x[0])
            s1.addProduct(w, x[xStride])
            s2.addProduct(w, x[2 * xStride])
            s3.addProduct(w, x[3 * xStride])
            s4.addProduct(w, x[4 * xStride])
            s5.addProduct(w, x[5 * xStride])
            panel += panelStep
            x += xStep
        }
        func finish(_ sum: Lanes, _ row: Int) {
            let y = y + row * yStride
            (adding ? Lanes(at: y) + sum : sum).store(to: y)
        }
        finish(s0, 0)
        finish(s1, 1)
        finish(s2, 2)
        finish(s3, 3)
        finish(s4, 4)
        finish(s5, 5)
    }
    #endif
}
