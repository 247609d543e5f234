import Agents
import Testing
import Transformers

@Suite struct VocabularyTests {
    let coding = FakeCoding()

    private func allowed(_ place: AgentVocabulary.Place) throws -> (String) -> Bool {
        let mask = try AgentVocabulary(coding).mask(at: place)
        return { mask.allows(self.coding.id($0)) }
    }

    @Test func insideAStringNothingNeedsEscapes() throws {
        let inside = try allowed(.inside)
        for text in [" the", "a", "é", "∑", "𝔸", "'", " ", "\u{A0}"] { #expect(inside(text), "\(text)") }
        for text in ["\\", "\\n", "\\\"", "\n", "\t", "\n\n", " \n", "\u{85}", "\u{7F}x", "\u{0}"] { #expect(!inside(text), "\(text)") }
    }

    @Test func tokensThatCloseMayNotOpenAQuotation() throws {
        let inside = try allowed(.inside)
        for text in ["\"", ".\"", "\",", "\"}", "\"]", "'\"", "\"\"", "é\""] { #expect(inside(text), "\(text)") }
        for text in [" \"", "\"a", "a\"b"] { #expect(!inside(text), "\(text)") }
        let unclosable = try allowed(.unclosable)
        for text in ["\"", ".\"", "\"}"] { #expect(!unclosable(text), "\(text)") }
    }

    @Test func aWordStartsWithoutASpace() throws {
        let start = try allowed(.wordStart)
        #expect(start("a") && start("What") && start("é"))
        for text in [" ", "  ", " the", "\"", ".\""] { #expect(!start(text), "\(text)") }
    }

    @Test func endTokensCloseAndOtherSpecialTokensNeverStand() throws {
        let vocabulary = try AgentVocabulary(coding)
        for place in [AgentVocabulary.Place.wordStart, .unclosable, .inside, .withinCharacter(1)] {
            let mask = vocabulary.mask(at: place)
            for id in coding.special {
                #expect(mask.allows(id) == (place == .inside && coding.endTokens.contains(id)))
            }
        }
        for end in coding.endTokens { #expect(vocabulary.reading(of: end, from: 0) == .close(keeping: 0)) }
    }

    /// Every token that a mask allows leads from its state to a well-formed one; checked against the standard library's decoder.
    @Test func masksFollowCharactersOfSeveralTokens() throws {
        let vocabulary = try AgentVocabulary(coding)
        let beginnings: [(UInt8, [UInt8])] = [
            (1, [0xC3]), (2, [0xE2]), (3, [0xF1]), (4, [0xE0]), (5, [0xED]), (6, [0xF0]), (7, [0xF4]), (8, [0xC2]), (9, [0xEF]), (10, [0xEF, 0xBB]),
        ]
        for (state, beginning) in beginnings {
            #expect(UTF8State.after(beginning, from: 0) == state)
            let mask = vocabulary.mask(at: .withinCharacter(state))
            var count = 0
            for id in 0..<coding.vocabularySize where mask.allows(id) {
                count += 1
                guard UTF8State.after(coding.bytes(of: id), from: state) == 0 else { continue }
                #expect(String(validating: beginning + coding.bytes(of: id), as: UTF8.self) != nil)
            }
            #expect(count > 0)
        }
        // Every scalar is either accepted as a whole or is one that JSON strings do without.
        for value in UInt32(0)...0x10FFFF {
            guard value < 0x3000 || value % 97 == 0 || value == 0xFEFF, let scalar = Unicode.Scalar(value) else { continue }
            let kept = value >= 0x20 && value != 0x22 && value != 0x5C && !(0x7F...0x9F).contains(value) && value != 0xFEFF
            #expect((UTF8State.after(Array(String(Character(scalar)).utf8), from: 0) == 0) == kept)
        }
    }

    @Test func aVocabularyWithoutTheQuoteIsRefused() {
        final class Quoteless: TokenCoding {
            let vocabularySize = 256
            let endTokens: Set<Int> = []
            func encode(_ text: String, specialTokens: Bool) -> [Int] { text.utf8.flatMap { $0 == 0x22 ? [1, 2] : [Int($0)] } }
            func bytes(of id: Int) -> [UInt8] { [UInt8(id)] }
            func isAdded(_ id: Int) -> Bool { false }
            func prompt(system: String, user: String) -> [Int] { [] }
        }
        #expect(throws: AgentError.notOneToken(text: "\"", tokens: [1, 2])) { try AgentVocabulary(Quoteless()) }
    }
}
