import Checkpoints
import Foundation
import Testing
import Tokenizers

/// Where the reference files and the real vocabularies lie. Tests/Oracles/tokenizers_bpe.py and tokenizers_chat.py wrote the former.
enum Fixture {
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let folder = repository.appendingPathComponent("Tests/Fixtures/Tokenizers")

    static func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    static func decode<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: data(name))
    }

    static func strings() throws -> [String] { try decode("strings.json") }

    /// A tokenizer trained by the oracle: "gpt2", "smollm2", "llama3", "qwen2", "added".
    static func small(_ name: String) throws -> Tokenizer { try Tokenizer(tokenizerJSON: data("small/\(name).json"), source: name) }

    /// SmolLM2-135M-Instruct as GGUF: RETORT_DEMO_MODEL, or the file that scripts/setup brings.
    static let smolLM2Path = ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"]
        ?? repository.appendingPathComponent(".models/SmolLM2-135M-Instruct.Q4_1.gguf").path
    static let qwenPath = repository.appendingPathComponent(".models/qwen.tiktoken").path
    static var hasSmolLM2: Bool { FileManager.default.fileExists(atPath: smolLM2Path) }
    static var hasQwen: Bool { FileManager.default.fileExists(atPath: qwenPath) }

    static let smolLM2 = Result { try Tokenizer(gguf: GGUF(path: smolLM2Path)) }
    static let qwen = Result { try QwenVocabulary.tokenizer(tiktoken: qwenPath) }
}

/// Ids from `tokenizers`: with special tokens found in the text, and from a tokenizer that has none (nil where that is the same).
struct ReferenceIDs: Decodable {
    let recognised: [[Int]]
    let plain: [[Int]?]

    /// Compares both ways of encoding, string by string, and shows the first few that differ.
    func check(_ tokenizer: Tokenizer, _ strings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(strings.count >= 500 && recognised.count == strings.count && plain.count == strings.count, sourceLocation: sourceLocation)
        var differences: [String] = []
        for (index, text) in strings.enumerated() {
            let found = tokenizer.encode(text)
            if found != recognised[index] { differences.append("\(text.debugDescription): \(found), expected \(recognised[index])") }
            let plainFound = tokenizer.encode(text, specialTokens: false)
            let expected = plain[index] ?? recognised[index]
            if plainFound != expected { differences.append("plain \(text.debugDescription): \(plainFound), expected \(expected)") }
        }
        #expect(differences.isEmpty, "\(differences.count) differ: \(differences.prefix(5).joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
}

/// Qwen's vocabulary at its real size, as the `tokenizer.json` that its ranks make.
enum QwenVocabulary {
    static let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    static let added = ["<tool_call>", "</tool_call>", "<think>", "</think>"]

    /// Each token's merge is the last step of building it by merges of lower rank.
    static func tokenizer(tiktoken path: String) throws -> Tokenizer { try Tokenizer(tokenizerJSON: json(tiktoken: path), source: path) }

    static func json(tiktoken path: String) throws -> Data {
        var ranks: [[UInt8]: Int] = [:]
        var tokens: [[UInt8]] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let halves = line.split(separator: " ")
            let token = try #require(halves.count == 2 ? Data(base64Encoded: String(halves[0])) : nil)
            try #require(Int(halves[1]) == tokens.count)
            ranks[Array(token)] = tokens.count
            tokens.append(Array(token))
        }
        var merges: [String] = []
        for (rank, token) in tokens.enumerated() where token.count > 1 {
            var parts = token.map { [$0] }
            while parts.count > 2 {
                var best = (rank: rank, at: -1)
                for at in 0..<parts.count - 1 {
                    if let found = ranks[parts[at] + parts[at + 1]], found < best.rank { best = (found, at) }
                }
                try #require(best.at >= 0)
                parts[best.at] += parts.remove(at: best.at + 1)
            }
            merges.append(spelling(parts[0]) + " " + spelling(parts[1]))
        }
        let named = special.map { ($0, true) } + added.map { ($0, false) }
        let json: [String: Any] = [
            "added_tokens": named.enumerated().map {
                ["id": tokens.count + $0.offset, "content": $0.element.0, "special": $0.element.1, "normalized": false] as [String: Any]
            },
            "normalizer": ["type": "NFC"],
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "behavior": "Isolated", "invert": false,
                        "pattern": ["Regex": #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#],
                    ] as [String: Any],
                    ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                ],
            ] as [String: Any],
            "model": [
                "type": "BPE", "vocab": Dictionary(uniqueKeysWithValues: tokens.enumerated().map { (spelling($0.element), $0.offset) }),
                "merges": merges,
            ] as [String: Any],
        ]
        return try JSONSerialization.data(withJSONObject: json)
    }

    /// The printable stand-ins of bytes, worked out apart from the module's own table.
    static let alphabet: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if (0x21...0x7E).contains(byte) || byte >= 0xA1 && byte != 0xAD { return Unicode.Scalar(byte) }
            next += 1
            return Unicode.Scalar(next - 1) ?? "?"
        }
    }()

    static func spelling(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(alphabet[Int(byte)]) }
        return String(text)
    }
}
