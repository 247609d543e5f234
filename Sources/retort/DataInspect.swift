import ArgumentParser
import Datasets
import Foundation
import Groundwork
import Questions

struct DataInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say what is in files of questions: counts, faults, biases, subjects and domains.")

    @OptionGroup var input: DataInputOptions

    @Option(help: ArgumentHelp("How many faulty entries to show, with place and reason.", valueName: "n"))
    var show = 5

    @OptionGroup var json: JSONOptions

    func run() throws {
        let (intake, map) = try DataText.withoutTraces { (try input.read(), try input.domains) }
        let found = Inspection(intake, domains: map)
        for file in found.files {
            if let biases = found.biasesByFile[file.path] {
                print(DataText.biases(file.path, biases))
            } else {
                print("\(file.path): no usable question in \(file.entries) entries")
            }
        }
        if found.files.count > 1 { print(DataText.biases("together", found.biases)) }
        print("domains: " + Domain.allCases.compactMap { domain in found.domains[domain.rawValue].map { "\(domain) \($0)" } }.joined(separator: ", "))
        let subjects = found.subjects.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        print("subjects: " + subjects.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        if !found.unknownSubjects.isEmpty {
            print("subjects in no domain (say where they belong with --subjects): \(found.unknownSubjects.joined(separator: ", "))")
        }
        print("\(found.withExplanation) with an explanation")
        for flag in QuestionFlag.allCases {
            if let count = found.flags[flag] { print("\(count) where \(flag.words)") }
        }
        if !found.drops.isEmpty { print("cannot be used:\n" + DataText.drops(found.drops).joined(separator: "\n")) }
        for drop in intake.drops.prefix(max(0, show)) {
            print("  \(drop.file), \(drop.place ?? "?"): \(drop.reason.words)\(drop.detail.map { " (\($0))" } ?? "")")
        }
        try json.write(found)
    }
}

struct DataDedupe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dedupe",
        abstract: "Write questions without those that are nearly the same as one before them.",
        discussion: "Files count in the order they are named: of two questions the earlier one stays.")

    @OptionGroup var input: DataInputOptions

    @Flag(help: "Only drop questions with the same text and the same right answer.")
    var exact = false

    @Option(help: ArgumentHelp("Also write every dropped question beside the one it repeats to this JSONL file, to look through.", valueName: "file"))
    var pairs: String?

    @Flag(help: "Replace files that are there.")
    var force = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSONL file to write.", valueName: "file"))
    var output: String

    @OptionGroup var json: JSONOptions

    private struct Result: Encodable {
        let read: Int
        let kept: Int
        let exactCopies: Int
        let nearDuplicates: Int
        let unusable: [DropReason: Int]
        let output: String
    }

    private struct PairLine: Encodable {
        let kept: Question
        let dropped: Question
        let isExact: Bool
        let likeness: Double
    }

    func run() throws {
        for path in [output, pairs].compactMap({ $0 }) where !force && FileManager.default.fileExists(atPath: path) {
            throw DatasetError.outputExists(path: path)
        }
        let (intake, dropped) = try DataText.withoutTraces {
            let intake = try input.read()
            guard !intake.questions.isEmpty else { throw DatasetError.nothingUsable(paths: input.files) }
            let progress = StageProgress()
            let count = intake.questions.count
            let found = try NearDuplicates.find(in: intake.questions, isExactOnly: exact) { progress.show(.duplicates, $0, count) }
            return (intake, found.dropped(of: count))
        }
        let questions = intake.questions
        let kept = questions.indices.filter { dropped[$0] == nil }.map { questions[$0] }
        try QuestionFile.write(kept, to: output)
        if let pairs {
            let lines = try dropped.values.sorted { $0.second < $1.second }.map {
                try JSONText.line(PairLine(
                    kept: questions[$0.first], dropped: questions[$0.second], isExact: $0.isExact, likeness: $0.likeness)) + "\n"
            }
            try WholeFile.write(lines.joined(), to: pairs)
        }
        let copies = dropped.values.count { $0.isExact }
        print("\(kept.count) of \(questions.count) questions in \(output); \(copies) copies and \(dropped.count - copies) near-duplicates dropped")
        if !intake.drops.isEmpty { print("cannot be used:\n" + DataText.drops(intake.counts).joined(separator: "\n")) }
        try json.write(Result(
            read: questions.count, kept: kept.count, exactCopies: copies, nearDuplicates: dropped.count - copies, unusable: intake.counts,
            output: output))
    }
}

struct DataCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check built folders and files: faults, leaks between splits or files, evaluation questions, hashes.",
        discussion: """
            The splits of built folders are the sides that may share no question; of other files each is a side. Exit code 1 if \
            anything is wrong.
            """)

    @OptionGroup var input: DataInputOptions
    @OptionGroup var evaluation: DataAgainstOptions

    @Option(help: ArgumentHelp("How many findings of each kind to show.", valueName: "n"))
    var show = 5

    @OptionGroup var json: JSONOptions

    func run() throws {
        let check = try DataText.withoutTraces {
            let progress = StageProgress()
            return try DatasetCheck.run(input.files, against: evaluation.against, options: input.reading, domains: input.domains) {
                progress.show($0, $1, $2)
            }
        }
        print(check.sides.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value) questions" }.joined(separator: "\n"))
        list(check.differences.count, "differences from the manifest", check.differences)
        list(check.drops.count, "entries that cannot be used", check.drops.lazy.map {
            "\($0.file), \($0.place ?? "?"): \($0.reason.words)\($0.detail.map { " (\($0))" } ?? "")"
        })
        list(check.conflicts, "questions with the same text and choices and different answers", [])
        list(check.leaks.count, "questions on two sides", check.leaks.lazy.map {
            "\($0.first) (\($0.firstSide)) and \($0.second) (\($0.secondSide))\($0.isExact ? ", the same" : "")"
        })
        list(check.contaminated.count, "questions of an evaluation set", check.contaminated.lazy.map {
            "\($0.id): \($0.kind.words), \($0.evaluation)"
        })
        if check.repeats > 0 { print("\(check.repeats) repeats within a side; `retort data dedupe` drops them") }
        if evaluation.against.isEmpty { print("checked against no evaluation set; name some with --against") }
        try json.write(check)
        if !check.isClean { throw ExitCode(CommandLineRun.failed) }
        print("nothing wrong")
    }

    private func list(_ count: Int, _ title: String, _ lines: some Sequence<String>) {
        guard count > 0 else { return }
        print("\(count) \(title)")
        for line in lines.prefix(max(0, show)) { print("  \(line)") }
    }
}
