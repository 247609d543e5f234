import Checkpoints
import Foundation
import Groundwork
import Torch

/// A training run's state on disk, in a folder of its own:
///
///     state.json              the step, the settings, which weights file belongs to it: the point of commitment
///     step-00000050.safetensors   parameters and both moments of the optimiser, float32
///     step-00000050-retry-1.safetensors   the same after a collapse and a retry; the last good one stays beside the last one
///     metrics.jsonl           see `TrainingLog`
///     summary.json            once training is done; then the weights file is gone
///
/// The weights are written first and renamed into place, then `state.json`, then older weights are removed: whenever the
/// process dies, `state.json` names a complete file.
struct TrainingFolder {
    struct State: Codable {
        var step: Int
        var weights: String
        /// How often the training began again; nothing stands for never.
        var retries: Int?
        /// The last checkpoint that probes found healthy.
        var good: Good?
        /// Name and value of all that must be the same for the run to be continued.
        var identity: [String: String]
    }

    struct Good: Codable {
        var step: Int
        var weights: String
    }

    struct Finished: Codable {
        var identity: [String: String]
        var summary: TrainingSummary
    }

    let folder: String
    let identity: [String: String]
    private(set) var good: Good?

    init(folder: String, identity: [String: String]) {
        self.folder = folder
        self.identity = identity
    }

    private var statePath: String { folder + "/state.json" }
    private var summaryPath: String { folder + "/summary.json" }
    var metricsPath: String { folder + "/metrics.jsonl" }

    /// The summary of a run with the same settings that is already done.
    func finished() throws -> TrainingSummary? {
        guard let finished: Finished = try read(summaryPath) else { return nil }
        try compare(finished.identity)
        return finished.summary
    }

    /// Loads the last checkpoint into the optimiser and its parameters.
    /// - Parameter prepare: is told of how many retries the checkpoint is, before any parameter is touched.
    /// - Returns: where it was made; the beginning if there is none.
    mutating func restore(into optimizer: AdamW, prepare: (_ retries: Int) -> Void) throws -> TrainingPosition {
        guard let state: State = try read(statePath) else { return TrainingPosition() }
        try compare(state.identity)
        // A scale that was halved a thousand times is zero.
        guard state.step >= 0, (0...1_000).contains(state.retries ?? 0) else {
            throw DistillationError.badCheckpoint(path: statePath, reason: "it speaks of step \(state.step) and \(state.retries ?? 0) retries")
        }
        prepare(state.retries ?? 0)
        try load(state.weights, step: state.step, into: optimizer)
        good = state.good
        return TrainingPosition(retries: state.retries ?? 0, step: state.step)
    }

    /// Loads the last good checkpoint.
    /// - Returns: the step it was made after.
    func restoreGood(into optimizer: AdamW) throws -> Int {
        guard let good else { throw DistillationError.badCheckpoint(path: statePath, reason: "it names no good checkpoint") }
        try load(good.weights, step: good.step, into: optimizer)
        return good.step
    }

    private func load(_ weights: String, step: Int, into optimizer: AdamW) throws {
        let path = folder + "/" + weights
        let file = try Safetensors(path: path)
        guard file.metadata["step"] == "\(step)" else {
            throw DistillationError.badCheckpoint(path: path, reason: "it is not of step \(step)")
        }
        // All are checked before the first is touched.
        var copies: [(StoredTensor, Tensor)] = []
        for (name, tensor) in entries(of: optimizer) {
            guard let stored = file.tensors[name] else {
                throw DistillationError.badCheckpoint(path: path, reason: "\(name) is missing")
            }
            guard stored.shape == tensor.shape else {
                throw DistillationError.badCheckpoint(
                    path: path, reason: "\(name) has the shape \(stored.shape) instead of \(tensor.shape)")
            }
            copies.append((stored, tensor))
        }
        for (stored, tensor) in copies { try tensor.copy_(Tensor(stored.floats(), stored.shape)) }
        optimizer.step = step
    }

    /// - Parameter isGood: whether a later collapse may go back here.
    /// - Throws: `DistillationError.notFiniteWeight` before anything is written: from such weights nothing can go on.
    mutating func save(_ optimizer: AdamW, retries: Int, isGood: Bool) throws {
        try optimizer.checkParameters()
        let name = "step-" + String(repeating: "0", count: max(0, 8 - "\(optimizer.step)".count)) + "\(optimizer.step)"
            + (retries > 0 ? "-retry-\(retries)" : "") + ".safetensors"
        let tensors = entries(of: optimizer)
        let sources = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) })
        try Safetensors.write(
            tensors.map { Safetensors.Entry($0.name, .float32, $0.tensor.shape) }, metadata: ["step": "\(optimizer.step)"],
            to: folder + "/" + name
        ) { entry, sink in
            guard let tensor = sources[entry.name] else { return }
            try tensor.floats().withUnsafeBytes(sink)
        }
        if isGood { good = Good(step: optimizer.step, weights: name) }
        try write(
            State(step: optimizer.step, weights: name, retries: retries > 0 ? retries : nil, good: good, identity: identity), to: statePath)
        removeWeights(except: [name, good?.weights])
    }

    func finish(_ summary: TrainingSummary) throws {
        try write(Finished(identity: identity, summary: summary), to: summaryPath)
        unlink(statePath)
        removeWeights(except: [])
    }

    private func entries(of optimizer: AdamW) -> [(name: String, tensor: Tensor)] {
        zip(optimizer.parameters, zip(optimizer.firstMoments, optimizer.secondMoments)).flatMap { parameter, moments in
            [(parameter.name, parameter.tensor), (parameter.name + ".first_moment", moments.0),
             (parameter.name + ".second_moment", moments.1)]
        }
    }

    private func removeWeights(except kept: [String?]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix("step-") && name.contains(".safetensors") && !kept.contains(name) {
            unlink(folder + "/" + name)
        }
    }

    private func compare(_ there: [String: String]) throws {
        let differences = Set(there.keys).union(identity.keys).sorted().compactMap { key in
            there[key] == identity[key] ? nil : "\(key): \(there[key] ?? "nothing") there, \(identity[key] ?? "nothing") here"
        }
        guard differences.isEmpty else { throw DistillationError.otherTraining(path: folder, differences: differences) }
    }

    private func read<T: Decodable>(_ path: String) throws -> T? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let data = try WholeFile.read(path)
        do {
            return try JSONDecoder().decode(T.self, from: data)
        } catch {
            throw DistillationError.badCheckpoint(path: path, reason: "it is no JSON of the expected form")
        }
    }

    private func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(value), to: path)
    }
}
