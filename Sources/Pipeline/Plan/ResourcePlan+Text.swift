import Foundation
import Groundwork

extension ResourcePlan {
    /// What `retort plan` prints.
    public var text: String {
        var lines = [headline, ""] + facts + [""] + table
        if !checks.isEmpty { lines += [""] + verdicts }
        if !assumptions.isEmpty { lines += [""] + assumptions.enumerated().map { Self.pad($0 == 0 ? "assumed" : "", 12) + $1 } }
        return lines.joined(separator: "\n")
    }

    private var headline: String {
        var text = "\(recipe) on \(device.name)"
        var details: [String] = []
        if let memory = device.memory { details.append(ByteCount.text(memory)) }
        if let peak = dtype == "float32" ? device.singlePeak : device.halfPeak {
            details.append("\(Self.number(peak / 1e12)) TFLOP/s in \(dtype), of which \(Self.number(efficiency * 100)) % are reached")
        }
        if let bandwidth = device.bandwidth { details.append("\(ByteCount.text(Int(bandwidth)))/s") }
        if !details.isEmpty { text += ": " + details.joined(separator: ", ") }
        return text
    }

    private var dtype: String { model.dtype }

    private var facts: [String] {
        func list(_ parts: [Part]) -> String { parts.map { "\($0.name) \(ByteCount.text($0.bytes))" }.joined(separator: ", ") }
        func sum(_ parts: [Part]) -> String { ByteCount.text(parts.reduce(0) { $0 + $1.bytes }) }
        let kind = quantisation.map { "\($0) and \(dtype)" } ?? dtype
        return [
            Self.pad("model", 12) + "\(AdapterSize.short(model.parameters)) parameters in \(kind), \(sum(model.weights)): \(list(model.weights))",
            Self.pad("", 12) + "shape from \(model.shapeFrom)",
            Self.pad("adapter", 12) + "\(AdapterSize.short(adapter.parameters)) parameters, rank \(adapter.rank), \(sum(adapter.state)) in training: \(list(adapter.state))",
            Self.pad("a token", 12) + "keeps \(ByteCount.text(adapter.blockBytesPerToken)) in each of \(model.layers) blocks, or \(ByteCount.text(adapter.blockInputBytesPerToken)) "
                + "where a block is computed again; cache \(ByteCount.text(model.cacheBytesPerToken))",
            Self.pad("logits", 12) + "\(ByteCount.text(adapter.logitBytes)) at most, with their gradient",
        ]
    }

    private var quantisation: String? { model.quantisation }

    private var table: [String] {
        let hasCost = pricePerHour != nil
        var rows = [["phase", "questions", "steps", "tokens", "FLOP", "time"] + (hasCost ? ["cost"] : []) + ["peak", "of which"]]
        for line in lines {
            rows.append(
                [
                    line.phase, line.questions > 0 ? Self.grouped(line.questions) : "", line.steps.map(Self.grouped) ?? "",
                    line.tokens > 0 ? Self.short(line.tokens) : "", line.operations > 0 ? Self.short(line.operations) : "",
                    line.seconds.map(Self.duration) ?? "",
                ] + (hasCost ? [line.cost.map(Self.money) ?? ""] : []) + [line.peak > 0 ? ByteCount.text(line.peak) : "", Self.composition(line, of: model.layers)])
        }
        if let seconds {
            rows.append(["together", "", "", "", "", Self.duration(seconds)] + (hasCost ? [cost.map(Self.money) ?? ""] : []) + ["", ""])
        }
        let last = rows[0].count - 1
        let widths = (0...last).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == 0 || column == last ? (column == last ? cell : Self.pad(cell, widths[column])) : String(repeating: " ", count: widths[column] - cell.count) + cell
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    /// The parts of a peak, largest first; what is under a fiftieth goes without saying.
    private static func composition(_ line: Line, of layers: Int) -> String {
        if line.memory.isEmpty || line.note != nil { return line.note ?? "" }
        // What an adapter is trained with is one thing here; its parts stand above the table.
        let state: Set = ["adapter", "gradients", "optimiser"]
        let trained = line.memory.filter { state.contains($0.name) }
        let parts = (line.memory.filter { !state.contains($0.name) || trained.count == 1 } + (trained.count > 1 ? [Part(name: "adapter's state", bytes: trained.reduce(0) { $0 + $1.bytes })] : []))
            .filter { $0.bytes * 50 >= line.peak }.sorted { $0.bytes > $1.bytes }
        var text = parts.map { "\($0.name) \(ByteCount.text($0.bytes))" }.joined(separator: ", ")
        if let whole = line.wholeBlocks, whole < layers { text += whole == 0 ? " (blocks computed again)" : " (\(layers - whole) of \(layers) blocks computed again)" }
        return text
    }

    private var verdicts: [String] {
        checks.enumerated().map { index, check in
            let need = check.isTime ? Self.duration(check.need) : ByteCount.text(Int(check.need))
            let limit = check.isTime ? Self.duration(check.limit) : ByteCount.text(Int(check.limit))
            return Self.pad(index == 0 ? "limits" : "", 12) + "\(check.holds ? "ok      " : "TOO MUCH") \(check.what): \(need) of \(limit)"
        }
    }

    // MARK: Numbers

    static func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }

    private static func number(_ value: Double) -> String { String(format: value < 9.95 ? "%.2g" : "%.0f", value) }

    /// "15,000"
    static func grouped(_ count: Int) -> String {
        var text = "", digits = String(count)
        while digits.count > 3 {
            text = "," + digits.suffix(3) + text
            digits.removeLast(3)
        }
        return digits + text
    }

    /// "9.1 M", "5.3 E"
    static func short(_ value: Double) -> String {
        let units: [(Double, String)] = [(1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        for (size, unit) in units where value >= size * 0.9995 { return String(format: value < size * 99.95 ? "%.1f %@" : "%.0f %@", value / size, unit) }
        return String(format: "%.0f", value)
    }

    /// "4.7 s", "3 min", "5.1 h"
    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<99.5: String(format: "%.1f s", seconds)
        case ..<5_970: String(format: "%.0f min", seconds / 60)
        default: String(format: "%.1f h", seconds / 3600)
        }
    }

    private static func money(_ amount: Double) -> String { String(format: "%.2f", amount) }
}
