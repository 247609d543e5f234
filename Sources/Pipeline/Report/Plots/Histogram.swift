/// How often values fall where, with the limits they must keep.
struct Histogram {
    var title: String
    var description: String
    var xLabel: String
    var yLabel: String
    var values: [Double]
    /// Upright lines with a word to each.
    var limits: [(value: Double, text: String)] = []
    /// A range that is hoped for.
    var hope: (from: Double, to: Double)?

    struct Bin: Equatable {
        /// At least `from` and below `to`; the last holds `to` as well.
        var from: Double
        var to: Double
        var count: Int
    }

    private var axis: Axis { Axis(values + limits.map { $0.value * 1.04 } + (hope.map { [$0.to] } ?? []), includesZero: true) }

    /// Four to a tick of the axis.
    var bins: [Bin] {
        let axis = axis, count = 4 * (axis.ticks.count - 1), width = (axis.upper - axis.lower) / Double(count)
        var counts = [Int](repeating: 0, count: count)
        for value in values where value.isFinite { counts[min(count - 1, max(0, Int((value - axis.lower) / width)))] += 1 }
        return counts.enumerated().map { Bin(from: axis.lower + Double($0) * width, to: axis.lower + Double($0 + 1) * width, count: $1) }
    }

    var drawing: Markup {
        let axis = axis, bins = bins
        let most = Double(max(1, bins.map(\.count).max() ?? 1))
        let frame = PlotFrame(height: 210, top: 40)
        let up = Axis(from: 0, to: most, step: max(1, (most / 4).rounded(.up)))
        var parts: [Markup] = []
        if let hope {
            let (from, to) = (frame.x(hope.from, axis), frame.x(hope.to, axis))
            parts.append(.box(from, frame.top, to - from, frame.bottom - frame.top, "hope", title: "hoped for"))
        }
        parts += frame.vertical(up, label: yLabel)
        for bin in bins where bin.count > 0 {
            let (from, to) = (frame.x(bin.from, axis), frame.x(bin.to, axis)), y = frame.y(Double(bin.count), up)
            let tip = "\(Axis.label(bin.from)) to \(Axis.label(bin.to)): \(bin.count)"
            parts.append(.box(from + 0.5, y, to - from - 1, frame.bottom - y, "bar s0", title: tip))
        }
        parts += frame.horizontal(axis, label: xLabel)
        for limit in limits {
            let x = frame.x(limit.value, axis)
            parts += [.line(x, frame.top - 6, x, frame.bottom, "limit"), .label(limit.text, x, frame.top - 10, anchor: "end", "limit-name")]
        }
        return .drawing(title, description, height: frame.height, parts)
    }
}
