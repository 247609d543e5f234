import Agents
import Questions
import Testing

@Suite struct CheckTests {
    private func question(
        _ text: String = "What is the capital of Austria?", _ choices: [String] = ["Vienna", "Graz", "Linz", "Bonn"], _ answer: Letter = .A,
        _ explanation: String? = nil
    ) -> AgentQuestion {
        AgentQuestion(
            topic: "capitals", question: text, choices: zip(Letter.allCases, choices).map { "\($0)) \($1)" }, answer: answer.rawValue,
            explanation: explanation)
    }

    @Test(arguments: [
        ("0.5", "1/2"), ("50%", "0.5"), ("Paris", "paris."), ("Paris", "Paris, France"), ("the nucleus", "nucleus"), ("1,000", "1000"),
        ("two", "2"), ("New York", "New York City"), ("It is a mammal", "a mammal"),
    ])
    func choicesThatSayTheSameOverlap(_ a: String, _ b: String) {
        #expect(ChoiceOverlap.found(in: question("Which?", [a, "Xylophone", b, "Oboe"])) != nil, "\(a) / \(b)")
    }

    @Test(arguments: [
        ("5 cm", "5 m"), ("15", "5"), ("[1, 2]", "[1, 2, 3]"), ("x + 1", "x"), ("It is prime", "It is not prime"), ("Peru", "Chile"), ("-3", "3"),
        ("metal", "non-metal"),
    ])
    func choicesThatDifferDoNot(_ a: String, _ b: String) {
        #expect(ChoiceOverlap.found(in: question("Which?", [a, "Xylophone", b, "Oboe"])) == nil, "\(a) / \(b)")
    }

    @Test(arguments: ["All of the above", "None of these", "Both A and B"])
    func choicesThatSpeakOfOthersOverlapWithThem(_ text: String) {
        #expect(ChoiceOverlap.found(in: question("Which?", ["Vienna", "Graz", "Linz", text])) != nil)
    }

    @Test func englishIsToldByLettersAndCommonWords() {
        for good in [
            "What is the capital of France?", "What is 3 + 4?", "Which of these is the π of a circle?", "What does print(len('abc')) show?",
            "Who wrote 'Les Misérables'?",
        ] { #expect(EnglishText.objection(to: [good, "one", "two"]) == nil, "\(good)") }
        for bad in [
            "Quelle est la capitale de la France et le nom des villes?", "Was ist die Hauptstadt von Österreich und wie heißt der Fluss?",
            "¿Cuál es la capital de España?", "フランスの首都はどこですか", "Какая столица Франции?",
            "apple tree house garden river mountain cloud bird stone",
        ] { #expect(EnglishText.objection(to: [bad]) != nil, "\(bad)") }
        #expect(EnglishText.objection(to: [""]) == nil)
    }

    @Test func aQuestionMayNotBeOnAnotherTopicOfTheList() {
        let capitals = Topic(area: "Geography", topic: "capitals of the world"), sums = Topic(area: "Mathematics", topic: "addition")
        let sorting = Topic(area: "Programming", topic: "sorting algorithms")
        let words = TopicWords([capitals, sums, sorting])
        #expect(words.objection(to: question(), on: capitals) == nil)
        #expect(words.objection(to: question("What is 3 + 4?", ["7", "8", "9", "1"]), on: sums) == nil)
        let stray = question("Which sorting algorithm is fastest in programming?", ["Quick", "Bubble", "Heap", "Merge"])
        #expect(words.objection(to: stray, on: capitals) != nil && words.objection(to: stray, on: sorting) == nil)
    }

    @Test(arguments: [
        ("The answer is Vienna.", Letter.A), ("The answer is B.", .B), ("The correct answer is (C).", .C), ("Bonn is on the Rhine.", .D),
        ("Vienna is larger than Graz. The answer is Graz.", .B), ("the answer is: vienna", .A),
    ])
    func anExplanationSpeaksForAChoice(_ text: String, _ letter: Letter) {
        #expect(Explanation(question(explanation: text)).named == letter, "\(text)")
        for other in Letter.allCases {
            var changed = question(explanation: text)
            changed.answer = other.rawValue
            #expect((Explanation(changed).contradiction == nil) == (other == letter), "\(text) \(other)")
        }
    }

    @Test func whatAQuestionSaysOfItsChoicesIsFound() {
        #expect(Explanation.saidChoices(of: question("What kind of thing is a clock?", ["a city", "time", "a clock", "metal"])) == [.C])
        #expect(Explanation.saidChoices(of: question("Which is larger, 5 or 7?", ["5", "7", "57", "Neither"])) == [.A, .B])
        #expect(Explanation.saidChoices(of: question()).isEmpty)
    }

    @Test(arguments: ["The answer is Salzburg.", "So the answer is: Rome."])
    func anAnswerThatNoChoiceSaysContradicts(_ text: String) { #expect(Explanation(question(explanation: text)).contradiction != nil, "\(text)") }

    private func question(explanation: String) -> AgentQuestion {
        question("What is the capital of Austria?", ["Vienna", "Graz", "Linz", "Bonn"], .A, explanation)
    }

    @Test func anExplanationThatSaysNothingOfTheChoicesContradictsNone() {
        for text in ["", "It lies on the Danube.", "Vienna and Graz are cities.", "A capital is where the government sits."] {
            #expect(Explanation(question(explanation: text)).contradiction == nil, "\(text)")
        }
        let restating = question("Is 5 or 7 larger, and by how much?", ["2", "3", "5", "7"], .A, "We compare 5 and 7.")
        #expect(Explanation(restating).contradiction == nil)
        #expect(Explanation(question(explanation: String(repeating: "word ", count: 101))).contradiction != nil)
    }

    @Test(arguments: ["3 + 4 = 8.", "We add: 12 × 3 = 35, so it is 35.", "First 2 + 2 = 4. Then 4 + 3 = 8.", "5 - 9 = 4."])
    func aFalseEquationContradicts(_ text: String) {
        #expect(Explanation(question("What is it?", ["1", "6", "9", "20"], .A, text)).contradiction != nil, "\(text)")
    }

    @Test(arguments: [
        "3 + 4 = 7.", "3 + 4 = 2 + 5.", "x2 + 3 = 9.", "10 / 3 = 3.33", "1. 3 + 4 = 7", "5 - 9 = -4.", "2 × 3 = 6 apples", "1 + 1/2 = 3/2", "= 3", "3 =",
        "2(3 + 4) = 14",
    ])
    func aTrueOrUnclearOneDoesNot(_ text: String) {
        #expect(Explanation(question("What is it?", ["11", "16", "19", "20"], .A, text)).contradiction == nil, "\(text)")
    }

    @Test func everyLetterStandsAtEveryPlaceOnceInFourOrders() {
        for seed in 0..<50 as Range<UInt64> {
            let orders = ChoiceOrders.drawn(4, seed: seed)
            for place in 0..<4 { #expect(Set(orders.map { $0[place] }).count == 4) }
            #expect(orders.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
            #expect(ChoiceOrders.drawn(7, seed: seed).prefix(4).elementsEqual(orders) && ChoiceOrders.drawn(2, seed: seed).count == 2)
        }
    }

    @Test func aTallyCountsChoicesAndNotPlaces() {
        var tally = SolveTally()
        // A solver with a taste for the first place and no knowledge.
        for order in ChoiceOrders.drawn(4, seed: 3) { tally.add(order: order, logProbabilities: [0, -2, -2, -2]) }
        #expect(tally.votes == [1, 1, 1, 1] && tally.probabilities.allSatisfy { abs($0 - 0.25) < 1e-12 })
        // One that knows that the third choice is right.
        tally = SolveTally()
        for order in ChoiceOrders.drawn(4, seed: 3) { tally.add(order: order, logProbabilities: order.map { $0 == 2 ? 0 : -3 }) }
        #expect(tally.favourite == .C && tally.agreement(on: .C) == 1 && tally.probability(of: .C) > 0.8)
        tally.add(order: [0, 1, 2, 3], logProbabilities: [.nan, .nan, .nan, .nan])
        #expect(tally.probabilities.reduce(0, +).isFinite)
    }
}
