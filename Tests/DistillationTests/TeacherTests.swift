import Distillation
import Foundation
import Groundwork
import Questions
import Synchronization
import Testing
import Transformers

/// Plays a decoder whose model writes a fixed text and prefers one letter.
private final class ScriptedModel {
    let script: [Int]
    var scores: [Float] = [-2, -0.5, -3, -1.5]
    var transcripts: [[Int]] = []
    var calls = 0

    init(_ text: String) { script = Array(text.utf8).map(Int.init) }

    func run(_ streams: [Transformers.Stream]) throws {
        calls += 1
        for stream in streams {
            var written: [Int] = [], position = 0
            loop: while true {
                switch try stream.guide.next() {
                case .append(let tokens): written += tokens
                case .sample(_, let mask):
                    let token = script[position]
                    #expect(mask?.allows(token) == true)
                    position += 1
                    written.append(token)
                    try stream.guide.sampled(token)
                case .score: try stream.guide.scored(scores)
                case .likeliest(let count):
                    try stream.guide.likeliest((0..<count).map { TokenLikelihood(token: script[position] + $0, logProbability: Float(-1 - $0)) })
                case .rewind(let count): written.removeLast(count)
                case .finish: break loop
                }
            }
            transcripts.append(written)
        }
    }
}

private func teacher(_ model: ScriptedModel, _ way: TeacherWay, maximumTokens: Int = 40, rules: AskingRules = AskingRules()) throws -> NativeTeacher {
    try NativeTeacher(
        identity: "scripted", coder: ByteCoder(), way: way, sampling: Sampling(temperature: 0.5), maximumTokens: maximumTokens, seed: 3,
        rules: rules, decode: model.run)
}

@Suite struct TeacherTests {
    @Test func reasonsThroughTheFormat() throws {
        let model = ScriptedModel("I add one.\"")
        let labels = try teacher(model, .free).labels(for: [.sample(1)])
        #expect(ByteCoder().text(of: model.transcripts[0]) == #"{"reasoning": "I add one.", "answer": ""#)
        #expect(labels[0].reasoning == "I add one.")
        #expect(labels[0].ending == .finished)
        #expect(labels[0].tokens == 10)
        #expect(labels[0].letter == .B)
        #expect(abs((labels[0].letterLogProbabilities ?? []).reduce(0) { $0 + exp($1) } - 1) < 1e-9)
        #expect(labels[0].provenance.way == .free)
    }

    @Test func isCutOffAtItsLimitAndStillScored() throws {
        let model = ScriptedModel("I go on and on.\"")
        let labels = try teacher(model, .free, maximumTokens: 7).labels(for: [.sample(1)])
        #expect(labels[0].reasoning == "I go on")
        #expect(labels[0].ending == .tokenLimit)
        #expect(ByteCoder().text(of: model.transcripts[0]) == #"{"reasoning": "I go on", "answer": ""#)
        #expect(LabelFunnel.sort(labels).kept.isEmpty)
    }

    @Test func readsTheExplanationWhenInformed() throws {
        let model = ScriptedModel("")
        let labels = try teacher(model, .informed).labels(for: [
            .sample(1, explanation: "One \"more\"."), .sample(2, explanation: nil),
        ])
        #expect(ByteCoder().text(of: model.transcripts[0]) == #"{"reasoning": "One 'more'.", "answer": ""#)
        #expect(ByteCoder().text(of: model.transcripts[1]) == #"{"answer": ""#)
        #expect(labels.map(\.reasoning) == ["One 'more'.", ""])
        #expect(labels.allSatisfy { $0.provenance.way == .informed && $0.ending == .finished })
    }

    @Test func aMaskAllowsNothingThatWouldNeedAnEscape() throws {
        let tokens = try AnswerTokens(coder: ByteCoder())
        let mask = ReasoningMask.make(ByteCoder(), quote: tokens.quote)
        for token in 0..<260 {
            let forbidden = token < 0x20 || token == 0x7f || token == UInt8(ascii: "\\") || token >= 256
            #expect(mask.allows(token) == !forbidden, "\(token)")
        }
    }

    @Test func anotherPromptIsAnotherProvenance() throws {
        final class Terse: ChatCoder {
            let inner = ByteCoder()
            func tokens(of text: String) -> [Int] { inner.tokens(of: text) }
            func text(of tokens: [Int]) -> String { inner.text(of: tokens) }
            func bytes(of token: Int) -> [UInt8] { inner.bytes(of: token) }
            func isSpecial(_ token: Int) -> Bool { inner.isSpecial(token) }
            var vocabularySize: Int { 260 }
            func prompt(system: String, user: String) throws -> [Int] { inner.tokens(of: user) }
            func endOfTurn() throws -> Int { ByteCoder.end }
        }
        let model = ScriptedModel("")
        let other = try NativeTeacher(
            identity: "scripted", coder: Terse(), way: .free, sampling: .greedy, maximumTokens: 1, seed: 0, decode: model.run)
        #expect(try teacher(model, .free).provenance.promptHash != other.provenance.promptHash)
        #expect(try teacher(model, .free).provenance.promptHash == teacher(model, .informed).provenance.promptHash)
    }

    @Test func asksUnderEveryRotationAndDrawsFurtherSamples() throws {
        // Prefers B whatever stands there: over four rotations each choice is preferred once, and the sample for a wrong one is no better.
        let model = ScriptedModel("So.\"")
        let label = try teacher(model, .free, rules: AskingRules(rotations: 4)).labels(for: [.sample(1)])[0]
        #expect(model.calls == 1 && label.answers.count == 4)
        #expect(label.answers.map(\.rotation) == [0, 1, 2, 3] && Set(label.answers.map(\.letterLogProbabilities)).count == 1)
        var report = LabelReport()
        report.add(label, limits: LabelLimits())
        #expect(report.taste.said == [0, 4, 0, 0] && report.taste.right == [1, 1, 1, 1])
        let wrong = try teacher(model, .free, rules: AskingRules(samples: 2, hint: true)).labels(for: [.sample(0), .sample(1)])
        #expect(wrong.map(\.answers.count) == [4, 1])
        #expect(wrong[0].answers.map(\.isHinted) == [false, false, false, true])
    }

    @Test func storesItsLikeliestTokensWithTheirIds() throws {
        let label = try teacher(ScriptedModel("I add.\""), .free, rules: AskingRules(dense: 2)).labels(for: [.sample(1)])[0]
        let dense = try #require(label.dense)
        #expect(dense.pieces.joined() == "I add." && dense.width == 2)
        #expect(dense.tokenizer == DenseVocabulary.identity(of: ByteCoder()))
        #expect(dense.ids?.count == 6 * 2 * 4)
    }

    @Test func labellingSkipsWhatIsThere() throws {
        let scratch = try Scratch(), path = scratch.path + "/labels.jsonl"
        let questions = (0..<10).map { Question.sample($0) }
        let model = ScriptedModel("So.\"")
        let checks = Mutex(0)
        #expect(throws: Interrupted.self) {
            try Labelling(batch: 4, isInterrupted: { checks.withLock { $0 += 1; return $0 == 2 } })
                .run(.questions(questions), by: teacher(model, .free), into: path)
        }
        #expect(try LabelFile.read(path).count == 4)
        let made = try Labelling(batch: 4, isInterrupted: { false }).run(.questions(questions), by: teacher(model, .free), into: path)
        #expect(made == 6)
        #expect(model.calls == 3)
        #expect(try LabelFile.read(path).map(\.question) == questions)
        #expect(try Labelling(isInterrupted: { false }).run(.questions(questions), by: teacher(model, .free), into: path) == 0)
    }
}
