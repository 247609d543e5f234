import Torch
import Transformers

/// What a trainer trains: parameters, and a pass that adds a batch's gradients to theirs.
public protocol GradientSource: AnyObject {
    /// Float32, in a fixed order; the optimiser changes them in place.
    var parameters: [(name: String, tensor: Tensor)] { get }
    /// Parallel to `parameters`.
    var gradients: [Tensor] { get }
    func zeroGradients() throws
    /// Runs a batch forward and backward and adds to the gradients.
    /// - Parameters:
    ///   - dropout: where this pass's random numbers stand.
    ///   - loss: is given a range of `batch.rows` and their logits [rows, vocabulary] and returns dLoss/dlogits.
    ///     It is called once for every row, in as many pieces as suit the source.
    func accumulate(
        _ batch: PackedExamples, dropout: TrainingPass.Dropout, loss: (Range<Int>, Tensor) throws -> Tensor
    ) throws
    /// The forward half of `accumulate`, without dropout: gradients stay as they are.
    func measure(_ batch: PackedExamples, loss: (Range<Int>, Tensor) throws -> Void) throws
    /// Multiplies the strength of what is trained by `factor`, so that an equal step changes less.
    /// - Returns: what each parameter is to be multiplied by for the same output as before; nil where the source has no such strength.
    func multiplyScale(by factor: Double) -> [Double]?
    /// Names the first tensor on a batch's way through the model that is not finite; nil where all are, or where the source cannot tell.
    func firstNotFinite(in batch: PackedExamples) throws -> String?
    /// Keeps less in memory from now on, after a pass ran out of it.
    /// - Returns: what changed, in words; nil where nothing is left to give up.
    func lowerActivations() -> String?
    /// Writes the trained weights in their own format.
    func save(to folder: String) throws
    /// What must be the same for a run to be continued: name and value.
    var identity: [String: String] { get }
    /// Lines worth reading before training begins.
    var notices: [String] { get }
}

extension GradientSource {
    public func multiplyScale(by factor: Double) -> [Double]? { nil }
    public func firstNotFinite(in batch: PackedExamples) throws -> String? { nil }
    public func lowerActivations() -> String? { nil }
}
