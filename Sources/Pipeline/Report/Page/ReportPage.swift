import Foundation
import Groundwork

/// The report of one run, or of several beside each other, as one HTML file that needs nothing else.
public enum ReportPage {
    /// - Parameters:
    ///   - folders: one run folder, or several to compare.
    ///   - pricePerHour: what an hour of the machine costs; nil leaves costs in time.
    /// - Throws: `FileError` for a folder that is no run's; `RunError.brokenManifest`.
    public static func html(of folders: [RunFolder], pricePerHour: Double? = nil) throws -> String {
        let records = try folders.map(RunRecord.init)
        guard records.count > 1 else { return records.first.map { html(of: $0, pricePerHour) } ?? "" }
        let comparison = RunComparison(records)
        let runs = zip(records, comparison.names).enumerated().map { index, run in
            let sections = RunSections(record: run.0, pricePerHour: pricePerHour, prefix: "run\(index + 1)-").all
            return Markup("details", ["class": "run"], [
                Markup("summary", ["\(run.1)"]), Markup.paragraph([Markup(run.0.verdict)], class: "verdict"), .all(sections.map(\.markup)),
            ])
        }
        return page("Runs compared: \(comparison.names.joined(separator: ", "))", [
            Markup("h1", ["\(records.count) runs compared"]), Markup.paragraph([Markup(comparison.verdict)], class: "verdict"),
            contents(comparison.sections + [PageSection(id: "runs", title: "Each run", content: [])]),
        ] + comparison.sections.map(\.markup) + [PageSection(id: "runs", title: "Each run", content: runs).markup])
    }

    static func html(of record: RunRecord, _ pricePerHour: Double? = nil) -> String {
        let sections = RunSections(record: record, pricePerHour: pricePerHour, prefix: "").all
        return page("\(record.name): a run of Retort", [
            Markup("h1", [Markup(record.name)]), Markup.paragraph([Markup(record.verdict)], class: "verdict"), facts(record), contents(sections),
        ] + sections.map(\.markup))
    }

    private static func facts(_ record: RunRecord) -> Markup {
        guard let report = record.report.value else { return .absence(record.report.reason + " The run may not have come to its end yet.") }
        let facts = "Base model \(report.model), seed \(report.seed), Retort \(report.version), PyTorch \(report.torch)."
        return Markup.paragraph([Markup(facts)], class: "facts")
    }

    static func contents(_ sections: [PageSection]) -> Markup {
        Markup("nav", ["aria-label": "Contents"], [
            Markup("ul", sections.map { Markup("li", [Markup("a", ["href": "#\($0.id)"], [Markup($0.title)])]) }),
        ])
    }

    static func page(_ title: String, _ content: [Markup]) -> String {
        Markup.document(Markup("html", ["lang": "en"], [
            Markup("head", [
                Markup("meta", ["charset": "utf-8"]), Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                Markup("meta", ["name": "color-scheme", "content": "light dark"]), Markup("title", [Markup(title)]),
                Markup("style", [Markup(PageStyle.css)]),
            ]),
            Markup("body", [Markup("main", content)]),
        ]))
    }
}

/// A part of the page with its heading.
struct PageSection {
    var id: String
    var title: String
    var content: [Markup]

    var markup: Markup { Markup("section", ["id": id, "aria-label": title], [Markup("h2", [Markup(title)])] + content) }
}
