import Agents
import Evaluation
import Foundation
import Groundwork
import Questions

import Pipeline

/// A run folder with every file that a report draws, small and made by hand; gone afterwards. Its texts are those of an enemy.
final class SampleRun {
    static let hostile = "Is <script>alert(\"1\")</script> & </blockquote> ' \u{1B}[31m\u{0} an <em>end?"
    let path: String
    var run: RunFolder { RunFolder(path) }

    private struct Mode: Encodable {
        struct Domain: Encodable {
            var domain = "math"
            var base: Proportion
            var letters = ["A": 1, "B": 3]
            var specialist: PairedComparison
            var unified: PairedComparison
            var records: [EvaluationResult]
        }
        var mode: String
        var domains: [Domain]
    }
    private struct Answered: Encodable {
        var question: Question
        var answer: AnswerRecord
    }

    /// - Parameters:
    ///   - isWhole: otherwise nothing but a manifest.
    ///   - right: which of the held-out questions the unified adapter answers; the base answers the first two, the specialist all.
    init(isWhole: Bool = true, right: [Bool] = [true, true, true, false], rank: Int = 8, ask: String = "q") throws {
        path = NSTemporaryDirectory() + "retort-run-" + UUID().uuidString
        try write("manifest.json", """
            {"recipe": "sample <b>&</b>", "version": "0.1.0", "phases": {"collect": {"settings": {"train.rank": "\(rank)", "seed": "1"},
            "settingsHash": "aa", "inputs": {"questions \\"<x>\\".jsonl": "bb"}, "outputs": {"questions/math/test.jsonl": "cc"}, "seed": 1,
            "version": "0.1.0", "finished": "2026-01-02T03:04:05Z", "seconds": 60},
            "merge": {"settings": {}, "settingsHash": "dd", "inputs": {}, "outputs": {}, "seed": 1, "version": "0.1.0",
            "finished": "2026-01-02T03:05:05Z", "seconds": 0.2},
            "train:humanities": {"settings": {}, "settingsHash": "ee", "inputs": {}, "outputs": {}, "seed": 1, "version": "0.1.0",
            "finished": "2026-01-02T03:05:05Z", "seconds": 29.8}}}
            """)
        guard isWhole else { return }
        let questions = right.indices.map { number in
            Question(
                id: "\(ask)-\(number)", source: "test", subject: "s", topic: "t", domain: .math, question: "\(Self.hostile) \(ask) \(number)",
                choices: ["<1>", "2", "3", "4"], answer: .B)
        }
        try QuestionFile.write(questions, to: run.file("questions/math/test.jsonl"))
        func result(_ right: [Bool]) -> EvaluationResult {
            EvaluationResult(model: "m", adapter: nil, style: "chat reason-first", records: zip(questions, right).map { question, isRight in
                EvaluationRecord(
                    question, logProbabilities: isRight ? [-2.5, -0.3, -2.5, -2.5] : [-0.3, -2.5, -2.5, -2.5], reasoning: Self.hostile, tokens: 9,
                    finished: true)
            })
        }
        let base = right.indices.map { $0 < 2 }, all = right.map { _ in true }
        func pair(_ second: [Bool]) -> PairedComparison { PairedComparison(zip(base, second).map { (first: $0, second: $1) }) }
        try run.writeJSON([Mode(mode: "reason-first", domains: [
            Mode.Domain(
                base: Proportion(2, of: right.count), specialist: pair(all), unified: pair(right),
                records: [result(base), result(all), result(right)]),
        ])], to: "validate/accuracy.json")
        try write("validate/agents.json", """
            {"questions": {"count": 2, "median": 3, "slowest": 11, "late": 1, "limit": 10}, "answers": {"count": 2, "median": 1, "slowest": 2, "late": 0,
            "limit": 6}, "validQuestions": 1, "validAnswers": 2, "fromPool": 0, "agreedByBase": 1, "rightAnswers": 1}
            """)
        let asked = AgentQuestion(topic: "t", question: Self.hostile, choices: ["A) 1", "B) 2", "C) 3", "D) <4>"], answer: "A", explanation: "because <")
        try run.writeJSON([
            QuestionRecord(area: "math", topic: "t", output: "{}", question: asked, seconds: 3),
            QuestionRecord(area: "math", topic: "t", output: "{\"broken\": <", question: nil, seconds: 11, isLate: true),
        ], to: "validate/questions.json")
        let reply = AgentAnswer(answer: "B", reasoning: Self.hostile)
        try run.writeJSON([
            Answered(question: questions[0], answer: AnswerRecord(questionID: "q-0", output: "", answer: reply, seconds: 1)),
            Answered(question: questions[1], answer: AnswerRecord(questionID: "q-1", output: Self.hostile, answer: nil, seconds: 2)),
        ], to: "validate/answers.json")
        try write("labels/funnel.json", """
            {"math": {"teacher": "t<1>", "dataset": "math", "right": 6, "funnel": {"labels": 10, "kept": 7, "keptWithoutScores": 2,
            "dropped": {"tooManyWords": 1, "newReason": 2}}}}
            """)
        try write("train/math/training/metrics.jsonl", (1...4).map(Self.step).joined(separator: "\n") + """

            {"step": 4, "probe": {"accuracy": 0.5, "letterEntropy": 1.9, "wellFormed": 1}}
            {"step": 2, "retry": {"number": 1, "reason": "one letter <A>", "collapsedAt": 4}}
            \(Self.step(3))
            {"step": 3, "probe": {"accuracy": 0.75, "letterEntropy": 2}}

            """)
        try write("unified/merge.json", Self.merge(layers: 3))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws { try WholeFile.write(text, to: run.file(file)) }

    private static func step(_ number: Int) -> String {
        """
        {"step": \(number), "epoch": 0.5, "loss": {"hard": 1, "soft": 1, "reasoning": 1, "total": \(5 - number), "accuracy": 0.5}, "learningRate": 0.001, \
        "gradientNorm": 1, "tokens": 10, "seconds": 1, "tokensPerSecond": 10}
        """
    }

    private static func merge(layers: Int) -> String {
        let modules = (0..<layers).flatMap { layer in
            ["q_proj", "v_proj"].map { name in
                """
                {"path": "model.layers.\(layer).self_attn.\(name)", "adapters": [0, 1], "rank": 8, "parameters": 100, "trimmed": [0.2, 0.25],
                "sign_conflicts": \(Double(layer) / 10), "cosines": [0.5, null], "norms": [1, 1], "merged_norm": 1, "energy_kept": 0.9}
                """
            }
        }
        return """
            {"settings": {"method": "ties", "convention": "peft", "space": "factors", "density": 0.8, "sign": "frequency", "lambda": 1, "epsilon": 0.1,
            "gamma": 0.01, "seed": 0}, "adapters": [{"folder": "train/math", "weight": 1, "rank": 8, "alpha": 8, "use_rslora": true},
            {"folder": "train/code", "weight": 1, "rank": 8, "alpha": 8, "use_rslora": true}], "modules": [\(modules.joined(separator: ","))],
            "surprises": [], "notes": []}
            """
    }
}
