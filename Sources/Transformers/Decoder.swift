import Groundwork

/// Runs many guided streams in one batch: every round computes the new tokens of all of them together, and a stream that
/// ends makes room for the next. What all prompts begin with is computed once.
public final class Decoder {
    private let backend: any DecodingBackend
    /// New prompts that are computed in one round hold at most this many tokens together, which bounds its memory.
    private let promptTokens = 2_048

    /// - Parameter slots: streams side by side.
    public convenience init(model: LanguageModel, adapter: Adapter? = nil, slots: Int = 16) throws {
        self.init(backend: try ModelBackend(model: model, adapter: adapter, slots: slots))
    }

    public init(backend: any DecodingBackend) { self.backend = backend }

    /// A stream at work.
    private final class Running {
        let number: Int
        let stream: Stream
        let slot: Int
        /// All tokens, fed or pending.
        var tokens: [Int]
        /// Tokens at the end that the cache does not hold.
        var pending: Int
        /// Row of the last round's logits that belongs to the present end of the stream.
        var row: Int?
        /// What waits for logits.
        var demand: Demand?
        var seen: Set<Int>?

        init(number: Int, stream: Stream, slot: Int, prefix: Int) {
            self.number = number
            self.stream = stream
            self.slot = slot
            tokens = stream.prompt
            pending = stream.prompt.count - prefix
        }
    }

    /// Runs all streams to their end.
    /// - Parameter progress: gets the number of finished streams whenever it changes.
    /// - Throws: what a guide or the backend throws, and `Interrupted`.
    public func run(_ streams: [Stream], progress: ((Int) -> Void)? = nil) throws {
        precondition(streams.allSatisfy { !$0.prompt.isEmpty }, "a stream begins with at least one token")
        let prefix = sharedPrefix(streams)
        try backend.setPrefix(Array(streams.first?.prompt.prefix(prefix) ?? []))
        var free = Array((0..<backend.slotCount).reversed())
        var running: [Running] = []
        var next = 0, finished = 0
        var logits = LogitRows(values: [], vocabularySize: backend.vocabularySize)
        defer { for one in running { backend.close(one.slot) } }

        while next < streams.count || !running.isEmpty {
            try Interruption.check()
            // Prompts enter in groups: a round that mixes prompts with single steps is slower than either.
            if running.isEmpty || free.count * 4 >= backend.slotCount {
                var admitted = 0
                while next < streams.count, let slot = free.last, admitted == 0 || admitted + streams[next].prompt.count - prefix <= promptTokens {
                    free.removeLast()
                    admitted += streams[next].prompt.count - prefix
                    try backend.open(slot, fromPrefix: prefix > 0)
                    running.append(Running(number: next, stream: streams[next], slot: slot, prefix: prefix))
                    next += 1
                }
            }
            var waiting: [Running] = []
            for one in running {
                if try settle(one, logits) {
                    waiting.append(one)
                } else {
                    backend.close(one.slot)
                    free.append(one.slot)
                    finished += 1
                    progress?(finished)
                }
            }
            running = waiting.sorted { $0.slot < $1.slot }
            free.sort(by: >)
            if running.isEmpty { continue }
            logits = try backend.advance(running.map { Feed(slot: $0.slot, tokens: Array($0.tokens.suffix($0.pending))) })
            for (row, one) in running.enumerated() {
                one.pending = 0
                one.row = row
            }
        }
    }

    /// Answers the guide's demands until one needs logits that are not there yet (true) or the stream is done (false).
    private func settle(_ one: Running, _ logits: LogitRows) throws -> Bool {
        while true {
            let demand = try one.demand ?? one.stream.guide.next()
            one.demand = nil
            switch demand {
            case .finish:
                return false
            case .append(let tokens):
                append(tokens, to: one)
            case .rewind(let count):
                precondition(count < one.tokens.count, "a stream keeps at least its first token")
                let cached = max(0, count - one.pending)
                one.tokens.removeLast(count)
                one.pending = max(0, one.pending - count)
                if cached > 0 { backend.truncate(one.slot, by: cached) }
                one.row = nil
                one.seen = nil
            case .sample, .score, .likeliest:
                guard one.pending == 0, let row = one.row else {
                    if one.pending == 0 {  // after a rewind: compute the last token again for its logits
                        backend.truncate(one.slot, by: 1)
                        one.pending = 1
                    }
                    one.demand = demand
                    return true
                }
                try answer(demand, one, logits, row)
            }
        }
    }

    private func append(_ tokens: [Int], to one: Running) {
        one.tokens += tokens
        one.pending += tokens.count
        one.seen?.formUnion(tokens)
        if !tokens.isEmpty { one.row = nil }
    }

    private func answer(_ demand: Demand, _ one: Running, _ logits: LogitRows, _ row: Int) throws {
        let size = logits.vocabularySize
        try logits.values.withUnsafeBufferPointer { all in
            let values = UnsafeBufferPointer(rebasing: all[row * size..<(row + 1) * size])
            switch demand {
            case .score(let tokens):
                try one.stream.guide.scored(Sampler.scores(values, tokens))
            case .likeliest(let count):
                try one.stream.guide.likeliest(Sampler.likeliest(values, count))
            case .sample(let sampling, let mask):
                if sampling.repetitionPenalty != 1, one.seen == nil { one.seen = Set(one.tokens) }
                var random = CounterRandom(seed: one.stream.seed, phase: "sample", step: UInt64(one.tokens.count))
                guard let token = Sampler.draw(values, sampling, mask, history: one.seen ?? [], &random) else {
                    throw DecodingError.nothingAllowed
                }
                append([token], to: one)
                try one.stream.guide.sampled(token)
            default:
                break
            }
        }
    }

    /// What all prompts begin with, if there are several and it is worth a pass; each keeps at least one token of its own.
    private func sharedPrefix(_ streams: [Stream]) -> Int {
        guard streams.count > 1, let first = streams.first?.prompt else { return 0 }
        var length = first.count - 1
        for stream in streams.dropFirst() {
            let limit = min(length, stream.prompt.count - 1)
            length = zip(first.prefix(limit), stream.prompt).prefix { $0 == $1 }.count
        }
        return length >= 8 ? length : 0
    }
}

public enum DecodingError: Error, CustomStringConvertible {
    case nothingAllowed

    public var description: String { "the model's logits are not numbers, or a mask allows no token: the model or the adapter is broken" }
}
