import Evaluation
import Foundation
import Groundwork
import Transformers

extension Evaluate {
    private struct WrittenComparison: Encodable {
        let overall: Finding
        let groups: [String: Finding]
    }

    func runWritten() throws {
        let path = data ?? ""
        // Refuses a broken file or a missing sandbox before a model is loaded.
        let problems: any WrittenBenchmark = benchmark == .math500
            ? try MathBenchmark(path: path) : try CodeBenchmark(path: path, limits: .init(seconds: testTimeout))
        let model = try modelOptions.load()
        let (first, replies) = try evaluate(problems, model, adapterOptions.load(for: model), adapterOptions.adapter)
        print(first.table)
        var second: WrittenResult?
        var comparison: WrittenComparison?
        if let compare {
            Console.note("loading adapter \(compare)")
            let (other, _) = try evaluate(problems, model, Adapter.load(compare, for: model, onlyInference: true), compare)
            let (overall, groups) = try WrittenResult.compare(first, other, minimumQuestions: minQuestions)
            print("\n" + other.table + "\n")
            for (name, finding) in groups.sorted(by: { $0.key < $1.key }) where groups.count > 1 { print("\(name): \(finding.sentence)") }
            print("overall: \(overall.sentence)")
            second = other
            comparison = WrittenComparison(overall: overall, groups: groups)
        }
        try json.write(Result(
            result: first, compared: second, comparison: comparison, rotation: nil, comparedRotation: nil, seconds: replies.seconds,
            questionsPerSecond: replies.rate, peakMemory: ProcessMemory.peak,
            deviceMemory: ProcessMemory.used(on: model.device)))
    }

    private func evaluate(
        _ problems: any WrittenBenchmark, _ model: LanguageModel, _ adapter: Adapter?, _ name: String?
    ) throws -> (WrittenResult, Asking) {
        let identity = try output == nil ? [:] : identity(model, adapter: name)
        let decoder = try Decoder(model: model, adapter: adapter, slots: styleOptions.slots)
        let evaluator = WrittenEvaluator(
            tokenizer: model.tokenizer, identity: identity, sampling: Sampling(temperature: styleOptions.temperature ?? 0),
            limit: styleOptions.maxTokens ?? 2_048, seed: styleOptions.seed, decode: { try decoder.run($0, progress: $1) })
        let count = min(problems.tasks.count, questionOptions.limit ?? .max)
        let replies = Asking("\(problems.name): \(name ?? "base")", total: count, unit: "replies")
        let judged = Progress("judging", total: count, unit: "replies")
        let records = try evaluator.run(
            problems, count: count, keepingIn: output,
            progress: replies.advance, resumed: replies.resume, judged: { judged.advance(to: $0) })
        return (WrittenResult(model: modelOptions.model, adapter: name, benchmark: problems.name, records: records), replies)
    }
}
