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
struct HostQueryAttention<Number: CacheNumber> {
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
            score(query, scale, weights)
            RowMath.softmax(weights, count)
            mix(weights, to: output)
        }
    }

    /// Scaled products of the query with every key, four keys side by side.
    @inline(__always)
    private func score(_ query: UnsafePointer<Float>, _ scale: Float, _ scores: UnsafeMutablePointer<Float>) {
        let whole = size / 16 * 16
        var place = 0
        while place + 4 <= count {
            var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
            var key = keys + place * stride
            for index in Swift.stride(from: 0, to: whole, by: 16) {
                let q = Lanes(at: query + index)
                a.addProduct(q, Number.lanes(key))
                b.addProduct(q, Number.lanes(key + stride))
                c.addProduct(q, Number.lanes(key + 2 * stride))
                d.addProduct(q, Number.lanes(key + 3 * stride))
                key += 16
            }
            scores[place] = scale * (a.total + rest(query, place))
            scores[place + 1] = scale * (b.total + rest(query, place + 1))
            scores[place + 2] = scale * (c.total + rest(query, place + 2))
            scores[place + 3] = scale * (d.total + rest(query, place + 3))
            place += 4
        }
        while place < count {
            var sum = Lanes.zero
            for index in Swift.stride(from: 0, to: whole, by: 16) {
                sum.addProduct(Lanes(at: query + index), Number.lanes(keys + place * stride + index))
            }
            scores[place] = scale * (sum.total + rest(query, place))
            place += 1
        }
    }

    /// What a head's elements behind the last whole sixteen add.
    @inline(__always)
    private func rest(_ query: UnsafePointer<Float>, _ place: Int) -> Float {
        var sum: Float = 0
        for index in size / 16 * 16..<size { sum += query[index] * keys[place * stride + index].single }
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
