import Torch

/// Why a merge was refused. Every check runs before anything is written.
public enum MergeError: Error, CustomStringConvertible, Equatable {
    case noAdapters
    case unknownMethod(String)
    case density(Double)
    case weight(Double, folder: String)
    /// - Parameter sense: what the setting must be.
    case setting(String, String, _ sense: String)
    case unavailable(method: String, choice: String, instead: [String])
    case rankIsGiven(method: String)
    case outputIsInput(String)
    /// An adapter whose configuration names a module for which it has no tensors.
    case incomplete(folder: String, module: String)
    /// - Parameter found: each adapter's folder with its rank in that module.
    case ranksDiffer(module: String, found: [String])
    case shapesDiffer(module: String, factor: String, found: [String])
    /// A result, or the square of its size, that its type cannot hold.
    case tooLarge(tensor: String, value: Float, type: DType)

    public var description: String {
        switch self {
        case .noAdapters:
            "no adapter to merge; name at least one adapter folder"
        case .unknownMethod(let name):
            "there is no merge method \"\(name)\"; choose one of \(MergeMethod.all.map(\.name).joined(separator: ", "))"
        case .incomplete(let folder, let module):
            "the configuration of \(folder) names \(module), for which it has no tensors, and another adapter has: it was made for a smaller model, "
                + "or some of its tensors are lost. Blocks that were left out on purpose are told by layers_to_transform in its adapter_config.json"
        case .density(let density):
            "a density of \(density) makes no sense; it is the share of entries kept, above 0 and at most 1"
        case .weight(let weight, let folder):
            "the weight \(weight) of \(folder) makes no sense; weights are finite and not zero, and an adapter that should not "
                + "count is left out (at weight 0 it would still vote on signs)"
        case .setting(let name, let value, let sense):
            "the \(name) \(value) makes no sense; it must be \(sense)"
        case .unavailable(let method, let choice, let instead):
            "the method \(method) does not exist in the \(choice); choose \(instead.joined(separator: ", "))"
        case .rankIsGiven(let method):
            "a rank cannot be chosen for \(method) in the space of factors, whose merge has the rank that its adapters give it; choose "
                + "the method svd, or the space core"
        case .outputIsInput(let folder):
            "\(folder) is one of the adapters to be merged; choose another output folder"
        case .ranksDiffer(let module, let found):
            "the adapters differ in rank at \(module) (\(found.joined(separator: ", "))); factors of different rank cannot be "
                + "merged entry by entry: choose the space core, delta or knots, or the method cat, which take any ranks"
        case .shapesDiffer(let module, let factor, let found):
            "the adapters differ in shape at \(module), lora_\(factor) (\(found.joined(separator: ", "))); were they trained on "
                + "different base models?"
        case .tooLarge(let tensor, let value, let type):
            "\(tensor) would be as large as \(value) after the merge, more than \(type) holds; lower the weights or lambda, or look at the "
                + "adapters' scales (retort inspect)"
        }
    }
}
