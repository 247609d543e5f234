/// Curves over one axis: losses, rates, probes, reliability.
struct LinePlot {
    struct Point: Equatable {
        var x: Double
        var y: Double
        /// Of the interval around `y`, where there is one.
        var lower: Double?
        var upper: Double?
    }

    struct Series {
        var name: String
        var points: [Point]
    }

    var title: String
    var description: String
    var xLabel: String
    var yLabel: String
    var series: [Series]
    var xAxis: Axis?
    var yAxis: Axis?
    /// Whether each point is marked.
    var hasMarks = false
    /// The line where y is x.
    var hasDiagonal = false
    /// Upright lines with a word to each.
    var events: [(x: Double, text: String)] = []

    /// More points than this are drawn as the means of neighbours.
    static let mostPoints = 300

    var drawing: Markup {
        let shown = series.map { Self.thinned($0.points.filter { $0.x.isFinite && $0.y.isFinite }) }
        let all = shown.flatMap { $0 }
        let frame = PlotFrame(height: 230, top: 26)
        let xAxis = self.xAxis ?? Axis(all.map(\.x))
        let yAxis = self.yAxis ?? Axis(all.map(\.y))
        var parts = frame.vertical(yAxis, label: yLabel) + frame.horizontal(xAxis, label: xLabel)
        if hasDiagonal {
            parts.append(.line(frame.x(xAxis.lower, xAxis), frame.y(xAxis.lower, yAxis), frame.x(xAxis.upper, xAxis), frame.y(xAxis.upper, yAxis), "reference"))
        }
        for event in events {
            let x = frame.x(event.x, xAxis)
            parts += [.line(x, frame.top, x, frame.bottom, "limit"), .label(event.text, x + 4, frame.top + 10, "limit-name")]
        }
        for (index, points) in shown.enumerated() {
            let places = points.map { (x: frame.x($0.x, xAxis), y: frame.y($0.y, yAxis)) }
            if points.count > 1 {
                parts.append(Markup("polyline", [
                    "class": "curve \(SeriesMark.className(index))",
                    "points": places.map { "\(String.place($0.x)),\(String.place($0.y))" }.joined(separator: " "),
                ]))
            }
            for (point, place) in zip(points, places) {
                if let lower = point.lower, let upper = point.upper {
                    parts.append(.line(place.x, frame.y(lower, yAxis), place.x, frame.y(upper, yAxis), "whisker \(SeriesMark.className(index))"))
                }
                if hasMarks || points.count == 1 {
                    let tip = "\(series[index].name): \(Axis.label(point.x)), \(Axis.label(point.y))"
                    parts.append(SeriesMark.point(index, place.x, place.y, size: 3, title: tip))
                }
            }
        }
        return .drawing(title, description, height: frame.height, parts)
    }

    /// Neighbours averaged until no more than `mostPoints` are left.
    static func thinned(_ points: [Point]) -> [Point] {
        guard points.count > mostPoints else { return points }
        return (0..<mostPoints).map { bucket in
            let part = points[bucket * points.count / mostPoints..<(bucket + 1) * points.count / mostPoints]
            let count = Double(part.count)
            return Point(x: part.reduce(0) { $0 + $1.x } / count, y: part.reduce(0) { $0 + $1.y } / count)
        }
    }
}
