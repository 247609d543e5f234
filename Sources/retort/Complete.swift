import ArgumentParser
import Foundation
import Groundwork
import Tokenizers
import Transformers

struct Complete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a prompt.",
        discussion: """
            The prompt stands in the checkpoint's own chat template as the user's message, unless --raw. Without PROMPT it is read from standard input; \
            with --prompts many are continued side by side.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var adapterOptions: AdapterOptions

    @Argument(help: "The prompt; '-' or none reads it from standard input.")
    var prompt: String?

    @Option(help: ArgumentHelp("Many prompts, JSONL: strings or objects with \"prompt\" ('-' for standard input). Prints one JSON object a line, in their order.", valueName: "file"))
    var prompts: String?

    @Option(help: "Prompts of --prompts that are continued side by side. (default: 16)")
    var streams: Int?

    @Flag(help: "Continue the bare text, without a chat template.")
    var raw = false

    @Option(help: "A system message in front. (default: the template's own)")
    var system: String?

    @Option(help: "New tokens at most.")
    var maxTokens = 256

    @Flag(name: .customLong("ignore-eos"), help: "Go on to --max-tokens, past the tokens that end a text.")
    var ignoreEOS = false

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
        if prompts != nil, prompt != nil { throw ValidationError("Give either PROMPT or --prompts.") }
        if let streams, prompts == nil || streams < 1 { throw ValidationError("--streams is a number of at least 1 and needs --prompts.") }
        if maxTokens < 1 { throw ValidationError("--max-tokens is a number of at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) { throw ValidationError("--temperature is a number from 0 up.") }
        if !(topP > 0 && topP <= 1) { throw ValidationError("--top-p is a number above 0, up to 1.") }
        if topK < 0 { throw ValidationError("--top-k is a number from 0 up.") }
        if !(repetitionPenalty > 0 && repetitionPenalty.isFinite) { throw ValidationError("--repetition-penalty is a number above 0.") }
    }

    private func ids(of text: String, _ tokenizer: Tokenizer) throws -> [Int] {
        guard raw else {
            let messages = (system.map { [Message(role: .system, text: $0)] } ?? []) + [Message(role: .user, text: text)]
            return try tokenizer.encodeChat(messages, generationPrompt: true)
        }
        let ids = tokenizer.encode(text, specialTokens: true)
        return tokenizer.addsBOS ? (tokenizer.bos.map { [$0] } ?? []) + ids : ids
    }

    /// A text that ends where the model's context does, if not before.
    private func guide(behind prompt: [Int], _ model: LanguageModel) throws -> FreeText {
        let room = model.configuration.contextLength - prompt.count
        guard room >= 0 else { throw ModelError.tooLong(tokens: prompt.count, context: model.configuration.contextLength) }
        return FreeText(
            sampling: Sampling(temperature: temperature, topP: topP, topK: topK, repetitionPenalty: repetitionPenalty),
            // The last token is written and not read.
            limit: min(maxTokens, room + 1), ends: ignoreEOS ? [] : model.tokenizer.endTokens)
    }

    func run() throws { try Interrupted.losing { try continueText() } }

    private func continueText() throws {
        if let prompts { return try run(PromptFile.read(prompts)) }
        var text = prompt ?? "-"
        if text == "-" { text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) }
        guard !text.isEmpty else { throw ValidationError("The prompt is empty.") }
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let ids = try ids(of: text, model.tokenizer), guide = try guide(behind: ids, model)
        let decoder = try Decoder(model: model, adapter: adapter, slots: 1)
        defer { if let note = model.decodingNote { Console.note("warning: \(note)") } }
        if json {
            try decoder.run([Transformers.Stream(prompt: ids, guide: guide, seed: seed)])
            print(try JSONText.line(Completion(guide, promptTokens: ids.count, tokenizer: model.tokenizer)))
            return
        }
        var stream = StreamDecoder(model.tokenizer)
        guide.each = { id in try Console.write(stream.append(id)) }
        let run = Result { try decoder.run([Transformers.Stream(prompt: ids, guide: guide, seed: seed)]) }
        if let fault = guide.fault { throw fault }
        // What was written before a stop is a whole line, too.
        if !guide.ids.isEmpty || (try? run.get()) != nil { try Console.write(stream.finish() + "\n") }
        try run.get()
    }

    /// Continues all prompts side by side; each one's line is printed as soon as those before it are done.
    private func run(_ prompts: [String]) throws {
        let model = try modelOptions.load()
        let adapter = try adapterOptions.load(for: model)
        let asked = try prompts.enumerated().map { number, text in
            let ids = try ids(of: text, model.tokenizer)
            // Found out now, before the others have been answered for nothing.
            do { return (ids: ids, guide: try guide(behind: ids, model)) } catch let error as ModelError {
                throw FileError(path: "prompt \(number + 1)", action: "continue", reason: "\(error)")
            }
        }
        let decoder = try Decoder(model: model, adapter: adapter, slots: min(streams ?? 16, prompts.count))
        defer { if let note = model.decodingNote { Console.note("warning: \(note)") } }
        let progress = Progress("complete", total: asked.count, unit: "prompts")
        var printed = 0
        try decoder.run(asked.enumerated().map { Transformers.Stream(prompt: $1.ids, guide: $1.guide, seed: seed &+ UInt64($0)) }) { done in
            progress.advance(to: done)
            while printed < asked.count, asked[printed].guide.isDone {
                let line = try? JSONText.line(
                    Completion(asked[printed].guide, promptTokens: asked[printed].ids.count, tokenizer: model.tokenizer))
                printed += 1
                do { try Console.write((line ?? "null") + "\n") } catch {
                    // Nobody gets the rest either.
                    printed = asked.count
                    for (_, guide) in asked { guide.stop(error) }
                }
            }
        }
        if let fault = asked.first?.guide.fault { throw fault }
    }
}
