import Torch

/// One room in host memory for all that blocks keep for their backward, used again by every pass.
///
/// On a CPU the heap serves tensors that live for an operator from the same few places, which stay in the cache. Those that live until
/// the backward pass took fresh pages instead, and as batches differ in size they left gaps that the next batch's did not fit into:
/// training SmolLM2-135M with rank 128 gathered 250 MB of them in five steps. Copying them here costs less than the pages did.
final class ActivationArena {
    private var room: Tensor?
    private var used = 0
    /// Rows of vectors are read from such boundaries.
    private static let alignment = 64

    /// Forgets what was kept and makes room for `bytes`.
    func begin(_ bytes: Int) throws {
        used = 0
        guard bytes > room?.count ?? 0 else { return }
        room = nil  // before the larger one is taken
        // Half as much again where the system promises it: what no pass touches takes no memory, and for a somewhat larger batch it need
        // not clear all of it anew.
        room = try (try? Tensor.empty([bytes + bytes / 2], .uint8)) ?? Tensor.empty([bytes], .uint8)
    }

    /// Gives the room back; the next `begin` takes what is needed then.
    func release() { (room, used) = (nil, 0) }

    /// The same numbers, row-major, in the room; `tensor` itself where it is full.
    func keep(_ tensor: Tensor) throws -> Tensor {
        let bytes = tensor.count * tensor.dtype.size
        guard let room, used + bytes <= room.count else { return tensor }
        let place = try Tensor(viewing: room.dataPointer + used, tensor.shape, tensor.dtype, owner: room.storageOwner)
        try place.copy_(tensor)
        used += (bytes + Self.alignment - 1) / Self.alignment * Self.alignment
        return place
    }
}
