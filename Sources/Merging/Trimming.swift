/// Keeps the entries of largest magnitude, exactly as many as asked.
///
/// The threshold is found by selection, not by sorting: the bit patterns of non-negative floats are ordered like their values, so
/// a histogram over the upper 16 of the 31 magnitude bits finds the threshold's bin and a second one over the lower 15 bits
/// finds the threshold itself. Two passes, no copy, no worst case, nothing random.
package enum Trimming {
    /// Sets all but the `kept` entries of largest magnitude to zero. Of entries as large as the smallest one kept, the
    /// first ones stay.
    ///
    /// - Parameter values: finite numbers.
    package static func trim(_ values: UnsafeMutableBufferPointer<Float>, keeping kept: Int) {
        precondition(kept >= 0, "a count of entries is not negative")
        guard kept < values.count else { return }
        guard kept > 0 else { return values.update(repeating: 0) }
        let (threshold, above) = threshold(UnsafeBufferPointer(values), keeping: kept)
        var atThreshold = kept - above
        for index in values.indices {
            let bits = values[index].bitPattern & 0x7fff_ffff
            if bits > threshold { continue }
            if bits == threshold, atThreshold > 0 {
                atThreshold -= 1
            } else {
                values[index] = 0
            }
        }
    }

    /// The magnitude bits of the `kept`-th largest entry and how many entries are larger, for `0 < kept <= count`.
    static func threshold(_ values: UnsafeBufferPointer<Float>, keeping kept: Int) -> (bits: UInt32, above: Int) {
        var above = 0
        /// The bin from the top in which the running count reaches `kept`.
        func bin(_ counts: [Int]) -> UInt32 {
            var bin = counts.count - 1
            while above + counts[bin] < kept {
                above += counts[bin]
                bin -= 1
            }
            return UInt32(bin)
        }
        var counts = [Int](repeating: 0, count: 1 << 16)
        counts.withUnsafeMutableBufferPointer { counts in
            for value in values { counts[Int((value.bitPattern & 0x7fff_ffff) >> 15)] += 1 }
        }
        let upper = bin(counts)
        counts = [Int](repeating: 0, count: 1 << 15)
        counts.withUnsafeMutableBufferPointer { counts in
            for value in values where (value.bitPattern & 0x7fff_ffff) >> 15 == upper {
                counts[Int(value.bitPattern & 0x7fff)] += 1
            }
        }
        return (upper << 15 | bin(counts), above)
    }
}
