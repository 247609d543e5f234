import Distillation
import Foundation
import Groundwork
import Questions
import Synchronization
import Testing
import Transformers

private func teacher(
    _ respondent: StubRespondent, _ rules: AskingRules = AskingRules(), temperature: Double = 0.6, vocabulary: DenseVocabulary? = nil
) throws -> RespondentTeacher {
    try RespondentTeacher(
        respondent, sampling: Sampling(temperature: temperature), maximumTokens: 200, seed: 5, rules: rules, vocabulary: vocabulary)
}

private func labels(_ teacher: RespondentTeacher, _ questions: [Question]) async throws -> [Label] {
    let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
    try await Labelling(isInterrupted: { false }).run(.questions(questions), by: teacher, into: path)
    return try LabelFile.read(path)
}

/// The letter of the right choice in the order asked.
private func right(_ request: TeacherRequest, _ question: Question) -> Letter { request.letter(of: question.answerText) ?? .A }

@Suite struct RespondentTeacherTests {
    let question = Question.sample(1)

    @Test func makesALabelOfAReply() async throws {
        let stub = StubRespondent { [question] in .answering(right($0, question)) }
        let label = try await labels(teacher(stub), [question])[0]
        #expect(label.reasoning == "Because it is so.")
        #expect(label.letter == .B && label.firstLetter == .B && label.origin == .asked && label.rotation == 0)
        #expect(label.letterLogProbabilities?.map { (exp($0) * 10).rounded() } == [1, 7, 1, 1])
        #expect(label.tokens == 4 && label.ending == .finished)
        #expect(label.answers.count == 1 && label.answers[0].promptTokens == 50 && label.seconds == 0.25)
        #expect(stub.requests.count == 1 && stub.requests[0].alternatives == 20 && stub.requests[0].maximumTokens == 200)
    }

    @Test func aTasteForALetterCancelsOverAllRotations() async throws {
        // Three times as likely for whatever stands on A, and otherwise undecided but for a little lead of the right choice.
        let stub = StubRespondent { [question] request in
            let weights = Letter.allCases.map { ($0 == .A ? 3.0 : 1) * ($0 == right(request, question) ? 1.2 : 1) }
            return .words(
                "It may be so.\nAnswer: A", letters: zip(Letter.allCases, weights).map { (" \($0)", log($1 / weights.reduce(0, +))) })
        }
        let label = try await labels(teacher(stub, AskingRules(rotations: 4)), [question])[0]
        let scores = try #require(label.letterLogProbabilities)
        #expect(label.answers.map(\.rotation) == [0, 1, 2, 3])
        #expect(label.firstLetter == .B)
        #expect(abs(scores[1] - scores[0] - log(1.2)) < 1e-9)
        #expect(abs(scores[2] - scores[0]) < 1e-9 && abs(scores[3] - scores[0]) < 1e-9)
        var report = LabelReport()
        report.add(label, limits: LabelLimits())
        #expect(report.taste.said == [4, 0, 0, 0] && report.taste.right == [1, 1, 1, 1])
        #expect(report.taste.strongest?.letter == .A && report.taste.strongest?.excess == 0.75)
    }

    @Test func teachesTheOrderInWhichTheReasoningWasWritten() async throws {
        // Right only when the right choice stands on D, and its reasoning says so; else for the choice before the right one.
        let stub = StubRespondent { [question] request in
            let right = right(request, question)
            return right == .D ? .answering(.D, reasoning: "D is one more.") : .answering(Letter.allCases[(right.index + 3) % 4])
        }
        let label = try await labels(teacher(stub, AskingRules(rotations: 4)), [question])[0]
        #expect(label.rotation == 2 && label.reasoning == "D is one more." && label.origin == .repaired)
        let kept = try #require(LabelFunnel.sort([label]).kept.first)
        #expect(kept.question.answer == .D && kept.question.answerText == question.answerText)
        let scores = try #require(kept.teacherScores)
        #expect(scores.indices.max { scores[$0] < scores[$1] } == 3)
        #expect(kept.question.id == question.id && label.question == question)
    }

    @Test func drawsFurtherSamplesUntilOneIsRight() async throws {
        let asked = Mutex(0)
        let stub = StubRespondent { [question] request in
            let number = asked.withLock { $0 += 1; return $0 }
            return .answering(number == 3 ? right(request, question) : .A, reasoning: "Try \(number).")
        }
        let label = try await labels(teacher(stub, AskingRules(samples: 5)), [question])[0]
        #expect(label.answers.map(\.sample) == [0, 1, 2])
        #expect(label.origin == .repaired && label.reasoning == "Try 3." && label.letter == .B && label.firstLetter == .A)
        #expect(Set(stub.requests.map(\.seed)).count == 3)
        var report = LabelReport()
        report.add(label, limits: LabelLimits())
        #expect(report.rightAtFirst == 0 && report.funnel.kept == 1 && report.funnel.keptRepaired == 1 && report.replies == 3)
        #expect(report.promptTokens == 150)
    }

    @Test func givesTheAnswerAwayLastAndTeachesNoScoresOfThat() async throws {
        let stub = StubRespondent { [question] request in
            request.user.contains("The right answer is B") ? .answering(right(request, question), reasoning: "I see.") : .answering(.A)
        }
        let label = try await labels(teacher(stub, AskingRules(samples: 2, hint: true)), [question])[0]
        #expect(label.origin == .hinted && label.answers.count == 4 && label.answers[3].isHinted)
        #expect(label.letter == .B && label.firstLetter == .A)
        let (kept, funnel) = LabelFunnel.sort([label])
        #expect(kept[0].reasoning == "I see." && kept[0].teacherScores == nil)
        #expect(funnel.keptHinted == 1 && funnel.keptWithoutScores == 1)
        #expect(LabelFunnel.sort([label], limits: LabelLimits(keepsHinted: false)).funnel.dropped == [.hinted: 1])
    }

    @Test func keepsAWrongLabelWhenNothingHelps() async throws {
        let label = try await labels(teacher(StubRespondent { _ in .answering(.A) }, AskingRules(samples: 2, hint: true)), [question])[0]
        #expect(label.letter == .A && label.answers.count == 4 && label.origin == .asked)
        #expect(LabelFunnel.sort([label]).funnel.dropped == [.wrongLetter: 1])
    }

    @Test func leadsAReplyWithoutALetterToOne() async throws {
        let stub = StubRespondent { request in
            request.isLed
                ? .words(" B", letters: [(" B", log(0.6)), (" A", log(0.2)), (" C", log(0.1)), (" D", log(0.1))]) : .words("It is two.")
        }
        let label = try await labels(teacher(stub), [question])[0]
        #expect(stub.requests.count == 2 && stub.requests[1].messages.last?.text == "It is two.\n\nAnswer:")
        #expect(stub.requests[1].sampling == .greedy && stub.requests[1].maximumTokens == 4)
        #expect(label.letter == .B && label.reasoning == "It is two.")
        #expect(label.answers[0].stated == nil && label.answers[0].promptTokens == 100 && label.seconds == 0.5)
    }

    @Test func aServerWithoutLikelihoodsStillGivesALetter() async throws {
        let stub = StubRespondent { _ in .words("It is two.\nAnswer: B", hasTokens: false) }
        let label = try await labels(teacher(stub), [question])[0]
        #expect(stub.requests.count == 1)
        #expect(label.letter == .B && label.letterLogProbabilities == nil)
        let (kept, funnel) = LabelFunnel.sort([label])
        #expect(kept[0].teacherScores == nil && funnel.keptWithoutScores == 1)
    }

    @Test func aReplyThatSaysNothingIsALabelWithoutALetter() async throws {
        let label = try await labels(teacher(StubRespondent { _ in .words("I do not know.") }), [question])[0]
        #expect(label.letter == nil)
        #expect(LabelFunnel.sort([label]).funnel.dropped == [.noLetter: 1])
    }

    @Test func dropsAReplyThatEndsOnAnotherLetterThanItScores() async throws {
        let stub = StubRespondent { _ in
            .words("It is two.\nAnswer: A", letters: [(" A", log(0.2)), (" B", log(0.6)), (" C", log(0.1)), (" D", log(0.1))])
        }
        let label = try await labels(teacher(stub), [question])[0]
        #expect(label.letter == .B && label.answers[0].stated == .A)
        #expect(LabelFunnel.sort([label]).funnel.dropped == [.contradiction: 1])
    }

    @Test func takesThinkingForReasoningWhereThereIsNoOther() async throws {
        let stub = StubRespondent { _ in
            .words("Answer: B", letters: [(" B", log(0.97)), (" A", -4), (" C", -5), (" D", -6)], thinking: "One and one is two.")
        }
        let label = try await labels(teacher(stub), [question])[0]
        #expect(label.reasoning == "One and one is two." && label.answers[0].thinking == nil)
    }

    @Test func storesTheLikeliestTokensOfTheTaughtReasoning() async throws {
        let stub = StubRespondent { [question] request in
            var reply = TeacherReply.answering(right(request, question), reasoning: "So it is.")
            for index in reply.tokens.indices where reply.tokens[index].alternatives.isEmpty {
                reply.tokens[index].alternatives = [.init(text: reply.tokens[index].text, logProbability: -0.5), .init(text: "x", logProbability: -1.5)]
            }
            return reply
        }
        let label = try await labels(teacher(stub, AskingRules(dense: 64)), [question])[0]
        #expect(stub.requests[0].alternatives == 64)
        #expect(label.dense?.pieces == ["So", " it", " is."] && label.dense?.width == 64 && label.dense?.ids == nil)
        #expect(label.dense?.logProbabilities.count == 3 * 64 * 2)
        #expect(label.answers[0].dense == nil)
    }

    @Test func labelsEveryQuestionOnceAcrossAnInterruption() async throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let questions = (0..<40).map { Question.sample($0) }
        let asked = Mutex(0)
        let stub = StubRespondent { _ in
            asked.withLock { $0 += 1 }
            return .answering(.A)
        }
        await #expect(throws: Interrupted.self) {
            try await Labelling(isInterrupted: { asked.withLock { $0 >= 10 } }).run(.questions(questions), by: teacher(stub), into: path)
        }
        let before = try LabelFile.read(path)
        #expect((1..<40).contains(before.count))
        let made = try await Labelling(isInterrupted: { false }).run(.questions(questions + questions), by: teacher(stub), into: path)
        #expect(made == 40 - before.count)
        let all = try LabelFile.read(path)
        #expect(all.count == 40 && Set(all.map(\.question.id)) == Set(questions.map(\.id)))
    }

    @Test func aRefusedQuestionIsLeftForAnotherTime() async throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let stub = StubRespondent { request in
            if request.user.contains("What is 3") { throw RespondentError.refused("too long") }
            return .answering(.A)
        }
        let told = Mutex<[String]>([])
        var labelling = Labelling(isInterrupted: { false })
        labelling.notice = { line in told.withLock { $0.append(line) } }
        try await labelling.run(.questions((0..<6).map { .sample($0) }), by: teacher(stub), into: path)
        #expect(try Set(LabelFile.read(path).map(\.question.id)) == ["q0", "q1", "q2", "q4", "q5"])
        #expect(told.withLock { $0 } == ["q3 gets no label: too long"])
    }

    @Test func aTeacherThatIsGoneEndsTheWorkAndKeepsWhatIsDone() async throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let asked = Mutex(0)
        let stub = StubRespondent(slots: 1) { _ in
            if asked.withLock({ $0 += 1; return $0 }) > 4 { throw RespondentError.unavailable("the key is wrong") }
            return .answering(.A)
        }
        await #expect(throws: RespondentError.self) {
            try await Labelling(isInterrupted: { false }).run(.questions((0..<9).map { .sample($0) }), by: teacher(stub), into: path)
        }
        #expect(try LabelFile.read(path).count == 4)
    }

    @Test func refusesRulesThatCannotWork() {
        let stub = StubRespondent { _ in .answering(.A) }
        #expect(throws: DistillationError.self) { try teacher(stub, AskingRules(rotations: 5)) }
        #expect(throws: DistillationError.self) { try teacher(stub, AskingRules(rotations: 0)) }
        #expect(throws: DistillationError.self) { try teacher(stub, AskingRules(samples: 1), temperature: 0) }
        #expect(throws: DistillationError.self) { try AskingRules(hint: true).validate(way: .informed, temperature: 0) }
    }

    @Test func anotherWayOfAskingIsAnotherProvenance() async throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let stub = StubRespondent { _ in .answering(.A) }
        try await Labelling(isInterrupted: { false }).run(.questions([question]), by: teacher(stub), into: path)
        let error = await #expect(throws: DistillationError.self) {
            try await Labelling(isInterrupted: { false }).run(.questions([question]), by: teacher(stub, AskingRules(rotations: 2)), into: path)
        }
        #expect(error?.description.contains("rotations 1 there, 2 here") == true)
    }
}
