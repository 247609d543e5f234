import Distillation
import Foundation
import Questions
import Testing

@Suite struct ReplyReadingTests {
    @Test(arguments: [
        ("Two and two make four.\nAnswer: B", Letter.B, "Two and two make four."),
        ("Two and two make four. **Answer: (C)**", .C, "Two and two make four."),
        ("It is four.\n\nThe correct answer is D) 4.", .D, "It is four."),
        ("It is four. Therefore, the answer is A.", .A, "It is four."),
        ("The answer is B at first sight. But no.\nAnswer: C", .C, "The answer is B at first sight. But no."),
        ("B) four", .B, ""), ("(A)", .A, ""), ("C", .C, ""),
    ])
    func findsTheLastLetterAndTheReasoningBeforeIt(text: String, letter: Letter, reasoning: String) {
        let reading = ReplyReading(.words(text))
        #expect(reading.stated == letter)
        #expect(reading.reasoning == reasoning)
    }

    @Test(arguments: ["The answer is A triangle with three sides.", "I cannot tell.", "Answer: 42", "The answers Bob gave differ.", "", "An answer: Beta"])
    func findsNoLetterWhereNoneIsNamed(text: String) {
        #expect(ReplyReading(.words(text)).stated == nil)
        #expect(ReplyReading(.words(text)).reasoning == text)
    }

    @Test func separatesThinkingFromTheReply() {
        for text in ["<think>Hmm, the answer is A?</think>\n\nIt is four.\nAnswer: B", "Hmm, the answer is A?</think>\n\nIt is four.\nAnswer: B"] {
            let reading = ReplyReading(.words(text))
            #expect(reading.thinking == "Hmm, the answer is A?")
            #expect(reading.reasoning == "It is four.")
            #expect(reading.stated == .B && !reading.isStillThinking)
        }
        let field = ReplyReading(.words("It is four.\nAnswer: B", thinking: "Hmm."))
        #expect(field.thinking == "Hmm." && field.reasoning == "It is four.")
    }

    @Test func aReplyCutOffInItsThinkingSaysNothing() {
        let reading = ReplyReading(.words("<think>Perhaps the answer is A", ending: .tokenLimit))
        #expect(reading.isStillThinking && reading.stated == nil && reading.reasoning.isEmpty)
        #expect(reading.thinking == "Perhaps the answer is A")
    }

    @Test func scoresTheLettersWhereTheAnswerStands() throws {
        let reading = ReplyReading(.words("It is four.\nAnswer: B", letters: [(" B", log(0.5)), ("B", log(0.2)), ("(B", log(0.1)), (" A", log(0.1)), (" the", log(0.05))]))
        let scores = try #require(reading.scores)
        #expect(abs(exp(scores.logProbabilities[1]) - 0.8) < 1e-12)
        #expect(abs(exp(scores.logProbabilities[0]) - 0.1) < 1e-12)
        // C and D are outside what was returned: no more than the least returned, and no more than all the rest together.
        #expect(abs(exp(try #require(scores.floor)) - 0.05) < 1e-12)
        #expect(scores.logProbabilities[2] == scores.floor && scores.logProbabilities[3] == scores.floor)
        #expect(reading.reasoningTokens == 0..<3)
    }

    @Test func theFloorIsNoMoreThanWhatIsLeft() throws {
        let token = TeacherReply.Token(
            text: "A", logProbability: log(0.9), alternatives: [.init(text: "A", logProbability: log(0.9)), .init(text: "B", logProbability: log(0.09))])
        let scores = try #require(LetterScores(token))
        #expect(abs(exp(try #require(scores.floor)) - 0.01) < 1e-9)
    }

    @Test func addsTheWrittenTokenWhereTheServerLeftItOut() throws {
        let token = TeacherReply.Token(text: " D", logProbability: log(0.02), alternatives: [.init(text: " A", logProbability: log(0.6))])
        #expect(abs(exp(try #require(LetterScores(token)).logProbabilities[3]) - 0.02) < 1e-12)
    }

    @Test func aPlaceWithoutAnyLetterHasNoScores() {
        #expect(LetterScores(.init(text: " the", logProbability: -0.1, alternatives: [.init(text: " a", logProbability: -3)])) == nil)
        #expect(LetterScores(.init(text: " Bob", logProbability: -0.1, alternatives: [])) == nil)
    }
}

@Suite struct EnglishCheckTests {
    @Test(arguments: [
        "The capital of Austria is Vienna, because it has been the seat of the government since the Middle Ages.", "12 + 5 = 17.", "",
        "The angle α is 30°, so sin α = 1/2 and the side is half of the hypotenuse.", "Let x = 3, y = 4, z = 5, then x² + y² = z².",
    ])
    func letsEnglishAndFormulasPass(text: String) { #expect(EnglishCheck.passes(text)) }

    @Test(arguments: Domain.specialist)
    func letsEveryGeneratedExplanationPass(domain: Domain) throws {
        for question in try QuestionGenerator.generate(domain: domain, count: 400, seed: 3) {
            #expect(EnglishCheck.passes(question.explanation ?? ""), "\(question.explanation ?? "")")
        }
    }

    @Test(arguments: [
        "奥地利的首都是维也纳。", "The capital is 维也纳，因为它是奥地利的首都 since long.", "Столица Австрии — Вена.",
        "Die Hauptstadt von Österreich ist Wien, und das ist nicht die größte Stadt der Welt.",
        "La capitale de l'Autriche est Vienne et elle est dans le pays depuis des siècles pour nous.",
        "La capital de Austria es Viena y no se encuentra en el norte del país.",
    ])
    func stopsOtherLanguages(text: String) { #expect(!EnglishCheck.passes(text)) }
}
