import Foundation
import Groundwork
import Questions

/// One topic of a topics file, with the area it stands under.
public struct Topic: Codable, Sendable, Hashable, CustomStringConvertible {
    public var area: String
    public var topic: String

    public init(area: String, topic: String) {
        self.area = area
        self.topic = topic
    }

    public var description: String { "\(area): \(topic)" }

    /// Reads `{"Area": ["topic", …], …}`; areas in alphabetical order, topics in the file's, none twice.
    /// - Throws: `FileError`, or `AgentError` if the file holds something else or no topic at all.
    public static func read(_ path: String) throws -> [Topic] {
        let areas: [String: [String]]
        do {
            areas = try JSONDecoder().decode([String: [String]].self, from: WholeFile.read(path))
        } catch let error as DecodingError {
            throw AgentError.topicsFile(path: path, reason: reason(error))
        }
        var seen: Set<Topic> = []
        let topics = areas.keys.sorted().flatMap { area in areas[area, default: []].map { Topic(area: area, topic: $0) } }
            .filter { StringWriter.saysSomething(AnswerFormat.sanitise($0.topic)) && seen.insert($0).inserted }
        guard !topics.isEmpty else { throw AgentError.topicsFile(path: path, reason: "it names no topic") }
        return topics
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
            return place.isEmpty ? context.debugDescription : "at \(place): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }

    /// `count` topics to ask about: all of them in a random order, and again from the start when there are too few.
    public static func chosen(_ count: Int, from topics: [Topic], seed: UInt64) -> [Topic] {
        precondition(!topics.isEmpty || count == 0, "no topics to choose from")
        var chosen: [Topic] = []
        var round: UInt64 = 0
        while chosen.count < count {
            var random = CounterRandom(seed: seed, phase: "topics", step: round)
            chosen += random.shuffled(topics).prefix(count - chosen.count)
            round += 1
        }
        return chosen
    }
}
