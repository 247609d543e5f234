/// The parts of a batch's loss. `hard`, `soft`, `reasoning` and `dense` are unweighted averages; `total` is what is minimised.
public struct LossParts: Codable, Sendable, Hashable {
    /// CE of the right letter among the four.
    public var hard = 0.0
    /// KL from the teacher, times T² where that is on; 0 for questions without a teacher.
    public var soft = 0.0
    /// CE of the reasoning text and of the end of the reply, per token.
    public var reasoning = 0.0
    /// Distance from the teacher's likeliest tokens, per reasoning token at which they are known; 0 where none are.
    public var dense = 0.0
    public var total = 0.0
    /// The share of questions whose likeliest letter is the right one.
    public var accuracy = 0.0

    public init() {}

    private enum CodingKeys: CodingKey { case hard, soft, reasoning, dense, total, accuracy }

    /// Metrics of earlier runs have no dense part.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        hard = try fields.decode(Double.self, forKey: .hard)
        soft = try fields.decode(Double.self, forKey: .soft)
        reasoning = try fields.decode(Double.self, forKey: .reasoning)
        dense = try fields.decodeIfPresent(Double.self, forKey: .dense) ?? 0
        total = try fields.decode(Double.self, forKey: .total)
        accuracy = try fields.decode(Double.self, forKey: .accuracy)
    }

    public static func += (sum: inout LossParts, more: LossParts) {
        sum.hard += more.hard
        sum.soft += more.soft
        sum.reasoning += more.reasoning
        sum.dense += more.dense
        sum.total += more.total
        sum.accuracy += more.accuracy
    }
}
