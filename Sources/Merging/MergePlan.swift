import Checkpoints
import Foundation
import Groundwork
import Torch

/// What a merge will do, found out and checked before anything is written: which adapters take part in which module, with what
/// factors, and the configuration of the result.
///
/// **The scale.** An adapter's delta is s·B·A with s = α/r, or α/√r if it is rank-stabilised. The merged factors carry the scale
/// themselves, and the result is written with scale 1 everywhere: `lora_alpha` = `r`, in patterns too, and **`use_rslora` off**, so
/// that readers who know α/√r, readers who know α/r only and readers who know no patterns all compute the same delta. PEFT's
/// `add_weighted_adapter` writes `lora_alpha` = `r` too, but keeps `use_rslora` of the first adapter; if that was on, its merged adapter
/// is √r times too strong (11.3 times at r = 128). It also drops `rank_pattern` and gives every module the rank `r`; here a module
/// of another rank keeps it, with its own `alpha`.
///
/// **One adapter** has nothing to be reconciled with: it is not trimmed and keeps its own r and scale; with weight 1 its
/// tensors come back byte for byte. (PEFT would trim it.) If it is rank-stabilised, α·√r is written instead.
struct MergePlan: Sendable {
    let adapters: [AdapterFile]
    let inputs: [MergeInput]
    /// With every choice made.
    let settings: MergeSettings
    let modules: [Module]
    let configuration: AdapterConfiguration
    let type: DType
    let notes: [String]
    /// One adapter, which keeps its rank and its scale.
    let isSingle: Bool

    struct Module: Sendable {
        let path: String
        /// Of the result.
        let rank: Int
        /// `[out, in]`
        let shape: [Int]
        /// Those of the adapters that have this module.
        let adapters: [Int]
        let factors: [AdapterFile.Factors]
        /// α/r, or α/√r, one a taking-part adapter.
        let scales: [Double]
    }

    /// The bytes of the only adapter stand unchanged.
    var isCopy: Bool { isSingle && inputs[0].weight * settings.lambda == 1 }

    init(_ inputs: [MergeInput], _ settings: MergeSettings, output: String) throws {
        guard !inputs.isEmpty else { throw MergeError.noAdapters }
        try settings.check()
        for input in inputs {
            guard Float(input.weight).isFinite, Float(input.weight) != 0 else { throw MergeError.weight(input.weight, folder: input.folder) }
            guard !Paths.areSame(input.folder, output) else { throw MergeError.outputIsInput(output) }
        }
        var settings = settings.resolved
        let adapters = try inputs.map { try AdapterFile.read($0.folder) }
        let paths = Set(adapters.flatMap(\.tensors.keys)).sorted { AdapterFile.comesBefore($0, $1) }
        // In the union of modules an adapter that lost some would hide.
        for adapter in adapters {
            if let missing = paths.first(where: { adapter.configuration.targets($0) && adapter.tensors[$0] == nil }) {
                throw MergeError.incomplete(folder: adapter.folder, module: missing)
            }
        }
        // One adapter has nothing to be reconciled with: it is neither trimmed nor thinned out, and decomposed only for a smaller rank than its own.
        let isAlone = adapters.count == 1 && settings.method.combination != .isotropic
        let isSingle = isAlone && Self.holds(settings.rank, adapters[0])
        if isAlone, !isSingle { (settings.density, settings.gamma) = (1, 0) }
        modules = try paths.map { try Self.module($0, adapters, inputs, settings, isSingle) }
        (self.adapters, self.inputs, self.settings, self.isSingle) = (adapters, inputs, settings, isSingle)
        configuration = Self.configuration(adapters, modules, isSingle)
        type = Self.type(adapters)
        notes = Self.notes(adapters, inputs, modules, settings, isSingle)
    }

    /// Whether a rank is enough for all that an adapter holds.
    private static func holds(_ rank: MergeRank?, _ adapter: AdapterFile) -> Bool {
        guard case .count(let count) = rank else { return true }
        return adapter.tensors.values.allSatisfy { $0.a.shape[0] <= count }
    }

    private static func module(
        _ path: String, _ adapters: [AdapterFile], _ inputs: [MergeInput], _ settings: MergeSettings, _ isSingle: Bool
    ) throws -> Module {
        let present = adapters.indices.filter { adapters[$0].tensors[path] != nil }
        let factors = present.compactMap { adapters[$0].tensors[path] }
        func found(_ what: (AdapterFile.Factors) -> String) -> [String] {
            zip(present, factors).map { "\(inputs[$0].folder): \(what($1))" }
        }
        let ranks = factors.map { $0.a.shape[0] }
        if settings.chosenSpace == .factors, settings.method.combination == .entries {
            guard Set(ranks).count == 1 else { throw MergeError.ranksDiffer(module: path, found: found { "rank \($0.a.shape[0])" }) }
        }
        let shape = [factors[0].b.shape[0], factors[0].a.shape[1]]
        guard factors.allSatisfy({ $0.a.shape[1] == shape[1] }) else {
            throw MergeError.shapesDiffer(module: path, factor: "A", found: found { "\($0.a.shape)" })
        }
        guard factors.allSatisfy({ $0.b.shape[0] == shape[0] }) else {
            throw MergeError.shapesDiffer(module: path, factor: "B", found: found { "\($0.b.shape)" })
        }
        return Module(
            path: path, rank: isSingle ? ranks[0] : rank(ranks, shape, settings), shape: shape, adapters: present, factors: factors,
            scales: present.map { adapters[$0].configuration.scale(of: path) })
    }

    /// The rank of a merged module.
    private static func rank(_ ranks: [Int], _ shape: [Int], _ settings: MergeSettings) -> Int {
        if settings.method.combination == .concatenation { return ranks.reduce(0, +) }
        if settings.chosenSpace == .factors { return ranks[0] }
        let most = min(shape[0], shape[1], settings.isExactSum || settings.chosenSpace != .delta ? ranks.reduce(0, +) : .max)
        switch settings.rank {
        case nil: return min(ranks.max() ?? 1, most)
        case .count(let count): return min(count, most)
        case .full: return most
        }
    }

    /// Scale 1 on every module; one adapter keeps what it has.
    private static func configuration(_ adapters: [AdapterFile], _ modules: [Module], _ isSingle: Bool) -> AdapterConfiguration {
        var first = adapters[0].configuration
        if isSingle {
            guard first.useRSLoRA else { return first }
            let alpha = { (module: Module) in first.scale(of: module.path) * Double(module.rank) }
            let standard = first.scale * Double(first.rank)
            let patterns = patterns(modules, standard, alpha)
            (first.alpha, first.useRSLoRA, first.alphaPattern) = (standard, false, ModulePatterns(patterns))
            return first
        }
        var counts: [Int: Int] = [:]
        for module in modules { counts[module.rank, default: 0] += 1 }
        // The commonest rank; of equally common ones the largest.
        let rank = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? first.rank
        let patterns = patterns(modules, rank, \.rank)
        let choices = adapters.map(\.configuration.layers), paths = modules.map(\.path)
        let targets = adapters.contains(where: \.configuration.targetsWholePaths) ? paths : targets(modules)
        return AdapterConfiguration(
            rank: rank, alpha: Double(rank), useRSLoRA: false, targetModules: targets,
            layers: choices.contains(nil) || targets == paths ? nil : Set(choices.compactMap { $0 }.joined()).sorted(),
            rankPattern: ModulePatterns(patterns), alphaPattern: ModulePatterns(patterns.map { ($0.0, Double($0.1)) }),
            dropout: first.dropout, baseModel: adapters.lazy.compactMap(\.configuration.baseModel).first)
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

    /// Patterns for the modules whose value is not `standard`: by last part where all modules of that name agree, else by path.
    private static func patterns<Value: Hashable>(_ modules: [Module], _ standard: Value, _ value: (Module) -> Value) -> [(String, Value)] {
        var patterns: [(String, Value)] = []
        for (name, modules) in Dictionary(grouping: modules, by: { lastPart($0.path) }).sorted(by: { $0.key < $1.key }) {
            let values = Set(modules.map(value))
            if let only = values.first, values.count == 1 {
                if only != standard { patterns.append((name, only)) }
            } else {
                patterns += modules.filter { value($0) != standard }.map { ($0.path, value($0)) }
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
        _ adapters: [AdapterFile], _ inputs: [MergeInput], _ modules: [Module], _ settings: MergeSettings,
        _ isSingle: Bool
    ) -> [String] {
        var notes: [String] = []
        if isSingle, settings.method.usesDensity, settings.density < 1 {
            notes.append("one adapter has nothing to be reconciled with: it was not trimmed")
        }
        if isSingle, adapters[0].configuration.useRSLoRA {
            notes.append("the adapter was rank-stabilised: alpha is written times the root of the rank and use_rslora off, which is the same "
                + "scale for every reader")
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
