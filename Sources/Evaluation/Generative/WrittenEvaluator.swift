import ContentHash
import Foundation
import Groundwork
import Tokenizers
import Transformers

/// Has problems answered in free text, keeps each reply as soon as it ends, and judges them all.
public struct WrittenEvaluator {
    private let encode: (String) throws -> [Int]
    private let text: ([Int]) -> String
    private let ends: Set<Int>
    private let decode: Evaluator.Decode
    private let sampling: Sampling
    private let limit: Int
    private let seed: UInt64
    private let settings: [String: String]

    /// - Parameters:
    ///   - limit: tokens of a reply at most.
    ///   - identity: model, adapter and precision, the first two with their contents: a file of replies is continued by the same ones only.
    public init(
        tokenizer: Tokenizer, identity: [String: String], sampling: Sampling, limit: Int, seed: UInt64, decode: @escaping Evaluator.Decode
    ) {
        self.init(
            encode: { try tokenizer.encodeChat([Message(role: .user, text: $0)], generationPrompt: true) },
            text: { tokenizer.decode($0, skippingSpecial: true) }, ends: tokenizer.endTokens, identity: identity, sampling: sampling,
            limit: limit, seed: seed, decode: decode)
    }

    package init(
        encode: @escaping (String) throws -> [Int], text: @escaping ([Int]) -> String, ends: Set<Int>, identity: [String: String],
        sampling: Sampling, limit: Int, seed: UInt64, decode: @escaping Evaluator.Decode
    ) {
        self.encode = encode
        self.text = text
        self.ends = ends
        self.decode = decode
        self.sampling = sampling
        self.limit = limit
        self.seed = seed
        settings = identity.merging(
            ["max-tokens": "\(limit)", "temperature": "\(sampling.temperature)", "seed": "\(seed)"], uniquingKeysWith: { _, new in new })
    }

    /// The records of the benchmark's first `count` tasks, in their order.
    ///
    /// - Parameters:
    ///   - file: JSONL of replies; those that are there are not asked for again, new ones are appended as they end. Nil keeps nothing.
    ///   - progress: called with the number of replies there are.
    ///   - resumed: called once, before anything is asked, with the number of replies that the file holds.
    /// - Throws: what `AnswerFile` does, `Interrupted`, and what decoding and judging throw.
    public func run(
        _ benchmark: any WrittenBenchmark, count: Int? = nil, keepingIn file: String? = nil, progress: ((Int) -> Void)? = nil,
        resumed: ((Int) -> Void)? = nil, judged: ((Int) -> Void)? = nil
    ) throws -> [WrittenRecord] {
        let tasks = Array(benchmark.tasks.prefix(count ?? .max))
        let settings = settings.merging(["benchmark": benchmark.name], uniquingKeysWith: { _, new in new })
        let file = try file.map { try AnswerFile<WrittenReply>($0, settings: settings) }
        var replies = try tasks.map { task in try file?.answer(to: task.id) { ContentHash.of(task.prompt) } }
        let missing = tasks.indices.filter { replies[$0] == nil }
        resumed?(tasks.count - missing.count)
        let clock = ContinuousClock(), start = clock.now
        let streams = try missing.map { index in
            let task = tasks[index]
            let guide = TextGuide(sampling: sampling, limit: limit, ends: ends)
            let watched = WatchedGuide(guide, now: { clock.now - start }) { seconds in
                let reply = WrittenReply(
                    id: task.id, settings: settings, prompt: ContentHash.of(task.prompt), reply: text(guide.ids), tokens: guide.ids.count,
                    finished: guide.ended, seconds: seconds)
                replies[index] = reply
                try file?.keep(reply)
            }
            return Transformers.Stream(prompt: try encode(task.prompt), guide: watched, seed: AnswerSeed.of(task.id, seed))
        }
        if !streams.isEmpty { try decode(streams) { progress?(tasks.count - missing.count + $0) } }
        return try tasks.enumerated().map { index, task in
            try Interruption.check()
            guard let reply = replies[index] else { throw EvaluationError.noAnswer(question: task.id) }
            let record = WrittenRecord(
                id: task.id, group: task.group, reply: reply.reply, tokens: reply.tokens, finished: reply.finished, seconds: reply.seconds,
                judgement: try benchmark.judge(reply.reply, of: index))
            judged?(index + 1)
            return record
        }
    }
}

/// What a model wrote, as `AnswerFile` keeps it.
private struct WrittenReply: KeptAnswer {
    let id: String
    let settings: [String: String]
    let prompt: String
    let reply: String
    let tokens: Int
    /// Whether the model ended its reply itself.
    let finished: Bool
    let seconds: Double

    static let beginning = #"{"finished":"#
}

/// Samples until the model ends its turn or the limit is reached.
private final class TextGuide: Guide {
    private let sampling: Sampling
    private let limit: Int
    private let ends: Set<Int>
    private(set) var ids: [Int] = []
    private(set) var ended = false

    init(sampling: Sampling, limit: Int, ends: Set<Int>) {
        self.sampling = sampling
        self.limit = limit
        self.ends = ends
    }

    func next() -> Demand { ended || ids.count >= limit ? .finish : .sample(sampling, nil) }

    func sampled(_ token: Int) {
        if ends.contains(token) { ended = true } else { ids.append(token) }
    }

    func scored(_ logProbabilities: [Float]) { preconditionFailure("free text demands no scores") }
}
