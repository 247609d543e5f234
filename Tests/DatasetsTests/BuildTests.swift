import ContentHash
import Foundation
import Groundwork
import Questions
import Testing

import Datasets

@Suite struct BuildTests {
    /// Raw files with faults, copies and evaluation questions, all from the generator.
    struct Sources {
        let training: [String]
        let evaluation: String
        let clean: Int

        init(in folder: String) throws {
            let planted = try PlantedCopies(count: 60, seed: 8)
            let held = try QuestionGenerator.generate(domain: .math, count: 40, seed: 77, excluding: planted.originals.fingerprints)
            training = ["a.jsonl", "b.jsonl"].map { folder + "/" + $0 }
            evaluation = folder + "/evaluation.jsonl"
            clean = planted.originals.count
            let faults = [
                #"{"question": "In the figure above, what is x?", "choices": ["1", "2", "3", "4"], "answer": 0, "subject": "geometry"}"#,
                #"{"question": "Three?", "choices": ["1", "2", "3"], "answer": 0}"#, "not json",
                #"{"question": "Who pays tax?", "choices": ["w", "x", "y", "z"], "answer": 0, "subject": "marketing"}"#,
                #"{"question": "How wide is the yard here?", "choices": ["w", "x", "y", "z"], "answer": 0, "subject": "geography"}"#,
                #"{"question": "How wide is the yard here?", "choices": ["x", "w", "y", "z"], "answer": 0, "subject": "geography"}"#,
            ]
            try WholeFile.write((try planted.originals.map(QuestionFile.line) + faults).joined(separator: "\n") + "\n", to: training[0])
            let copies = planted.plants.filter { $0.kind != .otherNumbers }.map(\.question)
            try QuestionFile.write(copies + held, to: training[1])
            try QuestionFile.write(held, to: evaluation)
        }
    }

    static func build(
        _ paths: [String], against: [String] = [], into folder: String, force: Bool = false, _ change: (inout BuildSettings) -> Void = { _ in }
    ) throws -> DatasetReport {
        var settings = BuildSettings()
        change(&settings)
        var build = DatasetBuild(settings)
        return try build.run(paths, against: against, options: .standard, domains: .standard, into: DatasetFolder(folder, force: force))
    }

    @Test func aFolderIsBuiltAndItsCardIsTrue() throws {
        try withFolder { folder in
            let sources = try Sources(in: folder)
            let out = folder + "/out"
            let report = try Self.build(sources.training, against: [sources.evaluation], into: out) {
                $0.licences = ["a": "MIT"]
                $0.sizes[.code] = 20
            }
            #expect(report.kept + report.drops.values.reduce(0, +) == report.entries)
            #expect(report.drops[.missingFigure] == 1 && report.drops[.notFourChoices] == 1 && report.drops[.unreadable] == 1)
            #expect(report.drops[.otherDomain] == 1 && report.drops[.conflictingKeys] == 2 && (report.drops[.contaminated] ?? 0) >= 40)
            let code = try #require(report.domains.first { $0.domain == .code })
            #expect(code.splits[.train]?.questions == 20 && code.available > 20 && report.drops[.beyondSize] == code.available - 20)

            // Counted anew from the files.
            let card = try String(contentsOfFile: out + "/README.md", encoding: .utf8)
            var ids: Set<String> = [], total = 0
            for part in report.parts {
                let questions = try QuestionFile.read(out + "/" + part.path)
                total += questions.count
                ids.formUnion(questions.map(\.id))
                #expect(questions.allSatisfy { part.path.hasPrefix($0.domain.rawValue) } && questions.count == part.questions)
                #expect(card.contains("| \(part.path) | \(questions.count) | `\(try ContentHash.ofFile(out + "/" + part.path))` |"))
                let letters = Letter.allCases.map { letter in "\(questions.count { $0.answer == letter })" }.joined(separator: " | ")
                #expect(card.contains(letters))
                for (subject, count) in Dictionary(questions.map { ($0.subject, 1) }, uniquingKeysWith: +) where part.path.hasSuffix("train.jsonl") {
                    #expect(card.contains("| \(subject) | \(count) |"))
                }
            }
            #expect(total == report.kept && ids.count == total && card.contains("\(total) questions of \(report.entries) entries"))
            #expect(card.contains("| a.jsonl | MIT |") && card.contains("| b.jsonl | **not stated** |"))
            for path in sources.training + [sources.evaluation] { #expect(card.contains(try ContentHash.ofFile(path))) }
            let dropped = try LineFile.read(out + "/drops.jsonl")
            #expect(dropped.count == report.entries - total)
            #expect(try DatasetFolder.report(of: out) == report)

            let check = try DatasetCheck.run([out], against: [sources.evaluation])
            #expect(check.isClean && check.repeats == 0, "\(check.leaks) \(check.contaminated)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.jsonl", "b.jsonl", "evaluation.jsonl", "out"])
        }
    }

    @Test func theSameInputsGiveTheSameBytesAndAnotherSeedOthers() throws {
        try withFolder { folder in
            let sources = try Sources(in: folder)
            let first = try Self.build(sources.training, into: folder + "/1"), second = try Self.build(sources.training, into: folder + "/2")
            let other = try Self.build(sources.training, into: folder + "/3") { $0.seed = 2 }
            #expect(first == second && first.parts.map(\.sha256) != other.parts.map(\.sha256))
            for file in ["README.md", "dataset.json", "drops.jsonl"] {
                #expect(try ContentHash.ofFile(folder + "/1/" + file) == ContentHash.ofFile(folder + "/2/" + file))
            }
        }
    }

    @Test func whatStandsThereIsReplacedOnlyWhenAskedAndOnlyIfItWasBuilt() throws {
        try withFolder { folder in
            let sources = try Sources(in: folder)
            let out = folder + "/out"
            try WholeFile.write("mine", to: out + "/precious.txt")
            #expect { try Self.build(sources.training, into: out) } throws: { "\($0)".contains("--force") }
            #expect { try Self.build(sources.training, into: out, force: true) } throws: { "\($0)".contains("was not written by") }
            #expect(try String(contentsOfFile: out + "/precious.txt", encoding: .utf8) == "mine")
            let built = folder + "/built"
            _ = try Self.build(sources.training, into: built)
            #expect { try Self.build(sources.training, into: built) } throws: { "\($0)".contains("--force") }
            // A build that fails leaves the earlier one.
            #expect(throws: FileError.self) { try Self.build([folder + "/missing.jsonl"], into: built, force: true) }
            #expect(try DatasetCheck.run([built]).differences.isEmpty)
            #expect(try Self.build(sources.training, into: built, force: true) { $0.seed = 3 }.seed == 3)
            #expect(try DatasetFolder.report(of: built).seed == 3)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("partial") || $0.contains("replaced") }.isEmpty)
        }
    }

    @Test func aFolderThatWasChangedIsFound() throws {
        try withFolder { folder in
            let sources = try Sources(in: folder)
            let out = folder + "/out"
            let report = try Self.build(sources.training, into: out)
            let train = out + "/math/train.jsonl", test = out + "/math/test.jsonl"
            let questions = try QuestionFile.read(train)
            try QuestionFile.write(Array(questions.dropFirst()), to: train)
            let check = try DatasetCheck.run([out])
            #expect(!check.isClean && check.differences.contains { $0.contains("holds \(questions.count - 1) questions") })
            var moved = questions[0]
            moved.id = "moved"
            try QuestionFile.write(questions, to: train)
            try QuestionFile.write(try QuestionFile.read(test) + [moved], to: test)
            let leaks = try DatasetCheck.run([out]).leaks
            #expect(leaks.count == 1 && leaks[0].isExact && Set([leaks[0].firstSide, leaks[0].secondSide]) == ["train", "test"])
            try WholeFile.write("# Lies\n", to: out + "/README.md")
            #expect(try DatasetCheck.run([out]).differences.contains { $0.contains("not the card") })
            #expect(report.domains.count == 4)
        }
    }

    /// A sign or a capital may be what the answer hangs on.
    @Test func onlyTheVerySameTextContradictsItself() throws {
        try withFolder { folder in
            func line(_ text: String, _ answer: Int) -> String {
                #"{"question": "\#(text)", "choices": ["0", "5", "1", "4"], "answer": \#(answer), "subject": "python"}"# + "\n"
            }
            let path = folder + "/x.jsonl"
            try WholeFile.write(line("What is print(4 | 1)?", 1) + line("What is print(4 & 1)?", 0) + line("What is  print(9)?", 2) + line("What is print(9)?", 3), to: path)
            #expect(try DatasetCheck.run([path]).conflicts == 2)
        }
    }

    /// An evaluation question in wrong encoding is still one that must not be trained on.
    @Test func damagedEvaluationQuestionsCountToo() throws {
        try withFolder { folder in
            let line = #"{"question": "LEADwhich cafe DAMAGEsells the rarest blue vases?", "choices": ["a1", "b1", "c1", "d1"], "answer": 0}"#
            let damaged = line.replacing("LEAD", with: "In the figure above, ").replacing("DAMAGE", with: "\\u0093")
            try WholeFile.write(damaged + "\n", to: folder + "/evaluation.jsonl")
            #expect(try Intake.read([folder + "/evaluation.jsonl"]).drops.map(\.reason) == [.wrongEncoding])
            let intact = line.replacing("LEAD", with: "").replacing("DAMAGE", with: "")
            try WholeFile.write(ReadingTests.jsonl + intact + "\n", to: folder + "/training.jsonl")
            let check = try DatasetCheck.run([folder + "/training.jsonl"], against: [folder + "/evaluation.jsonl"])
            #expect(check.evaluationQuestions == 1 && check.contaminated.map(\.id) == ["training/3"] && !check.isClean)
        }
    }

    @Test func nothingUsableIsAnErrorAndLeavesNothing() throws {
        try withFolder { folder in
            try WholeFile.write("{}\n", to: folder + "/empty.jsonl")
            #expect { try Self.build([folder + "/empty.jsonl"], into: folder + "/out") } throws: { "\($0)".contains("no usable question") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["empty.jsonl"])
        }
    }
}

@Suite struct SplitAndBiasTests {
    static func questions(_ count: Int, seed: UInt64 = 4) throws -> [Question] {
        try Domain.specialist.flatMap { try QuestionGenerator.generate(domain: $0, count: count, seed: seed) }
    }

    @Test func everySubjectKeepsItsShareAndTheOrderOfTheFileDoesNotCount() throws {
        let questions = try Self.questions(400)
        let names = StratifiedSplit.assign(questions, groups: Array(questions.indices), validation: 0.1, test: 0.2, seed: 9)
        for domain in Domain.specialist {
            let own = questions.indices.filter { questions[$0].domain == domain }
            #expect(own.count { names[$0] == .test } == 80 && own.count { names[$0] == .validation } == 40)
            for (_, members) in Dictionary(grouping: own, by: { questions[$0].subject }) {
                let exact = 0.2 * Double(members.count)
                #expect(abs(Double(members.count { names[$0] == .test }) - exact) <= 1)
            }
        }
        let turned = Array(questions.reversed())
        let again = StratifiedSplit.assign(turned, groups: Array(turned.indices), validation: 0.1, test: 0.2, seed: 9)
        #expect(Array(again.reversed()) == names)
        #expect(StratifiedSplit.assign(questions, groups: Array(questions.indices), validation: 0.1, test: 0.2, seed: 10) != names)
    }

    @Test func whatIsNearlyTheSameStaysOnOneSide() throws {
        let planted = try PlantedCopies(count: 100, seed: 12)
        let questions = planted.originals + planted.plants.map(\.question)
        let groups = try NearDuplicates.find(in: questions).groups(of: questions.count)
        let names = StratifiedSplit.assign(questions, groups: groups, validation: 0.2, test: 0.3, seed: 1)
        for index in questions.indices { #expect(names[index] == names[groups[index]]) }
        #expect(Set(names) == Set(SplitName.allCases))
    }

    @Test func lettersComeOutEvenAndTheRightTextsStayRight() throws {
        var questions = try Self.questions(101)
        for index in questions.indices {
            let right = questions[index].answerText
            questions[index].choices.swapAt(0, questions[index].answer.index)
            questions[index].answer = .A
            #expect(questions[index].answerText == right)
            questions[index].explanation = nil
        }
        questions[7].choices[3] = "All of the above"
        questions[8].explanation = "So the answer is A."
        #expect(Biases(questions).letters == [404, 0, 0, 0])
        let (balanced, kept) = LetterBalance.balanced(questions, seed: 3, purpose: "math/train")
        #expect(kept == 2 && balanced[7] == questions[7] && balanced[8] == questions[8])
        #expect(Biases(balanced).letters == [101, 101, 101, 101])
        for (before, after) in zip(questions, balanced) {
            #expect(before.answerText == after.answerText && before.choices.sorted() == after.choices.sorted() && before.id == after.id)
        }
        let turned = LetterBalance.balanced(Array(questions.reversed()), seed: 3, purpose: "math/train").questions
        #expect(Array(turned.reversed()) == balanced)
        #expect(LetterBalance.balanced(questions, seed: 4, purpose: "math/train").questions != balanced)
    }

    /// χ² of (40, 30, 20, 10) against 25 each is 20; P(χ² ≥ 20 | 3) = 0.000170 and P(χ² ≥ 7.815 | 3) = 0.05 (tables).
    @Test func biasesAreThoseOfTheTables() {
        func list(_ counts: [Int]) -> [Question] {
            zip(Letter.allCases, counts).flatMap { letter, count in
                (0..<count).map { Question.plain("Q\($0)?", ["long one", "b", "c", "long too"], letter) }
            }
        }
        let biases = Biases(list([40, 30, 20, 10]))
        #expect(biases.letters == [40, 30, 20, 10] && abs(biases.chiSquared - 20) < 1e-9 && abs(biases.p - 0.000170) < 1e-6)
        // "long one" and "long too" are equally long, "b" and "c" equally short.
        #expect(abs(biases.longestChoice - 0.25) < 1e-9 && abs(biases.shortestChoice - 0.25) < 1e-9)
        #expect(Biases(list([25, 25, 25, 25])).p == 1)
        let none = Biases([])
        #expect(none.count == 0 && none.p == 1 && none.longestChoice == 0)
    }

    @Test func inspectionCountsWithoutChanging() throws {
        try withFolder { folder in
            let path = folder + "/x.jsonl"
            try WholeFile.write(ReadingTests.jsonl + #"{"question": "Who?", "choices": ["a1", "b1", "c1", "All of these"], "answer": 3, "subject": "knots"}"# + "\n{}\n", to: path)
            let found = Inspection(try Intake.read([path]), domains: .standard)
            #expect(found.subjects == ["chemistry": 2, "knots": 1] && found.domains == ["stem": 2, "other": 1])
            #expect(found.unknownSubjects == ["knots"] && found.flags == [.choiceNamesOthers: 1] && found.drops == [.missingField: 1])
            #expect(found.files[0].entries == 4 && found.files[0].usable == 3 && found.biasesByFile[path]?.count == 3)
        }
    }
}
