/// A map from 64-bit keys to 64-bit values by open addressing with linear probing.
///
/// The merge loop asks for a pair of ids about three times per byte of text; Swift's `Dictionary` hashes against flooding,
/// which costs several times the look-up itself. Keys come from a vocabulary file, never from the text.
struct IntegerTable: Sendable {
    private struct Slot {
        var key: UInt64
        var value: UInt64
    }

    /// Marks an empty slot; no pair of token ids is that large.
    private static let empty = UInt64.max

    private var slots: [Slot]
    private var shift: UInt64
    private(set) var count = 0

    init(minimumCapacity: Int = 8) {
        var bits: UInt64 = 4
        while (1 << bits) < minimumCapacity * 2 { bits += 1 }
        slots = Array(repeating: Slot(key: Self.empty, value: 0), count: 1 << Int(bits))
        shift = 64 - bits
    }

    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    subscript(key: UInt64) -> UInt64? {
        var index = Int((key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while true {
            let slot = slots[index]
            if slot.key == key { return slot.value }
            if slot.key == Self.empty { return nil }
            index = (index + 1) & (slots.count - 1)
        }
    }

    mutating func set(_ key: UInt64, _ value: UInt64) {
        precondition(key != Self.empty, "the largest key marks empty slots")
        if (count + 1) * 2 > slots.count { grow() }
        var index = Int((key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while slots[index].key != Self.empty && slots[index].key != key { index = (index + 1) & (slots.count - 1) }
        if slots[index].key == Self.empty { count += 1 }
        slots[index] = Slot(key: key, value: value)
    }

    private mutating func grow() {
        var larger = IntegerTable(minimumCapacity: slots.count)
        for slot in slots where slot.key != Self.empty { larger.set(slot.key, slot.value) }
        self = larger
    }
}

/// The bytes of all tokens, one after another, and the way back from bytes to the token's id.
struct TokenBytes: Sendable {
    private var storage: [UInt8] = []
    /// Token `id` holds `storage[starts[id]..<starts[id + 1]]`.
    private var starts: [Int] = [0]
    /// Open addressing over ids; -1 marks an empty slot.
    private var index: [Int32]

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        index = Array(repeating: -1, count: size)
        starts.reserveCapacity(capacity + 1)
        storage.reserveCapacity(capacity * 7)
    }

    var count: Int { starts.count - 1 }

    subscript(id: Int) -> ArraySlice<UInt8> { storage[starts[id]..<starts[id + 1]] }

    /// Appends the next token; only findable ones are found by `id(of:)`. Of equal tokens the first is found.
    mutating func append(_ bytes: some Collection<UInt8>, findable: Bool) {
        let id = Int32(count)
        storage.append(contentsOf: bytes)
        starts.append(storage.count)
        guard findable, !bytes.isEmpty else { return }
        precondition(count * 2 <= index.count, "the capacity bounds the number of tokens")
        let token = self[Int(id)]
        var slot = Self.hash(token) & (index.count - 1)
        while index[slot] >= 0 {
            if self[Int(index[slot])] == token { return }
            slot = (slot + 1) & (index.count - 1)
        }
        index[slot] = id
    }

    func id(of bytes: some Collection<UInt8>) -> Int32? {
        var slot = Self.hash(bytes) & (index.count - 1)
        while index[slot] >= 0 {
            if self[Int(index[slot])].elementsEqual(bytes) { return index[slot] }
            slot = (slot + 1) & (index.count - 1)
        }
        return nil
    }

    /// FNV-1a, its high bits folded into the low ones that choose the slot.
    private static func hash(_ bytes: some Sequence<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7FFF_FFFF)
    }
}
