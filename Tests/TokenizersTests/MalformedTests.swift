import Checkpoints
import Foundation
import Testing
import Tokenizers

/// Files that are broken or of another kind: one clear error each, never a trap.
@Suite struct MalformedTests {
    private func edited(_ name: String = "qwen2", _ edit: (inout [String: Any]) throws -> Void) throws -> Data {
        var json = try #require(try JSONSerialization.jsonObject(with: Fixture.data("small/\(name).json")) as? [String: Any])
        try edit(&json)
        return try JSONSerialization.data(withJSONObject: json)
    }

    private func model(_ json: inout [String: Any], _ edit: (inout [String: Any]) -> Void) throws {
        var model = try #require(json["model"] as? [String: Any])
        edit(&model)
        json["model"] = model
    }

    private func fails(_ data: Data, mentioning words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: TokenizerError.self, sourceLocation: sourceLocation) { try Tokenizer(tokenizerJSON: data, source: "some/tokenizer.json") }
        let description = error?.description ?? ""
        for word in ["some/tokenizer.json"] + words { #expect(description.contains(word), "\(description)", sourceLocation: sourceLocation) }
    }

    @Test func notJSON() throws {
        fails(Data(), mentioning: "the file")
        fails(Data("{".utf8))
        fails(Data("[]".utf8))
        fails(Data("{}".utf8), mentioning: "model")
        fails(Data(#"{"model": {"vocab": {"a": "b"}, "merges": []}}"#.utf8), mentioning: "model.vocab")
        fails(Data(#"{"model": {"vocab": {"a": 0}, "merges": ["a"]}}"#.utf8), mentioning: "model.merges.0")
        fails(Data(#"{"model": {"vocab": {"a": 0}, "merges": [["a"]]}}"#.utf8), mentioning: "model.merges.0")
    }

    @Test func idsThatAreNoVocabulary() throws {
        fails(try edited { try model(&$0) { $0["vocab"] = ["a": 1_000_000_000_000] } }, mentioning: "model.vocab")
        fails(try edited { try model(&$0) { $0["vocab"] = ["a": -1] } }, mentioning: "model.vocab")
        fails(try edited { try model(&$0) { $0["vocab"] = ["a": 0, "b": 0] } }, mentioning: "both")
        fails(try edited { $0["added_tokens"] = [["id": 9_000_000_000, "content": "<x>"] as [String: Any]] })
    }

    @Test func mergesOfUnknownTokens() throws {
        fails(try edited { try model(&$0) { $0["merges"] = ["\u{120} t", "q nosuch"] } }, mentioning: "merge 1", "nosuch")
        fails(try edited { try model(&$0) { $0["merges"] = ["q z"] } }, mentioning: "merged token")
        fails(try edited { try model(&$0) { $0["merges"] = ["\u{4E00} z"] } }, mentioning: "half")
    }

    @Test func otherKindsOfTokenizer() throws {
        fails(try edited { try model(&$0) { $0["type"] = "Unigram" } }, mentioning: "Unigram")
        fails(try edited { try model(&$0) { $0["byte_fallback"] = true } }, mentioning: "byte fallback")
        fails(try edited { $0["pre_tokenizer"] = NSNull() }, mentioning: "without pre_tokenizer")
        fails(try edited { $0["pre_tokenizer"] = ["type": "Metaspace"] }, mentioning: "Metaspace", "Llama 3")
        fails(try edited { $0["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": true] })
        fails(try edited { $0["normalizer"] = ["type": "NFKC"] }, mentioning: "NFKC")
        fails(
            try edited {
                $0["pre_tokenizer"] = [
                    "type": "Sequence",
                    "pretokenizers": [
                        ["type": "Split", "behavior": "Isolated", "invert": false, "pattern": ["Regex": #"\p{Han}+"#]] as [String: Any],
                        ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                    ],
                ] as [String: Any]
            }, mentioning: #"\p{Han}+"#)
    }

    @Test func olderAndNewerSpellingsOfMerges() throws {
        let tokenizer = try Fixture.small("qwen2")
        let older = try edited { json in
            try model(&json) { model in
                model["merges"] = (model["merges"] as? [[String]])?.map { $0.joined(separator: " ") }
            }
        }
        let text = "The answer is 42, isn't it?"
        #expect(try Tokenizer(tokenizerJSON: older).encode(text) == tokenizer.encode(text))
    }

    // MARK: - GGUF

    private struct Vocabulary {
        var model: String? = "gpt2"
        var pre: String? = "smollm"
        var tokens: [String]? = ["a", "b", "ab", "\u{120}", "<|im_end|>", "<tool_call>", "[PAD]"]
        var types: [Int32]? = [1, 1, 1, 1, 3, 4, 5]
        var merges: [String]? = ["a b"]
        var eos: UInt32? = 4

        /// The smallest GGUF file with this metadata and no tensors.
        func write() throws -> GGUF {
            var body = Data()
            func number<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { body.append(contentsOf: $0) } }
            func text(_ value: String) {
                number(UInt64(value.utf8.count))
                body.append(contentsOf: value.utf8)
            }
            var count: UInt64 = 0
            func key(_ name: String, _ type: UInt32) {
                count += 1
                text("tokenizer.ggml." + name)
                number(type)
            }
            for (name, value) in [("model", model), ("pre", pre)] {
                guard let value else { continue }
                key(name, 8)
                text(value)
            }
            for (name, values) in [("tokens", tokens), ("merges", merges)] {
                guard let values else { continue }
                key(name, 9)
                number(UInt32(8))
                number(UInt64(values.count))
                values.forEach(text)
            }
            if let types {
                key("token_type", 9)
                number(UInt32(5))
                number(UInt64(types.count))
                types.forEach(number)
            }
            if let eos {
                key("eos_token_id", 4)
                number(eos)
            }
            var file = Data("GGUF".utf8)
            withUnsafeBytes(of: UInt32(3).littleEndian) { file.append(contentsOf: $0) }
            withUnsafeBytes(of: UInt64(0).littleEndian) { file.append(contentsOf: $0) }
            withUnsafeBytes(of: count.littleEndian) { file.append(contentsOf: $0) }
            file.append(body)
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString).gguf")
            try file.write(to: path)
            defer { try? FileManager.default.removeItem(at: path) }
            return try GGUF(path: path.path)
        }
    }

    @Test func ggufTokenTypes() throws {
        let tokenizer = try Tokenizer(gguf: Vocabulary().write())
        #expect(tokenizer.encode("ab<|im_end|> a<tool_call>") == [2, 4, 3, 0, 5])
        #expect(tokenizer.encode("ab<|im_end|>", specialTokens: false) == [2])
        #expect(tokenizer.isSpecial(4) && !tokenizer.isSpecial(5) && tokenizer.isAdded(5) && tokenizer.isSpecial(6))
        #expect(tokenizer.bytes(of: 6).isEmpty && tokenizer.endTokens == [4])
    }

    @Test func ggufOfOtherKinds() throws {
        func fails(_ edit: (inout Vocabulary) -> Void, mentioning word: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            var vocabulary = Vocabulary()
            edit(&vocabulary)
            let gguf = try vocabulary.write()
            let error = #expect(throws: TokenizerError.self, sourceLocation: sourceLocation) { try Tokenizer(gguf: gguf) }
            #expect(error?.description.contains(word) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
        }
        try fails({ $0.model = "llama" }, mentioning: "gpt2")
        try fails({ $0.model = nil }, mentioning: "gpt2")
        try fails({ $0.pre = "jais" }, mentioning: "jais")
        try fails({ $0.pre = nil }, mentioning: "without tokenizer.ggml.pre")
        try fails({ $0.tokens = nil }, mentioning: "tokens")
        try fails({ $0.merges = nil }, mentioning: "merges")
        try fails({ $0.merges = ["ab"] }, mentioning: "merges[0]")
        try fails({ $0.merges = ["a q"] }, mentioning: "merge 0")
        try fails({ $0.types = [1] }, mentioning: "token_type")
        try fails({ $0.types?[2] = 77 }, mentioning: "token_type[2]")
        try fails({ $0.eos = 70 }, mentioning: "70")
    }
}
