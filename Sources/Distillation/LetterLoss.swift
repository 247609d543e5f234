import Foundation

/// The two letter terms of the distillation loss for one question, in Double.
///
/// With student logits z, teacher logits t (any shift of them, so log-probabilities serve), q = softmax(z):
///
///     hard = CE(z, gold) = −log q_gold                      d hard/dz = q − onehot(gold)
///     soft = T² · Σ_k p_k · (log p_k − log s_k)             d soft/dz = T² · (1/T) · (s − p)
///     with p = softmax(t/T), s = softmax(z/T)
///
/// (Hinton, Vinyals, Dean 2015.) Without the T² the soft gradient would shrink as 1/T² when T grows.
public struct LetterLoss: Sendable, Hashable {
    public let hard: Double
    /// Zero where there is no teacher.
    public let soft: Double
    /// Of α·hard + (1 − α)·soft with respect to z; of hard alone where there is no teacher.
    public let gradient: [Double]
    /// α·hard + (1 − α)·soft.
    public let total: Double

    public init(
        student z: [Double], gold: Int, teacher t: [Double]?, alpha: Double, temperature: Double, scalesBySquare: Bool
    ) {
        precondition(z.indices.contains(gold), "the right letter is one of the scored ones")
        let logQ = Self.logSoftmax(z)
        hard = -logQ[gold]
        let hardGradient = z.indices.map { exp(logQ[$0]) - ($0 == gold ? 1 : 0) }
        guard let t else {
            soft = 0
            gradient = hardGradient
            total = hard
            return
        }
        precondition(t.count == z.count, "student and teacher score the same letters")
        let factor = scalesBySquare ? temperature * temperature : 1
        let logP = Self.logSoftmax(t.map { $0 / temperature }), logS = Self.logSoftmax(z.map { $0 / temperature })
        let divergence = z.indices.reduce(0) { $0 + exp(logP[$1]) * (logP[$1] - logS[$1]) }
        soft = factor * divergence
        gradient = z.indices.map {
            alpha * hardGradient[$0] + (1 - alpha) * factor / temperature * (exp(logS[$0]) - exp(logP[$0]))
        }
        total = alpha * hard + (1 - alpha) * soft
    }

    static func logSoftmax(_ values: [Double]) -> [Double] {
        let logSum = logSum(values)
        return values.map { $0 - logSum }
    }

    static func logSum(_ values: [Double]) -> Double {
        let top = values.max() ?? 0
        return top + log(values.reduce(0) { $0 + exp($1 - top) })
    }
}
