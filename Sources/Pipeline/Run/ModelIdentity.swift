import Checkpoints
import ContentHash
import Foundation
import Groundwork

/// What a model reference means on this machine.
public enum ModelIdentity {
    /// The file or folder, or nil if the model is not here.
    public static func path(_ reference: String) -> String? {
        if FileManager.default.fileExists(atPath: reference) { return reference }
        return try? HuggingFaceCache().snapshot(reference)
    }

    /// A name with the content behind it, such as `SmolLM2.gguf@3f5a90c1d2e4b687`: goes into every label.
    public static func of(_ reference: String) throws -> String {
        try name(reference, of: Checkpoint.open(reference).files)
    }

    /// The same for an adapter's folder: its configuration and its weights.
    public static func ofAdapter(_ folder: String) throws -> String {
        try name(folder, of: [AdapterFile.configurationName, AdapterFile.weightsName].map { folder + "/" + $0 })
    }

    private static func name(_ reference: String, of files: [String]) throws -> String {
        let hashes = try files.map { file in
            do {
                return try ContentHash.ofFile(file)
            } catch {
                throw FileError(path: file, action: "read", reason: error.localizedDescription)
            }
        }
        let hash = hashes.count == 1 ? hashes[0] : ContentHash.of(hashes.joined(separator: "\n"))
        let name = reference.hasSuffix("/") ? String(reference.dropLast()) : reference
        return ((name as NSString).lastPathComponent) + "@" + hash.prefix(16)
    }
}

extension ModelShape {
    /// The dimensions of a checkpoint at hand.
    public init(_ configuration: ModelConfiguration) {
        self.init(
            vocabulary: configuration.vocabularySize, hidden: configuration.hiddenSize,
            intermediate: configuration.intermediateSize, layers: configuration.layerCount, heads: configuration.headCount,
            keyValueHeads: configuration.keyValueHeadCount, headSize: configuration.headSize,
            tiedEmbeddings: configuration.tiesEmbeddings)
    }
}
