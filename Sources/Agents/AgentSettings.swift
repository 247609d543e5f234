import Foundation
import Transformers

func exponential(_ x: Double) -> Double { exp(x) }

/// How an agent generates: the values of a team's `qgen.yaml` or `agen.yaml`, by their names there.
public struct AgentSettings: Codable, Sendable, Hashable {
    /// Tokens of one reply at most.
    public var maxNewTokens: Int
    /// Used where `doSample` is on.
    public var temperature: Double
    public var topP: Double
    public var topK: Int
    public var repetitionPenalty: Double
    /// Off takes the likeliest token each time.
    public var doSample: Bool
    /// How an answer agent finds its letter; nil for the standard.
    public var mode: AnswerMode?
    /// How many reasonings vote, in mode vote; nil for the standard.
    public var votes: Int?
    /// Drafts from which the question agent chooses; nil for its default.
    public var candidates: Int?

    public init(
        maxNewTokens: Int, temperature: Double, topP: Double = 1, topK: Int = 0, repetitionPenalty: Double = 1,
        doSample: Bool = true, mode: AnswerMode? = nil, votes: Int? = nil
    ) {
        self.maxNewTokens = maxNewTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.repetitionPenalty = repetitionPenalty
        self.doSample = doSample
        self.mode = mode
        self.votes = votes
    }

    /// The reference plan's question agent.
    public static let questions = AgentSettings(maxNewTokens: 200, temperature: 0.6, topP: 0.9)
    /// The reference plan's answer agent.
    public static let answers = AgentSettings(maxNewTokens: 150, temperature: 0.2, topP: 0.9)
    /// Of the answer agent in mode vote: reasonings that are nearly the same have nothing to add to each other.
    public static let voting = AgentSettings(maxNewTokens: 150, temperature: 0.7, topP: 0.9)

    /// The names in the files, which are those of transformers' `GenerationConfig`.
    public enum CodingKeys: String, CodingKey, CaseIterable {
        case maxNewTokens = "max_new_tokens"
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case repetitionPenalty = "repetition_penalty"
        case doSample = "do_sample"
        /// Not transformers': Retort's own.
        case mode, votes, candidates
    }

    /// Keys that are missing have transformers' defaults, except that a temperature without `do_sample` asks for sampling.
    public init(from decoder: any Swift.Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let temperature = try values.decodeIfPresent(Double.self, forKey: .temperature)
        maxNewTokens = try values.decodeIfPresent(Int.self, forKey: .maxNewTokens) ?? 512
        topP = try values.decodeIfPresent(Double.self, forKey: .topP) ?? 1
        topK = try values.decodeIfPresent(Int.self, forKey: .topK) ?? 0
        repetitionPenalty = try values.decodeIfPresent(Double.self, forKey: .repetitionPenalty) ?? 1
        doSample = try values.decodeIfPresent(Bool.self, forKey: .doSample) ?? (temperature.map { $0 > 0 } ?? false)
        self.temperature = temperature ?? 1
        mode = try values.decodeIfPresent(String.self, forKey: .mode).map { name in
            guard let mode = AnswerMode(rawValue: name) else {
                let known = AnswerMode.allCases.map(\.rawValue).joined(separator: ", ")
                throw AgentError.setting(key: CodingKeys.mode.rawValue, value: name, allowed: "one of \(known)")
            }
            return mode
        }
        votes = try values.decodeIfPresent(Int.self, forKey: .votes)
        candidates = try values.decodeIfPresent(Int.self, forKey: .candidates)
        try validate()
    }

    /// - Throws: `AgentError.setting` for the first value that means nothing.
    public func validate() throws {
        func require(_ holds: Bool, _ key: CodingKeys, _ value: Any, _ allowed: String) throws {
            if !holds { throw AgentError.setting(key: key.rawValue, value: "\(value)", allowed: allowed) }
        }
        try require(maxNewTokens > 0, .maxNewTokens, maxNewTokens, "a whole number above 0")
        try require(temperature >= 0 && temperature.isFinite, .temperature, temperature, "a number from 0 up")
        try require(topP > 0 && topP <= 1, .topP, topP, "a number above 0, up to 1")
        try require(topK >= 0, .topK, topK, "a whole number from 0 up, 0 meaning all tokens")
        try require(candidates.map { (1...1000).contains($0) } ?? true, .candidates, candidates ?? 0, "a whole number from 1 to 1000")
        try require(
            repetitionPenalty > 0 && repetitionPenalty.isFinite, .repetitionPenalty, repetitionPenalty, "a number above 0")
        try require((1...Self.mostVotes).contains(votes ?? 1), .votes, votes ?? 1, "a whole number from 1 to \(Self.mostVotes)")
    }

    private static let mostVotes = 64

    public var sampling: Sampling {
        Sampling(temperature: doSample ? temperature : 0, topP: topP, topK: topK, repetitionPenalty: repetitionPenalty)
    }
}
