import Groundwork

/// Streams at work in the slots of one backend: asks their guides, answers what can be answered, and computes everything else in one round.
///
/// Where streams come from, and who waits for them, is their user's: `Decoder` runs a list to its end, `SharedDecoder` serves many callers.
final class StreamBatch<Owner> {
    /// A stream that has come to its end.
    struct Ended {
        let owner: Owner
        /// What its guide threw, or why it cannot go on.
        let failure: (any Error)?
    }

    /// Where a stream is to begin: in `slot`, with the first `count` tokens that `source` holds.
    struct Place {
        let slot: Int
        let source: Int
        let count: Int
    }

    private final class Running {
        let owner: Owner
        let stream: Stream
        let slot: Int
        let adapter: Int
        /// All tokens, fed or pending.
        var tokens: [Int]
        /// Tokens at the end that the cache does not hold.
        var pending: Int
        /// Row of the last round's logits that belongs to the present end of the stream.
        var row: Int?
        /// What waits for logits.
        var demand: Demand?
        var seen: Set<Int>?

        init(_ owner: Owner, _ stream: Stream, _ place: Place, adapter: Int) {
            self.owner = owner
            self.stream = stream
            self.adapter = adapter
            slot = place.slot
            tokens = stream.prompt
            pending = stream.prompt.count - place.count
        }

        var cached: ArraySlice<Int> { tokens.dropLast(pending) }
    }

    /// What a free slot still holds of the stream that left it.
    private struct Rest {
        var tokens: [Int] = []
        var adapter = 0
        /// When it was left; 0 for never used.
        var left = 0
    }

    private let backend: any DecodingBackend
    private var running: [Running] = []
    private var rests: [Rest]
    private var departures = 0
    private var logits: LogitRows
    /// Slots that no stream has, the highest first.
    private(set) var free: [Int]
    /// Tokens that went through the model, and those that a beginning held by a slot saved it.
    private(set) var computedTokens = 0, reusedTokens = 0

    init(_ backend: any DecodingBackend) {
        self.backend = backend
        rests = Array(repeating: Rest(), count: backend.slotCount)
        logits = LogitRows(values: [], vocabularySize: backend.vocabularySize)
        free = (0..<backend.slotCount).reversed()
    }

    var isEmpty: Bool { running.isEmpty }
    var count: Int { running.count }

    // MARK: Coming and going

    /// Where a prompt has the least to compute: with the longest beginning that a slot holds under the same adapter. The slot is that one
    /// itself if no stream has it, else the free one that was left longest ago. Needs a free slot.
    func place(for prompt: [Int], adapter: Int) -> Place {
        func common(_ tokens: some Collection<Int>) -> Int {
            // A stream keeps at least one token of its own: its logits are wanted.
            zip(prompt.dropLast(), tokens).prefix { $0 == $1 }.count
        }
        var best = (slot: 0, count: 0)
        for slot in free where rests[slot].adapter == adapter {
            let count = common(rests[slot].tokens)
            if count > best.count { best = (slot, count) }
        }
        for one in running where one.adapter == adapter {
            let count = common(one.cached)
            if count > best.count { best = (one.slot, count) }
        }
        // A few tokens that all chats begin with are not worth losing another prompt's beginning.
        let oldest = free.min { (rests[$0].left, $0) < (rests[$1].left, $1) }!
        guard best.count >= Self.leastBeginning else { return Place(slot: oldest, source: oldest, count: 0) }
        return Place(slot: free.contains(best.slot) ? best.slot : oldest, source: best.slot, count: best.count)
    }

    /// A beginning of fewer tokens is computed rather than kept.
    static var leastBeginning: Int { 8 }

    /// - Throws: what the backend throws, and `ModelError` for a prompt that it cannot take.
    func admit(_ stream: Stream, _ owner: Owner, at place: Place, adapter: Int) throws {
        precondition(!stream.prompt.isEmpty, "a stream begins with at least one token")
        try check(stream.prompt)
        rests[place.slot].tokens = []  // what it holds is no longer known if the copy fails
        try backend.begin(place.slot, with: place.count, of: place.source, adapter: adapter)
        free.removeAll { $0 == place.slot }
        running.append(Running(owner, stream, place, adapter: adapter))
        reusedTokens += place.count
    }

    /// Ends the streams of some owners where they stand.
    func remove(where isGone: (Owner) -> Bool) {
        for one in running where isGone(one.owner) { leave(one) }
        running.removeAll { isGone($0.owner) }
    }

    private func leave(_ one: Running) {
        departures += 1
        rests[one.slot] = Rest(tokens: Array(one.cached), adapter: one.adapter, left: departures)
        free.append(one.slot)
        free.sort(by: >)
    }

    /// Nothing that a slot holds is used again: after a failure its contents are unknown.
    func forget() {
        for slot in rests.indices { rests[slot].tokens = [] }
    }

    private func check(_ tokens: [Int]) throws {
        for token in tokens where token < 0 || token >= backend.vocabularySize {
            throw ModelError.tokenOutside(token: token, vocabulary: backend.vocabularySize)
        }
    }

    // MARK: A round

    /// Answers all guides until each needs logits that are not there yet.
    /// - Returns: the streams that are done or failed; their slots are free.
    func settle() -> [Ended] {
        var ended: [Ended] = []
        running.removeAll { one in
            do {
                if try settle(one) { return false }
                ended.append(Ended(owner: one.owner, failure: nil))
            } catch {
                ended.append(Ended(owner: one.owner, failure: error))
            }
            leave(one)
            return true
        }
        return ended
    }

    /// Computes the pending tokens of all streams, but only so many of those that bring more than a few. The shortest rest of a prompt comes
    /// first, since it is done soonest; a quarter of the room is the longest one's, which so comes in pieces over several rounds and to its end
    /// whatever short ones arrive.
    /// - Parameter most: tokens of prompts in one round.
    func advance(most limit: Int = .max) throws {
        if running.isEmpty { return }
        running.sort { $0.slot < $1.slot }
        var portion = running.map(\.pending)
        let long = running.indices.filter { portion[$0] > Self.fewTokens }.sorted { portion[$0] < portion[$1] }
        var left = limit
        if let longest = long.last, long.count > 1 {
            let own = min(portion[longest], limit / 4)
            portion[longest] = own
            left -= own
        }
        for index in long.count > 1 ? long.dropLast() : long[...] {
            portion[index] = min(portion[index], left)
            left -= portion[index]
        }
        let fed = running.indices.filter { portion[$0] > 0 }
        logits = try backend.advance(fed.map { index in
            let one = running[index], start = one.tokens.count - one.pending
            return Feed(slot: one.slot, tokens: Array(one.tokens[start..<start + portion[index]]))
        })
        for (row, index) in fed.enumerated() {
            let one = running[index]
            one.pending -= portion[index]
            one.row = one.pending == 0 ? row : nil
            computedTokens += portion[index]
        }
    }

    /// A guide's own words, such as what leads to the letter, never wait.
    static var fewTokens: Int { 16 }

    /// Answers the guide's demands until one needs logits that are not there yet (true) or the stream is done (false).
    private func settle(_ one: Running) throws -> Bool {
        while true {
            let demand = try one.demand ?? one.stream.guide.next()
            one.demand = nil
            switch demand {
            case .finish:
                return false
            case .append(let tokens):
                try check(tokens)
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
                    guard one.tokens.count <= backend.capacity else {
                        throw ModelError.tooLong(tokens: one.tokens.count, context: backend.capacity)
                    }
                    one.demand = demand
                    return true
                }
                try answer(demand, one, row)
            }
        }
    }

    private func append(_ tokens: [Int], to one: Running) {
        one.tokens += tokens
        one.pending += tokens.count
        one.seen?.formUnion(tokens)
        if !tokens.isEmpty { one.row = nil }
    }

    private func answer(_ demand: Demand, _ one: Running, _ row: Int) throws {
        try logits.withRow(row) { values in
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
                try one.stream.guide.sampled(token) { values[token] - Sampler.logSumExp(values) }
            default:
                break
            }
        }
    }
}
