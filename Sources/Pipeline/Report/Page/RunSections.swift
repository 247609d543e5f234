import Evaluation
import Foundation

/// The sections of one run's report.
struct RunSections {
    let record: RunRecord
    let pricePerHour: Double?
    /// Keeps the places of several runs on one page apart.
    let prefix: String

    var all: [PageSection] {
        [
            section("accuracy", "Accuracy on held-out questions", accuracy), section("calibration", "Calibration", calibration),
            section("agents", "The agents under their clocks", latency), section("samples", "Samples", samples),
            section("tournament", "Tournament", tournament), section("training", "Training", training), section("probes", "Probes", probes),
            section("labels", "Labels", labels), section("merge", "Merge", merge), section("costs", "Time and cost", costs),
            section("recipe", "Recipe", recipe), section("provenance", "Versions and hashes", provenance),
        ]
    }

    private func section(_ id: String, _ title: String, _ content: [Markup]) -> PageSection {
        PageSection(id: prefix + id, title: title, content: content)
    }

    static func percent(_ share: Double?) -> String { share.map { ReportText.percent($0) } ?? "" }

    // MARK: Accuracy

    /// Who is measured: the base, the specialist, the unified adapter.
    static let measured = ["base", "specialist", "unified"]

    private var accuracy: [Markup] {
        guard let modes = record.accuracy.value else { return [.absence(record.accuracy.reason)] }
        let explanation = "Shares of right answers with 95 % intervals (Wilson). Whether a specialist or the unified adapter is better or worse "
            + "than the base on the same questions is McNemar's test at p < 0.05, corrected among the domains by Holm's method; on fewer than "
            + "\(PairedComparison.minimumQuestions) questions a difference is an indication only; \"no evidence\" is no proof that there is no difference."
        return [.paragraph([Markup(explanation)], class: "note"), Markup("div", ["class": "figures"], modes.map { figure($0).markup }), hopes]
    }

    private func figure(_ mode: ModeAccuracy) -> Figure {
        let all = Report.overall(mode), specialists = mode.findings(\.specialist), unified = mode.findings(\.unified)
        let whole = Finding.alone(all)
        let groups = mode.domains.map { domain in
            ForestPlot.Group(name: domain.domain.rawValue, estimates: [
                Self.estimate(0, domain.base), Self.estimate(1, specialists[domain.domain]!), Self.estimate(2, unified[domain.domain]!),
            ])
        } + [ForestPlot.Group(name: "all", estimates: [Self.estimate(0, all.first), Self.estimate(2, whole)])]
        let title = "Mode \(mode.mode.rawValue): " + (mode.mode == .letter ? "the letter at once" : "reasoning, then the letter")
        let plot = ForestPlot(
            title: title, description: "\(mode.domains.count) domains; \(all.sentence).", groups: groups, series: Self.measured, reference: (0.25, "chance"))
        let rows = mode.domains.map { domain in
            [domain.domain.rawValue, "\(domain.base.count)", ReportText.proportion(domain.base)] + Self.cells(specialists[domain.domain]!)
                + Self.cells(unified[domain.domain]!)
        } + [["all", "\(all.first.count)", ReportText.proportion(all.first), "", "", ""] + Self.cells(whole)]
        return Figure(
            title: title, drawing: plot.drawing, legend: Self.measured,
            table: PageTable(
                "Accuracy in percent, mode \(mode.mode.rawValue)",
                ["domain", "questions", "base", "specialist", "p", "verdict", "unified", "p", "verdict"], texts: rows))
    }

    private static func cells(_ finding: Finding) -> [String] {
        [ReportText.proportion(finding.pair.second), Text.pValue(finding.correctedP), finding.word]
    }

    static func estimate(_ series: Int, _ share: Proportion, finding: String? = nil) -> ForestPlot.Estimate {
        ForestPlot.Estimate(
            series: series, value: share.value, lower: share.lower, upper: share.upper,
            note: ReportText.percent(share.value) + (finding.map { " \($0)" } ?? ""))
    }

    private static func estimate(_ series: Int, _ finding: Finding) -> ForestPlot.Estimate {
        estimate(series, finding.pair.second, finding: finding.word)
    }

    private var hopes: Markup {
        guard let targets = record.report.value?.targets, !targets.isEmpty else { return .all([]) }
        return PageTable("What the plan hopes for, in percent", ["", "from", "to"], texts: targets.map {
            [$0.name, ReportText.plain($0.from), "\(ReportText.plain($0.toAtLeast))–\(ReportText.plain($0.toAtMost))"]
        }).markup
    }

    // MARK: Calibration

    private var calibration: [Markup] {
        guard let mode = record.lastMode else { return [.absence(record.accuracy.reason)] }
        let curves = [0, 2].map { who in
            (name: Self.measured[who], curve: Calibration(mode.domains.flatMap { $0.records.indices.contains(who) ? $0.records[who].records : [] }))
        }
        guard curves.contains(where: { !$0.curve.bins.isEmpty }) else { return [.absence("\(RunFiles.accuracy) has no single answers.")] }
        let errors = curves.map { String(format: "%@ %.3f", $0.name, $0.curve.expectedError) }.joined(separator: ", ")
        let title = "How sure, and how often right (mode \(mode.mode.rawValue))"
        let plot = LinePlot(
            title: title, description: "Accuracy by confidence; on the diagonal a model is as sure as it is right. Expected error: \(errors).",
            xLabel: "probability of the chosen letter", yLabel: "share of right answers",
            series: curves.map { item in
                LinePlot.Series(name: item.name, points: item.curve.bins.map {
                    LinePlot.Point(x: $0.confidence, y: $0.accuracy.value, lower: $0.accuracy.lower, upper: $0.accuracy.upper)
                })
            },
            xAxis: Axis(from: 0, to: 1, step: 0.2), yAxis: Axis(from: 0, to: 1, step: 0.2), hasMarks: true, hasDiagonal: true)
        let rows = curves.flatMap { item in
            item.curve.bins.map { bin in
                [item.name, String(format: "%.0f–%.0f", bin.from * 100, bin.to * 100), "\(bin.accuracy.count)", ReportText.percent(bin.confidence),
                 ReportText.proportion(bin.accuracy)]
            }
        }
        return [Figure(
            title: title, drawing: plot.drawing, legend: curves.map(\.name),
            note: "The expected calibration error, the mean distance from the diagonal by questions: \(errors).",
            table: PageTable("Reliability, in percent", ["", "confidence", "questions", "mean confidence", "accuracy"], texts: rows)
        ).markup]
    }
}
