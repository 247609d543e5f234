import Foundation
import Groundwork
import Questions
import Testing

import Datasets

@Suite struct CleaningTests {
    static func reason(_ question: String, _ choices: String = #"["a1", "b1", "c1", "d1"]"#, answer: String = "0") throws -> DropReason? {
        try ReadingTests.read(#"{"question": "\#(question)", "choices": \#(choices), "answer": \#(answer)}"#).drops.first?.reason
    }

    @Test func everyFaultHasItsReason() throws {
        #expect(try Self.reason("Fine?") == nil)
        #expect(try Self.reason("Few?", #"["a", "b", "c"]"#) == .notFourChoices)
        #expect(try Self.reason("Many?", #"["a", "b", "c", "d", "e"]"#) == .notFourChoices)
        #expect(try Self.reason("Twice?", #"["a", "b", " a", "d"]"#) == .duplicateChoices)
        #expect(try Self.reason("  ") == .emptyText)
        #expect(try Self.reason("Blank?", #"["a", "", "c", "d"]"#) == .emptyText)
        #expect(try Self.reason("Key?", answer: "4") == .badKey)
        #expect(try Self.reason("Key?", answer: "\"e1\"") == .badKey)
        #expect(try Self.reason("Key?", answer: "true") == .badKey)
        #expect(try Self.reason("Key?", answer: "null") == .missingField)
        #expect(try ReadingTests.read(#"{"choices": ["a", "b", "c", "d"], "answer": 0}"#).drops.map(\.reason) == [.missingField])
    }

    /// In genetics and in programs case and quotes tell choices apart.
    @Test func choicesThatDifferInCaseStay() throws {
        #expect(try Self.reason("Which genotype?", #"["AA", "Aa", "aa", "aA"]"#) == nil)
        #expect(Question.plain("Which genotype?", ["AA", "Aa", "aa", "B"], .A).flags == [.choicesNearlySame])
    }

    @Test(arguments: [
        "In the figure above, find x.", "What does the diagram below show?", "As shown in the diagram, a block slides.", "Refer to the graph. Where is it?",
        "The accompanying map shows rivers.", "<img src=x> What is it?", "See the picture shown. What is it?", "In the figure, AB is 3.",
    ])
    func figuresThatAreNotThereAreMissed(_ text: String) throws { #expect(try Self.reason(text) == .missingFigure) }

    @Test(arguments: [
        "Which graph shows a parabola?", "The graph of y = x lies where?", "What is the figure of speech in this line?", "Who drew the map of Europe?",
        "What number is shown on the dial?", "The figure of the king in the picture of Velazquez is what?", "Where does the graph of f cross the axis?",
    ])
    func figuresInWordsStay(_ text: String) throws { #expect(try Self.reason(text) == nil) }

    @Test(arguments: ["CafÃ© au lait?", "It â€™s what?", "Broken \u{FFFD} sign?", "Bell \\u0007?"])
    func wrongEncodingIsFound(_ text: String) throws { #expect(try Self.reason(text) == .wrongEncoding) }

    @Test(arguments: ["Café à l’œuvre: naïve?", "Ångström’s Â?", "Ein Übel – “so”?", "x² ≤ √2 · π?"])
    func otherLettersAreNoWrongEncoding(_ text: String) throws { #expect(try Self.reason(text) == nil) }

    @Test(arguments: ["All of the above", "none of these", "Both A and C", "A and B only", "Neither A nor B", "B, C, and D.", "Two of the above"])
    func choicesThatSpeakOfOthersAreFlagged(_ choice: String) {
        #expect(Question.plain("Which?", [choice, "x", "y", "z"], .B).flags == [.choiceNamesOthers])
    }

    @Test(arguments: ["A", "I and II only", "vitamins A and D", "All planets", "Above the knee", "Hepatitis A and B"])
    func otherChoicesAreNot(_ choice: String) { #expect(Question.plain("Which?", [choice, "x", "y", "z"], .B).flags.isEmpty) }

    @Test(arguments: ["So the answer is B.", "Answer: C", "Therefore option D holds.", "It is large (C)", "correct answer is choice A.", "ANSWER IS:E"])
    func lettersInExplanationsAreFlagged(_ explanation: String) {
        #expect(Question.plain("Which?", explanation: explanation).flags == [.textNamesLetter])
    }

    @Test(arguments: ["The answer is a number.", "Vitamin C helps.", "The answer is correct.", "Point A lies on AB.", "Option one is best."])
    func otherLettersAreNotFlagged(_ explanation: String) { #expect(Question.plain("Which?", explanation: explanation).flags.isEmpty) }

    @Test func allOfMMLUsSubjectsAndThePlansHaveTheirDomain() {
        let mmlu = """
            abstract_algebra anatomy astronomy business_ethics clinical_knowledge college_biology college_chemistry college_computer_science
            college_mathematics college_medicine college_physics computer_security conceptual_physics econometrics electrical_engineering
            elementary_mathematics formal_logic global_facts high_school_biology high_school_chemistry high_school_computer_science
            high_school_european_history high_school_geography high_school_government_and_politics high_school_macroeconomics
            high_school_mathematics high_school_microeconomics high_school_physics high_school_psychology high_school_statistics
            high_school_us_history high_school_world_history human_aging human_sexuality international_law jurisprudence logical_fallacies
            machine_learning management marketing medical_genetics miscellaneous moral_disputes moral_scenarios nutrition philosophy prehistory
            professional_accounting professional_law professional_medicine professional_psychology public_relations security_studies sociology
            us_foreign_policy virology world_religions
            """.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(mmlu.count == 57 && mmlu.allSatisfy(DomainMap.standard.contains))
        let plan: [(Domain, [String])] = [
            (.math, ["elementary mathematics", "High-school mathematics", "college mathematics", "abstract algebra", "formal logic", "college physics"]),
            (.code, ["computer science", "algorithms", "data structures", "programming", "code comprehension", "software engineering", "design patterns", "software architecture"]),
            (.stem, ["conceptual physics", "chemistry", "biology", "engineering", "earth science"]),
            (.humanities, ["history", "literature", "philosophy", "social science", "geography"]),
        ]
        for (domain, subjects) in plan { for subject in subjects { #expect(DomainMap.standard[subject] == domain, "\(subject)") } }
    }
}
