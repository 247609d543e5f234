import Questions
import Testing

import Datasets

@Suite struct KnownQuestionsTests {
    private let gases = LikenessTests.question

    @Test func copiesAreFoundOneAtATimeAsInACollection() throws {
        var known = KnownQuestions([.plain("What is the capital of Austria?", ["Vienna", "Graz", "Linz", "Bonn"], .A), gases])
        let same = try #require(known.match(gases))
        #expect(same.index == 1 && same.likeness == 1)
        let reworded = Question.plain("Which of these substances is a noble gas at room temperature?", LikenessTests.gases, .B)
        let match = try #require(known.match(reworded))
        #expect(match.index == 1 && match.likeness < 1 && match.likeness > 0.5)
        #expect(known.match(.plain("What is the capital of Hungary?", ["Budapest", "Graz", "Linz", "Bonn"], .A)) == nil)
        #expect(known.match(.plain("What is 3 + 4?", ["7", "8", "9", "10"], .A)) == nil)
        known.insert(.plain("What is 3 + 4?", ["7", "8", "9", "10"], .A))
        #expect(known.match(.plain("What is 3 + 4?", ["6", "7", "9", "10"], .B))?.index == 2)
        #expect(known.match(.plain("What is 3 + 5?", ["7", "8", "9", "10"], .B)) == nil)
        #expect(known.count == 3)
    }

    /// A model that declares the wrong letter has copied the question all the same.
    @Test func theSameTextIsTheSameQuestionWhateverItsAnswer() {
        let known = KnownQuestions([gases])
        #expect(known.match(.plain(gases.question, ["iron", "neon", "gold", "tin"], .A))?.likeness == 1)
    }

    @Test func theIndexFindsWhatTheSearchOfPairsFinds() throws {
        let known = try QuestionGenerator.generate(domain: .stem, count: 300, seed: 5)
        let index = KnownQuestions(known)
        var found = 0
        for question in known.prefix(60) {
            var copy = question
            copy.question = "Read this with care. " + copy.question
            let pairs = try NearDuplicates.find(in: known + [copy]).pairs.filter { $0.second == known.count }
            if !pairs.isEmpty {
                found += 1
                #expect(index.match(copy) != nil, "\(question.question)")
            }
        }
        #expect(found > 30)
    }

    @Test func nothingIsLikeNothing() { #expect(KnownQuestions().match(gases) == nil) }
}
