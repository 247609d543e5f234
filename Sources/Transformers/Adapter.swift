import Checkpoints
import Groundwork
import Torch

/// A LoRA adapter on a model: factors for some projections of some blocks, in float32 (float64 under a float64 model); for inference on a GPU in
/// the model's own type.
public final class Adapter {
    public private(set) var configuration: AdapterConfiguration
    /// One entry per block.
    package private(set) var layers: [[Projection: LoRAFactors]]

    /// A fresh adapter: A uniform in ±1/√in, as PEFT draws it (Kaiming-uniform with a = √5), B zero, so that training starts at the base.
    public init(for model: LanguageModel, _ configuration: AdapterConfiguration, seed: UInt64) throws {
        self.configuration = configuration
        let type: DType = model.dtype == .float64 ? .float64 : .float32
        layers = try (0..<model.configuration.layerCount).map { layer in
            var factors: [Projection: LoRAFactors] = [:]
            for projection in Projection.allCases where configuration.targets(projection.path(layer: layer)) {
                let path = projection.path(layer: layer)
                let (input, output) = projection.size(in: model.configuration)
                let rank = configuration.rank(of: path)
                var random = CounterRandom(seed: seed, phase: "adapter \(path)")
                let bound = 1 / Double(input).squareRoot()
                let values = (0..<rank * input).map { _ in Float((random.uniform() * 2 - 1) * bound) }
                factors[projection] = LoRAFactors(
                    a: try Tensor(values, [rank, input], dtype: type, device: model.device),
                    b: try Tensor.zeros([output, rank], type, model.device), scale: configuration.scale(of: path))
            }
            return factors
        }
        guard !layers.allSatisfy(\.isEmpty) else { throw ModelError.noTargets(configuration.targetModules) }
    }

    /// Reads a PEFT folder. Every factor must belong to a projection of the model and have its shape.
    /// - Parameter onlyInference: the factors need not be as exact as training wants them, so a GPU can hold them as it computes.
    public static func load(_ folder: String, for model: LanguageModel, onlyInference: Bool = false) throws -> Adapter {
        try Adapter(AdapterFile.read(folder), for: model, onlyInference: onlyInference)
    }

    private init(_ file: AdapterFile, for model: LanguageModel, onlyInference: Bool) throws {
        try file.check(against: model.configuration)
        let configuration = file.configuration
        self.configuration = configuration
        let isHalf = onlyInference && model.device != .cpu
        let type: DType = isHalf || model.dtype == .float64 ? model.dtype : .float32
        layers = try (0..<model.configuration.layerCount).map { layer in
            var factors: [Projection: LoRAFactors] = [:]
            for projection in Projection.allCases {
                let path = projection.path(layer: layer)
                guard let pair = file.tensors[path] else { continue }
                // Copied, not viewed: training writes into them, and a file may be replaced under a view. And looked at: one number that is
                // none makes every answer nonsense.
                factors[projection] = LoRAFactors(
                    a: try Tensor(pair.a.finiteFloats(), pair.a.shape).to(dtype: type, device: model.device),
                    b: try Tensor(pair.b.finiteFloats(), pair.b.shape).to(dtype: type, device: model.device), scale: configuration.scale(of: path))
            }
            return factors
        }
    }

    /// The factors with their names in PEFT files, in an order that depends on the configuration only.
    public var parameters: [(name: String, tensor: Tensor)] {
        layers.enumerated().flatMap { layer, factors in
            Projection.allCases.flatMap { projection -> [(String, Tensor)] in
                guard let pair = factors[projection] else { return [] }
                let name = "base_model.model." + projection.path(layer: layer)
                return [(name + ".lora_A.weight", pair.a), (name + ".lora_B.weight", pair.b)]
            }
        }
    }

    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// Writes a PEFT folder: `adapter_config.json` and `adapter_model.safetensors` in float32.
    public func save(to folder: String) throws {
        let parameters = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
        let entries = self.parameters.map { Safetensors.Entry($0.name, .float32, $0.tensor.shape) }
        try AdapterFile.write(configuration, entries, to: folder) { entry, sink in
            try parameters[entry.name]!.floats().withUnsafeBytes(sink)
        }
    }

    /// Multiplies the scale of B·A, and alpha with it, in every module. The factors stay as they are, so what the adapter adds is
    /// multiplied too.
    public func multiplyScale(by factor: Double) {
        configuration.alpha *= factor
        configuration.alphaPattern = ModulePatterns(configuration.alphaPattern.entries.map { ($0.pattern, $0.value * factor) })
        layers = layers.map { $0.mapValues { LoRAFactors(a: $0.a, b: $0.b, scale: $0.scale * factor) } }
    }

    func block(_ layer: Int) -> BlockAdapter { BlockAdapter(factors: layers[layer]) }
}
