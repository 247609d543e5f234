import Foundation
import Testing

import Merging

/// A Python with PEFT: `RETORT_PYTHON`, or the `.venv` of this checkout.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["RETORT_PYTHON"], Fixture.repository + "/.venv/bin/python"]
    return candidates.compactMap { $0 }.first { path in
        (try? run(path, ["-c", "import importlib.util as i, sys; sys.exit(not all(map(i.find_spec, ['peft', 'transformers'])))"]).status) == 0
    }
}()

private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, data)
}

@Suite(.enabled(if: python != nil, "needs a Python with peft: set RETORT_PYTHON"))
struct PEFTTests {
    private struct Verdict: Decodable {
        let modules: Int
        let worst: Double
    }

    private func check(_ pairs: [(folder: String, expected: String)]) throws -> [Verdict] {
        let files = pairs.flatMap { [$0.folder, "\(Fixture.folder)/expected/\($0.expected).safetensors"] }
        let result = try run(try #require(python), [Fixture.oracle, "check"] + files)
        #expect(result.status == 0)
        return try JSONDecoder().decode([Verdict].self, from: result.output)
    }

    /// PEFT loads the adapter, misses nothing in it, and computes the same deltas from it as from the one that went in.
    @Test func loadsWhatWasMerged() throws {
        let folder = try TemporaryFolder()
        try AdapterMerge.run([MergeInput(folder: Fixture.adapter("stable"))], to: folder("one"))
        // Twice the same: the scale moves into the factors, ranks and alphas into patterns.
        let mixed = MergeInput(folder: Fixture.adapter("mixed"))
        try AdapterMerge.run([mixed, mixed], settings: MergeSettings(density: 1), to: folder("two"))
        let verdicts = try check([(folder("one"), "delta-stable"), (folder("two"), "delta-mixed")])
        #expect(verdicts.map(\.modules) == [6, 4])
        #expect(verdicts[0].worst == 0)
        #expect(verdicts[1].worst < 1e-6)
    }
}
