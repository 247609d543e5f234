import Testing

import Questions

/// What holds for the questions of every family.
@Suite struct GeneratorTests {
    static let perGrade = 60

    /// As many questions as a grade gives, up to `perGrade`: small tables of facts give fewer.
    static func questions(of family: QuestionFamily, grade: Int, seed: UInt64 = 11) throws -> [Question] {
        var count = perGrade
        while true {
            do {
                return try QuestionGenerator.generate(
                    domain: family.domain, count: count, seed: seed, families: [family.name], difficulty: grade)
            } catch GeneratorError.exhausted(_, _, let made) {
                count = made
            }
        }
    }

    /// About what a byte-pair tokenizer that takes digits singly makes of a text: one token for a sign or a digit, one more for every
    /// six letters of a word.
    static func tokens(_ text: String) -> Int {
        var count = 0, letters = 0
        for character in text {
            letters = character.isLetter ? letters + 1 : 0
            if character.isLetter ? letters % 6 == 1 : !character.isWhitespace { count += 1 }
        }
        return count
    }

    @Test(arguments: QuestionGenerator.families)
    func everyQuestionIsSound(_ family: QuestionFamily) throws {
        for grade in family.grades {
            let questions = try Self.questions(of: family, grade: grade)
            #expect(questions.count >= 20, "\(family.name) at \(grade) gives only \(questions.count)")
            #expect(questions.fingerprints.count == questions.count)
            #expect(Set(questions.map(\.id)).count == questions.count)
            for question in questions {
                #expect(question.problems.isEmpty, "\(question)")
                #expect(Set(question.choices.map(Fingerprint.normalised)).count == 4, "\(question)")
                #expect(question.domain == family.domain && question.family == family.name && question.difficulty == grade)
                let explanation = try #require(question.explanation)
                #expect(explanation.hasSuffix("The answer is \(question.answerText)."), "\(question)")
                #expect(explanation.split(separator: " ").count <= 36, "\(question)")
                for text in [question.question, explanation, question.topic] + question.choices {
                    #expect(AnswerFormat.sanitise(text) == text, "\(question)")
                }
                #expect(QuestionGenerator.families(in: question.domain).contains { $0.subject == question.subject })
                #expect(FormatCheck.question(AgentQuestion(question), tokens: Self.tokens).isEmpty, "\(question)")
                #expect(Self.tokens(explanation) <= 64, "\(question)")
            }
        }
    }

    @Test(arguments: Domain.specialist)
    func everyDomainHasManyEasyFamilies(_ domain: Domain) throws {
        #expect(QuestionGenerator.families(in: domain).count >= 8)
        #expect(QuestionGenerator.familyNames(in: domain, difficulty: 1).count >= 8)
        #expect(Set(QuestionGenerator.families.map(\.name)).count == QuestionGenerator.families.count)
    }

    @Test(arguments: Domain.specialist)
    func theRightLetterIsUniform(_ domain: Domain) throws {
        let questions = try QuestionGenerator.generate(domain: domain, count: 1200, seed: 5)
        var counts = [0, 0, 0, 0]
        for question in questions { counts[question.answer.index] += 1 }
        // Chi-squared with 3 degrees of freedom: 16.27 is exceeded once in a thousand uniform samples.
        let chi = counts.reduce(0.0) { $0 + (Double($1) - 300) * (Double($1) - 300) / 300 }
        #expect(chi < 16.27, "\(counts)")
    }

    /// Whoever picks the longest choice must not do much better than by chance, whatever the question is.
    @Test(arguments: Domain.specialist)
    func lengthDoesNotGiveTheAnswerAway(_ domain: Domain) throws {
        let questions = try QuestionGenerator.generate(domain: domain, count: 800, seed: 3)
        var hits = 0.0
        for question in questions {
            let longest = question.choices.map(\.count).max() ?? 0
            let candidates = question.choices.filter { $0.count == longest }
            if question.answerText.count == longest { hits += 1 / Double(candidates.count) }
        }
        #expect(hits / Double(questions.count) < 0.36, "\(hits / Double(questions.count))")
    }

    @Test func theSameSeedGivesTheSameQuestions() throws {
        for domain in Domain.specialist {
            let once = try QuestionGenerator.generate(domain: domain, count: 90, seed: 8)
            #expect(try QuestionGenerator.generate(domain: domain, count: 90, seed: 8) == once)
            #expect(try Array(QuestionGenerator.generate(domain: domain, count: 120, seed: 8).prefix(90)) == once)
            #expect(try QuestionGenerator.generate(domain: domain, count: 90, seed: 9) != once)
        }
    }

    /// Guards every recipe's data: a change of the generator must be a decision, not an accident.
    @Test func theFirstQuestionsAreKnown() throws {
        let questions = try Domain.specialist.flatMap {
            try QuestionGenerator.generate(domain: $0, count: 40, seed: 1, difficulty: 1)
        }
        var fingerprint = Fingerprint(question: "", answer: "")
        for question in questions {
            fingerprint = Fingerprint(question: "\(fingerprint)\(question.question)", answer: "\(question.answer)\(question.choices)")
        }
        #expect(fingerprint.description == "fde81a7f335c3bb420d0c8db50112131")
    }

    @Test func excludedQuestionsDoNotCome() throws {
        for domain in Domain.specialist {
            let training = try QuestionGenerator.generate(domain: domain, count: 400, seed: 1, difficulty: 1)
            let heldOut = try QuestionGenerator.generate(
                domain: domain, count: 250, seed: 2, difficulty: 1, excluding: training.fingerprints)
            #expect(heldOut.count == 250 && heldOut.fingerprints.isDisjoint(with: training.fingerprints))
            // Nothing is left to copy: not one held-out question's text stands in the training set.
            let texts = Set(training.map { Fingerprint.normalised($0.question) })
            #expect(heldOut.allSatisfy { !texts.contains(Fingerprint.normalised($0.question)) })
        }
    }

    @Test func familiesTakeTurns() throws {
        let names = ["sums", "largest", "digits"]
        let questions = try QuestionGenerator.generate(domain: .math, count: 31, seed: 4, families: names, difficulty: 1)
        for name in names { #expect((10...11).contains(questions.count { $0.family == name })) }
    }

    @Test func whatCannotBeMadeIsSaid() throws {
        func message(_ body: () throws -> [Question]) -> String {
            do {
                _ = try body()
                return "nothing thrown"
            } catch { return "\(error)" }
        }
        #expect(message { try QuestionGenerator.generate(domain: .other, count: 1, seed: 1) }.contains("math, code, stem, humanities"))
        #expect(message { try QuestionGenerator.generate(domain: .math, count: 1, seed: 1, families: ["capitals"]) }
            .contains("the domain math has no question family \"capitals\"; it has sums"))
        #expect(message { try QuestionGenerator.generate(domain: .math, count: 1, seed: 1, families: ["powers_of_ten"], difficulty: 3) }
            .contains("has no difficulty 3; choose 1, 2"))
        #expect(message { try QuestionGenerator.generate(domain: .code, count: 1, seed: 1, difficulty: 7) }.contains("no difficulty 7"))
        #expect(message { try QuestionGenerator.generate(domain: .code, count: 1, seed: 1, families: ["stacks", "stacks"]) }
            .contains("named twice"))
        #expect(message { try QuestionGenerator.generate(domain: .code, count: -1, seed: 1) }.contains("-1"))
        #expect(message { try QuestionGenerator.generate(domain: .humanities, count: 500, seed: 1, families: ["mythology"]) }
            .contains("only 43 of 500 different humanities questions"))
        #expect(try QuestionGenerator.generate(domain: .math, count: 0, seed: 1).isEmpty)
    }
}
