import Groundwork
import Testing

import Merging

@Suite struct TrimmingTests {
    private func trimmed(_ values: [Float], keeping kept: Int) -> [Float] {
        var values = values
        values.withUnsafeMutableBufferPointer { Trimming.trim($0, keeping: kept) }
        return values
    }

    /// The same by sorting: by falling magnitude, earlier entries first.
    private func sorted(_ values: [Float], keeping kept: Int) -> [Float] {
        let order = values.indices.sorted { (abs(values[$0]), $1) > (abs(values[$1]), $0) }
        let keep = Set(order.prefix(kept))
        return values.indices.map { keep.contains($0) ? values[$0] : 0 }
    }

    @Test func keepsTheLargest() {
        #expect(trimmed([0.5, -3, 2, -0.25, 1], keeping: 2) == [0, -3, 2, 0, 0])
    }

    @Test func ofEqualMagnitudesTheFirstStay() {
        #expect(trimmed([1, -2, 2, -1, 1, 2], keeping: 4) == [1, -2, 2, 0, 0, 2])
        #expect(trimmed([0, 0, 0], keeping: 2) == [0, 0, 0])
    }

    @Test func extremes() {
        #expect(trimmed([1, 2], keeping: 0) == [0, 0])
        #expect(trimmed([1, 2], keeping: 2) == [1, 2])
        #expect(trimmed([], keeping: 0) == [])
        let subnormal = Float.leastNonzeroMagnitude
        #expect(trimmed([subnormal, 0, -.greatestFiniteMagnitude, 2 * subnormal], keeping: 2)
            == [0, 0, -.greatestFiniteMagnitude, 2 * subnormal])
    }

    @Test(arguments: [1, 7, 100, 499, 500])
    func agreesWithSorting(kept: Int) {
        var random = CounterRandom(seed: 3, phase: "trimming", step: UInt64(kept))
        let spread = (0..<500).map { _ in Float(random.normal() * 0.02) }
        #expect(trimmed(spread, keeping: kept) == sorted(spread, keeping: kept))
        // Many equal magnitudes, and many that share their upper bits.
        let coarse = (0..<500).map { _ in Float(random.integer(in: -3...3)) }
        #expect(trimmed(coarse, keeping: kept) == sorted(coarse, keeping: kept))
        let close = (0..<500).map { _ in 1 + Float(random.integer(in: -20...20)) * Float.ulpOfOne }
        #expect(trimmed(close, keeping: kept) == sorted(close, keeping: kept))
    }
}
