import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

@Suite struct CheckpointTests {
    /// The same tiny model as safetensors and as GGUF (Tests/Oracles/checkpoints.py, `models`): q and k permuted there.
    @Test(arguments: ["llama", "qwen2", "qwen3"])
    func `both formats give the same model`(family: String) throws {
        let folder = try Checkpoint.open(Fixture.tiny("\(family)/model"))
        let gguf = try Checkpoint.open(Fixture.path("\(family).gguf"))
        #expect(gguf.gguf != nil && gguf.folder == nil && folder.folder == folder.path && folder.gguf == nil)
        var (a, b) = (folder.configuration, gguf.configuration)
        let (plain, divided) = (a.rotaryFrequencies(), b.rotaryFrequencies())
        for (x, y) in zip(plain, divided) { #expect(abs(x - y) <= 1e-6 * x) }
        // GGUF keeps Llama 3's scaling as divisors, the epsilon in float32, and these files say nothing of padding.
        (a.ropeScaling, b.ropeScaling) = (.none, .none)
        #expect(abs(a.normEpsilon - b.normEpsilon) < 1e-11)
        b.normEpsilon = a.normEpsilon
        (b.padToken, b.bosToken, b.eosTokens) = (a.padToken, a.bosToken, a.eosTokens)
        #expect(a == b)
        for (name, shape) in a.tensorShapes() {
            let (x, y) = (try folder.tensor(name), try gguf.tensor(name))
            #expect(x.shape == shape && y.shape == shape)
            #expect(try x.floats() == y.floats(), "\(name)")
        }
    }

    /// Expected values: transformers' own reading of the file.
    @Test func `quantised rows of q and k come back in order`() throws {
        let checkpoint = try Checkpoint.open(Fixture.path("llama-q8.gguf"))
        let expected = try Safetensors(path: Fixture.path("llama-q8.safetensors"))
        var permuted = 0
        for (name, _) in checkpoint.configuration.tensorShapes() {
            let tensor = try checkpoint.tensor(name)
            let wanted = try #require(expected.tensors[name]).floats()
            #expect(try tensor.floats() == wanted, "\(name)")
            if tensor.interleavedHeads != nil { permuted += 1 }
            // The bytes in canonical order hold the same numbers.
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            bytes.withUnsafeMutableBytes { tensor.copyBytes(into: $0) }
            var again = [Float](repeating: 0, count: tensor.elementCount)
            bytes.withUnsafeBytes { source in
                again.withUnsafeMutableBufferPointer { target in
                    Dequantisation.decode(tensor.type, source.baseAddress!, target.count, to: target.baseAddress!)
                }
            }
            #expect(again == wanted, "\(name)")
        }
        #expect(permuted == 4)
        var floats = [Float](repeating: 0, count: 96 * 32)
        try floats.withUnsafeMutableBufferPointer { try checkpoint.copyFloats("model.embed_tokens.weight", into: $0) }
        #expect(floats == (try checkpoint.tensor("model.embed_tokens.weight").floats()))
    }

    @Test func `a sharded folder, and every end token that its files name`() throws {
        let checkpoint = try Checkpoint.open(Fixture.path("sharded"))
        #expect(checkpoint.configuration.eosTokens == [2, 3])
        #expect(checkpoint.files.map { ($0 as NSString).lastPathComponent } == [
            "config.json", "generation_config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors", "model.safetensors.index.json",
        ])
        #expect(try checkpoint.tensor("lm_head.weight").shape == [48, 16])
        let error = try #require(throws: CheckpointError.self) { try checkpoint.tensor("model.layers.7.mlp.up_proj.weight") }
        #expect(error.description.contains("no tensor “model.layers.7.mlp.up_proj.weight”"))
    }

    @Test func `a tied head is the embedding`() throws {
        for reference in [Fixture.tiny("llama-tied/model"), Fixture.path("qwen2.gguf")] {
            let checkpoint = try Checkpoint.open(reference)
            #expect(checkpoint.configuration.tiesEmbeddings)
            #expect(try checkpoint.tensor("lm_head.weight").offset == checkpoint.tensor("model.embed_tokens.weight").offset)
        }
    }

    @Test func `shapes that contradict the configuration are refused`() throws {
        try Fixture.inFolder { folder in
            let model = Fixture.tiny("llama-tied/model")
            try FileManager.default.copyItem(atPath: "\(model)/model.safetensors", toPath: "\(folder)/model.safetensors")
            let config = try String(contentsOfFile: "\(model)/config.json", encoding: .utf8)
            for (old, new, message) in [
                ("\"vocab_size\": 96", "\"vocab_size\": 95", "tensor model.embed_tokens.weight has shape [96, 32], but the configuration asks for [95, 32]"),
                ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "has no tensor model.layers.2."),
                ("\"model_type\": \"llama\"", "\"model_type\": \"qwen2\"", "has no tensor model.layers.0.self_attn.q_proj.bias"),
                ("\"vocab_size\": 96", "\"vocab_size\": 96, \"quantization_config\": {\"quant_method\": \"bitsandbytes\"}", "quantised by “bitsandbytes”"),
            ] {
                #expect(config.contains(old))
                try WholeFile.write(config.replacingOccurrences(of: old, with: new), to: "\(folder)/config.json")
                let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(folder) }
                #expect(error.description.contains(message), "\(error)")
            }
        }
    }

    @Test func `integers are no weights`() throws {
        try Fixture.inFolder { folder in
            let model = try Safetensors(path: Fixture.tiny("llama-tied/model/model.safetensors"))
            try FileManager.default.copyItem(atPath: Fixture.tiny("llama-tied/model/config.json"), toPath: "\(folder)/config.json")
            try Safetensors.write(
                model.tensors.values.map { ($0.name, $0.name == "model.norm.weight" ? DType.int32 : .float32, $0.shape, $0.withBytes(Array.init)) },
                to: "\(folder)/model.safetensors")
            let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(folder) }
            #expect(error.description.contains("the type int32 for weight model.norm.weight"))
        }
    }

    @Test func `what is no model says what would be one`() throws {
        func message(_ reference: String) -> String {
            do { return try Checkpoint.open(reference, cache: HuggingFaceCache(environment: ["HF_HUB_CACHE": "/nowhere"])).path } catch { return "\(error)" }
        }
        #expect(message("/nowhere/model.gguf").contains("give a GGUF file, a Hugging Face folder"))
        #expect(message("org/name").contains("/nowhere/models--org--name/snapshots/main"))
        #expect(message("org/name").contains("hf download org/name"))
        #expect(message(Fixture.tiny("llama/adapters/plain")).contains("this folder is an adapter"))
        #expect(message(Fixture.tiny("llama/model/model.safetensors")).contains("give the folder that holds it"))
        #expect(message(Fixture.path("")).contains("name one of its files: llama-q8.gguf, llama.gguf"))
        #expect(message(Fixture.path("types.gguf")).contains("the architecture “fixture” is not supported"))
        #expect(message(Fixture.path("rotary.json")).contains("give the folder"))
    }

    @Test func `the real SmolLM2`() throws {
        let given = ProcessInfo.processInfo.environment["RETORT_DEMO_MODEL"]
        let local = ((Fixture.root as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
            + "/.models/SmolLM2-135M-Instruct.Q4_1.gguf"
        guard let path = [given, local].compactMap({ $0 }).first(where: FileManager.default.fileExists) else { return }
        let checkpoint = try Checkpoint.open(path)
        let configuration = checkpoint.configuration
        #expect(configuration.family == .llama && configuration.layerCount == 30 && configuration.hiddenSize == 576)
        #expect(configuration.headCount == 9 && configuration.keyValueHeadCount == 3 && configuration.headSize == 64)
        #expect(configuration.vocabularySize == 49152 && configuration.tiesEmbeddings && configuration.ropeTheta == 100_000)
        #expect(try checkpoint.gguf?.strings("tokenizer.ggml.tokens")?.count == 49152)
        // gguf.quants.dequantize on the same file, q's rows un-permuted: first elements of rows 0 and 33.
        let floats = try checkpoint.tensor("model.layers.0.self_attn.q_proj.weight").floats()
        #expect(floats.count == 576 * 576 && floats.allSatisfy { $0.isFinite && abs($0) < 10 })
        #expect(Array(floats[0..<3]) == [-0.0963134765625, 0.1573486328125, -0.0963134765625])
        #expect(Array(floats[33 * 576..<33 * 576 + 3]) == [-0.06280517578125, 0.1446533203125, 0.00634765625])
    }
}
