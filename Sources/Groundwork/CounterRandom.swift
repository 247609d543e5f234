import Foundation

/// A counter-based random generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
///
/// The stream is a pure function of `(seed, phase, step)`, so a resumed run draws the same numbers as an uninterrupted one
/// without any generator state on disk. The drawing methods below are fixed here rather than taken from the standard
/// library, whose algorithms may change between Swift versions.
public struct CounterRandom: RandomNumberGenerator, Sendable {
    private let key: (UInt32, UInt32)
    private let step: UInt64
    private var block: UInt64 = 0
    private var spare: UInt64?

    /// - Parameters:
    ///   - phase: names the purpose ("shuffle", "dropout", …); different phases give independent streams.
    ///   - step: the position within the phase (training step, question number, …).
    public init(seed: UInt64, phase: String, step: UInt64 = 0) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bit
        for byte in phase.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let mixed = Self.mix(seed &+ 0x9e37_79b9_7f4a_7c15) ^ Self.mix(hash)
        key = (UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        self.step = step
    }

    public mutating func next() -> UInt64 {
        if let value = spare {
            spare = nil
            return value
        }
        let words = Self.philox(
            (UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
             UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32)), key: key)
        block &+= 1
        spare = UInt64(words.2) | UInt64(words.3) << 32
        return UInt64(words.0) | UInt64(words.1) << 32
    }

    /// A uniform integer in `0..<bound` (Lemire 2019, with rejection, so exactly uniform).
    public mutating func next(below bound: Int) -> Int {
        precondition(bound > 0, "an empty range has no random element")
        let limit = UInt64(bound)
        var product = next().multipliedFullWidth(by: limit)
        if product.low < limit {
            let threshold = (0 &- limit) % limit
            while product.low < threshold { product = next().multipliedFullWidth(by: limit) }
        }
        return Int(product.high)
    }

    public mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + next(below: range.upperBound - range.lowerBound + 1)
    }

    /// A uniform number in `[0, 1)` with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// `count` independent draws of the standard normal distribution (Box–Muller).
    public mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    public mutating func element<C: RandomAccessCollection>(of items: C) -> C.Element {
        items[items.index(items.startIndex, offsetBy: next(below: items.count))]
    }

    /// Fisher–Yates, from the end.
    public mutating func shuffle<T>(_ items: inout [T]) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(last, next(below: last + 1)) }
    }

    public mutating func shuffled<T>(_ items: [T]) -> [T] {
        var copy = items
        shuffle(&copy)
        return copy
    }

    /// `count` different elements, in random order.
    public mutating func sample<T>(_ count: Int, of items: [T]) -> [T] { Array(shuffled(items).prefix(count)) }

    private static func mix(_ value: UInt64) -> UInt64 {  // SplitMix64's finaliser
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    package static func philox(
        _ counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c, k) = (counter, key)
        for _ in 0..<10 {
            let a = UInt64(c.0) &* 0xd251_1f53, b = UInt64(c.2) &* 0xcd9e_8d57
            c = (UInt32(b >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: b),
                 UInt32(a >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: a))
            k = (k.0 &+ 0x9e37_79b9, k.1 &+ 0xbb67_ae85)
        }
        return c
    }
}
