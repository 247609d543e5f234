/// Parts of a whole, a bar each: what became of things.
struct StackedBars {
    struct Bar {
        var name: String
        /// In the order of `parts`.
        var counts: [Int]
    }

    var title: String
    var description: String
    /// Names of the parts.
    var parts: [String]
    var bars: [Bar]
    var xLabel: String

    var drawing: Markup {
        let row = 30.0
        let frame = PlotFrame(height: 52 + Double(bars.count) * row, left: PlotFrame.room(for: bars.map(\.name)), top: 6)
        let axis = Axis(bars.map { Double($0.counts.reduce(0, +)) }, includesZero: true)
        var shapes = frame.horizontal(axis, label: xLabel, grid: true)
        for (index, bar) in bars.enumerated() {
            let y = frame.top + Double(index) * row + 4
            shapes.append(.label(bar.name, frame.left - 8, y + 15, anchor: "end", "name"))
            var before = 0
            for (part, count) in bar.counts.enumerated() where count > 0 {
                let (from, to) = (frame.x(Double(before), axis), frame.x(Double(before + count), axis))
                shapes.append(.box(
                    from, y, to - from, row - 8, "bar \(SeriesMark.className(part))", title: "\(bar.name), \(parts[part]): \(count)"))
                if to - from > 26 { shapes.append(.label("\(count)", (from + to) / 2, y + 15, anchor: "middle", "inside")) }
                before += count
            }
        }
        return .drawing(title, description, height: frame.height, shapes)
    }
}
