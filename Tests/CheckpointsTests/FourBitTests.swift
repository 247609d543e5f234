import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

/// Four-bit checkpoints as transformers saves them (Tests/Oracles/transformers_fourbit.py), and what can be wrong with one.
@Suite struct FourBitCheckpointTests {
    private typealias Entry = (name: String, type: DType, shape: [Int], bytes: [UInt8])
    private let name = "model.layers.0.mlp.up_proj.weight"

    private func folder(_ name: String) -> String { "\(Fixture.root)/FourBit/\(name)" }

    /// Writes the checkpoint anew as one file, with `old` in config.json replaced and some of its tensors changed, and opens it.
    private func open(_ source: String, replacing old: String = "", by new: String = "", _ change: (inout [String: Entry]) throws -> Void = { _ in }) throws -> Checkpoint {
        let index = "/model.safetensors.index.json"
        let file = FileManager.default.fileExists(atPath: folder(source) + index) ? index : "/model.safetensors"
        var entries: [String: Entry] = [:]
        for (name, tensor) in try Safetensors(path: folder(source) + file).tensors {
            guard case .dense(let type) = tensor.type else { continue }
            entries[name] = (name, type, tensor.shape, tensor.withBytes(Array.init))
        }
        try change(&entries)
        return try Fixture.inFolder { target in
            let text = try String(contentsOfFile: folder(source) + "/config.json", encoding: .utf8)
            try WholeFile.write(old.isEmpty ? text : text.replacingOccurrences(of: old, with: new), to: target + "/config.json")
            try Safetensors.write(entries.values.sorted { $0.name < $1.name }, to: target + "/model.safetensors")
            return try Checkpoint.open(target)
        }
    }

    private func message(_ change: (inout [String: Entry]) throws -> Void) -> String {
        do {
            _ = try open("nf4", change)
            return "it was opened"
        } catch { return "\(error)" }
    }

    private func state(_ old: String, _ new: String) -> (inout [String: Entry]) throws -> Void {
        { entries in
            let key = name + ".quant_state.bitsandbytes__nf4"
            let text = String(decoding: try #require(entries[key]).bytes, as: UTF8.self)
            #expect(text.contains(old))
            let bytes = Array(text.replacingOccurrences(of: old, with: new).utf8)
            entries[key] = (key, .uint8, [bytes.count], bytes)
        }
    }

    @Test func `single, sharded and bare files are read`() throws {
        for checkpoint in [
            try Checkpoint.open(folder("nf4")), try open("nf4"),
            try open("nf4") { entries in
                entries = Dictionary(uniqueKeysWithValues: entries.values.map {
                    let bare = String($0.name.dropFirst("model.".count))
                    return (bare, (bare, $0.type, $0.shape, $0.bytes))
                })
            },
        ] {
            let tensor = try #require(checkpoint.fourBitTensor(name))
            #expect(tensor.shape == [48, 32] && tensor.format == .nf4 && tensor.blockSize == 64)
            #expect(tensor.packed.byteCount == 768 && tensor.absmax.elementCount == 24 && tensor.nested?.blockSize == 256)
            // Left out of the quantisation, as llm_int8_skip_modules says.
            #expect(checkpoint.fourBitTensor("model.layers.1.mlp.down_proj.weight") == nil)
            #expect(try checkpoint.tensor("model.layers.1.mlp.down_proj.weight").shape == [32, 48])
            let error = try #require(throws: CheckpointError.self) { try checkpoint.tensor(name) }
            #expect(error.description.contains("4 bits an element"))
        }
        let fp4 = try #require(Checkpoint.open(folder("fp4")).fourBitTensor(name))
        #expect(fp4.format == .fp4 && fp4.nested == nil)
    }

    /// `bnb_4bit_quant_storage` lets another type hold the bytes.
    @Test func `the bytes may be stored under another type`() throws {
        let checkpoint = try open("nf4") { entries in
            let weight = try #require(entries[name])
            entries[name] = (name, .bfloat16, [weight.bytes.count / 2, 1], weight.bytes)
        }
        #expect(checkpoint.fourBitTensor(name)?.packed.byteCount == 768)
    }

    @Test(arguments: ["absmax", "quant_map", "nested_absmax", "nested_quant_map", "quant_state.bitsandbytes__nf4"])
    func `a missing entry is named`(entry: String) {
        let message = message { $0[name + "." + entry] = nil }
        #expect(message.contains("has no tensor \(name).\(entry)") && message.contains("download the checkpoint again"))
    }

    @Test(arguments: [
        ("absmax", 5, "shape [5], but the configuration asks for [24]"), ("nested_absmax", 8, "asks for [1]"),
        ("quant_map", 60, "asks for [16]"), ("nested_quant_map", 4, "asks for [256]"),
    ]) func `a wrong size is named`(entry: String, bytes: Int, expected: String) {
        let message = message { entries in
            let key = name + "." + entry, old = try #require(entries[key])
            entries[key] = (key, old.type, [bytes / old.type.size], Array((old.bytes + old.bytes).prefix(bytes)))
        }
        #expect(message.contains(expected), "\(message)")
    }

    @Test func `other faults are named`() throws {
        #expect(message { $0[name]!.bytes.removeLast(); $0[name]!.shape = [767, 1] }.contains("shape [767, 1], but the configuration asks for [768, 1]"))
        #expect(message(state("\"nf4\"", "\"nf5\"")).contains("the quantisation type “nf5”"))
        #expect(message(state("\"blocksize\": 64", "\"blocksize\": 48")).contains("48 is not a power of two"))
        #expect(message(state("\"blocksize\": 64", "\"blocksize\": 128")).contains("asks for [12]"))
        #expect(message(state("\"shape\": [48, 32]", "\"shape\": [32, 48]")).contains("the configuration asks for [48, 32]"))
        #expect(message(state("\"nested_offset\"", "\"nested_set\"")).contains("nested_offset: the key is missing"))
        #expect(message(state("{", "[")).contains("quant_state.bitsandbytes__nf4"))
        #expect(message { $0[name + ".quant_map"]!.bytes[3] = 0 }.contains("quant_map that is not that of nf4"))
        #expect(message { $0[name + ".absmax"] = (name + ".absmax", .float32, [24], [UInt8](repeating: 0, count: 96)) }.contains("bitsandbytes keeps it as uint8"))
        // A weight that lost everything but its bytes.
        #expect(message { entries in entries = entries.filter { !$0.key.hasPrefix(name + ".") } }.contains("has no tensor \(name).quant_state"))
        // Of a kind that no version of the format knows.
        #expect(message { $0[name + ".quant_state.bitsandbytes__nf4"] = nil; $0[name + ".quant_state.bitsandbytes__int4"] = (name + ".quant_state.bitsandbytes__int4", .uint8, [2], [123, 125]) }
            .contains("has no tensor \(name).quant_state.bitsandbytes__nf4"))
    }

    @Test func `other quantisations are refused`() throws {
        for (old, new, expected) in [
            ("\"load_in_4bit\": true", "\"load_in_4bit\": false", "by “bitsandbytes” to 8 bits"),
            ("\"quant_method\": \"bitsandbytes\"", "\"quant_method\": \"gptq\"", "by “gptq”"),
        ] {
            let error = try #require(throws: CheckpointError.self) { try open("nf4", replacing: old, by: new) }
            #expect(error.description.contains(expected), "\(error)")
        }
    }
}
