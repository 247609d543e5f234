import Checkpoints

extension Tokenizer {
    /// From the metadata of a GGUF file (`tokenizer.ggml.*`), as llama.cpp's converter writes it.
    public convenience init(gguf: GGUF) throws {
        let keys = "tokenizer.ggml."
        func missing(_ key: String) -> TokenizerError {
            .malformed(source: gguf.path, place: keys + key, reason: "the key is missing")
        }
        let model = try gguf.string(keys + "model") ?? ""
        guard model == "gpt2" else {
            throw TokenizerError.unsupported(
                source: gguf.path, what: "a vocabulary of the kind “\(model)” (\(keys)model)", known: "gpt2 (byte-level BPE)")
        }
        guard let tokens = try gguf.strings(keys + "tokens") else { throw missing("tokens") }
        guard let merges = try gguf.strings(keys + "merges") else { throw missing("merges") }
        try self.init(ggml: GGMLVocabulary(
            source: gguf.path, tokens: tokens, types: try gguf.ints(keys + "token_type") ?? [], merges: merges,
            pre: try gguf.string(keys + "pre"), bos: try gguf.int(keys + "bos_token_id"),
            ends: try [gguf.int(keys + "eos_token_id"), gguf.int(keys + "eot_token_id")].compactMap { $0 },
            addsBOS: try gguf.bool(keys + "add_bos_token"), chatTemplate: try gguf.string("tokenizer.chat_template")))
    }

    convenience init(ggml: GGMLVocabulary) throws { try self.init(ggml.description()) }
}

/// The tokenizer metadata of a GGUF file.
struct GGMLVocabulary {
    var source: String
    var tokens: [String]
    /// One for each token; empty when the file has none, which makes all of them ordinary.
    var types: [Int]
    /// Two vocabulary entries with a blank between.
    var merges: [String]
    /// llama.cpp's name of the pre-tokeniser.
    var pre: String?
    var bos: Int?
    var ends: [Int] = []
    var addsBOS: Bool?
    var chatTemplate: String?

    private enum TokenType: Int {
        case normal = 1, unknown, control, userDefined, unused, byte
    }

    func description() throws -> TokenizerDescription {
        guard types.isEmpty || types.count == tokens.count else {
            throw malformed("token_type", "\(types.count) types for \(tokens.count) tokens")
        }
        guard tokens.count <= TokenizerDescription.largestVocabulary else { throw malformed("tokens", "\(tokens.count) tokens are too many") }
        for id in ends + [bos].compactMap({ $0 }) where id < 0 || id >= tokens.count {
            throw malformed("bos_token_id, eos_token_id or eot_token_id", "\(id) is outside the vocabulary of \(tokens.count)")
        }
        let preTokenizer = try self.preTokenizer()
        var description = TokenizerDescription(
            source: source, entries: tokens, merges: [], addedTokens: [], preTokenizer: preTokenizer)
        for (id, value) in types.enumerated() {
            switch TokenType(rawValue: value) {
            case .normal, .byte: break
            case .unused:
                description.entries[id] = nil
                description.unusedIDs.insert(id)
            case .control, .unknown, .userDefined:
                description.entries[id] = nil
                description.addedTokens.append(AddedToken(id: id, text: tokens[id], isSpecial: value != TokenType.userDefined.rawValue))
            case nil: throw malformed("token_type[\(id)]", "\(value) is no token type")
            }
        }
        description.merges = try merges.enumerated().map { index, merge in
            // The first character may itself be a blank in files of older converters.
            let scalars = merge.unicodeScalars
            guard let gap = scalars.dropFirst().firstIndex(of: " ") else { throw malformed("merges[\(index)]", "no blank in “\(merge)”") }
            return (String(scalars[..<gap]), String(scalars[scalars.index(after: gap)...]))
        }
        // GGUF does not say these two; they belong to the tokenizers that the names stand for.
        description.normalizesToNFC = preTokenizer == .qwen2
        description.ignoresMerges = preTokenizer == .llama3
        description.bos = bos
        description.endTokens = ends
        description.addsBOS = addsBOS ?? (preTokenizer == .llama3)
        description.chatTemplate = chatTemplate
        return description
    }

    private func preTokenizer() throws -> PreTokenizer {
        switch pre {
        case "gpt-2", "gpt2": return .gpt2
        case "smollm", "starcoder", "refact", "command-r": return .smolLM2
        case "llama-bpe", "llama3", "llama-v3": return .llama3
        case "qwen2", "deepseek-r1-qwen": return .qwen2
        default:
            let what = pre.map { "the pre-tokeniser “\($0)” (tokenizer.ggml.pre)" } ?? "a file without tokenizer.ggml.pre"
            throw TokenizerError.unsupported(source: source, what: what, known: "gpt-2, smollm, llama-bpe, qwen2")
        }
    }

    private func malformed(_ key: String, _ reason: String) -> TokenizerError {
        .malformed(source: source, place: "tokenizer.ggml.\(key)", reason: reason)
    }
}
