import Foundation
import Testing
import Torch

@Suite struct FourBitMatrixTests {
    /// Numbers without a pattern that blocks could hide behind.
    private func numbers(_ count: Int, seed: UInt64 = 1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6364136223846793005 &+ 1442695040888963407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(1 << 31)
        }
    }

    private func difference(_ a: Tensor, _ b: Tensor) throws -> Float {
        zip(try a.floats(), try b.floats()).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// An element is at most half of the widest gap between two numbers of the table away from its number, times its block's
    /// scale: 0.152 · 1, and a little for the scale's own rounding.
    @Test(arguments: [[64, 128], [37, 45], [3, 64], [1, 1]]) func dequantisingComesCloseToTheWeight(shape: [Int]) throws {
        let weight = try Tensor(numbers(shape[0] * shape[1]), shape)
        let matrix = try FourBitMatrix(quantizing: weight)
        #expect(matrix.shape == shape && matrix.format == .nf4 && matrix.blockSize == 64)
        #expect(try difference(matrix.dequantized(to: .float32), weight) < 0.17)
        // The same numbers, rounded once.
        for type in [DType.bfloat16, .float16, .float64] {
            #expect(try matrix.dequantized(to: type).floats() == matrix.dequantized(to: .float32).to(dtype: type).floats())
        }
    }

    /// What is multiplied block by block is what dequantising and then multiplying gives: the kernel of one row, of several, with rows
    /// that do not fill a group of four, odd heights, and beyond the kernels' reach. Sums of up to 192 terms in another order.
    @Test(arguments: [1, 2, 5, 15, 16, 60], [[96, 64], [33, 192], [2, 128]]) func productsEqualThoseOfTheDequantisedWeight(rows: Int, shape: [Int]) throws {
        let matrix = try FourBitMatrix(quantizing: Tensor(numbers(shape[0] * shape[1]), shape))
        let x = try Tensor(numbers(rows * shape[1], seed: 2), [rows, shape[1]])
        let bias = try Tensor(numbers(shape[0], seed: 3), [shape[0]]), residual = try Tensor(numbers(rows * shape[0], seed: 4), [rows, shape[0]])
        let plain = try x.linear(matrix.dequantized(to: .float32))
        #expect(try difference(x.linear(matrix), plain) < 2e-5)
        #expect(try difference(x.linear(matrix, bias: bias), plain.adding(bias)) < 2e-5)
        #expect(try difference(x.linear(matrix, bias: bias, residual: residual), plain.adding(bias).adding(residual)) < 2e-5)
        let half = try x.to(dtype: .bfloat16).linear(matrix, residual: residual.to(dtype: .bfloat16))
        #expect(half.dtype == .bfloat16)
        #expect(try difference(half, plain.adding(residual)) < 0.2)
        let exact = try x.to(dtype: .float64)
        #expect(try difference(exact.linear(matrix), exact.linear(matrix.dequantized(to: .float64))) == 0)
    }

    @Test func plainScalesAndOtherFormatsAreRead() throws {
        // Two blocks of 32: byte 0x1F is code 1, then code 15.
        let packed = try Tensor([UInt8](repeating: 0x1F, count: 32), [32])
        for format in FourBitMatrix.Format.allCases {
            let matrix = FourBitMatrix(packed: packed, scales: .plain(try Tensor([Float(2), 3], [2])), format: format, blockSize: 32, shape: [4, 16])
            let values = try matrix.dequantized(to: .float32).floats()
            #expect(values[0] == format.table[1] * 2 && values[31] == format.table[15] * 2 && values[32] == format.table[1] * 3)
            #expect(matrix.byteCount == 32 + 8)
        }
    }

    @Test(arguments: [0, 70, 99]) func aWeightThatIsNoNumberIsRefused(place: Int) throws {
        for bad in [Float.nan, .infinity] {
            var values = numbers(100)
            values[place] = bad
            let error = #expect(throws: TorchError.self) { try FourBitMatrix(quantizing: Tensor(values, [10, 10])) }
            #expect("\(try #require(error))".contains("not numbers"))
        }
    }

    /// The last block's scale is next to nothing, and so its distance from the mean of all scales has no reciprocal.
    @Test(arguments: [Float(1e-38), 1e-40, 1e-42]) func scalesThatAreNextToNothingAreZero(last: Float) throws {
        var values = [Float](repeating: 0, count: 33 * 601)
        values[values.count - 1] = last
        let matrix = try FourBitMatrix(quantizing: Tensor(values, [33, 601]))
        #expect(try matrix.dequantized(to: .float32).floats().allSatisfy { abs($0) <= 1e-37 })
    }

    @Test func zerosStayZeros() throws {
        let matrix = try FourBitMatrix(quantizing: .zeros([8, 64]))
        #expect(try matrix.dequantized(to: .float32).floats().allSatisfy { $0 == 0 })
    }
}

/// Which of bitsandbytes' builds would be opened on a machine with a GPU; none is needed here.
@Suite struct BitsAndBytesFileTests {
    private let folder = NSTemporaryDirectory() + "retort-bitsandbytes-\(UUID().uuidString)"

    /// A site-packages with a PyTorch that says what it was built for, and the named builds of bitsandbytes.
    private func installation(_ version: String, builds: [String], package: String = "bitsandbytes") throws -> Installation {
        let files = FileManager.default
        try files.createDirectory(atPath: folder + "/torch/lib", withIntermediateDirectories: true)
        try files.createDirectory(atPath: folder + "/" + package, withIntermediateDirectories: true)
        try Data("__version__ = '2.13.0'\n\(version)\n".utf8).write(to: URL(fileURLWithPath: folder + "/torch/version.py"))
        let names = ["/torch/lib/libtorch_cpu.so", "/torch/lib/libtorch_cpu.dylib"] + builds.map { "/\(package)/libbitsandbytes_\($0).so" }
        for name in names { try Data().write(to: URL(fileURLWithPath: folder + name)) }
        return try #require(Installation.at(folder, source: "test"))
    }

    private let builds = ["cpu", "cuda118", "cuda124", "cuda128", "cuda130", "rocm64", "rocm70", "rocm714"]

    #if os(Linux)
    @Test(arguments: [
        ("cuda: Optional[str] = '12.8'", "cuda128"), ("cuda: Optional[str] = '12.6'", "cuda124"), ("cuda = '12.1'", "cuda124"),
        ("cuda = '13.2'", "cuda130"), ("cuda: Optional[str] = None\nhip: Optional[str] = '7.2.53150-abc'", "rocm70"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = '7.15.1'", "rocm714"), ("hip = '6.4'", "rocm64"),
    ]) func theBuildForThisPyTorchIsChosen(version: String, expected: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let torch = try installation(version, builds: builds)
        #expect(try BitsAndBytesFile.find(for: torch, environment: [:]) { nil } == "\(folder)/bitsandbytes/libbitsandbytes_\(expected).so")
    }

    @Test func aGivenFolderOrFileComesFirst() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let torch = try installation("cuda = '12.8'", builds: ["cuda128"], package: "other")
        let file = "\(folder)/other/libbitsandbytes_cuda128.so"
        for given in [folder + "/other", file] {
            #expect(try BitsAndBytesFile.find(for: torch, environment: ["RETORT_BITSANDBYTES": given]) { nil } == file)
        }
        #expect(try BitsAndBytesFile.find(for: torch, environment: [:]) { folder + "/other" } == file)
    }

    @Test func whatIsMissingIsSaid() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let torch = try installation("cuda = '11.8'", builds: ["cpu", "cuda128"])
        func message(_ environment: [String: String] = [:]) -> String {
            do { return try BitsAndBytesFile.find(for: torch, environment: environment) { nil } } catch { return "\(error)" }
        }
        #expect(message().contains("no build for CUDA 11.8 (found: libbitsandbytes_cpu.so, libbitsandbytes_cuda128.so)"))
        #expect(message(["RETORT_BITSANDBYTES": folder + "/none.so"]).contains("none.so, which is not there"))
        #expect(message(["RETORT_BITSANDBYTES": folder + "/torch"]).contains("holds no libbitsandbytes_*"))
        try FileManager.default.removeItem(atPath: folder + "/bitsandbytes")
        #expect(message().contains("pip install bitsandbytes"))
    }
    #endif
}
