import Groundwork
import Questions
import Testing

@Suite struct SolvingTests {
    @Test(arguments: [
        ("12", 12, ""), ("-3.5", -3.5, ""), ("1,000", 1000, ""), ("1/2", 0.5, ""), ("3 1/2", 3.5, ""), ("50%", 0.5, ""), ("50 percent", 0.5, ""),
        ("$5", 5, "$"), ("12 cm", 12, "cm"), ("Seven", 7, ""), ("−4", -4, ""), ("9.", 9, ""), ("60 km/h", 60, "km/h"),
    ] as [(String, Double, String)])
    func numbersAreReadAsPeopleWriteThem(_ text: String, _ value: Double, _ unit: String) throws {
        let number = try #require(NumberText(text))
        #expect(number.value == value && number.unit == unit)
    }

    @Test(arguments: ["", "Paris", "3 and 4", "[1, 2]", "x", "1/0", "3 red apples on it", "12:30", "1,00"])
    func whatIsNotOneNumberIsNone(_ text: String) { #expect(NumberText(text) == nil) }

    @Test func amountsAreComparedWithTheirUnits() throws {
        func same(_ a: String, _ b: String) throws -> Bool { try #require(NumberText(a)).equals(try #require(NumberText(b))) }
        #expect(try same("0.5", "1/2") && same("50%", "0.5") && same("1,000 m", "1000 m") && same("two", "2"))
        #expect(try !same("5 cm", "5 m") && !same("5", "5 m") && !same("0.33", "1/3"))
    }

    @Test(arguments: [
        ("What is 17 × 23?", 391), ("What is 5 + 3 * 2?", 11), ("Calculate (5 + 3) * 2.", 16), ("What is 2^10?", 1024),
        ("What is -3 + 5?", 2), ("What is 15% of 80?", 12), ("What is 25 percent of 200?", 50), ("What is half of 9?", 4.5),
        ("What is the square root of 144?", 12), ("What is 5 squared?", 25), ("What is the cube of 3?", 27), ("What is 5!?", 24 * 5),
        ("What is the remainder when 17 is divided by 5?", 2), ("What is 17 mod 5?", 2), ("What is the sum of 3, 4 and 5?", 12),
        ("What is the product of 6 and 7?", 42), ("What is the difference between 9 and 4?", 5), ("12 divided by 4 equals?", 3),
        ("What is 347 rounded to the nearest ten?", 350), ("What does 7 times 8 equal?", 56), ("What is the value of 10 - 2 - 3?", 5),
        ("What is 1/2 + 1/4?", 0.75), ("What is seven plus five?", 12), ("9 × 9 = ?", 81), ("What is 1,200 ÷ 6?", 200),
    ] as [(String, Double)])
    func plainArithmeticIsComputed(_ question: String, _ value: Double) throws {
        let found = try #require(ArithmeticQuestion.value(of: question), "\(question)")
        #expect(NumberText.near(found, value), "\(question): \(found)")
    }

    @Test(arguments: [
        "What is the capital of France?", "What is 5?", "What is x + 3?", "What is 5 / 0?", "What is 3 + ?", "", "?", "What is (3 + 4?",
        "What is the difference between 4 and 9?", "What is the square root of -4?", "How many apples are 3 + 4 apples?",
        "What is 3 4?", String(repeating: "(", count: 190), String(repeating: "-", count: 190) + "1",
    ])
    func anythingElseIsNoCalculation(_ question: String) { #expect(ArithmeticQuestion.value(of: question) == nil, "\(question)") }

    /// The generator computes its answers on its own way: where both know one, they agree.
    @Test func computedAnswersAgreeWithTheGenerator() throws {
        var known = 0
        for domain in Domain.specialist {
            for question in try QuestionGenerator.generate(domain: domain, count: 600, seed: 77) {
                guard let answer = ComputedAnswer(to: question.question) else { continue }
                known += 1
                let said = question.choices.map(answer.isSaid)
                #expect(said[question.answer.index], "\(question.question) \(question.choices) \(question.answer): \(answer)")
                #expect(said.count { $0 } == 1, "\(question.question) \(question.choices): \(answer)")
            }
        }
        #expect(known > 300)
    }

    @Test func factsAreLookedUpWhateverTheirSpelling() throws {
        let answer = try #require(ComputedAnswer(to: "what is the capital of France"))
        #expect(answer.isSaid(by: "Paris") && answer.isSaid(by: "paris.") && !answer.isSaid(by: "Lyon"))
        #expect(ComputedAnswer(to: "What is the capital of Atlantis?") == nil)
        #expect(ComputedAnswer(to: "Which of these is a mammal?") == nil)
    }
}
