import ArgumentParser
import ContentHash
import Evaluation
import Foundation
import Groundwork
import Pipeline
import Transformers

struct BakeoffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bakeoff",
        abstract: "Ask several models the same questions before anything is trained: accuracy, speed, memory, and who is better.",
        discussion: """
            Each model is measured in a process of its own, so that its memory is its own and one that fails leaves the others. With \
            --output what was measured is kept, and the same command continues.
            """)

    @Option(help: "A GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache; once for each model.")
    var model: [String]

    @Option(help: "Keep the weights as int8 (decoding on a CPU) or nf4 (4 bits). (default: as --dtype says)")
    var quantization: Quantization?

    @OptionGroup var compute: ComputeOptions
    @OptionGroup var questionOptions: EvaluationQuestions
    @OptionGroup var styleOptions: EvaluationStyle

    @Option(help: "mmlu, in place of --questions; needs --data.")
    var benchmark: Evaluate.Benchmark?

    @Option(help: ArgumentHelp("MMLU's own folder.", valueName: "path"))
    var data: String?

    @Option(help: "Fewer questions give an indication, no verdict.")
    var minQuestions = PairedComparison.minimumQuestions

    @Option(name: .shortAndLong, help: ArgumentHelp("Keep each model's whole result in this folder.", valueName: "dir"))
    var output: String?

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if model.count < 2 { throw ValidationError("Give --model at least twice.") }
        if let twice = Dictionary(grouping: model, by: { $0 }).first(where: { $1.count > 1 })?.key {
            throw ValidationError("--model \(twice) is given twice.")
        }
        if benchmark?.isWritten == true { throw ValidationError("A bakeoff asks four-choice questions: --questions or --benchmark mmlu.") }
        if (questionOptions.questions == nil) == (benchmark == nil) { throw ValidationError("Give either --questions or --benchmark with --data.") }
        if (benchmark == nil) != (data == nil) { throw ValidationError("--benchmark and --data belong together.") }
        if minQuestions < 1 { throw ValidationError("--min-questions is a number of at least 1.") }
        try styleOptions.check(bringsShots: benchmark == .mmlu)
    }

    /// What `retort evaluate --json` wrote.
    private struct Measured: Decodable {
        let result: EvaluationResult
        let questions_per_second: Double
        let peak_memory: Int?
        let device_memory: Int?
    }

    private struct Result: Encodable {
        let bakeoff: Bakeoff
        let failed: [String: String]
    }

    func run() throws {
        // Said once and now, instead of by every model.
        _ = try questionOptions.read(mmlu: data)
        let folder = output ?? NSTemporaryDirectory() + "retort-bakeoff-\(UUID().uuidString)"
        try WholeFile.makeFolder(folder)
        defer { if output == nil { try? FileManager.default.removeItem(atPath: folder) } }
        var measured: [(entry: Bakeoff.Entry, result: EvaluationResult)] = []
        var failed: [String: String] = [:]
        for name in model {
            try Interruption.check()
            let file = "\(folder)/\(try fileName(name))"
            if !FileManager.default.fileExists(atPath: file) {
                Console.note("\(name):")
                let status = try evaluate(name, file)
                try Interruption.check()
                if status != 0 { failed[name] = "retort evaluate ended with \(status); its message stands above" }
            }
            guard failed[name] == nil else { continue }
            guard let one = try? JSONDecoder().decode(Measured.self, from: WholeFile.read(file)) else {
                throw FileError(path: file, action: "use", reason: "it is no result of an evaluation; remove it to measure \(name) again")
            }
            measured.append((
                Bakeoff.Entry(
                    name: name, result: one.result, questionsPerSecond: one.questions_per_second, peakMemory: one.peak_memory,
                    deviceMemory: one.device_memory),
                one.result))
        }
        let bakeoff = try Bakeoff(measured, minimumQuestions: minQuestions)
        if !measured.isEmpty { print(bakeoff.table) }
        try json.write(Result(bakeoff: bakeoff, failed: failed))
        if !failed.isEmpty {
            CommandLineRun.report("not measured: \(failed.keys.sorted().joined(separator: ", ")); their messages stand above")
            throw ExitCode(CommandLineRun.failed)
        }
    }

    /// The model's name, and a hash of everything that its result depends on.
    private func fileName(_ name: String) throws -> String {
        var parts = arguments(name, json: "")
        for path in [questionOptions.questions, styleOptions.shots].compactMap({ $0 }) { parts.append(try ContentHash.ofFile(path)) }
        for path in [ModelIdentity.path(name), data].compactMap({ $0 }) { parts += Self.stamps(path) }
        let readable = (name as NSString).lastPathComponent.map { $0.isLetter || $0.isNumber || "-._".contains($0) ? $0 : "-" }
        return "\(String(readable))-\(ContentHash.of(parts.joined(separator: "\u{0}")).prefix(12)).json"
    }

    /// Sizes and times of a file, or of all files in a folder: where a content was changed they are others.
    private static func stamps(_ path: String) -> [String] {
        let inside = FileManager.default.subpaths(atPath: path)?.sorted().map { path + "/" + $0 } ?? []
        return ([path] + inside).map { file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: file).resolvingSymlinksInPath().path)
            return "\(file) \(attributes?[.size] ?? 0) \(attributes?[.modificationDate] ?? 0)"
        }
    }

    private func arguments(_ name: String, json: String) -> [String] {
        var words = ["evaluate", "--model", name, "--json", json, "--device", compute.device, "--slots", "\(styleOptions.slots)"]
        func add(_ option: String, _ value: String?) { if let value { words += [option, value] } }
        add("--quantization", quantization?.rawValue)
        add("--threads", compute.threads.map { "\($0)" })
        add("--dtype", compute.dtype?.rawValue)
        add("--questions", questionOptions.questions)
        add("--limit", questionOptions.limit.map { "\($0)" })
        add("--benchmark", benchmark?.rawValue)
        add("--data", data)
        add("--style", styleOptions.style?.rawValue)
        add("--mode", styleOptions.mode?.rawValue)
        add("--shots", styleOptions.shots)
        add("--num-shots", styleOptions.numShots.map { "\($0)" })
        add("--max-tokens", styleOptions.maxTokens.map { "\($0)" })
        words += ["--temperature", "\(styleOptions.temperature ?? 0)", "--seed", "\(styleOptions.seed)"]
        if !questionOptions.subject.isEmpty { words += ["--subject"] + questionOptions.subject }
        return words
    }

    /// Runs `retort evaluate` to its exit code; it writes its result whole or not at all.
    private func evaluate(_ name: String, _ file: String) throws -> Int32 {
        let process = Process()
        let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments(name, json: file)
        process.standardOutput = FileHandle.nullDevice
        do { try process.run() } catch {
            throw FileError(path: program, action: "start", reason: error.localizedDescription)
        }
        while process.isRunning {
            usleep(50_000)
            if Interruption.isRequested {
                process.terminate()
                process.waitUntilExit()
            }
        }
        return process.terminationStatus
    }
}
