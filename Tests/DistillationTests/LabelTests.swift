import Distillation
import Foundation
import Groundwork
import Questions
import Testing
import Transformers

private let provenance = LabelProvenance(
    teacher: "someone", way: .free, promptHash: "abc", sampling: .greedy, maximumTokens: 50, seed: 1)

private func label(
    _ number: Int, letter: Letter? = nil, reasoning: String = "It is so.", ending: Label.Ending = .finished, tokens: Int = 9,
    provenance: LabelProvenance = provenance
) -> Label {
    let question = Question.sample(number)
    let chosen = letter ?? question.answer
    return Label(
        question: question, reasoning: reasoning,
        letterLogProbabilities: Letter.allCases.map { log($0 == chosen ? 0.7 : 0.1) }, ending: ending, tokens: tokens, seconds: 0.5,
        provenance: provenance)
}

@Suite struct LabelFileTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path + "/labels.jsonl"
    }

    @Test func continuesWhereItWasStopped() throws {
        do {
            let file = try LabelFile(continuing: path, provenance: provenance)
            for number in 0..<3 { try file.append(label(number)) }
            try file.append(label(1))
        }
        let file = try LabelFile(continuing: path, provenance: provenance)
        #expect(file.count == 3)
        #expect(file.contains("q1") && !file.contains("q3"))
        try file.append(label(3))
        #expect(try LabelFile.read(path) == (0..<4).map { label($0) })
    }

    @Test func forgetsALineThatAKillLeftHalf() throws {
        do {
            let file = try LabelFile(continuing: path, provenance: provenance)
            for number in 0..<2 { try file.append(label(number)) }
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(20).write(to: URL(fileURLWithPath: path))
        do {
            let file = try LabelFile(continuing: path, provenance: provenance)
            #expect(file.contains("q0") && !file.contains("q1"))
            try file.append(label(1))
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }

    @Test func oneProcessAtATimeWritesAFile() throws {
        let first = try LabelFile(continuing: path, provenance: provenance)
        try first.append(label(0))
        let error = #expect(throws: FileError.self) { try LabelFile(continuing: path, provenance: provenance) }
        #expect(error?.description.contains("another process is labelling into it") == true)
        withExtendedLifetime(first) {}
    }

    @Test func refusesLabelsOfAnotherTeacherOrPrompt() throws {
        do { try LabelFile(continuing: path, provenance: provenance).append(label(0)) }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        var changed: [LabelProvenance] = [provenance, provenance, provenance, provenance]
        changed[0].teacher = "another"
        changed[1].promptHash = "abd"
        changed[2].sampling.temperature = 0.5
        changed[3].way = .informed
        for other in changed {
            #expect(throws: DistillationError.self) { try LabelFile(continuing: path, provenance: other) }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        // Nor may a label of another sneak in, or a file that was mixed by hand be read.
        let file = try LabelFile(continuing: path, provenance: provenance)
        #expect(throws: DistillationError.self) { try file.append(label(1, provenance: changed[0])) }
        let line = String(decoding: try JSONEncoder().encode(label(1, provenance: changed[0])), as: UTF8.self)
        try WholeFile.write(String(decoding: before, as: UTF8.self) + line + "\n", to: path)
        #expect(throws: DistillationError.self) { try LabelFile.read(path) }
    }

    @Test(arguments: [
        ("\"letterLogProbabilities\":[0,0,0]", "3 letter scores"), ("\"letterLogProbabilities\":[-1,-1,-1,-9]", "sum to"),
        ("\"letterLogProbabilities\":\"A\"", "letterLogProbabilities"),
    ])
    func saysWhatIsWrongWithALine(replacement: String, expected: String) throws {
        let good = String(decoding: try JSONEncoder().encode(label(0)), as: UTF8.self)
        let range = try #require(good.range(of: #""letterLogProbabilities":\[[^\]]*\]"#, options: .regularExpression))
        try WholeFile.write(good + "\n" + good.replacingCharacters(in: range, with: replacement) + "\n", to: path)
        let error = #expect(throws: DistillationError.self) { try LabelFile.read(path) }
        #expect(error?.description.contains("line 2") == true)
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
}

@Suite struct LabelFunnelTests {
    @Test func countsEveryReason() {
        let wrong = label(0, letter: .D)
        let labels = [
            label(1), wrong, label(2, ending: .tokenLimit), label(3, reasoning: ""), label(4, tokens: 121),
            label(5, reasoning: Array(repeating: "so", count: 101).joined(separator: " ")),
        ]
        let (kept, funnel) = LabelFunnel.sort(labels)
        #expect(kept.map(\.question.id) == ["q1"])
        #expect(kept[0].teacherScores == labels[0].letterLogProbabilities)
        #expect(funnel.labels == 6 && funnel.kept == 1 && funnel.keptWithoutScores == 0)
        #expect(funnel.dropped == [.wrongLetter: 1, .unfinished: 1, .noReasoning: 1, .tooManyTokens: 1, .tooManyWords: 1])
    }

    @Test func whoLearnsBareLettersLooksAtNoReasoning() {
        let labels = [label(1), label(0, letter: .D), label(2, ending: .tokenLimit), label(3, reasoning: ""), label(4, tokens: 121)]
        let (kept, funnel) = LabelFunnel.sort(labels, limits: LabelLimits(onlyLetters: true))
        #expect(kept.map(\.question.id) == ["q1", "q2", "q3", "q4"] && funnel.dropped == [.wrongLetter: 1])
        #expect(kept.allSatisfy { $0.teacherScores != nil })
    }

    @Test func keepsAWorkedExplanationWithoutWrongScores() {
        var informed = provenance
        informed.way = .informed
        let (kept, funnel) = LabelFunnel.sort([label(0, letter: .D, provenance: informed), label(1, provenance: informed)])
        #expect(kept.map { $0.teacherScores == nil } == [true, false])
        #expect(funnel.kept == 2 && funnel.keptWithoutScores == 1 && funnel.dropped.isEmpty)
    }

    @Test func cutsAtTheLastSentenceThatFits() {
        let long = label(1, reasoning: "It is one. It is two more. And so on it goes.", tokens: 12)
        let limits = LabelLimits(words: 7, excess: .cut)
        let (kept, funnel) = LabelFunnel.sort([long, label(2)], limits: limits)
        #expect(kept.map(\.reasoning) == ["It is one. It is two more.", "It is so."])
        #expect(funnel.kept == 2 && funnel.shortened == 1 && funnel.dropped.isEmpty)
        // By the student's tokens, of which there are more.
        let byTokens = LabelFunnel.sort([long], limits: LabelLimits(tokens: 15, excess: .cut)) { $0.utf8.count }
        #expect(byTokens.kept.map(\.reasoning) == ["It is one."])
        #expect(LabelFunnel.sort([long], limits: LabelLimits(tokens: 5, excess: .cut)) { $0.utf8.count }.funnel.dropped == [.tooManyTokens: 1])
        #expect(LabelFunnel.sort([long], limits: LabelLimits(words: 7)).funnel.dropped == [.tooManyWords: 1])
    }

    @Test func leavesOutWhatIsNotEnglish() {
        #expect(LabelFunnel.sort([label(1, reasoning: "因为一加一等于二。")]).funnel.dropped == [.notEnglish: 1])
    }

    @Test func keepsWrongLettersOnlyWhenAsked() {
        let (kept, funnel) = LabelFunnel.sort([label(0, letter: .D)], limits: LabelLimits(keepsWrong: true))
        #expect(kept.count == 1 && kept[0].teacherScores != nil && funnel.keptWithoutScores == 0)
        #expect(LabelFunnel.sort([label(0, letter: .D)]).kept.isEmpty)
    }
}
