import Checkpoints
import Foundation
import Torch

/// What a merge will do, found out and checked before anything is written: which adapters take part in which module, with what
/// factors, and the configuration of the result.
///
/// **The scale.** An adapter's delta is s·B·A with s = α/r, or α/√r if it is rank-stabilised. With several adapters each
/// factor is multiplied by √(|weight|·s) (the weight's sign goes to A), as PEFT does, so the merged pair carries the scale itself
/// and the result is written with scale 1: `lora_alpha` = `r` and **`use_rslora` off**. PEFT's `add_weighted_adapter` writes
/// the same factors and `lora_alpha` = `r`, but keeps `use_rslora` of the first adapter; if that was on, its merged adapter
/// is √r times too strong (11.3 times at r = 128). It also drops `rank_pattern` and gives every module the rank `r`; here a module
/// of another rank keeps it, with its own `alpha`.
///
/// **One adapter** has nothing to be reconciled with: it is not trimmed and keeps its own α, r and scale; with weight 1 its
/// tensors come back byte for byte. (PEFT would trim it.)
struct MergePlan {
    let adapters: [AdapterFile]
    let inputs: [MergeInput]
    let settings: MergeSettings
    let modules: [Module]
    let configuration: AdapterConfiguration
    let type: DType
    let notes: [String]

    struct Module {
        let path: String
        let rank: Int
        /// Those of the adapters that have this module.
        let adapters: [Int]
        let factors: [AdapterFile.Factors]
        /// What A's and B's entries are multiplied by, one a taking-part adapter.
        let weights: (a: [Float], b: [Float])
    }

    var isSingle: Bool { adapters.count == 1 }
    /// The bytes of the only adapter stand unchanged.
    var isCopy: Bool { isSingle && inputs[0].weight == 1 }

    init(_ inputs: [MergeInput], _ settings: MergeSettings, output: String) throws {
        guard !inputs.isEmpty else { throw MergeError.noAdapters }
        guard settings.density > 0, settings.density <= 1 else { throw MergeError.density(settings.density) }
        for input in inputs {
            guard input.weight.isFinite, input.weight != 0 else { throw MergeError.weight(input.weight, folder: input.folder) }
            guard Self.canonical(input.folder) != Self.canonical(output) else { throw MergeError.outputIsInput(output) }
        }
        let adapters = try inputs.map { try AdapterFile.read($0.folder) }
        let paths = Set(adapters.flatMap(\.tensors.keys)).sorted { AdapterFile.comesBefore($0, $1) }
        modules = try paths.map { try Self.module($0, adapters, inputs) }
        (self.adapters, self.inputs, self.settings) = (adapters, inputs, settings)
        configuration = Self.configuration(adapters, modules)
        type = Self.type(adapters)
        notes = Self.notes(adapters, inputs, modules, settings)
    }

    private static func canonical(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }

    private static func module(_ path: String, _ adapters: [AdapterFile], _ inputs: [MergeInput]) throws -> Module {
        let present = adapters.indices.filter { adapters[$0].tensors[path] != nil }
        let factors = present.compactMap { adapters[$0].tensors[path] }
        func found(_ what: (AdapterFile.Factors) -> String) -> [String] {
            zip(present, factors).map { "\(inputs[$0].folder): \(what($1))" }
        }
        let rank = factors[0].a.shape[0]
        guard factors.allSatisfy({ $0.a.shape[0] == rank }) else {
            throw MergeError.ranksDiffer(module: path, found: found { "rank \($0.a.shape[0])" })
        }
        guard factors.allSatisfy({ $0.a.shape == factors[0].a.shape }) else {
            throw MergeError.shapesDiffer(module: path, factor: "A", found: found { "\($0.a.shape)" })
        }
        guard factors.allSatisfy({ $0.b.shape == factors[0].b.shape }) else {
            throw MergeError.shapesDiffer(module: path, factor: "B", found: found { "\($0.b.shape)" })
        }
        let products = present.map { index in
            inputs[index].weight * (adapters.count == 1 ? 1 : adapters[index].configuration.scale(of: path))
        }
        return Module(
            path: path, rank: rank, adapters: present, factors: factors,
            weights: (
                a: products.map { Float(abs($0).squareRoot() * ($0 < 0 ? -1 : 1)) },
                b: products.map { Float(abs($0).squareRoot()) }
            ))
    }

    /// Scale 1 on every module; one adapter keeps what it has.
    private static func configuration(_ adapters: [AdapterFile], _ modules: [Module]) -> AdapterConfiguration {
        let first = adapters[0].configuration
        if adapters.count == 1 { return first }
        var counts: [Int: Int] = [:]
        for module in modules { counts[module.rank, default: 0] += 1 }
        // The commonest rank; of equally common ones the largest.
        let rank = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? first.rank
        let patterns = patterns(modules, rank)
        return AdapterConfiguration(
            rank: rank, alpha: Double(rank), useRSLoRA: false, targetModules: targets(modules),
            rankPattern: ModulePatterns(patterns.map { ($0.0, $0.1) }),
            alphaPattern: ModulePatterns(patterns.map { ($0.0, Double($0.1)) }), dropout: first.dropout,
            baseModel: adapters.lazy.compactMap(\.configuration.baseModel).first)
    }

    private static func lastPart(_ path: String) -> String { path.split(separator: ".").last.map(String.init) ?? path }

    /// The last parts of the paths where these say which modules there are (all have the same layers), else whole paths.
    private static func targets(_ modules: [Module]) -> [String] {
        var owners: [String: Set<String>] = [:]
        for module in modules {
            let layer = module.path.split(separator: ".").first { Int($0) != nil }.map(String.init) ?? ""
            owners[lastPart(module.path), default: []].insert(layer)
        }
        guard Set(owners.values).count == 1 else { return modules.map(\.path) }
        return owners.keys.sorted { AdapterFile.comesBefore($0, $1) }
    }

    /// Patterns for the modules whose rank is not `rank`: by last part where all modules of that name agree, else by path.
    private static func patterns(_ modules: [Module], _ rank: Int) -> [(String, Int)] {
        var patterns: [(String, Int)] = []
        for (name, modules) in Dictionary(grouping: modules, by: { lastPart($0.path) }).sorted(by: { $0.key < $1.key }) {
            let ranks = Set(modules.map(\.rank))
            if let only = ranks.first, ranks.count == 1 {
                if only != rank { patterns.append((name, only)) }
            } else {
                patterns += modules.filter { $0.rank != rank }.map { ($0.path, $0.rank) }
            }
        }
        return patterns
    }

    /// The type of all tensors if they have one type of at most four bytes, else float32.
    private static func type(_ adapters: [AdapterFile]) -> DType {
        var types: Set<DType> = []
        for adapter in adapters {
            for factors in adapter.tensors.values {
                for tensor in [factors.a, factors.b] {
                    if case .dense(let type) = tensor.type { types.insert(type) }
                }
            }
        }
        guard types.count == 1, let type = types.first, type == .float16 || type == .bfloat16 else { return .float32 }
        return type
    }

    private static func notes(
        _ adapters: [AdapterFile], _ inputs: [MergeInput], _ modules: [Module], _ settings: MergeSettings
    ) -> [String] {
        var notes: [String] = []
        if adapters.count == 1, settings.method.usesDensity, settings.density < 1 {
            notes.append("one adapter has nothing to be reconciled with: it was not trimmed")
        }
        let partial = modules.count { $0.adapters.count < adapters.count }
        if partial > 0 {
            notes.append("\(partial) of \(modules.count) modules are not in every adapter; there the merge is among those that have them")
        }
        let bases = Set(adapters.compactMap(\.configuration.baseModel))
        if bases.count > 1 {
            notes.append("the adapters name different base models: \(bases.sorted().joined(separator: ", "))")
        }
        return notes
    }
}
