import ArgumentParser
import Distillation
import Evaluation
import Foundation
import Groundwork
import Pipeline
import Questions

struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Let a teacher label questions: its reasoning and its scores of the four letters.",
        discussion: """
            The teacher is a model in this process (--model M), a GGUF file behind a llama.cpp server that is started for it (--model M --engine \
            llama.cpp), or one or more servers (--endpoint URL, repeated). Labels are appended as they are made, so a stopped command \
            continues where it was. A file that another teacher, prompt or setting began is refused.
            """)

    @OptionGroup var teacher: TeacherOptions

    @Option(help: ArgumentHelp("Questions, JSONL or a JSON array. JSONL is read as it is needed.", valueName: "file"))
    var questions: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSONL file of labels.", valueName: "file"))
    var output: String

    @Option(help: "Only so many questions from the file's beginning.")
    var limit: Int?

    @Flag(inversion: .prefixedNo, help: "Continue the file where there is one; else it is put aside under another name and a new one begun.")
    var resume = true

    @Flag(help: "Ask nobody; say what labelling would take: measured on the labels that are there, else at most.")
    var dryRun = false

    @Option(help: "With --dry-run: money for a million prompt tokens.")
    var priceInput: Double?

    @Option(help: "With --dry-run: money for a million tokens written.")
    var priceOutput: Double?

    @Option(help: "With --dry-run: tokens written per second, all slots together.")
    var tokensPerSecond: Double?

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is a number of at least 1.") }
        for (name, value) in [("--price-input", priceInput), ("--price-output", priceOutput), ("--tokens-per-second", tokensPerSecond)] {
            guard let value else { continue }
            if !dryRun { throw ValidationError("\(name) needs --dry-run.") }
            if !(value >= 0 && value.isFinite) || (name == "--tokens-per-second" && value == 0) {
                throw ValidationError("\(name) is a number above 0.")
            }
        }
    }

    private struct Result: Encodable {
        let labels: Int
        let made: Int
        let right: Int
        /// The share of right letters in the first round, with its interval.
        let accuracy: Proportion
        let funnel: LabelFunnel
        let report: LabelReport
        let provenance: LabelProvenance?
        let output: String
    }

    func run() throws {
        let source = QuestionSource.file(questions, limit: limit ?? .max)
        if dryRun {
            let estimate = try LabelEstimate(
                source, into: resume ? output : "", rules: teacher.rules, maximumTokens: teacher.informed ? 0 : teacher.tokens,
                slots: teacher.sideBySide,
                rates: LabelEstimate.Rates(inputPrice: priceInput, outputPrice: priceOutput, tokensPerSecond: tokensPerSecond))
            print(estimate)
            return try json.write(estimate)
        }
        // A file of bad questions is refused before a model is loaded or a server started.
        try source.forEach { _ in }
        if !resume { try putAside() }
        let maker = try teacher.open()
        let made = try maker.label(source, into: output)
        let report = try LabelReport(file: output)
        let accuracy = Proportion(report.rightAtFirst, of: report.labels)
        print(Self.text(report, accuracy, made: made, output))
        try json.write(Result(
            labels: report.labels, made: made, right: report.rightAtFirst, accuracy: accuracy, funnel: report.funnel, report: report,
            provenance: report.provenance, output: output))
    }

    private func putAside() throws {
        guard FileManager.default.fileExists(atPath: output) else { return }
        var number = 1
        while FileManager.default.fileExists(atPath: "\(output).\(number)") { number += 1 }
        guard rename(output, "\(output).\(number)") == 0 else {
            throw FileError(path: output, action: "put aside", reason: String(cString: strerror(errno)))
        }
        Console.note("the labels that were there are now in \(output).\(number)")
    }

    static func text(_ report: LabelReport, _ accuracy: Proportion, made: Int, _ output: String) -> String {
        func percent(_ share: Double) -> String { String(format: "%.1f", share * 100) }
        var lines = ["\(report.labels) labels in \(output), \(made) of them made now"]
        lines.append(
            "teacher: \(report.rightAtFirst) right, \(percent(accuracy.value)) % (\(percent(accuracy.lower))–\(percent(accuracy.upper))); \(report.taste)")
        lines.append("to learn from, at the usual limits: \(report.funnel)")
        lines.append(
            "\(report.replies) replies, \(report.promptTokens) prompt tokens, \(report.completionTokens) tokens written"
                + (report.floored > 0 ? String(format: "; %.0f %% of the letters' scores are the floor", report.floored * 100) : ""))
        return lines.joined(separator: "\n")
    }
}
