import ArgumentParser
import Distillation
import Foundation
import Groundwork
import Pipeline
import Questions
import Transformers

struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Let a teacher label questions: its reasoning and its scores of the four letters.",
        discussion: """
            Labels are appended as they are made, so a stopped command continues where it was. A file that another teacher, prompt \
            or setting began is refused.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Option(help: ArgumentHelp("Questions, JSONL or a JSON array.", valueName: "file"))
    var questions: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The JSONL file of labels.", valueName: "file"))
    var output: String

    @Flag(help: "Give the teacher each question's own worked explanation as its reasoning; it only scores the letters.")
    var informed = false

    @Option(help: "Tokens of reasoning at most.")
    var maxTokens = 120

    @Option(help: "0 takes the likeliest token each time.")
    var temperature = 0.6

    @Option(help: "Sample from the smallest set of tokens that reaches this probability.")
    var topP = 0.95

    @Option(help: "Another seed draws other reasoning.")
    var seed: UInt64 = 0

    @Option(help: "Questions labelled side by side.")
    var slots = 16

    @Option(help: "Only so many questions from the file's beginning.")
    var limit: Int?

    @OptionGroup var json: JSONOptions

    func validate() throws {
        if slots < 1 { throw ValidationError("--slots is a number of at least 1.") }
        if let limit, limit < 1 { throw ValidationError("--limit is a number of at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p is a number above 0, up to 1.") }
    }

    private struct Result: Encodable {
        let labels: Int
        let made: Int
        let right: Int
        let funnel: LabelFunnel
        let provenance: LabelProvenance?
        let output: String
    }

    func run() throws {
        var asked = try QuestionFile.read(questions)
        if let limit { asked = Array(asked.prefix(limit)) }
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let identity = try ModelIdentity.of(modelOptions.model) + (adapterOptions.adapter.map { try " + " + ModelIdentity.ofAdapter($0) } ?? "")
        let teacher = try NativeTeacher(
            identity: identity, coder: model.tokenizer, decoder: Decoder(model: model, adapter: adapter, slots: slots),
            way: informed ? .informed : .free, sampling: Sampling(temperature: temperature, topP: topP), maximumTokens: maxTokens,
            seed: seed)
        let made = try Labelling(batch: slots).run(asked, by: teacher, into: output)
        let labels = try LabelFile.read(output)
        let funnel = LabelFunnel.sort(labels).funnel
        let right = labels.count { $0.letter == $0.question.answer }
        print("\(labels.count) labels in \(output), \(right) with the right letter; \(funnel)")
        try json.write(Result(
            labels: labels.count, made: made, right: right, funnel: funnel, provenance: labels.first?.provenance, output: output))
    }
}
