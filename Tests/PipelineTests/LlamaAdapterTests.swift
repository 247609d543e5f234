import Checkpoints
import Foundation
import Groundwork
import Testing

/// A Python with xllamacpp, which holds llama.cpp.
private let python: String? = [ProcessInfo.processInfo.environment["RETORT_LLAMA_PYTHON"], "/usr/bin/python3"].compactMap { $0 }.first { candidate in
    let process = Process()
    process.executableURL = URL(fileURLWithPath: candidate)
    process.arguments = ["-c", "import xllamacpp"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}

/// An adapter that `retort export --format gguf` wrote, applied by llama.cpp itself.
@Suite(.enabled(if: python != nil && smolLM2 != nil, "needs a Python with xllamacpp (scripts/setup --llama) and SmolLM2 (scripts/setup)"))
struct LlamaAdapterTests {
    private static let configuration = AdapterConfiguration(
        rank: 16, alpha: 32, useRSLoRA: true, targetModules: ["q_proj", "k_proj", "v_proj", "o_proj"])
    private static let prompts = ["The capital of France is", "Water boils at", "def reverse(items):", "Once upon a time"]
    private static let tokens = 12

    /// Random factors, strong enough to change most tokens; with much stronger ones the text is noise, all near ties.
    private static func writeAdapter(to folder: String, for model: ModelConfiguration) throws {
        let modules = (0..<model.layerCount).flatMap { layer in configuration.targetModules.map { "model.layers.\(layer).self_attn.\($0)" } }
        let entries = try modules.flatMap { module -> [Safetensors.Entry] in
            let shape = try #require(model.linearShape(module))
            return [
                Safetensors.Entry(AdapterFile.tensorName(module, .a), .float32, [configuration.rank, shape[1]]),
                Safetensors.Entry(AdapterFile.tensorName(module, .b), .float32, [shape[0], configuration.rank]),
            ]
        }
        var random = CounterRandom(seed: 7, phase: "adapter")
        try AdapterFile.write(configuration, entries, to: folder) { entry, sink in
            let isA = entry.shape[0] == configuration.rank
            let bound = isA ? (3 / Double(entry.shape[1])).squareRoot() : 0.06
            let values = (0..<entry.shape[0] * entry.shape[1]).map { _ in Float(bound * (2 * random.uniform() - 1)) }
            try values.withUnsafeBytes(sink)
        }
    }

    private struct Asked: Encodable {
        let prompts: [[Int]]
        /// What the adapter is multiplied by; 0 for the base alone.
        let scales: [Double]
    }

    // One thread: those of llama.cpp wait for each other in a loop, and where something else wants the processors that takes minutes.
    private static let script = """
        import json, sys, urllib.request
        import xllamacpp
        model, adapter, asked, answered = sys.argv[1:]
        settings = xllamacpp.CommonParams()
        settings.model.path, settings.lora_adapters = model, [xllamacpp.CommonAdapterLoraInfo(adapter, 1.0)]
        settings.n_ctx, settings.n_parallel, settings.n_gpu_layers, settings.verbosity, settings.port = 512, 1, 0, -1, 0
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
        server = xllamacpp.Server(settings)
        def choice(ids, scale):
            body = dict(prompt=ids, n_predict=1, temperature=0, top_k=1, ignore_eos=True, return_tokens=True, lora=[dict(id=0, scale=scale)])
            request = urllib.request.Request(
                f"{server.listening_address}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as response:
                return json.load(response)["tokens"]
        with open(asked) as file:
            asked = json.load(file)
        choices = [[choice(ids, scale) for ids in asked["prompts"]] for scale in asked["scales"]]
        with open(answered, "w") as file:
            json.dump(choices, file)
        """

    /// The token that llama.cpp finds likeliest behind each prompt, for each scale.
    private static func choices(_ asked: Asked, model: String, adapter: String, in folder: String) throws -> [[[Int]]] {
        try WholeFile.write(JSONEncoder().encode(asked), to: folder + "/asked.json")
        let process = Process(), errors = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(python))
        process.arguments = ["-c", script, model, adapter, folder + "/asked.json", folder + "/answered.json"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(said)")
        return try JSONDecoder().decode([[[Int]]].self, from: WholeFile.read(folder + "/answered.json"))
    }

    private struct Completed: Decodable {
        let ids: [Int]
        let prompt_tokens: Int
    }

    /// llama.cpp is asked for the next token behind each token that Retort wrote, so that one near tie does not part the texts for good.
    @Test func llamaCppWritesWhatRetortWrites() throws {
        let model = try #require(smolLM2)
        try withFolder { folder in
            let adapter = folder + "/adapter", exported = folder + "/adapter.gguf"
            try Self.writeAdapter(to: adapter, for: Checkpoint.open(model).configuration)
            let export = try Command(["export", adapter, "--format", "gguf", "--model", model, "-o", exported])
            #expect(export.status == 0, "\(export.errors)")

            let lines = Self.prompts.map { "\"\($0)\"\n" }.joined()
            let tokenized = try Command(["tokenize", "--model", model], input: lines)
            let prompts = try tokenized.output.split(separator: "\n").map { try JSONDecoder().decode([Int].self, from: Data($0.utf8)) }
            let complete = try Command(
                ["complete", "--model", model, "--adapter", adapter, "--device", "cpu", "--dtype", "float32", "--raw", "--ignore-eos",
                 "--max-tokens", "\(Self.tokens)", "--json", "--prompts", "-"], input: lines)
            let completed = try complete.output.split(separator: "\n").map { try JSONDecoder().decode(Completed.self, from: Data($0.utf8)) }
            try #require(prompts.count == 4 && completed.count == 4, "\(tokenized.errors)\(complete.errors)")
            #expect(completed.map(\.prompt_tokens) == prompts.map(\.count))

            let own = completed.flatMap(\.ids)
            try #require(own.count == 4 * Self.tokens)
            let places = zip(prompts, completed).flatMap { prompt, completion in
                completion.ids.indices.map { place -> [Int] in prompt + completion.ids.prefix(place) }
            }
            // Of these 48 it chose 46 alike, 18 with what is left when √r is lost, and 16 without the adapter; with other random adapters 40 to 46,
            // 11 to 27 and 12 to 25. It rounds activations to 8 bits, where Retort computes in float32: near ties fall either way.
            let lost = 1 / Double(Self.configuration.rank).squareRoot()
            let choices = try Self.choices(Asked(prompts: places, scales: [1, lost, 0]), model: model, adapter: exported, in: folder)
            let alike = choices.map { zip($0, own).count { $0 == [$1] } }
            try #require(alike.count == 3 && choices.allSatisfy { $0.count == own.count })
            #expect(alike[0] >= 36 && alike[1] < 24 && alike[2] < 24, "\(alike)")

            // What it writes first behind the bare prompts is another text than without the adapter.
            let changed = stride(from: 0, to: own.count, by: Self.tokens).count { choices[0][$0] != choices[2][$0] }
            #expect(changed >= 3, "\(choices)")
        }
    }
}
