import Foundation

extension RunSections {
    var training: [Markup] {
        guard !record.curves.isEmpty else { return [.absence("No adapter has been trained yet: train/ has neither metrics nor summaries.")] }
        var figures = [curve("Loss", "loss", record.curves.map { ($0.name, $0.steps.map { (Double($0.step), $0.loss) }) })]
        let rates = record.curves.map { curve in
            (curve.name, curve.steps.compactMap { step in step.learningRate.map { (Double(step.step), $0) } })
        }
        if rates.contains(where: { !$0.1.isEmpty }) { figures.append(curve("Learning rate", "learning rate", rates)) }
        let rows = record.curves.map { curve -> [String] in
            let summary = curve.summary
            return [
                curve.name, summary.map { "\($0.examples)" } ?? "", "\(summary?.steps ?? curve.steps.count)", summary.map { "\($0.tokens)" } ?? "",
                summary.map { String(format: "%.0f", $0.tokensPerSecond) } ?? "", summary.map { ReportText.seconds($0.seconds) } ?? "",
                curve.steps.first.map { String(format: "%.3f", $0.loss) } ?? "", curve.steps.last.map { String(format: "%.3f", $0.loss) } ?? "",
                summary?.peakResidentBytes.map { String(format: "%.2f GB", Double($0) / 1e9) } ?? "",
            ]
        }
        let retries = record.curves.flatMap { curve in
            curve.retries.map { item -> Markup in
                let what = "\(curve.name) collapsed at step \(item.retry.collapsedAt) and went back to step \(item.from)"
                return Markup.paragraph([Markup("\(what): \(item.retry.reason)")], class: "warning")
            }
        }
        return retries + [
            Markup("div", ["class": "figures"], figures),
            PageTable(
                "Every adapter", ["adapter", "examples", "steps", "tokens", "tokens/s", "time in steps", "loss, first", "loss, last", "peak memory"],
                texts: rows).markup,
        ]
    }

    var probes: [Markup] {
        let watched = record.curves.filter { !$0.looks.isEmpty }
        guard !watched.isEmpty else {
            return [.absence("The metrics hold no looks at the probe questions: train.probe_every was 0, or the trainings are not there.")]
        }
        let measures: [(title: String, label: String, value: (TrainingCurve.Look) -> Double?)] = [
            ("Probes answered right", "share", \.accuracy), ("Entropy of the answered letters", "bits", \.letterEntropy),
            ("Share of the commonest letter", "share", \.commonestShare), ("Well-formed answers", "share", \.wellFormed),
            ("Answers that ended by themselves", "share", \.finished), ("Loss on held-out text", "loss", \.heldOutLoss),
        ]
        return [Markup("div", ["class": "figures"], measures.compactMap { measure in
            let curves = watched.map { curve in
                (curve.name, curve.looks.compactMap { item in measure.value(item.look).map { (Double(item.step), $0) } })
            }
            guard curves.contains(where: { !$0.1.isEmpty }) else { return nil }
            return curve(measure.title, measure.label, curves, hasMarks: true, yAxis: measure.label == "share" ? Axis(from: 0, to: 1, step: 0.25) : nil)
        })]
    }

    private func curve(
        _ title: String, _ label: String, _ series: [(name: String, points: [(Double, Double)])], hasMarks: Bool = false, yAxis: Axis? = nil
    ) -> Markup {
        let ends = series.compactMap { item in
            item.points.last.map { "\(item.name) from \(Axis.label(item.points[0].1)) to \(Axis.label($0.1))" }
        }.joined(separator: ", ")
        let plot = LinePlot(
            title: title, description: "By step: \(ends).", xLabel: "step", yLabel: label,
            series: series.map { item in LinePlot.Series(name: item.name, points: item.points.map { LinePlot.Point(x: $0.0, y: $0.1) }) },
            xAxis: Axis(series.flatMap { $0.points.map(\.0) }, includesZero: true), yAxis: yAxis, hasMarks: hasMarks)
        let steps = Self.spread(Set(series.flatMap { $0.points.map(\.0) }).sorted(), 24)
        let byStep = series.map { item in Dictionary(item.points.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }) }
        let rows = steps.map { step in [String(format: "%.0f", step)] + byStep.map { $0[step].map(Axis.label) ?? "" } }
        let isThinned = series.contains { $0.points.count > LinePlot.mostPoints }
        return Figure(
            title: title, drawing: plot.drawing, legend: series.map(\.name),
            note: isThinned ? "Drawn are means over neighbouring steps." : nil,
            table: PageTable("\(title) by step", ["step"] + series.map(\.name), texts: rows)).markup
    }

    /// At most so many of `values`, evenly, the first and the last among them.
    static func spread(_ values: [Double], _ most: Int) -> [Double] {
        guard values.count > most else { return values }
        return (0..<most).map { values[$0 * (values.count - 1) / (most - 1)] }
    }

    // MARK: Labels

    var labels: [Markup] {
        guard let domains = record.labels.value else { return [.absence(record.labels.reason)] }
        guard !domains.isEmpty else { return [.absence("No domain is distilled, so nothing was labelled.")] }
        let ordered = domains.sorted { $0.key < $1.key }
        let reasons = Set(ordered.flatMap { ($0.value.funnel.dropped ?? [:]).keys }).sorted()
        let parts = ["kept", "kept without the teacher's scores"] + reasons.map { "dropped: \(Self.words($0))" }
        let counts = ordered.map { domain in
            let funnel = domain.value.funnel, scoreless = funnel.keptWithoutScores ?? 0
            return [funnel.kept - scoreless, scoreless] + reasons.map { funnel.dropped?[$0] ?? 0 }
        }
        let plot = StackedBars(
            title: "What became of the labels",
            description: ordered.map { "\($0.key): \($0.value.funnel.kept) of \($0.value.funnel.labels) kept" }.joined(separator: "; ") + ".",
            parts: parts, bars: zip(ordered, counts).map { domain, counts in StackedBars.Bar(name: domain.key, counts: counts) }, xLabel: "labels")
        let rows = zip(ordered, counts).map { domain, counts in
            [domain.key, domain.value.teacher, "\(domain.value.funnel.labels)", domain.value.right.map { "\($0)" } ?? ""] + counts.map { "\($0)" }
        }
        return [Figure(
            title: "What became of the labels", drawing: plot.drawing, legend: parts, hasBars: true,
            table: PageTable("Labels by domain", ["domain", "teacher", "labels", "teacher right"] + parts, texts: rows)).markup]
    }

    /// "tooManyWords" as "too many words".
    static func words(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? " \($1.lowercased())" : String($1) }
    }

    // MARK: Merge

    var merge: [Markup] {
        var parts = (record.selection.value?.leftOut ?? [:]).sorted { $0.key < $1.key }.map { domain, reason in
            Markup.paragraph([Markup("The \(domain) specialist was left out: \(reason)")], class: "warning")
        }
        guard let report = record.merge.value else { return parts + [.absence(record.merge.reason)] }
        let settings = report.settings
        var choices = ["method \(settings.method.name)"]
        if let space = settings.space { choices.append("space \(space.rawValue)") }
        if settings.method.usesDensity { choices.append("density \(ReportText.plain(settings.density))") }
        if let sign = settings.sign { choices.append("signs by \(sign.rawValue)") }
        let names = report.adapters.map { ($0.folder as NSString).lastPathComponent }
        parts.append(.paragraph([Markup(
            "\(names.joined(separator: ", ")): \(choices.joined(separator: ", ")); \(report.modules.count) layers, \(report.parameters) parameters, "
                + "signs in conflict at \(ReportText.percent(report.signConflicts)) % of them."
                + (report.energyKept.map { " The cut to a rank kept \(ReportText.percent($0)) % of the squared singular values." } ?? ""))]))
        let conflicts = report.modules.map { ($0.path, Optional($0.signConflicts)) }
        let cosines = report.modules.map { ($0.path, $0.cosines.compactMap { $0 }.min()) }
        var figures = [heat("Signs in conflict", "The share of parameters at which the adapters point both ways", conflicts) { "\(ReportText.percent($0)) %" }]
        if names.count > 1 {
            figures.append(heat("Farthest adapter", "The smallest cosine between an adapter's change of the layer and the merged one", cosines) {
                String(format: "%.3f", $0)
            })
        }
        if report.energyKept != nil {
            figures.append(heat("Energy kept", "The share of the squared singular values that the cut to a rank kept", report.modules.map { ($0.path, $0.energyKept) }) {
                "\(ReportText.percent($0)) %"
            })
        }
        parts.append(Markup("div", ["class": "figures"], figures))
        let rows = report.adapters.enumerated().map { index, adapter in
            [names[index], ReportText.plain(adapter.weight), "\(adapter.rank)", ReportText.plain(adapter.alpha), adapter.rankStabilised ? "yes" : "no",
             report.meanTrimmed(of: index).map { "\(ReportText.percent($0)) %" } ?? "", report.meanCosine(of: index).map { String(format: "%.3f", $0) } ?? ""]
        }
        parts.append(PageTable(
            "The merged adapters", ["adapter", "weight", "rank", "alpha", "rank-stabilised", "entries trimmed", "mean cosine with the result"], texts: rows).markup)
        return parts + (report.surprises.map(\.sentence) + report.notes).map { .paragraph([Markup($0)], class: "note") }
    }

    private func heat(_ title: String, _ meaning: String, _ values: [(path: String, value: Double?)], _ format: @escaping (Double) -> String) -> Markup {
        let placed = values.map { (place: ModulePlace($0.path), value: $0.value) }
        let layers = Set(placed.map(\.place.layer)).sorted()
        var modules: [String] = []
        for name in placed.map(\.place.module) where !modules.contains(name) { modules.append(name) }
        let cells = modules.map { module in
            layers.map { layer in placed.first { $0.place == ModulePlace(layer: layer, module: module) }?.value }
        }
        let known = placed.compactMap(\.value)
        let map = HeatMap(
            title: title, description: "\(meaning), by module and layer: \(known.min().map(format) ?? "none") to \(known.max().map(format) ?? "none").",
            rowNames: modules, columnNames: layers.map { "\($0)" }, columnLabel: "layer", values: cells, format: format)
        let rows = layers.enumerated().map { column, layer in ["\(layer)"] + cells.map { $0[column].map(format) ?? "" } }
        return Figure(
            title: title, drawing: map.drawing, note: meaning + ".", table: PageTable("\(title) by layer", ["layer"] + modules, texts: rows)).markup
    }
}

/// Where in the model a linear layer stands: "model.layers.3.self_attn.q_proj" is q_proj of layer 3.
struct ModulePlace: Hashable {
    /// −1 for what is in no layer.
    var layer: Int
    var module: String

    init(layer: Int, module: String) {
        self.layer = layer
        self.module = module
    }

    init(_ path: String) {
        let parts = path.split(separator: ".")
        let number = parts.firstIndex { Int($0) != nil }
        layer = number.flatMap { Int(parts[$0]) } ?? -1
        module = number == nil ? path : String(parts.last ?? "")
    }
}
