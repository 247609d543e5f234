import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

@Suite struct AdapterTests {
    /// Expected values: PEFT's own modules (Tests/Oracles/checkpoints.py, `scales`).
    @Test func `ranks and scales are those that PEFT applies`() throws {
        for entry in try Fixture.json("scales.json").elements {
            try Fixture.withFile(Array(entry["config"].text().utf8), ".json") { path in
                let configuration = try AdapterConfiguration.read(path)
                let modules = entry["modules"].pairs
                #expect(modules.count == 14)
                for (module, expected) in modules {
                    #expect(configuration.targets(module))
                    #expect(configuration.rank(of: module) == expected["rank"].int, "\(entry["name"]) \(module)")
                    let scale = try #require(expected["scale"].double)
                    #expect(abs(configuration.scale(of: module) - scale) < 1e-12, "\(entry["name"]) \(module)")
                }
            }
        }
    }

    @Test(arguments: ["llama", "llama-tied", "qwen2", "qwen3"], ["plain", "rslora", "patterns"])
    func `PEFT's adapters are read, fit their model, and are written as PEFT wrote them`(family: String, name: String) throws {
        let folder = Fixture.tiny("\(family)/adapters/\(name)")
        let adapter = try AdapterFile.read(folder)
        let model = try Checkpoint.open(Fixture.tiny("\(family)/model")).configuration
        try adapter.check(against: model)
        #expect(adapter.configuration.useRSLoRA == (name != "plain"))
        let entries = adapter.modules.flatMap { module in
            AdapterFile.Factor.allCases.map { factor in
                let stored = factor == .a ? adapter.tensors[module]!.a : adapter.tensors[module]!.b
                return Safetensors.Entry(AdapterFile.tensorName(module, factor), .float32, stored.shape)
            }
        }
        try Fixture.inFolder { copy in
            try AdapterFile.write(adapter.configuration, entries, to: copy) { entry, sink in
                let (module, factor) = try #require(AdapterFile.parse(entry.name))
                let factors = try #require(adapter.tensors[module])
                try (factor == .a ? factors.a : factors.b).withBytes(sink)
            }
            let again = try AdapterFile.read(copy)
            #expect(again.configuration == adapter.configuration)
            #expect(again.modules == adapter.modules)
            for module in adapter.modules {
                #expect(try again.tensors[module]?.a.floats() == adapter.tensors[module]?.a.floats())
                #expect(try again.tensors[module]?.b.floats() == adapter.tensors[module]?.b.floats())
            }
            // Every key that we write has the value that PEFT wrote, and what PEFT wrote beside them says nothing.
            let theirs = try JSONFile(path: "\(folder)/adapter_config.json").object
            let ours = try JSONFile(path: "\(copy)/adapter_config.json").object
            for (key, value) in ours.pairs where key != "target_modules" { #expect(theirs[key] == value, "\(key)") }
            let names = try Safetensors(path: "\(copy)/adapter_model.safetensors")
            #expect(Set(names.tensors.keys) == Set(try Safetensors(path: "\(folder)/adapter_model.safetensors").tensors.keys))
            #expect(names.metadata == ["format": "pt"])
        }
    }

    @Test func `modules stand in the order of the computation`() throws {
        let paths = (0..<12).flatMap { layer in
            ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
                .map { "model.layers.\(layer).\($0)" }
        }
        var random = CounterRandom(seed: 1, phase: "order")
        #expect(random.shuffled(paths).sorted(by: AdapterFile.comesBefore) == paths)
    }

    static let refused: [(change: String, message: String)] = [
        (#"{"use_dora": true}"#, "the adapter feature “use_dora” is not supported"),
        (#"{"modules_to_save": ["lm_head"]}"#, "modules_to_save"),
        (#"{"bias": "all"}"#, "trained biases"),
        (#"{"layer_replication": [[0, 2]]}"#, "layer_replication"),
        (#"{"fan_in_fan_out": true}"#, "fan_in_fan_out"),
        (#"{"lora_bias": true}"#, "lora_bias"),
        (#"{"trainable_token_indices": [1]}"#, "trainable_token_indices"),
        (#"{"alora_invocation_tokens": [1]}"#, "alora_invocation_tokens"),
        (#"{"some_future_feature": {"on": true}}"#, "some_future_feature"),
        (#"{"peft_type": "IA3"}"#, "an adapter of type “IA3”"),
        (#"{"init_lora_weights": "pissa_niter_4"}"#, "altered the base model"),
        (#"{"r": 0}"#, "r: 0 is not between"),
        (#"{"r": 3}"#, "has shape"),
        (#"{"r": null}"#, "r: the key is missing"),
        (#"{"lora_dropout": 1.0}"#, "lora_dropout"),
        (#"{"target_modules": ["o_proj"]}"#, "does not name it among target_modules"),
        (#"{"target_modules": [1]}"#, "expected strings"),
        (#"{"layers_to_transform": [1]}"#, "does not name its block in layers_to_transform"),
        (#"{"layers_to_transform": ["0"]}"#, "layers_to_transform: expected numbers of blocks"),
        (#"{"layers_to_transform": "all"}"#, "layers_to_transform: expected an integer"),
        (#"{"rank_pattern": {"q_proj": 2}}"#, "has shape"),
        (#"{"rank_pattern": {"q_(proj": 4}}"#, "is not a usable pattern"),
        (#"{"rank_pattern": {"q_proj": "x"}}"#, "rank_pattern.q_proj: expected an integer"),
    ]

    @Test(arguments: refused) func `features that change the result are refused by name`(change: String, message: String) throws {
        let folder = Fixture.tiny("llama/adapters/plain")
        var config = try JSONFile(path: "\(folder)/adapter_config.json").object
        for (key, value) in try JSONValue(parsing: change).pairs { config[key] = value }
        try Fixture.inFolder { copy in
            try FileManager.default.copyItem(atPath: "\(folder)/adapter_model.safetensors", toPath: "\(copy)/adapter_model.safetensors")
            try WholeFile.write(JSONValue.object(config).text(), to: "\(copy)/adapter_config.json")
            let error = try #require(throws: CheckpointError.self) { try AdapterFile.read(copy) }
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func `tensors that are not a plain adapter's are refused`() throws {
        let one: (String) -> (name: String, type: DType, shape: [Int], bytes: [UInt8]) = { name in
            (name, .float32, name.hasSuffix("lora_B.weight") ? [1, 4] : [4, 1], [UInt8](repeating: 0, count: 16))
        }
        let path = "base_model.model.model.layers.0.self_attn.q_proj"
        for (names, message) in [
            ([], "no tensors"), (["\(path).lora_A.weight"], "its other factor is there"), (["\(path).lora_B.weight"], "its other factor is there"),
            (["\(path).lora_magnitude_vector"], "an adapter holds"), (["lora_A.weight"], "an adapter holds"),
            (["base_model.model..lora_A.weight"], "an adapter holds"),
        ] {
            try Fixture.inFolder { folder in
                let configuration = AdapterConfiguration(rank: 4, alpha: 8)
                try WholeFile.write(configuration.json().text(), to: "\(folder)/adapter_config.json")
                try Safetensors.write(names.map(one), to: "\(folder)/adapter_model.safetensors")
                let error = try #require(throws: CheckpointError.self) { try AdapterFile.read(folder) }
                #expect(error.description.contains(message), "\(error)")
            }
        }
    }

    @Test func `an adapter of another model is refused`() throws {
        let model = try Checkpoint.open(Fixture.tiny("qwen3/model")).configuration
        let error = try #require(throws: CheckpointError.self) { try AdapterFile.read(Fixture.tiny("llama/adapters/plain")).check(against: model) }
        #expect(error.description.contains("the model's weight is"))
    }

    /// The file has q, k and v of block 0, of a model of two; all are named in a list unless `change` says otherwise.
    @Test(arguments: [
        ("{}", "names model.layers.1.self_attn.q_proj and it has no tensors for that: it was made for a smaller model"),
        ("{}", #"blocks that were left out on purpose are told by a line "layers_to_transform": [0]"#),
        (#"{"layers_to_transform": []}"#, "names model.layers.1.self_attn.q_proj"),
        (#"{"layers_to_transform": [0, 1]}"#, "names model.layers.1.self_attn.q_proj and it has no tensors for that: it was made for a smaller model, or they are lost; use"),
        (#"{"layers_to_transform": [0], "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}"#, "names model.layers.0.self_attn.o_proj"),
        (#"{"target_modules": ["layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj", "layers.1.self_attn.q_proj"]}"#,
         "names model.layers.1.self_attn.q_proj"),
        (#"{"layers_to_transform": [0]}"#, nil), (#"{"layers_to_transform": 0}"#, nil), (#"{"layers_to_transform": [0, 40]}"#, nil),
        (#"{"target_modules": "model\\.layers\\.0\\..*_proj"}"#, nil), (#"{"exclude_modules": "model.layers.1.*"}"#, nil),
        (#"{"target_modules": ["layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj"]}"#, nil),
        // As in PEFT, a whole path counts whatever blocks are chosen for the others.
        (#"{"layers_to_transform": [1], "target_modules": ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj"]}"#, nil),
    ] as [(String, String?)])
    func `layers are left out by choice alone`(change: String, complaint: String?) throws {
        let model = try Checkpoint.open(Fixture.tiny("llama/model")).configuration
        let whole = try AdapterFile.read(Fixture.tiny("llama/adapters/plain"))
        var config = try JSONFile(path: whole.folder + "/adapter_config.json").object
        for (key, value) in try JSONValue(parsing: #"{"target_modules": ["q_proj", "k_proj", "v_proj"]}"#).pairs + JSONValue(parsing: change).pairs { config[key] = value }
        try Fixture.inFolder { folder in
            let modules = whole.modules.filter { $0.contains("layers.0.self_attn") && !$0.hasSuffix("o_proj") }
            let entries = modules.flatMap { module in
                AdapterFile.Factor.allCases.map { factor in
                    Safetensors.Entry(AdapterFile.tensorName(module, factor), .float32, (factor == .a ? whole.tensors[module]!.a : whole.tensors[module]!.b).shape)
                }
            }
            try Safetensors.write(entries, metadata: ["format": "pt"], to: folder + "/adapter_model.safetensors") { entry, sink in
                try [Float](repeating: 0.5, count: entry.shape.reduce(1, *)).withUnsafeBytes(sink)
            }
            try WholeFile.write(JSONValue.object(config).text(), to: folder + "/adapter_config.json")
            let part = try AdapterFile.read(folder)
            #expect(part.blocks == [0] && part.targetNames == ["q_proj", "k_proj", "v_proj"])
            if let complaint {
                let error = try #require(throws: CheckpointError.self) { try part.check(against: model) }
                #expect(error.description.contains(complaint), "\(error)")
            } else {
                try part.check(against: model)
                try WholeFile.write(part.configuration.json().text(), to: folder + "/adapter_config.json")
                let again = try AdapterFile.read(folder)
                try again.check(against: model)
                #expect(again.configuration == part.configuration)
                #expect(part.configuration.targets(modules[0]) && !part.configuration.targets(modules[0].replacing("layers.0", with: "layers.1")))
            }
        }
    }

    @Test func `nothing contradictory is written`() throws {
        let path = "model.layers.0.self_attn.q_proj"
        let a = Safetensors.Entry(AdapterFile.tensorName(path, .a), .float32, [4, 2])
        let b = Safetensors.Entry(AdapterFile.tensorName(path, .b), .float32, [2, 4])
        for (entries, rank, targets) in [
            ([a, b], 3, ["q_proj"]), ([a, b], 4, ["v_proj"]), ([a], 4, ["q_proj"]), ([], 4, ["q_proj"]),
            ([.init("x", .float32, [1]), a, b], 4, ["q_proj"]), ([.init(a.name, .int32, [4, 2]), b], 4, ["q_proj"]),
        ] as [([Safetensors.Entry], Int, [String])] {
            try Fixture.inFolder { folder in
                #expect(throws: CheckpointError.self) {
                    try AdapterFile.write(AdapterConfiguration(rank: rank, alpha: 1, targetModules: targets), entries, to: "\(folder)/x") { entry, sink in
                        try [UInt8](repeating: 0, count: 32).withUnsafeBytes(sink)
                    }
                }
                #expect(!FileManager.default.fileExists(atPath: "\(folder)/x"))
            }
        }
    }
}
