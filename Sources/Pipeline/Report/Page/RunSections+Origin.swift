import Foundation

extension RunSections {
    var costs: [Markup] {
        let phases = record.phases
        guard !phases.isEmpty else { return [.absence("No phase has ended yet.")] }
        let total = phases.reduce(0) { $0 + $1.entry.seconds }
        func cells(_ name: String, _ seconds: Double) -> [String] {
            [name, Self.duration(seconds), String(format: "%.0f %%", 100 * seconds / max(total, 1e-9))]
                + (pricePerHour.map { [String(format: "%.2f", $0 * seconds / 3600)] } ?? [])
        }
        let title = "Time of each phase"
        let plot = StackedBars(
            title: title, description: "In all \(Self.duration(total)).", parts: ["seconds"],
            bars: phases.map { StackedBars.Bar(name: $0.name, counts: [Self.whole($0.entry.seconds)]) }, xLabel: "seconds")
        let tokens = record.curves.compactMap(\.summary?.tokens).reduce(0.0) { $0 + Double($1) }
        let peak = record.curves.compactMap(\.summary?.peakResidentBytes).max()
        var sentence = "The run took \(Self.duration(total))"
        if let pricePerHour { sentence += String(format: ", %.2f at %@ an hour", pricePerHour * total / 3600, ReportText.plain(pricePerHour)) }
        sentence += "."
        if tokens > 0 { sentence += String(format: " Training saw %.0f tokens.", tokens) }
        if let peak { sentence += String(format: " The most memory of the process in training was %.2f GB", Double(peak) / 1e9) }
        if peak != nil { sentence += record.report.value?.limits.trainingMemory.map { "; the plan allows \(ReportText.plain($0)) GB." } ?? "." }
        if pricePerHour == nil { sentence += " What that costs in money, retort report --price says." }
        return [
            .paragraph([Markup(sentence)]),
            Figure(
                title: title, drawing: plot.drawing,
                table: PageTable(
                    "Time of each phase", ["phase", "time", "share"] + (pricePerHour == nil ? [] : ["cost"]),
                    texts: phases.map { cells($0.name, $0.entry.seconds) } + [cells("all", total)])
            ).markup,
        ]
    }

    /// What a manifest has for a phase's time may be any number.
    private static func whole(_ seconds: Double) -> Int { Int(min(1e15, max(0, seconds.rounded()))) }

    /// "0.4 s", "3 min 20 s", "2 h 5 min".
    static func duration(_ seconds: Double) -> String {
        let whole = whole(seconds)
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        if seconds > 1e12 { return String(format: "%.3g s", seconds) }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    var recipe: [Markup] {
        if let settings = record.report.value?.settings {
            return [.details("Every setting (\(settings.count))", [Self.table("The recipe, with every default filled in", settings)])]
        }
        guard !record.phases.isEmpty else { return [.absence("No phase has ended yet.")] }
        return [.absence("The run's report.json does not hold the recipe; these are the settings of each phase.")]
            + record.phases.map { phase in
                .details("\(phase.name) (\(phase.entry.settings.count))", [Self.table("Settings of \(phase.name)", phase.entry.settings)])
            }
    }

    private static func table(_ caption: String, _ settings: [String: String]) -> Markup {
        PageTable(caption, ["key", "value"], settings.sorted { $0.key < $1.key }.map { [.code($0.key), .code($0.value)] }).markup
    }

    var provenance: [Markup] {
        let phases = record.phases
        let versions = phases.map { phase in
            [Markup(phase.name), Markup(phase.entry.version), Markup("\(phase.entry.seed)"), Markup(phase.entry.finished), .code(phase.entry.settingsHash)]
        }
        var inputs: [String: String] = [:]
        for phase in phases { inputs.merge(phase.entry.inputs) { first, _ in first } }
        let made = Set(phases.flatMap(\.entry.outputs.keys))
        let given = inputs.filter { !made.contains($0.key) }.sorted { $0.key < $1.key }
        let outputs = phases.flatMap { phase in phase.entry.outputs.sorted { $0.key < $1.key }.map { [Markup(phase.name), .code($0.key), .code($0.value)] } }
        return [
            .details("Phases (\(phases.count))", [
                PageTable("Phases", ["phase", "Retort", "seed", "finished", "SHA-256 of the settings"], versions).markup,
            ]),
            .details("What came from outside (\(given.count))", [
                PageTable("SHA-256 of what came from outside", ["file", "SHA-256"], given.map { [.code($0.key), .code($0.value)] }).markup,
            ]),
            .details("What the run made (\(outputs.count))", [PageTable("SHA-256 of what the run made", ["phase", "file", "SHA-256"], outputs).markup]),
        ]
    }
}
