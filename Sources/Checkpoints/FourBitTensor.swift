import Torch

/// A linear weight of four bits an element as bitsandbytes writes it into a safetensors file, under the weight's name:
///
///     NAME                                 two elements a byte, [n, 1]; any type may hold the bytes, uint8 mostly does
///     NAME.absmax                          float32 [blocks], or with double quantisation uint8 [blocks]
///     NAME.quant_map                       float32 [16], the numbers of the format
///     NAME.nested_absmax                   float32, one for `nested_blocksize` blocks; only with double quantisation
///     NAME.nested_quant_map                float32 [256]; only with double quantisation
///     NAME.quant_state.bitsandbytes__nf4   JSON in uint8: quant_type, blocksize, shape, dtype, nested_blocksize, nested_offset, …
public struct FourBitTensor: Sendable {
    /// The scales of the scales.
    public struct Nested: Sendable {
        public let absmax: StoredTensor
        public let map: StoredTensor
        /// Blocks that share one of `absmax`; a power of two.
        public let blockSize: Int
        public let offset: Float
    }

    /// [out, in]
    public let shape: [Int]
    public let format: FourBitMatrix.Format
    /// Elements that share a scale; a power of two from 32 up.
    public let blockSize: Int
    public let packed: StoredTensor
    public let absmax: StoredTensor
    public let nested: Nested?

    /// Reads and checks what the file says about one weight.
    /// - Parameter find: the stored tensor of a name.
    /// - Returns: nil where the file keeps the weight as plain numbers, as it does for modules that were left out (`llm_int8_skip_modules`).
    /// - Throws: `CheckpointError`.
    static func read(_ name: String, shape: [Int], find: (String) -> StoredTensor?) throws -> FourBitTensor? {
        guard let packed = find(name) else { return nil }
        let path = packed.file.path
        let states = ["nf4", "fp4"].compactMap { find("\(name).quant_state.bitsandbytes__\($0)") }
        guard let state = states.first else {
            if case .dense(let type) = packed.type, type.isFloatingPoint, find(name + ".absmax") == nil { return nil }
            throw CheckpointError.missingTensor(
                path: path, name: name + ".quant_state.bitsandbytes__nf4",
                reason: "the weight is quantised to 4 bits, and this entry (or …__fp4) says how; save or download the checkpoint again")
        }
        func unsupported(_ what: String, _ remedy: String) -> CheckpointError {
            .unsupported(path: path, what: "\(what) of \(name)", remedy: remedy)
        }
        func entry(_ kind: String, count: Int, of type: DType) throws -> StoredTensor {
            let full = "\(name).\(kind)"
            guard let tensor = find(full) else {
                throw CheckpointError.missingTensor(
                    path: path, name: full, reason: "the weight is quantised to 4 bits and cannot be read without; save or download the checkpoint again")
            }
            guard tensor.type == .dense(type) else {
                throw unsupported("the type \(tensor.type) for \(kind)", "bitsandbytes keeps it as \(type.rawValue)")
            }
            guard tensor.elementCount == count else {
                throw CheckpointError.wrongShape(path: tensor.file.path, name: full, found: tensor.shape, expected: [count])
            }
            return tensor
        }

        let json = try state.withBytes { try JSONFile(path: "\(path), \(state.name)", bytes: $0) }
        let kind = try json.required("quant_type", json.string("quant_type"))
        guard let format = FourBitMatrix.Format(rawValue: kind) else {
            throw unsupported("the quantisation type \(quoted(kind))", "nf4 and fp4 are; quantise the 16-bit checkpoint with --quantization nf4")
        }
        let blockSize = try power(json, "blocksize", from: 32)
        let stored = try json.required("shape", json.array("shape")).map { $0 == .integer(shape[0]) ? shape[0] : $0 == .integer(shape[1]) ? shape[1] : -1 }
        guard stored == shape else {
            throw json.malformed("shape", "the configuration asks for \(shape)")
        }
        let count = shape[0] * shape[1], blocks = (count + blockSize - 1) / blockSize
        guard packed.byteCount == (count + 1) / 2, !packed.type.isQuantised else {
            throw CheckpointError.wrongShape(path: path, name: name, found: packed.shape, expected: [(count + 1) / 2, 1])
        }
        let map = try entry("quant_map", count: 16, of: .float32).floats()
        guard zip(map, format.table).allSatisfy({ abs($0 - $1) < 1e-3 }) else {
            throw unsupported("a quant_map that is not that of \(kind)", "quantise the 16-bit checkpoint again")
        }
        var nested: Nested?
        if json.value("nested_offset") != nil || json.value("nested_blocksize") != nil || find(name + ".nested_absmax") != nil {
            let size = try power(json, "nested_blocksize", from: 2)
            let offset = Float(try json.required("nested_offset", json.number("nested_offset")))
            guard offset.isFinite else { throw json.malformed("nested_offset", "it is not a finite number") }
            nested = Nested(
                absmax: try entry("nested_absmax", count: (blocks + size - 1) / size, of: .float32),
                map: try entry("nested_quant_map", count: 256, of: .float32), blockSize: size, offset: offset)
        }
        return FourBitTensor(
            shape: shape, format: format, blockSize: blockSize, packed: packed,
            absmax: try entry("absmax", count: blocks, of: nested == nil ? .float32 : .uint8), nested: nested)
    }

    private static func power(_ json: JSONFile, _ key: String, from least: Int) throws -> Int {
        let size = try json.required(key, json.int(key))
        guard (least...1 << 16).contains(size), size & (size - 1) == 0 else {
            throw json.malformed(key, "\(size) is not a power of two from \(least) up")
        }
        return size
    }

    /// Whether a model's `config.json` announces such weights.
    /// - Throws: `CheckpointError.unsupported` for every other kind of quantisation.
    static func announced(in config: JSONFile) throws -> Bool {
        guard let quantisation = try config.object("quantization_config") else { return false }
        let method = try quantisation.string("quant_method") ?? "unnamed"
        let inFourBits = try quantisation.flag("load_in_4bit") ?? quantisation.flag("_load_in_4bit") ?? false
        guard method == "bitsandbytes", inFourBits else {
            throw CheckpointError.unsupported(
                path: config.path, what: "a checkpoint quantised by \(quoted(method))\(method == "bitsandbytes" ? " to 8 bits" : "")",
                remedy: "use the 16-bit checkpoint, one quantised by bitsandbytes to 4 bits, or a GGUF file")
        }
        return true
    }
}
