import Foundation

/// A linear scale with round ticks.
struct Axis: Equatable {
    let lower: Double
    let upper: Double
    let ticks: [Double]

    /// Spans `values`, widened to round numbers. Values that are not finite are left out of account; without any it spans 0...1.
    init(_ values: [Double], includesZero: Bool = false, ticks wanted: Int = 5) {
        // Beyond 1e300 a span, or a tick beside it, may be infinite.
        var finite = values.filter(\.isFinite).map { min(1e300, max(-1e300, $0)) }
        if includesZero { finite.append(0) }
        var low = finite.min() ?? 0, high = finite.max() ?? 1
        let size = max(abs(low), abs(high))
        // So near each other, or to 0, that there is no tick between them.
        if high - low <= max(1e-9 * size, 1e-300) {
            let margin = size <= 1e-300 ? 1 : size / 2
            (low, high) = (includesZero && low >= 0 ? low : low - margin, high + margin)
        }
        self.init(from: low, to: high, step: Self.step(high - low, wanted))
    }

    /// - Parameter step: between ticks; the ends move outwards to multiples of it.
    init(from low: Double, to high: Double, step: Double) {
        let first = (low / step + 1e-9).rounded(.down), last = (high / step - 1e-9).rounded(.up)
        lower = first * step
        upper = max(last, first + 1) * step
        ticks = stride(from: first, through: max(last, first + 1), by: 1).map { $0 * step }
    }

    /// 1, 2 or 5 times a power of ten.
    private static func step(_ span: Double, _ wanted: Int) -> Double {
        let rough = span / Double(max(1, wanted))
        let power = pow(10, log10(rough).rounded(.down))
        return ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10) * power
    }

    /// Where `value` lies between `start` (the lower end) and `end`; what is outside lies on the nearer end.
    func place(_ value: Double, _ start: Double, _ end: Double) -> Double {
        start + (end - start) * min(1, max(0, (value - lower) / (upper - lower)))
    }

    /// A tick as it is written: "0.25", "1500", "2e-05".
    static func label(_ value: Double) -> String {
        let text = String(format: "%.4g", value)
        return text == "-0" ? "0" : text
    }
}
