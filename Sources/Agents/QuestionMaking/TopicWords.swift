import Questions

/// Whether a question is on its topic, as far as words tell: it may not speak of another topic of the list and of its own not at all.
/// A question that shares no word with any topic passes, since "What is 7 + 5?" is on addition; what words cannot tell stays open.
package struct TopicWords {
    private let topics: [(topic: Topic, stems: Set<String>)]
    /// Stems of a topic that no topic of another area has.
    private let shared: [String: Set<String>]

    package init(_ topics: [Topic]) {
        var seen: Set<Topic> = []
        self.topics = topics.filter { seen.insert($0).inserted }.map { ($0, Self.stems(of: $0.topic + " " + $0.area)) }
        var areas: [String: Set<String>] = [:]
        for (topic, stems) in self.topics { for stem in stems { areas[stem, default: []].insert(topic.area) } }
        shared = areas
    }

    /// Why `question` is not on `topic`; nil if words do not tell.
    package func objection(to question: AgentQuestion, on topic: Topic) -> String? {
        let own = Self.stems(of: topic.topic + " " + topic.area)
        let said = Self.stems(of: ([question.question] + question.choiceTexts + [question.explanation ?? ""]).joined(separator: " "))
        if !said.isDisjoint(with: own) { return nil }
        // Two words of another area's topic are no chance.
        for (other, stems) in topics where other.area != topic.area {
            let found = said.intersection(stems.filter { shared[$0]?.contains(topic.area) == false })
            if found.count >= 2 {
                return "no word of its topic, but \(found.sorted().joined(separator: ", ")) of \(other.topic)"
            }
        }
        return nil
    }

    private static let empty: Set<String> = [
        "with", "from", "that", "this", "what", "which", "their", "these", "those", "about", "basic", "common", "world", "simple", "other",
        "following", "type", "types", "between", "into",
    ]

    /// The first five letters of each word of four letters and more.
    static func stems(of text: String) -> Set<String> {
        let words = text.lowercased().split { !$0.isLetter }.filter { $0.count >= 4 && !empty.contains(String($0)) }
        return Set(words.map { String($0.prefix(5)) })
    }
}
