import Foundation
import Groundwork
import Questions
import Testing

import Datasets

@Suite struct LikenessTests {
    static func areAlike(_ a: Question, _ b: Question) throws -> Bool { try !NearDuplicates.find(in: [a, b]).pairs.isEmpty }

    static let gases = ["iron", "neon", "gold", "tin"]
    static let question = Question.plain("Which of these elements is a noble gas at room temperature?", gases, .B)

    @Test(arguments: [
        "  which of these elements is a NOBLE gas, at room temperature", "Question 12. Which of these elements is a noble gas at room temperature?",
        "Which of the following elements is a noble gas at room temperature?", "Which of these substances is a noble gas at room temperature?",
        "Read the text with care, then tick a box. Which of these elements is a noble gas at room temperature?",
    ])
    func copiesInOtherWordsAreFound(_ text: String) throws {
        #expect(try Self.areAlike(Self.question, .plain(text, Self.gases, .B)))
        #expect(try Self.areAlike(Self.question, .plain(text, ["tin", "gold", "iron", "neon"], .D)))
    }

    @Test(arguments: [
        ("Which of these elements is not a noble gas at room temperature?", LikenessTests.gases, Letter.B),
        ("Which of these elements is a noble gas at room temperature?", LikenessTests.gases, .C),
        ("Which of these elements is a noble gas at 20 degrees?", LikenessTests.gases, .B),
        ("Which of these elements melts when heated gently by hand?", LikenessTests.gases, .B),
    ])
    func negationAnotherAnswerAndNumbersMakeAnotherQuestion(_ text: String, _ choices: [String], _ answer: Letter) throws {
        #expect(try !Self.areAlike(Self.question, .plain(text, choices, answer)))
    }

    @Test func otherNumbersMakeAnotherQuestion() throws {
        func train(_ hours: String) -> Question {
            .plain("A train travels at constant speed and covers 120 km in \(hours) hours. How far does it get in one hour?", ["30 km", "40 km", "50 km", "60 km"], .A)
        }
        #expect(try Self.areAlike(train("2"), train("two")))
        #expect(try !Self.areAlike(train("2"), train("3")))
        #expect(try !Self.areAlike(train("2"), train("2.5")))
        #expect(try !Self.areAlike(.plain("What is 3 - 5 + 8?", ["6", "7", "8", "9"], .A), .plain("What is 3 + 5 - 8?", ["6", "7", "8", "9"], .A)))
    }

    @Test func anotherNameMakesAnotherQuestion() throws {
        func capital(_ city: String) -> Question { .plain("In which country does the city of \(city) lie?", ["France", "Spain", "Italy", "Malta"], .A) }
        #expect(try !Self.areAlike(capital("Lyon"), capital("Nice")))
        #expect(try Self.areAlike(capital("Lyon"), capital("lyon")))
    }

    @Test func variablesThatChangePlacesMakeAnotherQuestion() throws {
        let choices = ["3 hours", "4 hours", "5 hours", "6 hours"]
        let text = "A and B together do the work in 2 hours, B and C in 3 hours. How long does B need alone for it?"
        #expect(try !Self.areAlike(.plain(text, choices, .A), .plain(text.replacing("does B", with: "does C"), choices, .A)))
        #expect(try Self.areAlike(.plain(text, choices, .A), .plain(text.replacing("alone for it", with: "by itself alone"), choices, .A)))
        #expect(try !Self.areAlike(.plain("What does print(8 | 8) print?", ["8", "0", "7", "16"], .A), .plain("What does print(8 & 8) print?", ["8", "0", "7", "16"], .A)))
    }

    @Test func moreNumbersMakeAnotherQuestionButNotThoseOfAnInstruction() throws {
        let choices = ["0", "4", "2", "6"]
        let first = Question.plain("Find the degree of the field extension Q(sqrt(2), sqrt(3)) over Q.", choices, .B)
        #expect(try !Self.areAlike(first, .plain("Find the degree of the field extension Q(sqrt(2), sqrt(3), sqrt(18)) over Q.", choices, .B)))
        #expect(try Self.areAlike(first, .plain("Choose one of the four options. " + first.question, choices, .B)))
    }

    /// Where the other's answer stands among the wrong choices, the answers differ, however like their words are.
    @Test func anAnswerThatIsWrongInTheOtherIsNoRewording() throws {
        let choices = ["The price rises while the output falls", "The price falls while the output rises", "Both rise", "Both fall"]
        let text = "What happens to the price and the output if the supply curve moves to the left?"
        #expect(try !Self.areAlike(.plain(text, choices, .A), .plain(text.replacing("left", with: "far right"), choices, .B)))
    }

    /// Nothing in "Which of these is true?" tells two questions apart; their choices do.
    @Test func textsThatSayNothingNeedTheirChoices() throws {
        let first = Question.plain("Which of these is true?", ["Birds fly", "Fish walk", "Cats bark", "None of the above"], .D)
        let second = Question.plain("Which of the following is true?", ["Iron floats", "Lead burns", "Gold rusts", "None of the above"], .D)
        #expect(try !Self.areAlike(first, second))
        #expect(try Self.areAlike(first, .plain("Which of the following is true?", first.choices, .D)))
    }

    @Test func longAnswersMayBeRewordedToo() throws {
        let choices = ["It rises quickly", "The pressure of the gas inside falls by a third", "It melts", "It freezes"]
        var other = choices
        other[1] = "The pressure of gas inside it falls by one third"
        let text = "What happens when the sealed flask is cooled in an ice bath overnight?"
        #expect(try Self.areAlike(.plain(text, choices, .B), .plain("What will happen if the sealed flask is cooled in an ice bath overnight?", other, .B)))
    }

    /// Reported: recall and precision over all pairs, the questions of the generator's forms being the look-alikes.
    @Test func plantedCopiesAreFoundAndLookAlikesAreNot() throws {
        let planted = try PlantedCopies(count: 300, seed: 5)
        let questions = planted.originals + planted.plants.map(\.question)
        let pairs = try NearDuplicates.find(in: questions).pairs
        var found: [PlantedCopies.Kind: Int] = [:], wrong = 0
        var hits: Set<Int> = []
        let count = planted.originals.count
        for pair in pairs {
            let plant = pair.second >= count ? planted.plants[pair.second - count] : nil
            if let plant, plant.original == pair.first, plant.kind != .otherNumbers {
                if hits.insert(pair.second).inserted { found[plant.kind, default: 0] += 1 }
            } else {
                wrong += 1
            }
        }
        let sown = Dictionary(planted.plants.map { ($0.kind, 1) }, uniquingKeysWith: +)
        let copies = planted.plants.count { $0.kind != .otherNumbers }
        let recall = Double(hits.count) / Double(copies), precision = Double(hits.count) / Double(hits.count + wrong)
        print("planted copies: recall \(recall), precision \(precision)")
        #expect(sown[.otherNumbers, default: 0] > 50 && copies > 800)
        #expect(found[.shuffled] == sown[.shuffled] && found[.spacingCaseAndPunctuation] == sown[.spacingCaseAndPunctuation])
        #expect(recall >= 0.98 && precision >= 0.98)
    }

    @Test func contaminationIsFoundInTrainingQuestions() throws {
        let planted = try PlantedCopies(count: 150, seed: 6)
        var clean: [Question] = []
        for domain in Domain.specialist {
            clean += try QuestionGenerator.generate(domain: domain, count: 150, seed: 99, excluding: planted.originals.fingerprints)
        }
        let copies = planted.plants.filter { $0.kind != .otherNumbers }
        let matches = try Contamination.find(in: copies.map(\.question) + clean, against: planted.originals).matches
        let hits = matches.filter { $0.question < copies.count }
        let right = hits.filter { $0.evaluation == copies[$0.question].original }
        let wrong = matches.filter { $0.question >= copies.count }
        #expect(right.count == hits.count)
        #expect(Double(hits.count) >= 0.98 * Double(copies.count))
        #expect(wrong.count { $0.kind != .thirteenWords } <= clean.count / 100)
    }

    @Test func thirteenWordsInARowAreFoundUnlessTheyAreAForm() throws {
        let passage = "The committee of the lower chamber met on a rainy Tuesday to weigh the petition of the ferrymen."
        let evaluation = Question.plain(passage + " Who met?", ["clerks", "a committee", "judges", "sailors"], .B)
        let training = Question.plain("Background: \(passage.dropLast()) and others. Why did they come?", ["hunger", "war", "a petition", "rain"], .C)
        #expect(try Contamination.find(in: [training], against: [evaluation]).matches.map(\.kind) == [.thirteenWords])
        let forms = (0..<11).map { Question.plain(passage + " What was number \($0)?", ["w\($0)", "x\($0)", "y\($0)", "z\($0)"], .A) }
        #expect(try Contamination.find(in: [training], against: forms).matches.isEmpty)
        #expect(try Contamination.find(in: [training], against: []).matches.isEmpty)
    }

    @Test func theSameQuestionWithAnotherAnswerIsContaminationToo() throws {
        let asked = Question.plain("Which element has the atomic number ten?", Self.gases, .B)
        let reused = Question.plain("which element has the atomic number ten", ["lead", "neon gas", "radon", "zinc"], .A)
        #expect(try Contamination.find(in: [reused], against: [asked]).matches.map(\.kind) == [.sameQuestion])
    }

    @Test func copiesOfCopiesKeepOneAndFormOneGroup() throws {
        let questions = (0..<50).map { Question.plain("Question \($0). Which of these elements is a noble gas?", Self.gases, .B, id: "\($0)") }
            + [Question.plain("Which of the metals is liquid at room temperature?", ["mercury", "iron", "zinc", "lead"], .A)]
        let found = try NearDuplicates.find(in: questions)
        #expect(found.dropped(of: 51).count == 49 && found.dropped(of: 51)[0] == nil && found.dropped(of: 51)[50] == nil)
        #expect(Set(found.groups(of: 51)).count == 2)
    }

    /// A form with one answer and the same numbers throughout must not be compared with itself all over.
    @Test func aLargeFormStaysLinear() throws {
        let questions = (0..<20_000).map {
            // A name of letters for every number.
            let name = String(String.UnicodeScalarView(String($0 * 7919 + 100_000).unicodeScalars.compactMap { Unicode.Scalar($0.value + 55) }))
            return Question.plain("Is the village called \(name.lowercased()) large?", ["yes", "no", "both", "unknown"], .A, id: "\($0)")
        }
        #expect(try NearDuplicates.find(in: questions).pairs.isEmpty)
    }
}
