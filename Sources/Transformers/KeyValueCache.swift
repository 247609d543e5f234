import Torch

/// Keys and values of all blocks for several streams: per block one tensor [slots · capacity, groups · size] for each.
///
/// The last slot holds the prefix that streams of a run share. A token's row is written once, in one operator for all streams.
package final class KeyValueCache {
    let slots: Int
    private(set) var capacity: Int
    /// Tokens in each slot.
    private(set) var lengths: [Int]
    /// For each slot from which other one its first tokens were copied, and how many of them are still the same in both.
    private var copies: [(source: Int, count: Int)]
    private var keys: [Tensor]
    private var values: [Tensor]
    private let groups: Int
    private let size: Int

    package init(_ model: LanguageModel, slots: Int, capacity: Int) throws {
        self.slots = slots
        self.capacity = capacity
        groups = model.configuration.keyValueHeadCount
        size = model.configuration.headSize
        lengths = [Int](repeating: 0, count: slots)
        copies = Array(repeating: (source: -1, count: 0), count: slots)
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
            for slot in 0..<slots { setLength(slot, 0) }
            for layer in keys.indices {
                if keys[layer].shape != shape { keys[layer] = try .zeros(shape, keys[layer].dtype, keys[layer].device) }
                if values[layer].shape != shape { values[layer] = try .zeros(shape, values[layer].dtype, values[layer].device) }
            }
            throw error
        }
        capacity = larger
    }

    func row(_ slot: Int, _ position: Int) -> Int { slot * capacity + position }

    /// After rows were written behind a slot's tokens, or when it gives some up: what it shared with another slot from there on it shares no longer.
    package func setLength(_ slot: Int, _ length: Int) {
        let unchanged = min(length, lengths[slot])
        lengths[slot] = length
        for other in copies.indices where other == slot || copies[other].source == slot { copies[other].count = min(copies[other].count, unchanged) }
    }

    /// Makes `slot` hold the first tokens of a slot, perhaps its own, and no more. What was copied before, for an earlier stream, stays where it is.
    package func copyStart(of source: Int, to slot: Int, count: Int) throws {
        if source == slot { return setLength(slot, count) }
        let held = copies[slot].source == source ? min(copies[slot].count, count) : 0
        setLength(slot, held)
        if held < count {
            for layer in keys.indices {
                for store in [keys[layer], values[layer]] {
                    try store.narrow(0, row(slot, held), count - held).copy_(store.narrow(0, row(source, held), count - held))
                }
            }
        }
        lengths[slot] = count
        copies[slot] = (source, count)
    }

    /// One block's rows, for loops over raw memory.
    package func storage(layer: Int) -> (keys: Tensor, values: Tensor) { (keys[layer], values[layer]) }

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
