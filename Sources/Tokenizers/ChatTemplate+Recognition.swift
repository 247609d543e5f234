import Foundation

extension ChatTemplate {
    /// Reads a chat template's family and details off its Jinja text.
    ///
    /// - Parameters:
    ///   - bosToken: what the template's `bos_token` stands for.
    ///   - eosToken: what its `eos_token` stands for.
    public static func recognise(_ jinja: String, bosToken: String = "", eosToken: String = "") throws -> ChatTemplate {
        let pieces = JinjaPieces(jinja)
        let written = pieces.written
        func writes(_ text: String) -> Bool { written.contains { $0.contains(text) } }
        let unknown = TokenizerError.unknownTemplate(excerpt: String(jinja.prefix(120)).replacingOccurrences(of: "\n", with: "\\n"))
        func trims(before marker: String) throws -> Bool {
            guard let trims = pieces.trims(before: marker) else { throw unknown }
            return trims
        }

        var template: ChatTemplate
        if writes("<|im_start|>") && writes("<|im_end|>") {
            // A date, or a separator between role and text, makes another format of it.
            guard !jinja.contains("strftime_now"), !writes("<|im_sep|>"), writes("<|im_end|>\n"), writes("<|im_start|>assistant") else {
                throw unknown
            }
            template = ChatTemplate(kind: pieces.codeMentions("enable_thinking") && writes("</think>") ? .qwen3 : .chatML, endOfTurn: "<|im_end|>")
            template.defaultSystem = defaultSystem(written)
            template.opening = opening(pieces, behind: "<|im_start|>assistant\n")
            template.trims = try trims(before: "<|im_end|>")
            template.dropsReasoning = pieces.dropsReasoning
            template.stripsAnswers = pieces.dropsReasoning && !pieces.looksForReasoning
        } else if writes("<|start_header_id|>") && writes("<|eot_id|>") {
            template = ChatTemplate(kind: .llama3, endOfTurn: "<|eot_id|>")
            template.opening = opening(pieces, behind: "<|start_header_id|>assistant<|end_header_id|>\n\n")
            template.trims = try trims(before: "<|eot_id|>")
            if let cutoff = written.first(where: { $0.hasPrefix("Cutting Knowledge Date") }) {
                guard let date = pieces.literal(assignedTo: "date_string") else { throw unknown }
                template.preamble = "\(cutoff)Today Date: \(date)\n\n"
            }
        } else if writes("<\u{FF5C}User\u{FF5C}>") && writes("<\u{FF5C}Assistant\u{FF5C}>") {
            // V3.1 and later choose between reasoning and not by a variable and close the block in the prompt.
            guard !pieces.codeMentions("thinking") else { throw unknown }
            template = ChatTemplate(kind: .deepSeek3, endOfTurn: "<\u{FF5C}end\u{2581}of\u{2581}sentence\u{FF5C}>")
            template.opening = opening(pieces, behind: "<\u{FF5C}Assistant\u{FF5C}>")
            template.dropsReasoning = pieces.dropsReasoning
            template.joinsSystems = jinja.contains("is_first_sp")
        } else if writes("User: ") && writes("Assistant: ") && pieces.codeMentions("eos_token") {
            template = ChatTemplate(kind: .deepSeek2, endOfTurn: eosToken)
        } else if writes("<start_of_turn>") && writes("<end_of_turn>") {
            template = ChatTemplate(kind: .gemma, endOfTurn: "<end_of_turn>")
            template.opening = opening(pieces, behind: "<start_of_turn>model\n")
        } else {
            throw unknown
        }
        if pieces.codeMentions("bos_token") {
            template.beginning = bosToken
        } else if let literal = ["<|begin_of_text|>", "<bos>", "<\u{FF5C}begin\u{2581}of\u{2581}sentence\u{FF5C}>"].first(where: writes) {
            template.beginning = literal
        }
        return template
    }

    /// The text of a system turn that is written whole, so not from a message.
    private static func defaultSystem(_ written: [String]) -> String? {
        for text in written {
            guard let start = text.range(of: "<|im_start|>system\n"), let end = text.range(of: "<|im_end|>", range: start.upperBound..<text.endIndex)
            else { continue }
            return String(text[start.upperBound..<end.lowerBound])
        }
        return nil
    }

    /// What the generation prompt puts behind the assistant's header.
    private static func opening(_ pieces: JinjaPieces, behind header: String) -> String {
        for text in pieces.written(after: "add_generation_prompt") {
            if let range = text.range(of: header) { return String(text[range.upperBound...]) }
        }
        return ""
    }
}

extension JinjaPieces {
    /// Whether a message's content goes through Jinja's `trim` on its way to the marker that ends the turn; nil where some
    /// does and some does not.
    func trims(before marker: String) -> Bool? {
        var found = Set<Bool>()
        for index in pieces.indices.dropFirst(2) {
            switch pieces[index] {
            case .raw(let text), .literal(let text): guard text.hasPrefix(marker) else { continue }
            case .code: continue
            }
            // `message.content`, or `message['content']`, which is a literal between two pieces of code.
            guard case .code(let code) = pieces[index - 1], code.contains("content") || pieces[index - 2] == .literal("content") else { continue }
            let dense = code.filter { !$0.isWhitespace }
            found.insert(dense.contains("|trim") || dense.contains(".strip()"))
        }
        return found.count > 1 ? nil : found.first ?? false
    }

    /// Whether what stands before `</think>` is cut off.
    var dropsReasoning: Bool {
        zip(pieces, pieces.dropFirst()).contains { piece, next in
            guard case .code(let code) = piece else { return false }
            return code.hasSuffix("split(") && next == .literal("</think>")
        }
    }

    /// Whether it is cut off only where there is a `</think>`.
    var looksForReasoning: Bool {
        zip(pieces, pieces.dropFirst()).contains { piece, next in
            guard case .code(let code) = next else { return false }
            return piece == .literal("</think>") && code.hasPrefix(" in ")
        }
    }

    /// The literal in `set name = "…"`.
    func literal(assignedTo name: String) -> String? {
        for (piece, next) in zip(pieces, pieces.dropFirst()) {
            guard case .code(let code) = piece, case .literal(let text) = next else { continue }
            let words = code.split { $0.isWhitespace || $0 == "-" }
            if words.suffix(3) == ["set", name[...], "="] { return text }
        }
        return nil
    }
}
