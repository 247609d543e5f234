import Foundation

/// What `Tests/Oracles/evaluation_statistics.py` wrote.
struct StatisticsFixture: Decodable {
    struct Pair: Decodable {
        let both: Int, onlyFirst: Int, onlySecond: Int, neither: Int
        let p: Double, lower: Double, upper: Double
        let needed: Int?
        var count: Int { both + onlyFirst + onlySecond + neither }
    }
    struct Holm: Decodable { let p: [Double], corrected: [Double] }
    struct Group: Decodable { let counts: [[Int]], standardError: Double }
    struct Calibration: Decodable {
        let logProbabilities: [[Float]]
        let answers: [Int]
        let accuracy: Double, ece: Double, brier: Double
        let bins: [Int]
    }
    let pairs: [Pair]
    let holm: [Holm]
    let groups: [Group]
    let calibration: Calibration

    static func read() throws -> StatisticsFixture {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try JSONDecoder().decode(
            StatisticsFixture.self, from: Data(contentsOf: tests.appendingPathComponent("Fixtures/Evaluation/statistics.json")))
    }
}

/// A folder that is gone when the test is.
final class Scratch {
    let path = NSTemporaryDirectory() + "retort-evaluation-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}
