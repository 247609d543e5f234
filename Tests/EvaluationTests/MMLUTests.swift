import Questions
import Testing

import Evaluation

@Suite struct MMLUTests {
    @Test func fiftySevenSubjectsInFourGroups() {
        #expect(MMLU.subjects.count == 57)
        let counts = Dictionary(grouping: MMLU.subjects) { MMLU.group(of: $0) }.mapValues(\.count)
        #expect(counts == [.stem: 19, .humanities: 13, .socialSciences: 12, .other: 13])
        #expect(MMLU.subjects.allSatisfy { DomainMap.standard.contains($0) })
        #expect(MMLU.group(of: "cooking") == nil)
    }

    @Test func pooledStandardErrorIsNumpys() throws {
        for group in try StatisticsFixture.read().groups {
            let score = MMLUSummary.Score(group.counts.map { Proportion($0[0], of: $0[1]) })
            let error = try #require(score.standardError)
            #expect(abs(error - group.standardError) < 1e-12)
        }
        #expect(MMLUSummary.Score([Proportion(2, of: 2)]).standardError == 0)
    }

    @Test func ofOneQuestionASubjectThereIsNoError() throws {
        #expect(MMLUSummary.Score([Proportion(1, of: 1), Proportion(0, of: 1)]).standardError == nil)
        let record = EvaluationRecord(question("q", subject: "virology", domain: .stem), logProbabilities: [-9, -9, 0, -9], tokens: 0, finished: true)
        let table = EvaluationResult(model: "m", adapter: nil, style: "s", records: [record]).table
        #expect(table.contains("100.0 %      –  20.7 – 100.0 %") && !table.contains("±"), "\(table)")
    }

    @Test func subjectsAreWeightedByTheirSize() throws {
        let summary = try #require(MMLUSummary(subjects: [
            "virology": Proportion(10, of: 100), "sociology": Proportion(9, of: 10), "marketing": Proportion(0, of: 10),
        ]))
        #expect(summary.overall.accuracy.successes == 19 && summary.overall.accuracy.count == 120)
        #expect(abs(summary.overall.unweighted - 1.0 / 3) < 1e-12)
        #expect(summary.groups.keys.sorted() == ["other", "social sciences"])
        #expect(summary.groups["other"]?.subjects == 2)
        #expect(summary.missing.count == 54)
        #expect(MMLUSummary(subjects: ["virology": Proportion(1, of: 2), "cooking": Proportion(1, of: 2)]) == nil)
        #expect(MMLUSummary(subjects: [:]) == nil)
    }

    @Test func theArchivesFoldersAreRead() throws {
        let scratch = try Scratch()
        try scratch.write("""
            "What is ""x""?
             Two lines, one cell.",1,"2, or 3",1,4,B
            Plain,a,b,c,d,D\r
            """, to: "data/test/abstract_algebra_test.csv")
        try scratch.write("Other?,w,x,y,z,A\n", to: "data/test/virology_test.csv")
        try scratch.write("nothing of MMLU's", to: "data/test/README.txt")
        let questions = try MMLU.read("test", in: scratch.path)
        #expect(questions.map(\.id) == ["mmlu/test/abstract_algebra/0", "mmlu/test/abstract_algebra/1", "mmlu/test/virology/0"])
        #expect(questions[0].question == "What is \"x\"?\n Two lines, one cell.")
        // MMLU has questions with two equal choices; they are part of the score.
        #expect(questions[0].choices == ["1", "2, or 3", "1", "4"] && questions[0].answer == .B)
        #expect(questions[1].answer == .D && questions[1].choices == ["a", "b", "c", "d"])
        #expect(questions[2].subject == "virology" && questions[2].domain == .stem)
        #expect(try MMLU.read("test", in: scratch.path + "/data") == questions)
    }

    @Test(arguments: ["Plain,a,b,c,d,D\n", "\"Plain\",a,b,c,d,D\n"])
    func aMarkBeforeTheFirstByteIsNoPartOfTheQuestion(text: String) throws {
        let scratch = try Scratch()
        try scratch.write("\u{FEFF}" + text, to: "test/virology_test.csv")
        #expect(try MMLU.read("test", in: scratch.path).map { Array($0.question.unicodeScalars) } == [Array("Plain".unicodeScalars)])
    }

    @Test(arguments: [
        ("a,b,c,d,e\n", "row 1: it has 5 columns"), ("q,1,2,3,4,A\nq,1,2,3,4,E\n", "row 2: it has 6 columns, the last being \"E\""),
        ("\"q,1,2,3,4,A\n", "a cell's quote is opened in row 1"), ("", "holds no questions"),
    ])
    func brokenFilesAreNamed(text: String, complaint: String) throws {
        let scratch = try Scratch()
        let path = try scratch.write(text, to: "test/virology_test.csv")
        let error = #expect(throws: EvaluationError.self) { try MMLU.read("test", in: scratch.path) }
        #expect(error?.description.contains(complaint) == true && error?.description.contains(path) == true, "\(error?.description ?? "")")
    }

    @Test func aFolderWithoutMMLUIsRefused() throws {
        let scratch = try Scratch()
        #expect(throws: EvaluationError.self) { try MMLU.read("dev", in: scratch.path) }
        try scratch.write("""
            {"question": "Q?", "subject": "virology", "choices": ["a", "b", "c", "d"], "answer": 2}

            """, to: "mmlu_dev.jsonl")
        #expect(try MMLU.read("dev", in: scratch.path).map(\.answer) == [.C])
    }
}
