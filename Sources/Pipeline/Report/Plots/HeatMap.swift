/// A value for each row and column, the darker the higher.
struct HeatMap {
    var title: String
    var description: String
    var rowNames: [String]
    var columnNames: [String]
    var columnLabel: String
    /// By row and column; nil where there is none.
    var values: [[Double?]]
    /// How a value is written.
    var format: (Double) -> String

    /// The range of the colours.
    private var range: (low: Double, high: Double) {
        let all = values.flatMap { $0 }.compactMap { $0 }.filter(\.isFinite)
        let low = all.min() ?? 0, high = all.max() ?? 1
        return (low, high > low ? high : low + 1)
    }

    var drawing: Markup {
        let cell = 18.0, (low, high) = range
        let frame = PlotFrame(height: 74 + Double(rowNames.count) * cell, left: 78, right: 4, top: 6, bottom: 68)
        let width = (frame.right - frame.left) / Double(max(1, columnNames.count))
        var parts: [Markup] = []
        for (row, name) in rowNames.enumerated() {
            let y = frame.top + Double(row) * cell
            parts.append(.label(name, frame.left - 6, y + 13, anchor: "end"))
            for (column, value) in values[row].enumerated() {
                let x = frame.left + Double(column) * width
                let tip = "\(columnLabel) \(columnNames[column]), \(name): \(value.map(format) ?? "none")"
                let opacity = value.map { Self.opacity(($0 - low) / (high - low)) }
                parts.append(.box(x, y, width - min(1, width / 8), cell - 1, opacity == nil ? "hole" : "heat", opacity: opacity ?? 1, title: tip))
            }
        }
        // As many column names as there is room for.
        let every = max(1, Int((22 / width).rounded(.up)))
        for column in stride(from: 0, to: columnNames.count, by: every) {
            parts.append(.label(columnNames[column], frame.left + (Double(column) + 0.5) * width, frame.bottom + 14, anchor: "middle"))
        }
        parts.append(.label(columnLabel, (frame.left + frame.right) / 2, frame.bottom + 30, anchor: "middle", "axis-name"))
        return .drawing(title, description, height: frame.height, parts + key(frame, low, high))
    }

    /// The scale of colours below the map.
    private func key(_ frame: PlotFrame, _ low: Double, _ high: Double) -> [Markup] {
        let y = frame.bottom + 44, steps = 8, left = frame.left + 70, width = 18.0
        var parts: [Markup] = (0..<steps).map { step in
            let share = Double(step) / Double(steps - 1)
            return .box(left + Double(step) * width, y, width, 12, "heat", opacity: Self.opacity(share))
        }
        parts.append(.label(format(low), left - 6, y + 10, anchor: "end"))
        parts.append(.label(format(high), left + Double(steps) * width + 6, y + 10))
        return parts
    }

    /// Of a place in the range of values, 0 to 1; the lowest is still seen.
    private static func opacity(_ share: Double) -> Double { 0.06 + 0.94 * share }
}
