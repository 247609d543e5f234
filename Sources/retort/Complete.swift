import ArgumentParser
import Foundation
import Groundwork
import Tokenizers
import Transformers

struct Complete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a prompt.",
        discussion: "The prompt stands in the checkpoint's own chat template as the user's message, unless --raw. Without PROMPT it is read from standard input.")

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Argument(help: "The prompt; '-' or none reads it from standard input.")
    var prompt: String?

    @Flag(help: "Continue the bare text, without a chat template.")
    var raw = false

    @Option(help: "A system message in front. (default: the template's own)")
    var system: String?

    @Option(help: "New tokens at most.")
    var maxTokens = 256

    @Option(help: "0 takes the likeliest token each time.")
    var temperature = 0.0

    @Option(help: "Sample from the smallest set of tokens that reaches this probability.")
    var topP = 1.0

    @Option(help: "Sample from so many likeliest tokens; 0 for all.")
    var topK = 0

    @Option(help: "Makes tokens that have been used less likely; 1 for off.")
    var repetitionPenalty = 1.0

    @Option(help: "Another seed draws another text.")
    var seed: UInt64 = 0

    @Flag(help: "Print a JSON object with text, ids, counts and times instead of the text.")
    var json = false

    func validate() throws {
        if raw, system != nil { throw ValidationError("--system needs the chat template; it cannot stand with --raw.") }
        if maxTokens < 1 { throw ValidationError("--max-tokens is a number of at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p is a number above 0, up to 1.") }
        if topK < 0 { throw ValidationError("--top-k is a number from 0 up.") }
        if !(repetitionPenalty > 0 && repetitionPenalty.isFinite) { throw ValidationError("--repetition-penalty is a number above 0.") }
    }

    private struct Result: Encodable {
        let text: String
        let ids: [Int]
        let promptTokens: Int
        let finish: String
        let seconds: Double
        let tokensPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case text, ids, finish, seconds
            case promptTokens = "prompt_tokens"
            case tokensPerSecond = "tokens_per_second"
        }
    }

    func run() throws {
        var text = prompt ?? "-"
        if text == "-" { text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) }
        guard !text.isEmpty else { throw ValidationError("The prompt is empty.") }
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let tokenizer = model.tokenizer
        var ids: [Int]
        if raw {
            ids = tokenizer.encode(text, specialTokens: true)
            if tokenizer.addsBOS, let bos = tokenizer.bos { ids.insert(bos, at: 0) }
        } else {
            let messages = (system.map { [Message(role: .system, text: $0)] } ?? []) + [Message(role: .user, text: text)]
            ids = try tokenizer.encodeChat(messages, generationPrompt: true)
        }
        let guide = FreeText(
            sampling: Sampling(temperature: temperature, topP: topP, topK: topK, repetitionPenalty: repetitionPenalty),
            limit: maxTokens, ends: tokenizer.endTokens)
        if !json {
            var stream = StreamDecoder(tokenizer)
            guide.each = { id in
                FileHandle.standardOutput.write(Data(stream.append(id).utf8))
            }
            defer { FileHandle.standardOutput.write(Data((stream.finish() + "\n").utf8)) }
            try Decoder(model: model, adapter: adapter, slots: 1).run([Transformers.Stream(prompt: ids, guide: guide, seed: seed)])
            return
        }
        let start = ContinuousClock.now
        try Decoder(model: model, adapter: adapter, slots: 1).run([Transformers.Stream(prompt: ids, guide: guide, seed: seed)])
        let elapsed = (ContinuousClock.now - start).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        let result = Result(
            text: tokenizer.decode(guide.ids, skippingSpecial: true), ids: guide.ids, promptTokens: ids.count,
            finish: guide.ended ? "end" : "length", seconds: seconds, tokensPerSecond: Double(guide.ids.count) / max(seconds, 1e-9))
        print(try JSONText.line(result))
    }
}

/// Samples until the model ends its turn or the limit is reached.
private final class FreeText: Guide {
    private let sampling: Sampling
    private let limit: Int
    private let ends: Set<Int>
    private(set) var ids: [Int] = []
    private(set) var ended = false
    var each: ((Int) -> Void)?

    init(sampling: Sampling, limit: Int, ends: Set<Int>) {
        self.sampling = sampling
        self.limit = limit
        self.ends = ends
    }

    func next() -> Demand { ended || ids.count >= limit ? .finish : .sample(sampling, nil) }

    func sampled(_ token: Int) {
        if ends.contains(token) {
            ended = true
        } else {
            ids.append(token)
            each?(token)
        }
    }

    func scored(_ logProbabilities: [Float]) { preconditionFailure("free text demands no scores") }
}
