import Foundation
import Groundwork
import Torch

/// A model on disk, in whatever form, under one set of names: Hugging Face's tensor names and row order.
/// Opening checks that every tensor that the configuration asks for is there with the right shape; no weights are read.
public struct Checkpoint: Sendable {
    /// What the user gave: a path or a repository id.
    public let reference: String
    /// The GGUF file or the folder that the reference led to.
    public let path: String
    public let configuration: ModelConfiguration
    /// The files that together are the model (configuration, weights, tokenizer), sorted: their contents are its identity.
    public let files: [String]
    /// The GGUF file, when the model is one; it holds the tokenizer too.
    public let gguf: GGUF?
    /// The folder with `config.json` and, usually, `tokenizer.json` and `tokenizer_config.json`, when the model is one.
    public let folder: String?
    private let tensors: [String: StoredTensor]
    /// Weights that the files keep in four bits; they are not among `tensors`.
    private let fourBit: [String: FourBitTensor]

    /// - Parameter reference: a GGUF file; a folder with `config.json` and safetensors, or with one GGUF file; or the id of
    ///   a repository in the local Hugging Face cache (`ORG/NAME`, `ORG/NAME@REVISION`).
    /// - Throws: `CheckpointError`, `FileError`.
    public static func open(_ reference: String) throws -> Checkpoint {
        try open(reference, cache: HuggingFaceCache())
    }

    package static func open(_ reference: String, cache: HuggingFaceCache) throws -> Checkpoint {
        let path = try locate(reference, cache: cache)
        if isFolder(path) { return try Checkpoint(reference: reference, folder: path) }
        return try Checkpoint(reference: reference, gguf: path)
    }

    /// The tensor of a Hugging Face name. A tied head is the embedding.
    /// - Throws: `CheckpointError.missingTensor` for a name that the model does not have.
    public func tensor(_ name: String) throws -> StoredTensor {
        let stored = name == "lm_head.weight" && configuration.tiesEmbeddings ? "model.embed_tokens.weight" : name
        guard let tensor = tensors[stored] else {
            if fourBit[stored] != nil {
                throw CheckpointError.unsupported(path: path, what: "reading \(quoted(name)), which has 4 bits an element, as plain numbers", remedy: "use the 16-bit checkpoint for this")
            }
            throw CheckpointError.missingTensor(path: path, name: quoted(name), reason: "no such tensor in a \(configuration.family) model")
        }
        return tensor
    }

    /// The weight of a name that the files keep in four bits; nil for one that they keep otherwise.
    public func fourBitTensor(_ name: String) -> FourBitTensor? { fourBit[name] }

    /// Whether the files keep linear weights in four bits.
    public var isFourBit: Bool { !fourBit.isEmpty }

    /// The tensor as float32 in Hugging Face's row order, into room for exactly its elements.
    public func copyFloats(_ name: String, into target: UnsafeMutableBufferPointer<Float>) throws {
        try tensor(name).copyFloats(into: target)
    }

    // MARK: Finding

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The GGUF file, or the folder with `config.json`.
    private static func locate(_ reference: String, cache: HuggingFaceCache) throws -> String {
        var path = reference
        if !FileManager.default.fileExists(atPath: reference) {
            guard HuggingFaceCache.isRepository(reference) else {
                throw CheckpointError.notFound(
                    reference: reference, looked: ["this path"],
                    remedy: "give a GGUF file, a Hugging Face folder, or the id of a repository in the local cache")
            }
            path = try cache.snapshot(reference)
        }
        guard isFolder(path) else { return path }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        if names.contains("config.json") { return path }
        let models = names.filter { $0.hasSuffix(".gguf") }
        if models.count == 1 { return path + "/" + models[0] }
        let remedy =
            if names.contains("adapter_config.json") {
                "this folder is an adapter: give its base model here and the folder as the adapter"
            } else if models.isEmpty {
                "a model's folder has config.json or a .gguf file"
            } else {
                "name one of its files: \(models.joined(separator: ", "))"
            }
        throw CheckpointError.notFound(reference: reference, looked: [path], remedy: remedy)
    }

    // MARK: GGUF

    private init(reference: String, gguf path: String) throws {
        guard !path.hasSuffix(".safetensors"), !path.hasSuffix(".json") else {
            throw CheckpointError.unsupported(
                path: path, what: "a single file of a Hugging Face model", remedy: "give the folder that holds it and config.json")
        }
        let gguf = try GGUF(path: path)
        let configuration = try ModelConfiguration(gguf: gguf)
        var tensors: [String: StoredTensor] = [:]
        for (name, _) in configuration.tensorShapes() {
            guard let tensor = TensorNames.gguf(name).flatMap({ gguf.tensors[$0] }) else { continue }
            tensors[name] = try tensor.renamed(name, interleavedHeads: Self.interleavedHeads(tensor, name, configuration))
        }
        try self.init(
            reference: reference, path: path, configuration: configuration, files: [path], gguf: gguf, folder: nil, tensors: tensors)
    }

    private static func interleavedHeads(
        _ tensor: StoredTensor, _ name: String, _ configuration: ModelConfiguration
    ) throws -> Int? {
        guard configuration.family == .llama else { return nil }
        let heads: Int
        if name.contains(".q_proj.") {
            heads = configuration.headCount
        } else if name.contains(".k_proj.") {
            heads = configuration.keyValueHeadCount
        } else {
            return nil
        }
        // The elements of a bias are its rows, which blocks would span.
        guard tensor.shape.count == 2 || tensor.type.blockLength == 1 else {
            throw CheckpointError.unsupported(path: tensor.file.path, what: "\(tensor.type) for \(tensor.name)", remedy: "biases must be dense")
        }
        return heads
    }

    // MARK: Hugging Face

    private init(reference: String, folder: String) throws {
        let config = folder + "/config.json"
        let isQuantised = try FourBitTensor.announced(in: JSONFile(path: config))
        var configuration = try ModelConfiguration.read(configJSON: config)
        var files = [config]
        for name in ["generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] {
            if FileManager.default.fileExists(atPath: "\(folder)/\(name)") { files.append("\(folder)/\(name)") }
        }
        if files.contains("\(folder)/generation_config.json") {
            let generation = try JSONFile(path: "\(folder)/generation_config.json")
            for token in try ModelConfiguration.tokens(generation, "eos_token_id") where !configuration.eosTokens.contains(token) {
                configuration.eosTokens.append(token)
            }
            configuration.padToken = try configuration.padToken ?? generation.int("pad_token_id")
            try configuration.check(path: generation.path)
        }
        let weights = try Safetensors(path: Self.weights(folder))
        files += weights.files.map(\.path) + (weights.path.hasSuffix(".json") ? [weights.path] : [])
        func find(_ name: String) -> StoredTensor? {
            // A decoder saved without its head carries its names without the first step.
            let bare = name.hasPrefix("model.") ? String(name.dropFirst("model.".count)) : name
            return weights.tensors[name] ?? weights.tensors[bare]?.renamed(name)
        }
        var tensors: [String: StoredTensor] = [:], fourBit: [String: FourBitTensor] = [:]
        for (name, shape) in configuration.tensorShapes() {
            if isQuantised, name.contains("_proj.weight"), let weight = try FourBitTensor.read(name, shape: shape, find: find) {
                fourBit[name] = weight
            } else {
                tensors[name] = find(name)
            }
        }
        try self.init(
            reference: reference, path: folder, configuration: configuration, files: files, gguf: nil, folder: folder, tensors: tensors,
            fourBit: fourBit)
    }

    private static func weights(_ folder: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        for name in ["model.safetensors.index.json", "model.safetensors"] where names.contains(name) { return "\(folder)/\(name)" }
        let others = names.filter { $0.hasSuffix(".safetensors") }
        if others.count == 1 { return "\(folder)/\(others[0])" }
        if names.contains(where: { $0.hasPrefix("pytorch_model") }) {
            throw CheckpointError.unsupported(
                path: folder, what: "pickled weights (pytorch_model.bin)", remedy: "save the model as safetensors")
        }
        throw CheckpointError.notFound(
            reference: "weights", looked: ["\(folder)/model.safetensors.index.json", "\(folder)/model.safetensors"],
            remedy: "is the download complete?")
    }

    // MARK: Both

    private init(
        reference: String, path: String, configuration: ModelConfiguration, files: [String], gguf: GGUF?, folder: String?,
        tensors: [String: StoredTensor], fourBit: [String: FourBitTensor] = [:]
    ) throws {
        for (name, shape) in configuration.tensorShapes() where fourBit[name] == nil {
            guard let tensor = tensors[name] else {
                throw CheckpointError.missingTensor(path: path, name: name, reason: "the configuration asks for it, with shape \(shape)")
            }
            guard tensor.shape == shape else {
                throw CheckpointError.wrongShape(path: tensor.file.path, name: name, found: tensor.shape, expected: shape)
            }
            if case .dense(let type) = tensor.type, type.isFloatingPoint { continue }
            guard tensor.type.isQuantised else {
                throw CheckpointError.unsupported(
                    path: tensor.file.path, what: "the type \(tensor.type) for weight \(name)",
                    remedy: "weights are floating-point numbers or ggml's blocks")
            }
            try tensor.requireReadable()
        }
        self.reference = reference
        self.path = path
        self.configuration = configuration
        self.files = files.sorted()
        self.gguf = gguf
        self.folder = folder
        self.tensors = tensors
        self.fourBit = fourBit
    }
}
