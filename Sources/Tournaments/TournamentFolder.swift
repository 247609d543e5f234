import ContentHash
import Foundation
import Groundwork

/// What a tournament's results depend on: another one may not continue it.
public struct TournamentSetup: Codable, Sendable, Hashable {
    public struct Entrant: Codable, Sendable, Hashable {
        public var name: String
        /// The model with its content, adapter, mode and settings; an address; a command's folder.
        public var identity: String
    }

    public var plan: TournamentPlan
    public var teams: [Entrant]
    /// SHA-256 of the topics, of the benchmark's questions, and who counts tokens.
    public var topics: String
    public var benchmark: String
    public var tokenizer: String

    /// Where `self` and an earlier setup differ; nil if nowhere.
    func difference(from earlier: TournamentSetup) -> String? {
        if teams.map(\.name) != earlier.teams.map(\.name) { return "teams are \(earlier.teams.map(\.name).joined(separator: ", "))" }
        for (mine, theirs) in zip(teams, earlier.teams) where mine != theirs { return "team \(mine.name) is \(theirs.identity)" }
        if plan != earlier.plan { return "format, rules, number of matches or seed are others" }
        if topics != earlier.topics { return "topics are others" }
        if benchmark != earlier.benchmark { return "benchmark is another" }
        return tokenizer != earlier.tokenizer ? "tokens are counted by \(earlier.tokenizer)" : nil
    }
}

/// Where a tournament lies: `setup.json`, `events.jsonl` (everything, appended as it happens), `matches/A+B+1.json` (a finished match
/// each, whole), `results.json`, `table.txt`, `table.md`.
struct TournamentFolder {
    let path: String
    private let events: LineFile
    private let encoder = JSONEncoder()

    /// - Throws: `TournamentError.other` if another tournament lies there, `FileError`.
    init(_ path: String, setup: TournamentSetup) throws {
        self.path = path
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let place = path + "/setup.json"
        if FileManager.default.fileExists(atPath: place) {
            guard let earlier = try? JSONDecoder().decode(TournamentSetup.self, from: WholeFile.read(place)) else {
                throw TournamentError.other(folder: path, what: "setup.json cannot be read")
            }
            if let what = setup.difference(from: earlier) { throw TournamentError.other(folder: path, what: what) }
        } else {
            try Self.write(setup, to: place)
        }
        events = try LineFile(appendingTo: path + "/events.jsonl")
    }

    /// Questions and answers are on the disk when this returns.
    func append(_ event: TournamentEvent) throws {
        try events.append(String(decoding: encoder.encode(event), as: UTF8.self))
        try events.flush()
    }

    /// Where a match lies, seen from the folder.
    static func file(_ first: String, _ second: String, _ number: Int) -> String { "matches/\(first)+\(second)+\(number).json" }

    /// - Returns: nil if it was not played to its end yet.
    func match(_ first: String, _ second: String, _ number: Int) throws -> MatchResult? {
        let file = "\(path)/" + Self.file(first, second, number)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        guard let result = try? JSONDecoder().decode(MatchResult.self, from: WholeFile.read(file)), result.teams.map(\.name) == [first, second],
            result.innings.count == 2
        else { throw TournamentError.damaged(path: file, reason: "it holds no match of \(first) and \(second)") }
        return result
    }

    func keep(_ result: MatchResult, _ first: String, _ second: String, _ number: Int) throws {
        try Self.write(result, to: "\(path)/" + Self.file(first, second, number))
    }

    func keep(_ result: TournamentResult) throws {
        try Self.write(result, to: path + "/results.json")
        try WholeFile.write(result.text + "\n", to: path + "/table.txt")
        try WholeFile.write(result.markdown + "\n", to: path + "/table.md")
    }

    private static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(value) + Data("\n".utf8), to: path)
    }
}
