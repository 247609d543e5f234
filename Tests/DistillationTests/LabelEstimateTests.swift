import Distillation
import Foundation
import Questions
import Testing

@Suite struct LabelEstimateTests {
    let questions = (0..<10).map { Question.sample($0) }

    @Test func boundsWhatWasNeverMeasured() throws {
        let estimate = try LabelEstimate(
            .questions(questions), into: "/nowhere/labels.jsonl", rules: AskingRules(rotations: 2, samples: 3, hint: true), maximumTokens: 100,
            slots: 4, rates: .init(inputPrice: 1, outputPrice: 2, tokensPerSecond: 50))
        #expect(estimate.left == 10 && estimate.replies == 60 && estimate.completionTokens == 6000 && estimate.measuredOn == 0)
        #expect(estimate.seconds == 120)
        let money = try #require(estimate.money)
        #expect(abs(money - (Double(estimate.promptTokens) + 12_000) / 1e6) < 1e-12)
        #expect(estimate.description.contains("at most"))
    }

    @Test func measuresOnTheLabelsThatAreThere() throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let provenance = LabelProvenance(teacher: "t", way: .free, promptHash: "", sampling: .greedy, maximumTokens: 9, seed: 0)
        let file = try LabelFile(continuing: path, provenance: provenance)
        for question in questions.prefix(2) {
            let answer = TeacherAnswer(
                to: Asking(question), reasoning: "So.", letterLogProbabilities: nil, ending: .finished, promptTokens: 40, completionTokens: 30,
                reasoningTokens: 10, seconds: 2)
            try file.append(Label(
                question: question, reasoning: "So.", letterLogProbabilities: nil, letter: .A, ending: .finished, tokens: 10, seconds: 2,
                answers: [answer], provenance: provenance))
        }
        try file.flush()
        let estimate = try LabelEstimate(
            .questions(questions), into: path, rules: AskingRules(), maximumTokens: 1000, slots: 4, rates: .init(outputPrice: 10))
        #expect(estimate.questions == 10 && estimate.left == 8 && estimate.measuredOn == 2)
        #expect(estimate.replies == 8 && estimate.promptTokens == 320 && estimate.completionTokens == 240)
        #expect(estimate.seconds == 4 && estimate.money == 0.0024)
    }
}
