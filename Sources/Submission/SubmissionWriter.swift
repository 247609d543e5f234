import Agents
import Checkpoints
import ContentHash
import Foundation
import Groundwork
import Pipeline
import Questions
import Tokenizers
import Transformers

/// Writes a submission's folder: everything is checked first, then it is written beside its place and renamed into it.
public struct SubmissionWriter {
    public var model: String
    public var adapter: String?
    /// Files to take instead of what Retort would write.
    public var topics: String?
    public var questionSettings: String?
    public var answerSettings: String?
    /// Values to lay over the answer agent's standard settings, where no file is given.
    public var answerChanges: [String: SettingValue] = [:]
    /// By default the program that runs.
    public var binary: String?
    public var includesModel = false
    public var quantization: Quantization?
    public var replacesFolder = false
    public var questionDeadline = 10.0
    public var answerDeadline = 6.0
    private static let poolSize = 200

    public init(model: String, adapter: String?) {
        self.model = model
        self.adapter = adapter
    }

    /// What was written.
    public struct Summary: Encodable {
        public let folder: String
        public let bytes: Int
        public let files: Int
        public let manifest: SubmissionManifest
        public let warnings: [String]
    }

    /// Settings and topics that were checked, as the texts of their files.
    private struct Texts {
        var question = ""
        var answer = ""
        var topics = Data()
        var warnings: [String] = []
    }

    /// - Throws: `SubmissionError`, `FileError`, `SettingsFile.Invalid`, the readers' errors; nothing is left behind then.
    public func write(to output: String) throws -> Summary {
        let folder = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
        let exists = FileManager.default.fileExists(atPath: folder)
        if exists, !replacesFolder { throw SubmissionError.exists(folder) }
        if exists, !FileManager.default.fileExists(atPath: folder + "/" + SubmissionLayout.manifest) {
            throw SubmissionError.file(
                path: folder, reason: "it is no submission, and --force replaces nothing else", remedy: "give another folder")
        }
        var texts = try texts()
        let program = try SubmissionBinary(binary ?? SubmissionBinary.current)
        if !program.swiftLibraries.isEmpty {
            texts.warnings.append(
                "\(program.path) needs \(program.swiftLibraries[0]) and \(program.swiftLibraries.count - 1) more of Swift's libraries, which "
                    + "a machine without Swift lacks; build with `swift build -c release --product retort --static-swift-stdlib`")
        }
        let checkpoint = try Checkpoint.open(model)
        let tokenizer = try Tokenizer.load(from: checkpoint)
        let adapterFile = try adapter.map { try AdapterFile.read($0) }
        try adapterFile?.check(against: checkpoint.configuration)
        let (fingerprint, modelBytes) = try SubmissionManifest.fingerprint(checkpoint)

        let partial = folder + ".partial-\(getpid())"
        try? FileManager.default.removeItem(atPath: partial)
        do {
            try WholeFile.makeFolder(partial)
            for (path, text) in SubmissionLayout.pythonFiles { try WholeFile.write(text, to: partial + "/" + path) }
            try WholeFile.write(texts.question, to: partial + "/" + SubmissionLayout.questionSettings)
            try WholeFile.write(texts.answer, to: partial + "/" + SubmissionLayout.answerSettings)
            try WholeFile.write(texts.topics, to: partial + "/" + SubmissionLayout.topics)
            let pool = try SubmissionStock.pool(count: Self.poolSize, seed: 1, tokenizer: tokenizer)
            try WholeFile.write(Self.json(pool), to: partial + "/" + SubmissionLayout.pool)
            try Self.copy(program.path, to: partial + "/" + SubmissionLayout.binary)
            if let adapterFile {
                for name in [AdapterFile.configurationName, AdapterFile.weightsName] {
                    try Self.copy(adapterFile.folder + "/" + name, to: "\(partial)/\(SubmissionLayout.adapter)/\(name)")
                }
            }
            let modelPath = includesModel ? try Self.include(checkpoint, in: partial) : nil
            let manifest = try manifest(
                partial, program,
                .init(
                    reference: reference(checkpoint), path: modelPath, family: "\(checkpoint.configuration.family)", bytes: modelBytes,
                    fingerprint: fingerprint))
            try WholeFile.write(SubmissionReadme.text(manifest), to: partial + "/" + SubmissionLayout.readme)
            try WholeFile.write(Self.json(manifest), to: partial + "/" + SubmissionLayout.manifest)
            try Self.move(partial, to: folder)
            let sizes = try Self.files(in: folder).map { try Self.size("\(folder)/\($0)") }
            return Summary(
                folder: folder, bytes: sizes.reduce(0, +), files: sizes.count, manifest: manifest, warnings: texts.warnings)
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw error
        }
    }

    // MARK: Checks

    private func texts() throws -> Texts {
        var texts = Texts()
        func settings(_ file: String?, _ agent: SettingsFile.Agent, _ changes: [String: SettingValue]) throws -> String {
            if let file {
                texts.warnings += try SettingsFile.read(file, for: agent).warnings
                return String(decoding: try WholeFile.read(file), as: UTF8.self)
            }
            let (settings, unknown) = try SettingsFile.laying(changes, over: agent.standard, for: agent)
            if let key = unknown.first {
                throw AgentError.setting(key: key, value: "given", allowed: "a setting of the \(agent.rawValue) agent")
            }
            return try SettingsFile.text(settings, comment: ["How the \(agent.rawValue) agent generates."])
        }
        texts.question = try settings(questionSettings, .question, ["candidates": .whole(QuestionReview.defaultCandidates)])
        texts.answer = try settings(answerSettings, .answer, answerChanges)
        if let topics {
            _ = try Topic.read(topics)
            texts.topics = try WholeFile.read(topics)
        } else {
            texts.topics = try Self.json(SubmissionStock.topics)
        }
        return texts
    }

    // MARK: Files

    /// A path is kept whole, so that the folder may be moved; a repository id stays what it is.
    private func reference(_ checkpoint: Checkpoint) -> String {
        guard FileManager.default.fileExists(atPath: model) else { return model }
        return URL(fileURLWithPath: model).standardizedFileURL.path
    }

    private func manifest(_ folder: String, _ program: SubmissionBinary, _ model: SubmissionManifest.Model) throws -> SubmissionManifest {
        func file(_ path: String) throws -> SubmissionManifest.File {
            .init(path: path, bytes: try Self.size("\(folder)/\(path)"), sha256: try ContentHash.ofFile("\(folder)/\(path)"))
        }
        let modelFolder = SubmissionLayout.model + "/"
        let others = try Self.files(in: folder).filter { $0 != SubmissionLayout.binary && !$0.hasPrefix(modelFolder) }
        return SubmissionManifest(
            version: RetortVersion.current, created: ISO8601DateFormatter().string(from: Date()), binary: try file(SubmissionLayout.binary),
            model: model, adapter: adapter == nil ? nil : SubmissionLayout.adapter, quantization: quantization,
            question: .init(settings: SubmissionLayout.questionSettings, deadline: questionDeadline),
            answer: .init(settings: SubmissionLayout.answerSettings, deadline: answerDeadline), pool: SubmissionLayout.pool,
            files: try others.map(file))
    }

    private static func copy(_ source: String, to target: String) throws {
        try Interruption.check()
        try WholeFile.makeFolder((target as NSString).deletingLastPathComponent)
        do {
            try FileManager.default.copyItem(atPath: URL(fileURLWithPath: source).resolvingSymlinksInPath().path, toPath: target)
        } catch {
            throw FileError(path: target, action: "copy \(source) to", reason: error.localizedDescription)
        }
    }

    /// Puts the base model's files into the folder: as further names of the same files where the file system allows it, else as copies.
    /// - Returns: what to load, inside the folder.
    private static func include(_ checkpoint: Checkpoint, in folder: String) throws -> String {
        for file in checkpoint.files {
            let target = "\(folder)/\(SubmissionLayout.model)/\((file as NSString).lastPathComponent)"
            try WholeFile.makeFolder((target as NSString).deletingLastPathComponent)
            let source = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
            if (try? FileManager.default.linkItem(atPath: source, toPath: target)) == nil { try copy(source, to: target) }
        }
        guard checkpoint.files.count == 1, let only = checkpoint.files.first else { return SubmissionLayout.model }
        return "\(SubmissionLayout.model)/\((only as NSString).lastPathComponent)"
    }

    /// What stood in the place is gone only when the new folder stands there.
    private static func move(_ partial: String, to folder: String) throws {
        let old = folder + ".replaced-\(getpid())"
        let replaces = FileManager.default.fileExists(atPath: folder)
        if replaces, rename(folder, old) != 0 { throw FileError(path: folder, action: "replace", reason: String(cString: strerror(errno))) }
        guard rename(partial, folder) == 0 else {
            let reason = String(cString: strerror(errno))
            if replaces { rename(old, folder) }
            throw FileError(path: folder, action: "rename into place", reason: reason)
        }
        guard replaces else { return }
        // What the old submission computed outlives it.
        try? FileManager.default.moveItem(atPath: old + "/outputs", toPath: folder + "/outputs")
        try? FileManager.default.removeItem(atPath: old)
    }

    private static func files(in folder: String) throws -> [String] {
        guard let names = FileManager.default.subpaths(atPath: folder) else {
            throw FileError(path: folder, action: "list", reason: "no permission")
        }
        return names.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) && !isFolder.boolValue
        }.sorted()
    }

    private static func size(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? NSNumber)?.intValue ?? 0
    }

    private static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }
}
