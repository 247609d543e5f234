/// Shares with their intervals, in groups: who is how good at what.
struct ForestPlot {
    struct Estimate {
        /// Which series, counted from 0.
        var series: Int
        /// All three between 0 and 1.
        var value: Double
        var lower: Double
        var upper: Double
        /// What stands at the right: the value and the verdict.
        var note: String
    }

    struct Group {
        var name: String
        var estimates: [Estimate]
    }

    var title: String
    var description: String
    var groups: [Group]
    var series: [String]
    /// An upright line to compare with, such as chance.
    var reference: (value: Double, text: String)?

    var drawing: Markup {
        let row = 18.0, gap = 12.0
        let rows = groups.reduce(0) { $0 + $1.estimates.count }
        let frame = PlotFrame(
            height: 64 + Double(rows) * row + Double(groups.count) * gap, left: PlotFrame.room(for: groups.map(\.name)), right: 140, top: 24)
        let axis = Axis(from: 0, to: 1, step: 0.25)
        var parts = frame.horizontal(axis, label: "right answers in percent", format: { Axis.label($0 * 100) }, grid: true)
        if let reference {
            let x = frame.x(reference.value, axis)
            parts += [.line(x, frame.top, x, frame.bottom, "reference"), .label(reference.text, x, frame.top - 8, anchor: "middle", "tick")]
        }
        var y = frame.top + gap / 2
        for group in groups {
            let middle = y + Double(group.estimates.count) * row / 2 + 4
            parts.append(.label(group.name, frame.left - 8, middle, anchor: "end", "name"))
            for estimate in group.estimates {
                let centre = y + row / 2, name = SeriesMark.className(estimate.series)
                let (from, to) = (frame.x(estimate.lower, axis), frame.x(estimate.upper, axis))
                parts += [
                    .line(from, centre, to, centre, "whisker \(name)"),
                    .line(from, centre - 3, from, centre + 3, "whisker \(name)"), .line(to, centre - 3, to, centre + 3, "whisker \(name)"),
                    SeriesMark.point(
                        estimate.series, frame.x(estimate.value, axis), centre,
                        title: "\(group.name), \(series[estimate.series]): \(estimate.note)"),
                    .label(estimate.note, frame.right + 8, centre + 4),
                ]
                y += row
            }
            y += gap
            if group.name != groups.last?.name { parts.append(.line(4, y - gap / 2, PlotFrame.width - 4, y - gap / 2, "grid")) }
        }
        return .drawing(title, description, height: frame.height, parts)
    }
}
