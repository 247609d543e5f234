import Checkpoints
import Foundation
import Testing
import Tokenizers

/// Decoding, streaming, the vocabulary's accessors.
@Suite struct TokenizerTests {
    @Test(arguments: ["gpt2", "smollm2", "llama3"])
    func roundTripRestoresTheText(_ name: String) throws {
        let tokenizer = try Fixture.small(name)
        for text in try Fixture.strings() {
            #expect(tokenizer.decode(tokenizer.encode(text)) == text)
            #expect(tokenizer.decode(tokenizer.encode(text, specialTokens: false)) == text)
        }
    }

    /// Where the composed form is asked for, that is what comes back.
    @Test func roundTripRestoresTheComposedForm() throws {
        let tokenizer = try Fixture.small("qwen2")
        for text in try Fixture.strings() {
            let ids = tokenizer.encode(text, specialTokens: false)
            #expect(tokenizer.decode(ids).unicodeScalars.elementsEqual(ComposedForm.of(text).unicodeScalars))
        }
    }

    @Test func composedFormOfTheLibrary() throws {
        let pairs: [[String]] = try Fixture.decode("composed.json")
        #expect(pairs.count == 600)
        for pair in pairs { #expect(ComposedForm.of(pair[0]).unicodeScalars.elementsEqual(pair[1].unicodeScalars), "\(pair[0].debugDescription)") }
    }

    @Test(.enabled(if: Fixture.hasQwen, "qwen.tiktoken is not in .models; run scripts/setup"))
    func qwenRoundTrip() throws {
        let tokenizer = try Fixture.qwen.get()
        for text in try Fixture.strings() {
            #expect(tokenizer.decode(tokenizer.encode(text)).unicodeScalars.elementsEqual(ComposedForm.of(text).unicodeScalars))
        }
    }

    @Test(.enabled(if: Fixture.hasSmolLM2, "the SmolLM2 GGUF is not in .models; run scripts/setup"))
    func smolLM2FromItsGGUF() throws {
        let tokenizer = try Fixture.smolLM2.get()
        #expect(tokenizer.vocabularySize == 49_152)
        #expect(tokenizer.preTokenizer == .smolLM2)
        #expect(tokenizer.bos == 1 && tokenizer.eos == 2 && !tokenizer.addsBOS)
        #expect(tokenizer.endTokens == [0, 2])
        #expect(tokenizer.id(of: "<|im_end|>") == 2)
        #expect(tokenizer.isSpecial(16) && !tokenizer.isSpecial(17))
        #expect(try tokenizer.chatTemplate().endOfTurn == "<|im_end|>")
        // Its vocabulary lacks some control characters; all else comes back.
        let lacks = (UInt8.min..<0x80).filter { tokenizer.id(of: String(decoding: [$0], as: UTF8.self)) == nil }
        #expect(lacks.count < 10 && lacks.allSatisfy { $0 < 0x20 })
        for text in try Fixture.strings() where !text.utf8.contains(where: lacks.contains) {
            let ids = tokenizer.encode(text)
            // Bytes beyond ASCII may be lacking too; a lost byte shows as fewer bytes than went in.
            let bytes = ids.flatMap(tokenizer.bytes)
            if bytes.count == text.utf8.count { #expect(tokenizer.decode(ids) == text) }
        }
    }

    @Test(.enabled(if: Fixture.hasSmolLM2, "the SmolLM2 GGUF is not in .models; run scripts/setup"))
    func ofACheckpointInOneFile() throws {
        let tokenizer = try Tokenizer.load(from: Checkpoint.open(Fixture.smolLM2Path))
        #expect(try tokenizer.encode("The answer is B.") == Fixture.smolLM2.get().encode("The answer is B."))
    }

    @Test func ofACheckpointInAFolder() throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString)")
        try files.copyItem(at: Fixture.repository.appendingPathComponent("Tests/Fixtures/Transformers/qwen2/model"), to: folder)
        defer { try? files.removeItem(at: folder) }
        #expect(throws: TokenizerError.self) { try Tokenizer.load(from: Checkpoint.open(folder.path)) }

        try Fixture.data("small/qwen2.json").write(to: folder.appendingPathComponent("tokenizer.json"))
        let configuration = #"{"eos_token": "<|im_end|>", "bos_token": null, "chat_template": "not the one that counts"}"#
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        let template = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}<|im_start|>assistant\n"
        try Data(template.utf8).write(to: folder.appendingPathComponent("chat_template.jinja"))
        let tokenizer = try Tokenizer.load(from: Checkpoint.open(folder.path))
        #expect(tokenizer.eos == tokenizer.id(of: "<|im_end|>") && tokenizer.bos == nil)
        #expect(try tokenizer.chatTemplate().kind == .chatML)
        #expect(try tokenizer.encode("The answer is B.") == Fixture.small("qwen2").encode("The answer is B."))
    }

    @Test func endTokensOutsideTheVocabularyAreLeftOut() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixture.data("small/qwen2.json"), endTokens: [1 << 40, 3, -1])
        let named = ["<|im_end|>", "<|endoftext|>"].compactMap(tokenizer.id)
        #expect(tokenizer.endTokens == Set(named + [3]) && named.count == 2)
    }

    @Test func bytesOfTokens() throws {
        let tokenizer = try Fixture.small("qwen2")
        #expect(tokenizer.bytes(of: -1).isEmpty && tokenizer.bytes(of: tokenizer.vocabularySize).isEmpty)
        let end = try #require(tokenizer.id(of: "<|im_end|>"))
        #expect(tokenizer.bytes(of: end) == Array("<|im_end|>".utf8))
        #expect(tokenizer.isSpecial(end) && tokenizer.isAdded(end))
        let the = try #require(tokenizer.id(of: " the"))
        #expect(tokenizer.bytes(of: the) == Array(" the".utf8))
        #expect(tokenizer.encode(" the") == [the])
        #expect(tokenizer.id(of: "no such token in so small a vocabulary") == nil)
        // The 256 bytes are tokens each.
        let single = Set((0..<tokenizer.vocabularySize).map(tokenizer.bytes).filter { $0.count == 1 })
        #expect(single.count == 256)
    }

    @Test func decodingWithAndWithoutSpecialTokens() throws {
        let tokenizer = try Fixture.small("smollm2")
        let ids = tokenizer.encode("<|im_start|>user\nHi<|im_end|>")
        #expect(tokenizer.decode(ids) == "<|im_start|>user\nHi<|im_end|>")
        #expect(tokenizer.decode(ids, skippingSpecial: true) == "user\nHi")
        #expect(tokenizer.decode([-5, 1 << 40]) == "")
    }

    @Test(arguments: ["gpt2", "added"])
    func streamingGivesTheSameTextInWholeCharacters(_ name: String) throws {
        let tokenizer = try Fixture.small(name)
        for text in try Fixture.strings() {
            let ids = tokenizer.encode(text, specialTokens: false)
            var decoder = StreamDecoder(tokenizer)
            var pieces = ids.map { decoder.append($0) }
            pieces.append(decoder.finish())
            #expect(pieces.joined() == tokenizer.decode(ids))
            if !text.contains("\u{FFFD}") { #expect(!pieces.joined().contains("\u{FFFD}")) }
        }
    }

    @Test func streamingBrokenBytes() throws {
        let tokenizer = try Fixture.small("gpt2")
        func id(_ byte: UInt8) throws -> Int {
            try #require((0..<tokenizer.vocabularySize).first { tokenizer.bytes(of: $0) == [byte] })
        }
        for bytes: [UInt8] in [[0x80, 0x41], [0xF0, 0x9F, 0x41], [0xE2, 0x82], [0xC3, 0xC3, 0xA9], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80, 0x41], [0xE0, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80]] {
            let ids = try bytes.map(id)
            var decoder = StreamDecoder(tokenizer)
            let streamed = ids.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(streamed == tokenizer.decode(ids), "\(bytes)")
        }
        var decoder = StreamDecoder(tokenizer)
        #expect(try decoder.append(id(0xF0)) == "" && decoder.append(id(0x9F)) == "" && decoder.append(id(0x98)) == "")
        #expect(try decoder.append(id(0x80)) == "\u{1F600}")
        #expect(decoder.finish() == "")
    }
}
