import Checkpoints
import Foundation
import Groundwork
import Testing

/// Damaged files either parse or throw: a few thousand mutations of small sound ones, the same in every run.
/// Whatever parses is then read to the last element, so that a range that was not checked would show.
@Suite struct MutationTests {
    static let interesting: [UInt64] = [
        0, 1, 2, 31, 32, 255, 256, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 61, 1 << 62, 1 << 63, .max, .max - 1, .max - 7, UInt64(Int64.max) - 31,
    ]

    static func mutate(_ original: [UInt8], within: Int, _ random: inout CounterRandom) -> [UInt8] {
        var bytes = original
        for _ in 0..<random.integer(in: 1...3) {
            guard !bytes.isEmpty else { break }
            let place = random.next(below: min(within, bytes.count))
            switch random.next(below: 8) {
            case 0, 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes[place] ^= 1 << UInt8(random.next(below: 8))
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.integer(in: 1...9)))
            case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + random.integer(in: 1...40))], at: place)
            case 5: bytes.removeSubrange(place...)
            default:  // a number of some width, where counts, lengths and offsets may stand
                let width = random.element(of: [1, 2, 4, 8])
                let number = random.element(of: interesting)
                for offset in 0..<width where place + offset < bytes.count {
                    bytes[place + offset] = UInt8(truncatingIfNeeded: number >> UInt64(8 * offset))
                }
            }
        }
        return bytes
    }

    static func touch(_ tensors: some Sequence<StoredTensor>) {
        for tensor in tensors {
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            bytes.withUnsafeMutableBytes { tensor.copyBytes(into: $0) }
            if let floats = try? tensor.floats() { #expect(floats.count == tensor.elementCount) }
        }
    }

    static func survive(_ original: [UInt8], named name: String, within: Int, rounds: Int, _ open: (String) throws -> Void) throws -> (sound: Int, refused: Int) {
        try Fixture.inFolder { folder in
            var (sound, refused) = (0, 0)
            for step in 0..<rounds {
                var random = CounterRandom(seed: 20_251_122, phase: name, step: UInt64(step))
                try Data(mutate(original, within: within, &random)).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
                do {
                    try open("\(folder)/\(name)")
                    sound += 1
                } catch {
                    refused += 1
                    #expect(error is CheckpointError || error is FileError, "step \(step): \(error)")
                    #expect("\(error)".count < 2000, "step \(step)")
                }
            }
            return (sound, refused)
        }
    }

    @Test func `GGUF files`() throws {
        let types = try Fixture.bytes(Fixture.path("types.gguf"))
        let result = try Self.survive(types, named: "types.gguf", within: 1100, rounds: 2500) { path in
            let gguf = try GGUF(path: path)
            Self.touch(gguf.tensors.values)
            for key in gguf.metadata.keys {
                _ = try? gguf.strings(key)
                _ = try? gguf.ints(key)
                _ = try? gguf.floats(key)
                _ = try? gguf.string(key)
            }
        }
        #expect(result.sound > 50 && result.refused > 500, "\(result)")
    }

    @Test func `whole models in GGUF`() throws {
        let model = try Fixture.bytes(Fixture.path("llama-q8.gguf"))
        let result = try Self.survive(model, named: "llama.gguf", within: 2400, rounds: 800) { path in
            let checkpoint = try Checkpoint.open(path)
            Self.touch(try checkpoint.configuration.tensorShapes().map { try checkpoint.tensor($0.name) })
            #expect(checkpoint.configuration.rotaryFrequencies().count == checkpoint.configuration.headSize / 2)
        }
        #expect(result.sound > 20 && result.refused > 200, "\(result)")
    }

    @Test func `safetensors files`() throws {
        let dtypes = try Fixture.bytes(Fixture.path("dtypes.safetensors"))
        let result = try Self.survive(dtypes, named: "x.safetensors", within: 900, rounds: 2500) { path in
            Self.touch(try Safetensors(path: path).tensors.values)
        }
        #expect(result.sound > 50 && result.refused > 500, "\(result)")
    }

    @Test func `configurations, indexes and adapters`() throws {
        try Fixture.inFolder { folder in
            for file in try FileManager.default.contentsOfDirectory(atPath: Fixture.path("sharded")) {
                try FileManager.default.copyItem(atPath: Fixture.path("sharded/\(file)"), toPath: "\(folder)/\(file)")
            }
            for name in ["config.json", "generation_config.json", "model.safetensors.index.json"] {
                let original = try Fixture.bytes("\(folder)/\(name)")
                let result = try Self.survive(original, named: name, within: original.count, rounds: 500) { mutated in
                    try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
                    try FileManager.default.copyItem(atPath: mutated, toPath: "\(folder)/\(name)")
                    _ = try Checkpoint.open(folder)
                }
                #expect(result.refused > 50, "\(name): \(result)")
                try Data(original).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
        }
        let config = try Fixture.bytes(Fixture.tiny("llama/adapters/patterns/adapter_config.json"))
        let result = try Self.survive(config, named: "adapter_config.json", within: config.count, rounds: 800) { path in
            let configuration = try AdapterConfiguration.read(path)
            #expect(configuration.scale(of: "model.layers.0.self_attn.q_proj").isFinite)
        }
        #expect(result.sound > 20 && result.refused > 200, "\(result)")
    }
}
