import Torch

/// What an adapter adds to a `HostMap` whose own weights are to stay as they are: `y += (x Aᵀ)(s B)ᵀ`.
///
/// Quantised weights that come from a file's own grid are exact in int8; with an adapter folded in they would be rounded anew, and
/// where the adapter changes little that decides what is said.
struct HostAddition {
    /// The A of every map, one behind the other, each filled up to `width` outputs.
    private let reducing: PanelMatrix
    /// The `s B` of every map, panel for panel where the maps' own weights stand.
    private let expanding: PanelMatrix
    private let width: Int
    /// The map of each panel.
    private let maps: [Int]

    /// Nil where the adapter leaves all of the maps alone.
    /// - Parameters:
    ///   - factors: of each map.
    ///   - shapes: [out, in] of each map.
    ///   - interleaved: as the maps' own panels are.
    init?(_ factors: [LoRAFactors?], shapes: [[Int]], interleaved: Bool, format: PanelMatrix.Format) throws {
        guard let rank = factors.compactMap({ $0?.a.shape[0] }).max() else { return nil }
        let width = PanelMatrix.paddedInputs(rank)
        func filled(_ x: Tensor, _ axis: Int) throws -> Tensor {
            let missing = width - x.shape[axis]
            if missing == 0 { return x }
            var shape = x.shape
            shape[axis] = missing
            return try Tensor.concatenated([x, Tensor.zeros(shape)], axis)
        }
        reducing = try PanelMatrix(
            zip(factors, shapes).map { pair, shape in
                try pair.map { try filled($0.a.to(dtype: .float32), 0) } ?? Tensor.zeros([width, shape[1]])
            }, format: format)
        expanding = try PanelMatrix(
            zip(factors, shapes).map { pair, shape in
                try pair.map { try filled($0.b.to(dtype: .float32).multiplied(by: $0.scale), 1) } ?? Tensor.zeros([shape[0], width])
            }, interleaved: interleaved, format: format)
        self.width = width
        maps = interleaved
            ? (0..<expanding.panels).map { $0 % shapes.count }
            : shapes.indices.flatMap { map in repeatElement(map, count: PanelMatrix.paddedOutputs(shapes[map][0]) / 16) }
    }

    /// Numbers that a row of `x Aᵀ` takes, of all maps together.
    var reducedWidth: Int { 16 * reducing.panels }

    /// `x Aᵀ` of every map.
    /// - Parameter room: for twice as many numbers as the rows of all of them hold.
    func reduced(_ x: PanelInput, _ room: UnsafeMutablePointer<Float>, _ crew: Crew.Member) -> [PanelInput] {
        let stride = reducedWidth, count = x.rows.count, tiles = room + count * stride
        PanelMatrix.share(reducing.panels, crew) { range in
            reducing.foresee(range.lowerBound)
            reducing.multiply(range, x, room, yStride: stride, outputs: stride)
        }
        return (0..<stride / width).map { map in
            expanding.input(Rows(start: room + map * width, stride: stride, count: count), tiles + map * count * width, crew)
        }
    }

    /// Adds to the outputs of panels `start + panels`; the first of them stands at `y`.
    @inline(__always)
    func add(
        _ panels: Range<Int>, from start: Int = 0, _ reduced: [PanelInput], _ y: UnsafeMutablePointer<Float>, yStride: Int, outputs: Int
    ) {
        var first = panels.lowerBound
        while first < panels.upperBound {
            let map = maps[start + first]
            let end = (first..<panels.upperBound).first { maps[start + $0] != map } ?? panels.upperBound
            expanding.multiply(first..<end, from: start, reduced[map], y, yStride: yStride, outputs: outputs, adding: true)
            first = end
        }
    }
}
