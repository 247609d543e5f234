import Agents
import Distillation
import Evaluation
import Foundation
import Questions

/// Writes a report as Markdown.
enum ReportText {
    static func markdown(_ report: Report) -> String {
        var text = "# \(report.recipe)\n\n**\(report.verdict)**\n\n"
        text += "Base model `\(report.model)`, seed \(report.seed), Retort \(report.version), PyTorch \(report.torch).\n\n"
        text += accuracy(report)
        text += merge(report)
        text += agents(report)
        text += tournament(report)
        text += training(report)
        text += questions(report)
        text += samples(report)
        text += provenance(report)
        return text
    }

    private static func accuracy(_ report: Report) -> String {
        var text = "## Accuracy on held-out questions\n\n"
            + "In percent, with 95 % intervals (Wilson); p by McNemar's test against the base on the same questions, corrected among the domains (Holm). "
            + "On fewer than \(PairedComparison.minimumQuestions) questions a difference is an indication, no verdict.\n\n"
        for accuracy in report.accuracy {
            let way = accuracy.mode == .letter ? "the letter at once, by its score" : "reasoning first, then the letter, as the answer agent does"
            text += "### \(accuracy.mode.rawValue): \(way)\n\n"
            let specialists = corrected(accuracy.rows.map { ($0.name, $0.specialist) }), unified = corrected(accuracy.rows.map { ($0.name, $0.unified) })
            text += table(
                ["domain", "questions", "base", "specialist", "p", "unified", "p", "unified's letters"],
                accuracy.rows.map { row in
                    [
                        row.name, "\(row.base.count)", proportion(row.base), row.specialist.map { proportion($0.second) } ?? "",
                        specialists[row.name].map(Text.pValue) ?? "", proportion(row.unified.second), unified[row.name].map(Text.pValue) ?? "",
                        Letter.allCases.map { "\($0) \(row.letters[$0.rawValue] ?? 0)" }.joined(separator: ", "),
                    ]
                })
        }
        if !report.targets.isEmpty {
            text += "The plan hopes for, in percent:\n\n" + table(
                ["", "from", "to"], report.targets.map { [$0.name, plain($0.from), "\(plain($0.toAtLeast))–\(plain($0.toAtMost))"] })
        }
        return text
    }

    /// McNemar's p of each row, corrected among the domains; all questions together stand alone.
    private static func corrected(_ rows: [(name: String, pair: PairedComparison?)]) -> [String: Double] {
        let pairs = Dictionary(uniqueKeysWithValues: rows.compactMap { row in row.pair.map { (row.name, $0) } })
        let domains = Finding.family(pairs.filter { $0.key != "all" }, minimumQuestions: PairedComparison.minimumQuestions).mapValues(\.correctedP)
        return domains.merging(pairs["all"].map { ["all": $0.p] } ?? [:]) { $1 }
    }

    private static func merge(_ report: Report) -> String {
        var text = "## Merge\n\n"
        for (domain, reason) in report.selection.leftOut.sorted(by: { $0.key < $1.key }) {
            text += "> **The \(domain) specialist was left out**: \(reason)\n\n"
        }
        text += "\(report.merge.method.uppercased()), density \(plain(report.merge.density)), signs by \(report.merge.sign), of "
            + "\(report.selection.merged.map(\.rawValue).joined(separator: ", ")): \(report.merge.modules) modules, "
            + "\(report.merge.parameters) parameters, signs in conflict at \(percent(report.merge.signConflicts)) %.\n\n"
        text += "What each specialist did on its probe questions, which decide whether it is merged:\n\n" + table(
            ["domain", "probes", "base", "specialist", "p", "merged"],
            report.checks.map { check in
                [
                    check.domain.rawValue, "\(check.comparison.first.count)", proportion(check.comparison.first),
                    proportion(check.comparison.second), Text.pValue(check.comparison.p),
                    report.selection.merged.contains(check.domain) ? "yes" : "**no**",
                ]
            })
        return text + "```\n\(report.merge.summary)\n```\n\n"
    }

    private static func agents(_ report: Report) -> String {
        let agents = report.agents
        return "## Agents\n\n" + table(
            ["agent", "requests", "valid", "late", "median", "slowest", "hoped for", "limit"],
            [
                ["question", "\(agents.questions.count)", "\(agents.validQuestions)", "\(agents.questions.late)",
                 seconds(agents.questions.median), seconds(agents.questions.slowest), range(report.hopes.questionSeconds), seconds(agents.questions.limit)],
                ["answer", "\(agents.answers.count)", "\(agents.validAnswers)", "\(agents.answers.late)",
                 seconds(agents.answers.median), seconds(agents.answers.slowest), range(report.hopes.answerSeconds), seconds(agents.answers.limit)],
            ])
            + "Under the clock \(agents.rightAnswers) of \(agents.answers.count) answers were right. Of the generated questions the base "
            + "model answers \(agents.agreedByBase) of \(agents.questions.count) as their author does"
            + (report.hopes.generatedCorrect.map { " (the plan asks for at least \(percent($0)) %)" } ?? "")
            + (agents.fromPool > 0 ? "; \(agents.fromPool) came from the pool because time ran out" : "") + ".\n\n"
    }

    private static func tournament(_ report: Report) -> String {
        "## Tournament\n\n\(report.match.questions) questions an inning; "
            + (report.match.winner.map { "**\($0)** wins, decided by \(report.match.decision)" } ?? "no winner (\(report.match.decision))")
            + ".\n\n" + table(
                ["team", "question agent", "answer agent", "total", ""],
                report.match.teams.map { team in
                    [team.name, plain(team.questionScore), plain(team.answerScore), plain(team.total), team.disqualification ?? ""]
                })
    }

    private static func training(_ report: Report) -> String {
        (report.limits.trainingMemory.map { "## Training\n\nThe plan allows \(plain($0)) GB.\n\n" } ?? "## Training\n\n") + table(
            ["adapter", "scale", "examples", "steps", "tokens", "tokens/s", "time", "loss, first", "loss, last", "CE", "KL", "reasoning", "dense", "peak memory"],
            report.training.map { line in
                [
                    line.name, plain(line.scale), "\(line.examples)", "\(line.steps)", "\(line.tokens)",
                    String(format: "%.0f", line.tokensPerSecond), seconds(line.seconds), String(format: "%.3f", line.firstLoss),
                    String(format: "%.3f", line.lastLoss),
                ] + parts(line.final) + [
                    line.peakResidentBytes.map { String(format: "%.2f GB", Double($0) / 1e9) } ?? "unknown",
                ]
            })
    }

    /// The loss's parts at the end; a dash for what was not trained on.
    private static func parts(_ final: LossParts?) -> [String] {
        guard let final else { return ["", "", "", ""] }
        return [final.hard, final.soft, final.reasoning, final.dense].map { $0 == 0 ? "–" : String(format: "%.3f", $0) }
    }

    private static func questions(_ report: Report) -> String {
        var text = "## Questions and labels\n\n" + table(
            ["domain", "train", "probe", "held out", "right letters (train)", "families or subjects (train)"],
            report.collection.sorted { $0.key < $1.key }.map { domain, collected in
                [
                    domain, "\(collected.counts["train"] ?? 0)", "\(collected.counts["probe"] ?? 0)", "\(collected.counts["test"] ?? 0)",
                    Letter.allCases.map { "\($0) \(collected.letters[$0.rawValue] ?? 0)" }.joined(separator: ", "),
                    collected.subjects.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "),
                ]
            })
        for (domain, summary) in report.labels.sorted(by: { $0.key < $1.key }) {
            text += "- \(domain), labelled by \(summary.teacher): \(summary.funnel). It is right for "
                + share(summary.right, of: summary.funnel.labels)
            if let report = summary.report, report.taste.answers > 0 {
                text += ", and \(report.taste); \(report.replies) replies, \(report.promptTokens) prompt tokens, \(report.completionTokens) tokens written"
            }
            text += ".\n"
        }
        return text + (report.labels.isEmpty ? "" : "\n")
    }

    private static func samples(_ report: Report) -> String {
        var text = "## Samples\n\nQuestions that the question agent wrote:\n\n"
        for record in report.questions { text += "```json\n\(record.output)\n```\n\n" }
        text += "Answers of the answer agent to held-out questions:\n\n"
        for item in report.answers {
            let choices = zip(Letter.allCases, item.question.choices).map { "\($0)) \($1)" }.joined(separator: "  ")
            text += "> \(item.question.question.replacingOccurrences(of: "\n", with: "\n> "))\n> \(choices)\n\n"
            text += "```json\n\(item.answer.output)\n```\n\n"
            text += (item.answer.letter == item.question.answer ? "Right" : "Wrong, \(item.question.answer) is right") + ", in \(seconds(item.answer.seconds)).\n\n"
        }
        return text
    }

    private static func provenance(_ report: Report) -> String {
        var text = "## Where it comes from\n\n" + table(
            ["phase", "time"], report.phases.map { [$0.name, seconds($0.seconds)] })
        text += "SHA-256 of the inputs:\n\n"
        for (name, hash) in report.inputs.sorted(by: { $0.key < $1.key }) { text += "- `\(name)` \(hash)\n" }
        text += "\nSHA-256 of the results:\n\n"
        for phase in report.phases {
            for (name, hash) in phase.outputs.sorted(by: { $0.key < $1.key }) { text += "- `\(name)` \(hash)\n" }
        }
        return text
    }

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |\n" }
        return line(header) + line(header.map { _ in "---" }) + rows.map(line).joined() + "\n"
    }

    /// A file may hold counts that are no share.
    private static func share(_ part: Int, of whole: Int) -> String {
        part >= 0 && part <= whole ? "\(proportion(Proportion(part, of: whole))) %" : "\(part) of \(whole), which cannot be"
    }

    /// "61.5 (58.1–64.8)"
    static func proportion(_ value: Proportion) -> String {
        "\(percent(value.value)) (\(percent(value.lower))–\(percent(value.upper)))"
    }

    static func range(_ value: [Double]?) -> String {
        guard let value, value.count == 2 else { return "" }
        return "\(plain(value[0]))–\(plain(value[1])) s"
    }
    static func percent(_ share: Double) -> String { String(format: "%.1f", share * 100) }
    static func seconds(_ value: Double) -> String { String(format: value < 100 ? "%.2f s" : "%.0f s", value) }
    static func plain(_ value: Double) -> String {
        value == value.rounded() ? String(format: "%.0f", value) : String(format: "%.4g", value)
    }
}
