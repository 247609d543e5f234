import Foundation
import Testing

import Evaluation

@Suite struct BakeoffTests {
    private func measured(_ name: String, _ right: [Bool]) -> (entry: Bakeoff.Entry, result: EvaluationResult) {
        let result = EvaluationResult(model: name, adapter: nil, style: "s", records: right.enumerated().map { index, right in
            EvaluationRecord(
                question("q\(index)", text: "Question \(index)", answer: .A), logProbabilities: right ? [-1, -2, -2, -2] : [-2, -1, -1, -1], tokens: 0,
                finished: true, promptTokens: 10, seconds: 0.5)
        })
        return (Bakeoff.Entry(name: name, result: result, questionsPerSecond: 2, peakMemory: 1_500_000_000, deviceMemory: nil), result)
    }

    private let weak = (0..<100).map { $0 < 30 }
    private let strong = (0..<100).map { $0 < 60 }
    private let equal = (0..<100).map { $0 >= 2 && $0 < 60 }

    @Test func theBestStandsFirstAndTheOthersAreHeldAgainstIt() throws {
        let bakeoff = try Bakeoff([measured("weak", weak), measured("equal", equal), measured("strong", strong)], minimumQuestions: 100)
        #expect(bakeoff.entries.map(\.name) == ["strong", "equal", "weak"])
        #expect(bakeoff.pairs.map { "\($0.first) \($0.second) \($0.finding.word)" } == [
            "strong equal no evidence", "strong weak worse", "equal weak worse",
        ])
        #expect(bakeoff.conclusion.hasPrefix("strong has the highest accuracy; not proven worse: equal (a difference of this size shows on about"))
        #expect(bakeoff.table.contains("1.50 GB") && bakeoff.table.contains("-30.0 ("))
        // Three pairs: Holm's correction takes the smallest p three times.
        let smallest = bakeoff.pairs[1].finding
        #expect(abs(smallest.correctedP - 3 * smallest.pair.p) < 1e-15)
    }

    @Test func whoBeatsAllIsSaidToBeBetter() throws {
        let proven = try Bakeoff([measured("weak", weak), measured("strong", strong)], minimumQuestions: 100)
        #expect(proven.conclusion == "strong is better than every other model here")
        let few = try Bakeoff([measured("weak", weak), measured("strong", strong)])
        #expect(few.pairs[0].finding.word == "indication (worse)" && few.conclusion.contains("not proven worse: weak (indication (worse): too few questions for a verdict)"))
    }

    @Test func fewQuestionsWithoutADifferenceHaveAWideInterval() throws {
        let (first, second) = (measured("one", [true, true, true]), measured("other", [true, true, true]))
        #expect(try Bakeoff([first, second]).table.contains("+0.0 (matched pairs -39.2 to +39.2)"))
        #expect(try Comparison(first: first.result, second: second.result).table.contains("  +0.0  matched pairs -39.2 to +39.2  "))
    }

    @Test func oneOrNoneIsNoContest() throws {
        #expect(try Bakeoff([measured("strong", strong)]).conclusion == "strong was measured alone")
        #expect(try Bakeoff([]).entries.isEmpty)
        #expect(throws: EvaluationError.self) { try Bakeoff([measured("a", strong), measured("b", Array(strong.dropLast()))]) }
    }
}
