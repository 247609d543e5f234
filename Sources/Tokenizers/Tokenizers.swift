/// Text to token ids and back, by the checkpoint's own rules: byte-level BPE from `tokenizer.json` or from GGUF metadata,
/// with the pre-tokenisers of GPT-2, SmolLM2, Llama 3 and Qwen2/2.5/3, and the chat format that the checkpoint's template spells.
/// May import Checkpoints, to find the tokenizer's files; knows nothing of tensors or models.

/// Why a tokenizer or its chat template cannot be used: what, where in its file, and what to do.
public enum TokenizerError: Error, CustomStringConvertible, Equatable {
    /// The file is not what it should be: `place` is a key or an index in it.
    case malformed(source: String, place: String, reason: String)
    /// A kind of tokenizer, pre-tokeniser or normaliser that is not built in.
    case unsupported(source: String, what: String, known: String)
    /// The checkpoint has no chat template.
    case noTemplate(source: String)
    /// A chat template of no known family; the excerpt is its beginning.
    case unknownTemplate(excerpt: String)
    /// A conversation that the template cannot express.
    case conversation(String)

    public var description: String {
        switch self {
        case .malformed(let source, let place, let reason):
            "\(source): \(place): \(reason); download the checkpoint again or convert it anew"
        case .unsupported(let source, let what, let known):
            "\(source): \(what) is not supported; supported: \(known)"
        case .noTemplate(let source):
            "\(source): the checkpoint has no chat template; choose an instruct checkpoint, or complete raw text with --raw"
        case .unknownTemplate(let excerpt):
            "the checkpoint's chat template is of no known family (ChatML, Llama 3, DeepSeek, Gemma); it begins: \(excerpt)"
        case .conversation(let reason):
            "the conversation does not fit the checkpoint's chat template: \(reason)"
        }
    }
}
