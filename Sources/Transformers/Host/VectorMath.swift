import Torch

/// Sixteen numbers: the neighbouring outputs of a panel, or elements of a row.
typealias Lanes = SIMD16<Float>

/// Elementwise functions over sixteen numbers, and the short loops over rows that stand between a block's products.
extension Lanes {
    @inline(__always)
    init(at pointer: UnsafePointer<Float>) { self = UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func store(to pointer: UnsafeMutablePointer<Float>) { UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Lanes.self) }

    /// Rounds to bfloat16 in the order of a panel: word `i` holds number `i` below and number `i + 8` above.
    @inline(__always)
    func storeBFloat16(to pointer: UnsafeMutableRawPointer) {
        let bits = unsafeBitCast(self, to: SIMD16<UInt32>.self)
        let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
        pointer.storeBytes(of: (rounded.lowHalf &>> 16) | (rounded.highHalf & 0xFFFF_0000), as: SIMD8<UInt32>.self)
    }

    @inline(__always)
    func silu() -> Lanes { self / (1 + (-self).exponential) }

    /// The sum of all sixteen, by halves.
    @inline(__always)
    var total: Float {
        let eight = lowHalf + highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

enum RowMath {
    /// `y = x / √(mean(x²) + ε) · w`
    /// - Returns: `1 / √(mean(x²) + ε)`
    @discardableResult
    static func rmsNorm(
        _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ width: Int, _ epsilon: Float, _ y: UnsafeMutablePointer<Float>
    ) -> Float {
        var lanes = Lanes.zero
        var index = 0
        while index + 16 <= width {
            let v = Lanes(at: x + index)
            lanes.addProduct(v, v)
            index += 16
        }
        var sum = lanes.total
        while index < width {
            sum += x[index] * x[index]
            index += 1
        }
        let factor = 1 / (sum / Float(width) + epsilon).squareRoot()
        for index in 0..<width { y[index] = x[index] * factor * weight[index] }
        return factor
    }

    /// Turns one head in place: element `i` with element `i + half`, as `RotaryEmbedding.rotate` does.
    static func rotate(_ x: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>, half: Int) {
        for index in 0..<half {
            let (a, b) = (x[index], x[index + half])
            x[index] = a * cosines[index] - b * sines[index]
            x[index + half] = b * cosines[index] + a * sines[index]
        }
    }

    /// Numbers to their shares `exp(xᵢ − max) / Σ`, in place.
    static func softmax(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        var highest = -Float.infinity
        for index in 0..<count { highest = max(highest, x[index]) }
        var sum: Float = 0
        var index = 0
        var lanes = Lanes.zero
        while index + 16 <= count {
            let e = (Lanes(at: x + index) - highest).exponential
            e.store(to: x + index)
            lanes += e
            index += 16
        }
        sum = lanes.total
        while index < count {
            x[index] = Lanes(repeating: x[index] - highest).exponential[0]
            sum += x[index]
            index += 1
        }
        let factor = 1 / sum
        for index in 0..<count { x[index] *= factor }
    }
}
