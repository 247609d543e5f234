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
    /// - Throws: `EvaluationError.otherReplies` for a file of other settings, `badData` for one that holds replies to other prompts or anything
    ///   else, `Interrupted`, and what decoding and judging throw.
    public func run(
        _ benchmark: any WrittenBenchmark, count: Int? = nil, keepingIn file: String? = nil, progress: ((Int) -> Void)? = nil,
        judged: ((Int) -> Void)? = nil
    ) throws -> [WrittenRecord] {
        let tasks = Array(benchmark.tasks.prefix(count ?? .max))
        let settings = settings.merging(["benchmark": benchmark.name], uniquingKeysWith: { _, new in new })
        let prompts = Dictionary(benchmark.tasks.map { ($0.id, ContentHash.of($0.prompt)) }, uniquingKeysWith: { first, _ in first })
        var replies = try file.map { try Self.earlier($0, settings, prompts) } ?? [:]
        let missing = tasks.indices.filter { replies[tasks[$0].id] == nil }
        let lines = try file.map { try LineFile(appendingTo: $0) }
        let guides = missing.map { _ in TextGuide(sampling: sampling, limit: limit, ends: ends) }
        let streams = try zip(missing, guides).map { index, guide in
            Transformers.Stream(prompt: try encode(tasks[index].prompt), guide: guide, seed: seed &+ UInt64(index))
        }
        var failure: (any Error)?
        func keep() {
            for (index, guide) in zip(missing, guides) where guide.isDone && replies[tasks[index].id] == nil {
                let reply = WrittenReply(
                    id: tasks[index].id, settings: settings, prompt: prompts[tasks[index].id] ?? "", reply: text(guide.ids),
                    tokens: guide.ids.count, finished: guide.ended, seconds: guide.seconds)
                replies[reply.id] = reply
                do { try lines?.append(Self.line(reply)) } catch { failure = failure ?? error }
            }
            progress?(replies.count)
        }
        if !streams.isEmpty { try decode(streams) { _ in keep() } }
        keep()
        if let failure { throw failure }
        return try tasks.enumerated().map { index, task in
            try Interruption.check()
            guard let reply = replies[task.id] else { throw EvaluationError.noAnswer(question: task.id) }
            let record = WrittenRecord(
                id: task.id, group: task.group, reply: reply.reply, tokens: reply.tokens, finished: reply.finished, seconds: reply.seconds,
                judgement: try benchmark.judge(reply.reply, of: index))
            judged?(index + 1)
            return record
        }
    }

    /// The replies that a file holds. A last line without its end was torn by a crash; opening the file to append cuts it off, and before that
    /// all of the file must be known as replies: it may be something else that was named by mistake.
    private static func earlier(_ file: String, _ settings: [String: String], _ prompts: [String: String]) throws -> [String: WrittenReply] {
        guard FileManager.default.fileExists(atPath: file) else { return [:] }
        let ends = try WholeFile.read(file).count { $0 == UInt8(ascii: "\n") }
        var replies: [String: WrittenReply] = [:]
        for (number, text) in try LineFile.read(file) {
            func complaint(_ reason: String) -> EvaluationError {
                .badData(path: file, place: "line \(number)", reason: reason + "; give another file with --output, or remove it")
            }
            let isTorn = number > ends
            if isTorn, text.hasPrefix(beginning) || beginning.hasPrefix(text) { continue }
            guard !isTorn, let reply = try? JSONDecoder().decode(WrittenReply.self, from: Data(text.utf8)) else {
                throw complaint("it is no reply as this evaluation writes them")
            }
            let differing = Set(settings.keys).union(reply.settings.keys).filter { settings[$0] != reply.settings[$0] }.sorted()
            func named(_ settings: [String: String]) -> String { differing.map { "\($0) \(settings[$0] ?? "none")" }.joined(separator: ", ") }
            guard differing.isEmpty else { throw EvaluationError.otherReplies(path: file, found: named(reply.settings), wanted: named(settings)) }
            if let prompt = prompts[reply.id], prompt != reply.prompt {
                throw complaint("it is the reply to another problem than the one whose id is \(reply.id) now: the prompts differ")
            }
            replies[reply.id] = reply
        }
        return replies
    }

    /// What `line` begins with, its keys being sorted.
    private static let beginning = #"{"finished":"#

    private static func line(_ reply: WrittenReply) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(reply), as: UTF8.self)
    }
}

/// Samples until the model ends its turn or the limit is reached.
private final class TextGuide: Guide {
    private let sampling: Sampling
    private let limit: Int
    private let ends: Set<Int>
    private let clock = ContinuousClock()
    private var began: ContinuousClock.Instant?
    private(set) var ids: [Int] = []
    private(set) var ended = false
    private(set) var seconds = 0.0

    init(sampling: Sampling, limit: Int, ends: Set<Int>) {
        self.sampling = sampling
        self.limit = limit
        self.ends = ends
    }

    var isDone: Bool { ended || ids.count >= limit }

    func next() -> Demand {
        if began == nil { began = clock.now }
        return isDone ? .finish : .sample(sampling, nil)
    }

    func sampled(_ token: Int) {
        if ends.contains(token) { ended = true } else { ids.append(token) }
        if isDone, let began { seconds = (clock.now - began) / .seconds(1) }
    }

    func scored(_ logProbabilities: [Float]) { preconditionFailure("free text demands no scores") }
}
