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
        let found = threshold(UnsafeBufferPointer(values), keeping: kept)
        trim(values, below: found.bits)
        var excess = found.above + found.equal - kept
        var index = values.count
        while excess > 0 {
            index -= 1
            if values[index].bitPattern & magnitude == found.bits {
                values[index] = 0
                excess -= 1
            }
        }
    }

    /// Sets the entries whose magnitude bits are below `threshold` to zero.
    package static func trim(_ values: UnsafeMutableBufferPointer<Float>, below threshold: UInt32) {
        guard let start = values.baseAddress else { return }
        for index in 0..<values.count {
            let bits = start[index].bitPattern
            start[index] = Float(bitPattern: bits & magnitude >= threshold ? bits : 0)
        }
    }

    /// Sets the `dropped` entries of largest magnitude to zero; of equal ones the first go.
    package static func dropLargest(_ values: UnsafeMutableBufferPointer<Float>, _ dropped: Int) {
        guard dropped > 0 else { return }
        let found = threshold(UnsafeBufferPointer(values), keeping: min(dropped, values.count))
        var equal = dropped - found.above
        for index in values.indices {
            let bits = values[index].bitPattern & magnitude
            guard bits > found.bits || bits == found.bits && equal > 0 else { continue }
            if bits == found.bits { equal -= 1 }
            values[index] = 0
        }
    }

    static let magnitude: UInt32 = 0x7fff_ffff

    /// The magnitude bits of the `kept`-th largest entry, how many entries are larger and how many as large, for `0 < kept <= count`.
    static func threshold(_ values: UnsafeBufferPointer<Float>, keeping kept: Int) -> (bits: UInt32, above: Int, equal: Int) {
        var selection = ThresholdSelection()
        while !selection.isFinished {
            selection.add(selection.histogram(of: values))
            selection.advance(keeping: kept)
        }
        return (selection.bits, selection.above, selection.equal)
    }
}

/// Finds the magnitude bits of the k-th largest of entries that come in pieces: the histograms of all pieces are added, then
/// `advance` is called; twice in all.
struct ThresholdSelection: Sendable {
    private var counts: [Int] = []
    private var upper: UInt32?
    /// The result, once `isFinished`.
    private(set) var bits: UInt32 = 0
    private(set) var above = 0
    private(set) var equal = 0
    private(set) var isFinished = false
    /// Entries seen in the first pass.
    private(set) var total = 0

    /// How many of `values` lie in each bin of the present pass.
    func histogram(of values: UnsafeBufferPointer<Float>) -> [Int] {
        var counts = [Int](repeating: 0, count: upper == nil ? 1 << 16 : 1 << 15)
        counts.withUnsafeMutableBufferPointer { counts in
            if let upper {
                for value in values where (value.bitPattern & Trimming.magnitude) >> 15 == upper {
                    counts[Int(value.bitPattern & 0x7fff)] &+= 1
                }
            } else {
                for value in values { counts[Int((value.bitPattern & Trimming.magnitude) >> 15)] &+= 1 }
            }
        }
        return counts
    }

    mutating func add(_ histogram: [Int]) {
        if upper == nil { total += histogram.reduce(0, +) }
        if counts.isEmpty {
            counts = histogram
        } else {
            for index in counts.indices { counts[index] += histogram[index] }
        }
    }

    mutating func advance(keeping kept: Int) {
        precondition(kept > 0, "the first is the largest")
        // The bin from the top in which the running count reaches `kept`.
        var bin = counts.count - 1
        while above + counts[bin] < kept, bin > 0 {
            above += counts[bin]
            bin -= 1
        }
        if let upper {
            bits = upper << 15 | UInt32(bin)
            equal = counts[bin]
            isFinished = true
        } else {
            upper = UInt32(bin)
            counts = []
        }
    }
}
