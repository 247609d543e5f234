import Foundation

/// Which linear layers a LoRA adapter changes and how strongly: `adapter_config.json` of PEFT.
public struct AdapterConfiguration: Sendable, Equatable {
    public var rank: Int
    public var alpha: Double
    /// Scale α/√r (Kalajdzievski 2023, "A rank stabilization scaling factor for fine-tuning with LoRA") in place of α/r.
    public var useRSLoRA: Bool
    /// Last parts of module paths, "q_proj", "up_proj", each in all blocks; or whole paths, where modules were chosen one by one.
    public var targetModules: [String]
    /// The blocks that are changed where those are chosen (`layers_to_transform`); nil for all of the model's.
    public var layers: [Int]?
    /// Modules whose rank or alpha differ from the above.
    public var rankPattern: ModulePatterns<Int>
    public var alphaPattern: ModulePatterns<Double>
    public var dropout: Double
    /// The path or repository id of the model that the adapter belongs to.
    public var baseModel: String?

    public init(
        rank: Int, alpha: Double, useRSLoRA: Bool = false,
        targetModules: [String] = AdapterConfiguration.allProjections, layers: [Int]? = nil, rankPattern: ModulePatterns<Int> = [:],
        alphaPattern: ModulePatterns<Double> = [:], dropout: Double = 0, baseModel: String? = nil
    ) {
        self.rank = rank
        self.alpha = alpha
        self.useRSLoRA = useRSLoRA
        self.targetModules = targetModules
        self.layers = layers
        self.rankPattern = rankPattern
        self.alphaPattern = alphaPattern
        self.dropout = dropout
        self.baseModel = baseModel
    }

    /// The seven linear layers of a block, in the order of the computation.
    public static let allProjections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    /// - Parameter module: a path without "base_model.model.": "model.layers.0.self_attn.q_proj".
    public func rank(of module: String) -> Int { rankPattern.value(for: module) ?? rank }
    public func alpha(of module: String) -> Double { alphaPattern.value(for: module) ?? alpha }

    /// What B·A·x is multiplied by before it is added to the layer's output.
    public func scale(of module: String) -> Double { scale(rank: rank(of: module), alpha: alpha(of: module)) }

    /// The same for modules that no pattern names.
    public var scale: Double { scale(rank: rank, alpha: alpha) }

    private func scale(rank: Int, alpha: Double) -> Double { alpha / (useRSLoRA ? Double(rank).squareRoot() : Double(rank)) }

    /// Whether the adapter has factors for `module`: the path is a target, or ends in one and its block is not left out.
    public func targets(_ module: String) -> Bool {
        targetModules.contains(module) || (!leavesOut(module) && targetModules.contains { module.hasSuffix("." + $0) })
    }

    /// Whether blocks are chosen, and `module` is in none of them.
    func leavesOut(_ module: String) -> Bool {
        guard let layers, let layer = Self.layer(module) else { return false }
        return !layers.contains(layer)
    }

    /// Whether modules were chosen one by one.
    public var targetsWholePaths: Bool { targetModules.contains { Self.layer($0) != nil } }

    /// The block that a module is part of.
    package static func layer(_ module: String) -> Int? { module.split(separator: ".").lazy.compactMap { Int($0) }.first }
}

/// Values by pattern of module path, in order; the first pattern that fits decides. As in PEFT, a pattern fits a path when, as
/// a regular expression, it fits the whole path or what follows one of its dots.
public struct ModulePatterns<Value: Sendable & Equatable>: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public private(set) var entries: [Entry] = []

    public struct Entry: Sendable, Equatable {
        public let pattern: String
        public let value: Value
    }

    public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }

    public init(_ elements: [(String, Value)]) { entries = elements.map { Entry(pattern: $0.0, value: $0.1) } }

    public var isEmpty: Bool { entries.isEmpty }

    public func value(for module: String) -> Value? { entries.first { Self.fits($0.pattern, module) }?.value }

    private static func fits(_ pattern: String, _ module: String) -> Bool {
        if isPlain(pattern) { return module == pattern || module.hasSuffix("." + pattern) }
        guard let expression = try? expression(pattern) else { return false }
        return (try? expression.wholeMatch(in: module)) ?? nil != nil
    }

    /// Module names alone; nearly all patterns are such, and need no regular expression.
    private static func isPlain(_ pattern: String) -> Bool {
        pattern.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F || $0 == 0x2E }
    }

    private static func expression(_ pattern: String) throws -> Regex<AnyRegexOutput> { try Regex("(?:.*\\.)?(?:\(pattern))") }

    /// The first pattern that is no regular expression, or too long to be a sane one.
    var unusable: String? {
        entries.map(\.pattern).first { !Self.isPlain($0) && ($0.utf8.count > 1000 || (try? Self.expression($0)) == nil) }
    }
}
