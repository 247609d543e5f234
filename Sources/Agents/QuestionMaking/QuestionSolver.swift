import Groundwork
import Questions

/// Lets an answer agent solve drafted questions several times over, under shuffled choices, all in one batch.
struct QuestionSolver {
    let agent: AnswerAgent

    /// - Parameters:
    ///   - times: solves of each question.
    ///   - limit: the time for all of them; nil for no limit.
    /// - Returns: a tally for each question, empty where the question is not in form.
    func solve(_ questions: [AgentQuestion], times: Int, limit: Duration?, seed: UInt64) throws -> [SolveTally] {
        var tallies = [SolveTally](repeating: SolveTally(), count: questions.count)
        var asked: [Question] = [], places: [(index: Int, order: [Int])] = []
        for (index, question) in questions.enumerated() {
            for order in ChoiceOrders.drawn(times, seed: streamSeed(seed, "solve", index)) {
                guard let shuffled = question.reordered(order).asQuestion(id: "\(index)", source: "question agent") else { continue }
                asked.append(shuffled)
                places.append((index, order))
            }
        }
        guard !asked.isEmpty else { return tallies }
        let records = try agent.answer(asked, deadline: limit, seed: seed, together: asked.count)
        for (record, place) in zip(records, places) {
            tallies[place.index].add(order: place.order, logProbabilities: record.logProbabilities)
        }
        return tallies
    }
}
