import Agents
import Transformers

/// Samples until the model ends its turn, the limit is reached, or the clock leaves no time for another step.
final class ChatGuide: Guide {
    private let settings: AgentSettings
    private let ends: Set<Int>
    private let deadline: Deadline
    private var stepBegan: Duration?
    private var slowestStep = Duration.zero
    private(set) var ids: [Int] = []
    private(set) var ending: Ending?

    init(settings: AgentSettings, ends: Set<Int>, deadline: Deadline) {
        self.settings = settings
        self.ends = ends
        self.deadline = deadline
    }

    func next() -> Demand {
        if ending == nil, ids.count >= settings.maxNewTokens { ending = .tokenLimit }
        if ending == nil, let left = deadline.remaining, left < slowestStep * 2 + (deadline.limit ?? .zero) / 50 { ending = .deadline }
        if ending != nil { return .finish }
        stepBegan = deadline.clock.now()
        return .sample(settings.sampling, nil)
    }

    func sampled(_ token: Int) {
        // The first step computes the prompt too and says little about the next.
        if let stepBegan, !ids.isEmpty { slowestStep = max(slowestStep, deadline.clock.now() - stepBegan) }
        if ends.contains(token) {
            ending = .endToken
        } else {
            ids.append(token)
        }
    }

    func scored(_ logProbabilities: [Float]) {}
}
