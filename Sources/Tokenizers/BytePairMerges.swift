/// The merge rules of a BPE vocabulary (Sennrich et al. 2016): the pair of lowest rank anywhere in a piece is merged first,
/// the leftmost among equals.
struct BytePairMerges: Sendable {
    /// (left, right) -> rank << 32 | merged id
    private var table: IntegerTable

    init(capacity: Int) { table = IntegerTable(minimumCapacity: capacity) }

    /// A pair that occurs twice keeps its later rank.
    mutating func add(_ left: Int32, _ right: Int32, rank: Int, merged: Int32) {
        table.set(IntegerTable.key(left, right), UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merged)))
    }

    private static let none = UInt64.max

    private func rule(_ left: Int32, _ right: Int32) -> UInt64 { table[IntegerTable.key(left, right)] ?? Self.none }

    /// Merges `symbols`, one id a byte to begin with, as far as the rules go.
    func merge(_ symbols: inout [Int32], _ scratch: inout MergeScratch) {
        if symbols.count < 2 { return }
        if symbols.count <= 48 { mergeShort(&symbols, &scratch.rules) } else { mergeLong(&symbols, &scratch) }
    }

    /// Quadratic, but without any structure to keep: fastest for words.
    private func mergeShort(_ symbols: inout [Int32], _ rules: inout [UInt64]) {
        var count = symbols.count
        rules.removeAll(keepingCapacity: true)
        for at in 0..<count - 1 { rules.append(rule(symbols[at], symbols[at + 1])) }
        while count > 1 {
            var best = Self.none
            var place = 0
            for at in 0..<count - 1 where rules[at] < best {
                best = rules[at]
                place = at
            }
            if best == Self.none { break }
            symbols[place] = Int32(truncatingIfNeeded: best)
            for at in place + 1..<count - 1 {
                symbols[at] = symbols[at + 1]
                if at < count - 2 { rules[at] = rules[at + 1] }
            }
            count -= 1
            if place > 0 { rules[place - 1] = rule(symbols[place - 1], symbols[place]) }
            if place < count - 1 { rules[place] = rule(symbols[place], symbols[place + 1]) }
        }
        symbols.removeLast(symbols.count - count)
    }

    /// A linked list of symbols and a heap of candidate pairs: n log n, for pieces such as a megabyte without a blank.
    private func mergeLong(_ symbols: inout [Int32], _ scratch: inout MergeScratch) {
        let count = symbols.count
        scratch.link(count)
        for at in 0..<count - 1 { push(at, symbols[at], symbols[at + 1], &scratch) }
        while let candidate = scratch.heap.pop() {
            let place = Int(candidate & 0xFFFF_FFFF)
            let next = Int(scratch.next[place])
            // A candidate is stale when one of its halves has been merged away or has become another symbol.
            guard symbols[place] >= 0, next < count else { continue }
            let found = rule(symbols[place], symbols[next])
            guard found != Self.none, found >> 32 == candidate >> 32 else { continue }
            symbols[place] = Int32(truncatingIfNeeded: found)
            symbols[next] = -1
            let behind = scratch.next[next]
            scratch.next[place] = behind
            if Int(behind) < count {
                scratch.previous[Int(behind)] = Int32(place)
                push(place, symbols[place], symbols[Int(behind)], &scratch)
            }
            let before = Int(scratch.previous[place])
            if before >= 0 { push(before, symbols[before], symbols[place], &scratch) }
        }
        symbols.removeAll { $0 < 0 }
    }

    private func push(_ place: Int, _ left: Int32, _ right: Int32, _ scratch: inout MergeScratch) {
        let found = rule(left, right)
        if found != Self.none { scratch.heap.push((found >> 32) << 32 | UInt64(place)) }
    }
}

/// Buffers that one encoding reuses from piece to piece.
struct MergeScratch {
    var rules: [UInt64] = []
    var previous: [Int32] = []
    var next: [Int32] = []
    var heap = SmallestFirst()

    mutating func link(_ count: Int) {
        precondition(count < Int(Int32.max), "a piece is shorter than 2 GiB")
        previous = (0..<Int32(count)).map { $0 - 1 }
        next = (0..<Int32(count)).map { $0 + 1 }
        heap = SmallestFirst()
    }
}

/// A binary heap that gives the smallest number first.
struct SmallestFirst {
    private var items: [UInt64] = []

    mutating func push(_ item: UInt64) {
        var at = items.count
        items.append(item)
        while at > 0, items[(at - 1) / 2] > item {
            items[at] = items[(at - 1) / 2]
            at = (at - 1) / 2
        }
        items[at] = item
    }

    mutating func pop() -> UInt64? {
        guard let top = items.first, let moved = items.popLast() else { return nil }
        if items.isEmpty { return top }
        var at = 0
        while true {
            var child = 2 * at + 1
            if child >= items.count { break }
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            if items[child] >= moved { break }
            items[at] = items[child]
            at = child
        }
        items[at] = moved
        return top
    }
}
