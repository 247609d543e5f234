import Foundation
import Groundwork

/// Which phases of a run to look at.
public struct PhaseChoice: Sendable, Equatable {
    /// Repeat just these, whether valid or not.
    public var only: String?
    /// Repeat from this one on, whether valid or not; earlier ones are taken as they lie.
    public var from: String?

    public init(only: String? = nil, from: String? = nil) {
        self.only = only
        self.from = from
    }
}

/// Whether a phase has to be run, and why.
public enum PhaseState: Sendable, Equatable {
    case valid
    case due(because: String)
    /// Not asked for; the reason it would be due is kept for a warning.
    case left(because: String?)
}

/// Runs phases in order, repeating nothing that is still valid and everything that is not.
///
/// A phase is valid when the manifest has it with the same settings and the same content of every input, and every output
/// still has the content that the phase wrote.
public final class PhaseEngine {
    public let run: RunFolder
    public let phases: [any Phase]
    private let recipe: String
    private let seed: UInt64
    private let resolveModel: (String) -> String?
    private let say: (String) -> Void
    private let hashes: FileHashes
    private var manifest: Manifest

    /// - Parameters:
    ///   - resolveModel: the file or folder that a model reference means on this machine; nil if it is not there.
    ///   - say: one line of news for the user.
    /// - Throws: `RunError.brokenManifest`, `FileError`.
    public init(
        run: RunFolder, recipe: String, seed: UInt64, phases: [any Phase],
        resolveModel: @escaping (String) -> String? = { FileManager.default.fileExists(atPath: $0) ? $0 : nil },
        say: @escaping (String) -> Void
    ) throws {
        self.run = run
        self.recipe = recipe
        self.seed = seed
        self.phases = phases
        self.resolveModel = resolveModel
        self.say = say
        hashes = FileHashes(cache: run.file("large-files.json"))
        manifest = try Manifest.read(run, recipe: recipe)
    }

    /// What a run would do now, without doing it.
    /// - Throws: `RunError.unknownPhase`.
    public func plan(_ choice: PhaseChoice = PhaseChoice()) throws -> [(name: String, state: PhaseState)] {
        let chosen = try selection(choice)
        var renewed: [String: String] = [:]  // an output that will be made anew, and by which phase
        return try phases.map { phase in
            var state = try state(of: phase, chosen: chosen, choice: choice)
            if case .valid = state, let (input, maker) = phase.inputs.lazy.compactMap({ input -> (String, String)? in
                guard case .run(let path) = input.place else { return nil }
                return Self.maker(of: path, in: renewed).map { (path, $0) }
            }).first {
                state = .due(because: "\(maker) makes \(input) anew")
            }
            if case .due = state { for output in phase.outputs { renewed[output] = phase.name } }
            return (phase.name, state)
        }
    }

    /// The inputs from outside the run folder that are not there, with the first phase that needs each.
    public func missingInputs() -> [(phase: String, input: PhaseInput)] {
        var seen: Set<PhaseInput> = []
        return phases.flatMap { phase in
            phase.inputs.compactMap { input -> (String, PhaseInput)? in
                if case .run = input.place { return nil }
                guard location(of: input) == nil, seen.insert(input).inserted else { return nil }
                return (phase.name, input)
            }
        }
    }

    /// Runs what is due. Interruption and errors leave every finished phase in the manifest.
    public func execute(_ choice: PhaseChoice = PhaseChoice()) throws {
        let chosen = try selection(choice)
        for phase in phases {
            switch try state(of: phase, chosen: chosen, choice: choice) {
            case .valid: say("\(phase.name): valid, nothing to do")
            case .left(let reason):
                if let reason { say("\(phase.name): taken as it lies, although it is not valid (\(reason))") }
            case .due(let reason):
                say("\(phase.name): to do, because \(reason)")
                try perform(phase)
            }
        }
    }

    public var finished: Manifest { manifest }

    private func perform(_ phase: any Phase) throws {
        try Interruption.check()
        var inputs: [String: String] = [:]
        for input in phase.inputs {
            guard let path = location(of: input), let hash = try hashes.hash(path) else {
                throw RunError.missingInput(phase: phase.name, input: input.label, remedy: remedy(for: input))
            }
            inputs[input.label] = hash
        }
        try hashes.save()
        let settingsHash = Manifest.hash(try phase.settings)
        try clearStaleWork(of: phase, identity: Manifest.hash(inputs) + settingsHash)
        let start = ContinuousClock.now
        try phase.run(in: run)
        let elapsed = ContinuousClock.now - start
        var outputs: [String: String] = [:]
        for output in phase.outputs {
            guard let hash = try hashes.hash(run.file(output)) else {
                throw RunError.missingOutput(phase: phase.name, output: run.file(output))
            }
            outputs[output] = hash
        }
        try hashes.save()
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        manifest.version = RetortVersion.current
        manifest.recipe = recipe
        manifest.phases[phase.name] = Manifest.Entry(
            settings: try phase.settings, settingsHash: settingsHash, inputs: inputs, outputs: outputs, seed: seed,
            version: RetortVersion.current, finished: ISO8601DateFormatter().string(from: Date()), seconds: seconds)
        try manifest.write(run)
        try run.remove(identityFile(phase))
        say("\(phase.name): done in \(Progress.clock(seconds))")
    }

    /// Unfinished work counts only for the settings and inputs it was begun with.
    private func clearStaleWork(of phase: any Phase, identity: String) throws {
        let file = identityFile(phase)
        if run.exists(file), try String(decoding: WholeFile.read(run.file(file)), as: UTF8.self) == identity {
            say("\(phase.name): continues the work of an earlier run")
            return
        }
        let before = manifest.phases[phase.name].flatMap { Manifest.hash($0.inputs) + $0.settingsHash == identity ? $0.outputs : nil }
        for name in Set(phase.work + phase.outputs).sorted() {
            switch phase.staleWork {
            case .delete: try run.remove(name)
            case .setAside:
                // What this very work made before, and nobody has touched, is worth continuing from.
                if let hash = before?[name], try hashes.hash(run.file(name)) == hash { continue }
                if let place = try run.setAside(name) { say("\(phase.name): the old \(name) is kept as \(place)") }
            }
        }
        try WholeFile.write(identity, to: run.file(file))
    }

    private func identityFile(_ phase: any Phase) -> String {
        "begun/" + phase.name.replacingOccurrences(of: ":", with: "-")
    }

    private func selection(_ choice: PhaseChoice) throws -> Set<String>? {
        func index(of wanted: String) throws -> [Int] {
            let found = phases.indices.filter { phases[$0].name == wanted || phases[$0].name.hasPrefix(wanted + ":") }
            guard !found.isEmpty else { throw RunError.unknownPhase(wanted, known: phases.map(\.name)) }
            return found
        }
        if let only = choice.only { return Set(try index(of: only).map { phases[$0].name }) }
        if let from = choice.from { return Set(phases[(try index(of: from)[0])...].map(\.name)) }
        return nil
    }

    private func state(of phase: any Phase, chosen: Set<String>?, choice: PhaseChoice) throws -> PhaseState {
        guard let chosen else { return try natural(phase).map { .due(because: $0) } ?? .valid }
        if chosen.contains(phase.name) {
            return .due(because: choice.only != nil ? "--only asks for it" : "--from asks for it")
        }
        return .left(because: try natural(phase))
    }

    /// Why a phase is due by the manifest, or nil if it is valid.
    private func natural(_ phase: any Phase) throws -> String? {
        guard let entry = manifest.phases[phase.name] else {
            return run.exists(identityFile(phase)) ? "it was begun and not finished" : "it has not been run"
        }
        if entry.settingsHash != Manifest.hash(try phase.settings) { return Self.change(from: entry.settings, to: try phase.settings) }
        for label in entry.inputs.keys.sorted() where !phase.inputs.contains(where: { $0.label == label }) {
            return "\(label) is no longer among its inputs"
        }
        for input in phase.inputs {
            guard let path = location(of: input), let hash = try hashes.hash(path) else { return "its input \(input.label) is missing" }
            guard let before = entry.inputs[input.label] else { return "\(input.label) is a new input" }
            if before != hash { return "its input \(input.label) changed" }
        }
        for output in phase.outputs {
            guard let hash = try hashes.hash(run.file(output)) else { return "its output \(output) is missing" }
            guard let before = entry.outputs[output] else { return "\(output) is a new output" }
            if before != hash { return "its output \(output) changed" }
        }
        return nil
    }

    private func location(of input: PhaseInput) -> String? {
        switch input.place {
        case .run(let path): run.exists(path) ? run.file(path) : nil
        case .external(let path): FileManager.default.fileExists(atPath: path) ? path : nil
        case .model(let reference): resolveModel(reference)
        }
    }

    private func remedy(for input: PhaseInput) -> String {
        switch input.place {
        case .run(let path):
            "run " + (phases.first { phase in Self.maker(of: path, in: Dictionary(phase.outputs.map { ($0, "") }) { a, _ in a }) != nil }?.name
                ?? "the phases before it") + " first"
        case .external: "put it there or change the recipe"
        case .model: "fetch the model, or name another with model.checkpoint=PATH"
        }
    }

    /// The phase in `makers` (output → phase) that makes `path` or a folder around it.
    private static func maker(of path: String, in makers: [String: String]) -> String? {
        makers.first { path == $0.key || path.hasPrefix($0.key + "/") || $0.key.hasPrefix(path + "/") }?.value
    }

    static func change(from old: [String: String], to new: [String: String]) -> String {
        let changed = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
        guard let first = changed.first else { return "its settings changed" }
        let more = changed.count > 1 ? " (and \(changed.count - 1) more)" : ""
        switch (old[first], new[first]) {
        case (let before?, let now?): return "\(first) changed from \(short(before)) to \(short(now))\(more)"
        case (nil, let now?): return "\(first) is new: \(short(now))\(more)"
        default: return "\(first) is gone\(more)"
        }
    }

    private static func short(_ text: String) -> String { text.count <= 40 ? text : text.prefix(37) + "…" }
}
