import Distillation
import Foundation
import Questions
import Testing
import Transformers

@Suite struct TrainingExampleTests {
    let coder = ByteCoder()
    let builder: ExampleBuilder

    init() throws { builder = try ExampleBuilder(coder: ByteCoder()) }

    /// The whole sequence with the taught places in brackets; `<end>` for the end of the turn.
    private func marked(_ example: TrainingExample) -> String {
        var taught: [Int: Target] = [:]
        for (row, target) in zip(example.rows, example.targets) { taught[row + 1] = target }
        let start = (example.tokens.firstIndex(of: ByteCoder.assistant) ?? -1) + 1
        var text = "", inside = false
        for position in start...example.tokens.count {
            let isTaught = taught[position] != nil
            if isTaught != inside { text += isTaught ? "[" : "]" }
            inside = isTaught
            switch taught[position] {
            case .letter(let gold, _): text += "<\(gold)>"
            case .token(ByteCoder.end): text += "<end>"
            case .token(let id), .dense(let id, _): text += coder.text(of: [id])
            case nil: text += coder.text(of: [example.tokens[position]])
            }
        }
        return text + (inside ? "]" : "")
    }

    @Test func teachesTextEndAndLetterButNoForcedPiece() throws {
        let example = try builder.answering(.sample(2), reasoning: "Add 1.", teacher: nil)
        #expect(marked(example) == #"{"reasoning": "[Add 1."], "answer": "[<C>"}<end>]"#)
        // What is fed agrees with what is taught, one place later.
        for (row, target) in zip(example.rows, example.targets) where row + 1 < example.tokens.count {
            switch target {
            case .token(let id), .dense(let id, _): #expect(example.tokens[row + 1] == id)
            case .letter(let gold, _): #expect(example.tokens[row + 1] == coder.tokens(of: gold.rawValue)[0])
            }
        }
    }

    @Test func theEndOfTurnIsTaughtAndNotFed() throws {
        let example = try builder.answering(.sample(0), reasoning: "So.", teacher: nil)
        #expect(example.targets.last == .token(ByteCoder.end))
        #expect(example.rows.last == example.tokens.count - 1)
        #expect(!example.tokens.contains(ByteCoder.end))
    }

    @Test func withoutReasoningTheBareLetterIsTaught() throws {
        #expect(marked(try builder.answering(.sample(1), reasoning: nil, teacher: nil)) == #"{"answer": "[<B>"}<end>]"#)
        let letters = try ExampleBuilder(coder: coder, style: .letter)
        #expect(marked(try letters.answering(.sample(1), reasoning: "Why not.", teacher: nil)) == #"{"answer": "[<B>"}<end>]"#)
    }

    @Test func carriesTheTeachersScores() throws {
        let scores = [-1.0, -2, -0.8, -3]
        let example = try builder.answering(KeptLabel(question: .sample(3), reasoning: "So.", teacherScores: scores))
        #expect(example.targets.contains(.letter(gold: .D, teacher: scores)))
        let counts = LossCounts([example, example])
        #expect(counts == LossCounts(questions: 2, tokens: 2 * (3 + 1 + 2 + 1)))
    }

    @Test func askingTeachesEveryTextAndTheLetter() throws {
        let example = try builder.asking(.sample(1, explanation: "1 + 1 = 2."))
        #expect(marked(example) == #"{"topic": "sums", "question": "[What is 1 + 1?"], "choices": ["A) [1"], "B) [2"], "C) [3"], "D) [4"]], "answer": "[B]", "explanation": "[1 + 1 = 2."}<end>]"#)
        #expect(LossCounts([example]).questions == 0)
    }

    @Test func aShareOfTheQuestionsIsAlsoAsked() throws {
        let labels = (0..<20).map { KeptLabel(question: .sample($0), reasoning: "So.", teacherScores: nil) }
        func make(_ seed: UInt64) throws -> [TrainingExample] {
            try builder.examples(for: labels, askingShare: 0.25, seed: seed).examples
        }
        let examples = try make(4)
        #expect(examples.count == 25)
        #expect(try examples == make(4))
        #expect(try examples != make(5))
        #expect(throws: DistillationError.self) { try builder.examples(for: labels, askingShare: 1.5) }
    }

    @Test func longExamplesAreLeftOutAndCounted() throws {
        let labels = (0..<3).map { KeptLabel(question: .sample($0), reasoning: String(repeating: "So ", count: 1 + $0 * 5), teacherScores: nil) }
        let lengths = try builder.examples(for: labels).examples.map(\.tokens.count)
        let (examples, tooLong) = try builder.examples(for: labels, maximumTokens: lengths[1])
        #expect(examples.count == 2 && tooLong == 1)
    }

    /// The example that a packed row belongs to, read back from the pieces: the tokens before and at the row.
    private func history(of row: Int, in batch: PackedSequences) throws -> [Int] {
        let starts = batch.starts
        let piece = try #require(starts.lastIndex { $0 <= row })
        var tokens = Array(batch.tokens[starts[piece]...row])
        var ancestor = batch.pieces[piece].continues
        while let index = ancestor {
            tokens = batch.tokens[starts[index]..<starts[index] + batch.pieces[index].count] + tokens
            ancestor = batch.pieces[index].continues
        }
        return tokens
    }

    @Test func packingSharesBeginningsAndLosesNothing() throws {
        let questions = (0..<3).map { Question.sample($0) }
        let examples = try questions.flatMap { question in
            try [builder.answering(question, reasoning: "So \(question.id).", teacher: nil)] + builder.binding(question) + [builder.asking(question)]
        }
        let packed = PackedExamples(examples)
        func taught(_ tokens: [Int], _ target: Target) -> String { "\(tokens) \(target)" }
        let wanted = examples.flatMap { example in zip(example.rows, example.targets).map { taught(Array(example.tokens[...$0]), $1) } }
        let found = try zip(packed.rows, packed.targets).map { taught(try history(of: $0, in: packed.sequences), $1) }
        #expect(found.sorted() == wanted.sorted())
        #expect(packed.tokenCount == examples.reduce(0) { $0 + $1.tokens.count })
        // Three prompts of four examples each under one system prompt; the question-writing ones share another.
        #expect(packed.sequences.tokens.count * 2 < packed.tokenCount)
        #expect(packed.sequences.pieces.count { $0.continues == nil } == 2)
        #expect(PackedExamples([examples[0]]).sequences.pieces.count == 1)
    }

    @Test func everyWrongChoiceIsBoundToItsLetter() throws {
        let question = Question.sample(1)
        let examples = try builder.binding(question)
        let letters = Letter.allCases.filter { $0 != question.answer }
        #expect(examples.map(\.targets) == letters.map { [.letter(gold: $0, teacher: nil)] })
        for (example, letter) in zip(examples, letters) {
            let text = ByteCoder().text(of: example.tokens)
            #expect(text.hasSuffix("{\"reasoning\": \"The answer is \(question.choices[letter.index]).\", \"answer\": \""))
            #expect(example.rows == [example.tokens.count - 1])
        }
        let labels = [0, 1].map { KeptLabel(question: .sample($0), reasoning: "So.", teacherScores: nil) }
        let all = try builder.examples(for: labels, bindsChoices: true).examples
        #expect(all.map(\.name) == labels.flatMap { [String](repeating: $0.question.id, count: 4) })
    }

    @Test func aTokenizerThatSplitsALetterIsRefused() {
        final class Doubling: ChatCoder {
            let inner = ByteCoder()
            func tokens(of text: String) -> [Int] { inner.tokens(of: text).flatMap { [$0, $0] } }
            func text(of tokens: [Int]) -> String { inner.text(of: tokens) }
            func bytes(of token: Int) -> [UInt8] { inner.bytes(of: token) }
            func isSpecial(_ token: Int) -> Bool { inner.isSpecial(token) }
            var vocabularySize: Int { 260 }
            func prompt(system: String, user: String) throws -> [Int] { [] }
            func endOfTurn() throws -> Int { ByteCoder.end }
        }
        #expect(throws: DistillationError.self) { try ExampleBuilder(coder: Doubling()) }
    }
}
