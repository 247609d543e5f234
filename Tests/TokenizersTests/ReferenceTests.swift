import Foundation
import Testing
import Tokenizers

/// The same ids as the `tokenizers` library, on strings chosen to break tokenizers.
@Suite struct ReferenceTests {
    @Test(arguments: ["gpt2", "smollm2", "llama3", "qwen2", "added"])
    func smallVocabularies(_ name: String) throws {
        let expected: ReferenceIDs = try Fixture.decode("small/\(name)-ids.json")
        expected.check(try Fixture.small(name), try Fixture.strings())
    }

    @Test(.enabled(if: Fixture.hasSmolLM2, "the SmolLM2 GGUF is not in .models; run scripts/setup"))
    func smolLM2() throws {
        let expected: ReferenceIDs = try Fixture.decode("smollm2-ids.json")
        expected.check(try Fixture.smolLM2.get(), try Fixture.strings())
    }

    @Test(.enabled(if: Fixture.hasQwen, "qwen.tiktoken is not in .models; run scripts/setup"))
    func qwenAtItsRealSize() throws {
        let tokenizer = try Fixture.qwen.get()
        #expect(tokenizer.vocabularySize == 151_643 + QwenVocabulary.special.count + QwenVocabulary.added.count)
        let expected: ReferenceIDs = try Fixture.decode("qwen-ids.json")
        expected.check(tokenizer, try Fixture.strings())
    }

    @Test func scalarClassesOfTheRegexEngine() throws {
        let ranges: [String: [[UInt32]]] = try Fixture.decode("classes.json")
        func members(_ name: String) throws -> Set<UInt32> {
            Set(try #require(ranges[name]).flatMap { $0[0]...$0[1] })
        }
        let (letters, numbers, blanks) = (try members("letter"), try members("number"), try members("whitespace"))
        var wrong: [String] = []
        for value in 0..<UInt32(0x110000) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let found = ScalarClass.of(scalar)
            if (found == .letter) != letters.contains(value) || (found == .number) != numbers.contains(value)
                || found.isWhitespace != blanks.contains(value)
            {
                wrong.append(String(value, radix: 16))
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) scalars differ: \(wrong.prefix(20))")
    }

    // MARK: - Pieces without a place to cut

    struct LongPiece: Decodable {
        struct Rule: Decodable {
            var kind: String
            var unit: String?
            var seed: UInt64?
            var letters: String?
            var count: Int

            var text: String {
                if let unit { return String(repeating: unit, count: count / unit.count) }
                let letters = Array((letters ?? "").utf8)
                var state = seed ?? 0
                var bytes: [UInt8] = []
                for _ in 0..<count {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    bytes.append(letters[Int((state >> 33) % UInt64(letters.count))])
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        }

        struct Expected: Decodable, Equatable {
            var count: Int
            var digest: String
        }

        var rule: Rule
        var expected: [String: Expected]
    }

    private func digest(_ ids: [Int]) -> String {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for id in ids {
            for shift in stride(from: 0, to: 32, by: 8) { digest = (digest ^ UInt64(id >> shift & 0xFF)) &* 0x100_0000_01B3 }
        }
        let hex = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    private func checkLong(_ name: String, _ tokenizer: Tokenizer) throws {
        for piece in try Fixture.decode("long.json", as: [LongPiece].self) {
            let text = piece.rule.text
            let ids = tokenizer.encode(text)
            #expect(LongPiece.Expected(count: ids.count, digest: digest(ids)) == piece.expected[name], "\(name): \(piece.rule)")
            #expect(tokenizer.decode(ids) == text)
        }
    }

    /// A merge loop that is quadratic in the piece would take hours here.
    @Test func megabytesWithoutABlank() throws { try checkLong("small/llama3", Fixture.small("llama3")) }

    @Test(.enabled(if: Fixture.hasSmolLM2, "the SmolLM2 GGUF is not in .models; run scripts/setup"))
    func megabytesWithoutABlankInSmolLM2() throws { try checkLong("smollm2", Fixture.smolLM2.get()) }
}
