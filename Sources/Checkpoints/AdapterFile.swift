import Foundation
import Groundwork
import Torch

/// A LoRA adapter in PEFT's folder: `adapter_config.json` and `adapter_model.safetensors`.
///
/// The change of a linear layer `W [out, in]` is `scale · B·A` with `A [r, in]` and `B [out, r]`, kept under
/// `base_model.model.PATH.lora_A.weight` and `…lora_B.weight`, where PATH is the layer's name in the model
/// ("model.layers.0.self_attn.q_proj").
public struct AdapterFile: Sendable {
    public let folder: String
    public let configuration: AdapterConfiguration
    /// By module path.
    public let tensors: [String: Factors]

    public struct Factors: Sendable {
        /// `[r, in]`
        public let a: StoredTensor
        /// `[out, r]`
        public let b: StoredTensor
    }

    public enum Factor: String, Sendable, CaseIterable {
        case a = "lora_A", b = "lora_B"
    }

    public static let configurationName = "adapter_config.json"
    public static let weightsName = "adapter_model.safetensors"
    private static let prefix = "base_model.model."

    /// Module paths in the order of the computation: by layer, then q, k, v, o, gate, up, down.
    public var modules: [String] { tensors.keys.sorted { Self.comesBefore($0, $1) } }

    /// "model.layers.0.self_attn.q_proj" → "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    public static func tensorName(_ module: String, _ factor: Factor) -> String { "\(prefix)\(module).\(factor.rawValue).weight" }

    /// The inverse of `tensorName`; nil for a name that is not of this form.
    public static func parse(_ name: String) -> (module: String, factor: Factor)? {
        for factor in Factor.allCases {
            let suffix = ".\(factor.rawValue).weight"
            if name.hasPrefix(prefix), name.hasSuffix(suffix), name.utf8.count > prefix.utf8.count + suffix.utf8.count {
                return (String(name.dropFirst(prefix.count).dropLast(suffix.count)), factor)
            }
        }
        return nil
    }

    public static func comesBefore(_ first: String, _ second: String) -> Bool {
        func key(_ path: String) -> [(Int, String)] {
            path.split(separator: ".").map { part in
                if let number = Int(part) { return (number, "") }
                return (AdapterConfiguration.allProjections.firstIndex(of: String(part)) ?? (part == "mlp" ? 1 : 0), String(part))
            }
        }
        let (left, right) = (key(first), key(second))
        for (l, r) in zip(left, right) where l != r { return l < r }
        return left.count < right.count
    }

    // MARK: Reading

    /// - Throws: `FileError`; `CheckpointError` when the files are not sound, contradict each other, or ask for something
    ///   beyond plain LoRA.
    public static func read(_ folder: String) throws -> AdapterFile {
        let path = "\(folder)/\(weightsName)"
        var configuration = try AdapterConfiguration.read("\(folder)/\(configurationName)")
        if !FileManager.default.fileExists(atPath: path), FileManager.default.fileExists(atPath: "\(folder)/adapter_model.bin") {
            throw CheckpointError.unsupported(
                path: folder, what: "a pickled adapter (adapter_model.bin)", remedy: "save it with PEFT as safetensors")
        }
        let weights = try Safetensors(path: path)
        var halves: [String: [Factor: StoredTensor]] = [:]
        for (name, tensor) in weights.tensors {
            guard let (module, factor) = parse(name) else {
                throw CheckpointError.unsupported(
                    path: path, what: "tensor \(quoted(name))", remedy: "an adapter holds \(prefix)….lora_A.weight and ….lora_B.weight")
            }
            guard case .dense(let type) = tensor.type, type.isFloatingPoint else {
                throw CheckpointError.unsupported(path: path, what: "\(tensor.type) for \(quoted(name))", remedy: "factors are floating-point")
            }
            halves[module, default: [:]][factor] = tensor
        }
        guard !halves.isEmpty else { throw CheckpointError.malformed(path: path, place: "header", reason: "the adapter has no tensors") }
        if configuration.targetModules.isEmpty { configuration.targetModules = halves.keys.sorted(by: comesBefore) }
        let tensors = try Dictionary(uniqueKeysWithValues: halves.map { module, halves in
            (module, try factors(module, halves, configuration, path: path))
        })
        return AdapterFile(folder: folder, configuration: configuration, tensors: tensors)
    }

    private static func factors(
        _ module: String, _ halves: [Factor: StoredTensor], _ configuration: AdapterConfiguration, path: String
    ) throws -> Factors {
        guard configuration.targets(module) else {
            let what = configuration.leavesOut(module) ? "its block in layers_to_transform" : "it among target_modules"
            throw CheckpointError.malformed(path: path, place: quoted(module), reason: "\(configurationName) does not name \(what)")
        }
        guard let a = halves[.a], let b = halves[.b] else {
            let missing = tensorName(module, halves[.a] == nil ? .a : .b)
            throw CheckpointError.missingTensor(path: path, name: quoted(missing), reason: "its other factor is there")
        }
        let rank = configuration.rank(of: module)
        guard a.shape.count == 2, a.shape[0] == rank else {
            throw CheckpointError.wrongShape(path: path, name: a.name, found: a.shape, expected: [rank, a.shape.last ?? 0])
        }
        guard b.shape.count == 2, b.shape[1] == rank else {
            throw CheckpointError.wrongShape(path: path, name: b.name, found: b.shape, expected: [b.shape.first ?? 0, rank])
        }
        return Factors(a: a, b: b)
    }

    /// Every module is a linear layer of the model and has factors of its size, and every layer that the configuration names has some: what was
    /// trained on a model of fewer blocks, or lost some of its tensors, would run and make every answer a little worse.
    ///
    /// - Throws: `CheckpointError.adapterMismatch`.
    public func check(against model: ModelConfiguration) throws {
        func mismatch(_ reason: String, _ remedy: String = "use the model that it was trained on") -> CheckpointError {
            .adapterMismatch(path: folder, reason: reason, remedy: remedy)
        }
        for module in modules {
            guard let shape = model.linearShape(module), let factors = tensors[module] else { throw mismatch("it has \(module), which the model has not") }
            let (a, b) = (factors.a.shape, factors.b.shape)
            guard a.count == 2, a[1] == shape[1], b == [shape[0], a[0]] else {
                throw mismatch("\(module) has factors \(a) and \(b), the model's weight is \(shape)")
            }
        }
        guard let missing = model.linearLayers.first(where: { configuration.targets($0) && tensors[$0] == nil }) else { return }
        let what = "its \(Self.configurationName) names \(missing) and it has no tensors for that: it was made for a smaller model, or they are lost"
        if configuration.layers != nil || configuration.targetsWholePaths { throw mismatch(what) }
        throw mismatch(
            what, "use the model that it was trained on; blocks that were left out on purpose are told by a line \"layers_to_transform\": "
                + "\(blocks) in \(Self.configurationName)")
    }

    /// The last parts of its modules' paths, each once: "q_proj", "up_proj".
    public var targetNames: [String] { Set(modules.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted(by: Self.comesBefore) }

    /// The blocks that it changes.
    public var blocks: [Int] { Set(modules.compactMap(AdapterConfiguration.layer)).sorted() }

    // MARK: Writing

    /// Writes the folder, one tensor in memory at a time.
    /// - Parameters:
    ///   - entries: both factors of every module, under `tensorName`, of floating-point types.
    ///   - content: as for `Safetensors.write`.
    /// - Throws: `CheckpointError.unwritable`, before anything is written, when names, ranks or targets contradict the
    ///   configuration; `FileError`; whatever `content` throws.
    public static func write(
        _ configuration: AdapterConfiguration, _ entries: [Safetensors.Entry], to folder: String,
        content: (_ entry: Safetensors.Entry, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        func unwritable(_ reason: String) -> CheckpointError { .unwritable(path: folder, reason: reason) }
        guard !entries.isEmpty else { throw unwritable("an adapter without tensors") }
        var found: [String: Set<Factor>] = [:]
        for entry in entries {
            guard let (module, factor) = parse(entry.name) else { throw unwritable("\(entry.name) is no name of an adapter's tensor") }
            let rank = configuration.rank(of: module)
            guard configuration.targets(module) else { throw unwritable("\(module) is not among the targets \(configuration.targetModules)") }
            guard entry.type.isFloatingPoint, entry.shape.count == 2, entry.shape[factor == .a ? 0 : 1] == rank else {
                throw unwritable("\(entry.name) is \(entry.type) \(entry.shape), the configuration gives it rank \(rank)")
            }
            found[module, default: []].insert(factor)
        }
        if let (module, _) = found.first(where: { $0.value.count < 2 }) { throw unwritable("\(module) lacks one of its factors") }
        try WholeFile.makeFolder(folder)
        try Safetensors.write(entries, metadata: ["format": "pt"], to: "\(folder)/\(weightsName)", content: content)
        try WholeFile.write(configuration.json().text(indented: true) + "\n", to: "\(folder)/\(configurationName)")
    }
}
