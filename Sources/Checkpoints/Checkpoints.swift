/// The files of the field, read without trusting them: safetensors, GGUF, Hugging Face folders and their cache, PEFT adapters.
/// A file is mapped, its structure is checked once when it is opened, and its tensors are views with canonical names;
/// whatever is broken, missing or not supported is one `CheckpointError`. May import Groundwork and, for `DType` and the names of four-bit formats, Torch.

/// What is wrong with a checkpoint or an adapter, where, and what helps.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
    /// The file breaks the rules of its own format.
    case malformed(path: String, place: String, reason: String)
    /// The file is sound but needs something that Retort does not do; `remedy` names what it does.
    case unsupported(path: String, what: String, remedy: String)
    case missingTensor(path: String, name: String, reason: String)
    case wrongShape(path: String, name: String, found: [Int], expected: [Int])
    /// An adapter that belongs to another model, or to a part of this one.
    case adapterMismatch(path: String, reason: String, remedy: String)
    /// `reference` is no file, folder or cached repository; `looked` lists the places.
    case notFound(reference: String, looked: [String], remedy: String)
    /// A number that is none, in an adapter.
    case notFinite(path: String, name: String, index: Int, value: Float)
    /// What was asked to be written contradicts itself.
    case unwritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let path, let place, let reason):
            "\(path) is damaged or not what its name says: \(place): \(reason)"
        case .unsupported(let path, let what, let remedy):
            "\(path): \(what) is not supported; \(remedy)"
        case .missingTensor(let path, let name, let reason):
            "\(path) has no tensor \(name): \(reason)"
        case .wrongShape(let path, let name, let found, let expected):
            "\(path): tensor \(name) has shape \(found), but the configuration asks for \(expected)"
        case .adapterMismatch(let path, let reason, let remedy):
            "the adapter \(path) does not fit the model: \(reason); \(remedy)"
        case .notFound(let reference, let looked, let remedy):
            "found no checkpoint \(reference); looked at \(looked.joined(separator: ", ")); \(remedy)"
        case .notFinite(let path, let name, let index, let value):
            "\(name) in \(path) holds \(value) at entry \(index); the adapter is broken (did its training diverge?), "
                + "leave it out or train it again"
        case .unwritable(let path, let reason):
            "cannot write \(path): \(reason)"
        }
    }
}

/// `text` from a file, fit to stand in a one-line message however long or strange it is.
func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "\u{FFFD}" : String($0) }.joined()
    return shown.count < text.count ? "“\(shown)…”" : "“\(shown)”"
}
