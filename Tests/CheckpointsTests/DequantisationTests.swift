import Checkpoints
import Foundation
import Testing
import Torch

@Suite struct DequantisationTests {
    /// Expected values: gguf.quants.dequantize (Tests/Oracles/checkpoints.py, `types`).
    @Test(arguments: ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"])
    func `every ggml type is read to the last bit`(name: String) throws {
        let gguf = try GGUF(path: Fixture.path("types.gguf"))
        let expected = try #require(try Safetensors(path: Fixture.path("types.safetensors")).tensors[name])
        let tensor = try #require(gguf.tensors[name])
        #expect(tensor.shape == expected.shape)
        #expect(try tensor.floats().map(\.bitPattern) == expected.floats().map(\.bitPattern))
    }

    @Test func `halves of every exponent agree with the hardware's`() {
        for bits in UInt16.min...UInt16.max {
            let (mine, reference) = (Dequantisation.half(bits), Float(Float16(bitPattern: bits)))
            if reference.isNaN { #expect(mine.isNaN) } else if mine.bitPattern != reference.bitPattern {
                Issue.record("half \(bits): \(mine), not \(reference)")
            }
        }
    }

    /// Expected values: torch (Tests/Oracles/checkpoints.py, `dtypes`).
    @Test func `every dtype of safetensors is read`() throws {
        let file = try Safetensors(path: Fixture.path("dtypes.safetensors"))
        let expected = try Fixture.json("dtypes.json").pairs
        #expect(expected.count == 11)
        for (name, value) in expected {
            let tensor = try #require(file.tensors[name])
            #expect(tensor.shape == value["shape"].elements.compactMap(\.int))
            #expect(try tensor.floats() == value["values"].elements.compactMap(\.double).map { Float($0) }, "\(name)")
        }
        #expect(try file.tensors["F64"]?.floats() == [1.5, -2.25, .infinity])
        #expect(file.metadata["note"] == "“quoted” \\ line\nend")
        #expect(throws: CheckpointError.self) { try file.tensors["F8_E4M3"]?.floats() }
    }

    @Test func `two threads give what one gives`() throws {
        let count = 1 << 19
        let bytes = (0..<count * 2).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) & 0x7B }
        let tensor = safetensorsBytes(
            header: #"{"x": {"dtype": "F16", "shape": [\#(count)], "data_offsets": [0, \#(count * 2)]}}"#, data: bytes)
        try Fixture.withFile(tensor, ".safetensors") { path in
            let floats = try #require(try Safetensors(path: path).tensors["x"]).floats()
            for index in stride(from: 0, to: count, by: 101) {
                #expect(floats[index] == Dequantisation.half(UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8))
            }
        }
    }
}
