import Torch

/// Elementwise functions over sixteen numbers, and the short loops over rows that stand between a block's products.
extension Lanes {
    /// Rounds to bfloat16 in the order that `init(bfloat16:)` reads.
    @inline(__always)
    func storeBFloat16(to pointer: UnsafeMutableRawPointer) {
        let bits = unsafeBitCast(self, to: SIMD16<UInt32>.self)
        let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
        pointer.storeBytes(of: (rounded.lowHalf &>> 16) | (rounded.highHalf & 0xFFFF_0000), as: SIMD8<UInt32>.self)
    }

    /// eˣ to within 2 units of the last place; 0 below −87, and no infinity above 88.
    @inline(__always)
    func exponential() -> Lanes {
        // `clamped` would go lane by lane.
        let x = replacing(with: -87.3, where: self .< -87.3).replacing(with: 88.3, where: self .> 88.3)
        let shifted = x * 1.442_695 + 12_582_912  // the nearest integer to x / ln 2, in the last bits
        let n = shifted - 12_582_912
        // ln 2 in two parts, the first exact in few bits (Cody & Waite)
        let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4
        var p = Lanes(repeating: 1.987_569_2e-4)  // the minimax polynomial of Cephes' expf
        p = Lanes(repeating: 1.398_199_9e-3).addingProduct(p, r)
        p = Lanes(repeating: 8.333_452e-3).addingProduct(p, r)
        p = Lanes(repeating: 4.166_579_6e-2).addingProduct(p, r)
        p = Lanes(repeating: 1.666_666_5e-1).addingProduct(p, r)
        p = Lanes(repeating: 5.000_000_1e-1).addingProduct(p, r)
        let e = (r + 1).addingProduct(p * r, r)
        let power = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
        let result = unsafeBitCast(unsafeBitCast(e, to: SIMD16<Int32>.self) &+ power, to: Lanes.self)
        return result.replacing(with: 0, where: self .< -87.3)
    }

    @inline(__always)
    func silu() -> Lanes { self / (1 + (-self).exponential()) }

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
    static func rmsNorm(_ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ width: Int, _ epsilon: Float, _ y: UnsafeMutablePointer<Float>) {
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
            let e = (Lanes(at: x + index) - highest).exponential()
            e.store(to: x + index)
            lanes += e
            index += 16
        }
        sum = lanes.total
        while index < count {
            x[index] = Lanes(repeating: x[index] - highest).exponential()[0]
            sum += x[index]
            index += 1
        }
        let factor = 1 / sum
        for index in 0..<count { x[index] *= factor }
    }
}
