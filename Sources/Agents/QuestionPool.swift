import Groundwork
import Questions

/// Questions whose answers are known to be right and that pass the tournament's checks: what a question agent gives when none of
/// its own is finished in time and judged fair. Each is given once before any comes again.
public struct QuestionPool {
    public struct Entry: Sendable {
        public let question: Question
        public let origin: QuestionOrigin
    }

    private let entries: [Entry]
    private let stems: [Set<String>]
    /// Of everything that a question says.
    private let said: [Set<String>]

    /// Keeps those questions that pass the format check.
    /// - Parameter builtIn: whether the generator's questions stand in where a file has none on a topic.
    public init(_ questions: [Question], builtIn: Bool = false, tokens: (String) -> Int) {
        let all = questions.map { Entry(question: $0, origin: .pool) }
            + (builtIn ? Self.generated.map { Entry(question: $0, origin: .builtIn) } : [])
        entries = all.filter { FormatCheck.question(AgentQuestion($0.question), tokens: tokens).isEmpty }
        stems = entries.map { TopicWords.stems(of: $0.question.topic + " " + $0.question.subject.replacing("_", with: " ")) }
        said = entries.map { TopicWords.stems(of: ([$0.question.question] + $0.question.choices + [$0.question.explanation ?? ""]).joined(separator: " ")) }
    }

    public var count: Int { entries.count }

    /// Some questions of every family that the generator has; always the same ones.
    static let generated: [Question] = Domain.specialist.flatMap { domain in
        let wanted = 4 * QuestionGenerator.families(in: domain).count
        // A table that holds fewer makes the others give more; only all tables together could be too small.
        return (try? QuestionGenerator.generate(domain: domain, count: wanted, seed: 1)) ?? []
    }

    /// A question as near to `topic` as the pool has one: the same topic, else one whose topic shares words with it, else one that uses words of
    /// it, else the same subject, else the same domain, else any. Among equals one of the file comes before one that is built in.
    public func take(for topic: Topic, memory: QuestionMemory, seed: UInt64) -> Entry? {
        guard !entries.isEmpty else { return nil }
        let wanted = [topic.topic, topic.area].map(Fingerprint.normalised)
        let words = TopicWords.stems(of: topic.topic)
        let domain = [topic.topic, topic.area].map { DomainMap.standard[$0] }.first { $0 != .other }
        func nearness(_ index: Int) -> Int {
            let entry = entries[index], question = entry.question
            let own = entry.origin == .pool ? 1 : 0
            if wanted[0] == Fingerprint.normalised(question.topic) { return 100 + own }
            let shared = stems[index].intersection(words).count
            if shared > 0 { return 20 + 2 * min(shared, 10) + own }
            let isNear = wanted.contains(question.domain.rawValue) || (domain != nil && question.domain == domain)
            // One word in common says little where the domain is another.
            let used = said[index].intersection(words).count
            if used > 1 || (used == 1 && (isNear || domain == nil)) { return 6 + 2 * min(used, 5) + own }
            if wanted.contains(Fingerprint.normalised(question.subject)) { return 4 + own }
            return (isNear ? 2 : 0) + own
        }
        let index = memory.take(of: entries.count) { free in
            let ranked = free.map { (index: $0, nearness: nearness($0)) }
            let best = ranked.map(\.nearness).max() ?? 0
            var random = CounterRandom(seed: seed, phase: "pool")
            return random.element(of: ranked.filter { $0.nearness == best }).index
        }
        return entries[index]
    }
}
