import Torch

/// What a guide wants of its stream next.
public enum Demand: Sendable {
    /// These tokens stand next, whatever the model thinks.
    case append([Int])
    /// One token sampled from the vocabulary, or from the part of it that the mask allows.
    case sample(Sampling, TokenMask?)
    /// The log-probabilities of these tokens at this place, normalised over just them, at temperature 1; nothing is appended.
    case score([Int])
    /// So many likeliest tokens at this place with their log-probabilities over the whole vocabulary, at temperature 1; nothing is appended.
    case likeliest(Int)
    /// Drops the last tokens of the stream; the cache is cut, nothing is computed.
    case rewind(Int)
    /// The stream is done.
    case finish
}

/// A state machine that steers one stream: forced text, free text under a mask, choices among a few tokens.
///
/// The decoder asks `next()` and answers a `.sample` with `sampled`, a `.score` with `scored` and a `.likeliest` with `likeliest` before it
/// asks again.
public protocol Guide: AnyObject {
    func next() throws -> Demand
    func sampled(_ token: Int) throws
    /// The same with the token's log-probability over the whole vocabulary, at temperature 1 and without a mask, computed when it is asked for.
    func sampled(_ token: Int, logProbability: () -> Float) throws
    /// - Parameter logProbabilities: one for each token of the demand, in its order.
    func scored(_ logProbabilities: [Float]) throws
    /// - Parameter tokens: likeliest first.
    func likeliest(_ tokens: [TokenLikelihood]) throws
}

extension Guide {
    /// Most guides have no use for it.
    public func sampled(_ token: Int, logProbability: () -> Float) throws { try sampled(token) }

    /// Most guides never ask.
    public func likeliest(_ tokens: [TokenLikelihood]) throws {}
}

public struct TokenLikelihood: Sendable, Hashable {
    public let token: Int
    public let logProbability: Float

    public init(token: Int, logProbability: Float) {
        self.token = token
        self.logProbability = logProbability
    }
}

/// How a token is drawn. The names and meanings are those of transformers' `GenerationConfig`.
public struct Sampling: Sendable, Codable, Hashable {
    /// 0 takes the likeliest token.
    public var temperature: Double
    /// The smallest set of likeliest tokens whose probability reaches this.
    public var topP: Double
    /// Only this many likeliest tokens; 0 for all.
    public var topK: Int
    /// Divides positive and multiplies negative logits of tokens that the stream already holds (Keskar et al. 2019).
    public var repetitionPenalty: Double

    public init(temperature: Double = 0, topP: Double = 1, topK: Int = 0, repetitionPenalty: Double = 1) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.repetitionPenalty = repetitionPenalty
    }

    public static let greedy = Sampling()
}

/// A set of allowed tokens, one bit each; made once and shared by all streams.
public final class TokenMask: Sendable {
    let words: [UInt64]
    public let vocabularySize: Int

    public init(vocabularySize: Int, allowed: (Int) -> Bool) {
        var words = [UInt64](repeating: 0, count: (vocabularySize + 63) / 64)
        for id in 0..<vocabularySize where allowed(id) { words[id >> 6] |= 1 << UInt64(id & 63) }
        self.words = words
        self.vocabularySize = vocabularySize
    }

    public func allows(_ id: Int) -> Bool { id < vocabularySize && words[id >> 6] >> UInt64(id & 63) & 1 == 1 }
}

/// One stream for the decoder: what stands before, and who steers what follows.
public struct Stream {
    public let prompt: [Int]
    public let guide: any Guide
    /// Names the stream's random numbers; the same seed draws the same text whatever else runs in the batch.
    public let seed: UInt64

    public init(prompt: [Int], guide: any Guide, seed: UInt64 = 0) {
        self.prompt = prompt
        self.guide = guide
        self.seed = seed
    }
}

/// Tokens to append to one slot.
public struct Feed: Sendable {
    public let slot: Int
    public let tokens: [Int]

    public init(slot: Int, tokens: [Int]) {
        self.slot = slot
        self.tokens = tokens
    }
}

/// Logits after the last token of each feed, a row for each.
public struct LogitRows: Sendable {
    public let vocabularySize: Int
    private let storage: Storage

    private enum Storage {
        case values([Float])
        /// `places` says which of the memory's rows each is.
        case memory(HostMemory, places: [Int])
    }

    /// - Parameter values: row after row.
    public init(values: [Float], vocabularySize: Int) {
        storage = .values(values)
        self.vocabularySize = vocabularySize
    }

    init(_ memory: HostMemory, places: [Int], vocabularySize: Int) {
        storage = .memory(memory, places: places)
        self.vocabularySize = vocabularySize
    }

    func withRow<Result>(_ row: Int, _ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        switch storage {
        case .values(let values):
            try values.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[row * vocabularySize..<(row + 1) * vocabularySize])) }
        case .memory(let memory, let places):
            try withExtendedLifetime(memory) {
                let start = places[row] * vocabularySize
                return try body(UnsafeBufferPointer(rebasing: memory.floats[start..<start + vocabularySize]))
            }
        }
    }
}

/// What computes logits for the decoder: a model with its cache, or a fake in tests.
///
/// Streams stand in slots 0 ..< `slotCount`; slot `slotCount` may hold a beginning that they share.
public protocol DecodingBackend: AnyObject {
    var vocabularySize: Int { get }
    /// The number of streams that can stand side by side.
    var slotCount: Int { get }
    /// The tokens one slot can hold.
    var capacity: Int { get }
    /// Makes a slot hold the first `count` tokens of `source`, which may be the slot itself, and nothing else.
    /// - Parameter adapter: the place among the backend's adapters of the one that the slot's tokens are computed with from now on.
    func begin(_ slot: Int, with count: Int, of source: Int, adapter: Int) throws
    /// Streams of so many tokens will come: room for them is made once.
    func expect(_ tokens: Int) throws
    /// - Returns: rows that are read before the next call.
    func advance(_ feeds: [Feed]) throws -> LogitRows
    func truncate(_ slot: Int, by count: Int)
}

extension DecodingBackend {
    public func expect(_ tokens: Int) throws {}
}
