import Questions
import Testing
import Transformers

import Evaluation

/// A vocabulary of Unicode scalars, and of the four letters with a space before them.
@Sendable func scalarTokens(_ text: String) -> [Int] {
    var tokens: [Int] = []
    let scalars = Array(text.unicodeScalars)
    var index = 0
    while index < scalars.count {
        if scalars[index] == " ", index + 1 < scalars.count, "ABCD".unicodeScalars.contains(scalars[index + 1]) {
            tokens.append(0x20_0000 + Int(scalars[index + 1].value))
            index += 2
        } else {
            tokens.append(Int(scalars[index].value))
            index += 1
        }
    }
    return tokens
}

func question(
    _ id: String, subject: String = "abstract_algebra", domain: Domain = .math, text: String = "What is 1 + 1?",
    choices: [String] = ["0", "1", "2", "3"], answer: Letter = .C
) -> Question {
    Question(
        id: id, source: "test", subject: subject, topic: subject, domain: domain, question: text, choices: choices, answer: answer)
}

@Suite struct MMLUStyleTests {
    private func style(_ shots: [Question], _ count: Int, bos: Int? = nil, contextLength: Int? = nil) throws -> MMLUStyle {
        try MMLUStyle(encode: scalarTokens, bos: bos, shots: shots, shotCount: count, contextLength: contextLength)
    }

    /// The text that lm-evaluation-harness builds for its task `mmlu_abstract_algebra` with two shots.
    @Test func promptIsTheHarnesss() throws {
        let shots = [
            question("s0", text: "Find all c in Z_3.\n", answer: .B),
            question("other", subject: "formal_logic", text: "Not this one."),
            question("s1", text: "  Statement 1 | Yes. ", choices: ["True, True", "False, False ", "x", "y"], answer: .D),
            question("s2", text: "One too many."),
        ]
        let text = try style(shots, 2).text(for: question("q", text: "What is\n1 + 1?"))
        #expect(text == """
            The following are multiple choice questions (with answers) about abstract algebra.

            Find all c in Z_3.
            A. 0
            B. 1
            C. 2
            D. 3
            Answer: B

            Statement 1 | Yes.
            A. True, True
            B. False, False\u{20}
            C. x
            D. y
            Answer: D

            What is
            1 + 1?
            A. 0
            B. 1
            C. 2
            D. 3
            Answer:
            """)
    }

    @Test func scoresTheLettersWithTheirSpace() throws {
        let asked = try style([], 0, bos: 7).ask(question("q"))
        #expect(asked.prompt.first == 7)
        #expect(asked.prompt.last == Int((":" as Unicode.Scalar).value))
        guard case .score(let letters) = try asked.guide.next() else {
            Issue.record("the guide should ask for scores")
            return
        }
        #expect(letters == ["A", "B", "C", "D"].map { 0x20_0000 + Int(($0 as Unicode.Scalar).value) })
        try asked.guide.scored([-1, -2, -3, -4])
        guard case .finish = try asked.guide.next() else {
            Issue.record("the guide should be done")
            return
        }
        #expect(asked.guide.letterLogProbabilities == [-1, -2, -3, -4])
    }

    @Test func aLongPromptLosesItsBeginning() throws {
        let whole = try style([], 0).ask(question("q")).prompt
        let cut = try style([], 0, contextLength: 20).ask(question("q")).prompt
        #expect(cut == Array(whole.suffix(20)))
    }

    @Test func missingShotsAreNamed() throws {
        let style = try style([question("s", subject: "formal_logic")], 1)
        // Before anything is asked, though the first subject has its shot.
        let evaluator = Evaluator(style: style) { _, _ in Issue.record("a question was asked") }
        #expect(throws: EvaluationError.tooFewShots(subject: "abstract_algebra", found: 0, wanted: 1)) {
            try evaluator.run([question("p", subject: "formal_logic"), question("q")])
        }
        #expect(throws: EvaluationError.tooFewShots(subject: "abstract_algebra", found: 0, wanted: 1)) {
            try style.ask(question("q"))
        }
    }

    @Test func aVocabularyWithoutTheLettersIsRefused() {
        #expect(throws: EvaluationError.letterIsNotOneToken(" A", tokens: 2)) {
            try MMLUStyle(
                encode: { $0.unicodeScalars.map { Int($0.value) } }, bos: nil, shots: [], shotCount: 0, contextLength: nil)
        }
    }
}
