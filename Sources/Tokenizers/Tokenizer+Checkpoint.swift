import Checkpoints
import Foundation
import Groundwork

extension Tokenizer {
    /// The tokenizer that belongs to a checkpoint: the GGUF file's own, or the folder's `tokenizer.json` with
    /// `tokenizer_config.json` and `chat_template.jinja` where they exist.
    public static func load(from checkpoint: Checkpoint) throws -> Tokenizer {
        if let gguf = checkpoint.gguf { return try Tokenizer(gguf: gguf) }
        let folder = checkpoint.folder ?? checkpoint.path
        func optional(_ name: String) throws -> Data? {
            let path = "\(folder)/\(name)"
            return FileManager.default.fileExists(atPath: path) ? try WholeFile.read(path) : nil
        }
        let path = "\(folder)/tokenizer.json"
        guard let json = try optional("tokenizer.json") else {
            throw TokenizerError.unsupported(
                source: folder, what: "a checkpoint without tokenizer.json",
                known: "tokenizer.json (save the tokenizer with transformers' AutoTokenizer, which writes it) and GGUF files")
        }
        return try Tokenizer(
            tokenizerJSON: json, configJSON: try optional("tokenizer_config.json"), source: path,
            chatTemplate: try optional("chat_template.jinja").map { String(decoding: $0, as: UTF8.self) },
            endTokens: checkpoint.configuration.eosTokens)
    }
}
