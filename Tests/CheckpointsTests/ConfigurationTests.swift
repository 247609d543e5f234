import Checkpoints
import Foundation
import Groundwork
import Testing

@Suite struct ConfigurationTests {
    @Test func `config json in the layout of transformers 5`() throws {
        let configuration = try ModelConfiguration.read(configJSON: Fixture.tiny("llama/model/config.json"))
        #expect(configuration == ModelConfiguration(
            family: .llama, vocabularySize: 96, hiddenSize: 32, intermediateSize: 48, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
            headSize: 8, normEpsilon: 1e-5, ropeTheta: 10_000,
            ropeScaling: .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 96), contextLength: 256,
            tiesEmbeddings: false, attentionBias: false, usesQueryKeyNorm: false, bosToken: 1, eosTokens: [2], padToken: 0))
    }

    @Test func `config json in the older layout`() throws {
        let configuration = try ModelConfiguration.read(configJSON: Fixture.tiny("qwen2/model/config.json"))
        #expect(configuration.family == .qwen2)
        #expect(configuration.attentionBias && !configuration.attentionOutputBias && !configuration.usesQueryKeyNorm)
        #expect(configuration.tiesEmbeddings && configuration.ropeTheta == 1e6 && configuration.ropeScaling == .none)
        #expect(configuration.headSize * configuration.headCount == configuration.hiddenSize)
        #expect(try ModelConfiguration.read(configJSON: Fixture.tiny("qwen3/model/config.json")).usesQueryKeyNorm)
        #expect(try ModelConfiguration.read(configJSON: Fixture.tiny("qwen3/model/config.json")).headSize == 12)
    }

    /// Expected values: transformers' ROPE_INIT_FUNCTIONS (Tests/Oracles/checkpoints.py, `rotary`), computed there in float32.
    @Test func `rotary frequencies`() throws {
        let cases = try Fixture.json("rotary.json").elements
        #expect(cases.count == 5)
        for entry in cases {
            let expected = entry["frequencies"].elements.compactMap(\.double)
            let text = try configText(["head_dim": .integer(16), "rope_parameters": entry["rope"], "hidden_size": .integer(64)])
            try Fixture.withFile(Array(text.utf8), ".json") { path in
                let actual = try ModelConfiguration.read(configJSON: path).rotaryFrequencies()
                #expect(actual.count == expected.count)
                for (a, e) in zip(actual, expected) { #expect(abs(Double(a) - e) <= 1e-6 * e, "\(entry["rope"].text())") }
            }
        }
    }

    /// The tiny llama's config.json with some keys replaced; `.null` removes one's effect.
    private func configText(_ changes: [String: JSONValue]) throws -> String {
        var object = try JSONFile(path: Fixture.tiny("llama/model/config.json")).object
        for (key, value) in changes { object[key] = value }
        return JSONValue.object(object).text()
    }

    static let refused: [(change: String, message: String)] = [
        (#"{"model_type": "mamba"}"#, "the architecture “mamba” is not supported; Retort runs llama, qwen2, qwen3"),
        (#"{"model_type": null}"#, "model_type: the key is missing"),
        (#"{"model_type": 3}"#, "model_type: expected a string, found an integer"),
        (#"{"hidden_act": "gelu"}"#, "hidden_act “gelu”"),
        (#"{"mlp_bias": true}"#, "mlp_bias"),
        (#"{"use_sliding_window": true}"#, "sliding-window attention"),
        (#"{"layer_types": ["full_attention", "sliding_attention"]}"#, "layer type"),
        (#"{"partial_rotary_factor": 0.5}"#, "partial rotary"),
        (#"{"rope_parameters": {"rope_type": "yarn", "factor": 4}}"#, "RoPE scaling “yarn” is not supported"),
        (#"{"rope_parameters": {"rope_type": "linear"}}"#, "rope_parameters.factor: the key is missing"),
        (#"{"rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}}"#, "RoPE scaling with"),
        (#"{"rope_parameters": {"rope_theta": 0}}"#, "a RoPE base of 0.0"),
        (#"{"vocab_size": 0}"#, "vocab_size: 0 is not between"),
        (#"{"vocab_size": 9223372036854775807}"#, "vocab_size"),
        (#"{"vocab_size": 1e40}"#, "vocab_size: expected an integer"),
        (#"{"hidden_size": -32}"#, "hidden_size"),
        (#"{"num_hidden_layers": 1000000}"#, "1000000 layers"),
        (#"{"num_key_value_heads": 3}"#, "cannot share 3 key-value heads"),
        (#"{"num_attention_heads": 0}"#, "num_attention_heads"),
        (#"{"head_dim": 7}"#, "head size of 7"),
        (#"{"rms_norm_eps": -1}"#, "norm epsilon"),
        (#"{"eos_token_id": [1, "a"]}"#, "expected token ids, found a string"),
        (#"{"eos_token_id": -9223372036854775808}"#, "token id"),
        (#"{"tie_word_embeddings": "yes"}"#, "expected true or false"),
    ]

    @Test(arguments: refused) func `what is impossible or unknown is one clear error`(change: String, message: String) throws {
        let changes = try JSONValue(parsing: change).pairs.reduce(into: [:]) { $0[$1.key] = $1.value }
        try Fixture.withFile(Array(configText(changes).utf8), ".json") { path in
            let error = try #require(throws: CheckpointError.self) { try ModelConfiguration.read(configJSON: path) }
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func `linear layers are known by their path`() throws {
        let configuration = try ModelConfiguration.read(configJSON: Fixture.tiny("qwen3/model/config.json"))
        let shapes = Dictionary(uniqueKeysWithValues: configuration.tensorShapes().map { ($0.name, $0.shape) })
        for layer in 0..<configuration.layerCount {
            for name in ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"] {
                let module = "model.layers.\(layer).\(name)"
                #expect(configuration.linearShape(module) == shapes[module + ".weight"])
                #expect(configuration.linearShape(module) != nil)
            }
        }
        for path in ["model.layers.9.mlp.up_proj", "model.layers.00.mlp.up_proj", "lm_head", "model.layers.0.mlp.q_proj", "model.layers.-1.mlp.up_proj", ""] {
            #expect(configuration.linearShape(path) == nil)
        }
    }
}
