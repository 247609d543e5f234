/// What a tokenizer is made of, whatever file it was read from.
struct TokenizerDescription {
    /// Named in errors.
    var source: String
    /// Vocabulary entries by id, written in the byte alphabet; nil where an id is not in use.
    var entries: [String?]
    /// Pairs of vocabulary entries, the most urgent first.
    var merges: [(left: String, right: String)]
    var addedTokens: [AddedToken]
    var preTokenizer: PreTokenizer
    /// Text is brought to Unicode's composed normal form (NFC) before it is cut.
    var normalizesToNFC = false
    /// A piece that is a vocabulary entry as a whole is that token, whatever the merges say (Llama 3).
    var ignoresMerges = false
    var bos: Int?
    /// The checkpoint's own end of text first.
    var endTokens: [Int] = []
    var addsBOS = false
    /// Ids that hold no text: unused places and bare control entries.
    var unusedIDs: Set<Int> = []
    var chatTemplate: String?

    /// Bounds what a lying file can make us allocate; the largest published vocabularies hold about 260,000 tokens.
    static let largestVocabulary = 4_000_000

    /// Ends of turns by name, for checkpoints that list only one of theirs.
    static let knownEndTokens = [
        "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>", "<\u{FF5C}end\u{2581}of\u{2581}sentence\u{FF5C}>",
    ]
}
