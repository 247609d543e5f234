import Agents
import Questions
import Testing

@Suite struct PlanTests {
    private var review: QuestionReview { QuestionReview(candidates: 8) }

    @Test func withoutADeadlineNothingIsLeftOut() {
        #expect(MakingPace().plan(topics: 3, review: review, remaining: nil) == MakingPlan(candidates: 8, draftLimit: nil))
        #expect(MakingPace().passes(.solve, of: 8, wanted: 4, remaining: nil) == 4)
    }

    @Test func aSlowPaceMeansFewerDraftsAndFewerSolves() {
        var pace = MakingPace()
        pace.note(.draft, streams: 8, .seconds(8))
        #expect(pace.plan(topics: 1, review: review, remaining: .seconds(10)).candidates == 8)
        let fewer = pace.plan(topics: 1, review: review, remaining: .seconds(7)).candidates
        #expect(fewer < 8 && fewer > 1)
        #expect(pace.plan(topics: 1, review: review, remaining: .seconds(1)).candidates == 1)
        #expect(pace.plan(topics: 4, review: review, remaining: .seconds(10)).candidates < 8)
        pace.note(.solve, streams: 8, .seconds(2))
        #expect(pace.passes(.solve, of: 8, wanted: 4, remaining: .seconds(9)) == 4)
        #expect(pace.passes(.solve, of: 8, wanted: 4, remaining: .seconds(5)) == 2)
        #expect(pace.passes(.solve, of: 8, wanted: 4, remaining: .seconds(1)) == 0)
        #expect(pace.passes(.solve, of: 8, wanted: 4, remaining: .seconds(-1)) == 0)
    }

    @Test func estimatesGrowWithTheStreams() throws {
        var pace = MakingPace()
        #expect(pace.estimate(.draft, streams: 4) == nil && pace.estimate(.draft, streams: 0) == .zero)
        pace.note(.draft, streams: 4, .seconds(4))
        #expect(pace.estimate(.draft, streams: 8) == .seconds(8) && pace.estimate(.draft, streams: 2) == .seconds(3))
        // A stage with nothing to do teaches nothing.
        pace.note(.draft, streams: 0, .zero)
        #expect(pace.estimate(.draft, streams: 4) == .seconds(4))
    }
}
