/// Byte-level BPE with the checkpoint's own vocabulary, special tokens and chat template.
///
/// Text goes in as UTF-8 and comes back byte for byte, except where the vocabulary lacks a byte (SmolLM2's lacks a few control
/// characters, which its own library drops too) or asks for NFC.
public final class Tokenizer: Sendable {
    /// Where it was read from; named in errors.
    public let source: String
    /// One more than the largest id. The model's own vocabulary may be padded beyond it.
    public var vocabularySize: Int { tokens.count }
    /// The token that begins a text, if the checkpoint names one.
    public let bos: Int?
    /// The token that the checkpoint itself names as the end of a text or turn.
    public let eos: Int?
    /// All tokens that end a turn or a text.
    public let endTokens: Set<Int>
    /// Whether raw text begins with `bos`. `encode` never adds it: a prompt made of several texts has one beginning.
    public let addsBOS: Bool
    public let preTokenizer: PreTokenizer
    /// The checkpoint's chat template as Jinja text, recognised or not.
    public let templateText: String?

    private let recognised: Result<ChatTemplate, any Error>
    private let tokens: TokenBytes
    private let byteIDs: [Int32]
    private let merges: BytePairMerges
    private let ignoresMerges: Bool
    private let normalizesToNFC: Bool
    private let addedIDs: [String: Int]
    private let added: Set<Int>
    private let special: Set<Int>
    private let rawSearch: AddedTokenSearch
    private let normalizedSearch: AddedTokenSearch
    /// For a chat template's own words, which normalisation does not change.
    private let templateSearch: AddedTokenSearch

    init(_ description: TokenizerDescription) throws {
        source = description.source
        let count = description.entries.count
        var added = Set<Int>()
        var special = description.unusedIDs
        var addedIDs: [String: Int] = [:]
        var addedTexts: [Int: String] = [:]
        for token in description.addedTokens {
            guard token.id >= 0 && token.id < count else {
                throw TokenizerError.malformed(
                    source: source, place: "added token \(token.text)", reason: "its id \(token.id) is outside the vocabulary of \(count)")
            }
            added.insert(token.id)
            if token.isSpecial { special.insert(token.id) }
            addedIDs[token.text] = token.id
            addedTexts[token.id] = token.text
        }
        var tokens = TokenBytes(capacity: count)
        for (id, entry) in description.entries.enumerated() {
            if description.unusedIDs.contains(id) {
                tokens.append([], findable: false)
            } else if let text = addedTexts[id], special.contains(id) || entry == nil {
                tokens.append(text.utf8, findable: false)
            } else if let entry {
                let bytes = ByteAlphabet.bytes(of: entry.unicodeScalars)
                tokens.append(bytes ?? Array(entry.utf8), findable: bytes != nil)
            } else {
                tokens.append([], findable: false)
            }
        }
        byteIDs = (0...255).map { tokens.id(of: CollectionOfOne(UInt8($0))) ?? -1 }
        merges = try Self.merges(description, tokens: tokens)
        self.tokens = tokens
        self.added = added
        self.special = special
        self.addedIDs = addedIDs
        preTokenizer = description.preTokenizer
        normalizesToNFC = description.normalizesToNFC
        ignoresMerges = description.ignoresMerges
        bos = description.bos
        eos = description.endTokens.first
        addsBOS = description.addsBOS && description.bos != nil
        let named = TokenizerDescription.knownEndTokens.compactMap { addedIDs[$0] }.filter(special.contains)
        endTokens = Set(description.endTokens).union(named)
        templateText = description.chatTemplate
        recognised = Result {
            guard let text = description.chatTemplate else { throw TokenizerError.noTemplate(source: description.source) }
            func spelling(_ id: Int?) -> String { id.map { String(decoding: tokens[$0], as: UTF8.self) } ?? "" }
            return try ChatTemplate.recognise(text, bosToken: spelling(description.bos), eosToken: spelling(description.endTokens.first))
        }
        templateSearch = AddedTokenSearch(description.addedTokens)
        rawSearch = AddedTokenSearch(description.addedTokens.filter { !$0.isNormalized })
        normalizedSearch = AddedTokenSearch(description.addedTokens.filter(\.isNormalized).map { token in
            var token = token
            if description.normalizesToNFC { token.text = ComposedForm.of(token.text) }
            return token
        })
    }

    private static func merges(_ description: TokenizerDescription, tokens: TokenBytes) throws -> BytePairMerges {
        var merges = BytePairMerges(capacity: description.merges.count)
        for (rank, pair) in description.merges.enumerated() {
            func fail(_ reason: String) -> TokenizerError {
                .malformed(source: description.source, place: "merge \(rank) (\(pair.left) \(pair.right))", reason: reason)
            }
            guard let left = ByteAlphabet.bytes(of: pair.left.unicodeScalars), let right = ByteAlphabet.bytes(of: pair.right.unicodeScalars),
                let leftID = tokens.id(of: left), let rightID = tokens.id(of: right)
            else { throw fail("a half is not in the vocabulary") }
            guard let merged = tokens.id(of: left + right) else { throw fail("the merged token is not in the vocabulary") }
            merges.add(leftID, rightID, rank: rank, merged: merged)
        }
        return merges
    }

    // MARK: - Encoding

    /// - Parameter specialTokens: whether `<|im_end|>` and other added tokens are recognised where the text spells them.
    ///   Without it the text is only text: no added token comes of it, so it is how a user's words are encoded.
    public func encode(_ text: String, specialTokens: Bool = true) -> [Int] {
        var ids: [Int32] = []
        var scratch = MergeScratch()
        var text = text
        text.withUTF8 { bytes in
            if specialTokens {
                encodeRecognising(bytes, into: &ids, &scratch)
            } else {
                encodePlain(bytes, into: &ids, &scratch)
            }
        }
        return ids.map(Int.init)
    }

    private func encodeRecognising(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], _ scratch: inout MergeScratch) {
        for segment in rawSearch.segments(of: text) {
            switch segment {
            case .token(let id): ids.append(Int32(id))
            case .text(let range):
                normalized(UnsafeBufferPointer(rebasing: text[range])) { normal in
                    for segment in normalizedSearch.segments(of: normal) {
                        switch segment {
                        case .token(let id): ids.append(Int32(id))
                        case .text(let range): encodePieces(UnsafeBufferPointer(rebasing: normal[range]), into: &ids, &scratch)
                        }
                    }
                }
            }
        }
    }

    private func encodePlain(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], _ scratch: inout MergeScratch) {
        normalized(text) { encodePieces($0, into: &ids, &scratch) }
    }

    /// A text of parts, of which only some may spell special tokens; what lies between two special tokens is one text,
    /// whichever parts it comes from, so the ids are those of the parts written together.
    func encode(_ parts: [(text: String, spellsTokens: Bool)]) -> [Int] {
        var ids: [Int32] = []
        var scratch = MergeScratch()
        var pending: [UInt8] = []
        func flush() {
            pending.withUnsafeBufferPointer { encodePlain($0, into: &ids, &scratch) }
            pending.removeAll(keepingCapacity: true)
        }
        for part in parts {
            guard part.spellsTokens else {
                pending.append(contentsOf: part.text.utf8)
                continue
            }
            var text = part.text
            text.withUTF8 { bytes in
                for segment in templateSearch.segments(of: bytes) {
                    switch segment {
                    case .text(let range): pending.append(contentsOf: bytes[range])
                    case .token(let id):
                        flush()
                        ids.append(Int32(id))
                    }
                }
            }
        }
        flush()
        return ids.map(Int.init)
    }

    private func normalized(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard normalizesToNFC, var composed = ComposedForm.of(text) else { return body(text) }
        composed.withUTF8(body)
    }

    private func encodePieces(_ text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], _ scratch: inout MergeScratch) {
        var symbols: [Int32] = []
        preTokenizer.forEachPiece(of: text) { range in
            let piece = UnsafeBufferPointer(rebasing: text[range])
            if ignoresMerges, let whole = tokens.id(of: piece) {
                ids.append(whole)
                return
            }
            symbols.removeAll(keepingCapacity: true)
            for byte in piece where byteIDs[Int(byte)] >= 0 { symbols.append(byteIDs[Int(byte)]) }
            merges.merge(&symbols, &scratch)
            ids.append(contentsOf: symbols)
        }
    }

    // MARK: - Decoding

    /// The text of `ids`; bytes that are no UTF-8 become U+FFFD. Ids outside the vocabulary add nothing.
    public func decode(_ ids: [Int], skippingSpecial: Bool = false) -> String {
        var bytes: [UInt8] = []
        for id in ids where id >= 0 && id < tokens.count && !(skippingSpecial && special.contains(id)) {
            bytes.append(contentsOf: tokens[id])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The raw bytes of a token, often a part of a character; for an added token the text that spells it. Empty for unused ids.
    public func bytes(of id: Int) -> [UInt8] { id >= 0 && id < tokens.count ? Array(tokens[id]) : [] }

    /// Whether the token is a control token or an unused place, so never part of a text.
    public func isSpecial(_ id: Int) -> Bool { special.contains(id) }

    /// Whether the token stands beside the BPE vocabulary: the special ones and the likes of `<tool_call>`.
    public func isAdded(_ id: Int) -> Bool { added.contains(id) || special.contains(id) }

    /// The id of an added token by its spelling, or of the vocabulary's token with exactly these bytes (`" the"`).
    public func id(of token: String) -> Int? { addedIDs[token] ?? tokens.id(of: token.utf8).map(Int.init) }

    // MARK: - Chat

    /// The checkpoint's chat template, or why there is none to use.
    public func chatTemplate() throws -> ChatTemplate { try recognised.get() }

    /// The chat template; nil where there is none or none of a known family.
    public var template: ChatTemplate? { try? recognised.get() }

    /// The ids of a conversation in the checkpoint's chat format, equal to those of the rendered text, except that nothing in a
    /// message's text can become a special token: a user cannot end their turn and speak as the system.
    ///
    /// - Parameter allowsThinking: whether a model that may reason before it answers is left to do so (`ChatTemplate.allowsThinking`).
    /// - Throws: `TokenizerError` where there is no usable template, or it refuses the conversation.
    public func encodeChat(_ messages: [Message], generationPrompt: Bool, allowsThinking: Bool = true) throws -> [Int] {
        var template = try chatTemplate()
        template.allowsThinking = allowsThinking
        try template.check(messages)
        return encode(template.parts(messages, generationPrompt: generationPrompt).map { ($0.text, $0.isTemplate) })
    }
}
