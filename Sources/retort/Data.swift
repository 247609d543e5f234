import ArgumentParser
import Datasets
import Foundation
import Groundwork
import Questions

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Read, clean, deduplicate, decontaminate and split collections of four-choice questions.",
        discussion: "Files are JSONL, a JSON array, CSV or TSV, also packed by gzip or Zstandard. docs/data.md has the rules.",
        subcommands: [DataBuild.self, DataInspect.self, DataDedupe.self, DataCheck.self, DataSplit.self])
}

/// The files to read, and where a question's fields stand in them.
struct DataInputOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Files of questions.", valueName: "file"))
    var files: [String]

    @Option(parsing: .singleValue, help: ArgumentHelp(
        "Where a field stands: question=stem, choices=choices.text, choices=A,B,C,D, answer=answerKey. May be repeated.", valueName: "field=place"))
    var map: [String] = []

    @Option(help: "What the answer is: auto, letter, index or text.")
    var key = FieldMap.Key.auto

    @Option(help: ArgumentHelp("The number of the first choice where answers are numbers: 0 or 1.", valueName: "n"))
    var indexBase = 0

    @Flag(inversion: .prefixedNo, help: "Whether a table's first row names its columns. (default: look)")
    var header: Bool?

    @Option(help: ArgumentHelp("A JSON file {\"subject\": \"math\", …} on top of the built-in map of subjects to domains.", valueName: "file"))
    var subjects: String?

    func validate() throws {
        if ![0, 1].contains(indexBase) { throw ValidationError("--index-base is 0 or 1.") }
        if files.isEmpty { throw ValidationError("name at least one file.") }
        do {
            _ = try FieldMap(mappings: map)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    var reading: ReadingOptions {
        get throws { ReadingOptions(fields: try FieldMap(mappings: map, key: key, firstIndex: indexBase), header: header) }
    }

    var domains: DomainMap {
        get throws { try subjects.map { try SubjectFile.read($0) } ?? .standard }
    }

    func read() throws -> Intake {
        let progress = StageProgress()
        return try Intake.read(files, options: reading, domains: domains) { progress.show(.reading, $0, nil) }
    }
}

extension FieldMap.Key: ExpressibleByArgument {}

/// Evaluation sets that training must not see.
struct DataAgainstOptions: ParsableArguments {
    @Option(parsing: .upToNextOption, help: ArgumentHelp(
        "Evaluation sets, in Retort's or the exchange shape, of which nothing may be trained on.", valueName: "file"))
    var against: [String] = []
}

/// One progress line a stage; stages whose whole is unknown count only.
final class StageProgress {
    private var stage: DatasetBuild.Stage?
    private var progress: Groundwork.Progress?
    private var last = ContinuousClock.now

    func show(_ stage: DatasetBuild.Stage, _ done: Int, _ total: Int?) {
        if stage != self.stage {
            self.stage = stage
            last = .now
            progress = total.map { Groundwork.Progress(Self.title(stage), total: $0, unit: "questions") }
        }
        if let progress {
            progress.advance(to: done)
        } else if ContinuousClock.now - last > .seconds(5) {
            last = .now
            Console.note("\(Self.title(stage)): \(done) entries")
        }
    }

    private static func title(_ stage: DatasetBuild.Stage) -> String {
        switch stage {
        case .reading: "reading"
        case .evaluation: "reading evaluation sets"
        case .contamination: "looking for evaluation questions"
        case .duplicates: "looking for near-duplicates"
        }
    }
}

/// Tables for people.
enum DataText {
    static func drops(_ counts: [DropReason: Int]) -> [String] {
        DropReason.allCases.compactMap { reason in counts[reason].map { "  \($0) \(reason.words)" } }
    }

    static func biases(_ title: String, _ biases: Biases) -> String {
        let letters = zip(Letter.allCases, biases.letters).map { "\($0) \($1)" }.joined(separator: ", ")
        return "\(title): \(biases.count) questions, \(letters) (χ² \(String(format: "%.2f, p %.2g", biases.chiSquared, biases.p))); "
            + String(format: "longest choice %.1f %%, shortest %.1f %%", 100 * biases.longestChoice, 100 * biases.shortestChoice)
    }

    /// Interrupted before the end, this work leaves nothing behind; that must be said, as other commands continue.
    static func withoutTraces<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch is Interrupted {
            CommandLineRun.report("interrupted; nothing was written")
            throw ExitCode(CommandLineRun.interrupted)
        }
    }
}
