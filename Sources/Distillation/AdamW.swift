import Torch

/// AdamW (Loshchilov & Hutter 2019) on a fixed list of float32 parameters, with PyTorch's fused operator.
public final class AdamW {
    public struct Settings: Codable, Sendable, Hashable {
        public var beta1: Double
        public var beta2: Double
        public var epsilon: Double
        public var weightDecay: Double

        public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    public let settings: Settings
    public let parameters: [(name: String, tensor: Tensor)]
    /// Running averages of the gradients and of their squares, in the parameters' order.
    public let firstMoments: [Tensor]
    public let secondMoments: [Tensor]
    /// Steps taken so far.
    public var step = 0

    public init(_ parameters: [(name: String, tensor: Tensor)], settings: Settings = Settings()) throws {
        self.parameters = parameters
        self.settings = settings
        firstMoments = try parameters.map { try .zeros($0.tensor.shape, $0.tensor.dtype, $0.tensor.device) }
        secondMoments = try parameters.map { try .zeros($0.tensor.shape, $0.tensor.dtype, $0.tensor.device) }
    }

    /// The Euclidean norm over all gradients together, and the name of a tensor whose own norm is not finite: the last in the order
    /// of the model, since the backward pass comes to that one first and carries what is wrong there to those before it.
    public func norm(of gradients: [Tensor]) throws -> (total: Double, notFinite: String?) {
        precondition(gradients.count == parameters.count, "one gradient for each parameter")
        guard !gradients.isEmpty else { return (0, nil) }
        // From a GPU all come in one copy: waiting for each would take longer than computing them.
        let squares = gradients[0].device == .cpu
            ? try gradients.map { try $0.squareSum() }
            : try Tensor.concatenated(gradients.map { try $0.multiplied(by: $0).sum().unsqueezed(0) }).values(Double.self)
        let bad = squares.lastIndex { !$0.isFinite }
        return (squares.reduce(0, +).squareRoot(), bad.map { parameters[$0].name })
    }

    /// - Throws: `DistillationError.notFiniteWeight` for a parameter that holds what is no number.
    func checkParameters() throws {
        guard let name = try norm(of: parameters.map(\.tensor)).notFinite else { return }
        throw DistillationError.notFiniteWeight(step: step, name: name)
    }

    /// What gradients of this norm are multiplied by so that it is at most `limit`; the same factor as PyTorch's `clip_grad_norm_`.
    public static func clipFactor(norm: Double, limit: Double) -> Double { min(1, limit / (norm + 1e-6)) }

    /// One step, in place.
    /// - Parameter factor: what the gradients are multiplied by first; they may keep the product.
    public func update(with gradients: [Tensor], times factor: Double = 1, learningRate: Double) throws {
        guard !parameters.isEmpty else { return }
        step += 1
        let number = try Tensor.full([], Double(step), .float32, parameters[0].tensor.device)
        try Tensor.fusedAdamW_(
            parameters.map(\.tensor), gradients: gradients, divisor: factor == 1 ? nil : 1 / factor, firstMoments: firstMoments,
            secondMoments: secondMoments, steps: [Tensor](repeating: number, count: parameters.count), learningRate: learningRate,
            beta1: settings.beta1, beta2: settings.beta2, weightDecay: settings.weightDecay, epsilon: settings.epsilon)
    }
}
