import Evaluation
import Foundation
import Questions

/// Several runs beside each other; the first is what the others are held against.
struct RunComparison {
    let records: [RunRecord]
    /// The runs' folders, as short as they are still different.
    let names: [String]

    init(_ records: [RunRecord]) {
        self.records = records
        let short = records.map { ($0.folder.path as NSString).standardizingPath }.map { ($0 as NSString).lastPathComponent }
        names = Set(short).count == short.count ? short : records.map(\.folder.path)
    }

    var verdict: String {
        guard let modes = shared else { return "Not every run has measured accuracies, so their adapters cannot be compared." }
        return records.indices.dropFirst().map { index in
            guard let pair = Self.pair(modes[0], modes[index]) else {
                return "\(names[index]) was measured on other questions than \(names[0]), so a paired test is not possible."
            }
            return "On the same \(pair.first.count) held-out questions \(names[index]) against \(names[0]): \(pair.sentence)."
        }.joined(separator: " ")
    }

    var sections: [PageSection] {
        [
            PageSection(id: "accuracy", title: "Accuracy of the unified adapters", content: accuracy),
            PageSection(id: "losses", title: "Losses", content: losses),
            PageSection(id: "times", title: "Time", content: [times]),
            PageSection(id: "settings", title: "Settings that differ", content: [settings]),
        ]
    }

    /// Every run's answers in the last way of asking that all of them have.
    private var shared: [ModeAccuracy]? {
        let all = records.map { $0.accuracy.value ?? [] }
        guard let mode = all[0].last(where: { mode in all.allSatisfy { $0.contains { $0.mode == mode.mode } } })?.mode else { return nil }
        return all.compactMap { $0.first { $0.mode == mode } }
    }

    /// Both runs' unified adapters on the same questions; nil where the questions are not the same.
    private static func pair(_ first: ModeAccuracy, _ second: ModeAccuracy) -> PairedComparison? {
        func answers(_ mode: ModeAccuracy) -> [String: Bool] {
            let records = mode.domains.flatMap { $0.records.last?.records ?? [] }
            return Dictionary(records.map { ("\($0.fingerprint)/\($0.id)/\($0.answer)", $0.correct) }, uniquingKeysWith: { first, _ in first })
        }
        let left = answers(first), right = answers(second)
        guard !left.isEmpty, Set(left.keys) == Set(right.keys) else { return nil }
        return PairedComparison(left.sorted { $0.key < $1.key }.map { (first: $0.value, second: right[$0.key] ?? false) })
    }

    private var accuracy: [Markup] {
        guard let modes = shared else {
            return [.absence(records.compactMap { $0.accuracy.value == nil ? "\($0.folder.path): \($0.accuracy.reason)" : nil }.joined(separator: " "))]
        }
        var domains: [Domain] = []
        for domain in modes.flatMap({ $0.domains.map(\.domain) }) where !domains.contains(domain) { domains.append(domain) }
        let byDomain = domains.map { domain in
            (name: domain.rawValue, shares: modes.map { mode in mode.domains.first { $0.domain == domain }?.unified.second })
        } + [(name: "all", shares: modes.map { Optional(Report.overall($0).second) })]
        let plot = ForestPlot(
            title: "Unified adapters, mode \(modes[0].mode.rawValue)", description: verdict,
            groups: byDomain.map { group in
                ForestPlot.Group(name: group.name, estimates: group.shares.enumerated().compactMap { index, share in
                    share.map { RunSections.estimate(index, $0) }
                })
            },
            series: names, reference: (0.25, "chance"))
        let figure = Figure(
            title: plot.title, drawing: plot.drawing, legend: names,
            table: PageTable("Accuracy in percent", ["domain"] + names, texts: byDomain.map { group in
                [group.name] + group.shares.map { $0.map(ReportText.proportion) ?? "" }
            }))
        let tests = records.indices.dropFirst().compactMap { index in
            Self.pair(modes[0], modes[index]).map { pair in
                ["\(names[index]) against \(names[0])", "\(pair.first.count)", String(format: "%+.1f", pair.difference * 100),
                 String(format: "%+.1f to %+.1f", pair.lower * 100, pair.upper * 100), "\(pair.onlySecond) / \(pair.onlyFirst)", Text.pValue(pair.p),
                 Finding.alone(pair).word]
            }
        }
        guard !tests.isEmpty else { return [figure.markup] }
        let header = ["", "questions", "points", "95 % interval", "gained / lost", "p (McNemar)", "verdict"]
        return [figure.markup, PageTable("Paired tests on the same questions", header, texts: tests).markup]
    }

    private var losses: [Markup] {
        var trained: [String] = []
        for name in records.flatMap({ $0.curves.map(\.name) }) where !trained.contains(name) { trained.append(name) }
        guard !trained.isEmpty else { return [.absence("None of the runs has trained an adapter yet.")] }
        return [Markup("div", ["class": "figures"], trained.map { adapter in
            let curves = records.map { record in record.curves.first { $0.name == adapter }?.steps ?? [] }
            let plot = LinePlot(
                title: "Loss of \(adapter)", description: "By step, a curve a run.", xLabel: "step", yLabel: "loss",
                series: zip(names, curves).map { name, steps in
                    LinePlot.Series(name: name, points: steps.map { LinePlot.Point(x: Double($0.step), y: $0.loss) })
                },
                xAxis: Axis(curves.flatMap { $0.map { Double($0.step) } }, includesZero: true))
            let rows = zip(names, curves).map { name, steps in
                [name, "\(steps.count)", steps.first.map { Axis.label($0.loss) } ?? "", steps.last.map { Axis.label($0.loss) } ?? "",
                 steps.map(\.loss).min().map(Axis.label) ?? ""]
            }
            return Figure(
                title: plot.title, drawing: plot.drawing, legend: names,
                table: PageTable("Loss of \(adapter)", ["run", "steps", "first", "last", "lowest"], texts: rows)).markup
        })]
    }

    private var times: Markup {
        var phases: [String] = []
        for name in records.flatMap({ $0.phases.map(\.name) }) where !phases.contains(name) { phases.append(name) }
        let seconds = phases.map { phase in (phase, records.map { $0.manifest.phases[phase]?.seconds }) }
        let totals = records.map { $0.phases.reduce(0) { $0 + $1.entry.seconds } }
        return PageTable("Time of each phase", ["phase"] + names, texts: seconds.map { phase, runs in
            [phase] + runs.map { $0.map(RunSections.duration) ?? "not done" }
        } + [["all"] + totals.map(RunSections.duration)]).markup
    }

    private var settings: Markup {
        let all = records.map(Self.settings)
        let keys = Set(all.flatMap(\.keys)).sorted().filter { key in Set(all.map { $0[key] }).count > 1 }
        guard !keys.isEmpty else { return .paragraph(["The runs have the same settings."]) }
        return PageTable("Settings that differ", ["key"] + names, keys.map { key in [.code(key)] + all.map { .code($0[key] ?? "") } }).markup
    }

    /// The recipe, or for a run without a report the settings of its phases.
    private static func settings(_ record: RunRecord) -> [String: String] {
        if let settings = record.report.value?.settings { return settings }
        return record.phases.reduce(into: [:]) { all, phase in
            for (key, value) in phase.entry.settings { all["\(phase.name): \(key)"] = value }
        }
    }
}
