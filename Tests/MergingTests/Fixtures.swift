import Checkpoints
import Foundation
import Merging
import Testing
import Torch

/// Adapters and results that `Tests/Oracles/merging.py` made with PEFT 0.21.2.
enum Fixture {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let folder = repository + "/Tests/Fixtures/Merging"
    static let oracle = repository + "/Tests/Oracles/merging.py"

    static func adapter(_ name: String) -> String { "\(folder)/\(name)" }

    static func expected(_ name: String) throws -> [String: StoredTensor] {
        try Safetensors(path: "\(folder)/expected/\(name).safetensors").tensors
    }

    struct Case: Decodable {
        let adapters: [String]
        let weights: [Double]
        let method: String
        let density: Double?
        let sign: String?
        let peftWrittenScale: Double

        enum CodingKeys: String, CodingKey {
            case adapters, weights, method, density, sign
            case peftWrittenScale = "peft_written_scale"
        }

        var inputs: [MergeInput] { zip(adapters, weights).map { MergeInput(folder: Fixture.adapter($0), weight: $1) } }

        func settings() throws -> MergeSettings {
            MergeSettings(
                method: try .named(method), density: density ?? 1, sign: sign.flatMap(SignElection.init) ?? .total)
        }
    }

    static func cases() throws -> [String: Case] {
        try JSONDecoder().decode([String: Case].self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/cases.json")))
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("retort-merging-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// scale · B·A of each module, in float64.
func deltas(_ folder: String) throws -> [String: [Double]] {
    let adapter = try AdapterFile.read(folder)
    return try adapter.tensors.mapValues { factors in
        let (a, b) = (try factors.a.floats().map(Double.init), try factors.b.floats().map(Double.init))
        let (rank, width) = (factors.a.shape[0], factors.a.shape[1])
        let module = try #require(AdapterFile.parse(factors.a.name)).module
        let scale = adapter.configuration.scale(of: module)
        return (0..<factors.b.shape[0]).flatMap { row in
            (0..<width).map { column in
                scale * (0..<rank).reduce(0) { $0 + b[row * rank + $1] * a[$1 * width + column] }
            }
        }
    }
}

/// The largest difference, relative to the largest expected entry.
func distance(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map(abs).max() ?? 0
    return (zip(found, expected).map { abs($0 - $1) }.max() ?? 0) / max(largest, .leastNormalMagnitude)
}

/// Writes a small adapter of float32 factors.
func writeAdapter(
    _ configuration: AdapterConfiguration, _ modules: [(path: String, a: [Float], b: [Float])], to folder: String
) throws {
    var contents: [String: [Float]] = [:]
    var entries: [Safetensors.Entry] = []
    for module in modules {
        let rank = configuration.rank(of: module.path)
        for (factor, values) in [(AdapterFile.Factor.a, module.a), (.b, module.b)] {
            let shape = factor == .a ? [rank, values.count / rank] : [values.count / rank, rank]
            entries.append(Safetensors.Entry(AdapterFile.tensorName(module.path, factor), .float32, shape))
            contents[AdapterFile.tensorName(module.path, factor)] = values
        }
    }
    try AdapterFile.write(configuration, entries, to: folder) { entry, sink in
        try (contents[entry.name] ?? []).withUnsafeBytes(sink)
    }
}
