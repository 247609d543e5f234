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

    /// Runs all streams to their end. What it gives depends on nothing that the decoder ran before.
    /// - Parameter progress: gets the number of finished streams whenever it changes.
    /// - Throws: what a guide or the backend throws, and `Interrupted`.
    public func run(_ streams: [Stream], progress: ((Int) -> Void)? = nil) throws {
        precondition(streams.allSatisfy { !$0.prompt.isEmpty }, "a stream begins with at least one token")
        if let longest = streams.map(\.prompt.count).max() { try backend.expect(longest) }
        let prefix = sharedPrefix(streams), spare = backend.slotCount
        if prefix > 0, let first = streams.first {
            try backend.begin(spare, with: 0, of: spare, adapter: 0)
            _ = try backend.advance([Feed(slot: spare, tokens: Array(first.prompt.prefix(prefix)))])
        }
        let batch = StreamBatch<Void>(backend)
        var next = 0, finished = 0
        while next < streams.count || !batch.isEmpty {
            try Interruption.check()
            // Prompts enter in groups: a round that mixes prompts with single steps is slower than either.
            if batch.isEmpty || batch.free.count * 4 >= backend.slotCount {
                var admitted = 0
                while next < streams.count, let slot = batch.free.last, admitted == 0 || admitted + streams[next].prompt.count - prefix <= promptTokens {
                    admitted += streams[next].prompt.count - prefix
                    let place = StreamBatch<Void>.Place(slot: slot, source: prefix > 0 ? spare : slot, count: prefix)
                    try batch.admit(streams[next], (), at: place, adapter: 0)
                    next += 1
                }
            }
            for end in batch.settle() {
                if let failure = end.failure { throw failure }
                finished += 1
                progress?(finished)
            }
            try batch.advance()
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
        return length >= StreamBatch<Void>.leastBeginning ? length : 0
    }
}

public enum DecodingError: Error, CustomStringConvertible {
    case nothingAllowed
    /// A decoder that was told to stop gets no more streams.
    case stopped

    public var description: String {
        switch self {
        case .nothingAllowed: "the model's logits are not numbers, or a mask allows no token: the model or the adapter is broken"
        case .stopped: "the decoder has been stopped"
        }
    }
}
