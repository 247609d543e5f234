import Checkpoints
import Foundation
import Testing
import Torch
import Transformers

@Suite struct CheckpointExportTests {
    private func inFolder<T>(_ body: (String) throws -> T) throws -> T {
        let folder = NSTemporaryDirectory() + "retort-export-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    private func logits(_ folder: String, _ packed: PackedSequences) throws -> [Float] {
        let model = try LanguageModel(Checkpoint.open(folder), TinyModel.tokenizer(), device: .cpu, dtype: .float32)
        return try model.logits(packed, rows: Array(0..<packed.tokens.count)).floats()
    }

    /// PEFT's logits with the adapter on top are those of the exported model without one; in one file or in many.
    @Test(arguments: TinyModel.families, [5_000_000_000, 6_000]) func logitsAreThoseWithTheAdapter(family: String, shardBytes: Int) throws {
        let tiny = try TinyModel(family)
        for name in TinyModel.adapters {
            try inFolder { folder in
                var steps = 0
                try CheckpointExport.run(
                    Checkpoint.open(tiny.folder + "/model"), AdapterFile.read("\(tiny.folder)/adapters/\(name)"), to: folder,
                    type: .float32, shardBytes: shardBytes
                ) { done, all in
                    steps = done
                    #expect(done <= all)
                }
                #expect(steps > 10)
                #expect(FileManager.default.fileExists(atPath: folder + "/model.safetensors.index.json") == (shardBytes < 10_000))
                #expect(largestDifference(try logits(folder, tiny.packed), try tiny.values("\(name).logits")) < 1e-4, "\(name)")
            }
        }
    }

    /// A base of four bits becomes a plain one that says so.
    @Test(arguments: [("nf4", "qwen2"), ("fp4", "llama")]) func aFourBitBaseIsDequantised(name: String, plain: String) throws {
        let base = try Checkpoint.open((TinyModel.root as NSString).deletingLastPathComponent + "/FourBit/\(name)")
        let path = "\(TinyModel.root)/\(plain)/adapters/rslora"
        let model = try LanguageModel(base, TinyModel.tokenizer(), device: .cpu, dtype: .float32)
        let packed = try TinyModel(plain).packed
        let expected = try model.logits(packed, rows: Array(0..<packed.tokens.count), adapter: Adapter.load(path, for: model)).floats()
        try inFolder { folder in
            try CheckpointExport.run(base, AdapterFile.read(path), to: folder, type: .float32)
            #expect(try !Checkpoint.open(folder).isFourBit)
            #expect(largestDifference(try logits(folder, packed), expected) < 1e-4)
        }
        try inFolder { folder in
            try CheckpointExport.run(base, AdapterFile.read(path), to: folder)
            #expect(try Checkpoint.open(folder).tensor("model.layers.0.mlp.up_proj.weight").type == .dense(.bfloat16))
        }
    }

    /// Shards of before would be read with the new ones, or in place of them.
    @Test func anEarlierExportsWeightsGo() throws {
        let tiny = try TinyModel("llama")
        let base = try Checkpoint.open(tiny.folder + "/model"), adapter = try AdapterFile.read(tiny.folder + "/adapters/plain")
        try inFolder { folder in
            for bytes in [6_000, 5_000_000_000, 9_000] {
                try CheckpointExport.run(base, adapter, to: folder, type: .float32, shardBytes: bytes)
                let weights = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".safetensors") }
                let isOne = bytes > 10_000
                #expect(weights.contains("model.safetensors") == isOne && (weights.count == 1) == isOne)
                #expect(FileManager.default.fileExists(atPath: folder + "/model.safetensors.index.json") != isOne)
                #expect(weights.allSatisfy { isOne || $0.hasSuffix(String(format: "-of-%05d.safetensors", weights.count)) }, "\(weights)")
            }
        }
    }

    @Test func aLinkToTheBaseOrTheAdapterIsRefused() throws {
        let tiny = try TinyModel("llama")
        try inFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, own) in [("base", "/model"), ("adapter", "/adapters/plain")] {
                try FileManager.default.copyItem(atPath: tiny.folder + own, toPath: "\(folder)/\(name)")
                try FileManager.default.createSymbolicLink(atPath: "\(folder)/to \(name)", withDestinationPath: name)
            }
            let base = try Checkpoint.open(folder + "/base"), adapter = try AdapterFile.read(folder + "/adapter")
            for name in ["to base", "to adapter", "adapter"] {
                #expect(throws: CheckpointError.self) { try CheckpointExport.run(base, adapter, to: "\(folder)/\(name)") }
            }
        }
    }

    @Test func theBaseIsNotOverwritten() throws {
        let tiny = try TinyModel("llama")
        let base = try Checkpoint.open(tiny.folder + "/model"), adapter = try AdapterFile.read(tiny.folder + "/adapters/plain")
        #expect(throws: CheckpointError.self) { try CheckpointExport.run(base, adapter, to: tiny.folder + "/model/") }
    }
}
