import Foundation

/// How a checkpoint writes a conversation: recognised from the Jinja text that it ships, whose literals give the default system
/// prompt and the markers. What the text does for tools, images and the like is not rendered.
public struct ChatTemplate: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// `<|im_start|>role\n…<|im_end|>\n`. SmolLM2, Qwen2, Qwen2.5 and many more.
        case chatML
        /// ChatML whose last answer carries a `<think>` block.
        case qwen3
        /// `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`
        case llama3
        /// `User: …\n\nAssistant: …<eos>`
        case deepSeek2
        /// `<｜User｜>…<｜Assistant｜>…<｜end▁of▁sentence｜>`; V2.5, V3 and R1.
        case deepSeek3
        /// `<start_of_turn>role\n…<end_of_turn>\n`; a system prompt goes before the first user's text.
        case gemma
    }

    /// A stretch of the rendered text: the template's own, which may spell special tokens, or a message's, which may not.
    struct Part: Equatable {
        var text: String
        var isTemplate: Bool
    }

    public let kind: Kind
    /// What the template says as system where a conversation does not begin with one.
    public internal(set) var defaultSystem: String?
    /// The token that ends the assistant's turn.
    public let endOfTurn: String
    /// What a conversation begins with: the text of the first token, or nothing.
    var beginning = ""
    /// What the assistant's turn is made to begin with, behind its header: `<think>\n` of reasoning models.
    var opening = ""
    /// White space around a message's text is dropped.
    var trims = false
    /// The reasoning in an earlier answer, up to `</think>`, is dropped.
    var dropsReasoning = false
    /// Line ends at the start of an answer are dropped even where it holds no reasoning.
    var stripsAnswers = false
    /// What Llama 3.1 and later say in front of every system prompt: knowledge cut-off and date.
    var preamble: String?
    /// Several system messages are joined by blank lines; without it the last one counts.
    var joinsSystems = false
    /// Whether a model that may reason first is left to choose so. Without it its turn begins with an empty `<think>` block.
    public var allowsThinking = true

    public func render(_ messages: [Message], generationPrompt: Bool) -> String {
        parts(messages, generationPrompt: generationPrompt).map(\.text).joined()
    }

    /// Refuses conversations that the template itself refuses.
    func check(_ messages: [Message]) throws {
        guard let first = messages.first else { throw TokenizerError.conversation("it holds no message") }
        guard kind == .gemma else { return }
        let turns = first.role == .system ? messages.dropFirst() : messages[...]
        for (index, message) in turns.enumerated() where message.role != (index % 2 == 0 ? .user : .assistant) {
            throw TokenizerError.conversation("user and assistant must take turns, the user first")
        }
    }

    func parts(_ messages: [Message], generationPrompt: Bool) -> [Part] {
        var writer = Writer()
        writer.template(beginning)
        switch kind {
        case .chatML, .qwen3: chatML(messages, generationPrompt, &writer)
        case .llama3: llama3(messages, generationPrompt, &writer)
        case .deepSeek2: deepSeek2(messages, generationPrompt, &writer)
        case .deepSeek3: deepSeek3(messages, generationPrompt, &writer)
        case .gemma: gemma(messages, generationPrompt, &writer)
        }
        return writer.parts
    }

    private func chatML(_ messages: [Message], _ generationPrompt: Bool, _ writer: inout Writer) {
        if let defaultSystem, messages.first?.role != .system {
            writer.template("<|im_start|>system\n\(defaultSystem)<|im_end|>\n")
        }
        let lastQuestion = messages.lastIndex { $0.role == .user } ?? messages.count
        for (index, message) in messages.enumerated() {
            writer.template("<|im_start|>\(message.role.rawValue)\n")
            if message.role == .assistant && kind == .qwen3 {
                answer(message.text, isLast: index == messages.count - 1, isReply: index > lastQuestion, &writer)
            } else if message.role == .assistant && dropsReasoning {
                let answer = Self.withoutReasoning(message.text).text
                writer.message(stripsAnswers ? answer.trimmingNewlines(atEnd: false) : answer)
            } else {
                writer.message(trims ? message.text.strippedAsPython : message.text)
            }
            writer.template("<|im_end|>\n")
        }
        if generationPrompt { writer.template("<|im_start|>assistant\n" + assistantOpening) }
    }

    /// Qwen3 keeps the reasoning of answers to the last question, empty as it may be.
    private func answer(_ text: String, isLast: Bool, isReply: Bool, _ writer: inout Writer) {
        let (reasoning, rest) = Self.withoutReasoning(text)
        guard isReply && (isLast || !reasoning.isEmpty) else { return writer.message(rest) }
        writer.template("<think>\n")
        writer.message(reasoning.trimmingNewlines())
        writer.template("\n</think>\n\n")
        writer.message(rest.trimmingNewlines(atEnd: false))
    }

    private var assistantOpening: String {
        kind == .qwen3 && !allowsThinking && opening.isEmpty ? "<think>\n\n</think>\n\n" : opening
    }

    /// The reasoning and the answer of a text with a `</think>`.
    static func withoutReasoning(_ text: String) -> (reasoning: String, text: String) {
        let blocks = text.components(separatedBy: "</think>")
        guard blocks.count > 1 else { return ("", text) }
        let reasoning = blocks[0].trimmingNewlines(atStart: false).components(separatedBy: "<think>").last ?? ""
        return (reasoning.trimmingNewlines(atEnd: false), (blocks.last ?? "").trimmingNewlines(atEnd: false))
    }

    private func llama3(_ messages: [Message], _ generationPrompt: Bool, _ writer: inout Writer) {
        var rest = messages[...]
        if let preamble {
            writer.template("<|start_header_id|>system<|end_header_id|>\n\n" + preamble)
            if let first = rest.first, first.role == .system {
                writer.message(first.text.strippedAsPython)
                rest = rest.dropFirst()
            }
            writer.template("<|eot_id|>")
        }
        for message in rest {
            writer.template("<|start_header_id|>\(message.role.rawValue)<|end_header_id|>\n\n")
            writer.message(trims ? message.text.strippedAsPython : message.text)
            writer.template("<|eot_id|>")
        }
        if generationPrompt { writer.template("<|start_header_id|>assistant<|end_header_id|>\n\n" + opening) }
    }

    private func deepSeek2(_ messages: [Message], _ generationPrompt: Bool, _ writer: inout Writer) {
        for message in messages {
            switch message.role {
            case .system:
                writer.message(message.text)
                writer.template("\n\n")
            case .user:
                writer.template("User: ")
                writer.message(message.text)
                writer.template("\n\n")
            case .assistant:
                writer.template("Assistant: ")
                writer.message(message.text)
                writer.template(endOfTurn)
            }
        }
        if generationPrompt { writer.template("Assistant:" + opening) }
    }

    private func deepSeek3(_ messages: [Message], _ generationPrompt: Bool, _ writer: inout Writer) {
        let systems = messages.filter { $0.role == .system }.map(\.text)
        writer.message(joinsSystems ? systems.joined(separator: "\n\n") : systems.last ?? "")
        for message in messages where message.role != .system {
            if message.role == .user {
                writer.template("<\u{FF5C}User\u{FF5C}>")
                writer.message(message.text)
            } else {
                writer.template("<\u{FF5C}Assistant\u{FF5C}>")
                let blocks = dropsReasoning ? message.text.components(separatedBy: "</think>") : [message.text]
                writer.message(blocks.last ?? "")
                writer.template(endOfTurn)
            }
        }
        if generationPrompt { writer.template("<\u{FF5C}Assistant\u{FF5C}>" + opening) }
    }

    private func gemma(_ messages: [Message], _ generationPrompt: Bool, _ writer: inout Writer) {
        let system = messages.first.flatMap { $0.role == .system ? $0.text : nil }
        for (index, message) in messages.dropFirst(system == nil ? 0 : 1).enumerated() {
            writer.template("<start_of_turn>\(message.role == .assistant ? "model" : message.role.rawValue)\n")
            if let system, index == 0 {
                writer.message(system)
                writer.template("\n\n")
            }
            writer.message(message.text.strippedAsPython)
            writer.template("<end_of_turn>\n")
        }
        if generationPrompt { writer.template("<start_of_turn>model\n" + opening) }
    }

    private struct Writer {
        var parts: [Part] = []

        mutating func template(_ text: String) { if !text.isEmpty { parts.append(Part(text: text, isTemplate: true)) } }
        mutating func message(_ text: String) { if !text.isEmpty { parts.append(Part(text: text, isTemplate: false)) } }
    }
}

extension String {
    /// Without the white space around it, as Python's `str.strip` and Jinja's `trim` count it.
    var strippedAsPython: String {
        trimming { $0.properties.isWhitespace || (0x1C...0x1F).contains($0.value) }
    }

    func trimmingNewlines(atStart: Bool = true, atEnd: Bool = true) -> String {
        trimming(atStart: atStart, atEnd: atEnd) { $0 == "\n" }
    }

    private func trimming(atStart: Bool = true, atEnd: Bool = true, _ drops: (Unicode.Scalar) -> Bool) -> String {
        var rest = Substring(self).unicodeScalars
        while atStart, let first = rest.first, drops(first) { rest.removeFirst() }
        while atEnd, let last = rest.last, drops(last) { rest.removeLast() }
        return String(rest)
    }
}
