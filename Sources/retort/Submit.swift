import ArgumentParser
import Foundation
import Groundwork
import Submission
import Transformers

struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a submission: the folder that a contest's runner drives with python -m agents.question_agent and agents.answer_agent.",
        discussion: """
            The folder holds the Python files, this program, the adapter, settings, topics, a stock of checked questions and a manifest. \
            It runs on a machine with Python 3.10 or newer, PyTorch 2.10 or newer and the base model; RETORT_MODEL says where that lies.
            """)

    @Option(help: "The base model: a GGUF file, a Hugging Face folder, or a repository id in the local Hugging Face cache.")
    var model: String

    @OptionGroup var adapterOptions: AdapterOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("Topics: {\"Area\": [\"topic\", …], …}. (default: those of the question generator)", valueName: "file"))
    var topics: String?

    @Option(help: ArgumentHelp("The question agent's settings. (default: the reference plan's)", valueName: "file"))
    var qgen: String?

    @Option(help: ArgumentHelp("The answer agent's settings. (default: the reference plan's)", valueName: "file"))
    var agen: String?

    @Option(help: "How the answer agent answers, as 'mode' in agen.yaml. (default: the agent's own)")
    var mode: String?

    @Option(help: "How the program keeps the base's weights: int8 (decoding on a CPU) or nf4. (default: as the files have them)")
    var quantization: Quantization?

    @Option(help: ArgumentHelp("The program to put in. (default: this one)", valueName: "file"))
    var binary: String?

    @Flag(help: "Put the base model in too, as links to its files where the file system allows it.")
    var includeModel = false

    @Flag(help: "Replace a submission that stands there; its outputs are kept.")
    var force = false

    @Flag(help: "Ask and answer two questions with what was written.")
    var check = false

    @Option(help: "The Python of --check.")
    var python = "python3"

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if mode != nil, agen != nil {
            throw ValidationError("--mode is for the settings that Retort writes; with --agen write 'mode: …' into the file.")
        }
    }

    func run() throws {
        var writer = SubmissionWriter(model: model, adapter: adapterOptions.adapter)
        writer.topics = topics
        writer.questionSettings = qgen
        writer.answerSettings = agen
        if let mode { writer.answerChanges["mode"] = .text(mode) }
        writer.binary = binary
        writer.includesModel = includeModel
        writer.quantization = quantization
        writer.replacesFolder = force
        let summary = try writer.write(to: output)
        for warning in summary.warnings { Console.note("warning: \(warning)") }
        let manifest = summary.manifest
        let megabytes = { (bytes: Int) in String(format: "%.0f MB", Double(bytes) / 1e6) }
        let sizes = "\(megabytes(summary.bytes)), of which the program has \(megabytes(manifest.binary.bytes))"
        print("\(summary.files) files in \(summary.folder), \(sizes)")
        if manifest.model.path == nil {
            let size = megabytes(manifest.model.bytes)
            print("the base model (\(size)) is not in it: \(manifest.model.reference), or what RETORT_MODEL names there")
        }
        try json.write(summary)
        if check {
            try print(SubmissionCheck.run(summary.folder, python: python), terminator: "")
            print("the submission works")
        }
    }
}
