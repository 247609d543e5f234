import Foundation
import Questions

/// The card of a built folder, with the front matter by which Hugging Face's `datasets` finds the files.
enum DatasetCard {
    static func text(of report: DatasetReport) -> String {
        [
            frontMatter(report), summary(report), sources(report), drops(report), biases(report), subjects(report), hashes(report),
        ].joined(separator: "\n")
    }

    private static func frontMatter(_ report: DatasetReport) -> String {
        var lines = ["---", "language: en", "task_categories: [multiple-choice]", "configs:"]
        for domain in report.domains {
            lines += ["- config_name: \(domain.domain)", "  data_files:"]
            for name in SplitName.allCases {
                guard let part = domain.splits[name] else { continue }
                lines += ["  - split: \(name.rawValue)", "    path: \(part.path)"]
            }
        }
        return (lines + ["---", ""]).joined(separator: "\n")
    }

    private static func summary(_ report: DatasetReport) -> String {
        var text = """
            # Four-choice questions

            \(report.kept) questions of \(report.entries) entries, by `retort data build` with seed \(report.seed). \
            One line of JSON is one question; `answer` is the letter of the right one of the four `choices`.

            | domain | train | validation | test | wanted for training |
            |---|---|---|---|---|

            """
        for domain in report.domains {
            let counts = SplitName.allCases.map { "\(domain.splits[$0]?.questions ?? 0)" }.joined(separator: " | ")
            let train = domain.splits[.train]?.questions ?? 0
            let wanted = domain.wanted.map { $0 > train ? "\($0), \($0 - train) short" : "\($0) of \(domain.available)" } ?? "all"
            text += "| \(domain.domain) | \(counts) | \(wanted) |\n"
        }
        text += """

            Validation has \(percent(report.validationShare)) and test \(percent(report.testShare)) of every domain, \
            divided over its subjects in proportion; questions that are nearly the same were removed before.

            """
        return text
    }

    private static func sources(_ report: DatasetReport) -> String {
        var text = "## Sources\n\n| file | licence | entries | kept | SHA-256 |\n|---|---|---|---|---|\n"
        for source in report.sources {
            let licence = source.licence.map(cell) ?? "**not stated**"
            text += "| \(name(source.file.path)) | \(licence) | \(source.file.entries) | \(source.kept) | `\(source.file.sha256)` |\n"
        }
        if report.sources.contains(where: { $0.licence == nil }) {
            text += "\nWhere no licence is stated, nobody has given one to the build; find it out before passing the questions on.\n"
        }
        if report.evaluation.isEmpty {
            text += "\nChecked against no evaluation set.\n"
        } else {
            text += "\nChecked against these evaluation sets; what was found of them was left out:\n\n"
            text += "| file | questions | of entries | SHA-256 |\n|---|---|---|---|\n"
            for file in report.evaluation { text += "| \(name(file.path)) | \(file.usable) | \(file.entries) | `\(file.sha256)` |\n" }
        }
        return text
    }

    private static func drops(_ report: DatasetReport) -> String {
        var text = "## Left out\n\n| reason | entries |\n|---|---|\n"
        for reason in DropReason.allCases {
            if let count = report.drops[reason] { text += "| \(reason.words) | \(count) |\n" }
        }
        text += "| together | \(report.drops.values.reduce(0, +)) |\n"
        if !report.contamination.isEmpty {
            let kinds = Contamination.Kind.allCases.compactMap { kind in report.contamination[kind].map { "\(kind.words) \($0)" } }
            text += "\nIn an evaluation set by: \(kinds.joined(separator: ", ")).\n"
        }
        text += "\nEach with its place and reason is in `\(DatasetFolder.dropped)`."
        if report.renamedIds > 0 { text += " \(report.renamedIds) ids stood twice and were changed." }
        text += "\n"
        let flags = QuestionFlag.allCases.compactMap { flag in report.flags[flag].map { "\(flag.words): \($0)" } }
        if !flags.isEmpty { text += "\nKept, but worth knowing: \(flags.joined(separator: "; ")).\n" }
        return text
    }

    private static func biases(_ report: DatasetReport) -> String {
        var text = """
            ## Biases

            χ² of the letters has three degrees of freedom. *Longest* and *shortest* are the accuracies of choosing by length alone; \
            chance is 25.0 %.

            | questions | A | B | C | D | χ² | p | longest | shortest |
            |---|---|---|---|---|---|---|---|---|

            """
        for domain in report.domains {
            if report.lettersBalanced { text += row("\(domain.domain) as it came", domain.biasesBefore) }
            for name in SplitName.allCases {
                if let part = domain.splits[name] { text += row("\(domain.domain), \(name.rawValue)", part.biases) }
            }
        }
        if report.lettersBalanced {
            let kept = report.domains.reduce(0) { $0 + $1.orderKept }
            text += "\nChoices were rearranged with seed \(report.seed) so that the letters come out even; \(kept) questions kept their order, "
            text += "because a choice speaks of others or a text names a letter.\n"
        }
        return text
    }

    private static func row(_ title: String, _ biases: Biases) -> String {
        let letters = biases.letters.map(String.init).joined(separator: " | ")
        let test = String(format: "%.2f | %.2g", biases.chiSquared, biases.p)
        return "| \(title) | \(letters) | \(test) | \(percent(biases.longestChoice)) | \(percent(biases.shortestChoice)) |\n"
    }

    private static func subjects(_ report: DatasetReport) -> String {
        var text = "## Subjects\n\n| domain | subject | train | validation | test |\n|---|---|---|---|---|\n"
        for domain in report.domains {
            for (subject, counts) in domain.subjects.sorted(by: { $0.key < $1.key }) {
                text += "| \(domain.domain) | \(cell(subject)) | \(SplitName.allCases.map { "\(counts[$0] ?? 0)" }.joined(separator: " | ")) |\n"
            }
        }
        return text
    }

    private static func hashes(_ report: DatasetReport) -> String {
        var text = "## Files\n\n| file | questions | SHA-256 |\n|---|---|---|\n"
        for part in report.parts { text += "| \(part.path) | \(part.questions) | `\(part.sha256)` |\n" }
        return text + "\n`retort data check` on this folder counts and hashes again.\n"
    }

    private static func name(_ path: String) -> String { cell((path as NSString).lastPathComponent) }

    private static func cell(_ text: String) -> String {
        text.replacingOccurrences(of: "|", with: "\\|").split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
}
