import Checkpoints
import Torch

/// Memory for one dequantised weight, used again by every product of a model: it stays in the processor's cache, where a fresh tensor's pages
/// would be cleared and read from memory each time. One model goes through it on one thread at a time.
final class WeightRoom {
    private final class Memory {
        let tensor: Tensor
        init(_ count: Int) throws { tensor = try Tensor.empty([count], .float32) }
    }
    private var memory: Memory?

    /// The weight in float32. Its memory is lent again once no tensor views it any more; whoever holds several weights at a time gets fresh memory.
    func dequantised(_ stored: StoredTensor) throws -> Tensor {
        let count = stored.elementCount
        if memory.map({ $0.tensor.count < count }) ?? true || !isKnownUniquelyReferenced(&memory) {
            memory = try Memory(max(count, memory?.tensor.count ?? 0))
        }
        let memory = memory!, library = try Libtorch.open()
        let weight = try Tensor(viewing: memory.tensor.dataPointer, stored.shape, .float32, owner: memory)
        try weight.withElements(Float.self) { try stored.copyFloats(into: $0, with: library) }
        return weight
    }
}
