import Checkpoints
import Foundation
import Testing

@Suite struct GGUFTests {
    @Test func `metadata of every kind`() throws {
        let gguf = try GGUF(path: Fixture.path("types.gguf"))
        #expect(gguf.version == 3)
        #expect(try gguf.string("fixture.text") == "Blöcke")
        #expect(try gguf.strings("fixture.words") == ["", "α", "two words"])
        #expect(try gguf.ints("fixture.numbers") == [1, -2, 3])
        #expect(try gguf.floats("fixture.floats") == [0.5, -1.25])
        #expect(try gguf.bool("fixture.flag") == true)
        #expect(try gguf.int("fixture.large") == 1 << 40)
        #expect(try gguf.float("fixture.large") == 0x1p40)
        #expect(try gguf.int("absent") == nil && gguf.strings("absent") == nil)
        let error = try #require(throws: CheckpointError.self) { try gguf.int("fixture.words") }
        #expect(error.description.contains("fixture.words: expected an integer, found an array of 3 elements of type string"))
        #expect(throws: CheckpointError.self) { try gguf.ints("fixture.words") }
        #expect(throws: CheckpointError.self) { try gguf.string("fixture.flag") }
    }

    /// Version 2 differs in nothing but the number.
    @Test func `version 2`() throws {
        var file = GGUFBytes(version: 2, tensors: 1, entries: 1)
        file.entry("answer", .uint16)
        file.add(UInt16(42))
        file.tensor("t", [3, 2], offset: 0)
        file.data(24)
        try Fixture.withFile(file.bytes, ".gguf") { path in
            let gguf = try GGUF(path: path)
            #expect(try gguf.int("answer") == 42)
            #expect(gguf.tensors["t"]?.shape == [2, 3])
            #expect(try gguf.tensors["t"]?.floats() == [0, 0, 0, 0, 0, 0])
        }
    }

    @Test func `nested arrays are walked and types without a reader are listed`() throws {
        var file = GGUFBytes(tensors: 1, entries: 2)
        file.entry("nested", .array)
        file.add(GGUFElement.array.rawValue)
        file.add(UInt64(2))
        for word in ["a", "b"] {
            file.add(GGUFElement.string.rawValue)
            file.add(UInt64(1))
            file.add(word)
        }
        file.entry("after", .int8)
        file.add(Int8(-1))
        file.tensor("t", [256], type: 34, offset: 0)
        file.data(54)
        try Fixture.withFile(file.bytes, ".gguf") { path in
            let gguf = try GGUF(path: path)
            #expect(try gguf.int("after") == -1)
            let error = try #require(throws: CheckpointError.self) { try gguf.tensors["t"]?.floats() }
            #expect(error.description.contains("the type TQ1_0 of tensor t is not supported; Retort reads F64, F32"))
        }
    }

    static let lies: [(name: String, bytes: [UInt8], message: String)] = {
        var lies: [(String, [UInt8], String)] = []
        func lie(_ name: String, _ message: String, tensors: UInt64 = 0, entries: UInt64 = 0, version: UInt32 = 3, _ body: (inout GGUFBytes) -> Void) {
            var file = GGUFBytes(version: version, tensors: tensors, entries: entries)
            body(&file)
            lies.append((name, file.bytes, message))
        }
        lies.append(("nothing", [], "begins with “GGUF”"))
        lies.append(("another magic", Array("GGML".utf8) + [UInt8](repeating: 0, count: 40), "begins with “GGUF”"))
        lie("version 1", "GGUF version 1 is not supported", version: 1) { _ in }
        lie("big-endian", "a big-endian GGUF file", version: 3 << 24) { _ in }
        lie("many tensors", "tensors are announced", tensors: .max) { $0.data(100) }
        lie("many entries", "metadata entries are announced", entries: 1 << 40) { $0.data(100) }
        lie("long key", "bytes of text are announced", entries: 1) {
            $0.add("key", announced: .max)
            $0.data(64)
        }
        lie("long string", "bytes of text are announced", entries: 1) {
            $0.entry("key", .string)
            $0.add("text", announced: 1 << 62)
            $0.data(64)
        }
        lie("many elements", "array elements are announced", entries: 1) {
            $0.entry("key", .array)
            $0.add(GGUFElement.float64.rawValue)
            $0.add(UInt64(1 << 61))
            $0.data(64)
        }
        lie("many strings", "array elements are announced", entries: 1) {
            $0.entry("key", .array)
            $0.add(GGUFElement.string.rawValue)
            $0.add(UInt64(1 << 50))
            $0.data(64)
        }
        lie("bomb", "nested deeper", entries: 1) {
            $0.entry("key", .array)
            for _ in 0..<50_000 {
                $0.add(GGUFElement.array.rawValue)
                $0.add(UInt64(1))
            }
            $0.data(64)
        }
        lie("no such value type", "no value type 77", entries: 1) {
            $0.add("key")
            $0.add(UInt32(77))
            $0.data(64)
        }
        lie("boolean of 2", "a boolean is 0 or 1, not 2", entries: 1) {
            $0.entry("key", .bool)
            $0.add(UInt8(2))
            $0.data(64)
        }
        lie("key twice", "the key is there twice", entries: 2) {
            for _ in 0..<2 {
                $0.entry("key", .uint8)
                $0.add(UInt8(2))
            }
            $0.data(64)
        }
        lie("key not UTF-8", "not UTF-8", entries: 1) {
            $0.add(UInt64(2))
            $0.bytes += [0xC3, 0x28]
            $0.data(64)
        }
        for alignment in [0, 3, 1 << 30] as [UInt32] {
            lie("alignment \(alignment)", "power of two", entries: 1) {
                $0.entry("general.alignment", .uint32)
                $0.add(alignment)
                $0.data(64)
            }
        }
        lie("five dimensions", "at most 4", tensors: 1) {
            $0.tensor("t", [1, 1, 1, 1, 1], offset: 0)
            $0.data(64)
        }
        lie("a billion dimensions", "at most 4", tensors: 1) {
            $0.add("t")
            $0.add(UInt32(1 << 30))
            $0.data(64)
        }
        lie("overflowing shape", "is no shape", tensors: 1) {
            $0.tensor("t", [1 << 32, 1 << 32], offset: 0)
            $0.data(64)
        }
        lie("overflowing bytes", "is no shape", tensors: 1) {
            $0.tensor("t", [1 << 62], offset: 0)
            $0.data(64)
        }
        lie("dimension beyond 63 bits", "beyond 63 bits", tensors: 1) {
            $0.tensor("t", [.max], offset: 0)
            $0.data(64)
        }
        lie("half a block", "is no shape for Q4_0", tensors: 1) {
            $0.tensor("t", [48], type: 2, offset: 0)
            $0.data(64)
        }
        lie("unknown type", "ggml type 99", tensors: 1) {
            $0.tensor("t", [32], type: 99, offset: 0)
            $0.data(64)
        }
        lie("cut short", "is it cut short?", tensors: 1) {
            $0.tensor("t", [32], offset: 0)
            $0.data(127)
        }
        lie("far away", "is it cut short?", tensors: 1) {
            $0.tensor("t", [8], offset: 1 << 62)
            $0.data(64)
        }
        lie("not aligned", "not a multiple of the alignment", tensors: 1) {
            $0.tensor("t", [8], offset: 8)
            $0.data(64)
        }
        lie("overlap", "overlap", tensors: 2) {
            $0.tensor("a", [16], offset: 0)
            $0.tensor("b", [8], offset: 32)
            $0.data(128)
        }
        lie("name twice", "is there twice", tensors: 2) {
            $0.tensor("a", [8], offset: 0)
            $0.tensor("a", [8], offset: 32)
            $0.data(128)
        }
        return lies
    }()

    @Test(arguments: lies) func `a file that lies is one clear error`(name: String, bytes: [UInt8], message: String) throws {
        try Fixture.withFile(bytes, ".gguf") { path in
            let error = try #require(throws: CheckpointError.self) { try GGUF(path: path) }
            #expect(error.description.contains(message), "\(error)")
            #expect(!error.description.contains("\n") && error.description.count < 500)
        }
    }

    @Test func `every truncation is an error`() throws {
        let whole = try Fixture.bytes(Fixture.path("types.gguf"))
        try Fixture.inFolder { folder in
            for length in stride(from: 0, to: whole.count, by: 7) {
                let path = "\(folder)/cut.gguf"
                try Data(whole.prefix(length)).write(to: URL(fileURLWithPath: path))
                #expect(throws: CheckpointError.self, "\(length) bytes") { try GGUF(path: path) }
            }
        }
    }
}
