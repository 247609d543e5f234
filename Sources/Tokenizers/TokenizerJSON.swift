import Foundation

/// The parts of a `tokenizer.json` (Hugging Face `tokenizers`) that byte-level BPE is made of.
struct TokenizerJSON: Decodable {
    struct Model: Decodable {
        var type: String?
        var vocab: [String: Int]
        var merges: [Merge]
        var ignore_merges: Bool?
        var byte_fallback: Bool?
        var continuing_subword_prefix: String?
        var end_of_word_suffix: String?
    }

    /// `"a b"`, or `["a", "b"]` since tokenizers 0.20.
    struct Merge: Decodable {
        var left: String
        var right: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                let halves = text.split(separator: " ", omittingEmptySubsequences: false)
                guard halves.count == 2 else {
                    throw DecodingError.dataCorruptedError(in: container, debugDescription: "“\(text)” is not two entries with a blank between")
                }
                (left, right) = (String(halves[0]), String(halves[1]))
            } else {
                let halves = try container.decode([String].self)
                guard halves.count == 2 else {
                    throw DecodingError.dataCorruptedError(in: container, debugDescription: "a merge has two halves, not \(halves.count)")
                }
                (left, right) = (halves[0], halves[1])
            }
        }
    }

    struct Added: Decodable {
        var id: Int
        var content: String
        var special: Bool?
        var lstrip: Bool?
        var rstrip: Bool?
        var single_word: Bool?
        var normalized: Bool?
    }

    /// A normaliser, pre-tokeniser or post-processor; they nest.
    struct Stage: Decodable {
        struct Pattern: Decodable {
            var Regex: String?
        }

        var type: String
        var normalizers: [Stage]?
        var pretokenizers: [Stage]?
        var processors: [Stage]?
        var add_prefix_space: Bool?
        var use_regex: Bool?
        var individual_digits: Bool?
        var pattern: Pattern?
        var behavior: String?
        var invert: Bool?
        var single: [TemplatePiece]?
    }

    /// An element of a post-processor's template: `{"SpecialToken": {"id": "<s>"}}` or a sequence.
    struct TemplatePiece: Decodable {
        struct Special: Decodable {
            var id: String
        }

        var SpecialToken: Special?
    }

    var model: Model
    var added_tokens: [Added]?
    var normalizer: Stage?
    var pre_tokenizer: Stage?
    var post_processor: Stage?

    /// The special tokens that the post-processor puts before a text.
    var leadingTokens: [String] {
        let stages = post_processor.map { [$0] + ($0.processors ?? []) } ?? []
        return stages.flatMap { ($0.single ?? []).prefix { $0.SpecialToken != nil }.compactMap { $0.SpecialToken?.id } }
    }
}

/// The parts of a `tokenizer_config.json` that `tokenizer.json` does not hold.
struct TokenizerConfigurationJSON: Decodable {
    /// A token as a string or as an object with its `content`.
    struct Token: Decodable {
        var content: String

        private enum Key: String, CodingKey { case content }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                content = text
            } else {
                content = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .content)
            }
        }
    }

    /// A template, or several of which one is named "default".
    struct Templates: Decodable {
        struct Named: Decodable {
            var name: String
            var template: String
        }

        var text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                text = try container.decode([Named].self).first { $0.name == "default" }?.template
            }
        }
    }

    var bos_token: Token?
    var eos_token: Token?
    var add_bos_token: Bool?
    var chat_template: Templates?
}
