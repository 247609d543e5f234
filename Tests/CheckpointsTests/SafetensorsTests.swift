import Checkpoints
import Foundation
import Groundwork
import Testing
import Torch

@Suite struct SafetensorsTests {
    @Test func `shards are joined by their index`() throws {
        let file = try Safetensors(path: Fixture.path("sharded/model.safetensors.index.json"))
        #expect(file.files.count == 3)
        #expect(file.tensors["model.layers.1.mlp.up_proj.weight"]?.shape == [24, 16])
        #expect(file.tensors["lm_head.weight"]?.type == .dense(.bfloat16))
    }

    @Test func `an index whose shard lacks the tensor, or lies outside, is refused`() throws {
        try Fixture.inFolder { folder in
            try Safetensors.write([("a", .uint8, [2], [1, 2])], to: "\(folder)/one.safetensors")
            for map in [#"{"b": "one.safetensors"}"#, #"{"a": "../one.safetensors"}"#, #"{"a": "two.safetensors"}"#, "{}", "[]", #"{"a": 1}"#] {
                try WholeFile.write(#"{"weight_map": \#(map)}"#, to: "\(folder)/model.safetensors.index.json")
                #expect(throws: (any Error).self, "\(map)") { try Safetensors(path: "\(folder)/model.safetensors.index.json") }
            }
        }
    }

    @Test func `what is written is read back, aligned, and the same each time`() throws {
        try Fixture.inFolder { folder in
            let tensors: [(name: String, type: DType, shape: [Int], bytes: [UInt8])] = [
                ("bytes", .uint8, [3], [1, 2, 3]), ("“long” \\ name\n", .int64, [1], [1, 0, 0, 0, 0, 0, 0, 0]),
                ("halves", .float16, [1, 1], [0, 0x3C]), ("empty", .float32, [0, 4], []), ("x", .float32, [1], [0, 0, 0x80, 0x3F]),
            ]
            try Safetensors.write(tensors, metadata: ["format": "pt", "a": "b"], to: "\(folder)/a.safetensors")
            try Safetensors.write(tensors, metadata: ["format": "pt", "a": "b"], to: "\(folder)/b.safetensors")
            #expect(try Fixture.bytes("\(folder)/a.safetensors") == Fixture.bytes("\(folder)/b.safetensors"))
            let file = try Safetensors(path: "\(folder)/a.safetensors")
            #expect(file.metadata == ["format": "pt", "a": "b"])
            #expect(file.tensors.count == 5)
            for (name, type, shape, bytes) in tensors {
                let tensor = try #require(file.tensors[name])
                #expect(tensor.type == .dense(type) && tensor.shape == shape && tensor.withBytes(Array.init) == bytes)
                #expect(tensor.isAligned)
            }
            #expect(try file.tensors["halves"]?.floats() == [1])
        }
    }

    @Test func `content that does not fit leaves no file`() throws {
        try Fixture.inFolder { folder in
            let path = "\(folder)/x.safetensors"
            func write(_ entries: [Safetensors.Entry], _ bytes: [UInt8]) -> String {
                do {
                    try Safetensors.write(entries, to: path) { _, sink in try bytes.withUnsafeBytes(sink) }
                    return "written"
                } catch { return "\(error)" }
            }
            #expect(write([.init("a", .float32, [2])], [1, 2, 3]).contains("5 bytes of a were not given"))
            #expect(write([.init("a", .uint8, [2])], [1, 2, 3]).contains("too many bytes for a"))
            #expect(write([.init("a", .uint8, [3]), .init("a", .uint8, [3])], [1, 2, 3]).contains("two tensors are called a"))
            #expect(write([.init("a", .uint8, [-3])], []).contains("is no shape"))
            #expect(write([.init("a", .float32, [Int.max, 4])], []).contains("is no shape"))
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }

    static let lies: [(header: String, data: Int, message: String)] = [
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#, 4, "is the file cut short?"),
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}"#, 8, "is not inside"),
        (#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}}"#, 8, "is not inside"),
        (#"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}"#, 8, "do not hold shape"),
        (#"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8]}}"#, 8, "do not hold shape"),
        (#"{"a": {"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 8]}}"#, 8, "something else than sizes"),
        (#"{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}"#, 8, "something else than sizes"),
        (#"{"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}"#, 8, "something else than sizes"),
        (#"{"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}}"#, 8, "there is no dtype"),
        (#"{"a": {"shape": [2], "data_offsets": [0, 8]}}"#, 8, "“dtype” is not a string"),
        (#"{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}}"#, 6, "overlaps"),
        (#"{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}, "b": {"dtype": "U8", "shape": [4], "data_offsets": [4, 8]}}"#, 8, "belong to no tensor"),
        (#"{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}"#, 8, "6 bytes at the end"),
        (#"{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}, "a": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]}}"#, 4, "there twice"),
        (#"{"a": 7}"#, 0, "expected an object"),
        (#"{"__metadata__": {"a": 1}}"#, 0, "expected a string"),
        ("[]", 0, "not a JSON object"),
        (#"{"a": "#, 0, "ends where a value should stand"),
        (String(repeating: "[", count: 100_000), 0, "nesting deeper"),
        (#"{"a": "# + String(repeating: #"{"a":"#, count: 100_000), 0, "nesting deeper"),
    ]

    @Test(arguments: lies) func `a header that lies is one clear error`(header: String, data: Int, message: String) throws {
        try Fixture.withFile(safetensorsBytes(header: header, data: [UInt8](repeating: 1, count: data)), ".safetensors") { path in
            let error = try #require(throws: CheckpointError.self) { try Safetensors(path: path) }
            #expect(error.description.contains(message), "\(error)")
            #expect(error.description.hasPrefix(path))
        }
    }

    @Test func `a header length beyond the file or the limit is refused before it is read`() throws {
        for announced in [UInt64(3), 100_000_001, 1 << 40, .max] {
            try Fixture.withFile(safetensorsBytes(header: "{}", announced: announced), ".safetensors") { path in
                #expect(throws: CheckpointError.self) { try Safetensors(path: path) }
            }
        }
        for bytes in [[], [1], [0, 0, 0, 0, 0, 0, 0], [UInt8](repeating: 0, count: 8)] as [[UInt8]] {
            try Fixture.withFile(bytes, ".safetensors") { path in
                #expect(throws: CheckpointError.self) { try Safetensors(path: path) }
            }
        }
    }

    @Test func `names that are not UTF-8 are refused`() throws {
        let bytes = safetensorsBytes(header: #"{"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}"#)
        var damaged = bytes
        damaged[10] = 0xFF
        try Fixture.withFile(damaged, ".safetensors") { path in
            let error = try #require(throws: CheckpointError.self) { try Safetensors(path: path) }
            #expect(error.description.contains("not UTF-8"))
        }
    }

    @Test func `what is no regular file is refused`() throws {
        #expect(throws: FileError.self) { try MappedFile(path: "/dev/zero") }
        #expect(throws: FileError.self) { try MappedFile(path: "/tmp") }
        #expect(throws: FileError.self) { try MappedFile(path: "/nowhere/at/all") }
    }
}
