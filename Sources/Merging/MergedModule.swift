import Checkpoints
import Foundation
import Groundwork
import Torch

/// One tensor of the result.
struct MergedTensor: Sendable {
    enum Content: Sendable {
        /// As it lies in the only adapter's file.
        case copy(StoredTensor)
        case floats([Float])
        case halves([UInt16])
    }
    let name: String
    let content: Content

    /// - Throws: `MergeError.tooLarge`.
    init(_ name: String, _ values: [Float], as type: DType) throws {
        if let index = values.firstNotFinite(as: type) { throw MergeError.tooLarge(tensor: name, value: values[index], type: type) }
        self.name = name
        switch type {
        case .bfloat16: content = .halves(values.map(HalfPrecision.bfloat16))
        case .float16: content = .halves(values.map(HalfPrecision.float16))
        default: content = .floats(values)
        }
    }

    init(_ name: String, copy tensor: StoredTensor) {
        self.name = name
        content = .copy(tensor)
    }

    func write(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch content {
        case .copy(let tensor):
            try tensor.withBytes(sink)
            tensor.forget()
        case .floats(let values): try values.withUnsafeBytes(sink)
        case .halves(let values): try values.withUnsafeBytes(sink)
        }
    }
}

/// Both merged factors of one module and what happened to them.
struct MergedModule: Sendable {
    let tensors: [MergedTensor]
    let report: MergeReport.Module

    /// - Parameter thresholds: magnitude bits, one an adapter of the plan, where whole adapters are trimmed.
    init(_ module: MergePlan.Module, of plan: MergePlan, thresholds: [UInt32]?) throws {
        let parts = try Self.parts(of: module, plan)
        var tally = EntryMerge.Tally(trimmed: parts.map { _ in 0 })
        let merged: MergedFactors
        if plan.isSingle {
            merged = Self.weighted(parts[0], by: plan.inputs[0].weight * plan.settings.lambda)
        } else if plan.settings.method.combination == .concatenation {
            merged = Self.concatenated(parts, lambda: plan.settings.lambda)
        } else {
            let coordinates = try Self.coordinates(parts, plan.settings)
            let merge = EntryMerge(plan.settings)
            let matrices = coordinates.groups.map { group in
                var vectors = group.vectors
                let result = merge.merge(
                    &vectors, weights: group.weights, width: group.width, lambda: group.lambda,
                    randoms: plan.settings.method.usesSeed ? Self.randoms(module, group.name, plan.settings.seed) : [],
                    thresholds: thresholds.map { all in module.adapters.map { all[$0] } })
                tally.add(result.tally)
                return result.merged
            }
            merged = try coordinates.factors(from: matrices, rank: module.rank)
        }
        let names = (AdapterFile.tensorName(module.path, .a), AdapterFile.tensorName(module.path, .b))
        if plan.isCopy {
            let factors = module.factors[0]
            tensors = [MergedTensor(names.0, copy: factors.a), MergedTensor(names.1, copy: factors.b)]
        } else {
            tensors = [try MergedTensor(names.0, merged.a, as: plan.type), try MergedTensor(names.1, merged.b, as: plan.type)]
        }
        report = MergeReport.Module(module, parts, merged, tally, isSingle: plan.isSingle)
        // Their squares are summed as floats.
        if let norm = (report.norms + [report.mergedNorm]).first(where: { !$0.isFinite }) {
            throw MergeError.tooLarge(tensor: module.path, value: Float(norm), type: .float32)
        }
    }

    static func parts(of module: MergePlan.Module, _ plan: MergePlan) throws -> [AdapterPart] {
        try module.factors.indices.map { index in
            let factors = module.factors[index]
            return AdapterPart(
                a: try factors.a.finiteFloats(), b: try factors.b.finiteFloats(), rank: factors.a.shape[0], scale: module.scales[index],
                weight: plan.inputs[module.adapters[index]].weight)
        }
    }

    static func coordinates(_ parts: [AdapterPart], _ settings: MergeSettings) throws -> any MergeCoordinates {
        switch settings.chosenSpace {
        case .factors: FactorCoordinates(parts, settings)
        case .delta: settings.isExactSum ? try CoreCoordinates(parts, settings) : try DeltaCoordinates(parts, settings)
        case .core: try CoreCoordinates(parts, settings)
        case .knots: try KnotsCoordinates(parts, settings)
        }
    }

    private static func randoms(_ module: MergePlan.Module, _ group: String, _ seed: UInt64) -> [CounterRandom] {
        module.adapters.map { CounterRandom(seed: seed, phase: "merge/\(module.path)/\(group)", step: UInt64($0)) }
    }

    private static func weighted(_ part: AdapterPart, by weight: Double) -> MergedFactors {
        guard weight != 1 else { return MergedFactors(a: part.a, b: part.b, energyKept: nil) }
        let root = Float(abs(weight).squareRoot()), sign: Float = weight < 0 ? -1 : 1
        return MergedFactors(a: part.a.map { $0 * root * sign }, b: part.b.map { $0 * root }, energyKept: nil)
    }

    /// B's columns side by side, A's rows below each other; A carries weight and scale, as in PEFT.
    private static func concatenated(_ parts: [AdapterPart], lambda: Double) -> MergedFactors {
        let a = parts.flatMap { part in
            let factor = Float(part.weight * part.scale * lambda)
            return part.a.map { $0 * factor }
        }
        let rank = parts.reduce(0) { $0 + $1.rank }, rows = parts[0].b.count / parts[0].rank
        var b: [Float] = []
        b.reserveCapacity(rank * rows)
        for row in 0..<rows {
            for part in parts { b += part.b[row * part.rank..<(row + 1) * part.rank] }
        }
        return MergedFactors(a: a, b: b, energyKept: nil)
    }
}

extension EntryMerge.Tally {
    /// Counts another group's entries too.
    mutating func add(_ other: EntryMerge.Tally) {
        entries += other.entries
        conflicts += other.conflicts
        trimmed = zip(trimmed, other.trimmed).map(+)
    }
}
