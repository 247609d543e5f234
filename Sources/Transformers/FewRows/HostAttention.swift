/// Numbers as a cache of keys and values holds them, read sixteen at a time.
protocol CacheNumber {
    static func lanes(_ pointer: UnsafePointer<Self>) -> Lanes
    var single: Float { get }
    init(rounding value: Float)
}

extension Float: CacheNumber {
    @inline(__always) static func lanes(_ pointer: UnsafePointer<Float>) -> Lanes { Lanes(at: pointer) }
    @inline(__always) var single: Float { self }
    @inline(__always) init(rounding value: Float) { self = value }
}

/// A bfloat16 number's bits.
struct BFloat16: CacheNumber {
    var bits: UInt16

    @inline(__always)
    static func lanes(_ pointer: UnsafePointer<BFloat16>) -> Lanes {
        var words = SIMD16<UInt32>.zero
        for lane in 0..<16 { words[lane] = UInt32(pointer[lane].bits) << 16 }
        return unsafeBitCast(words, to: Lanes.self)
    }

    @inline(__always) var single: Float { Float(bitPattern: UInt32(bits) << 16) }

    @inline(__always)
    init(rounding value: Float) {
        let word = value.bitPattern
        bits = UInt16(truncatingIfNeeded: (word &+ 0x7FFF &+ ((word >> 16) & 1)) >> 16)
    }
}

/// Attention of one query over the keys and values that lie in its slot of the cache.
struct HostAttention<Number: CacheNumber> {
    /// The first of the slot's keys and values for this head; each token's are `stride` behind the last one's.
    let keys: UnsafePointer<Number>
    let values: UnsafePointer<Number>
    let stride: Int
    let size: Int
    let count: Int

    /// `softmax(scale · q Kᵀ) V`, [size].
    func attend(_ query: UnsafePointer<Float>, scale: Float, to output: UnsafeMutablePointer<Float>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { room in
            let weights = room.baseAddress!
            for place in 0..<count { weights[place] = scale * dot(query, keys + place * stride) }
            RowMath.softmax(weights, count)
            mix(weights, to: output)
        }
    }

    @inline(__always)
    private func dot(_ query: UnsafePointer<Float>, _ key: UnsafePointer<Number>) -> Float {
        var lanes = Lanes.zero
        var index = 0
        while index + 16 <= size {
            lanes.addProduct(Lanes(at: query + index), Number.lanes(key + index))
            index += 16
        }
        var sum = lanes.total
        while index < size {
            sum += query[index] * key[index].single
            index += 1
        }
        return sum
    }

    /// Four sums side by side for every sixteen elements, because an addition waits for the one before it.
    @inline(__always)
    private func mix(_ weights: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>) {
        var index = 0
        while index + 16 <= size {
            var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
            var value = values + index
            var place = 0
            while place + 4 <= count {
                a.addProduct(Number.lanes(value), weights[place])
                b.addProduct(Number.lanes(value + stride), weights[place + 1])
                c.addProduct(Number.lanes(value + 2 * stride), weights[place + 2])
                d.addProduct(Number.lanes(value + 3 * stride), weights[place + 3])
                value += 4 * stride
                place += 4
            }
            while place < count {
                a.addProduct(Number.lanes(value), weights[place])
                value += stride
                place += 1
            }
            ((a + b) + (c + d)).store(to: output + index)
            index += 16
        }
        while index < size {
            var sum: Float = 0
            for place in 0..<count { sum += weights[place] * values[index + place * stride].single }
            output[index] = sum
            index += 1
        }
    }
}
