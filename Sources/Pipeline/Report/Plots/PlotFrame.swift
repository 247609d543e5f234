import Foundation

/// The room of a plot inside its axes, in units of the drawing; every drawing is 460 wide, and as large as the page lets it be.
struct PlotFrame {
    static let width = 460.0
    let height: Double
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double

    init(height: Double, left: Double = 58, right: Double = 12, top: Double = 12, bottom: Double = 38) {
        self.height = height
        self.left = left
        self.right = Self.width - right
        self.top = top
        self.bottom = height - bottom
    }

    /// What names beside the rows of a plot take on its left, not more than leaves a plot; a bold letter is some 7 wide.
    static func room(for names: [String]) -> Double { min(max(100, 7 * Double(names.map(\.count).max() ?? 0) + 14), 0.4 * width) }

    func x(_ value: Double, _ axis: Axis) -> Double { axis.place(value, left, right) }
    func y(_ value: Double, _ axis: Axis) -> Double { axis.place(value, bottom, top) }

    /// Ticks and label of the axis below.
    func horizontal(_ axis: Axis, label: String, format: (Double) -> String = Axis.label, grid: Bool = false) -> [Markup] {
        axis.ticks.flatMap { tick -> [Markup] in
            let x = x(tick, axis)
            return (grid ? [.line(x, top, x, bottom, "grid")] : []) + [
                .line(x, bottom, x, bottom + 4, "axis"), .label(format(tick), x, bottom + 16, anchor: "middle"),
            ]
        } + [.line(left, bottom, right, bottom, "axis"), .label(label, (left + right) / 2, bottom + 32, anchor: "middle", "axis-name")]
    }

    /// Ticks, grid and label of the axis on the left; its label stands above it, where it can be read without turning the head.
    func vertical(_ axis: Axis, label: String, format: (Double) -> String = Axis.label) -> [Markup] {
        axis.ticks.flatMap { tick -> [Markup] in
            let y = y(tick, axis)
            return [.line(left, y, right, y, "grid"), .label(format(tick), left - 6, y + 4, anchor: "end")]
        } + [.label(label, 2, top - 10, anchor: "start", "axis-name")]
    }
}

/// Colour and shape by the number of a series, so that a print without colours can be read as well.
enum SeriesMark {
    static let count = 6
    static func className(_ index: Int) -> String { "s\(index % count)" }

    static func point(_ index: Int, _ x: Double, _ y: Double, size: Double = 4, title: String? = nil) -> Markup {
        let s = size
        let corners: [(Double, Double)] =
            switch index % count {
            case 1: [(-s, -s), (s, -s), (s, s), (-s, s)]
            case 2: [(0, -s * 1.35), (s * 1.35, 0), (0, s * 1.35), (-s * 1.35, 0)]
            case 3: [(0, -s * 1.2), (s * 1.2, s), (-s * 1.2, s)]
            case 4: [(0, s * 1.2), (s * 1.2, -s), (-s * 1.2, -s)]
            case 5: [(-s * 1.4, -s / 2), (s * 1.4, -s / 2), (s * 1.4, s / 2), (-s * 1.4, s / 2)]
            default: []
            }
        let tip = title.map { [Markup("title", [Markup($0)])] } ?? []
        let name = "mark \(className(index))"
        // A shape that has a tip holds it as a child, so it stands in a group.
        let shape = corners.isEmpty
            ? Markup("circle", ["class": name, "cx": .place(x), "cy": .place(y), "r": .place(s)])
            : Markup("polygon", ["class": name, "points": corners.map { "\(String.place(x + $0.0)),\(String.place(y + $0.1))" }.joined(separator: " ")])
        return tip.isEmpty ? shape : Markup("g", tip + [shape])
    }

    /// What stands before a series' name in a legend: its curve and mark, or the filling of its bars.
    static func key(_ index: Int, isBar: Bool) -> Markup {
        Markup("svg", ["class": "key", "viewBox": "0 0 30 14", "aria-hidden": "true"], isBar
            ? [.box(8, 1, 14, 12, "bar \(className(index))")] : [.line(1, 7, 29, 7, "curve \(className(index))"), point(index, 15, 7)])
    }
}

extension Markup {
    /// A drawing of the width of all drawings.
    static func drawing(_ title: String, _ description: String, height: Double, _ content: [Markup]) -> Markup {
        let room = "0 0 \(String.place(PlotFrame.width)) \(String.place(height))"
        return Markup(
            "svg", ["class": "plot", "role": "img", "aria-label": "\(title). \(description)", "viewBox": room],
            [Markup("title", [Markup(title)]), Markup("desc", [Markup(description)])] + content)
    }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String) -> Markup {
        Markup("line", ["class": name, "x1": .place(x1), "y1": .place(y1), "x2": .place(x2), "y2": .place(y2)])
    }

    static func label(_ text: String, _ x: Double, _ y: Double, anchor: String = "start", _ name: String = "tick") -> Markup {
        Markup("text", ["class": name, "x": .place(x), "y": .place(y), "text-anchor": anchor], [Markup(text)])
    }

    static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ name: String, opacity: Double = 1, title: String? = nil) -> Markup {
        let shape = Markup("rect", [
            "class": name, "x": .place(x), "y": .place(y), "width": .place(max(0, width)), "height": .place(max(0, height)),
            "fill-opacity": .place(opacity),
        ])
        return title.map { Markup("g", [Markup("title", [Markup($0)]), shape]) } ?? shape
    }
}

extension String {
    /// A coordinate, to a hundredth.
    static func place(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(format: "%.0f", rounded + 0) : String(format: "%.2f", rounded)
    }
}
