import ArgumentParser
import Datasets
import Foundation
import Groundwork
import Questions

/// How questions are divided.
struct DataSplitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Share of the questions for validation.", valueName: "share"))
    var validationSize = 0.05

    @Option(help: ArgumentHelp("Share of the questions for the test.", valueName: "share"))
    var testSize = 0.05

    @Option(help: "Another seed gives another split and another order of choices.")
    var seed: UInt64 = 1

    func validate() throws {
        for (name, share) in [("--validation-size", validationSize), ("--test-size", testSize)] where !(0..<1).contains(share) {
            throw ValidationError("\(name) is a share from 0 to below 1.")
        }
        if validationSize + testSize >= 1 { throw ValidationError("--validation-size and --test-size leave nothing to train on.") }
    }
}

struct DataBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build one clean folder of questions: a file for each domain and split, and a card.",
        discussion: """
            Reads all files, drops what cannot be used, what stands in an evaluation set and what is nearly the same as something \
            before it, splits each domain by subject, and moves choices so that the right letters come out even. Everything that is left out \
            is counted in README.md and listed in drops.jsonl.
            """)

    @OptionGroup var input: DataInputOptions
    @OptionGroup var evaluation: DataAgainstOptions
    @OptionGroup var splits: DataSplitOptions

    @Option(parsing: .singleValue, help: ArgumentHelp(
        """
        Training questions of a domain, or all: --size math=500 --size code=all. (default: the plan's, math=15000 code=8000 stem=13000 \
        humanities=24000)
        """,
        valueName: "domain=count"))
    var size: [String] = []

    @Option(parsing: .upToNextOption, help: "Only these domains. (default: math code stem humanities)")
    var domains: [Domain] = []

    @Option(parsing: .singleValue, help: ArgumentHelp(
        "The licence of a file, for the card: mmlu_val=MIT. May be repeated.", valueName: "file=licence"))
    var licence: [String] = []

    @Flag(help: "Leave the choices in their order.")
    var keepLetters = false

    @Flag(help: "Replace a folder that an earlier build wrote.")
    var force = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write.", valueName: "dir"))
    var output: String

    @OptionGroup var json: JSONOptions

    private func settings() throws -> BuildSettings {
        var settings = BuildSettings()
        if !domains.isEmpty {
            guard Set(domains).count == domains.count else { throw ValidationError("--domains names a domain twice.") }
            settings.domains = domains
        }
        for text in size {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let domain = Domain(rawValue: parts[0]), parts[1] == "all" || Int(parts[1]).map({ $0 > 0 }) == true else {
                throw ValidationError("'--size \(text)' is not DOMAIN=COUNT or DOMAIN=all.")
            }
            settings.sizes[domain] = Int(parts[1])
        }
        for text in licence {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw ValidationError("'--licence \(text)' is not FILE=LICENCE.") }
            settings.licences[parts[0]] = parts[1]
        }
        (settings.validation, settings.test, settings.seed) = (splits.validationSize, splits.testSize, splits.seed)
        settings.balancesLetters = !keepLetters
        return settings
    }

    func validate() throws { _ = try settings() }

    func run() throws {
        let report = try DataText.withoutTraces {
            let folder = try DatasetFolder(output, force: force)
            let progress = StageProgress()
            var build = DatasetBuild(try settings()) { progress.show($0, $1, $2) }
            return try build.run(input.files, against: evaluation.against, options: input.reading, domains: input.domains, into: folder)
        }
        print("\(report.kept) of \(report.entries) entries in \(output)")
        for domain in report.domains {
            let counts = SplitName.allCases.map { "\($0.rawValue) \(domain.splits[$0]?.questions ?? 0)" }.joined(separator: ", ")
            let train = domain.splits[.train]?.questions ?? 0
            let short = domain.wanted.map { $0 > train ? "; \($0 - train) short of \($0)" : "" } ?? ""
            print("  \(domain.domain): \(counts)\(short)")
        }
        if !report.drops.isEmpty { print("left out:\n" + DataText.drops(report.drops).joined(separator: "\n")) }
        let unnamed = report.sources.filter { $0.licence == nil }.map { ($0.file.path as NSString).lastPathComponent }
        if !unnamed.isEmpty { Console.note("no licence is stated for \(unnamed.joined(separator: ", ")); say it with --licence FILE=LICENCE") }
        try json.write(report)
    }
}

struct DataSplit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Divide questions into train, validation and test without leaks.",
        discussion: """
            Every subject keeps its share, and questions that are nearly the same stay on one side. Nothing is dropped but what \
            cannot be used.
            """)

    @OptionGroup var input: DataInputOptions
    @OptionGroup var splits: DataSplitOptions

    @Flag(help: "Replace files that are there.")
    var force = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write train.jsonl, validation.jsonl and test.jsonl into.", valueName: "dir"))
    var output: String

    @OptionGroup var json: JSONOptions

    private struct Result: Encodable {
        let seed: UInt64
        let splits: [String: Int]
        let groups: Int
        let drops: [DropReason: Int]
        let output: String
    }

    func run() throws {
        let paths = SplitName.allCases.map { (name: $0, path: "\(output)/\($0.rawValue).jsonl") }
        if !force, let there = paths.first(where: { FileManager.default.fileExists(atPath: $0.path) }) {
            throw DatasetError.outputExists(path: there.path)
        }
        let (intake, groups, names) = try DataText.withoutTraces {
            let intake = try input.read()
            guard !intake.questions.isEmpty else { throw DatasetError.nothingUsable(paths: input.files) }
            let progress = StageProgress()
            let count = intake.questions.count
            let groups = try NearDuplicates.find(in: intake.questions) { progress.show(.duplicates, $0, count) }.groups(of: count)
            return (intake, groups, StratifiedSplit.assign(
                intake.questions, groups: groups, validation: splits.validationSize, test: splits.testSize, seed: splits.seed))
        }
        var counts: [String: Int] = [:]
        for (name, path) in paths {
            let questions = zip(intake.questions, names).filter { $0.1 == name }.map(\.0)
            counts[name.rawValue] = questions.count
            try QuestionFile.write(questions, to: path)
        }
        print(paths.map { "\(counts[$0.name.rawValue] ?? 0) in \($0.path)" }.joined(separator: "\n"))
        if !intake.drops.isEmpty { print("left out:\n" + DataText.drops(intake.counts).joined(separator: "\n")) }
        try json.write(Result(seed: splits.seed, splits: counts, groups: Set(groups).count, drops: intake.counts, output: output))
    }
}
