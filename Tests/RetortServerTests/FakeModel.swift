import Foundation
import Synchronization
import Tokenizers
import Transformers

/// Logits that depend on nothing but the tokens before them and the adapter.
final class FakeBackend: DecodingBackend, @unchecked Sendable {  // used by the decoder's thread alone, but for `gate`
    let vocabularySize: Int
    let slotCount: Int
    let capacity = 1_200
    /// A round waits for it.
    let gate: @Sendable () -> Void
    private let bias: [Float]
    private var slots: [Int: (adapter: Int, tokens: [Int])] = [:]

    init(_ tokenizer: Tokenizer, slots: Int = 4, gate: @escaping @Sendable () -> Void = {}) {
        vocabularySize = tokenizer.vocabularySize
        slotCount = slots
        self.gate = gate
        // Letters rather than control characters, and an end now and then.
        bias = (0..<vocabularySize).map { id in
            let byte = tokenizer.bytes(of: id)
            if tokenizer.endTokens.contains(id) { return -1 }
            return byte.count == 1 && (byte[0] == 34 || (97...122).contains(byte[0]) || byte[0] == 32) ? 1 : -8
        }
    }

    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) {
        slots[slot] = (adapter, Array((slots[source]?.tokens ?? []).prefix(count)))
    }

    func truncate(_ slot: Int, by count: Int) { slots[slot]?.tokens.removeLast(count) }

    func advance(_ feeds: [Feed]) -> LogitRows {
        gate()
        var values: [Float] = []
        for feed in feeds {
            slots[feed.slot]?.tokens += feed.tokens
            let (adapter, tokens) = slots[feed.slot] ?? (0, [])
            let hash = tokens.reduce(UInt64(adapter + 1)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
            for id in 0..<vocabularySize {
                var z = hash &+ UInt64(id) &* 0x9e37_79b9_7f4a_7c15
                z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
                values.append(Float(z >> 40) / Float(1 << 23) + bias[id])
            }
        }
        return LogitRows(values: values, vocabularySize: vocabularySize)
    }
}

/// Keeps whoever comes waiting until it is opened.
final class Gate: @unchecked Sendable {  // the condition is made for many threads
    private let condition = NSCondition()
    private let isOpen = Mutex(false)
    private let count = Mutex(0)

    var waiting: Int { count.withLock { $0 } }

    func wait() {
        condition.lock()
        count.withLock { $0 += 1 }
        while !isOpen.withLock({ $0 }) { condition.wait() }
        condition.unlock()
    }

    func open() {
        condition.lock()
        isOpen.withLock { $0 = true }
        condition.broadcast()
        condition.unlock()
    }
}

enum FakeTokenizer {
    /// Every byte a token, and ChatML.
    static func make() throws -> Tokenizer {
        let kept = Array(33...126) + Array(161...172) + Array(174...255)
        var next = 256
        let characters = (0...255).map { byte -> Character in
            if kept.contains(byte) { return Character(UnicodeScalar(UInt32(byte))!) }
            defer { next += 1 }
            return Character(UnicodeScalar(UInt32(next))!)
        }
        let vocabulary = Dictionary(uniqueKeysWithValues: characters.enumerated().map { (String($1), $0) })
        let special = ["<|im_start|>", "<|im_end|>"].enumerated().map { index, text -> [String: Any] in
            ["id": 256 + index, "content": text, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false]
        }
        let document: [String: Any] = [
            "added_tokens": special, "normalizer": NSNull(),
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true], "decoder": ["type": "ByteLevel"],
            "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()] as [String: Any],
        ]
        let template = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
        return try Tokenizer(
            tokenizerJSON: JSONSerialization.data(withJSONObject: document), 
            chatTemplate: template, endTokens: [257])
    }
}
