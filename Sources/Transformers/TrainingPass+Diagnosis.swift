import Checkpoints
import Torch

extension TrainingPass {
    /// Goes forward through the model and names the first tensor that holds an infinite element or one that is not a number.
    /// For the message of a step that failed; takes a pass and the memory of one block.
    /// - Returns: nil where all are finite.
    public func firstNotFinite(in batch: PackedSequences) throws -> String? {
        for (name, tensor) in adapter.parameters where try !tensor.allFinite() { return "the adapter's \(name)" }
        let attention = try PackedAttention(batch, model: model)
        let table = try model.rotary.table(batch.positions)
        var x = try model.embed(batch.tokens)
        guard try x.allFinite() else { return "the embeddings" }
        for (layer, block) in model.blocks.enumerated() {
            let (output, saved) = try block.forward(x, adapter.block(layer), table, attention)
            let results: [(Projection, Tensor)] = [(.output, saved.middle), (.gate, saved.gate), (.up, saved.up), (.down, output)]
            if let first = try results.first(where: { try !$1.allFinite() })?.0 {
                // Attention stands before the output projection; queries, keys and values are looked at where that one fails.
                guard first == .output, try !saved.attention.output.allFinite() else { return "the output of \(first.path(layer: layer))" }
                for piece in saved.attention.pieces {
                    let parts: [(Projection, Tensor)] = [(.query, piece.query), (.key, piece.key), (.value, piece.value)]
                    if let part = try parts.first(where: { try !$1.allFinite() })?.0 { return "the output of \(part.path(layer: layer))" }
                }
                return "the attention of layer \(layer)"
            }
            x = output
        }
        let normal = try RMSNorm.forward(x, model.finalNorm, epsilon: model.configuration.normEpsilon).output
        return try model.head.product(normal).allFinite() ? nil : "the logits"
    }
}
