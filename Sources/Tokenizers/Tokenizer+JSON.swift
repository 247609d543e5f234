import Checkpoints
import Foundation

extension Tokenizer {
    /// From the text of a `tokenizer.json`, and of the `tokenizer_config.json` beside it, which names the tokens that begin and
    /// end texts and often holds the chat template.
    ///
    /// - Parameters:
    ///   - source: named in errors.
    ///   - chatTemplate: the text of `chat_template.jinja`, which newer checkpoints keep in a file of its own.
    ///   - endTokens: further ids that end a generation, from `config.json` and `generation_config.json`; those outside the vocabulary are left out.
    public convenience init(
        tokenizerJSON: Data, configJSON: Data? = nil, source: String = "tokenizer.json", chatTemplate: String? = nil, endTokens: [Int] = []
    ) throws {
        let json: TokenizerJSON = try Self.decode(tokenizerJSON, source: source)
        let configuration: TokenizerConfigurationJSON? = try configJSON.map { try Self.decode($0, source: "\(source) (tokenizer_config.json)") }
        try self.init(json.description(source: source, configuration: configuration, chatTemplate: chatTemplate, endTokens: endTokens))
    }

    private static func decode<T: Decodable>(_ data: Data, source: String) throws -> T {
        do {
            return try JSONDecoder().decode(T.self, from: data)
        } catch let error as DecodingError {
            let (path, reason) = switch error {
            case .keyNotFound(let key, let context): (context.codingPath + [key], "the key is missing")
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context.codingPath, context.debugDescription)
            @unknown default: ([], error.localizedDescription)
            }
            let place = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
            throw TokenizerError.malformed(source: source, place: place.isEmpty ? "the file" : place, reason: reason)
        }
    }
}

extension TokenizerJSON {
    func description(
        source: String, configuration: TokenizerConfigurationJSON?, chatTemplate: String?, endTokens: [Int]
    ) throws -> TokenizerDescription {
        func unsupported(_ what: String, _ known: String) -> TokenizerError { .unsupported(source: source, what: what, known: known) }
        guard model.type ?? "BPE" == "BPE" else { throw unsupported("a model of the type “\(model.type ?? "")”", "BPE") }
        guard model.byte_fallback != true, (model.continuing_subword_prefix ?? "").isEmpty, (model.end_of_word_suffix ?? "").isEmpty else {
            throw unsupported("BPE with byte fallback, prefixes or suffixes", "byte-level BPE")
        }
        let added = added_tokens ?? []
        let largest = max(model.vocab.values.max() ?? -1, added.map(\.id).max() ?? -1)
        let smallest = min(model.vocab.values.min() ?? 0, added.map(\.id).min() ?? 0)
        guard smallest >= 0, largest < TokenizerDescription.largestVocabulary else {
            throw TokenizerError.malformed(source: source, place: "model.vocab", reason: "ids from \(smallest) to \(largest) are no vocabulary")
        }
        var entries = [String?](repeating: nil, count: largest + 1)
        for (entry, id) in model.vocab {
            if let other = entries[id] {
                throw TokenizerError.malformed(source: source, place: "model.vocab", reason: "“\(entry)” and “\(other)” are both \(id)")
            }
            entries[id] = entry
        }
        var description = TokenizerDescription(
            source: source, entries: entries, merges: model.merges.map { ($0.left, $0.right) },
            addedTokens: added.map {
                AddedToken(
                    id: $0.id, text: $0.content, isSpecial: $0.special ?? false, stripsLeft: $0.lstrip ?? false, stripsRight: $0.rstrip ?? false,
                    isSingleWord: $0.single_word ?? false, isNormalized: $0.normalized ?? false)
            },
            preTokenizer: try pre_tokenizer.flatMap { try Self.preTokenizer($0, source: source) }
                ?? { throw unsupported("a tokenizer without pre_tokenizer", PreTokenizer.names) }())
        for stage in normalizer.map({ $0.type == "Sequence" ? $0.normalizers ?? [] : [$0] }) ?? [] {
            guard stage.type == "NFC" else { throw unsupported("the normaliser “\(stage.type)”", "NFC or none") }
            description.normalizesToNFC = true
        }
        description.ignoresMerges = model.ignore_merges ?? false
        func id(of token: String) -> Int? { added.last { $0.content == token }?.id ?? model.vocab[token] }
        description.bos = (configuration?.bos_token?.content ?? leadingTokens.first).flatMap(id)
        description.addsBOS = configuration?.add_bos_token ?? !leadingTokens.isEmpty
        description.endTokens = [configuration?.eos_token?.content].compactMap { $0.flatMap(id) } + endTokens.filter(entries.indices.contains)
        description.chatTemplate = chatTemplate ?? configuration?.chat_template?.text
        return description
    }

    private static func preTokenizer(_ stage: Stage, source: String) throws -> PreTokenizer {
        var stages = stage.type == "Sequence" ? stage.pretokenizers ?? [] : [stage]
        let unknown = TokenizerError.unsupported(
            source: source, what: "the pre-tokeniser \(stages.map(\.summary).joined(separator: ", then "))", known: PreTokenizer.names)
        guard let last = stages.popLast(), last.type == "ByteLevel", last.add_prefix_space != true else { throw unknown }
        guard let first = stages.first else {
            guard last.use_regex != false else { throw unknown }
            return .gpt2
        }
        guard stages.count == 1 else { throw unknown }
        if first.type == "Digits", first.individual_digits == true, last.use_regex != false { return .smolLM2 }
        // "Removed" with `invert` keeps what matches, and these patterns match everything.
        guard first.type == "Split", last.use_regex == false, let pattern = first.pattern?.Regex,
            (first.behavior == "Isolated" && first.invert != true) || (first.behavior == "Removed" && first.invert == true)
        else { throw unknown }
        switch pattern {
        case PreTokenizer.gpt2Pattern: return .gpt2
        case PreTokenizer.llama3Pattern: return .llama3
        case PreTokenizer.qwen2Pattern: return .qwen2
        default: throw unknown
        }
    }
}

extension TokenizerJSON.Stage {
    fileprivate var summary: String { pattern?.Regex.map { "\(type) by \($0)" } ?? type }
}

extension PreTokenizer {
    static let names = "those of GPT-2, SmolLM2, Llama 3 and Qwen2/2.5/3"
}
