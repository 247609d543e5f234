import Groundwork
import Questions

/// Questions whose answers are known to be right and that pass the tournament's checks: what a question agent gives when its
/// own question is not finished in time. Each is given once before any comes again.
public struct QuestionPool {
    private let questions: [Question]
    private var used: Set<Int> = []
    private var random: CounterRandom

    /// Keeps those of `questions` that pass the format check.
    public init(_ questions: [Question], seed: UInt64 = 0, tokens: (String) -> Int) {
        self.questions = questions.filter { FormatCheck.question(AgentQuestion($0), tokens: tokens).isEmpty }
        random = CounterRandom(seed: seed, phase: "pool")
    }

    public var count: Int { questions.count }

    /// A question as near to `topic` as the pool has one: the same topic, else the same subject or domain, else any.
    public mutating func take(for topic: Topic) -> Question? {
        guard !questions.isEmpty else { return nil }
        if used.count == questions.count { used = [] }
        let free = questions.indices.filter { !used.contains($0) }
        let wanted = [topic.topic, topic.area].map(Fingerprint.normalised)
        func nearness(_ question: Question) -> Int {
            if wanted[0] == Fingerprint.normalised(question.topic) { return 2 }
            return wanted.contains(Fingerprint.normalised(question.subject)) || wanted.contains(question.domain.rawValue) ? 1 : 0
        }
        let best = free.map { nearness(questions[$0]) }.max() ?? 0
        let index = random.element(of: free.filter { nearness(questions[$0]) == best })
        used.insert(index)
        return questions[index]
    }
}
