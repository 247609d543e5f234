import Checkpoints
import Foundation
import Testing
import Torch

/// What llama.cpp computes from an exported adapter, alpha / rank · B·A with one alpha for all, is the adapter's own delta.
@Suite struct AdapterGGUFTests {
    private func delta(_ a: [Float], _ b: [Float], rank: Int, scale: Double) -> [Double] {
        let width = a.count / rank
        return (0..<b.count / rank).flatMap { row in
            (0..<width).map { column in
                scale * (0..<rank).reduce(0.0) { $0 + Double(b[row * rank + $1]) * Double(a[$1 * width + column]) }
            }
        }
    }

    @Test(arguments: ["llama", "qwen2", "qwen3"], ["plain", "rslora", "patterns"])
    func deltasAreKept(family: String, name: String) throws {
        let adapter = try AdapterFile.read(Fixture.tiny("\(family)/adapters/\(name)"))
        let model = try Checkpoint.open(Fixture.tiny("\(family)/model")).configuration
        try Fixture.inFolder { folder in
            try adapter.writeGGUF(to: folder + "/adapter.gguf", for: model)
            let file = try GGUF(path: folder + "/adapter.gguf")
            #expect(try file.string("general.type") == "adapter")
            #expect(try file.string("adapter.type") == "lora")
            #expect(try file.string("general.architecture") == family)
            #expect(file.tensors.count == 2 * adapter.tensors.count)
            let alpha = try #require(try file.float("adapter.lora.alpha"))
            for (module, factors) in adapter.tensors {
                let parts = module.split(separator: ".")
                let kind = ["q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate",
                            "up_proj": "ffn_up", "down_proj": "ffn_down"][String(parts.last!)]!
                let stored = try ["lora_a", "lora_b"].map { try #require(file.tensors["blk.\(parts[2]).\(kind).weight.\($0)"]) }
                let rank = factors.a.shape[0]
                #expect(stored[0].shape == factors.a.shape && stored[1].shape == factors.b.shape)
                let found = delta(try stored[0].floats(), try stored[1].floats(), rank: rank, scale: alpha / Double(rank))
                let expected = delta(
                    try factors.a.floats(), inLlamaOrder(try factors.b.floats(), kind, family, model), rank: rank,
                    scale: adapter.configuration.scale(of: module))
                let largest = expected.map(abs).max() ?? 0
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * largest }, "\(module)")
            }
        }
    }

    /// llama.cpp keeps, in the llama architecture, the halves of each head of q and k interleaved.
    private func inLlamaOrder(_ b: [Float], _ kind: String, _ family: String, _ model: ModelConfiguration) -> [Float] {
        guard family == "llama", kind == "attn_q" || kind == "attn_k" else { return b }
        let heads = kind == "attn_q" ? model.headCount : model.keyValueHeadCount
        let rows = heads * model.headSize, width = b.count / rows
        return (0..<rows).flatMap { row in
            let (head, within) = row.quotientAndRemainder(dividingBy: model.headSize)
            let source = head * model.headSize + (within % 2) * model.headSize / 2 + within / 2
            return b[source * width..<(source + 1) * width]
        }
    }

    @Test func numbersThatAreNoneOrTooLargeAreRefused() throws {
        let model = try Checkpoint.open(Fixture.tiny("llama/model")).configuration, adapter = try AdapterFile.read(Fixture.tiny("llama/adapters/plain"))
        try Fixture.inFolder { folder in
            for value in [Float.nan, 1e6] {
                var isFirst = true
                let entries = adapter.modules.flatMap { module in
                    [(AdapterFile.Factor.a, adapter.tensors[module]!.a), (.b, adapter.tensors[module]!.b)].map {
                        Safetensors.Entry(AdapterFile.tensorName(module, $0.0), .float32, $0.1.shape)
                    }
                }
                try AdapterFile.write(adapter.configuration, entries, to: folder + "/odd") { entry, sink in
                    var values = [Float](repeating: 0.5, count: entry.shape[0] * entry.shape[1])
                    if isFirst { values[0] = value }
                    isFirst = false
                    try values.withUnsafeBytes { try sink($0) }
                }
                let odd = try AdapterFile.read(folder + "/odd")
                #expect(throws: CheckpointError.self) { try odd.writeGGUF(to: folder + "/odd.gguf", for: model, type: .float16) }
                #expect(!FileManager.default.fileExists(atPath: folder + "/odd.gguf"))
            }
        }
    }

    @Test func anotherModelsAdapterIsRefused() throws {
        let adapter = try AdapterFile.read(Fixture.tiny("llama/adapters/plain"))
        let other = try Checkpoint.open(Fixture.tiny("qwen3/model")).configuration
        try Fixture.inFolder { folder in
            #expect(throws: CheckpointError.self) { try adapter.writeGGUF(to: folder + "/adapter.gguf", for: other) }
            #expect(!FileManager.default.fileExists(atPath: folder + "/adapter.gguf"))
        }
    }
}
