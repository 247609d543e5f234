import Torch

/// Keys and values of all blocks for several streams: per block one tensor [slots · capacity, groups · size] for each.
///
/// The last slot holds the prefix that streams of a run share. A token's row is written once, in one operator for all streams.
final class KeyValueCache {
    let slots: Int
    private(set) var capacity: Int
    /// Tokens in each slot.
    private(set) var lengths: [Int]
    private var keys: [Tensor]
    private var values: [Tensor]
    private let groups: Int
    private let size: Int

    init(_ model: LanguageModel, slots: Int, capacity: Int) throws {
        self.slots = slots
        self.capacity = capacity
        groups = model.configuration.keyValueHeadCount
        size = model.configuration.headSize
        lengths = [Int](repeating: 0, count: slots)
        let shape = [slots * capacity, groups * size]
        // Zeros, not garbage: a masked place still enters a product with weight 0, and 0 · NaN is NaN.
        keys = try (0..<model.configuration.layerCount).map { _ in try Tensor.zeros(shape, model.dtype, model.device) }
        values = try (0..<model.configuration.layerCount).map { _ in try Tensor.zeros(shape, model.dtype, model.device) }
    }

    /// Makes every slot hold at least `needed` tokens. Where there is no memory for that all slots are empty afterwards.
    func reserve(_ needed: Int) throws {
        guard needed > capacity else { return }
        let larger = max(needed, capacity + capacity / 2), used = lengths.max() ?? 0
        func grown(_ old: Tensor) throws -> Tensor {
            let new = try Tensor.zeros([slots, larger, groups * size], old.dtype, old.device)
            if used > 0 { try new.narrow(1, 0, used).copy_(old.reshaped([slots, capacity, groups * size]).narrow(1, 0, used)) }
            return try new.reshaped([slots * larger, groups * size])
        }
        let shape = keys[0].shape
        do {
            for layer in keys.indices {
                keys[layer] = try grown(keys[layer])
                values[layer] = try grown(values[layer])
            }
        } catch {  // the layers must stay of one size, if empty
            lengths = lengths.map { _ in 0 }
            for layer in keys.indices {
                if keys[layer].shape != shape { keys[layer] = try .zeros(shape, keys[layer].dtype, keys[layer].device) }
                if values[layer].shape != shape { values[layer] = try .zeros(shape, values[layer].dtype, values[layer].device) }
            }
            throw error
        }
        capacity = larger
    }

    func row(_ slot: Int, _ position: Int) -> Int { slot * capacity + position }

    func setLength(_ slot: Int, _ length: Int) { lengths[slot] = length }

    /// Makes `slot` hold the first tokens of a slot, perhaps its own, and no more.
    func copyStart(of source: Int, to slot: Int, count: Int) throws {
        if count > 0, source != slot {
            for layer in keys.indices {
                for store in [keys[layer], values[layer]] {
                    try store.narrow(0, row(slot, 0), count).copy_(store.narrow(0, row(source, 0), count))
                }
            }
        }
        lengths[slot] = count
    }

    /// One block's rows, for loops over raw memory.
    func storage(layer: Int) -> (keys: Tensor, values: Tensor) { (keys[layer], values[layer]) }

    /// Puts new rows [tokens, groups, size] where `places` (int64 rows) says.
    func write(layer: Int, places: Tensor, key: Tensor, value: Tensor) throws {
        try keys[layer].indexCopy_(0, places, key.reshaped([key.shape[0], groups * size]))
        try values[layer].indexCopy_(0, places, value.reshaped([value.shape[0], groups * size]))
    }

    /// Views [slots, groups, count, size] of consecutive slots' first `count` tokens.
    func read(layer: Int, slots range: Range<Int>, count: Int) throws -> (keys: Tensor, values: Tensor) {
        func view(_ store: Tensor) throws -> Tensor {
            try store.reshaped([slots, capacity, groups, size]).narrow(0, range.lowerBound, range.count).narrow(1, 0, count)
                .permuted([0, 2, 1, 3])
        }
        return (try view(keys[layer]), try view(values[layer]))
    }
}
