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
        let (low, high) = Self.words(step)
        let words = Self.philox((UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), low, high), key: key)
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

    /// Four times sixteen numbers of 32 bits, the `batch`th of them: what `next` would make of sixteen neighbouring blocks, the first words of
    /// all in the first vector. For loops that need many numbers, on several threads and from any place on.
    public func sixtyFour(_ batch: UInt64) -> (SIMD16<UInt32>, SIMD16<UInt32>, SIMD16<UInt32>, SIMD16<UInt32>) {
        let first = Self.words(batch &<< 4), (low, high) = Self.words(step)
        // Sixteen blocks from a multiple of sixteen on share their upper word.
        let lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) &+ first.low
        return Self.philox((lanes, .all(first.high), .all(low), .all(high)), key: key)
    }

    private static func words(_ value: UInt64) -> (low: UInt32, high: UInt32) {
        (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32))
    }

    private static func mix(_ value: UInt64) -> UInt64 {  // SplitMix64's finaliser
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    @inline(__always)
    package static func philox<Word: PhiloxWord>(_ counter: (Word, Word, Word, Word), key: (UInt32, UInt32)) -> (Word, Word, Word, Word) {
        var (c, k) = (counter, key)
        for _ in 0..<10 {
            let a = c.0.product(0xd251_1f53), b = c.2.product(0xcd9e_8d57)
            c = (b.high ^ c.1 ^ .all(k.0), b.low, a.high ^ c.3 ^ .all(k.1), a.low)
            k = (k.0 &+ 0x9e37_79b9, k.1 &+ 0xbb67_ae85)
        }
        return c
    }
}

/// 32 bits, or 32 in each of sixteen lanes.
package protocol PhiloxWord {
    static func all(_ value: UInt32) -> Self
    static func ^ (a: Self, b: Self) -> Self
    func product(_ factor: UInt32) -> (high: Self, low: Self)
}

extension UInt32: PhiloxWord {
    @inline(__always)
    package static func all(_ value: UInt32) -> UInt32 { value }
    @inline(__always)
    package func product(_ factor: UInt32) -> (high: UInt32, low: UInt32) { multipliedFullWidth(by: factor) }
}

extension SIMD16<UInt32>: PhiloxWord {
    @inline(__always)
    package static func all(_ value: UInt32) -> Self { Self(repeating: value) }

    /// Even and odd lanes apart: processors multiply 32 by 32 bits in lanes of 64.
    @inline(__always)
    package func product(_ factor: UInt32) -> (high: Self, low: Self) {
        typealias Pairs = SIMD8<UInt64>
        let lower = Pairs(repeating: 0xffff_ffff), factor = Pairs(repeating: UInt64(factor))
        let pairs = unsafeBitCast(self, to: Pairs.self)
        let even = (pairs & lower) &* factor, odd = (pairs &>> 32) &* factor
        return (
            unsafeBitCast((even &>> 32) | (odd & ~lower), to: Self.self), unsafeBitCast((even & lower) | (odd &<< 32), to: Self.self))
    }
}
