/// What is done for a batch of questions, one after the other, within its deadline.
package enum MakingStage: Hashable {
    case draft, solve, rank, explain
}

/// How many drafts of each topic, and how long they may take.
package struct MakingPlan: Equatable {
    package var candidates: Int
    /// Nil without a deadline.
    package var draftLimit: Duration?

    package init(candidates: Int, draftLimit: Duration?) {
        self.candidates = candidates
        self.draftLimit = draftLimit
    }
}

/// How long each stage took the last time, so that the next batch is planned to end in time.
package struct MakingPace {
    private var last: [MakingStage: (streams: Int, duration: Duration)] = [:]

    package init() {}

    package mutating func note(_ stage: MakingStage, streams: Int, _ duration: Duration) {
        if streams > 0 { last[stage] = (streams, duration) }
    }

    /// The expected time of a stage; nil before it was measured. More streams take their share more; of fewer only half the time
    /// goes with their number, since every step of a batch costs something.
    package func estimate(_ stage: MakingStage, streams: Int) -> Duration? {
        guard streams > 0 else { return .zero }
        guard let (known, duration) = last[stage] else {
            // Another stage costs each of its streams less than half a draft: its prompt and a few tokens.
            return stage == .draft ? nil : last[.draft].map { $0.duration * (Double(streams) / Double(2 * $0.streams)) }
        }
        let ratio = Double(streams) / Double(known)
        return duration * (ratio >= 1 ? ratio : (1 + ratio) / 2)
    }

    /// The most drafts, up to the review's, with which everything fits into nine tenths of what remains.
    package func plan(topics: Int, review: QuestionReview, remaining: Duration?) -> MakingPlan {
        guard let remaining else { return MakingPlan(candidates: review.candidates, draftLimit: nil) }
        for candidates in stride(from: review.candidates, through: 1, by: -1) {
            let later = judging(candidates * topics, review) + (estimate(.explain, streams: topics) ?? .zero)
            guard let draft = estimate(.draft, streams: candidates * topics) else {
                // Nothing is known yet: drafts may take what judging most likely leaves.
                return MakingPlan(candidates: candidates, draftLimit: remaining * (review.solver == nil ? 0.85 : 0.55))
            }
            if draft + later <= remaining * 0.9 || candidates == 1 {
                // A single draft is better whole than solved: a computed answer needs no solving.
                return MakingPlan(candidates: candidates, draftLimit: max(remaining * 0.95 - later, min(draft * 1.2, remaining * 0.8)))
            }
        }
        return MakingPlan(candidates: 1, draftLimit: remaining)
    }

    /// The time to solve and rank so many drafts.
    private func judging(_ drafts: Int, _ review: QuestionReview) -> Duration {
        let solve = review.solver == nil ? Duration.zero : estimate(.solve, streams: drafts * review.solves) ?? .zero
        let rank = review.opponent == nil ? Duration.zero : estimate(.rank, streams: drafts * review.opponentOrders) ?? .zero
        return solve + rank
    }

    /// The most passes over each of `drafts`, up to `wanted`, that `remaining` has time for.
    package func passes(_ stage: MakingStage, of drafts: Int, wanted: Int, remaining: Duration?) -> Int {
        guard let remaining else { return wanted }
        guard remaining > .zero else { return 0 }
        return (0...wanted).last { (estimate(stage, streams: drafts * $0) ?? .zero) <= remaining } ?? 0
    }
}
