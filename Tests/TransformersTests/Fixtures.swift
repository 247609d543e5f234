import Checkpoints
import Foundation
import Groundwork
import Testing
import Tokenizers
import Torch
import Transformers

/// The tiny random models of `Tests/Fixtures/Transformers` and what transformers and PEFT computed with them.
struct TinyModel {
    static let families = ["llama", "llama-tied", "qwen2", "qwen3"]
    static let adapters = ["plain", "rslora", "patterns"]

    struct Expected: Decodable {
        struct Loss: Decodable {
            let rows: [Int]
            let targets: [Int]
            let values: [String: Double]
        }
        struct Greedy: Decodable {
            let prompt: [Int]
            let continuation: [Int]
        }
        struct Training: Decodable {
            struct Step: Decodable {
                let sequences: [[Int]]
                let rows: [Int]
                let targets: [Int]
            }
            let learningRate: Double
            let betas: [Double]
            let epsilon: Double
            let weightDecay: Double
            let steps: [Step]
            let losses: [String: [Double]]
        }
        let sequences: [[Int]]
        let loss: Loss
        let greedy: [Greedy]
        let training: Training?
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/Transformers").path

    let folder: String
    let model: LanguageModel
    let expected: Expected
    let tensors: Safetensors

    init(_ family: String, dtype: DType = .float32) throws {
        folder = Self.root + "/" + family
        model = try LanguageModel(Checkpoint.open(folder + "/model"), Self.tokenizer(), device: .cpu, dtype: dtype)
        expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
        tensors = try Safetensors(path: folder + "/expected.safetensors")
    }

    var packed: PackedSequences { PackedSequences(expected.sequences) }

    func adapter(_ name: String) throws -> Adapter { try Adapter.load("\(folder)/adapters/\(name)", for: model) }

    func values(_ name: String) throws -> [Float] { try #require(tensors.tensors[name], "the fixture holds no \(name)").floats() }

    /// The tiny models take bare ids; this tokenizer of single bytes only fills the place.
    static func tokenizer() throws -> Tokenizer {
        let letters = (33...126).map { String(UnicodeScalar(UInt8($0))) }
        let vocabulary = letters.enumerated().map { index, letter in
            let escaped = letter == "\"" || letter == "\\" ? "\\" + letter : letter
            return "\"\(escaped)\": \(index)"
        }
        let json = """
            {"added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
             "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {\(vocabulary.joined(separator: ", "))}, "merges": []}}
            """
        return try Tokenizer(tokenizerJSON: Data(json.utf8), configJSON: nil)
    }
}

/// A random model whose heads of 32 are wide enough for the processor's own attention, which those of the fixtures are not.
func drawnModel(dtype: DType = .float32) throws -> LanguageModel {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("retort-drawn-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (hidden, inner, query, key) = (48, 64, 4 * 32, 2 * 32)
    try Data("""
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 96, "hidden_size": \(hidden), "intermediate_size": \(inner),
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "hidden_act": "silu", "rms_norm_eps": 1e-5,
         "rope_theta": 10000.0, "max_position_embeddings": 256, "attention_bias": false, "tie_word_embeddings": true}
        """.utf8).write(to: folder.appendingPathComponent("config.json"))
    var shapes = [("model.embed_tokens.weight", [96, hidden]), ("model.norm.weight", [hidden])]
    for layer in 0..<2 {
        let block = [
            ("input_layernorm", [hidden]), ("self_attn.q_proj", [query, hidden]), ("self_attn.k_proj", [key, hidden]),
            ("self_attn.v_proj", [key, hidden]), ("self_attn.o_proj", [hidden, query]), ("post_attention_layernorm", [hidden]),
            ("mlp.gate_proj", [inner, hidden]), ("mlp.up_proj", [inner, hidden]), ("mlp.down_proj", [hidden, inner]),
        ]
        shapes += block.map { ("model.layers.\(layer).\($0).weight", $1) }
    }
    try Safetensors.write(
        shapes.map { name, shape in
            var random = CounterRandom(seed: 11, phase: name)
            let numbers = (0..<shape.reduce(1, *)).map { _ in shape.count == 1 ? 1 : Float(random.uniform() - 0.5) }
            return (name, DType.float32, shape, numbers.withUnsafeBytes(Array.init))
        }, to: folder.appendingPathComponent("model.safetensors").path)
    return try LanguageModel(Checkpoint.open(folder.path), TinyModel.tokenizer(), device: .cpu, dtype: dtype)
}

/// The largest |a − b| and where it stands.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    precondition(a.count == b.count)
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// ‖a − b‖ / ‖b‖.
func relativeDifference(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let size = b.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (difference / max(size, 1e-30)).squareRoot()
}

/// Mean cross-entropy over rows and its gradient, the loss of the fixtures.
func crossEntropy(_ logits: Tensor, _ targets: ArraySlice<Int>, of total: Int) throws -> (sum: Double, gradient: Tensor) {
    let index = try Tensor(targets.map(Int64.init), [targets.count, 1])
    let logProbabilities = try logits.logSoftmax()
    let sum = try -logProbabilities.gather(1, index).sum().item()
    let gradient = try logProbabilities.exponential()
    try gradient.scatterAdd_(1, index, Tensor.full([targets.count, 1], -1, logits.dtype))
    return (sum, try gradient.multiplied(by: 1 / Double(total)))
}
