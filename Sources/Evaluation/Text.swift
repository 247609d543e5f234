import Foundation

/// Numbers and tables as a terminal shows them.
package enum Text {
    package static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    /// A difference of shares in percentage points, with its sign.
    package static func signedPoints(_ difference: Double) -> String { String(format: "%+.1f", difference * 100) }

    static func points(_ share: Double) -> String { String(format: "%.1f", share * 100) }

    package static func pValue(_ p: Double) -> String {
        p < 0.0001 ? String(format: "%.1e", p) : String(format: p < 0.01 ? "%.4f" : "%.3f", p)
    }

    package static func interval(_ proportion: Proportion) -> String {
        String(format: "%.1f – %.1f %%", proportion.lower * 100, proportion.upper * 100)
    }

    /// An interval of a difference, in percentage points.
    static func range(_ points: ClosedRange<Double>) -> String { "\(signedPoints(points.lowerBound)) to \(signedPoints(points.upperBound))" }

    static func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

    static func seconds(_ seconds: Double) -> String { String(format: seconds < 0.1 ? "%.4f s" : seconds < 10 ? "%.2f s" : "%.1f s", seconds) }

    /// Columns padded to their widest cell, the first one to the left and the others to the right.
    package static func table(_ header: [String], _ rows: [[String]]) -> String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
