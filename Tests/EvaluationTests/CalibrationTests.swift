import Foundation
import Questions
import Testing

import Evaluation

@Suite struct CalibrationTests {
    @Test func errorAndBrierAreNumpys() throws {
        let expected = try StatisticsFixture.read().calibration
        let records = zip(expected.logProbabilities, expected.answers).enumerated().map { index, pair in
            EvaluationRecord(
                question("\(index)", answer: Letter.allCases[pair.1]), logProbabilities: pair.0, tokens: 0, finished: true)
        }
        let calibration = Calibration(records)
        #expect(abs(calibration.expectedError - expected.ece) < 1e-6)
        #expect(abs(calibration.brier - expected.brier) < 1e-6)
        #expect(calibration.bins.map(\.accuracy.count) == expected.bins.filter { $0 > 0 })
        #expect(calibration.mostConfident.last?.accuracy.value == expected.accuracy)
        #expect(calibration.mostConfident.map(\.accuracy.count) == [6, 15, 30, 60])
        #expect(calibration.mostConfident.map(\.confidence) == calibration.mostConfident.map(\.confidence).sorted(by: >))
    }

    @Test func certaintyAndIgnoranceAreBothCalibrated() {
        let third = Float(-30)
        let sure = (0..<5).map { EvaluationRecord(question("\($0)", answer: .B), logProbabilities: [third, 0, third, third], tokens: 0, finished: true) }
        #expect(Calibration(sure).expectedError < 1e-9 && Calibration(sure).brier < 1e-9)
        #expect(Calibration(sure).bins.map(\.to) == [1])
        let quarter = log(Float(0.25))
        let ignorant = Letter.allCases.map {
            EvaluationRecord(question("\($0)", answer: $0), logProbabilities: [quarter, quarter, quarter, quarter], tokens: 0, finished: true)
        }
        #expect(Calibration(ignorant).expectedError < 1e-6 && abs(Calibration(ignorant).brier - 0.75) < 1e-6)
        #expect(Calibration([]).bins.isEmpty && Calibration([]).mostConfident.isEmpty)
    }

    @Test func percentilesAreNearestRanks() throws {
        let percentiles = try #require(LatencyPercentiles((1...200).map(Double.init).shuffled()))
        #expect(percentiles.p50 == 100 && percentiles.p90 == 180 && percentiles.p99 == 198 && percentiles.slowest == 200)
        #expect(LatencyPercentiles([7])?.p50 == 7)
        #expect(LatencyPercentiles([]) == nil)
    }
}

@Suite struct RotationTests {
    private let questions = [question("a", choices: ["p", "q", "r", "s"], answer: .B), question("b", choices: ["t", "u", "v", "w"], answer: .D)]

    private func records(_ say: (Question) -> Letter) -> [EvaluationRecord] {
        Rotation.expand(questions).map { asked in
            let letter = say(asked)
            return EvaluationRecord(
                asked, logProbabilities: Letter.allCases.map { $0 == letter ? -0.1 : -4 }, tokens: 0, finished: true)
        }
    }

    @Test func everyChoiceStandsAtEveryLetterOnce() {
        let asked = Rotation.expand(questions)
        #expect(asked.map(\.id) == ["a", "a#1", "a#2", "a#3", "b", "b#1", "b#2", "b#3"])
        #expect(asked.allSatisfy { $0.answerText == ($0.id.hasPrefix("a") ? "q" : "w") })
        #expect(Set(asked.prefix(4).map(\.answer)) == Set(Letter.allCases))
        #expect(asked[0] == questions[0] && asked[1].choices == ["s", "p", "q", "r"])
    }

    @Test func whoKnowsIsConsistent() {
        let rotation = Rotation(records { $0.answer })
        #expect(rotation.rotations.map(\.value) == [1, 1, 1, 1])
        #expect(rotation.consistentlyRight.value == 1 && rotation.consistent.value == 1 && rotation.averaged.value == 1 && rotation.bias == 0)
    }

    @Test func whoPrefersALetterIsFoundOut() {
        let all = records { _ in .B }
        let rotation = Rotation(all)
        #expect(rotation.rotations.map(\.successes) == [1, 0, 1, 0])
        #expect(rotation.consistentlyRight.successes == 0 && rotation.consistent.successes == 0)
        #expect(rotation.letters == ["A": 0, "B": 8, "C": 0, "D": 0])
        #expect(rotation.recalls == ["A": 0, "B": 1, "C": 0, "D": 0])
        #expect(abs(rotation.bias - 0.4330127018922193) < 1e-12)
        #expect(Rotation.unmoved(all).map(\.id) == ["a", "b"])
    }

    @Test func whoIsWrongTheSameWayIsConsistentToo() {
        let rotation = Rotation(records { asked in Letter(index: (asked.answer.index + 1) % 4) ?? .A })
        #expect(rotation.consistent.value == 1 && rotation.consistentlyRight.value == 0 && rotation.averaged.value == 0)
    }
}
